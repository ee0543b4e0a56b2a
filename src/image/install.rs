//! An installation: how a project's dependencies get into an image.

use crate::project::{Dependencies, DependencySource, Locker, Member, Parts, companions};

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
        /// Requirements beside those of the files.
        beside: Vec<String>,
    },
    /// `pip install` of requirements that stand in pyproject.toml.
    Listed(Vec<String>),
    /// `uv sync` by a lock. All paths are of the folder that the lock is in.
    Uv {
        /// What uv reads: pyproject.toml, uv.lock, and what the project's metadata names.
        files: Vec<String>,
        /// Folders and archives that the lock installs as packages of their own.
        local: Vec<String>,
        /// The project itself is installed too.
        package: bool,
        /// The project's place in the workspace, where the lock lies at a root above it.
        member: Option<Member>,
        /// What of the project's extras and groups is installed.
        parts: Parts,
    },
    /// By the lock of another manager, with that manager.
    Lock {
        /// The manager.
        manager: Locker,
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
    /// By a pylock, with uv in pip's place: it takes what pip only tries out.
    Pylock {
        /// The lock.
        file: String,
        /// Folders and archives of the project that the lock installs as packages of their own.
        local: Vec<String>,
        /// The project itself is installed too.
        package: bool,
    },
    /// Nothing but the standard library.
    Nothing,
}

impl Install {
    /// The way that fits where the dependencies are stated; what nothing locks gets its companions.
    pub fn of(dependencies: &Dependencies) -> Self {
        let beside = companions(dependencies).into_iter().map(|companion| companion.requirement);
        match &dependencies.source {
            DependencySource::Requirements { files, local_paths, .. } => {
                Self::Requirements { files: files.clone(), local: local_paths.clone(), beside: beside.collect() }
            }
            DependencySource::UvLock { lock, pyproject, package, readme, licenses, members, member, parts, .. } => {
                let of_root = [pyproject, lock].into_iter().cloned();
                let files = match member {
                    Some(member) => of_root.chain([member.path(pyproject)]).collect(),
                    None => of_root.chain(readme.iter().chain(licenses).cloned()).collect(),
                };
                let (local, member, parts) = (members.clone(), member.clone(), parts.clone());
                Self::Uv { files, local, package: *package, member, parts }
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
            DependencySource::Pylock { lock, package, members, .. } => {
                Self::Pylock { file: lock.clone(), local: members.clone(), package: *package }
            }
            DependencySource::Pyproject { requirements, .. } if requirements.is_empty() => Self::Nothing,
            DependencySource::Pyproject { requirements, .. } => {
                Self::Listed(requirements.iter().cloned().chain(beside).collect())
            }
            DependencySource::None => Self::Nothing,
        }
    }

    /// Requirements beside those that the project's files state.
    pub fn beside(&self) -> &[String] {
        if let Self::Requirements { beside, .. } = self { beside } else { &[] }
    }

    /// The project's place in a workspace whose root is what it is built from.
    pub fn member(&self) -> Option<&Member> {
        match self {
            Self::Uv { member, .. } => member.as_ref(),
            _ => None,
        }
    }

    /// What uv is told of the project's place and parts, as words; nothing of another way.
    pub fn uv_words(&self) -> Vec<&str> {
        let Self::Uv { member, parts, .. } = self else { return Vec::new() };
        let package = member.iter().flat_map(|member| ["--package", &member.name]);
        let extras = parts.extras.iter().flat_map(|extra| ["--extra", extra]);
        let groups = parts.groups.iter().flat_map(|group| ["--group", group]);
        // What uv installs by default beside the project is for those who work on it, `dev` and whatever is stated.
        package.chain(["--no-default-groups"]).chain(extras).chain(groups).collect()
    }

    /// Whether a package manager runs at all.
    pub fn runs(&self) -> bool {
        *self != Self::Nothing
    }
}
