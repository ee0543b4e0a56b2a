//! A base: an image that others are put on, by its layers.

use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest, ImageManifest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::Error;
use crate::cache::{Cache, Key, Kind};
use crate::dockerfile::Platform;
use crate::image::assembly::{Layer, layer_type};
use crate::image::config::ImageConfig;
use crate::image::reference::ImageRef;
use crate::registry::{Manifest, Pointer, Registry};

/// Where a base is read from.
#[derive(Clone)]
pub struct Origin {
    /// The registry.
    pub registry: Arc<Registry>,
    /// Its name as the plan has it.
    pub image: ImageRef,
}

/// A base image of one platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// The digest of its manifest.
    pub digest: Digest,
    /// Its config, as it came.
    config: Value,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
}

impl Base {
    /// Its config.
    pub fn config(&self) -> ImageConfig {
        // It was read once before it was kept.
        serde_json::from_value(self.config.clone()).unwrap_or_default()
    }

    /// Whether it is for machines of this kind.
    pub(super) fn is_for(&self, platform: &Platform) -> bool {
        self.config().architecture == platform.architecture
    }

    /// What its config says of its layers, as it was written.
    pub fn history(&self) -> Vec<Value> {
        self.config.get("history").and_then(Value::as_array).cloned().unwrap_or_default()
    }
}

impl Origin {
    /// The digest that the name stands for now: one request, and none where the name has it.
    pub async fn digest(&self) -> Result<Digest, Error> {
        if let Some(digest) = &self.image.digest {
            return digest.as_str().parse().map_err(|_| self.odd("its digest is none"));
        }
        let pointer: Pointer = self.image.selector().parse()?;
        let found = self.registry.head_manifest(self.image.repository.path(), &pointer).await?;
        found.map(|d| d.digest().clone()).ok_or_else(|| Error::NoBase { image: self.image.to_string() })
    }

    /// The base of this platform, whose manifest or index has that digest.
    pub async fn read(&self, digest: &Digest, platform: &Platform, cache: &Cache) -> Result<Base, Error> {
        let key = Key::new("base").part("digest", digest.to_string()).part("platform", platform.to_string());
        if let Some(base) = cache.find(Kind::Base, &key) {
            return Ok(base);
        }
        let base = self.fetch(digest, platform).await?;
        cache.keep(Kind::Base, &key, &base)?;
        Ok(base)
    }

    async fn fetch(&self, digest: &Digest, platform: &Platform) -> Result<Base, Error> {
        let repository = self.image.repository.path();
        let manifest = self.registry.manifest(repository, &Pointer::Digest(digest.clone())).await?;
        match manifest.read()? {
            Manifest::Image(image) => self.image(manifest.digest, *image, platform).await,
            Manifest::Index(index) => {
                let has = |d: &&Descriptor| d.platform().as_ref().is_some_and(|p| is_of(p, platform));
                let Some(found) = index.manifests().iter().find(has) else {
                    let named = index.manifests().iter().filter_map(|d| d.platform().as_ref()).map(platform_of);
                    let has = named.filter(|p| p.os == "linux").map(|p| p.to_string()).collect();
                    return Err(self.no_platform(platform, has));
                };
                let pointer = Pointer::Digest(found.digest().clone());
                let inner = self.registry.manifest(repository, &pointer).await?;
                match inner.read()? {
                    Manifest::Image(image) => self.image(inner.digest, *image, platform).await,
                    Manifest::Index(_) => Err(self.odd("there is an index in its index")),
                }
            }
        }
    }

    async fn image(&self, digest: Digest, image: ImageManifest, platform: &Platform) -> Result<Base, Error> {
        let bytes = self.registry.config(self.image.repository.path(), image.config()).await?;
        let bad = |source| Error::BaseConfig { image: self.image.to_string(), source };
        let raw: Value = serde_json::from_slice(&bytes).map_err(bad)?;
        let config: ImageConfig = serde_json::from_value(raw.clone()).map_err(bad)?;
        // An image that is not in an index says itself what it is for.
        if !config.architecture.is_empty() && config.architecture != platform.architecture {
            return Err(self.no_platform(platform, vec![format!("{}/{}", config.os, config.architecture)]));
        }
        if !config.config.on_build.is_empty() {
            return Err(Error::OnBuild { image: self.image.to_string() });
        }
        if config.rootfs.diff_ids.len() != image.layers().len() {
            return Err(self.odd("its manifest and its config have different numbers of layers"));
        }
        let mut made = config.history.iter().filter(|h| !h.empty_layer).map(|h| h.created_by.clone());
        let mut layers = Vec::new();
        for (descriptor, diff_id) in image.layers().iter().zip(&config.rootfs.diff_ids) {
            let diff_id = diff_id.parse().map_err(|_| self.odd("a digest in its config is none"))?;
            let kind = layer_type(descriptor.media_type());
            let name = kind.as_ref();
            if !name.starts_with("application/vnd.oci.image.layer.v1.tar") {
                return Err(Error::BaseLayer { image: self.image.to_string(), media_type: name.to_owned() });
            }
            let descriptor = Descriptor::new(kind, descriptor.size(), descriptor.digest().clone());
            layers.push(Layer { descriptor, diff_id, unpacked: 0, what: made.next().unwrap_or_default() });
        }
        Ok(Base { digest, config: raw, layers })
    }

    fn odd(&self, why: &str) -> Error {
        Error::OddBase { image: self.image.to_string(), why: why.to_owned() }
    }

    fn no_platform(&self, wanted: &Platform, has: Vec<String>) -> Error {
        Error::BasePlatform { image: self.image.to_string(), wanted: wanted.to_string(), has }
    }
}

fn platform_of(platform: &oci_spec::image::Platform) -> Platform {
    Platform {
        os: platform.os().to_string(),
        architecture: platform.architecture().to_string(),
        variant: platform.variant().clone().unwrap_or_default(),
    }
}

/// Whether an index's entry is for what is wanted; what a variant is anyway need not be said.
fn is_of(entry: &oci_spec::image::Platform, wanted: &Platform) -> bool {
    let entry = platform_of(entry);
    let plain = |p: &Platform| match (p.architecture.as_str(), p.variant.as_str()) {
        ("arm64", "v8") | ("amd64", "v1") => String::new(),
        (_, variant) => variant.to_owned(),
    };
    entry.os == wanted.os && entry.architecture == wanted.architecture && plain(&entry) == plain(wanted)
}
