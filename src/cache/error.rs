//! A failure of the cache.

use std::io;
use std::path::{Path, PathBuf};

use crate::image::digest::Mismatch;

/// Why the cache can't be used, or not for this.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No variable says where a cache could be.
    #[error("there is no place for a cache: HOME is not set")]
    NoPlace,
    /// The folder holds something else.
    #[error("{} holds other files, and is no cache of pydeploy", .0.display())]
    Foreign(PathBuf),
    /// The folder is of another layout.
    #[error("the cache in {} is of another version of pydeploy", .0.display())]
    Version(PathBuf),
    /// Others may write to it.
    #[error("everyone on this machine may write to the cache in {}", .0.display())]
    Open(PathBuf),
    /// Something can't be read.
    #[error("could not read {} in the cache", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something can't be written.
    #[error("could not write {} in the cache", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A note that is too large to be read back.
    #[error("a note of {size} bytes is too large for the cache")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// A note that is no JSON.
    #[error("could not make a note of a {kind} in the cache")]
    Note {
        /// The kind of what was to be noted.
        kind: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A name that no content can have here.
    #[error("{0} is no digest that content can be kept under")]
    Algorithm(String),
    /// Content that is not what it should be.
    #[error("what came is not {digest}")]
    Content {
        /// What was to come.
        digest: String,
        /// How it differs.
        #[source]
        source: Mismatch,
    },
    /// Content of another size than it should have.
    #[error("{digest} has {expected} bytes, and not the {actual} that came")]
    Size {
        /// What was to come.
        digest: String,
        /// Its size.
        expected: u64,
        /// What came, so far.
        actual: u64,
    },
}

impl Error {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        let elsewhere = "PYDEPLOY_CACHE names another folder for the cache";
        match self {
            Self::NoPlace | Self::Foreign(_) => Some(elsewhere.to_owned()),
            Self::Version(path) => Some(format!("remove {}, or use another: {elsewhere}", path.display())),
            Self::Open(path) => Some(format!("chmod o-w {}, or use another: {elsewhere}", path.display())),
            Self::Write { source, .. } if is_full(source) => {
                Some(format!("free some space: `pydeploy cache prune` removes what is used least; {elsewhere}"))
            }
            Self::Read { source, .. } | Self::Write { source, .. }
                if matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
            {
                Some(elsewhere.to_owned())
            }
            _ => None,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// Why something did not come to be in the cache.
#[derive(Debug, thiserror::Error)]
pub enum Failed<E: std::error::Error + 'static> {
    /// The cache failed.
    #[error(transparent)]
    Cache(#[from] Error),
    /// The making of it failed.
    #[error(transparent)]
    Make(E),
}
