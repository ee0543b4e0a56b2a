//! A pylock.toml: what any tool may lock for any installer, by PEP 751.

mod format;

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;

use self::format::{Artifact, Lock, Package};
use super::lock::{self, Installed};
use super::marker::{self, MACHINES, Target};
use super::pyproject::Pyproject;
use super::requirement::{self, Requirement};
use super::toml_file::{Located, TomlFile};
use super::{Dependency, Error, Evidence, paths, requirements};
use crate::source::SourceTree;

/// The file's name, where it has none of its own.
pub(crate) const FILE: &str = "pylock.toml";
/// The version of the format that is read here; those after the dot only add keys.
const VERSION: &str = "1";

/// What is asked for, by its normalised name: with which extras, and where.
pub(crate) type Asked = BTreeMap<String, (Vec<String>, Evidence)>;

/// A lock, and the line on which each package begins.
#[derive(Debug)]
pub(crate) struct Pylock {
    /// Its file.
    pub(crate) file: String,
    lock: Lock,
    lines: Vec<Option<usize>>,
}

impl Pylock {
    /// Reads the lock, if there is one: pylock.toml, else the only pylock.NAME.toml that is not for development.
    pub(crate) fn read(tree: &SourceTree) -> Result<Option<Self>, Error> {
        let Some(name) = Self::find(tree)? else { return Ok(None) };
        let Some(text) = tree.text(&name)? else { return Ok(None) };
        let file = TomlFile::parse(&name, text)?;
        let version = file.text(&["lock-version"])?.map(|version| version.text).unwrap_or_default();
        if version.split('.').next() != Some(VERSION) {
            let what = format!("its format is version `{version}`, and only {VERSION} is known");
            let mend = "lock with a tool that writes version 1.0, or look for a newer pydeploy".to_owned();
            return Err(Error::Pylock { file: name, what, mend });
        }
        let lines = file.table_lines("packages");
        let lock = file.read()?;
        Ok(Some(Self { file: name, lock, lines }))
    }

    fn find(tree: &SourceTree) -> Result<Option<String>, Error> {
        if tree.contains(FILE) {
            return Ok(Some(FILE.to_owned()));
        }
        let purpose = |path: &str| {
            let purpose = path.strip_prefix("pylock.")?.strip_suffix(".toml")?;
            (!purpose.is_empty() && !purpose.contains(['.', '/'])).then(|| purpose.to_owned())
        };
        let named = tree.files().filter(|path| purpose(path).is_some_and(|purpose| !paths::is_aside(&purpose)));
        let named: Vec<String> = named.map(str::to_owned).collect();
        match named.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only.clone())),
            _ => Err(Error::WhichPylock { files: named }),
        }
    }

    /// The Python that it was made for.
    pub(crate) fn requires_python(&self) -> Option<Located> {
        let text = self.lock.requires_python.clone()?;
        Some(Located { text, at: Evidence::file(&self.file) })
    }

    /// Whether a package is in the lock in this version; `None` where it is not there at all.
    pub(crate) fn agrees(&self, name: &str, version: &str) -> Option<bool> {
        let mut found = self.named(name).peekable();
        found.peek()?;
        Some(found.any(|package| package.version.as_deref() == Some(version)))
    }

    /// What it installs, with the versions where it has them.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (String, Option<&str>, Evidence)> {
        let all = self.lock.packages.iter().enumerate();
        let all = all.filter(|(_, package)| package.directory.is_none());
        all.map(|(n, package)| (requirement::normalise(&package.name), package.version.as_deref(), self.evidence(n)))
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Package> {
        self.lock.packages.iter().filter(move |package| requirement::normalise(&package.name) == name)
    }

    /// What is installed without groups and extras, once the lock was found to have what is stated. `.` among the members
    /// is the project itself.
    pub(crate) fn installed(&self, pyproject: &Pyproject, asked: &Asked, target: Target) -> Result<Installed, Error> {
        let stated = self.stated(pyproject, target)?;
        let asked: Asked = asked.iter().map(|(name, by)| (name.clone(), by.clone())).chain(stated).collect();
        let needed = self.lock.packages.iter().flat_map(|package| &package.dependencies);
        let needed: BTreeSet<_> = needed.map(|needed| requirement::normalise(&needed.name)).collect();
        let mut out = Installed::default();
        let mut members = BTreeSet::new();
        for (n, package) in self.lock.packages.iter().enumerate().filter(|(_, package)| holds(package, target)) {
            let at = self.evidence(n);
            if requirement::name_of(&package.name).is_none() {
                return Err(self.stale(format!("{at} is no package of a name")));
            }
            for path in local(package) {
                members.insert(paths::resolve("", path, &at)?);
            }
            if package.directory.as_ref().is_some_and(|directory| paths::is_root(&directory.path)) {
                continue;
            }
            let name = requirement::normalise(&package.name);
            let there = MACHINES.into_iter().filter(|machine| holds(package, target.on(machine)));
            let by = asked.get(&name);
            let artifacts = package.wheels.iter().chain(&package.sdist).chain(&package.archive);
            let names: Vec<_> = artifacts.filter_map(Artifact::file_name).collect();
            let (wheels, sdist) = lock::files(names.iter().map(String::as_str));
            out.packages.push(Dependency {
                below: None,
                version: package.version.clone(),
                extras: by.map(|(extras, _)| extras.clone()).unwrap_or_default(),
                evidence: by.map_or(at, |(_, at)| at.clone()),
                // Where nothing is stated beside it, what nothing in it needs is what was asked for.
                direct: by.is_some() || (asked.is_empty() && !needed.contains(&name)),
                only: marker::only(there),
                wheels,
                sdist,
                name,
            });
        }
        out.packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        out.members = members.into_iter().collect();
        Ok(out)
    }

    /// What `[project]` asks for on the target, each of which the lock must have in a version that is allowed.
    fn stated(&self, pyproject: &Pyproject, target: Target) -> Result<Asked, Error> {
        let mut stated = Asked::new();
        for listed in pyproject.dependencies.iter().flatten() {
            let refuse = |reason| requirements::refuse(&listed.at, &listed.text, reason);
            let parsed = Requirement::parse(&listed.text).map_err(refuse)?;
            let holds = parsed.marker.as_deref().map_or(Ok(true), |marker| target.holds(marker)).map_err(refuse)?;
            let Some(name) = parsed.name.clone().filter(|_| holds) else { continue };
            let found: Vec<_> = self.named(&name).collect();
            if found.is_empty() {
                return Err(self.stale(format!("{name} is not locked ({})", listed.at)));
            }
            let allowed = |package: &Package| {
                let version = package.version.as_deref().and_then(|version| version.parse::<Version>().ok());
                parsed.specifiers.as_ref().zip(version).is_none_or(|(allowed, version)| allowed.contains(&version))
            };
            if !found.into_iter().any(allowed) {
                return Err(self.stale(format!("{name} is locked in another version than is stated ({})", listed.at)));
            }
            stated.insert(name, (parsed.extras, listed.at.clone()));
        }
        Ok(stated)
    }

    /// The lock is of other dependencies than are stated, or of another Python.
    pub(crate) fn stale(&self, what: String) -> Error {
        let mend = "lock anew, with the tool that has made it".to_owned();
        Error::Pylock { file: self.file.clone(), what, mend }
    }

    fn evidence(&self, n: usize) -> Evidence {
        Evidence { file: self.file.clone(), line: self.lines.get(n).copied().flatten() }
    }
}

/// What of a package lies in the project.
fn local(package: &Package) -> impl Iterator<Item = &str> {
    let folder = package.directory.as_ref().map(|directory| directory.path.as_str());
    let files = package.wheels.iter().chain(&package.sdist).chain(&package.archive).filter_map(Artifact::local);
    folder.into_iter().chain(files)
}

/// A marker that can't be judged keeps its package: too many is seen, too few is not.
fn holds(package: &Package, target: Target) -> bool {
    package.marker.as_deref().is_none_or(|marker| target.holds(marker).unwrap_or(true))
}

#[cfg(test)]
mod tests;
