//! A poetry.lock.

pub(crate) mod constraint;
mod content_hash;
mod format;
mod manifest;
mod reach;

use std::collections::BTreeSet;

use self::format::{Lock, Markers, Package};
pub(crate) use self::manifest::Stated;
use self::reach::Reached;
use super::lock::{self, Installed};
use super::marker::{self, MACHINES, Target};
use super::pin::{Pin, Place};
use super::toml_file::{Located, TomlFile};
use super::{Dependency, Error, Evidence, Manager, requirement};
use crate::source::SourceTree;

/// The file's name.
pub(crate) const FILE: &str = "poetry.lock";
/// What installs by a lock that does not say which Poetry has made it.
const DEFAULT: &str = "2.2.1";
/// What installs by the lock of an older Poetry: it reads all of theirs, and runs on every Python that images have.
const OLDEST: &str = "1.8.5";

/// A lock, and the line on which each package begins.
#[derive(Debug)]
pub(crate) struct PoetryLock {
    lock: Lock,
    lines: Vec<Option<usize>>,
    /// The Poetry that has made it.
    made_by: Option<pep440_rs::Version>,
}

impl PoetryLock {
    /// Reads the lock, if there is one.
    pub(crate) fn read(tree: &SourceTree) -> Result<Option<Self>, Error> {
        let Some(text) = tree.text(FILE)? else { return Ok(None) };
        let first = text.lines().next().unwrap_or_default().to_owned();
        let made_by = first.split_once("by Poetry ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        let file = TomlFile::parse(FILE, text)?;
        let lines = file.table_lines("package");
        let lock: Lock = file.read()?;
        let version = lock.metadata.lock_version.as_deref().unwrap_or("1.0");
        if !matches!(version.split('.').next(), Some("1" | "2")) {
            return Err(Error::Lock {
                manager: Manager::Poetry,
                what: format!("its format is version {version}, and only 1 and 2 are known"),
                mend: "lock with a Poetry that writes version 2, or look for a newer pydeploy".to_owned(),
            });
        }
        Ok(Some(Self { lock, lines, made_by }))
    }

    /// The Python that it was made for, in the terms of requires-python; `None` where those can't say it.
    pub(crate) fn requires_python(&self) -> Option<Located> {
        let text = self.lock.metadata.python_versions.as_deref()?;
        let text = constraint::Constraint::parse(text)?.specifiers().filter(|text| !text.is_empty())?;
        Some(Located { text, at: Evidence::file(FILE) })
    }

    /// The Poetry to install by it with, on this Python.
    pub(crate) fn poetry(&self, python: super::PythonVersion) -> String {
        let release = |text: &str| text.parse::<pep440_rs::Version>().ok();
        let Some(made_by) = self.made_by.as_ref().filter(|version| !version.any_prerelease()) else {
            return DEFAULT.to_owned();
        };
        if release(OLDEST).is_some_and(|oldest| *made_by < oldest) {
            return OLDEST.to_owned();
        }
        // Since 2.3 it takes Python 3.10.
        let newer = release("2.3").is_some_and(|newer| *made_by >= newer);
        if newer && (python.major, python.minor) < (3, 10) { DEFAULT.to_owned() } else { made_by.to_string() }
    }

    /// Whether a package is in the lock in this version; `None` where it is not there at all.
    pub(crate) fn agrees(&self, name: &str, version: &str) -> Option<bool> {
        let mut found = self.named(name).peekable();
        found.peek()?;
        Some(found.any(|package| package.version == version))
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Package> {
        self.lock.packages.iter().filter(move |package| requirement::normalise(&package.name) == name)
    }

    /// What is installed without groups and extras, once the lock was found to match pyproject.toml.
    pub(crate) fn installed(&self, stated: &Stated, target: Target) -> Result<Installed, Error> {
        if let Some(hash) = &self.lock.metadata.content_hash
            && !stated.hashes.contains(hash)
        {
            let what = "the content-hash in it is not that of what is stated there now".to_owned();
            return Err(Error::StaleLock { manager: Manager::Poetry, what });
        }
        let reached = reach::from(&self.lock, stated, target);
        let on =
            MACHINES.map(|machine| (machine, target.on(machine), reach::from(&self.lock, stated, target.on(machine))));
        let mut out = Installed::default();
        let mut members = BTreeSet::new();
        for (index, package) in self.lock.packages.iter().enumerate() {
            if !is_needed(package, reached.get(&index), target) {
                continue;
            }
            let there = on.iter().filter(|(_, target, reached)| is_needed(package, reached.get(&index), *target));
            let only = marker::only(there.map(|(machine, ..)| *machine));
            let at = Evidence { file: FILE.to_owned(), line: self.lines.get(index).copied().flatten() };
            let reached = reached.get(&index);
            let name = requirement::normalise(&package.name);
            let direct = reached.is_some_and(|reached| reached.direct);
            let evidence =
                stated.main.iter().find(|main| direct && main.name == name).map_or(at.clone(), |m| m.at.clone());
            let extras: Vec<String> = reached.map(|r| r.extras.iter().cloned().collect()).unwrap_or_default();
            let files = self.files(package);
            let (wheels, sdist) = lock::files(files.iter().map(|file| file.file.as_str()));
            let Package { name: written, version, .. } = package;
            let pin = Pin {
                manager: Manager::Poetry,
                at: &at,
                name: written,
                version: Some(version),
                place: place(package),
                only,
            };
            members.extend(pin.local()?);
            out.pins.push(pin.line(files.iter().map(|file| file.hash.as_str()))?);
            out.packages.push(Dependency {
                below: None,
                version: Some(package.version.clone()),
                wheels,
                sdist,
                name,
                extras,
                evidence,
                direct,
                only,
            });
        }
        out.packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        out.pins.sort();
        out.members = members.into_iter().collect();
        Ok(out)
    }

    /// The files of a package, wherever the version of the format has them.
    fn files<'a>(&'a self, package: &'a Package) -> &'a [format::File] {
        if package.files.is_empty() {
            return self.lock.metadata.files.get(&package.name).map_or(&[], Vec::as_slice);
        }
        &package.files
    }
}

/// Whether a package is installed: by the lock's own word where it says so, else by what leads to it.
fn is_needed(package: &Package, reached: Option<&Reached>, target: Target) -> bool {
    let Some(groups) = &package.groups else { return reached.is_some() };
    let marker = match &package.markers {
        Some(Markers::All(marker)) => Some(marker),
        Some(Markers::Each(markers)) => markers.get("main"),
        None => None,
    };
    groups.iter().any(|group| group == "main") && marker.is_none_or(|marker| target.holds(marker).unwrap_or(true))
}

/// Where a package comes from.
fn place(package: &Package) -> Place<'_> {
    let Some(source) = &package.source else { return Place::Index };
    let url = source.url.as_str();
    match source.kind.as_str() {
        "directory" | "file" => Place::Local(url),
        "git" => {
            let commit = source.resolved_reference.as_deref().unwrap_or_default();
            Place::Git { url, commit, folder: source.subdirectory.as_deref() }
        }
        "url" => Place::Url(url),
        // An index beside the default one.
        _ => Place::Index,
    }
}

#[cfg(test)]
mod tests;
