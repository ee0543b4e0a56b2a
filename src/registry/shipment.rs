//! A shipment: an image that goes out, to a registry, into a layout or into an engine.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use oci_spec::image::{Descriptor, Digest};

use super::client::Registry;
use super::manifest::RawManifest;

/// Where a blob's bytes are.
#[derive(Debug, Clone)]
pub enum BlobSource {
    /// In a file, which is held against its digest while it is sent: wrong content is an error, and never completed.
    File(PathBuf),
    /// In memory.
    Bytes(Bytes),
    /// In a registry, such as a base image's layer. Mounted where it is the one that is pushed to, and otherwise
    /// streamed from there to here, and checked on the way.
    Remote {
        /// The registry.
        registry: Arc<Registry>,
        /// The repository in it.
        repository: String,
    },
}

/// Whether a blob is where it goes already, as far as is known: a request is saved where the guess is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is, by what a manifest in the same repository says: neither asked for nor sent, unless the registry then
    /// refuses the new manifest.
    Known,
    /// It may well be: asked before it is sent.
    Likely,
    /// It was made a moment ago: sent unasked.
    Unlikely,
}

/// A blob that goes out.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// What it is, for messages: `layer of the code`. Its digest and the repository are named beside it.
    pub name: String,
    /// Its digest, size and kind.
    pub descriptor: Descriptor,
    /// Where its bytes are.
    pub source: BlobSource,
    /// Whether it is there already.
    pub presence: Presence,
}

impl Parcel {
    /// How messages name it.
    pub(crate) fn what(&self) -> String {
        format!("{} ({})", self.name, self.descriptor.digest())
    }
}

/// An image that goes out: blobs first, then manifests, children before the index.
#[derive(Debug, Clone, Default)]
pub struct Shipment {
    /// Every blob that the manifests name; one that is named twice is sent once.
    pub blobs: Vec<Parcel>,
    /// The manifests. The last is what tags stand for.
    pub manifests: Vec<RawManifest>,
}

impl Shipment {
    /// The blobs, each once.
    pub(crate) fn distinct(&self) -> Vec<&Parcel> {
        let mut seen: HashSet<&Digest> = HashSet::new();
        self.blobs.iter().filter(|parcel| seen.insert(parcel.descriptor.digest())).collect()
    }
}

/// What became of a shipment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Bytes of blobs that were sent.
    pub uploaded: u64,
    /// How many blobs those were.
    pub uploaded_blobs: usize,
    /// How many were taken over from another repository of the same registry.
    pub mounted: usize,
    /// How many were there already.
    pub existing: usize,
}

impl Sent {
    pub(crate) fn add(&mut self, size: u64, fate: Fate) {
        match fate {
            Fate::Uploaded => {
                self.uploaded += size;
                self.uploaded_blobs += 1;
            }
            Fate::Mounted => self.mounted += 1,
            Fate::Existing => self.existing += 1,
        }
    }
}

/// What became of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was sent.
    Uploaded,
    /// It was taken over from another repository.
    Mounted,
    /// It was there already.
    Existing,
}

/// How far a blob has come, for whoever shows progress.
#[derive(Debug, Clone, Copy)]
pub enum Passage<'p> {
    /// It is being sent.
    Sending {
        /// The blob.
        parcel: &'p Parcel,
        /// How much is on its way, in bytes. Less than before when it had to begin anew.
        bytes: u64,
    },
    /// It is there.
    Done {
        /// The blob.
        parcel: &'p Parcel,
        /// How that came about.
        fate: Fate,
    },
}

/// Takes passages as they happen. Called from several tasks at once.
pub type Progress = Arc<dyn for<'p> Fn(Passage<'p>) + Send + Sync>;

/// For those who want none.
pub fn silent() -> Progress {
    Arc::new(|_| {})
}
