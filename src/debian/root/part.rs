//! A part of a root file system: what becomes one layer, by how often it changes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use super::Wanted;
use super::known::python;
use crate::image::layer::Tree;
use crate::project::PythonVersion;

/// A part, and what is in it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which one.
    pub what: What,
    /// Its files.
    pub tree: Tree,
}

/// Which part it is; in the order of the layers, and of how seldom they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The C library, the other libraries that Python needs, and the folders.
    Libraries,
    /// The interpreter and its standard library.
    Python(PythonVersion),
    /// Certificates, time zones, names of services and media types: they follow the world.
    Data,
    /// What the project asks for.
    Extras,
    /// Which packages there are, and where the loader finds what.
    Records,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Libraries => f.write_str("Debian: libraries"),
            Self::Python(version) => write!(f, "Debian: Python {version}"),
            Self::Data => f.write_str("Debian: certificates, time zones"),
            Self::Extras => f.write_str("Debian: system packages"),
            Self::Records => f.write_str("Debian: package records"),
        }
    }
}

/// Packages that hold nothing but data that follows the world.
const DATA: &[&str] = &["ca-certificates", "media-types", "netbase", "tzdata"];

/// Relations of packages: what each is called as well, and what it depends on, each time one of several.
pub(super) struct Relations<'a> {
    pub(super) provides: Vec<&'a str>,
    pub(super) depends: Vec<Vec<&'a str>>,
}

/// Which part each package is in.
pub(super) fn parts<'a>(wanted: &Wanted, packages: &BTreeMap<&'a str, Relations<'a>>) -> BTreeMap<&'a str, What> {
    let base = base(wanted, packages);
    let what = |name: &str| match python(name) {
        _ if !base.contains(name) => What::Extras,
        Some(version) => What::Python(version),
        None if DATA.contains(&name) => What::Data,
        None => What::Libraries,
    };
    packages.keys().map(|name| (*name, what(name))).collect()
}

/// What would be there without the packages that a project asks for: the same for every project.
fn base<'a>(wanted: &Wanted, packages: &BTreeMap<&'a str, Relations<'a>>) -> BTreeSet<&'a str> {
    let mut called: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for (name, relations) in packages {
        for provided in relations.provides.iter().chain([name]) {
            called.entry(provided).or_default().push(name);
        }
    }
    let roots = wanted.base();
    let mut queue: VecDeque<&str> = roots.iter().map(String::as_str).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = queue.pop_front() {
        for real in called.get(name).into_iter().flatten() {
            if found.insert(*real) {
                queue.extend(packages[real].depends.iter().flatten());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Shell;
    use super::*;

    #[test]
    fn what_a_project_asks_for_is_a_part_of_its_own() {
        let relations = |provides: &[&'static str], depends: &[&'static str]| Relations {
            provides: provides.to_vec(),
            depends: depends.iter().map(|name| vec!["not-there", name]).collect(),
        };
        let packages = BTreeMap::from([
            ("python3.13-minimal", relations(&[], &["libc6"])),
            ("libpython3.13-stdlib", relations(&[], &["libdb"])),
            ("libdb5.3", relations(&["libdb"], &["libc6"])),
            ("libc6", relations(&[], &["libc6"])),
            ("tzdata", relations(&[], &[])),
            ("libpq5", relations(&[], &["libldap2", "libc6"])),
            ("libldap2", relations(&[], &[])),
        ]);
        let python = PythonVersion { major: 3, minor: 13 };
        let wanted = Wanted { python, shell: Shell::Dash, extras: vec!["libpq5".to_owned()] };
        let parts = parts(&wanted, &packages);
        assert_eq!(parts["libdb5.3"], What::Libraries);
        assert_eq!(parts["libpython3.13-stdlib"], What::Python(python));
        assert_eq!(parts["tzdata"], What::Data);
        assert_eq!((parts["libpq5"], parts["libldap2"]), (What::Extras, What::Extras));
    }
}
