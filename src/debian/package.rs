//! A package that an archive has: what is known of it before it is fetched.

use oci_spec::image::Digest;

/// A package that an archive has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `libpython3.13-stdlib`
    pub name: String,
    /// `3.13.5-2`
    pub version: String,
    /// `amd64`, or `all`.
    pub architecture: String,
    /// The name and version of the source package, by which security notices go.
    pub source: (String, String),
    /// How much a system needs it.
    pub priority: Priority,
    /// What it depends on, as the archive says it: `Pre-Depends`, then `Depends`.
    pub depends: String,
    /// Where the archive is.
    pub uri: String,
    /// Where it is in the archive: `pool/main/p/python3.13/…`.
    pub filename: String,
    /// The size of that file, in bytes.
    pub size: u64,
    /// The digest of that file.
    pub sha256: Digest,
}

/// How much a system needs a package, from most to least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// No package may rely on its absence: `Essential: yes`.
    Essential,
    /// `required`
    Required,
    /// `important`
    Important,
    /// `standard`
    Standard,
    /// `optional`, and whatever else is said.
    Optional,
    /// `extra`
    Extra,
}

impl Priority {
    /// Reads the fields `Essential` and `Priority`.
    pub(super) fn of(essential: &str, priority: &str) -> Self {
        match (essential, priority) {
            ("yes", _) => Self::Essential,
            (_, "required") => Self::Required,
            (_, "important") => Self::Important,
            (_, "standard") => Self::Standard,
            (_, "extra") => Self::Extra,
            _ => Self::Optional,
        }
    }
}
