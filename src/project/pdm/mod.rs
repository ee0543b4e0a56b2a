//! A pdm.lock.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use pep440_rs::Version;
use serde::Deserialize;

use super::lock::{self, Installed};
use super::marker::{self, MACHINES, Target};
use super::pin::{Pin, Place};
use super::pyproject::Pyproject;
use super::requirement::Requirement;
use super::toml_file::{Located, TomlFile};
use super::{Dependency, Error, Evidence, Manager, paths, requirement};
use crate::source::SourceTree;

/// The file's name.
pub(crate) const FILE: &str = "pdm.lock";
/// The PDM that installs by it: it reads the locks of all since 2.0, and runs on every Python that images have.
pub(crate) const PDM: &str = "2.26.9";

/// A lock, and the line on which each package begins.
#[derive(Debug)]
pub(crate) struct PdmLock {
    lock: Lock,
    lines: Vec<Option<usize>>,
}

#[derive(Debug, Deserialize)]
struct Lock {
    #[serde(default, rename = "package")]
    packages: Vec<Package>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    lock_version: Option<String>,
    /// The groups that were locked.
    groups: Option<Vec<String>>,
    targets: Vec<LockTarget>,
    /// The files of each package by its name and version: until version 4.2.
    files: BTreeMap<String, Vec<File>>,
}

#[derive(Debug, Deserialize)]
struct LockTarget {
    requires_python: Option<String>,
}

/// One package in one version; once more for each set of extras that it is asked for with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Package {
    name: String,
    version: Option<String>,
    extras: Vec<String>,
    /// The groups that need it, by the strategy `inherit_metadata`.
    groups: Option<Vec<String>>,
    /// When it is needed, by the same.
    marker: Option<String>,
    dependencies: Vec<String>,
    files: Vec<File>,
    path: Option<String>,
    git: Option<String>,
    revision: Option<String>,
    subdirectory: Option<String>,
    url: Option<String>,
}

/// A wheel or a source distribution.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    #[serde(rename = "file")]
    name: Option<String>,
    url: Option<String>,
    hash: String,
}

impl File {
    fn file_name(&self) -> &str {
        let name = self.name.as_deref().or(self.url.as_deref()).unwrap_or_default();
        paths::file_name(name.split(['?', '#']).next().unwrap_or_default())
    }
}

impl PdmLock {
    /// Reads the lock, if there is one.
    pub(crate) fn read(tree: &SourceTree) -> Result<Option<Self>, Error> {
        let Some(text) = tree.text(FILE)? else { return Ok(None) };
        let file = TomlFile::parse(FILE, text)?;
        let lines = file.table_lines("package");
        let lock: Lock = file.read()?;
        let version = lock.metadata.lock_version.as_deref().unwrap_or_default();
        if !matches!(version.split('.').next(), Some("3" | "4")) {
            let what = format!("its format is version `{version}`, and only 3 and 4 are known");
            let mend = "lock with a PDM that writes version 4, or look for a newer pydeploy".to_owned();
            return Err(Error::Lock { manager: Manager::Pdm, what, mend });
        }
        Ok(Some(Self { lock, lines }))
    }

    /// The Python that it was made for.
    pub(crate) fn requires_python(&self) -> Option<Located> {
        let text = self.lock.metadata.targets.iter().find_map(|target| target.requires_python.clone())?;
        let terms = text.split(',').map(str::trim).filter(|term| !term.is_empty()).collect::<Vec<_>>().join(",");
        Some(Located { text: terms, at: Evidence::file(FILE) }).filter(|located| !located.text.is_empty())
    }

    /// Whether a package is in the lock in this version; `None` where it is not there at all.
    pub(crate) fn agrees(&self, name: &str, version: &str) -> Option<bool> {
        let mut found = self.named(name).peekable();
        found.peek()?;
        Some(found.any(|package| package.version.as_deref() == Some(version)))
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Package> {
        self.lock.packages.iter().filter(move |package| requirement::normalise(&package.name) == name)
    }

    /// What is installed without groups and extras, once the lock was found to match pyproject.toml.
    pub(crate) fn installed(&self, pyproject: &Pyproject, target: Target) -> Result<Installed, Error> {
        let stated = self.stated(pyproject, target)?;
        let needed = |target: Target| self.needed(&stated, target);
        let on = MACHINES.map(|machine| (machine, needed(target.on(machine))));
        let mut out = Installed::default();
        let mut members = BTreeSet::new();
        for index in needed(target) {
            let Some(package) = self.lock.packages.get(index) else { continue };
            let (name, version) = (requirement::normalise(&package.name), package.version.as_deref());
            if let Some(known) = out.packages.iter_mut().find(|p| p.name == name && p.version.as_deref() == version) {
                known.extras.extend(package.extras.iter().map(|extra| requirement::normalise(extra)));
                continue;
            }
            let there = on.iter().filter(|(_, needed)| needed.contains(&index));
            let only = marker::only(there.map(|(machine, _)| *machine));
            let at = Evidence { file: FILE.to_owned(), line: self.lines.get(index).copied().flatten() };
            let pin = Pin { manager: Manager::Pdm, at: &at, name: &package.name, version, place: place(package), only };
            members.extend(pin.local()?);
            let files = self.files(package);
            out.pins.push(pin.line(files.iter().map(|file| file.hash.as_str()))?);
            let (wheels, sdist) = lock::files(files.iter().map(File::file_name));
            let by = stated.iter().find(|(by, _)| by.name.as_deref() == Some(name.as_str()));
            out.packages.push(Dependency {
                below: None,
                version: version.map(str::to_owned),
                extras: package.extras.iter().map(|extra| requirement::normalise(extra)).collect(),
                evidence: by.map_or(at.clone(), |(_, at)| at.clone()),
                direct: by.is_some(),
                wheels,
                sdist,
                name,
                only,
            });
        }
        out.packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        out.pins.sort();
        out.members = members.into_iter().collect();
        Ok(out)
    }

    /// What `[project]` asks for on the target, each of which the lock must have in a version that is allowed. PDM's own
    /// hash counts what installs nothing, and in a newer form in each release.
    fn stated(&self, pyproject: &Pyproject, target: Target) -> Result<Vec<(Requirement, Evidence)>, Error> {
        let stale = |what| Error::StaleLock { manager: Manager::Pdm, what };
        let groups = self.lock.metadata.groups.as_ref();
        if groups.is_some_and(|groups| !groups.iter().any(|group| group == "default")) {
            return Err(stale("it does not have the group `default`".to_owned()));
        }
        let mut stated = Vec::new();
        for listed in pyproject.dependencies.iter().flatten() {
            let refuse = |reason| super::requirements::refuse(&listed.at, &listed.text, reason);
            let parsed = Requirement::parse(&listed.text).map_err(refuse)?;
            let holds = parsed.marker.as_deref().map_or(Ok(true), |marker| target.holds(marker)).map_err(refuse)?;
            let Some(name) = parsed.name.clone().filter(|_| holds) else { continue };
            let mut found = self.named(&name).peekable();
            if found.peek().is_none() {
                return Err(stale(format!("{name} is not locked ({})", listed.at)));
            }
            let allowed = |package: &Package| {
                let version = package.version.as_deref().and_then(|version| version.parse::<Version>().ok());
                parsed.specifiers.as_ref().zip(version).is_none_or(|(allowed, version)| allowed.contains(&version))
            };
            if !found.any(allowed) {
                return Err(stale(format!("{name} is locked in another version than is stated ({})", listed.at)));
            }
            stated.push((parsed, listed.at.clone()));
        }
        Ok(stated)
    }

    /// The packages that are installed: by the lock's own word where it says so, else by what leads to them.
    fn needed(&self, stated: &[(Requirement, Evidence)], target: Target) -> BTreeSet<usize> {
        let holds = |marker: Option<&str>| marker.is_none_or(|marker| target.holds(marker).unwrap_or(true));
        let packages = || self.lock.packages.iter().enumerate();
        if self.lock.packages.iter().all(|package| package.groups.is_some()) {
            let default = |package: &Package| package.groups.iter().flatten().any(|group| group == "default");
            let there = packages().filter(|(_, package)| default(package) && holds(package.marker.as_deref()));
            return there.map(|(index, _)| index).collect();
        }
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, package) in packages() {
            names.entry(requirement::normalise(&package.name)).or_default().push(index);
        }
        let mut queue: VecDeque<Requirement> = stated.iter().map(|(requirement, _)| requirement.clone()).collect();
        let mut needed = BTreeSet::new();
        while let Some(wanted) = queue.pop_front().filter(|_| needed.len() <= self.lock.packages.len()) {
            if !holds(wanted.marker.as_deref()) {
                continue;
            }
            let found = names.get(wanted.name.as_deref().unwrap_or_default());
            for &index in found.into_iter().flatten() {
                let Some(package) = self.lock.packages.get(index) else { continue };
                let extras = package.extras.iter().map(|extra| requirement::normalise(extra));
                // The entry without extras, and that of exactly those which are asked for.
                let asked = package.extras.is_empty()
                    || extras.collect::<BTreeSet<_>>() == wanted.extras.iter().cloned().collect();
                if asked && needed.insert(index) {
                    queue.extend(package.dependencies.iter().filter_map(|text| Requirement::parse(text).ok()));
                }
            }
        }
        needed
    }

    /// The files of a package, wherever the version of the format has them.
    fn files<'a>(&'a self, package: &'a Package) -> &'a [File] {
        if package.files.is_empty() {
            let key = format!("{} {}", package.name, package.version.as_deref().unwrap_or_default());
            return self.lock.metadata.files.get(&key).map_or(&[], Vec::as_slice);
        }
        &package.files
    }
}

/// Where a package comes from.
fn place(package: &Package) -> Place<'_> {
    match (&package.path, &package.git, &package.url) {
        (Some(path), ..) => Place::Local(path),
        (_, Some(url), _) => {
            let commit = package.revision.as_deref().unwrap_or_default();
            Place::Git { url, commit, folder: package.subdirectory.as_deref() }
        }
        (.., Some(url)) => Place::Url(url),
        _ => Place::Index,
    }
}

#[cfg(test)]
mod tests;
