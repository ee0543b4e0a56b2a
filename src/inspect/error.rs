//! An inspection's fault: why an image can't be read.

use crate::image::digest::Mismatch;
use crate::image::rootfs::LayerError;
use crate::{engine, layout, registry};

/// Why an image can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The registry does not give it.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// The layout does not have it, or not whole.
    #[error(transparent)]
    Layout(#[from] layout::Error),
    /// The engine does not give it.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// Its config is none.
    #[error("could not understand the image config of {image}")]
    Config {
        /// The image.
        image: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// None of its platforms is one that we read.
    #[error("{image} has no image for Linux{}", it_has(has))]
    NoPlatform {
        /// The image.
        image: String,
        /// What it has.
        has: Vec<String>,
    },
    /// It is for more platforms than there are.
    #[error("{image} has images for more than {limit} platforms")]
    TooManyPlatforms {
        /// The image.
        image: String,
        /// The most that are read.
        limit: usize,
    },
    /// It says something of itself that no image can.
    #[error("{image} can't be read: {why}")]
    Odd {
        /// The image.
        image: String,
        /// What.
        why: String,
    },
    /// One of its layers can't be read.
    #[error("could not read the layer {layer} of {image}")]
    Layer {
        /// The image.
        image: String,
        /// The layer's digest.
        layer: String,
        /// Why.
        #[source]
        source: LayerError,
    },
    /// A layer is not what its digest says. Refused, whatever was found in it.
    #[error("could not accept the layer {layer} of {image}")]
    Digest {
        /// The image.
        image: String,
        /// The layer's digest.
        layer: String,
        /// Both digests.
        #[source]
        source: Mismatch,
    },
    /// A layer is not kept with the image.
    #[error("the layer {layer} of {image} is not kept with the image ({media_type}), and may not be passed on")]
    Foreign {
        /// The image.
        image: String,
        /// The layer's digest.
        layer: String,
        /// What the manifest calls it.
        media_type: String,
    },
}

impl Error {
    /// What would mend it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(fault) => fault.hint(),
            Self::Layout(fault) => fault.hint(),
            Self::NoPlatform { .. } => Some("build it for linux/amd64 or linux/arm64".to_owned()),
            Self::Layer { source: LayerError::DiffId(_), .. } | Self::Digest { .. } => {
                Some("the image was damaged or changed by hand: don't use it, build it anew".to_owned())
            }
            Self::Layer { .. } | Self::Config { .. } | Self::Odd { .. } => {
                Some("no engine could run it either: build it anew".to_owned())
            }
            _ => None,
        }
    }
}

fn it_has(has: &[String]) -> String {
    if has.is_empty() { ": its index is empty".to_owned() } else { format!("; it has {}", has.join(", ")) }
}
