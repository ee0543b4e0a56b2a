//! A layer's fault: why its content can't be known.

use std::io;

use crate::image::digest::Mismatch;

/// Why a layer's content can't be known.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The bytes are no tar archive.
    #[error("it is not the tar archive that it should be: {why}, at byte {at}")]
    NotTar {
        /// Where in the uncompressed bytes.
        at: u64,
        /// What is odd there.
        why: &'static str,
    },
    /// The compression is none of OCI's.
    #[error("it is compressed with {0}; layers are with gzip, zstd or not at all")]
    Compression(&'static str),
    /// The bytes can't be had, or not be decompressed.
    #[error("it could not be decompressed")]
    Unreadable(#[source] io::Error),
    /// It expands to more than we are willing to look at.
    #[error("it expands to more than {limit} bytes, which is too much to look through")]
    TooLarge {
        /// The most that is looked through, in bytes.
        limit: u64,
    },
    /// It has more entries, longer names or deeper folders than we are willing to keep in mind.
    #[error("it has more {what} than pydeploy looks through")]
    TooMuch {
        /// More of what.
        what: &'static str,
    },
    /// An entry that no engine could unpack.
    #[error("its entry {name:?} can't be unpacked: {why}")]
    Misplaced {
        /// The entry's name.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// The content is not what the image config says.
    #[error("its content is not what the image config says: {0}")]
    DiffId(Mismatch),
}

impl LayerError {
    /// The fault inside an `io::Error`, where there is one of ours.
    pub(super) fn of(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Unreadable)
    }

    /// An entry that no engine could unpack.
    pub(super) fn misplaced(name: &[u8], why: &'static str) -> Self {
        let shown: String = String::from_utf8_lossy(name).chars().take(200).collect();
        Self::Misplaced { name: shown, why }
    }
}
