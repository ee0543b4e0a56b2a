//! What a project depends on.

use super::toml_file::Located;
use super::{Evidence, Framework, Locker, Member};

/// Packages of queues: what gives work to one needs a program that takes it.
pub(crate) const QUEUES: [&str; 8] = ["arq", "celery", "dramatiq", "huey", "procrastinate", "rq", "saq", "taskiq"];

/// The dependencies of a project, and what states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependencies {
    /// The files that state them, from which they are installed.
    pub source: DependencySource,
    /// The packages that are known to be installed on Linux, sorted by name: all of them where there is a lock, else
    /// those that are named.
    pub packages: Vec<Dependency>,
    /// What an install needs to know of package indexes.
    pub indexes: IndexUse,
}

/// The files that state the dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DependencySource {
    /// Requirements files, as pip reads them.
    Requirements {
        /// The root file, then every file that it includes by `-r` or `-c`, in the order in which pip meets them.
        files: Vec<String>,
        /// Whether pip checks hashes: one line names a hash, or `--require-hashes` is there.
        hashes: bool,
        /// Files and folders that must be there when pip runs (`-e ./lib`, `./x.whl`, `--find-links ./wheels`),
        /// sorted; `.` for the project itself.
        local_paths: Vec<String>,
    },
    /// A uv.lock. Of a workspace, the lock, its pyproject.toml and the members are named from its root.
    UvLock {
        /// The lock's path.
        lock: String,
        /// The path of the pyproject.toml beside it.
        pyproject: String,
        /// Whether the project itself is an installable package.
        package: bool,
        /// The file that the build backend reads as the description.
        readme: Option<String>,
        /// The files that the build backend reads as licences, sorted.
        licenses: Vec<String>,
        /// Folders and files of the project that the lock installs as packages of their own, sorted.
        members: Vec<String>,
        /// The project's place in the workspace, where the lock lies at a root above it.
        member: Option<Member>,
        /// What of the project's extras and groups is installed.
        parts: Parts,
        /// Groups that uv installs by default, and that stay out.
        left_groups: Vec<String>,
    },
    /// The lock of another manager.
    Lock {
        /// The manager.
        manager: Locker,
        /// The release of it that installs by the lock.
        version: String,
        /// The lock, and the file that it locks.
        files: Vec<String>,
        /// Whether the project itself is an installable package.
        package: bool,
        /// The file that the build backend reads as the description.
        readme: Option<String>,
        /// The files that the build backend reads as licences, sorted.
        licenses: Vec<String>,
        /// Folders and files of the project that the lock installs as packages of their own, sorted.
        members: Vec<String>,
        /// Indexes and every package, as lines of a requirements file, the packages with their hashes.
        pins: Vec<String>,
    },
    /// A pylock.toml, whoever has made it.
    Pylock {
        /// The lock's path.
        lock: String,
        /// Whether the lock installs the project itself.
        package: bool,
        /// The file that the build backend reads as the description.
        readme: Option<String>,
        /// The files that the build backend reads as licences, sorted.
        licenses: Vec<String>,
        /// Folders and files of the project that the lock installs as packages of their own, sorted.
        members: Vec<String>,
    },
    /// `[project]` dependencies without a lock.
    Pyproject {
        /// The requirements as they are written.
        requirements: Vec<String>,
        /// Whether the project itself is an installable package.
        package: bool,
        /// The file that the build backend reads as the description.
        readme: Option<String>,
        /// The files that the build backend reads as licences, sorted.
        licenses: Vec<String>,
    },
    /// Nothing is installed: only the standard library is used.
    None,
}

/// The extras and groups of a project that are installed, as the settings choose them; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Of `[project.optional-dependencies]`.
    pub extras: Vec<String>,
    /// Of `[dependency-groups]`.
    pub groups: Vec<String>,
}

impl Parts {
    /// Whether none was chosen.
    pub fn is_empty(&self) -> bool {
        self.extras.is_empty() && self.groups.is_empty()
    }
}

/// A package that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its name, normalised by PEP 503.
    pub name: String,
    /// Its exact version, where it is locked or pinned.
    pub version: Option<String>,
    /// The version that it must be older than, where nothing locks or pins one: `4` of `django<4`.
    pub below: Option<String>,
    /// The extras that are asked for, normalised and sorted.
    pub extras: Vec<String>,
    /// Where it is stated.
    pub evidence: Evidence,
    /// The file names of its wheels; `None` where nothing lists them.
    pub wheels: Option<Vec<String>>,
    /// Whether there is a source distribution; `None` where nothing lists files.
    pub sdist: Option<bool>,
    /// Whether the project itself asks for it, rather than another package.
    pub direct: bool,
    /// The only machine that needs it, by its `platform_machine`, where a lock says so; `None` for all.
    pub only: Option<&'static str>,
}

/// What an install needs to know of package indexes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexUse {
    /// The lines that name an index or a page of links.
    pub places: Vec<Evidence>,
    /// The variables that the URLs and options are made of, sorted: most often credentials.
    pub variables: Vec<String>,
}

impl Dependencies {
    /// The frameworks that are installed; of these, those alone that the project itself asks for, where that is wanted.
    pub(crate) fn frameworks(&self, direct: bool) -> impl Iterator<Item = Framework> {
        let is = move |framework: &Framework| self.get(framework.as_str()).is_some_and(|d| d.direct || !direct);
        Framework::ALL.into_iter().filter(is)
    }

    /// The queue that the project itself asks for.
    pub(crate) fn queue(&self) -> Option<&'static str> {
        QUEUES.into_iter().find(|name| self.get(name).is_some_and(|dependency| dependency.direct))
    }
}

impl IndexUse {
    /// What URLs of indexes, or the keys that hold them, take.
    pub(super) fn of(sources: &[Located]) -> Self {
        let named = sources.iter().flat_map(|source| source.text.split("${").skip(1));
        let mut variables: Vec<String> = named.filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
        variables.sort();
        variables.dedup();
        Self { places: sources.iter().map(|source| source.at.clone()).collect(), variables }
    }
}

impl Dependencies {
    /// The package of this normalised name.
    pub fn get(&self, name: &str) -> Option<&Dependency> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// Whether the packages are all that is installed, also those that others bring.
    pub fn is_complete(&self) -> bool {
        match self.source {
            DependencySource::UvLock { .. }
            | DependencySource::Lock { .. }
            | DependencySource::Pylock { .. }
            | DependencySource::None => true,
            DependencySource::Requirements { .. } | DependencySource::Pyproject { .. } => false,
        }
    }

    /// Whether the project itself is installed as a package, so that its code is importable from anywhere. Of
    /// `[project]` without a lock only the requirements are.
    pub fn installs_project(&self) -> bool {
        match &self.source {
            DependencySource::Requirements { local_paths, .. } => local_paths.iter().any(|path| path == "."),
            DependencySource::UvLock { package, .. }
            | DependencySource::Lock { package, .. }
            | DependencySource::Pylock { package, .. } => *package,
            DependencySource::Pyproject { .. } | DependencySource::None => false,
        }
    }
}
