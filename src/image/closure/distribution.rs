//! A distribution: an installed Python package, and the files that are its own.

use std::collections::HashMap;

use super::inventory::{Entry, Inventory};

/// An installed Python package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Distribution {
    /// Its name, as its folder has it.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Where a distribution's programs and libraries were compiled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Made {
    /// Elsewhere, for many systems: it brings what those may lack.
    /// <https://peps.python.org/pep-0600/>
    Portable,
    /// For the one system that it was compiled on, or nobody says.
    #[default]
    Here,
}

/// A distribution, and what is known of it.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) distribution: Distribution,
    pub(super) made: Made,
    /// How many programs and libraries it has, and how many of them are modules of Python.
    pub(super) objects: usize,
    pub(super) modules: usize,
}

/// Which distribution a file is of.
#[derive(Debug, Default)]
pub(super) struct Owners {
    owners: Vec<Owner>,
    /// By path; and by folder of packages and the first part of the path below it, where records are gone.
    files: HashMap<String, usize>,
}

impl Owners {
    /// Reads the records of all distributions.
    pub(super) fn of(inventory: &Inventory) -> Self {
        let mut found = Self::default();
        for (path, placed) in &inventory.entries {
            let (Some(info), Entry::Text(lines)) = (path.strip_suffix("/RECORD"), &placed.entry) else { continue };
            let Some((site, name)) = info.rsplit_once('/') else { continue };
            let Some(distribution) = Distribution::of(name) else { continue };
            let made = match inventory.entries.get(&format!("{info}/WHEEL")).map(|p| &p.entry) {
                Some(Entry::Text(tags)) if tags.iter().any(|t| is_portable(t)) => Made::Portable,
                _ => Made::Here,
            };
            let number = found.owners.len();
            let (mut objects, mut modules) = (0, 0);
            for line in lines {
                let file = joined(site, line);
                let is_object =
                    |file: &str| inventory.entries.get(file).is_some_and(|p| matches!(p.entry, Entry::Object(_)));
                if is_object(&file) {
                    objects += 1;
                    modules += usize::from(is_module(&file));
                    found.files.insert(file, number);
                }
            }
            found.owners.push(Owner { distribution, made, objects, modules });
        }
        found
    }

    /// The distribution that a file is of.
    pub(super) fn owner(&self, file: &str) -> Option<&Owner> {
        self.files.get(file).and_then(|number| self.owners.get(*number))
    }

    /// Files that a distribution brings.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

impl Distribution {
    /// From its folder: `psycopg2-2.9.10.dist-info`.
    fn of(folder: &str) -> Option<Self> {
        let (name, version) = folder.strip_suffix(".dist-info")?.split_once('-')?;
        Some(Self { name: name.replace('_', "-"), version: version.to_owned() })
    }
}

impl std::fmt::Display for Distribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// Whether a file is a module of Python, by its name.
pub(super) fn is_module(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let plain = |stem: &str| !stem.starts_with("lib") && !stem.contains('.');
    module(name).is_some() || name.strip_suffix(".so").is_some_and(plain)
}

/// The name of a module, where its file has the tag of an interpreter: `_psycopg.cpython-313-x86_64-linux-gnu.so`.
/// <https://peps.python.org/pep-3149/>
pub(super) fn module(name: &str) -> Option<&str> {
    let (stem, tag) = name.strip_suffix(".so")?.split_once('.')?;
    (tag.starts_with("abi3") || tag.starts_with("cpython-") || tag.starts_with("pypy")).then_some(stem)
}

fn is_portable(tag: &str) -> bool {
    let platform = tag.rsplit('-').next().unwrap_or_default();
    platform.starts_with("manylinux") || platform.starts_with("musllinux")
}

/// A path relative to a folder; `..` taken by the letter, since no installer writes through links.
fn joined(folder: &str, path: &str) -> String {
    if let Some(absolute) = path.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<_> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_are_read() {
        let found = Distribution::of("typing_extensions-4.15.0.dist-info").map(|d| d.to_string());
        assert_eq!(found.as_deref(), Some("typing-extensions 4.15.0"));
        assert_eq!(joined("opt/venv/lib/python3.13/site-packages", "../../../bin/uwsgi"), "opt/venv/bin/uwsgi");
        assert_eq!(joined("a", "../../../b"), "b");
        assert!(is_portable("cp313-cp313-manylinux_2_17_x86_64") && is_portable("py3-none-musllinux_1_2_aarch64"));
        assert!(!is_portable("cp313-cp313-linux_x86_64") && !is_portable("py3-none-any"));
    }
}
