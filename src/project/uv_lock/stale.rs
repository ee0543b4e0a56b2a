//! Whether a lock still is of the dependencies that pyproject.toml states.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;

use super::format::{Listed, Package};
use crate::project::pyproject::Pyproject;
use crate::project::requirement::Requirement;
use crate::project::{Error, Manager, Parts, requirement, requirements};

/// Every set of specifiers under which a name is listed; `None` where the package has no versions to choose from.
type Names = BTreeMap<String, Vec<Option<Vec<String>>>>;

/// Compares what the lock says of its root package with pyproject.toml.
pub(super) fn check(root: &Package, project: &Pyproject) -> Result<(), Error> {
    if project.dynamic_dependencies.is_some() {
        return Ok(());
    }
    let stated = stated(project)?;
    let listed = root.metadata.as_ref().and_then(|metadata| metadata.requires_dist.as_ref());
    let stale = |what| Err(Error::StaleLock { manager: Manager::Uv, what });
    let Some(listed) = listed else {
        // Old locks, and those of projects without dependencies, have only the names.
        let locked = |name: &str| root.dependencies.iter().any(|edge| edge.name == name);
        return match stated.keys().find(|name| !locked(name)) {
            Some(name) => stale(format!("{name} is not locked")),
            None => Ok(()),
        };
    };
    let locked = locked(listed);
    for (name, theirs) in &stated {
        match locked.get(name) {
            None => return stale(format!("{name} is not locked")),
            Some(ours) if !same(ours, theirs) => {
                return stale(format!("{name} is stated as {}, but locked as {}", show(theirs), show(ours)));
            }
            Some(_) => {}
        }
    }
    match locked.keys().find(|name| !stated.contains_key(*name)) {
        Some(name) => stale(format!("{name} is locked, but no longer stated")),
        None => Ok(()),
    }
}

/// Whether the lock has the parts that were chosen.
pub(super) fn has(root: &Package, parts: &Parts) -> Result<(), Error> {
    let lacks = |all: &BTreeMap<String, _>, part: &str| {
        let part = requirement::normalise(part);
        !all.keys().any(|name| requirement::normalise(name) == part)
    };
    let extra = parts.extras.iter().find(|extra| lacks(&root.optional_dependencies, extra));
    let group = parts.groups.iter().find(|group| lacks(&root.dev_dependencies, group));
    let part = extra.map(|extra| ("extra", extra)).or(group.map(|group| ("group", group)));
    match part {
        Some((kind, name)) => {
            let what = format!("it has nothing of the {kind} {name}, which the settings choose");
            Err(Error::StaleLock { manager: Manager::Uv, what })
        }
        None => Ok(()),
    }
}

fn stated(project: &Pyproject) -> Result<Names, Error> {
    let mut names = Names::new();
    for listed in project.dependencies.iter().flatten() {
        let parsed = Requirement::parse(&listed.text)
            .map_err(|reason| requirements::refuse(&listed.at, &listed.text, reason))?;
        let Some(name) = parsed.name else { continue };
        let specifiers = parsed.specifiers.as_ref();
        names.entry(name).or_default().push(Some(specifiers.map(sorted).unwrap_or_default()));
    }
    Ok(names)
}

fn locked(listed: &[Listed]) -> Names {
    let mut names = Names::new();
    for entry in listed.iter().filter(|entry| !entry.is_extra()) {
        let text = entry.specifier.as_deref().unwrap_or_default();
        let specifiers = VersionSpecifiers::from_str(text).map(|specifiers| sorted(&specifiers));
        let specifiers = specifiers.unwrap_or_else(|_| vec![text.to_owned()]);
        let name = requirement::normalise(&entry.name);
        names.entry(name).or_default().push((!entry.is_direct()).then_some(specifiers));
    }
    names
}

fn sorted(specifiers: &VersionSpecifiers) -> Vec<String> {
    let mut texts: Vec<_> = specifiers.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    texts
}

fn same(ours: &[Option<Vec<String>>], theirs: &[Option<Vec<String>>]) -> bool {
    let order = |sets: &[Option<Vec<String>>]| {
        let mut sets = sets.to_vec();
        sets.sort();
        sets.dedup();
        sets
    };
    ours.iter().any(Option::is_none) || order(ours) == order(theirs)
}

fn show(sets: &[Option<Vec<String>>]) -> String {
    let texts = sets.iter().map(|set| match set.as_deref() {
        None | Some([]) => "any version".to_owned(),
        Some(specifiers) => specifiers.join(","),
    });
    texts.collect::<Vec<_>>().join(" and ")
}
