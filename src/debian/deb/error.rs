//! A package's fault: why a .deb can't be read.

use std::io;

use crate::image::layer::TreeError;

/// Why a package can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the Debian package {package} can't be unpacked")]
pub struct Error {
    /// Its name, or its file's.
    pub package: String,
    /// Why.
    #[source]
    pub fault: Fault,
}

/// What is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The outer archive is none.
    #[error("it is not the ar archive that a .deb is: {0}")]
    Ar(&'static str),
    /// A format that isn't known.
    #[error("its format is {0:?}; 2.0 is known")]
    Format(String),
    /// It lacks one of its two halves.
    #[error("it has no {0}")]
    Lacks(&'static str),
    /// A compression that isn't known.
    #[error("its member {0:?} is compressed in a way that isn't known here (xz, zst, gz and none are)")]
    Compression(String),
    /// The bytes can't be had, or not be decompressed, or not be taken apart.
    #[error("it could not be read")]
    Unreadable(#[source] io::Error),
    /// What is in it could not be kept.
    #[error("a file of {size} bytes from it could not be kept")]
    Keep {
        /// The file's size, in bytes.
        size: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds more than any package does.
    #[error("it has more {what} than a package may have here ({most})")]
    TooMuch {
        /// More of what.
        what: &'static str,
        /// How much there may be.
        most: u64,
    },
    /// Its control file says nothing usable.
    #[error("its control file can't be used: {0}")]
    Control(&'static str),
    /// A path that leads out of the image, or that no file can have.
    #[error("it has {path:?}: {why}")]
    Path {
        /// The entry.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Somebody's file whom only a maintainer script would make.
    #[error("{path} belongs to {owner}, an account that no Debian system has from the start")]
    Owner {
        /// The file.
        path: String,
        /// Its owner's name.
        owner: String,
    },
    /// Entries that stand in each other's way.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl Error {
    /// What would mend it.
    pub fn hint(&self) -> Option<&'static str> {
        match &self.fault {
            Fault::Owner { .. } => {
                Some("`--strategy multi-stage` takes a base image with dpkg, which makes that account")
            }
            Fault::Keep { .. } => Some("make room for temporary files, or set TMPDIR to a folder that has it"),
            _ => None,
        }
    }
}

impl Fault {
    /// The fault inside an `io::Error`, where there is one of ours.
    pub(super) fn of(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Unreadable)
    }

    pub(super) fn path(path: &[u8], why: &'static str) -> Self {
        Self::Path { path: String::from_utf8_lossy(path).chars().take(200).collect(), why }
    }
}
