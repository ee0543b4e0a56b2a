//! A writer of layers: reading, both digests and compression at once, on as many cores as there are.

use std::io::{self, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ScopedJoinHandle};

use oci_spec::image::Digest;
use sha2::{Digest as _, Sha256};

use super::archive::{archive, estimate};
use super::packing::{Compression, Frame, Packed};
use super::tree::Tree;

/// More threads than this would hold more in memory than their speed is worth.
const MOST_THREADS: usize = 8;

/// The form of a layer: beside its tree, all that its bytes depend on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form {
    /// How it is compressed.
    pub compression: Compression,
    /// When its files were changed last, in seconds since 1970.
    pub time: u64,
}

/// A layer that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its digest, compressed.
    pub digest: Digest,
    /// Its size, compressed, in bytes.
    pub size: u64,
    /// The digest of the tar archive in it.
    pub diff_id: Digest,
    /// The size of that archive's files, in bytes.
    pub unpacked: u64,
}

/// Why a layer can't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file's content can't be had.
    #[error("could not read {path} for its layer")]
    Read {
        /// Its path in the image.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file has not the size that it had when the tree was made.
    #[error("{path} changed while it was read for its layer")]
    Changed {
        /// Its path in the image.
        path: String,
    },
    /// The blob can't be written.
    #[error("could not write a layer")]
    Write(#[source] io::Error),
    /// The machine has no thread or memory left to compress with.
    #[error("could not compress a layer")]
    Compress(#[source] io::Error),
}

/// How the work is cut: nothing of it may show in the bytes but the size of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    /// In bytes.
    pub(super) block: usize,
    /// How many threads compress.
    pub(super) threads: usize,
}

/// Writes a layer. It holds a few blocks in memory at a time, whatever the size of the tree, and takes all cores.
pub fn write(tree: &Tree, form: Form, out: &mut (dyn Write + Send)) -> Result<Written, WriteError> {
    let block = form.compression.block();
    let blocks = usize::try_from(estimate(tree) / block as u64).unwrap_or(usize::MAX).saturating_add(1);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    write_by(tree, form, Work { block, threads: cores.min(blocks).min(MOST_THREADS) }, out)
}

pub(super) fn write_by(
    tree: &Tree,
    form: Form,
    work: Work,
    out: &mut (dyn Write + Send),
) -> Result<Written, WriteError> {
    let blob = Blob::new(form.compression, out)?;
    let (diff, blob) = if work.threads > 1 {
        thread::scope(|scope| Team::new(scope, form.compression, work.threads, blob)?.write(tree, form, work.block))?
    } else {
        alone(tree, form, work.block, blob)?
    };
    let (digest, size) = blob.end()?;
    Ok(Written { digest, size, diff_id: name(diff)?, unpacked: tree.size() })
}

fn alone<'o>(tree: &Tree, form: Form, block: usize, mut blob: Blob<'o>) -> Result<(Sha256, Blob<'o>), WriteError> {
    let mut diff = Sha256::new();
    archive(tree, form.time, block, &mut |block| {
        diff.update(&block);
        blob.add(&form.compression.pack(&block).map_err(WriteError::Compress)?)
    })?;
    Ok((diff, blob))
}

/// A blob that is being written.
struct Blob<'o> {
    out: &'o mut (dyn Write + Send),
    frame: Frame,
    hasher: Sha256,
    size: u64,
}

impl<'o> Blob<'o> {
    fn new(compression: Compression, out: &'o mut (dyn Write + Send)) -> Result<Self, WriteError> {
        let mut blob = Self { out, frame: Frame::new(compression), hasher: Sha256::new(), size: 0 };
        blob.put(blob.frame.head())?;
        Ok(blob)
    }

    fn add(&mut self, packed: &Packed) -> Result<(), WriteError> {
        self.frame.add(packed);
        self.put(&packed.bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.out.write_all(bytes).map_err(WriteError::Write)
    }

    fn end(mut self) -> Result<(Digest, u64), WriteError> {
        self.put(&self.frame.tail())?;
        self.out.flush().map_err(WriteError::Write)?;
        Ok((name(self.hasher)?, self.size))
    }
}

fn name(hasher: Sha256) -> Result<Digest, WriteError> {
    let text = format!("sha256:{}", hex::encode(hasher.finalize()));
    text.parse().map_err(|error| WriteError::Compress(io::Error::other(error)))
}

/// A block to compress, and where it goes then.
type Job = (Arc<Vec<u8>>, SyncSender<io::Result<Packed>>);

/// Threads that work on one layer: this one reads, some compress, one hashes the archive, one the blob as it writes it.
struct Team<'s, 'o> {
    jobs: SyncSender<Job>,
    /// Where the results of the jobs come, in the order of the jobs.
    results: SyncSender<Receiver<io::Result<Packed>>>,
    hashed: SyncSender<Arc<Vec<u8>>>,
    diff: ScopedJoinHandle<'s, Sha256>,
    blob: ScopedJoinHandle<'s, Result<Blob<'o>, WriteError>>,
}

impl<'s, 'o: 's> Team<'s, 'o> {
    fn new<'e>(
        scope: &'s thread::Scope<'s, 'e>,
        compression: Compression,
        threads: usize,
        mut blob: Blob<'o>,
    ) -> Result<Self, WriteError> {
        let (jobs, queue) = sync_channel::<Job>(1);
        // All that is in memory at a time is what these hold.
        let (results, in_order) = sync_channel::<Receiver<_>>(threads + 1);
        let (hashed, blocks) = sync_channel::<Arc<Vec<u8>>>(1);
        let queue = Arc::new(Mutex::new(queue));
        let named = |name: &str| thread::Builder::new().name(format!("layer-{name}"));
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            let work = move || {
                while let Some((block, done)) = next(&queue) {
                    // Nobody waits for it any more where the writer has failed.
                    let _ = done.send(compression.pack(&block));
                }
            };
            named("pack").spawn_scoped(scope, work).map_err(WriteError::Compress)?;
        }
        let hash = move || blocks.iter().fold(Sha256::new(), |hasher, block| hasher.chain_update(&*block));
        let diff = named("hash").spawn_scoped(scope, hash).map_err(WriteError::Compress)?;
        let write = move || {
            for result in in_order {
                let packed = result.recv().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
                blob.add(&packed.map_err(WriteError::Compress)?)?;
            }
            Ok(blob)
        };
        let blob = named("write").spawn_scoped(scope, write).map_err(WriteError::Compress)?;
        Ok(Self { jobs, results, hashed, diff, blob })
    }

    fn write(self, tree: &Tree, form: Form, block: usize) -> Result<(Sha256, Blob<'o>), WriteError> {
        let Self { jobs, results, hashed, diff, blob } = self;
        // What stops the others is told by the one that stopped.
        let stopped = || WriteError::Compress(io::ErrorKind::BrokenPipe.into());
        let read = archive(tree, form.time, block, &mut |block| {
            let block = Arc::new(block);
            let (done, result) = sync_channel(1);
            hashed.send(Arc::clone(&block)).map_err(|_| stopped())?;
            results.send(result).map_err(|_| stopped())?;
            jobs.send((block, done)).map_err(|_| stopped())
        });
        drop((jobs, results, hashed));
        let diff = diff.join().map_err(|_| stopped());
        let blob = blob.join().map_err(|_| stopped())??;
        read?;
        Ok((diff?, blob))
    }
}

fn next(queue: &Mutex<Receiver<Job>>) -> Option<Job> {
    queue.lock().ok()?.recv().ok()
}
