//! The manifest: which of a project's files states what is installed.

use std::collections::BTreeSet;

use super::dependencies::{Dependencies, Dependency, DependencySource, IndexUse};
use super::lock::{Lock, Of};
use super::pipenv::Pipfile;
use super::pylock::{Asked, Pylock};
use super::pyproject::{self, Pyproject};
use super::requirement::{self, Origin, Requirement};
use super::requirements::{self, Requirements};
use super::toml_file::Located;
use super::{Decision, Error, Evidence, Manager, Parts, Stated, elsewhere, paths, setup, unsupported};

/// The file that pip users write.
const REQUIREMENTS: &str = "requirements.txt";
/// Where requirements are looked for if they are not at the root.
const ROLES: [&str; 5] = [
    "requirements/prod.txt",
    "requirements/production.txt",
    "requirements/base.txt",
    "requirements/main.txt",
    "requirements/requirements.txt",
];

/// What the choice is made from.
pub(crate) struct Manifest<'a> {
    /// What is read, and for which target.
    pub(crate) of: Of<'a>,
    /// Its locks.
    pub(crate) locks: &'a [Lock],
}

type Chosen = (Decision<Manager>, Dependencies);

/// What a manager's manifest states, where the manager has not locked it.
struct Unlocked {
    manager: Manager,
    at: Evidence,
    /// What states it, as people call it.
    what: &'static str,
    requirements: Vec<Located>,
}

impl Manifest<'_> {
    /// Chooses the manager and reads what is installed.
    pub(crate) fn choose(&self, stated: &Stated) -> Result<Chosen, Error> {
        let (manager, dependencies) = match &stated.manager {
            None => self.detect()?,
            Some(stated) if stated.value == Manager::Pip => (stated.clone(), self.stated_pip()?),
            Some(stated) => (stated.clone(), self.stated_manager(stated.value)?),
        };
        let of_project = manager.value == Manager::Pip && self.of.pyproject.is_some_and(|p| p.has_project);
        let takes_parts = match dependencies.source {
            DependencySource::UvLock { .. } => true,
            DependencySource::Pyproject { .. } => of_project,
            _ => false,
        };
        if takes_parts || self.of.parts.is_empty() {
            return Ok((manager, dependencies));
        }
        Err(Error::NoParts { manager: manager.value })
    }

    fn stated_manager(&self, manager: Manager) -> Result<Dependencies, Error> {
        if let Some(lock) = self.locks.iter().find(|lock| lock.manager() == manager) {
            return lock.dependencies(&self.of, &Asked::new());
        }
        if let Some(unlocked) = self.unlocked()?.filter(|unlocked| unlocked.manager == manager) {
            return self.listed(&unlocked.requirements, self.of.pyproject);
        }
        let (lock, manifest) = (manager.lock().unwrap_or_default(), manager.manifest());
        let (file, mend) = if self.of.tree.contains(manifest) {
            (lock, format!("run: {}", manager.relock()))
        } else if self.of.tree.contains(lock) {
            (manifest, format!("write {manifest} and run: {}", manager.relock()))
        } else {
            (lock, format!("write {manifest} and run: {}; or state manager = \"pip\"", manager.relock()))
        };
        Err(Error::ManagerFileMissing { manager, file: file.to_owned(), mend })
    }

    fn stated_pip(&self) -> Result<Dependencies, Error> {
        if let [lock @ Lock::Any(_)] = self.locks {
            return self.compared(lock, self.requirement_roots()?.as_deref()).map(|(_, dependencies)| dependencies);
        }
        if let Some(roots) = self.requirement_roots()? {
            return self.required(&roots);
        }
        match self.of.pyproject.filter(|pyproject| pyproject.has_project) {
            Some(pyproject) => self.of_project(pyproject),
            None => Err(Error::ManagerFileMissing {
                manager: Manager::Pip,
                file: REQUIREMENTS.to_owned(),
                mend: Manager::ALL
                    .into_iter()
                    .find(|manager| manager.lock().is_some_and(|lock| self.of.tree.contains(lock)))
                    .map_or_else(|| format!("write {REQUIREMENTS}"), unsupported::export),
            }),
        }
    }

    fn detect(&self) -> Result<Chosen, Error> {
        let roots = self.requirement_roots()?;
        let unlocked = self.unlocked()?;
        if let [lock, others @ ..] = self.locks {
            if !others.is_empty() {
                return Err(self.side_by_side());
            }
            let file = lock.file();
            if let Some(Unlocked { manager: Manager::Pipenv, at, .. }) = unlocked {
                let what = format!("{at} and {file} stand side by side");
                return Err(which(what, &[lock.manager(), Manager::Pipenv], roots.is_some()));
            }
            let (because, dependencies) = self.compared(lock, roots.as_deref())?;
            let decision = Decision::seen(lock.manager(), because, Evidence::file(file));
            return Ok((decision, dependencies));
        }
        if let Some(Unlocked { manager, at, what, requirements }) = unlocked {
            if roots.is_some() {
                return Err(which(format!("{what} ({at}) stands beside a requirements file"), &[manager], true));
            }
            let dependencies = self.listed(&requirements, self.of.pyproject)?;
            return Ok((Decision::seen(manager, format!("{what} states the dependencies"), at), dependencies));
        }
        if let Some(roots) = roots {
            let dependencies = self.required(&roots)?;
            self.covers(&dependencies, &roots)?;
            let at = Evidence::file(roots.first().map_or(REQUIREMENTS, String::as_str));
            return Ok((Decision::seen(Manager::Pip, "a requirements file states the dependencies", at), dependencies));
        }
        if let Some(pyproject) = self.of.pyproject
            && (pyproject.dependencies.is_some() || pyproject.dynamic_dependencies.is_some() || pyproject.package)
            && pyproject.has_project
        {
            let decision =
                Decision::seen(Manager::Pip, "[project] states the dependencies", Evidence::file(pyproject::FILE));
            return Ok((decision, self.of_project(pyproject)?));
        }
        let orphan = |manager: &Manager| manager.lock().is_some_and(|lock| self.of.tree.contains(lock));
        if let Some(manager) = Manager::ALL.into_iter().find(orphan) {
            let what = format!("there is no {} beside it", manager.manifest());
            return Err(Error::Lock { manager, what, mend: "name the folder that has both".to_owned() });
        }
        let setup = setup::read(self.of.tree)?;
        if let Some(first) = setup.requirements.first() {
            let decision = Decision::seen(Manager::Pip, "install_requires states the dependencies", first.at.clone());
            return Ok((decision, self.listed(&setup.requirements, None)?));
        }
        unsupported::others(self.of.tree)?;
        let nothing =
            Dependencies { source: DependencySource::None, packages: Vec::new(), indexes: IndexUse::default() };
        Ok((Decision::assumed(Manager::Pip, "nothing but the standard library is imported"), nothing))
    }

    /// Two locks: which of them is of what is stated now.
    fn side_by_side(&self) -> Error {
        let read = |lock: &Lock| lock.dependencies(&self.of, &Asked::new());
        let (fresh, stale): (Vec<_>, Vec<_>) = self.locks.iter().partition(|lock| read(lock).is_ok());
        let files: Vec<_> = self.locks.iter().map(Lock::file).collect();
        let faults = stale.iter().filter_map(|lock| read(lock).err()).map(|error| error.to_string());
        let said: Vec<_> = [format!("{} stand side by side", files.join(" and "))].into_iter().chain(faults).collect();
        let able = if fresh.is_empty() { stale } else { fresh };
        which(said.join("; "), &able.iter().map(|lock| lock.manager()).collect::<Vec<_>>(), false)
    }

    /// What a manager's manifest states, where there is one without its lock.
    fn unlocked(&self) -> Result<Option<Unlocked>, Error> {
        let is_locked = |manager| self.locks.iter().any(|lock| lock.manager() == manager);
        if let Some(pyproject) = self.of.pyproject.filter(|_| !is_locked(Manager::Poetry))
            && let Some(table) = &pyproject.poetry
        {
            let (manager, at, what) = (Manager::Poetry, table.at.clone(), "[tool.poetry]");
            return Ok(Some(Unlocked { manager, at, what, requirements: pyproject.for_poetry.requirements()? }));
        }
        if is_locked(Manager::Pipenv) {
            return Ok(None);
        }
        let Some(pipfile) = Pipfile::read(self.of.tree)? else { return Ok(None) };
        let (manager, at, what) = (Manager::Pipenv, Evidence::file(Manager::Pipenv.manifest()), "the Pipfile");
        Ok(Some(Unlocked { manager, at, what, requirements: pipfile.requirements()? }))
    }

    /// The requirements files to begin with; `None` where there are none.
    fn requirement_roots(&self) -> Result<Option<Vec<String>>, Error> {
        if let Some(pyproject) =
            self.of.pyproject.filter(|p| p.dynamic_dependencies.is_some() && !p.dynamic_files.is_empty())
        {
            let exists = |file: &Located| {
                let path = paths::resolve("", &file.text, &file.at)?;
                let missing = || Error::MissingPath { at: file.at.clone(), path: path.clone() };
                self.of.tree.contains(&path).then(|| path.clone()).ok_or_else(missing)
            };
            return pyproject.dynamic_files.iter().map(exists).collect::<Result<_, _>>().map(Some);
        }
        if self.of.tree.contains(REQUIREMENTS) {
            return Ok(Some(vec![REQUIREMENTS.to_owned()]));
        }
        let present: Vec<String> =
            ROLES.into_iter().filter(|role| self.of.tree.contains(role)).map(str::to_owned).collect();
        let mut included = Vec::new();
        for role in &present {
            let read = requirements::read(self.of.tree, std::slice::from_ref(role), self.of.target)?;
            included.extend(read.files.into_iter().skip(1));
        }
        let roots: Vec<String> = present.into_iter().filter(|role| !included.contains(role)).collect();
        match roots.len() {
            0 => Ok(self.only_requirements().map(|file| vec![file])),
            1 => Ok(Some(roots)),
            _ => Err(Error::WhichRequirements { files: roots }),
        }
    }

    /// The only requirements file at the root, where nothing else states dependencies: `requirements_server.txt`.
    fn only_requirements(&self) -> Option<String> {
        if self.of.pyproject.is_some() || !self.locks.is_empty() || self.of.tree.contains(Manager::Pipenv.manifest()) {
            return None;
        }
        let mut files = self.of.tree.files().filter(|file| elsewhere::is_requirements(file) && !file.contains('/'));
        let (first, second) = (files.next()?, files.next());
        (second.is_none() && !paths::is_aside(first)).then(|| first.to_owned())
    }

    /// What a lock installs, once the requirements and the pylock that stand beside it were found to say the same.
    fn compared(&self, lock: &Lock, roots: Option<&[String]>) -> Result<(String, Dependencies), Error> {
        let differ = |what: String| match lock {
            Lock::Any(lock) => lock.stale(what),
            _ => which(what, &[lock.manager()], true),
        };
        let file = lock.file();
        let mut because = "it locks the dependencies".to_owned();
        let mut asked = Asked::new();
        if let Some(roots) = roots {
            let read = requirements::read(self.of.tree, roots, self.of.target)?;
            for Dependency { name, version, extras, evidence, .. } in read.packages.values() {
                match (version, lock.agrees(name, version.as_deref().unwrap_or_default())) {
                    (Some(version), Some(false)) => {
                        let pins = format!("{evidence} pins {name}=={version}");
                        return Err(differ(format!("{pins}, and {file} has another version")));
                    }
                    (_, None) => return Err(differ(format!("{evidence} names {name}, which {file} lacks"))),
                    _ => {}
                }
                asked.insert(name.clone(), (extras.clone(), evidence.clone()));
            }
            let first = roots.first().map_or(REQUIREMENTS, String::as_str);
            because = format!("{because}, and {first} agrees with it");
        }
        let copy = if matches!(lock, Lock::Any(_)) { None } else { Pylock::read(self.of.tree)? };
        for (name, version, at) in copy.iter().flat_map(Pylock::versions) {
            if lock.agrees(&name, version.unwrap_or_default()) != Some(true) {
                let version = version.unwrap_or("of no version");
                return Err(differ(format!("{at} has {name} {version}, and {file} has not")));
            }
        }
        Ok((because, lock.dependencies(&self.of, &asked)?))
    }

    /// A requirements file beside `[project]` must install everything that `[project]` needs.
    fn covers(&self, dependencies: &Dependencies, roots: &[String]) -> Result<(), Error> {
        let Some(pyproject) = self.of.pyproject.filter(|_| !dependencies.installs_project()) else { return Ok(()) };
        for listed in pyproject.dependencies.iter().flatten() {
            let Some(name) = requirement::name_of(&listed.text) else { continue };
            let applies = Requirement::parse(&listed.text)
                .ok()
                .and_then(|r| r.marker)
                .is_none_or(|marker| self.of.target.holds(&marker).unwrap_or(true));
            if applies && dependencies.get(&name).is_none() {
                let first = roots.first().map_or(REQUIREMENTS, String::as_str);
                return Err(which(format!("{first} lacks {name}, which {} states", listed.at), &[], true));
            }
        }
        Ok(())
    }

    fn required(&self, roots: &[String]) -> Result<Dependencies, Error> {
        let Requirements { files, hashes, variables, local_paths, indexes, mut packages, own_extras, .. } =
            requirements::read(self.of.tree, roots, self.of.target)?;
        if let Some(pyproject) = self.of.pyproject.filter(|_| local_paths.contains(".")) {
            for package in self.packages(own(pyproject, &own_extras))? {
                packages.entry(package.name.clone()).or_insert(package);
            }
        }
        Ok(Dependencies {
            packages: packages.into_values().collect(),
            indexes: IndexUse { places: indexes, variables: variables.into_iter().collect() },
            source: DependencySource::Requirements { files, hashes, local_paths: local_paths.into_iter().collect() },
        })
    }

    /// What a list of requirements installs on Linux.
    fn packages<'a>(&self, listed: impl IntoIterator<Item = &'a Located>) -> Result<Vec<Dependency>, Error> {
        let mut packages = Vec::new();
        for Located { text, at } in listed {
            let refuse = |reason| requirements::refuse(at, text, reason);
            let parsed = Requirement::parse(text).map_err(refuse)?;
            let holds = parsed.marker.as_deref().map_or(Ok(true), |marker| self.of.target.holds(marker));
            if matches!(parsed.origin, Origin::Path(_)) {
                return Err(refuse("[project] can't name a path".to_owned()));
            }
            let (version, below, extras, evidence) = (parsed.pinned(), parsed.below(), parsed.extras, at.clone());
            if let Some(name) = parsed.name
                && holds.map_err(refuse)?
            {
                packages.push(Dependency {
                    name,
                    version,
                    below,
                    extras,
                    evidence,
                    wheels: None,
                    sdist: None,
                    direct: true,
                    only: None,
                });
            }
        }
        Ok(packages)
    }

    fn of_project(&self, pyproject: &Pyproject) -> Result<Dependencies, Error> {
        if let Some(workspace) = self.of.workspace {
            let what = format!("the project is a member of the workspace of {}", workspace.way(pyproject::FILE));
            return Err(Error::NeedsLock { manager: Manager::Uv, what });
        }
        if let Some(dynamic) = &pyproject.dynamic_dependencies {
            return Err(unsupported::dynamic(dynamic.at.clone()));
        }
        if let Some(only) = &pyproject.uv_only {
            let what = format!("{} ({}) is only honoured by uv", only.text, only.at);
            return Err(Error::NeedsLock { manager: Manager::Uv, what });
        }
        let listed = pyproject.dependencies.iter().flatten().chain(self.parts(pyproject)?);
        self.listed(&listed.cloned().collect::<Vec<_>>(), Some(pyproject))
    }

    /// What the extras and groups bring that were chosen.
    fn parts<'p>(&self, pyproject: &'p Pyproject) -> Result<Vec<&'p Located>, Error> {
        let Parts { extras, groups } = self.of.parts;
        let mut found = Vec::new();
        for (kind, name) in extras.iter().map(|name| ("extra", name)).chain(groups.iter().map(|name| ("group", name))) {
            let prefix = format!("the {kind} ");
            let is = |place: &str| {
                place.strip_prefix(&prefix).is_some_and(|p| requirement::normalise(p) == requirement::normalise(name))
            };
            if pyproject.nested_groups.iter().any(|group| is(&group.text)) {
                let what = format!("{prefix}{name} includes another group");
                return Err(Error::NeedsLock { manager: Manager::Uv, what });
            }
            let before = found.len();
            found.extend(pyproject.asides.iter().filter(|aside| is(&aside.place)).map(|aside| &aside.requirement));
            if found.len() == before {
                let names = pyproject.asides.iter().filter_map(|aside| aside.place.strip_prefix(&prefix));
                let known: BTreeSet<_> = names.map(str::to_owned).collect();
                return Err(Error::NoPart { part: format!("{kind} {name}"), known: known.into_iter().collect() });
            }
        }
        Ok(found)
    }

    /// What requirements install that no lock has resolved.
    fn listed(&self, listed: &[Located], pyproject: Option<&Pyproject>) -> Result<Dependencies, Error> {
        let mut packages = self.packages(listed)?;
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        packages.dedup_by(|a, b| a.name == b.name);
        let package = pyproject.is_some_and(|pyproject| pyproject.package);
        let source = if listed.is_empty() && !package {
            DependencySource::None
        } else {
            DependencySource::Pyproject {
                requirements: listed.iter().map(|located| located.text.clone()).collect(),
                package,
                readme: pyproject.and_then(|pyproject| pyproject.readme.clone()),
                licenses: pyproject.map(|pyproject| pyproject.licenses.clone()).unwrap_or_default(),
            }
        };
        let indexes = pyproject.map(Pyproject::index_use).unwrap_or_default();
        Ok(Dependencies { source, packages, indexes })
    }
}

/// The requirements of the project itself and of some of its extras.
fn own<'a>(pyproject: &'a Pyproject, extras: &BTreeSet<String>) -> Vec<&'a Located> {
    let of_extra = |aside: &&pyproject::Aside| {
        aside.place.strip_prefix("the extra ").is_some_and(|extra| extras.contains(&requirement::normalise(extra)))
    };
    let asides = pyproject.asides.iter().filter(of_extra).map(|aside| &aside.requirement);
    pyproject.dependencies.iter().flatten().chain(asides).collect()
}

fn which(what: String, managers: &[Manager], pip: bool) -> Error {
    let managers = managers.iter().copied().chain(pip.then_some(Manager::Pip)).collect();
    Error::WhichManager { what, managers }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
