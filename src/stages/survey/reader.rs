//! A reader: images of registries, whose contracts are read once for each digest.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};

use super::doors::{Door, Doors};
use crate::audit::{Contract, Image, Reading, Tagged};
use crate::fault::Fault;
use crate::image::reference::{Digest, DigestRef, ImageRef, Tag};
use crate::inspect;
use crate::registry::{self, Manifest, Pointer, PullSecret, RawManifest, Registry};
use crate::stages::examine::{Kind, Look, examine};
use crate::stages::promise::promise;
use crate::workload::probes::Assertions;

/// What reading one digest came to. Who waits for another's reading gets its result.
type Cell = Arc<OnceCell<Reading>>;

/// Reads images.
pub(super) struct Reader<'a> {
    doors: &'a Doors<'a>,
    look: Look,
    read: Mutex<HashMap<String, Cell>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(doors: &'a Doors<'a>, look: Look) -> Self {
        Self { doors, look, read: Mutex::default() }
    }

    /// What an image is, with the first login that opens it.
    pub(super) async fn image(&self, image: &ImageRef, secrets: &[&PullSecret]) -> Image {
        let door = self.doors.door(image.repository.host()).await;
        // The semaphore is never closed.
        let _turn = door.turn.acquire().await.ok();
        if let Some(reading) = door.shut.lock().await.clone() {
            return Image { reading, tag: Tagged::Unasked };
        }
        match self.open(&door, image, secrets).await {
            Ok((client, manifest)) => {
                let tag = match (&image.digest, &image.tag) {
                    (Some(digest), Some(tag)) => tagged(&client, image, tag, digest).await,
                    _ => Tagged::Unasked,
                };
                Image { reading: self.contract(client, image, manifest).await, tag }
            }
            Err(error) => {
                let reading = unread(&error, error.hint());
                if matches!(error, registry::Error::Unreachable { .. } | registry::Error::Tls { .. }) {
                    *door.shut.lock().await = Some(reading.clone());
                }
                Image { reading, tag: Tagged::Unasked }
            }
        }
    }

    /// The image's manifest, and the client that it came by.
    async fn open(
        &self,
        door: &Door,
        image: &ImageRef,
        secrets: &[&PullSecret],
    ) -> Result<(Arc<Registry>, RawManifest), registry::Error> {
        let (host, path) = (image.repository.host(), image.repository.path());
        let pointer: Pointer = image.selector().parse()?;
        let mut refused = None;
        for login in self.doors.logins(door, &image.repository, secrets).await? {
            let client = self.doors.client(door, host, &login).await?;
            match client.manifest(path, &pointer).await {
                Ok(manifest) => return Ok((client, manifest)),
                // Another login may do. That one sees nothing is what many registries say of what is not allowed.
                Err(
                    error @ (registry::Error::Unauthorized { .. }
                    | registry::Error::Denied { .. }
                    | registry::Error::NotFound { .. }
                    | registry::Error::TokenService { .. }),
                ) => refused = refused.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(refused.unwrap_or(registry::Error::Unauthorized { host: host.to_owned(), user: None }))
    }

    /// What the manifest's image promises; read once, by whatever names it is asked for.
    async fn contract(&self, client: Arc<Registry>, image: &ImageRef, manifest: RawManifest) -> Reading {
        let key = format!("{}@{}", image.repository, manifest.digest);
        let cell = Arc::clone(self.read.lock().await.entry(key).or_default());
        cell.get_or_init(|| self.read(client, image, manifest)).await.clone()
    }

    async fn read(&self, client: Arc<Registry>, image: &ImageRef, manifest: RawManifest) -> Reading {
        let Ok(digest) = manifest.digest.to_string().parse::<Digest>() else {
            let why = format!("its digest {} is of an algorithm that pydeploy does not have", manifest.digest);
            return Reading::Unread { why, hint: None };
        };
        let reference = DigestRef::confirmed(image.repository.clone(), digest.clone());
        let read = match inspect::Image::from_manifest(client, reference, manifest).await {
            Ok(read) => read,
            Err(error) => return unread(&error, error.hint()),
        };
        match examine(Kind::Registry, &read, self.look, Assertions::default()).await {
            Ok(examined) => {
                let platforms = examined.platforms.iter().map(|p| p.name.clone()).collect();
                // Whether the manifest names this image is no question: its own name led here.
                let promise = crate::manifests::against::Promise { image: None, ..promise(&examined, Some(image)) };
                Reading::Read(Arc::new(Contract { digest, promise, platforms }))
            }
            Err(Fault { message, causes, hint, .. }) => {
                Reading::Unread { why: std::iter::once(message).chain(causes).collect::<Vec<_>>().join(": "), hint }
            }
        }
    }
}

/// What the tag beside a digest stands for. A digest may be that of one platform in the tag's index.
async fn tagged(client: &Registry, image: &ImageRef, tag: &Tag, digest: &Digest) -> Tagged {
    let (path, pointer) = (image.repository.path(), Pointer::Tag(tag.as_str().to_owned()));
    let now = match client.head_manifest(path, &pointer).await {
        Ok(Some(descriptor)) => descriptor,
        Ok(None) => return Tagged::Gone,
        Err(_) => return Tagged::Unknown,
    };
    let Ok(current) = now.digest().to_string().parse::<Digest>() else { return Tagged::Unknown };
    if current == *digest {
        return Tagged::Same;
    }
    match client.manifest(path, &pointer).await.and_then(|m| m.read()) {
        Ok(Manifest::Index(index)) if index.manifests().iter().any(|m| m.digest().to_string() == digest.as_str()) => {
            Tagged::Same
        }
        Ok(_) => Tagged::Other(current),
        Err(_) => Tagged::Unknown,
    }
}

/// An error with its causes, in one line.
fn unread(error: &dyn StdError, hint: Option<String>) -> Reading {
    let chain = std::iter::successors(error.source(), |e| (*e).source()).map(ToString::to_string);
    let mut words = vec![error.to_string()];
    words.extend(chain);
    words.dedup();
    Reading::Unread { why: words.join(": "), hint }
}
