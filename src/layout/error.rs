//! A layout's fault: why an image can't be read from it.

use std::io;
use std::path::PathBuf;

use crate::image::digest::Mismatch;
use crate::image::rootfs::LayerError;

/// Why an image can't be read from a layout.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing at the path.
    #[error("there is no OCI layout at {}", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is something else at the path.
    #[error("{} is not an OCI layout: {why}", path.display())]
    NoLayout {
        /// The path.
        path: PathBuf,
        /// What is missing or odd.
        why: String,
    },
    /// The file at the path is no tar archive.
    #[error("could not read {} as an archive of an OCI layout", path.display())]
    Archive {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: LayerError,
    },
    /// Its index can't be read.
    #[error("could not understand index.json of the OCI layout {}", path.display())]
    Index {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// It has several images, and none was named.
    #[error("the OCI layout {} has several images: {}", path.display(), names.join(", "))]
    Many {
        /// The path.
        path: PathBuf,
        /// What they are called, or their digests.
        names: Vec<String>,
    },
    /// It has no such image.
    #[error("the OCI layout {} has no image{}{}", path.display(), named(wanted), has(names))]
    NoImage {
        /// The path.
        path: PathBuf,
        /// Which was wanted; empty where any would do.
        wanted: String,
        /// What it has.
        names: Vec<String>,
    },
    /// A file of the layout can't be read.
    #[error("could not read {what}")]
    Read {
        /// The layout.
        path: PathBuf,
        /// What was read.
        what: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is larger than such a file can be.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What was read.
        what: String,
        /// The most that is taken, in bytes.
        limit: u64,
    },
    /// A file has another size than its descriptor says.
    #[error("{what} does not have the {expected} bytes that it should")]
    Size {
        /// What was read.
        what: String,
        /// What its descriptor says, in bytes.
        expected: u64,
    },
    /// A file is not what its name says.
    #[error("could not accept {what}")]
    Digest {
        /// What was read.
        what: String,
        /// Both digests.
        #[source]
        source: Mismatch,
    },
    /// A manifest is none that we can read.
    #[error(transparent)]
    Manifest(#[from] crate::registry::Error),
}

impl Error {
    /// What would mend it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => {
                "`docker buildx build --output type=oci,dest=DIR,tar=false` and `skopeo copy … oci:DIR` make one"
                    .to_owned()
            }
            Self::NoLayout { path, .. } if path.join("manifest.json").exists() => {
                "this is what `docker save` of older engines writes: `docker load` it, and name it as docker:NAME"
                    .to_owned()
            }
            Self::Many { path, names } => {
                let name = names.first().map_or("TAG", String::as_str);
                let mark = if name.starts_with("sha256:") { '@' } else { ':' };
                format!("name one of them: oci:{}{mark}{name}", path.display())
            }
            Self::Digest { .. } | Self::Size { .. } => {
                "the layout was damaged or changed by hand: write it anew".to_owned()
            }
            _ => return None,
        })
    }
}

fn named(wanted: &str) -> String {
    if wanted.is_empty() { String::new() } else { format!(" {wanted}") }
}

fn has(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; it has {}", names.join(", ")) }
}
