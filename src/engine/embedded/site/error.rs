//! What is wrong with an installed folder.

use std::path::PathBuf;

use crate::image::layer::TreeError;
use crate::image::site::RowError;

/// Why distributions can't be read from a folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A RECORD names what is not in the folder.
    #[error("{distribution} claims a file outside of its environment")]
    Outside {
        /// The distribution.
        distribution: String,
        /// The row.
        #[source]
        source: RowError,
    },
    /// Something is neither a file nor a folder.
    #[error("{} was installed as neither a file nor a folder", .0.display())]
    Special(PathBuf),
    /// A file's name is not UTF-8.
    #[error("{} has a name that is not UTF-8", .0.display())]
    Name(PathBuf),
    /// A distribution brings a file that makes the environment what it is.
    #[error("{distribution} brings {path}, which is the environment's own")]
    Reserved {
        /// The distribution.
        distribution: String,
        /// The file.
        path: String,
    },
    /// A path can't be in an image.
    #[error("could not put an installed file into the image")]
    Tree(#[from] TreeError),
    /// A digest is none: can't be.
    #[error("could not name what was installed")]
    Digest(#[from] oci_spec::OciSpecError),
}

impl Error {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Outside { .. } | Self::Special(_) | Self::Name(_) | Self::Reserved { .. } => {
                Some("no sound package does that: look at where it comes from, or leave it out".to_owned())
            }
            Self::Unreadable { .. } | Self::Tree(_) | Self::Digest(_) => None,
        }
    }
}
