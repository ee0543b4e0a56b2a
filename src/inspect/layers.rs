//! The layers of an image, looked through from the top down.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use oci_spec::image::{Descriptor, MediaType};
use tokio::sync::{Mutex, mpsc};

use super::entry::{Candidates, Entry, Presence};
use super::platforms::nothing_of_the_kind;
use super::{Error, Image, Place, PlatformImage};
use crate::image::rootfs::{Keep, Layer, LayerError, Limits, Sight, Stack, What, read};
use crate::layout::{self, Layout};
use crate::registry::Registry;

/// How many pieces of a layer may wait to be looked at.
pub(super) const WAITING: usize = 16;
/// Files that are asked for again and again: kept when their layer is read, whatever it was read for.
const ALWAYS: &[&str] = &["passwd", "group"];
/// What Docker calls a layer that isn't kept with its image.
const DOCKER_FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/// What is known of an image's layers.
#[derive(Debug)]
pub(super) struct Known {
    stack: Stack,
    keep: Keep,
}

impl Known {
    /// Nothing yet, of so many layers.
    pub(super) fn lock(count: usize) -> Mutex<Self> {
        let names = ALWAYS.iter().map(|name| name.as_bytes().to_vec()).collect();
        let keep = Keep { names, ordinals: BTreeSet::new() };
        Mutex::new(Self { stack: Stack::new(count), keep })
    }
}

impl Image {
    pub(super) async fn layered_files(
        &self,
        image: &PlatformImage,
        paths: &[&str],
    ) -> Result<BTreeMap<String, Entry>, Error> {
        let mut known = image.known.lock().await;
        let last = |path: &&str| path.rsplit('/').next().unwrap_or_default().as_bytes().to_vec();
        known.keep.names.extend(paths.iter().map(last));
        while paths.iter().any(|path| known.stack.resolve(path.as_bytes()) == Sight::Unknown) {
            self.next(image, &mut known).await?;
        }
        // A link may lead to what has another name, whose content was passed by.
        let mut again: BTreeMap<usize, BTreeSet<u64>> = BTreeMap::new();
        for path in paths {
            if let Sight::Leaf { layer, what: What::File { ordinal, .. }, .. } = known.stack.resolve(path.as_bytes())
                && Entry::seen(known.stack.resolve(path.as_bytes())).is_none()
            {
                again.entry(layer).or_default().insert(ordinal);
            }
        }
        for (layer, ordinals) in again {
            let keep = Keep { names: BTreeSet::new(), ordinals };
            let read = self.layer(image, layer, Limits::of, keep).await?;
            known.stack.replace(layer, read);
        }
        let seen = |path: &&str| {
            let entry = Entry::seen(known.stack.resolve(path.as_bytes()));
            // Of so many files asked for at once that not all can be held.
            ((*path).to_owned(), entry.unwrap_or(Entry::Other("one of too many files that were asked for")))
        };
        Ok(paths.iter().map(seen).collect())
    }

    pub(super) async fn layered_programs(
        &self,
        image: &PlatformImage,
        wanted: &Candidates,
    ) -> Result<BTreeMap<String, Presence>, Error> {
        let mut known = image.known.lock().await;
        let mut found = BTreeMap::new();
        loop {
            let mut undecided = false;
            for (name, places) in wanted {
                let (presence, certain) = presence(&known.stack, places);
                undecided |= !certain;
                found.insert(name.clone(), presence);
            }
            if !undecided {
                return Ok(found);
            }
            self.next(image, &mut known).await?;
        }
    }

    /// Reads the next layer below.
    async fn next(&self, image: &PlatformImage, known: &mut Known) -> Result<(), Error> {
        let stack = &known.stack;
        let layer = self.layer(image, stack.read(), |stored| stack.limits(stored), known.keep.clone()).await?;
        known.stack.push(layer);
        Ok(())
    }

    /// Reads the layer at that place from the top, whole.
    async fn layer(
        &self,
        image: &PlatformImage,
        from_top: usize,
        limits: impl Fn(u64) -> Limits,
        keep: Keep,
    ) -> Result<Layer, Error> {
        let odd = |why: String| Error::Odd { image: self.name.clone(), why };
        let diff_ids = &image.config.rootfs.diff_ids;
        if diff_ids.len() != image.layers.len() {
            let (manifest, config) = (image.layers.len(), diff_ids.len());
            return Err(odd(format!("its manifest has {manifest} layers, and its config {config}")));
        }
        let at = image.layers.len().checked_sub(from_top + 1);
        let Some((descriptor, diff_id)) = at.and_then(|at| image.layers.get(at).zip(diff_ids.get(at))) else {
            return Err(odd("it has no more layers".to_owned()));
        };
        let diff_id = diff_id.parse().map_err(|_| odd(format!("{diff_id:?} in its config is no digest")))?;
        if is_foreign(descriptor) {
            return Err(self.foreign(descriptor));
        }
        let limits = limits(descriptor.size());
        let read = match &self.place {
            Place::Registry(registry, repository) => {
                let read = move |pieces| read(pieces, &diff_id, &limits, &keep);
                from_registry(registry, repository, descriptor, read).await?
            }
            Place::Layout(layout) => {
                from_layout(layout, descriptor, move |blob| read(blob, &diff_id, &limits, &keep)).await?
            }
            Place::Engine(_) => return Err(nothing_of_the_kind()),
        };
        read.map_err(|source| self.unread(descriptor, source))
    }

    pub(super) fn foreign(&self, descriptor: &Descriptor) -> Error {
        let (layer, media_type) = (descriptor.digest().to_string(), descriptor.media_type().to_string());
        Error::Foreign { image: self.name.clone(), layer, media_type }
    }

    pub(super) fn unread(&self, descriptor: &Descriptor, source: LayerError) -> Error {
        let (image, layer) = (self.name.clone(), descriptor.digest().to_string());
        match source {
            LayerError::DiffId(source) => Error::Digest { image, layer, source },
            source => Error::Layer { image, layer, source },
        }
    }
}

/// Whether a program is in one of these places, and whether that is certain.
fn presence(stack: &Stack, places: &[String]) -> (Presence, bool) {
    let (mut found, mut certain) = (Presence::Missing, true);
    for place in places {
        match stack.resolve(place.as_bytes()) {
            Sight::Unknown => certain = false,
            Sight::Leaf { path, what: What::File { mode, .. }, .. } => match Presence::of(&path, mode) {
                executable @ Presence::Executable(_) => return (executable, true),
                other if found == Presence::Missing => found = other,
                _ => {}
            },
            _ => {}
        }
    }
    (found, certain)
}

pub(super) fn is_foreign(descriptor: &Descriptor) -> bool {
    matches!(
        descriptor.media_type(),
        MediaType::ImageLayerNonDistributable
            | MediaType::ImageLayerNonDistributableGzip
            | MediaType::ImageLayerNonDistributableZstd
    ) || descriptor.media_type().as_ref() == DOCKER_FOREIGN
}

/// Whether a layer that could not be read is to be held against its digest nevertheless: content that was changed on
/// the way is told as that, and not as a broken archive. What is too large is not read on.
fn is_worth_checking<T>(read: &Result<T, LayerError>) -> bool {
    matches!(read, Err(fault) if !matches!(fault, LayerError::TooLarge { .. } | LayerError::TooMuch { .. }))
}

/// Fetches and reads at the same time. The outer fault is the registry's: a wrong digest among them.
pub(super) async fn from_registry<T: Send + 'static>(
    registry: &Arc<Registry>,
    repository: &str,
    descriptor: &Descriptor,
    read: impl FnOnce(Pieces) -> Result<T, LayerError> + Send + 'static,
) -> Result<Result<T, LayerError>, Error> {
    let mut blob = registry.blob(repository, descriptor).await?;
    let (sender, pieces) = mpsc::channel(WAITING);
    let reader = tokio::task::spawn_blocking(move || read(Pieces { pieces, now: Bytes::new() }));
    while let Some(piece) = blob.piece().await? {
        // Who reads may have seen enough to refuse it.
        if sender.send(piece).await.is_err() {
            break;
        }
    }
    drop(sender);
    let read = reader.await.unwrap_or_else(|crash| Err(LayerError::Unreadable(io::Error::other(crash))));
    if is_worth_checking(&read) {
        while blob.piece().await?.is_some() {}
    }
    Ok(read)
}

pub(super) async fn from_layout<T: Send + 'static>(
    layout: &Arc<Layout>,
    descriptor: &Descriptor,
    read: impl FnOnce(&mut dyn Read) -> Result<T, LayerError> + Send + 'static,
) -> Result<Result<T, LayerError>, Error> {
    let mut blob = layout.blob(descriptor)?;
    let reader = tokio::task::spawn_blocking(move || {
        let mut read = read(&mut blob);
        if is_worth_checking(&read)
            && let Err(fault) = io::copy(&mut blob, &mut io::sink())
        {
            read = Err(LayerError::Unreadable(fault));
        }
        match read {
            // The layout's own fault, which came through as the reader's.
            Err(LayerError::Unreadable(fault)) => match fault.downcast::<layout::Error>() {
                Ok(fault) => Err(fault),
                Err(fault) => Ok(Err(LayerError::Unreadable(fault))),
            },
            read => Ok(read),
        }
    });
    match reader.await {
        Ok(read) => read.map_err(Error::from),
        Err(crash) => Ok(Err(LayerError::Unreadable(io::Error::other(crash)))),
    }
}

/// A layer's pieces as they come.
pub(super) struct Pieces {
    pub(super) pieces: mpsc::Receiver<Bytes>,
    pub(super) now: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.now.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.now = piece,
                None => return Ok(0),
            }
        }
        let fits = buffer.len().min(self.now.len());
        self.now.copy_to_slice(&mut buffer[..fits]);
        Ok(fits)
    }
}
