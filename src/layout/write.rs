//! A writer of layouts: a shipment's blobs, its manifests, and the index that names them.
//!
//! Every file comes to be whole under its name: it is written beside, and moved there. The index is last. Who changes it
//! holds a lock on `oci-layout`, which never changes itself, so that two at once lose no tag.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use oci_spec::image::Digest;
use serde_json::{Value, json};

use crate::image::reference::Tag;
use crate::registry::{Error as RegistryError, Fate, Feed, Parcel, Passage, Progress, RawManifest, Sent, Shipment};

/// What the specification has for an image's name.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The file that says that a folder is a layout.
const MARKER: &str = "oci-layout";
const VERSION: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX: &str = "index.json";
/// The largest index, in bytes.
const LARGEST: u64 = 4 << 20;
/// How many blobs are written at once.
const AT_ONCE: usize = 4;

/// Why an image can't be written into a layout.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder holds something else.
    #[error("{} is not empty, and not an OCI layout", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The layout that is there can't be added to.
    #[error("could not add to the OCI layout {}: {why}", path.display())]
    Index {
        /// The folder.
        path: PathBuf,
        /// What is odd about its index.
        why: String,
    },
    /// A file can't be written.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A blob's bytes can't be had.
    #[error(transparent)]
    Source(#[from] RegistryError),
}

impl WriteError {
    /// The digest of the blob of ours that is damaged or gone, where that is the fault.
    pub fn damaged(&self) -> Option<&Digest> {
        match self {
            Self::Source(fault) => fault.damaged(),
            _ => None,
        }
    }

    /// What would mend it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Occupied { .. } => Some("name a folder of its own, which need not exist yet".to_owned()),
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("the disk is full".to_owned())
            }
            Self::Source(fault) => fault.hint(),
            _ => None,
        }
    }
}

/// Writes a shipment into the layout in `folder`, which is made where there is none. Its last manifest gets the tags;
/// what else the layout has stays. Blobs of the right size that are there already are kept.
///
/// Bytes are copied, and held against their digest on the way; a link to a cache's file would let whoever changes the
/// layout change the cache.
pub async fn write(folder: &Path, shipment: &Shipment, tags: &[Tag], progress: &Progress) -> Result<Sent, WriteError> {
    let target = Target { folder: Arc::from(folder) };
    let lock = on_thread({
        let target = target.clone();
        move || target.prepare()
    })
    .await?;
    // Collected first: with the closure in the stream, the compiler can't tell that the future may change threads.
    let blobs: Vec<_> = shipment
        .distinct()
        .into_iter()
        .map(|parcel| {
            let target = target.clone();
            async move {
                let fate = target.blob(parcel, progress).await?;
                progress(Passage::Done { parcel, fate });
                Ok::<_, WriteError>((parcel.descriptor.size(), fate))
            }
        })
        .collect();
    let fold = |mut sent: Sent, (size, fate)| async move {
        sent.add(size, fate);
        Ok(sent)
    };
    let sent = stream::iter(blobs).buffer_unordered(AT_ONCE).try_fold(Sent::default(), fold).await?;
    let (manifests, tags) = (shipment.manifests.clone(), tags.to_vec());
    on_thread(move || {
        for manifest in &manifests {
            target.whole(&target.path_of(&manifest.digest), &manifest.bytes)?;
        }
        manifests.last().map_or(Ok(()), |top| target.name(&lock, top, &tags))
    })
    .await?;
    Ok(sent)
}

/// Runs what blocks where it may.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WriteError> + Send + 'static,
) -> Result<T, WriteError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(fault) => Err(WriteError::Write { path: PathBuf::from("."), source: io::Error::other(fault) }),
    }
}

/// The folder of a layout.
#[derive(Clone)]
struct Target {
    folder: Arc<Path>,
}

impl Target {
    fn failed(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
        move |source| WriteError::Write { path: path.to_owned(), source }
    }

    fn path_of(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs").join(digest.algorithm().as_ref()).join(digest.digest())
    }

    /// Makes sure that there is a layout; gives the file that is locked to change its index.
    fn prepare(&self) -> Result<File, WriteError> {
        let marker = self.folder.join(MARKER);
        if !marker.is_file() {
            let blobs = self.folder.join("blobs");
            match std::fs::read_dir(&self.folder) {
                // What another run of ours has begun, and may have gone on with since, is no stranger's.
                Ok(mut entries) => {
                    let strange = entries.any(|entry| entry.is_ok_and(|entry| !is_ours(&entry.file_name())));
                    if strange && !marker.is_file() {
                        return Err(WriteError::Occupied { path: self.folder.to_path_buf() });
                    }
                }
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(WriteError::Write { path: self.folder.to_path_buf(), source }),
            }
            std::fs::create_dir_all(&blobs).map_err(Self::failed(&blobs))?;
            // Whoever comes second finds that it is there.
            let beside = self.beside(VERSION)?;
            match beside.persist_noclobber(&marker) {
                Err(fault) if fault.error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(WriteError::Write { path: marker, source: fault.error });
                }
                _ => {}
            }
        }
        let blobs = self.folder.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).map_err(Self::failed(&blobs))?;
        File::open(&marker).map_err(Self::failed(&marker))
    }

    /// A temporary file in the layout with these bytes; it goes when it isn't moved.
    fn beside(&self, bytes: &[u8]) -> Result<tempfile::NamedTempFile, WriteError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PARTIAL);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut file = builder.tempfile_in(&self.folder).map_err(Self::failed(&self.folder))?;
        file.write_all(bytes).map_err(Self::failed(&self.folder))?;
        Ok(file)
    }

    /// A file with these bytes under that name.
    fn whole(&self, path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
        let file = self.beside(bytes)?;
        file.persist(path).map(drop).map_err(|fault| WriteError::Write { path: path.to_owned(), source: fault.error })
    }

    async fn blob(&self, parcel: &Parcel, progress: &Progress) -> Result<Fate, WriteError> {
        let path = self.path_of(parcel.descriptor.digest());
        let there = tokio::fs::metadata(&path).await;
        if there.is_ok_and(|there| there.is_file() && there.len() == parcel.descriptor.size()) {
            return Ok(Fate::Existing);
        }
        let mut feed = Feed::open(parcel, 0..parcel.descriptor.size());
        let (target, parcel, progress) = (self.clone(), parcel.clone(), Arc::clone(progress));
        on_thread(move || {
            let mut file = target.beside(b"")?;
            let mut written = 0;
            while let Some(piece) = feed.blocking_piece()? {
                Write::write_all(&mut file, &piece).map_err(Self::failed(&path))?;
                written += Bytes::len(&piece) as u64;
                progress(Passage::Sending { parcel: &parcel, bytes: written });
            }
            let moved = file.persist(&path);
            moved.map_err(|fault| WriteError::Write { path: path.clone(), source: fault.error })?;
            Ok(Fate::Uploaded)
        })
        .await
    }

    /// Names a manifest in the index.
    fn name(&self, lock: &File, top: &RawManifest, tags: &[Tag]) -> Result<(), WriteError> {
        let path = self.folder.join(INDEX);
        lock.lock().map_err(Self::failed(&self.folder.join(MARKER)))?;
        let odd = |why: String| WriteError::Index { path: self.folder.to_path_buf(), why };
        let before = match std::fs::metadata(&path) {
            Ok(there) if there.len() > LARGEST => return Err(odd("its index.json is too large".to_owned())),
            Ok(_) => Some(std::fs::read(&path).map_err(Self::failed(&path))?),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(WriteError::Write { path, source }),
        };
        let index = renamed(before.as_deref(), top, tags).map_err(odd)?;
        if before.as_deref() != Some(index.as_slice()) {
            self.whole(&path, &index)?;
        }
        lock.unlock().map_err(Self::failed(&self.folder.join(MARKER)))
    }
}

/// What temporary files begin with.
const PARTIAL: &str = ".pydeploy-";

/// Whether a file is what a run of ours leaves while it makes a layout.
fn is_ours(name: &std::ffi::OsStr) -> bool {
    name == "blobs" || name.to_str().is_some_and(|name| name.starts_with(PARTIAL))
}

/// The index with these names for a manifest. What else is in it stays where it is.
fn renamed(before: Option<&[u8]>, top: &RawManifest, tags: &[Tag]) -> Result<Vec<u8>, String> {
    let empty = || json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []});
    let mut index: Value = before
        .map_or_else(|| Ok(empty()), serde_json::from_slice)
        .map_err(|fault| format!("its index.json is no index: {fault}"))?;
    let entries = index.get_mut("manifests").and_then(Value::as_array_mut);
    let entries = entries.ok_or("its index.json has no list of manifests")?;
    let digest = top.digest.to_string();
    let name_of = |entry: &Value| entry.pointer(&format!("/annotations/{REF_NAME}"))?.as_str().map(str::to_owned);
    let names: Vec<Option<&str>> =
        if tags.is_empty() { vec![None] } else { tags.iter().map(|tag| Some(tag.as_str())).collect() };
    for name in names {
        let mut entry = json!({"mediaType": top.media_type.to_string(), "digest": digest, "size": top.bytes.len()});
        if let Some(name) = name {
            entry["annotations"] = json!({REF_NAME: name});
        }
        let same = |other: &Value| match name {
            Some(name) => name_of(other).as_deref() == Some(name),
            // Without a name of its own, one entry under any name is enough.
            None => other.get("digest").and_then(Value::as_str) == Some(digest.as_str()),
        };
        match entries.iter().position(same) {
            Some(_) if name.is_none() => {}
            Some(at) => {
                entries[at] = entry;
                let mut later = 0..;
                entries.retain(|other| later.next() <= Some(at) || !same(other));
            }
            None => entries.push(entry),
        }
    }
    serde_json::to_vec(&index).map_err(|fault| fault.to_string())
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
