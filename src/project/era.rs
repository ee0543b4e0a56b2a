//! The era of a release: the newest Python that a pinned release of a well-known package is for, where no lock lists its
//! wheels. What is older than its Python is compiled at best, and at worst imports what Python no longer has.

use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;

use super::{Dependency, PythonVersion};

/// A package, where a line of its releases begins of which this holds, the newest first, and its first release for Python
/// 3.13, for 3.12, for 3.11 and for 3.10, as its index lists wheels or its notes say; empty where it is not known to matter.
const FIRST: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("aiohttp", "0", "3.10.6", "3.9.0", "3.8.3", "3.8.0"),
    ("asyncpg", "0", "0.30.0", "0.29.0", "0.27.0", "0.25.0"),
    ("cffi", "0", "1.17.0", "1.16.0", "1.15.1", "1.15.0"),
    // The module cgi is gone from 3.13, distutils from 3.12, a parameter of gettext's from 3.11, and names of collections
    // from 3.10.
    ("django", "0", "4.2", "4.1", "3.0", "2.1"),
    ("gevent", "0", "24.10.1", "23.9.0", "22.10.1", "21.8.0"),
    ("greenlet", "0", "3.1.0", "3.0.0", "1.1.3", "1.1.2"),
    ("grpcio", "0", "1.67.0", "1.59.0", "1.49.1", "1.41.1"),
    ("httptools", "0", "0.6.2", "0.6.1", "0.5.0", "0.4.0"),
    // Containers are no longer in the module collections since 3.10.
    ("jinja2", "0", "2.11.0", "2.11.0", "2.11.0", "2.11.0"),
    ("lxml", "0", "5.3.0", "4.9.3", "4.9.1", "4.6.4"),
    ("matplotlib", "0", "3.9.2", "3.8.0", "3.6.0", "3.5.0"),
    ("numpy", "0", "2.1.0", "1.26.0", "1.23.2", "1.21.2"),
    ("orjson", "0", "3.10.7", "3.9.7", "3.8.0", "3.6.5"),
    ("pandas", "0", "2.2.3", "2.1.1", "1.5.1", "1.3.3"),
    ("pillow", "0", "11.0.0", "10.1.0", "9.3.0", "8.4.0"),
    ("psycopg-binary", "0", "3.2.3", "3.1.12", "3.1.4", ""),
    ("psycopg2", "0", "2.9.10", "2.9.6", "", ""),
    ("psycopg2-binary", "0", "2.9.10", "2.9.9", "2.9.5", "2.9.2"),
    ("pydantic", "2", "2.8.0", "2.4.0", "", ""),
    ("pydantic", "1", "1.10.18", "", "", ""),
    ("pydantic-core", "0", "2.20.0", "2.10.0", "", ""),
    ("pyyaml", "0", "6.0.2", "6.0.1", "6.0.1", "6.0"),
    ("scikit-learn", "0", "1.5.2", "1.3.1", "1.1.3", "1.0.1"),
    ("scipy", "0", "1.14.1", "1.11.2", "1.9.2", "1.7.2"),
    // Its importer is of before 3.12.
    ("six", "0", "1.16.0", "1.16.0", "", ""),
    // What it asks of typing has changed.
    ("sqlalchemy", "2", "2.0.31", "", "", ""),
    ("tensorflow", "0", "2.20.0", "2.16.0", "2.12.0", "2.8.0"),
    ("tiktoken", "0", "0.8.0", "0.5.2", "", ""),
    ("torch", "0", "2.5.0", "2.2.0", "2.0.0", "1.11.0"),
    ("uvloop", "0", "0.21.0", "0.18.0", "0.17.0", "0.16.0"),
];

/// What is known of the release that will be installed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Release<'a> {
    /// Its version.
    At(&'a str),
    /// A version that it is older than.
    Below(&'a str),
}

impl<'a> Release<'a> {
    /// That of a dependency, where anything says so.
    pub(super) fn of(package: &'a Dependency) -> Option<Self> {
        let below = || package.below.as_deref().map(Self::Below);
        package.version.as_deref().map(Self::At).or_else(below)
    }

    /// Whether every release that it may be is older than that version.
    pub(super) fn is_before(self, other: &str) -> bool {
        let (Self::At(text) | Self::Below(text)) = self;
        match (Version::from_str(text), Version::from_str(other), self) {
            (Ok(version), Ok(other), Self::At(_)) => version < other,
            (Ok(version), Ok(other), Self::Below(_)) => version <= other,
            _ => false,
        }
    }
}

impl fmt::Display for Release<'_> {
    /// `4.2`, `before 5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(version) => f.write_str(version),
            Self::Below(version) => write!(f, "before {version}"),
        }
    }
}

/// Whether every release that it may be is older than what its package has for this Python.
pub(super) fn is_before(name: &str, release: Release<'_>, python: PythonVersion) -> bool {
    let line = FIRST.iter().find(|(package, begins, ..)| *package == name && !release.is_before(begins));
    line.is_some_and(|(_, _, thirteen, twelve, eleven, ten)| match python.minor() {
        10 => release.is_before(ten),
        11 => release.is_before(eleven),
        12 => release.is_before(twelve),
        13.. => release.is_before(thirteen),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_release_is_of_its_time() {
        for (name, version, newest) in [
            ("django", "1.11.29", 9),
            ("django", "2.2.28", 10),
            ("django", "3.2.13", 11),
            ("pandas", "1.1.3", 9),
            ("six", "1.10.0", 11),
            ("django", "4.1.7", 12),
            ("django", "4.2", 14),
            ("numpy", "1.24.3", 11),
            ("numpy", "1.21.0", 9),
            ("pydantic", "2.5.0", 12),
            ("pydantic", "2.3.0", 11),
            ("pydantic", "1.10.13", 12),
            ("pydantic", "1.10.19", 14),
            ("sqlalchemy", "2.0.23", 12),
            ("sqlalchemy", "1.4.29", 14),
            ("jinja2", "2.10.1", 9),
            ("nobody", "0.1", 14),
            ("numpy", "no version", 14),
        ] {
            let fits = |minor: &u8| !is_before(name, Release::At(version), PythonVersion { major: 3, minor: *minor });
            assert_eq!((9..=14).rev().find(fits), Some(newest), "{name} {version}");
        }
    }

    #[test]
    fn a_bound_is_of_its_time() {
        for (name, bound, newest) in [
            ("django", "4", 11),
            ("django", "4.2", 12),
            ("django", "5", 14),
            ("numpy", "2", 12),
            ("pydantic", "2", 14),
            ("pydantic", "1.10", 12),
            ("sqlalchemy", "2", 14),
        ] {
            let fits = |minor: &u8| !is_before(name, Release::Below(bound), PythonVersion { major: 3, minor: *minor });
            assert_eq!((9..=14).rev().find(fits), Some(newest), "{name}<{bound}");
        }
    }

    #[test]
    fn every_release_of_the_table_can_be_read() {
        let all = FIRST.iter().flat_map(|(_, begins, a, b, c, d)| [begins, a, b, c, d]);
        assert!(all.filter(|text| !text.is_empty()).all(|text| Version::from_str(text).is_ok()));
    }
}
