//! A push: a shipment on its way into a repository, and under its tags.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use oci_spec::image::MediaType;
use tokio::sync::Semaphore;

use super::client::Registry;
use super::error::Error;
use super::manifest::RawManifest;
use super::pointer::{Pointer, written};
use super::shipment::{BlobSource, Fate, Parcel, Passage, Presence, Progress, Sent, Shipment};
use super::upload::Upload;
use crate::image::reference::Tag;

/// How many blobs are asked for at once.
const ASKED: usize = 16;
/// How many are sent at once.
const SENT: usize = 5;

/// What a registry says of content that is not what its digest says.
const DIGEST_INVALID: &str = "DIGEST_INVALID";
/// Waits where several push one manifest at once, and the registry mistakes one for the other.
const DISTURBED: &[Duration] = &[Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800)];

impl Registry {
    /// Sends what the repository lacks of a shipment: its blobs, then its manifests, and its tags last. With no tag, it
    /// can be had by its digest.
    ///
    /// Where a blob of ours is damaged, [`Error::damaged`] has its digest, and the repository has no new manifest.
    pub async fn push(
        self: &Arc<Self>,
        repo: &str,
        shipment: &Shipment,
        tags: &[Tag],
        progress: &Progress,
    ) -> Result<Sent, Error> {
        let mut sent = self.push_blobs(repo, shipment, progress, Trust::Given).await?;
        match self.push_manifests(repo, &shipment.manifests, tags).await {
            // What was known to be there is gone: the registry was cleaned up, or is another one by the same name.
            Err(Error::ManifestRefused { .. } | Error::NotFound { .. }) if shipment.supposes() => {
                let more = self.push_blobs(repo, shipment, progress, Trust::Withdrawn).await?;
                sent = more.after(sent);
                self.push_manifests(repo, &shipment.manifests, tags).await?;
            }
            result => result?,
        }
        Ok(sent)
    }

    async fn push_blobs(
        self: &Arc<Self>,
        repo: &str,
        shipment: &Shipment,
        progress: &Progress,
        trust: Trust,
    ) -> Result<Sent, Error> {
        let gate = Semaphore::new(SENT);
        // Collected first: with the closure in the stream, the compiler can't tell that the future may change threads.
        let parcels: Vec<_> = shipment
            .distinct()
            .into_iter()
            .map(|parcel| {
                let gate = &gate;
                async move {
                    let fate = self.push_blob(repo, parcel, gate, progress, trust).await?;
                    progress(Passage::Done { parcel, fate });
                    Ok::<_, Error>((parcel.descriptor.size(), fate))
                }
            })
            .collect();
        let fold = |mut sent: Sent, (size, fate)| async move {
            sent.add(size, fate);
            Ok(sent)
        };
        stream::iter(parcels).buffer_unordered(ASKED).try_fold(Sent::default(), fold).await
    }

    async fn push_blob(
        self: &Arc<Self>,
        repo: &str,
        parcel: &Parcel,
        gate: &Semaphore,
        progress: &Progress,
        trust: Trust,
    ) -> Result<Fate, Error> {
        let ask = match parcel.presence {
            Presence::Known if trust == Trust::Given => return Ok(Fate::Existing),
            Presence::Known | Presence::Likely => true,
            Presence::Unlikely => false,
        };
        if ask && self.has_blob(repo, parcel).await? {
            return Ok(Fate::Existing);
        }
        let mut upload = Upload::new(self, repo, parcel, progress).await?;
        let mut open = None;
        if let BlobSource::Remote { registry, repository } = &parcel.source
            && registry.host() == self.host()
        {
            match upload.mount(repository).await? {
                None => return Ok(Fate::Mounted),
                Some(place) => open = place,
            }
        }
        // Never closed, so that there is always a permit to wait for.
        let _permit = gate.acquire().await.ok();
        upload.send(open).await?;
        Ok(Fate::Uploaded)
    }

    /// Images first, then indexes of them, then what tags stand for.
    async fn push_manifests(&self, repo: &str, manifests: &[RawManifest], tags: &[Tag]) -> Result<(), Error> {
        let Some((top, children)) = manifests.split_last() else {
            return Ok(());
        };
        let (indexes, images): (Vec<_>, Vec<_>) =
            children.iter().partition(|manifest| manifest.media_type == MediaType::ImageIndex);
        let by_digest = |manifest: &RawManifest| Pointer::Digest(manifest.digest.clone());
        let puts: Vec<_> = images.into_iter().map(|image| self.push_manifest(repo, by_digest(image), image)).collect();
        stream::iter(puts).buffer_unordered(SENT).try_collect::<()>().await?;
        for index in indexes {
            self.push_manifest(repo, by_digest(index), index).await?;
        }
        let Some((first, others)) = tags.split_first() else {
            return self.push_manifest(repo, by_digest(top), top).await;
        };
        let by_tag = |tag: &Tag| Pointer::Tag(tag.as_str().to_owned());
        self.push_manifest(repo, by_tag(first), top).await?;
        let puts: Vec<_> = others.iter().map(|tag| self.push_manifest(repo, by_tag(tag), top)).collect();
        stream::iter(puts).buffer_unordered(SENT).try_collect().await
    }

    async fn push_manifest(&self, repo: &str, pointer: Pointer, manifest: &RawManifest) -> Result<(), Error> {
        let mut pauses = DISTURBED.iter();
        let result = loop {
            match (self.put_manifest(repo, &pointer, manifest).await, pauses.next()) {
                // The digest is that of these bytes: docker-registry reads back another's half-written copy of them.
                (Err(Error::Refused { code: Some(code), .. }), Some(pause)) if code == DIGEST_INVALID => {
                    tokio::time::sleep(*pause).await;
                }
                (result, _) => break result,
            }
        };
        result.map_err(|fault| match fault {
            Error::Refused { host, status, code, message, .. }
                if status.is_client_error() && !matches!(status.as_u16(), 408 | 429) =>
            {
                let kind = match &manifest.media_type {
                    MediaType::ImageIndex => "index",
                    _ => "manifest",
                };
                let what = format!("the {kind} {} ({})", written(repo, &pointer), manifest.media_type);
                Error::ManifestRefused { host, what, status, code, message }
            }
            fault => fault,
        })
    }
}

/// Whether what is said of a blob's presence is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Given,
    Withdrawn,
}

impl Shipment {
    /// Whether any blob is taken for present unasked.
    fn supposes(&self) -> bool {
        self.blobs.iter().any(|parcel| parcel.presence == Presence::Known)
    }
}

impl Sent {
    /// What both came to, where this is of the same blobs once more.
    fn after(self, first: Self) -> Self {
        let (uploaded, uploaded_blobs) = (self.uploaded + first.uploaded, self.uploaded_blobs + first.uploaded_blobs);
        let mounted = self.mounted + first.mounted;
        let all = first.uploaded_blobs + first.mounted + first.existing;
        Self { uploaded, uploaded_blobs, mounted, existing: all.saturating_sub(uploaded_blobs + mounted) }
    }
}
