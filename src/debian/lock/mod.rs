//! A lock: pydeploy.lock, the Debian packages of an image, exactly.
//!
//! ```toml
//! version = 1
//!
//! [[architecture]]
//! name = "amd64"
//!
//! [[architecture.source]]
//! suite = "trixie"
//! date = "Sat, 15 Nov 2025 10:33:33 UTC"
//!
//! [[architecture.package]]
//! name = "libc6"
//! version = "2.41-12"
//! sha256 = "…"
//! size = 2847728
//! filename = "pool/main/g/glibc/libc6_2.41-12_amd64.deb"
//! ```

mod error;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use oci_spec::image::Digest;

pub use self::error::LockError;

/// The file's name, beside the project's manifest.
pub const FILE: &str = "pydeploy.lock";
/// The version of its form.
const VERSION: i64 = 1;

/// What a lock holds, by architecture as Debian names it (`amd64`, `arm64`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// Each architecture's set.
    pub architectures: BTreeMap<String, Set>,
}

/// The packages of one architecture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Set {
    /// The suites that they were chosen from.
    pub sources: Vec<Snapshot>,
    /// The packages, by name.
    pub packages: BTreeMap<String, Locked>,
}

/// A suite of an archive as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snapshot {
    /// Its name (`trixie`, `trixie-security`).
    pub suite: String,
    /// When it was signed, as its InRelease says.
    pub date: String,
}

/// One package, exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Its version.
    pub version: String,
    /// The digest of its .deb.
    pub sha256: Digest,
    /// The size of its .deb, in bytes.
    pub size: u64,
    /// Its .deb's path in the archive.
    pub filename: String,
}

/// How one lock differs from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The architecture.
    pub architecture: String,
    /// The package.
    pub package: String,
    /// What became of it.
    pub what: Moved,
}

/// What became of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moved {
    /// It came, in this version.
    Added(String),
    /// It went, in this version.
    Removed(String),
    /// From one version to another.
    Changed(String, String),
    /// The version is the same, its .deb another.
    Rebuilt(String),
}

impl Lock {
    /// Reads a lock's text.
    pub fn read(text: &str) -> Result<Self, LockError> {
        read::read(text)
    }

    /// What is other in `new`, sorted.
    pub fn diff(old: &Self, new: &Self) -> Vec<Change> {
        let none = Set::default();
        let mut changes = Vec::new();
        let mut both: Vec<_> = old.architectures.keys().chain(new.architectures.keys()).collect();
        both.sort();
        both.dedup();
        for architecture in both {
            let before = &old.architectures.get(architecture).unwrap_or(&none).packages;
            let after = &new.architectures.get(architecture).unwrap_or(&none).packages;
            let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
            names.sort();
            names.dedup();
            let moved = |name| Moved::between(before.get(name), after.get(name));
            changes.extend(names.into_iter().filter_map(|name| {
                let (architecture, package) = (architecture.clone(), name.clone());
                moved(name).map(|what| Change { architecture, package, what })
            }));
        }
        changes
    }
}

impl Moved {
    fn between(old: Option<&Locked>, new: Option<&Locked>) -> Option<Self> {
        match (old, new) {
            (None, Some(new)) => Some(Self::Added(new.version.clone())),
            (Some(old), None) => Some(Self::Removed(old.version.clone())),
            (Some(old), Some(new)) if old.version != new.version => {
                Some(Self::Changed(old.version.clone(), new.version.clone()))
            }
            (Some(old), Some(new)) if old.sha256 != new.sha256 => Some(Self::Rebuilt(new.version.clone())),
            _ => None,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { architecture, package, what } = self;
        match what {
            Moved::Added(version) => write!(f, "{package} {version} added")?,
            Moved::Removed(version) => write!(f, "{package} {version} removed")?,
            Moved::Changed(old, new) => write!(f, "{package} {old} → {new}")?,
            Moved::Rebuilt(version) => write!(f, "{package} {version} is another file")?,
        }
        write!(f, " ({architecture})")
    }
}
