//! A failure to use an archive.

use std::io;

use reqwest::{StatusCode, Url};
use tokio::task::JoinError;

use super::super::closure::ClosureError;
use super::super::deb;
use super::super::index::IndexFault;
use super::super::release::ReleaseFault;
use super::super::sources::Unreadable;
use super::super::trust::TrustFault;
use crate::cache;

/// Why an archive can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No source of the release is known.
    #[error("no archive of Debian is known that has the release")]
    NoSource,
    /// No client can be made.
    #[error("could not set up HTTP")]
    Setup(#[source] reqwest::Error),
    /// No answer came.
    #[error("could not fetch {url}")]
    Unreachable {
        /// What.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Another answer came.
    #[error("could not fetch {url}: the answer is {status}")]
    Status {
        /// What.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// What came is larger than it can be.
    #[error("{url} has more than {limit} bytes")]
    TooLarge {
        /// What.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The archive's index has no signature that is believed.
    #[error("the archive's index {url} is refused")]
    Untrusted {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: TrustFault,
    },
    /// The archive's index is of another release or time.
    #[error("the archive's index {url} is refused")]
    Release {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: ReleaseFault,
    },
    /// The release lacks an index.
    #[error("the release {url} has no index {path}")]
    Unlisted {
        /// Which release.
        url: String,
        /// Which index.
        path: String,
    },
    /// What came is not what the archive's signed index says.
    #[error("{url} is not what the archive's signed index says it is, {tries} times in a row")]
    Skewed {
        /// What.
        url: String,
        /// How often it was tried.
        tries: u32,
    },
    /// An index of packages can't be read.
    #[error("could not read the archive's index {url}")]
    Index {
        /// Which.
        url: String,
        /// Why.
        #[source]
        cause: IndexFault,
    },
    /// A list of contents can't be read.
    #[error("could not read the archive's list of contents {url}")]
    Contents {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A package can't be looked into.
    #[error("could not look into the package {what}")]
    Package {
        /// Which.
        what: String,
        /// Why.
        #[source]
        source: deb::Error,
    },
    /// An architecture that Debian has none of, or that has no folder of libraries.
    #[error("Debian has no architecture {0}")]
    Architecture(String),
    /// A package is not where it should be.
    #[error("no archive has {what} any more; it was looked for at {}", .urls.join(", "))]
    Gone {
        /// Which.
        what: String,
        /// Where.
        urls: Vec<String>,
    },
    /// No set of packages goes together.
    #[error(transparent)]
    Closure(#[from] ClosureError),
    /// apt's configuration can't be read.
    #[error("could not read apt's configuration {path}")]
    Configuration {
        /// Where it is.
        path: String,
        /// Why.
        #[source]
        source: Unreadable,
    },
    /// apt's configuration can't be read.
    #[error("could not read apt's configuration {path}")]
    Machine {
        /// Where it is.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The cache failed.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// Work was broken off.
    #[error("reading the archive's indexes was broken off")]
    Stopped(#[source] JoinError),
}

impl Error {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoSource => "name an archive: debian.archive",
            Self::Unreachable { .. } | Self::Status { .. } => {
                "check the archive's address and the way to it (HTTPS_PROXY); debian.archive names another"
            }
            Self::Untrusted { source: TrustFault::Refused(_), .. } => {
                "use an archive that Debian signed, or name the keyring of the one that is meant: debian.keyring"
            }
            Self::Release { source: ReleaseFault::Expired { .. }, .. } => {
                "the archive is not kept up, or somebody holds back what is newer: use another. An archive of the past \
                 is named with its date, as Debian's snapshots are"
            }
            Self::Release { source: ReleaseFault::Future { .. }, .. } => "check this machine's clock",
            Self::Skewed { .. } => {
                "the archive is being updated, or its mirror is broken: try again later, or use another"
            }
            Self::Gone { .. } => "lock the packages anew, or name an archive of the past that has them: debian.archive",
            Self::Unlisted { .. } => "check the archive's components, and that it has the image's architecture",
            Self::Closure(error) => return error.hint(),
            Self::Cache(error) => return error.hint(),
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// An address without what may be secret in it.
pub(super) fn shown(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    if parsed.username().is_empty() && parsed.password().is_none() {
        return url.to_owned();
    }
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.to_string()
}
