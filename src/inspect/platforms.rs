//! The platforms of an image: all that can be run of it, and what is for others.

use std::collections::VecDeque;

use futures_util::{StreamExt, TryStreamExt, stream};
use oci_spec::image::{Descriptor, ImageManifest, MediaType, Platform};
use serde::Deserialize;

use super::layers::Known;
use super::{Error, Image, Place, PlatformImage};
use crate::image::config::ImageConfig;
use crate::image::reference::DigestRef;
use crate::layout::is_attestation;
use crate::registry::{Manifest, RawManifest};

/// The most platforms of one image. Go itself runs on twenty of Linux's.
const PLATFORMS: usize = 32;
/// How many are read at a time.
const AT_ONCE: usize = 6;
/// How many indexes may be in each other.
const DEPTH: usize = 3;
/// How many indexes there may be in all.
const INDEXES: usize = 16;
/// What Docker calls an image's config.
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// What Docker calls an image's manifest, and an index.
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What one manifest turned out to be.
enum Read {
    Image(Box<PlatformImage>),
    /// Something else; what.
    Other(String),
}

/// What an index lists, its inner indexes included.
#[derive(Default)]
struct Listed {
    images: Vec<Descriptor>,
    others: Vec<String>,
}

impl Image {
    /// Reads the configs of all platforms that a manifest or index stands for.
    pub(super) async fn new(
        place: Place,
        name: String,
        reference: Option<DigestRef>,
        manifest: RawManifest,
    ) -> Result<Self, Error> {
        let digest = manifest.digest.clone();
        let mut listed = Listed::default();
        let mut read = Vec::new();
        match manifest.read()? {
            Manifest::Image(_) => read.push(one(&place, &name, None, &manifest).await?),
            Manifest::Index(index) => {
                listed = list(&place, &name, *index).await?;
                let images = stream::iter(std::mem::take(&mut listed.images)).map(|descriptor| {
                    let (place, name) = (&place, &name);
                    async move {
                        let manifest = place.manifest(&descriptor).await?;
                        one(place, name, descriptor.platform().as_ref(), &manifest).await
                    }
                });
                read = images.buffered(AT_ONCE).try_collect().await?;
            }
        }
        let mut platforms: Vec<PlatformImage> = Vec::new();
        let mut others = listed.others;
        for read in read {
            match read {
                // Of two images for one platform, engines take the first.
                Read::Image(image) if platforms.iter().any(|known| known.platform == image.platform) => {}
                Read::Image(image) => platforms.push(*image),
                Read::Other(what) => others.push(what),
            }
        }
        if platforms.is_empty() {
            return Err(Error::NoPlatform { image: name, has: others });
        }
        Ok(Self { place, name, reference, digest, platforms, others })
    }
}

/// What an index and those in it list, but for what only goes with images.
async fn list(place: &Place, name: &str, index: oci_spec::image::ImageIndex) -> Result<Listed, Error> {
    let odd = |why: &str| Error::Odd { image: name.to_owned(), why: why.to_owned() };
    let mut listed = Listed::default();
    let mut indexes = VecDeque::from([(index, 1)]);
    let mut count = 1;
    while let Some((index, depth)) = indexes.pop_front() {
        for descriptor in index.manifests() {
            let platform = descriptor.platform().as_ref().map(|p| (p.os().to_string(), p.architecture().to_string()));
            let kind = descriptor.media_type();
            match platform {
                _ if is_attestation(descriptor) => {}
                Some((os, architecture)) if os == "unknown" || architecture == "unknown" => {}
                Some((os, architecture)) if os != "linux" && !os.is_empty() => {
                    listed.others.push(format!("{os}/{architecture}"));
                }
                _ if *kind == MediaType::ImageIndex || kind.as_ref() == DOCKER_INDEX => {
                    count += 1;
                    if depth == DEPTH || count > INDEXES {
                        return Err(odd("there are too many indexes in its index"));
                    }
                    if let Manifest::Index(inner) = place.manifest(descriptor).await?.read()? {
                        indexes.push_back((*inner, depth + 1));
                    }
                }
                _ if *kind == MediaType::ImageManifest || kind.as_ref() == DOCKER_MANIFEST => {
                    listed.images.push(descriptor.clone());
                }
                _ => listed.others.push(kind.to_string()),
            }
            if listed.images.len() > PLATFORMS {
                return Err(Error::TooManyPlatforms { image: name.to_owned(), limit: PLATFORMS });
            }
        }
    }
    Ok(listed)
}

/// The image of a manifest. An index may say more of its platform than the image itself.
async fn one(place: &Place, name: &str, platform: Option<&Platform>, manifest: &RawManifest) -> Result<Read, Error> {
    let Manifest::Image(image) = manifest.read()? else {
        return Ok(Read::Other("an index that says to be an image".to_owned()));
    };
    let image: ImageManifest = *image;
    let kind = image.config().media_type();
    if *kind != MediaType::ImageConfig && kind.as_ref() != DOCKER_CONFIG {
        return Ok(Read::Other(image.artifact_type().as_ref().unwrap_or(kind).to_string()));
    }
    let bytes = place.config(image.config()).await?;
    let odd = |source| Error::Config { image: name.to_owned(), source };
    let config: ImageConfig = serde_json::from_slice(&bytes).map_err(odd)?;
    let Variant { variant } = serde_json::from_slice(&bytes).unwrap_or_default();
    let os = if config.os.is_empty() { "linux" } else { &config.os };
    // The index is what an engine chooses by.
    let platform = match platform {
        Some(p) => written(os, &p.architecture().to_string(), p.variant().as_deref().unwrap_or_default()),
        None => written(os, &config.architecture, &variant.unwrap_or_default()),
    };
    if os != "linux" {
        return Ok(Read::Other(platform));
    }
    let (digest, layers) = (manifest.digest.clone(), image.layers().clone());
    Ok(Read::Image(Box::new(PlatformImage {
        platform,
        digest,
        config,
        layers,
        known: Known::lock(image.layers().len()),
    })))
}

#[derive(Deserialize, Default)]
struct Variant {
    variant: Option<String>,
}

/// A platform as people write it; what a variant is anyway is left out.
pub(super) fn written(os: &str, architecture: &str, variant: &str) -> String {
    match (architecture, variant) {
        (_, "") | ("arm64", "v8") | ("amd64", "v1") => format!("{os}/{architecture}"),
        _ => format!("{os}/{architecture}/{variant}"),
    }
}

impl Place {
    async fn manifest(&self, descriptor: &Descriptor) -> Result<RawManifest, Error> {
        Ok(match self {
            Self::Registry(registry, repository) => {
                let pointer = descriptor.digest().to_string().parse()?;
                registry.manifest(repository, &pointer).await?
            }
            Self::Layout(layout) => layout.read(descriptor)?,
            Self::Engine(_) => return Err(nothing_of_the_kind()),
        })
    }

    async fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Registry(registry, repository) => registry.config(repository, descriptor).await?,
            Self::Layout(layout) => layout.config(descriptor)?,
            Self::Engine(_) => return Err(nothing_of_the_kind()),
        })
    }
}

/// An engine has images, and neither manifests nor layers.
pub(super) fn nothing_of_the_kind() -> Error {
    Error::Odd { image: "an engine's image".to_owned(), why: "it has neither manifest nor layers".to_owned() }
}
