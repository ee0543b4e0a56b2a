//! An image read whole, wherever it is: all of its layers, or what its engine exports, once.

use std::io;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::layers::{Pieces, WAITING, from_layout, from_registry, is_foreign};
use super::{Error, Image, Place, PlatformImage};
use crate::engine::docker::DockerEngine;
use crate::image::closure::Inventory;
use crate::image::contents::Contents;
use crate::image::rootfs::{LayerError, Limits};

/// What an engine may export of an image, stored as if in so many bytes: it does not say how much there is.
const EXPORT: u64 = 16 << 30;

impl Image {
    /// What of one of the image's platforms a loader may look at. Of an engine's image, as if it had one layer.
    pub async fn inventory(&self, image: &PlatformImage) -> Result<Inventory, Error> {
        match &self.place {
            Place::Engine(engine) => exported(engine, image, Inventory::of_archive).await,
            _ => self.layered_inventory(image).await,
        }
    }

    /// What the files of one of the platforms of an engine's image take up; nothing where it is elsewhere.
    pub async fn contents(&self, image: &PlatformImage) -> Result<Contents, Error> {
        match &self.place {
            Place::Engine(engine) => exported(engine, image, Contents::of_archive).await,
            _ => Ok(Contents::default()),
        }
    }

    async fn layered_inventory(&self, image: &PlatformImage) -> Result<Inventory, Error> {
        let mut whole = Inventory::default();
        for descriptor in &image.layers {
            if is_foreign(descriptor) {
                return Err(self.foreign(descriptor));
            }
            let limits = Limits::of(descriptor.size());
            let read = match &self.place {
                Place::Registry(registry, repository) => {
                    let read = move |pieces| Inventory::of_archive(pieces, &limits);
                    from_registry(registry, repository, descriptor, read).await?
                }
                Place::Layout(layout) => {
                    from_layout(layout, descriptor, move |blob| Inventory::of_archive(blob, &limits)).await?
                }
                Place::Engine(_) => continue,
            };
            whole.lay(read.map_err(|source| self.unread(descriptor, source))?);
        }
        Ok(whole)
    }
}

/// An engine lays the layers over each other by itself.
async fn exported<T: Send + 'static>(
    engine: &DockerEngine,
    image: &PlatformImage,
    read: impl FnOnce(Pieces, &Limits) -> Result<T, LayerError> + Send + 'static,
) -> Result<T, Error> {
    let name = image.digest.to_string();
    let held = engine.hold(&name).await?;
    let (sender, pieces) = mpsc::channel(WAITING);
    let limits = Limits::of(EXPORT);
    let reader = tokio::task::spawn_blocking(move || read(Pieces { pieces, now: Bytes::new() }, &limits));
    let mut export = Box::pin(held.export());
    while let Some(piece) = export.next().await {
        if sender.send(piece?).await.is_err() {
            break;
        }
    }
    drop((sender, export));
    let read = reader.await.unwrap_or_else(|crash| Err(LayerError::Unreadable(io::Error::other(crash))));
    held.release().await?;
    read.map_err(|source| Error::Layer { image: name.clone(), layer: "export".to_owned(), source })
}
