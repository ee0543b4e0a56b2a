//! The engine: what turns a Dockerfile and a context into an image.

pub mod buildkit;
pub mod docker;
pub mod embedded;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod held;
mod load;
pub mod run;
pub mod temporary;

pub use error::Error;
pub use event::{Event, Events};

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::image::context::{Audience, ContextRules};

/// What builds an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// pydeploy itself: it lays the image together from layers, and runs nothing in it.
    Embedded,
    /// BuildKit, in a Docker Engine or by itself: it follows a Dockerfile.
    BuildKit,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::BuildKit => "buildkit",
        })
    }
}

/// Everything that a build takes in.
#[derive(Debug)]
pub struct BuildInput {
    /// The project's root, absolute.
    pub root: PathBuf,
    /// Which of its files the engine may see.
    pub rules: ContextRules,
    /// Whose Dockerfile it is; with ours, file modes are made the same for every checkout.
    pub audience: Audience,
    /// What to build by.
    pub dockerfile: Dockerfile,
    /// The platform to build for, as `linux/arm64`; the engine's own where none is stated.
    pub platform: Option<String>,
    /// Whether steps that ran before need not run again.
    pub cached: Cached,
    /// Labels of the image beside those in the Dockerfile.
    pub labels: BTreeMap<String, String>,
    /// Values that a step may read while it runs, by id. They reach no layer.
    pub secrets: BTreeMap<String, SecretSource>,
}

/// Whether what was built before counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cached {
    /// It does.
    #[default]
    Counts,
    /// It does not: every step runs.
    Ignored,
}

impl BuildInput {
    /// The Dockerfile's text, to find a step's line in; empty where it can't be read any more.
    fn dockerfile_text(&self) -> String {
        match &self.dockerfile {
            Dockerfile::Generated(text) => text.clone(),
            Dockerfile::File(path) => std::fs::read_to_string(self.root.join(path)).unwrap_or_default(),
        }
    }
}

/// The Dockerfile to build by.
#[derive(Debug, Clone)]
pub enum Dockerfile {
    /// A text of ours, not on disk.
    Generated(String),
    /// A file of the project, by its path relative to the root.
    File(String),
}

impl Dockerfile {
    /// The name to call it by in messages.
    pub fn name(&self) -> &str {
        match self {
            Self::Generated(_) => "Dockerfile (generated)",
            Self::File(path) => path,
        }
    }
}

/// Where a build secret's value is. It is read when a step asks for it, and never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The content of a file.
    File(PathBuf),
    /// The value of an environment variable.
    Variable(String),
}
