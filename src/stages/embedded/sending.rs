//! A sending: an image on its way out.

use std::collections::HashSet;
use std::sync::Arc;

use oci_spec::image::Digest;

use super::super::build::keychain;
use super::super::push;
use super::super::target::Target;
use super::bench::Bench;
use crate::cache::{Key, Kind as Note};
use crate::engine::embedded::Assembled;
use crate::fault::{Class, Fault};
use crate::image::assembly::{Document, Layer};
use crate::image::reference::{Repository, Tag};
use crate::layout;
use crate::registry::{BlobSource, Parcel, Pointer, Presence, RawManifest, Registry, Shipment};
use crate::settings::Machine;

/// An image on its way out.
pub(super) struct Sending<'a> {
    pub(super) bench: &'a Bench<'a>,
    pub(super) target: &'a Target,
    pub(super) tags: &'a [Tag],
    pub(super) machine: &'a Machine,
}

/// What went out.
pub(super) struct Sent {
    pub(super) bytes: u64,
    pub(super) requests: u64,
}

/// Why an image did not go out.
pub(super) enum Failed {
    /// A layer is nowhere to be found.
    Lost(String),
    /// Anything else.
    Fault(Fault),
}

/// Where a layer is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// The base, in its registry.
    Base,
    /// It was made here.
    Here,
}

impl Failed {
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::Lost(what) => Fault::new(Class::Bug, format!("{what} was made, and is not there"), None),
            Self::Fault(fault) => fault,
        }
    }
}

impl<E: Into<Fault>> std::convert::From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl Sending<'_> {
    pub(super) async fn send(&self, assembled: &Assembled) -> Result<Sent, Failed> {
        match self.target {
            Target::Registry(repository) => self.push(assembled, repository).await,
            Target::Layout(layout) => {
                self.bench.report.stage(&format!("Writing {}", self.target));
                let shipment = self.bench.shipment(assembled, |_| false, &HashSet::new())?;
                let sent = layout::write(&layout.folder, &shipment, self.tags, &self.bench.report.passages()).await;
                let sent = sent.map_err(|error| self.bench.lost(error.damaged().cloned(), error.into()))?;
                Ok(Sent { bytes: sent.uploaded, requests: self.bench.requests() })
            }
        }
    }

    async fn push(&self, assembled: &Assembled, repository: &Repository) -> Result<Sent, Failed> {
        let shared = self.bench.registry_at(repository.host());
        let of_base = if shared.is_some() { 0 } else { self.bench.requests() };
        let registry = if let Some(registry) = shared {
            registry
        } else {
            let keychain = keychain(self.machine, Some(repository.host()))?;
            push::client(repository, &self.bench.prepared.settings.security, &keychain).await?
        };
        let digest = assembled.top.descriptor.digest();
        let mut missing = Vec::new();
        for tag in self.tags {
            let pointer = Pointer::Tag(tag.as_str().to_owned());
            let there = registry.head_manifest(repository.path(), &pointer).await?;
            if there.is_none_or(|d| d.digest() != digest) {
                missing.push(tag.clone());
            }
        }
        let mut bytes = 0;
        if !missing.is_empty() {
            self.bench.report.stage(&format!("Pushing to {repository}"));
            let there = self.kept_elsewhere(assembled, &registry, repository).await?;
            let key = Key::new("pushed").part("repository", repository.to_string());
            let known: HashSet<String> = self.bench.cache.find(Note::Image, &key).unwrap_or_default();
            let shipment = self.bench.shipment(assembled, |layer| there.contains(layer), &known)?;
            let sent = registry.push(repository.path(), &shipment, &missing, &self.bench.report.passages()).await;
            bytes = sent.map_err(|error| self.bench.lost(error.damaged().cloned(), error.into()))?.uploaded;
            let now: HashSet<String> = assembled.layers().into_keys().collect();
            self.bench.cache.keep(Note::Image, &key, &now)?;
        }
        Ok(Sent { bytes, requests: of_base + registry.traffic().requests })
    }

    /// The layers that were made before and are no longer in the cache, but in the registry.
    async fn kept_elsewhere(
        &self,
        assembled: &Assembled,
        registry: &Registry,
        repository: &Repository,
    ) -> Result<HashSet<Digest>, Failed> {
        let mut there = HashSet::new();
        for layer in assembled.images.iter().flat_map(|i| &i.own) {
            let (digest, size) = (layer.descriptor.digest(), layer.descriptor.size());
            if !self.bench.cache.has_blob(digest, size) && registry.blob_exists(repository.path(), digest).await? {
                there.insert(digest.clone());
            }
        }
        Ok(there)
    }
}

impl Bench<'_> {
    /// A fault, unless it is that a layer of ours is damaged: that one is made anew.
    fn lost(&self, damaged: Option<Digest>, fault: Fault) -> Failed {
        let Some(digest) = damaged else { return Failed::Fault(fault) };
        self.cache.forget(&digest);
        Failed::Lost(format!("the layer {digest}"))
    }

    /// Everything that goes out, with where it is.
    pub(super) fn shipment(
        &self,
        assembled: &Assembled,
        is_there: impl Fn(&Digest) -> bool,
        known: &HashSet<String>,
    ) -> Result<Shipment, Failed> {
        let mut blobs = Vec::new();
        let mut manifests = Vec::new();
        for image in &assembled.images {
            let base = image.base.iter().map(|layer| (layer, From::Base));
            let all = base.chain(image.own.iter().map(|layer| (layer, From::Here)));
            for (layer, from) in all.filter(|(layer, _)| !is_there(layer.descriptor.digest())) {
                blobs.push(Parcel {
                    name: format!("layer {}", layer.what),
                    descriptor: layer.descriptor.clone(),
                    source: self.source(layer, from)?,
                    presence: if known.contains(layer.descriptor.digest().as_ref()) {
                        Presence::Known
                    } else {
                        Presence::Likely
                    },
                });
            }
            blobs.push(Parcel {
                name: "image config".to_owned(),
                descriptor: image.config.descriptor.clone(),
                source: BlobSource::Bytes(image.config.text.clone().into()),
                presence: Presence::Unlikely,
            });
            manifests.push(manifest(&image.manifest)?);
        }
        if assembled.images.len() > 1 {
            manifests.push(manifest(&assembled.top)?);
        }
        Ok(Shipment { blobs, manifests })
    }

    fn source(&self, layer: &Layer, from: From) -> Result<BlobSource, Failed> {
        let (digest, size) = (layer.descriptor.digest(), layer.descriptor.size());
        let Self { cache, origin, .. } = self;
        if let Some(path) = cache.path(digest, size) {
            return Ok(BlobSource::File(path));
        }
        match origin {
            Some(origin) if from == From::Base => Ok(BlobSource::Remote {
                registry: Arc::clone(&origin.registry),
                repository: origin.image.repository.path().to_owned(),
            }),
            _ => Err(Failed::Lost(format!("the layer with {}", layer.what))),
        }
    }
}

fn manifest(document: &Document) -> Result<RawManifest, Failed> {
    Ok(RawManifest::new(document.text.clone().into(), document.descriptor.media_type().clone())?)
}
