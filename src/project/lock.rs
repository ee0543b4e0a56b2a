//! A lock, whichever manager's.

use super::dependencies::{Dependencies, Dependency, DependencySource};
use super::marker::Target;
use super::pdm::{self, PdmLock};
use super::pipenv::{self, PipenvLock, Pipfile};
use super::poetry::PoetryLock;
use super::pylock::{Asked, Pylock};
use super::pyproject::{self, Pyproject};
use super::toml_file::Located;
use super::uv_lock::{self, UvLock};
use super::workspace::Workspace;
use super::{Error, IndexUse, Locker, Manager, Parts, paths};
use crate::source::SourceTree;

/// What a manager has locked.
#[derive(Debug)]
pub(crate) enum Lock {
    /// uv's.
    Uv(UvLock),
    /// Poetry's.
    Poetry(PoetryLock),
    /// PDM's.
    Pdm(PdmLock),
    /// Pipenv's.
    Pipenv(PipenvLock),
    /// Anybody's, for pip and for whatever installs in its place.
    Any(Pylock),
}

/// What a lock is of.
#[derive(Clone, Copy)]
pub(crate) struct Of<'a> {
    /// The project's files.
    pub(crate) tree: &'a SourceTree,
    /// Its pyproject.toml.
    pub(crate) pyproject: Option<&'a Pyproject>,
    /// The workspace that it is a member of.
    pub(crate) workspace: Option<&'a Workspace<'a>>,
    /// What of its extras and groups was chosen.
    pub(crate) parts: &'a Parts,
    /// What markers are judged for.
    pub(crate) target: Target,
}

/// What a project needs of its lock.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Installed {
    /// The packages, sorted by name.
    pub(crate) packages: Vec<Dependency>,
    /// The folders and files of the project that are packages of their own, sorted.
    pub(crate) members: Vec<String>,
    /// Each package as a line of a requirements file, with its hashes; none of uv's, which reads its lock itself.
    pub(crate) pins: Vec<String>,
}

impl Lock {
    /// Reads the locks of a project; where a manager is stated its own alone, since no other counts. One without the file
    /// that it locks is none.
    pub(crate) fn all(
        tree: &SourceTree,
        workspace: Option<&Workspace<'_>>,
        stated: Option<Manager>,
    ) -> Result<Vec<Self>, Error> {
        let counts =
            |manager: Manager| stated.is_none_or(|stated| stated == manager) && tree.contains(manager.manifest());
        let mut locks = Vec::new();
        if counts(Manager::Uv) {
            locks.extend(UvLock::read(tree, workspace)?.map(Self::Uv));
        }
        if counts(Manager::Poetry) {
            locks.extend(PoetryLock::read(tree)?.map(Self::Poetry));
        }
        if counts(Manager::Pdm) {
            locks.extend(PdmLock::read(tree)?.map(Self::Pdm));
        }
        if counts(Manager::Pipenv) {
            locks.extend(PipenvLock::read(tree)?.map(Self::Pipenv));
        }
        // Managers export it: beside a lock of theirs it is a copy.
        if locks.is_empty() && stated.is_none_or(|stated| stated == Manager::Pip) {
            locks.extend(Pylock::read(tree)?.map(Self::Any));
        }
        Ok(locks)
    }

    /// Whose it is.
    pub(crate) fn manager(&self) -> Manager {
        match self {
            Self::Uv(_) => Manager::Uv,
            Self::Poetry(_) => Manager::Poetry,
            Self::Pdm(_) => Manager::Pdm,
            Self::Pipenv(_) => Manager::Pipenv,
            Self::Any(_) => Manager::Pip,
        }
    }

    /// Its file.
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Uv(lock) => &lock.file,
            Self::Any(lock) => &lock.file,
            Self::Poetry(_) | Self::Pdm(_) | Self::Pipenv(_) => self.manager().lock().unwrap_or_default(),
        }
    }

    /// The fault of a lock that no longer is of what is stated.
    pub(crate) fn stale(&self, what: String) -> Error {
        match self {
            Self::Any(lock) => lock.stale(what),
            _ => Error::StaleLock { manager: self.manager(), what },
        }
    }

    /// The Python that it was made for, in the terms of requires-python.
    pub(crate) fn requires_python(&self) -> Option<Located> {
        match self {
            Self::Uv(lock) => lock.requires_python(),
            Self::Poetry(lock) => lock.requires_python(),
            Self::Pdm(lock) => lock.requires_python(),
            Self::Pipenv(lock) => lock.pipfile.requires_python(),
            Self::Any(lock) => lock.requires_python(),
        }
    }

    /// Whether it has a package in this version; `None` where it does not have it at all.
    pub(crate) fn agrees(&self, name: &str, version: &str) -> Option<bool> {
        match self {
            Self::Uv(lock) => lock.agrees(name, version),
            Self::Poetry(lock) => lock.agrees(name, version),
            Self::Pdm(lock) => lock.agrees(name, version),
            Self::Pipenv(lock) => lock.agrees(name, version),
            Self::Any(lock) => lock.agrees(name, version),
        }
    }

    /// What it installs, once it was found to match what is stated. `asked` is what requirements files beside it name,
    /// which only a lock that is nobody's own has to be told.
    pub(crate) fn dependencies(&self, of: &Of<'_>, asked: &Asked) -> Result<Dependencies, Error> {
        let nothing = Pyproject::default();
        let Of { tree, pyproject, workspace, parts, target } = *of;
        let pyproject = pyproject.unwrap_or(&nothing);
        let Installed { packages, mut members, pins } = match self {
            Self::Uv(lock) => lock.installed(tree, pyproject, parts, target)?,
            Self::Poetry(lock) => lock.installed(&pyproject.for_poetry, target)?,
            Self::Pdm(lock) => lock.installed(pyproject, target)?,
            Self::Pipenv(lock) => lock.installed(target)?,
            Self::Any(lock) => lock.installed(pyproject, asked, target)?,
        };
        let (readme, licenses) = (pyproject.readme.clone(), pyproject.licenses.clone());
        let (manager, version, sources, package) = match self {
            Self::Uv(lock) => {
                let source = DependencySource::UvLock {
                    lock: uv_lock::FILE.to_owned(),
                    pyproject: pyproject::FILE.to_owned(),
                    package: pyproject.package,
                    readme,
                    licenses,
                    members,
                    member: lock.member()?,
                    parts: parts.clone(),
                    left_groups: left(pyproject, parts),
                };
                // Only the root of a workspace names indexes.
                let indexes = workspace.map_or(pyproject, |workspace| &workspace.pyproject).index_use();
                return Ok(Dependencies { source, packages, indexes });
            }
            Self::Any(lock) => {
                let whole = members.len();
                members.retain(|member| member != ".");
                let (lock, package) = (lock.file.clone(), members.len() < whole);
                let source = DependencySource::Pylock { lock, package, readme, licenses, members };
                return Ok(Dependencies { source, packages, indexes: IndexUse::default() });
            }
            Self::Poetry(lock) => {
                (Locker::Poetry, lock.poetry(target.python()), &pyproject.for_poetry.sources, pyproject.package)
            }
            Self::Pdm(_) => (Locker::Pdm, pdm::PDM.to_owned(), &pyproject.pdm_sources, pyproject.package),
            Self::Pipenv(lock) => {
                // The project itself is among its own packages, and is installed with its code.
                let whole = members.len();
                members.retain(|member| member != ".");
                (Locker::Pipenv, pipenv::PIPENV.to_owned(), &lock.pipfile.sources, members.len() < whole)
            }
        };
        // The hashes say which file is meant, whichever index has it.
        let indexes = sources.iter().map(|source| format!("--extra-index-url {}", source.text));
        let pins = indexes.chain(pins).collect();
        let files = [self.file(), self.manager().manifest()].map(str::to_owned).to_vec();
        let source = DependencySource::Lock { manager, version, files, package, readme, licenses, members, pins };
        Ok(Dependencies { source, packages, indexes: IndexUse::of(sources) })
    }
}

/// The groups that uv installs by default, by their names not for development, and that were not chosen.
fn left(pyproject: &Pyproject, parts: &Parts) -> Vec<String> {
    let named = pyproject.default_groups.iter().map(|group| group.text.clone());
    named.filter(|group| !paths::is_aside(group) && !parts.groups.contains(group)).collect()
}

/// Of the files that a lock lists for a package, the wheels, and whether there is a source distribution; nothing is known
/// where it lists none.
pub(crate) fn files<'f>(names: impl Iterator<Item = &'f str>) -> (Option<Vec<String>>, Option<bool>) {
    let (wheels, others): (Vec<_>, Vec<_>) =
        names.map(str::to_owned).partition(|name| paths::has_extension(name, "whl"));
    let listed = !(wheels.is_empty() && others.is_empty());
    (listed.then_some(wheels), listed.then_some(!others.is_empty()))
}

/// The Python that the only lock was made for, or that a Pipfile without one asks for.
pub(crate) fn python(tree: &SourceTree, locks: &[Lock]) -> Result<Option<(Manager, Located)>, Error> {
    let (manager, python) = match locks {
        [lock] => (lock.manager(), lock.requires_python()),
        [] => (Manager::Pipenv, Pipfile::read(tree)?.and_then(|pipfile| pipfile.requires_python())),
        _ => return Ok(None),
    };
    Ok(python.map(|python| (manager, python)))
}
