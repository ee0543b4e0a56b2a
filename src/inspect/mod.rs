//! An image inspected: what it says of itself, and what its files say, wherever it is.
//!
//! ```text
//! Source ─→ registry, layout or engine ─→ Image ─┬ platforms: config and layers, of each
//!                                                └ files, programs: looked up when they are asked for
//! ```
//!
//! Reading an image takes its manifest and config alone. Of its layers, only those are fetched that an answer depends
//! on, from the top down, each once and whole: what is told of a file is told of content whose digest was checked.

mod engine;
mod entry;
mod error;
mod layers;
mod libraries;
mod platforms;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest};
use tokio::sync::Mutex;

pub use self::entry::{Entry, Presence};
pub use self::error::Error;
use self::layers::Known;
pub use self::source::Source;
use crate::engine::docker::DockerEngine;
use crate::image::config::ImageConfig;
use crate::image::reference::{DigestRef, ImageRef};
use crate::layout::Layout;
use crate::registry::{Pointer, RawManifest, Registry};

/// An image, and where its files can be had.
pub struct Image {
    place: Place,
    /// What it was asked for by, as people write it.
    pub name: String,
    /// Its name by content, where it is in a registry.
    pub reference: Option<DigestRef>,
    /// The digest of its manifest or index; in an engine, its id.
    pub digest: Digest,
    /// What can be run of it, in the order that it has them in: at least one.
    pub platforms: Vec<PlatformImage>,
    /// What of it is for systems that we don't read, such as `windows/amd64`.
    pub others: Vec<String>,
}

/// An image of one platform.
#[derive(Debug)]
pub struct PlatformImage {
    /// Its platform: `linux/amd64`, `linux/arm/v7`.
    pub platform: String,
    /// The digest of its manifest; in an engine, its id.
    pub digest: Digest,
    /// What it says of itself.
    pub config: ImageConfig,
    /// Its layers, the lowest first. An engine doesn't say.
    pub layers: Vec<Descriptor>,
    known: Mutex<Known>,
}

/// Where an image is.
enum Place {
    Registry(Arc<Registry>, String),
    Layout(Arc<Layout>),
    Engine(DockerEngine),
}

impl Image {
    /// Reads an image of a registry: its manifest, or those of all its platforms, and their configs.
    pub async fn from_registry(registry: Arc<Registry>, image: &ImageRef) -> Result<Self, Error> {
        let pointer: Pointer = image.selector().parse()?;
        let manifest = registry.manifest(image.repository.path(), &pointer).await?;
        let digest = manifest.digest.to_string().parse().map_err(|_| Error::Odd {
            image: image.to_string(),
            why: format!("its digest {} is of an algorithm that pydeploy does not have", manifest.digest),
        })?;
        let reference = DigestRef::confirmed(image.repository.clone(), digest);
        let place = Place::Registry(registry, image.repository.path().to_owned());
        Self::new(place, image.to_string(), Some(reference), manifest).await
    }

    /// Reads what a manifest of a registry names, whose digest the reference states.
    pub async fn from_manifest(
        registry: Arc<Registry>,
        reference: DigestRef,
        manifest: RawManifest,
    ) -> Result<Self, Error> {
        let place = Place::Registry(registry, reference.repository().path().to_owned());
        Self::new(place, reference.to_string(), Some(reference), manifest).await
    }

    /// Reads an image of an OCI layout: `PATH`, `PATH:TAG` or `PATH@DIGEST`.
    pub async fn from_layout(text: &str) -> Result<Self, Error> {
        let layout = Layout::open(text)?;
        let manifest = layout.manifest()?;
        Self::new(Place::Layout(Arc::new(layout)), format!("oci:{text}"), None, manifest).await
    }

    /// Reads an image of an engine, by name or id.
    pub async fn from_engine(engine: DockerEngine, name: &str) -> Result<Self, Error> {
        let (digest, image) = engine::read(&engine, name).await?;
        let (name, platforms, others) = (format!("docker:{name}"), vec![image], Vec::new());
        Ok(Self { place: Place::Engine(engine), name, reference: None, digest, platforms, others })
    }

    /// What is at these paths of one of the image's platforms, each by the path as it was given. A path is absolute;
    /// links are followed, and never out of the image.
    pub async fn files(&self, image: &PlatformImage, paths: &[&str]) -> Result<BTreeMap<String, Entry>, Error> {
        match &self.place {
            Place::Engine(engine) => engine::files(engine, image, paths).await,
            _ => self.layered_files(image, paths).await,
        }
    }

    /// Whether programs are there, each by its name as it was given: looked for in the folders of `path`, which is what
    /// `PATH` is, or, with a `/` in it, in the image's working directory. A program that is in several of the folders
    /// is told from any: those of upper layers are seen first, and the lower ones may then not be needed at all.
    pub async fn programs(
        &self,
        image: &PlatformImage,
        names: &[&str],
        path: &str,
    ) -> Result<BTreeMap<String, Presence>, Error> {
        let wanted = entry::candidates(names, path, &image.config.config.working_dir);
        match &self.place {
            Place::Engine(engine) => engine::programs(engine, image, &wanted).await,
            _ => self.layered_programs(image, &wanted).await,
        }
    }
}
