//! A reading: one layer, from its first byte to its last.

use std::collections::BTreeSet;
use std::io::{BufReader, Read};
use std::sync::Arc;

use oci_spec::image::Digest;

use super::archive::{Archive, Entry, Kind};
use super::compression::{CHUNK, decompress};
use super::error::LayerError;
use super::layer::Layer;
use super::name::cleaned;
use crate::image::digest::Check;

/// The largest file whose content is kept, in bytes.
pub const FILE: u64 = 4 << 20;
/// The most that is kept of one layer's contents, in bytes; what is beyond can be had by reading it again.
const FILES: u64 = 16 << 20;
/// The most that a layer may expand to, in bytes.
const UNPACKED: u64 = 16 << 30;
/// What a layer may expand to however small it is, in bytes.
const ANYWAY: u64 = 2 << 30;
/// How many times as large as it is stored a layer may get beyond that. gzip can't exceed 1,032; zstd could, without end.
const RATIO: u64 = 1100;
/// The most names of an image's layers that are kept in mind, and their bytes.
const ENTRIES: u64 = 2 << 20;
const NAMES: u64 = 128 << 20;

/// How much is read of a layer, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Uncompressed, in bytes.
    pub unpacked: u64,
    /// Names.
    pub entries: u64,
    /// Their bytes.
    pub names: u64,
}

impl Limits {
    /// For the first layer of an image, which is stored in so many bytes: 16 GiB, but for what is stored in less than
    /// a thousandth of that, 2 GiB and 1,100 times its size.
    pub fn of(stored: u64) -> Self {
        let unpacked = stored.saturating_mul(RATIO).saturating_add(ANYWAY).min(UNPACKED);
        Self { unpacked, entries: ENTRIES, names: NAMES }
    }

    /// What is left when this layer is kept in mind.
    #[must_use]
    pub(super) fn less(self, layer: &Layer) -> Self {
        let (entries, names) = (layer.size().entries, layer.size().names);
        let (entries, names) = (self.entries.saturating_sub(entries), self.names.saturating_sub(names));
        Self { entries, names, ..self }
    }
}

/// Which files' contents are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep {
    /// By their last name, wherever they are: a link may lead there.
    pub names: BTreeSet<Vec<u8>>,
    /// By their place in the archive, counted from 0.
    pub ordinals: BTreeSet<u64>,
}

impl Keep {
    fn wants(&self, entry: &Entry, ordinal: u64) -> bool {
        let named = || cleaned(&entry.name).last().is_some_and(|name| self.names.contains(*name));
        entry.kind == Kind::File && entry.size <= FILE && (self.ordinals.contains(&ordinal) || named())
    }
}

/// Reads a layer whose uncompressed bytes have the digest `diff_id`. The source is read to its end whenever that is
/// well, so that it can check its own digest; a fault of the source comes back as [`LayerError::Unreadable`].
pub fn read(source: impl Read, diff_id: &Digest, limits: &Limits, keep: &Keep) -> Result<Layer, LayerError> {
    let hashed = Hashed { source: decompress(source)?, check: Check::new(diff_id) };
    let mut archive = Archive::new(BufReader::with_capacity(CHUNK, hashed), limits.unpacked);
    let mut layer = Layer::default();
    let mut kept = 0;
    for ordinal in 0.. {
        let Some(entry) = archive.next()? else { break };
        layer.add(&entry, ordinal)?;
        let size = layer.size();
        if size.entries > limits.entries || size.names > limits.names {
            return Err(LayerError::TooMuch { what: "names" });
        }
        if keep.wants(&entry, ordinal) && kept + entry.size <= FILES {
            kept += entry.size;
            layer.bodies.insert(ordinal, Arc::from(archive.body()?));
        }
    }
    let hashed = archive.finish()?.into_inner();
    hashed.check.finish().map_err(LayerError::DiffId)?;
    Ok(layer)
}

/// A source whose bytes are held against a digest.
struct Hashed<R> {
    source: R,
    check: Check,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.check.update(&buffer[..read]);
        Ok(read)
    }
}
