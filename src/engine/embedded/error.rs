//! The embedded engine's faults.

use std::path::PathBuf;

use super::{bytecode, interpreter, sdist, site, unpacked, uv};
use crate::cache::{Error as CacheError, Failed};
use crate::debian::{archive, deb, root};
use crate::fault::Class;
use crate::image::account::CreateError;
use crate::image::closure::Missing;
use crate::image::layer::{TreeError, WriteError};
use crate::image::rootfs::LayerError;
use crate::image::site::UnknownMachine;
use crate::project::PythonVersion;
use crate::{dockerfile, registry};

/// How a project is built whose static files can't be gathered.
const WITHOUT_STATIC_FILES: &str = "build without them: collect-static = false";

/// What mends a command that gathers static files and fails, whichever engine runs it.
pub fn gather_hint() -> String {
    format!("mend what it says, or {WITHOUT_STATIC_FILES}")
}

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
        source: WriteError,
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
    /// Nobody makes images for such a processor here.
    #[error("could not choose wheels")]
    Machine(#[from] UnknownMachine),
    /// uv did not do what was asked.
    #[error(transparent)]
    Uv(#[from] uv::Error),
    /// A wheel could not be built.
    #[error(transparent)]
    Sdist(#[from] sdist::Error),
    /// It has wheels for an older Python alone, and could not be built for this one.
    #[error("{release} has wheels for Python {newest} and older, and could not be built for Python {python}")]
    Older {
        /// What.
        release: String,
        /// The newest Python that it has a wheel for.
        newest: PythonVersion,
        /// The image's.
        python: PythonVersion,
    },
    /// What was installed can't be part of an image.
    #[error(transparent)]
    Site(#[from] site::Error),
    /// The base could not be unpacked.
    #[error("could not unpack the interpreter of the base image")]
    Unpack(#[from] unpacked::Error),
    /// The base's interpreter can't be run.
    #[error("could not use the base image's own interpreter")]
    Interpreter(#[source] interpreter::Error),
    /// The base's interpreter does not run.
    #[error("the base image's own interpreter does not run on this machine")]
    NoInterpreter,
    /// There is no bytecode.
    #[error("could not compile the sources")]
    Bytecode(#[source] bytecode::Error),
    /// A folder for work in progress can't be made.
    #[error("could not make {}", path.display())]
    Scratch {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Packages need libraries that the image has not.
    #[error("libraries are missing")]
    Libraries(Vec<Missing>),
    /// A program or library that was installed can't be read.
    #[error("could not look through what was installed")]
    Inventory(#[source] std::io::Error),
    /// No Debian has the Python.
    #[error("no Debian has Python {python}")]
    NoRelease {
        /// Its version.
        python: String,
    },
    /// System packages are wanted on a base that is no Debian.
    #[error("system packages can't be put over a base image that is no Debian (it is {id})")]
    NoDebian {
        /// What it says to be.
        id: String,
    },
    /// The archive did not give what was asked.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// A package can't be read.
    #[error(transparent)]
    Deb(#[from] deb::Error),
    /// Packages can't be put together.
    #[error(transparent)]
    Root(#[from] root::Error),
    /// The project's own program has to be run, and there is nowhere to do it.
    #[error("the static files can't be gathered here: {why}")]
    NoSandbox {
        /// Why.
        why: String,
    },
    /// The project's own program did not gather the static files.
    #[error("`{command}` failed, which gathers the static files")]
    Gather {
        /// It.
        command: String,
        /// What it said last.
        output: Vec<String>,
    },
    /// What was gathered can't be read.
    #[error("could not read what was gathered in {}", path.display())]
    Gathered {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
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

impl<E: Into<Error> + std::error::Error + 'static> From<Failed<E>> for Error {
    fn from(failed: Failed<E>) -> Self {
        match failed {
            Failed::Cache(error) => Self::Cache(error),
            Failed::Make(error) => error.into(),
        }
    }
}

impl Error {
    /// Whose fault it is.
    #[allow(clippy::match_same_arms)] // One subject a line.
    pub fn class(&self) -> Class {
        match self {
            Self::Registry(_) | Self::NoBase { .. } | Self::BaseConfig { .. } | Self::BaseLayer { .. } => {
                Class::Registry
            }
            Self::BaseContent { .. } | Self::OddBase { .. } => Class::Registry,
            Self::BasePlatform { .. } | Self::OnBuild { .. } | Self::NoPython { .. } | Self::Account(_) => {
                Class::Project
            }
            Self::NoRelease { .. } | Self::NoDebian { .. } | Self::Root(_) | Self::Older { .. } => Class::Project,
            Self::Sdist(_) | Self::Cache(_) | Self::Uv(_) | Self::Unpack(_) | Self::Scratch { .. } => {
                Class::Environment
            }
            Self::Archive(_) | Self::Inventory(_) | Self::NoSandbox { .. } | Self::Gathered { .. } => {
                Class::Environment
            }
            Self::Gather { .. } => Class::Build,
            Self::Write { .. } | Self::Tree { .. } | Self::Plan(_) | Self::Deb(_) => Class::Build,
            Self::NoInterpreter | Self::Interpreter(_) | Self::Bytecode(_) | Self::Site(_) => Class::Build,
            Self::Libraries(_) => Class::Contract,
            Self::Machine(_) => Class::Usage,
            Self::Crashed(_) => Class::Bug,
        }
    }

    /// What the project's own program said last.
    pub fn output(&self) -> &[String] {
        if let Self::Gather { output, .. } = self { output } else { &[] }
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Older { newest, python, .. } if newest.is_supported() => Some(format!(
                "state the Python that it is for: python = \"{newest}\"; or require a release that has wheels for {python}"
            )),
            Self::Older { python, .. } => Some(format!("require a release that has wheels for Python {python}")),
            Self::Registry(error) => error.hint(),
            Self::NoBase { .. } => Some("name one that is there: --base HOST/REPOSITORY:TAG".to_owned()),
            Self::BasePlatform { has, .. } if has.is_empty() => None,
            Self::BasePlatform { has, .. } => Some(format!("it is there for {}: --platform", has.join(", "))),
            Self::Account(_) => Some("state another: name and uid under [tool.pydeploy.user]".to_owned()),
            Self::Root(error) => error.hint().map(str::to_owned),
            Self::Archive(error) => error.hint(),
            Self::NoDebian { .. } => {
                Some("choose a base that has them, or build with BuildKit: --engine buildkit".to_owned())
            }
            Self::NoPython { .. } => {
                Some("choose a base that has it, or state the Python that this one has: python".to_owned())
            }
            Self::NoSandbox { .. } => {
                Some(format!("start a Docker Engine, which can run it, or {WITHOUT_STATIC_FILES}"))
            }
            Self::Gather { .. } => Some(gather_hint()),
            Self::OnBuild { .. } => Some("build it with BuildKit: --engine buildkit".to_owned()),
            _ => None,
        }
    }
}
