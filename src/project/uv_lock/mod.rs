//! A uv.lock.

mod format;
mod reach;
mod stale;

use std::collections::BTreeSet;

use self::format::{Lock, Package, Source};
use super::lock::Installed;
use super::marker::{self, MACHINES, Target};
use super::pyproject::{self, Pyproject};
use super::toml_file::{Located, TomlFile};
use super::workspace::{Member, Workspace};
use super::{Dependency, Error, Evidence, Manager, Parts, paths, requirement};
use crate::source::SourceTree;

/// The file's name.
pub(crate) const FILE: &str = "uv.lock";
/// The version of the format that is read here; revisions of it only add keys.
const VERSION: u32 = 1;

/// A lock, and the line on which each package begins.
#[derive(Debug)]
pub(crate) struct UvLock {
    lock: Lock,
    lines: Vec<Option<usize>>,
    /// Its path from the project, as evidence shows it.
    pub(super) file: String,
    /// The project's folder, as the lock names it: `.` where the lock is in it.
    folder: String,
}

impl UvLock {
    /// Reads the lock, if there is one: that of the workspace, where the project is a member of one.
    pub(crate) fn read(tree: &SourceTree, workspace: Option<&Workspace<'_>>) -> Result<Option<Self>, Error> {
        let (name, folder, text) = match workspace {
            Some(workspace) => (workspace.way(FILE), workspace.root.folder(), workspace.root.text(FILE)?),
            None => (FILE.to_owned(), ".".to_owned(), tree.text(FILE)?),
        };
        let Some(text) = text else { return Ok(None) };
        let file = TomlFile::parse(&name, text)?;
        if let Some(version) = file.get(&["version"]).and_then(toml_edit::Item::as_integer)
            && version != i64::from(VERSION)
        {
            return Err(Error::Lock {
                manager: Manager::Uv,
                what: format!("its format is version {version}, and only {VERSION} is known"),
                mend: "lock with a uv that writes version 1, or look for a newer pydeploy".to_owned(),
            });
        }
        let lines = file.table_lines("package");
        let lock = file.read()?;
        Ok(Some(Self { lock, lines, file: name, folder }))
    }

    /// The project's place in the workspace whose lock this is; `None` where the lock is the project's own.
    pub(crate) fn member(&self) -> Result<Option<Member>, Error> {
        if self.folder == "." {
            return Ok(None);
        }
        let package = self.lock.packages.get(self.root()?);
        let name = package.map(|package| package.name.clone()).unwrap_or_default();
        Ok(Some(Member { name, folder: self.folder.clone() }))
    }

    /// The Python that it was made for.
    pub(crate) fn requires_python(&self) -> Option<Located> {
        let text = self.lock.requires_python.clone()?;
        Some(Located { text, at: Evidence::file(&self.file) })
    }

    /// Whether a package is in the lock in this version; `None` where it is not there at all.
    pub(crate) fn agrees(&self, name: &str, version: &str) -> Option<bool> {
        let mut found = self.lock.packages.iter().filter(|package| package.name == name).peekable();
        found.peek()?;
        Some(found.any(|package| package.version.as_deref() == Some(version)))
    }

    /// What is installed, of groups and extras those alone that were chosen, once the lock was found to match pyproject.toml.
    pub(crate) fn installed(
        &self,
        tree: &SourceTree,
        project: &Pyproject,
        parts: &Parts,
        target: Target,
    ) -> Result<Installed, Error> {
        let root = self.root()?;
        if let Some(root) = self.lock.packages.get(root) {
            stale::check(root, project)?;
            stale::has(root, parts)?;
        }
        let reached = reach::from(&self.lock, root, parts, target);
        let on = MACHINES.map(|machine| (machine, reach::from(&self.lock, root, parts, target.on(machine))));
        let only = |index: &usize| {
            let there = on.iter().filter(|(_, reached)| reached.contains_key(index));
            marker::only(there.map(|(machine, _)| *machine))
        };
        let mut out = Installed::default();
        let mut members = BTreeSet::new();
        for (index, reached) in reached.iter().filter(|(index, _)| **index != root) {
            let Some(package) = self.lock.packages.get(*index) else { continue };
            if let Some(path) = package.source.local() {
                let folder = paths::resolve("", path, &self.evidence(*index))?;
                self.fresh(tree, package, &folder)?;
                members.insert(folder);
            }
            let direct = project.dependencies.iter().flatten().find(|listed| {
                reached.direct && requirement::name_of(&listed.text).as_deref() == Some(package.name.as_str())
            });
            let evidence = direct.map_or_else(|| self.evidence(*index), |listed| listed.at.clone());
            let extras: Vec<_> = reached.extras.iter().cloned().collect();
            let only = only(index);
            out.packages.push(Dependency { only, ..dependency(package, evidence, extras, reached.direct) });
        }
        out.packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        out.members = members.into_iter().collect();
        Ok(out)
    }

    /// Whether the lock still is of what a package in a folder beside it states.
    fn fresh(&self, tree: &SourceTree, package: &Package, folder: &str) -> Result<(), Error> {
        let name = paths::join(folder, pyproject::FILE);
        let levels = self.folder.split('/').filter(|part| *part != ".").count();
        let text = match tree.above(levels) {
            Some(above) => above.text(&name)?,
            None => tree.text(&name)?,
        };
        let Some(text) = text else { return Ok(()) };
        let stated = Pyproject::stated(&TomlFile::parse(&name, text)?)?;
        if !stated.has_project {
            return Ok(());
        }
        stale::check(package, &stated).map_err(|error| match error {
            Error::StaleLock { manager, what } => Error::StaleLock { manager, what: format!("in {folder}, {what}") },
            error => error,
        })
    }

    fn evidence(&self, index: usize) -> Evidence {
        Evidence { file: self.file.clone(), line: self.lines.get(index).copied().flatten() }
    }

    /// The package that is the project itself.
    fn root(&self) -> Result<usize, Error> {
        let here = |source: &Source| source.local() == Some(self.folder.as_str());
        self.lock.packages.iter().position(|package| here(&package.source)).ok_or_else(|| {
            let (what, mend) = ("none of its packages is the project itself".to_owned(), "run: uv lock".to_owned());
            Error::Lock { manager: Manager::Uv, what, mend }
        })
    }
}

fn dependency(package: &Package, evidence: Evidence, extras: Vec<String>, direct: bool) -> Dependency {
    let listed = package.source.lists_files();
    Dependency {
        below: None,
        name: package.name.clone(),
        version: package.version.clone(),
        extras,
        evidence,
        wheels: listed.then(|| package.wheels.iter().filter_map(format::Artifact::file_name).collect()),
        sdist: listed.then_some(package.sdist.is_some()),
        direct,
        only: None,
    }
}

#[cfg(test)]
mod tests;
