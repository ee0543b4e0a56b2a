//! An installation: how a project's dependencies get into an image.

use crate::project::{DependencySource, Manager};

/// The uv that is installed in the builder. Pinned, so that the same Dockerfile builds the same way next year.
pub const UV: &str = "0.13.9";

/// How the dependencies are installed, and which files that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Install {
    /// `pip install -r`.
    Requirements {
        /// The first is installed from; the others are what it includes.
        files: Vec<String>,
        /// Folders and archives of the project that it installs.
        local: Vec<String>,
    },
    /// `pip install` of requirements that stand in pyproject.toml.
    Listed(Vec<String>),
    /// `uv sync` by a lock.
    Uv {
        /// What uv reads: pyproject.toml, uv.lock, and what the project's metadata names.
        files: Vec<String>,
        /// Folders and archives of the project that the lock installs as packages of their own.
        local: Vec<String>,
        /// The project itself is installed too.
        package: bool,
    },
    /// By the lock of another manager, with that manager.
    Lock {
        /// The manager.
        manager: Manager,
        /// The release of it.
        version: String,
        /// What it reads: its lock, its manifest, and what the project's metadata names.
        files: Vec<String>,
        /// Folders and archives of the project that the lock installs as packages of their own.
        local: Vec<String>,
        /// The project itself is installed too.
        package: bool,
        /// What the lock installs, and from which indexes, as lines of a requirements file.
        pins: Vec<String>,
    },
    /// Nothing but the standard library.
    Nothing,
}

impl Install {
    /// The way that fits where the dependencies are stated.
    pub fn of(source: &DependencySource) -> Self {
        match source {
            DependencySource::Requirements { files, local_paths, .. } => {
                Self::Requirements { files: files.clone(), local: local_paths.clone() }
            }
            DependencySource::UvLock { lock, pyproject, package, readme, licenses, members } => {
                let files = [pyproject, lock].into_iter().chain(readme).chain(licenses).cloned().collect();
                Self::Uv { files, local: members.clone(), package: *package }
            }
            DependencySource::Lock { manager, version, files, package, readme, licenses, members, pins } => {
                Self::Lock {
                    manager: *manager,
                    version: version.clone(),
                    files: files.iter().chain(readme).chain(licenses).cloned().collect(),
                    local: members.clone(),
                    package: *package,
                    pins: pins.clone(),
                }
            }
            DependencySource::Pyproject { requirements, .. } if requirements.is_empty() => Self::Nothing,
            DependencySource::Pyproject { requirements, .. } => Self::Listed(requirements.clone()),
            DependencySource::None => Self::Nothing,
        }
    }

    /// Whether a package manager runs at all.
    pub fn runs(&self) -> bool {
        *self != Self::Nothing
    }
}
