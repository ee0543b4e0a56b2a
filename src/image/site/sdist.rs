//! A source distribution: what a wheel is built from where there is none that fits.

use std::fmt;

/// A distribution that comes as source only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sdist {
    /// Its name, normalised.
    pub name: String,
    /// Its version, where it is known.
    pub version: Option<String>,
    /// Where it can be had.
    pub place: Place,
    /// The SHA-256 sums that it may have, in hexadecimal; none where nothing was locked.
    pub sha256: Vec<String>,
}

/// Where a source distribution can be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In pip's package index, by its name.
    Index,
    /// At this address.
    Url(String),
    /// In a repository.
    Git {
        /// Its address, as git takes it.
        url: String,
        /// The commit.
        commit: String,
    },
}

impl Sdist {
    /// What it is, by content where that is known: as part of a key.
    pub fn identity(&self) -> String {
        let place = match &self.place {
            Place::Git { url, commit } => format!("{url}@{commit}"),
            Place::Url(url) if self.sha256.is_empty() => url.clone(),
            _ => self.sha256.join(" "),
        };
        format!("{self} {place}")
    }
}

impl fmt::Display for Sdist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, " {version}"))
    }
}
