//! The embedded engine's faults.

use crate::cache::Error as CacheError;
use crate::fault::Class;
use crate::image::account::CreateError;
use crate::image::layer::TreeError;
use crate::image::rootfs::LayerError;
use crate::{dockerfile, registry};

/// Why an image could not be laid together.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The base's registry did not do what was asked.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// There is no such base.
    #[error("there is no base image {image}")]
    NoBase {
        /// Its name.
        image: String,
    },
    /// The base is not for the platform that is wanted.
    #[error("the base image {image} is not there for {wanted}")]
    BasePlatform {
        /// Its name.
        image: String,
        /// What was wanted.
        wanted: String,
        /// What it is there for.
        has: Vec<String>,
    },
    /// The base's config can't be read.
    #[error("could not read the config of the base image {image}")]
    BaseConfig {
        /// Its name.
        image: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A layer of the base is in a form that no engine reads.
    #[error("the base image {image} has a layer of the type {media_type}, which can't be put under others")]
    BaseLayer {
        /// Its name.
        image: String,
        /// What the layer says to be.
        media_type: String,
    },
    /// The base wants something to be run in the images that are built on it.
    #[error("the base image {image} has ONBUILD instructions, which are for a build that runs them")]
    OnBuild {
        /// Its name.
        image: String,
    },
    /// The base is not in order.
    #[error("the base image {image} can't be used: {why}")]
    OddBase {
        /// Its name.
        image: String,
        /// What is wrong with it.
        why: String,
    },
    /// What the base has can't be read.
    #[error("could not read what is in the base image {image}")]
    BaseContent {
        /// Its name.
        image: String,
        /// Why.
        #[source]
        source: LayerError,
    },
    /// The base has no Python of the version that is wanted.
    #[error("the base image {image} has no python{version} in /usr/local/bin or /usr/bin")]
    NoPython {
        /// Its name.
        image: String,
        /// What was wanted.
        version: String,
    },
    /// The account can't be made on this base.
    #[error("could not make the account that the service runs as")]
    Account(#[from] CreateError),
    /// A layer could not be written.
    #[error("could not write the layer with {what}")]
    Write {
        /// What was to be in it.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Files that can't be in one layer.
    #[error("could not put {what} into a layer")]
    Tree {
        /// What they are.
        what: String,
        /// Why.
        #[source]
        source: TreeError,
    },
    /// Work of our own broke off.
    #[error("the work broke off: {0}")]
    Crashed(String),
    /// The cache could not be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The plan's own Dockerfile can't be read.
    #[error("could not evaluate the plan")]
    Plan(#[from] dockerfile::Error),
}

impl Error {
    /// Whose fault it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Registry(_) | Self::NoBase { .. } | Self::BaseConfig { .. } | Self::BaseLayer { .. } => Class::Registry,
            Self::BaseContent { .. } | Self::OddBase { .. } => Class::Registry,
            Self::BasePlatform { .. } | Self::OnBuild { .. } | Self::NoPython { .. } | Self::Account(_) => {
                Class::Project
            },
            Self::Cache(_) => Class::Environment,
            Self::Write { .. } | Self::Tree { .. } | Self::Plan(_) => Class::Build,
            Self::Crashed(_) => Class::Bug,
        }
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.hint(),
            Self::NoBase { .. } => Some("name one that is there: --base HOST/REPOSITORY:TAG".to_owned()),
            Self::BasePlatform { has, .. } if has.is_empty() => None,
            Self::BasePlatform { has, .. } => Some(format!("it is there for {}: --platform", has.join(", "))),
            Self::Account(_) => Some("state another: name and uid under [tool.pydeploy.user]".to_owned()),
            Self::OnBuild { .. } => Some("build it with BuildKit: --engine buildkit".to_owned()),
            _ => None,
        }
    }
}
