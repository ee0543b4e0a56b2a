//! A Pipfile.lock.

mod pipfile;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

pub(crate) use self::pipfile::Pipfile;
use super::lock::Installed;
use super::marker::{self, MACHINES, Target};
use super::pin::{Pin, Place};
use super::{Dependency, Error, Evidence, Manager, requirement};
use crate::source::SourceTree;

/// The file's name.
pub(crate) const FILE: &str = "Pipfile.lock";
/// The Pipenv that installs by it: pinned, so that the same Dockerfile builds the same way next year.
pub(crate) const PIPENV: &str = "2025.0.4";

/// A lock, with the Pipfile that it is of.
#[derive(Debug)]
pub(crate) struct PipenvLock {
    lock: Lock,
    text: String,
    pub(crate) pipfile: Pipfile,
}

#[derive(Debug, Deserialize)]
struct Lock {
    #[serde(rename = "_meta")]
    meta: Meta,
    /// All that is installed, with what it needs in turn.
    #[serde(default)]
    default: BTreeMap<String, Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    hash: BTreeMap<String, String>,
    sources: serde_json::Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    version: Option<String>,
    hashes: Vec<String>,
    markers: Option<String>,
    extras: Vec<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    commit: Option<String>,
    subdirectory: Option<String>,
    path: Option<String>,
    file: Option<String>,
}

impl PipenvLock {
    /// Reads the lock, if there is one and its Pipfile.
    pub(crate) fn read(tree: &SourceTree) -> Result<Option<Self>, Error> {
        let Some(text) = tree.text(FILE)? else { return Ok(None) };
        let Some(pipfile) = Pipfile::read(tree)? else { return Ok(None) };
        let lock = serde_json::from_str(&text).map_err(|error| Error::Lock {
            manager: Manager::Pipenv,
            what: format!("it is not what Pipenv writes: {error}"),
            mend: "run: pipenv lock".to_owned(),
        })?;
        Ok(Some(Self { lock, text, pipfile }))
    }

    /// Whether a package is in the lock in this version; `None` where it is not there at all.
    pub(crate) fn agrees(&self, name: &str, version: &str) -> Option<bool> {
        let entry = self.entry(name)?;
        Some(entry.version.as_deref().is_some_and(|locked| locked.trim_start_matches('=') == version))
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.lock.default.iter().find(|(written, _)| requirement::normalise(written) == name).map(|(_, entry)| entry)
    }

    /// What is installed without development, once the lock was found to match the Pipfile.
    pub(crate) fn installed(&self, target: Target) -> Result<Installed, Error> {
        if let Some(hash) = self.lock.meta.hash.get("sha256")
            && *hash != self.pipfile.hash(&self.lock.meta.sources)
        {
            let what = "the hash in it is not that of what is stated there now".to_owned();
            return Err(Error::StaleLock { manager: Manager::Pipenv, what });
        }
        let mut out = Installed::default();
        let mut members = BTreeSet::new();
        for (written, entry) in &self.lock.default {
            let holds = |target: Target| entry.markers.as_deref().is_none_or(|m| target.holds(m).unwrap_or(true));
            if !holds(target) {
                continue;
            }
            let only = marker::only(MACHINES.into_iter().filter(|machine| holds(target.on(machine))));
            let at = Evidence { file: FILE.to_owned(), line: self.line(written) };
            let version = entry.version.as_deref().map(|version| version.trim_start_matches('='));
            let pin = Pin { manager: Manager::Pipenv, at: &at, name: written, version, place: place(entry), only };
            let local = pin.local()?;
            // The project itself is installed with its code.
            if local.as_deref() != Some(".") {
                out.pins.push(pin.line(entry.hashes.iter().map(String::as_str))?);
            }
            members.extend(local);
            let name = requirement::normalise(written);
            let stated = self.pipfile.packages.iter().find(|package| package.name == name);
            out.packages.push(Dependency {
                below: None,
                version: version.map(str::to_owned),
                extras: entry.extras.iter().map(|extra| requirement::normalise(extra)).collect(),
                evidence: stated.map_or(at.clone(), |stated| stated.at.clone()),
                direct: stated.is_some(),
                wheels: None,
                sdist: None,
                name,
                only,
            });
        }
        out.packages.sort_by(|a, b| a.name.cmp(&b.name));
        out.members = members.into_iter().collect();
        Ok(out)
    }

    /// The line on which an entry begins.
    fn line(&self, name: &str) -> Option<usize> {
        let begins = |line: &str| {
            let rest = line.trim_start().strip_prefix('"').and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(|rest| rest.starts_with("\": {"))
        };
        self.text.lines().position(begins).map(|n| n + 1)
    }
}

/// Where a package comes from.
fn place(entry: &Entry) -> Place<'_> {
    match (&entry.path, &entry.git, &entry.file) {
        (Some(path), ..) => Place::Local(path),
        (_, Some(url), _) => {
            let commit = entry.commit.as_deref().unwrap_or_default();
            Place::Git { url: url.trim_start_matches("git+"), commit, folder: entry.subdirectory.as_deref() }
        }
        (.., Some(url)) if url.contains("://") => Place::Url(url),
        (.., Some(path)) => Place::Local(path),
        _ => Place::Index,
    }
}

#[cfg(test)]
mod tests;
