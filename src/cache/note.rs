//! A note in the cache: a small JSON document under the key of what it is about.

use std::fs::File;
use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::error::{Error, Failed};
use super::key::{Key, Kind};
use super::temporary::Temporary;
use super::{Cache, lock, usage};

/// Their folder.
pub(super) const FOLDER: &str = "notes";
/// The largest, in bytes.
pub const NOTE: usize = 64 << 20;
/// Before the checksum of the document, which is on the next line.
const HEAD: &str = "pydeploy.note/1 sha256:";

impl Cache {
    /// The note of a key. None where there is none, where it is damaged, and where it is of another form than is asked
    /// for, as an older version of pydeploy may have left it.
    pub fn find<T: DeserializeOwned>(&self, kind: Kind, key: &Key) -> Option<T> {
        let path = self.note_path(kind, key);
        // Nothing can happen to it while it is read: it is never changed, and small.
        let file = File::open(&path).ok()?;
        let metadata = file.metadata().ok()?;
        let limit = HEAD.len() + 65 + NOTE;
        let mut text = Vec::with_capacity(usize::try_from(metadata.len()).ok()?.min(limit));
        (&file).take(limit as u64 + 1).read_to_end(&mut text).ok()?;
        let Some(document) = document(&text) else {
            if lock::is_at(&file, &path) {
                let _ = std::fs::remove_file(&path);
            }
            self.damaged(format!("a note ({})", kind.name()));
            return None;
        };
        usage::touch(&path, &metadata);
        serde_json::from_slice(document).ok()
    }

    /// Keeps a note, in place of the one that was there.
    pub fn keep<T: Serialize>(&self, kind: Kind, key: &Key, value: &T) -> Result<(), Error> {
        let document = serde_json::to_vec(value).map_err(|source| Error::Note { kind: kind.name(), source })?;
        if document.len() > NOTE {
            return Err(Error::TooLarge { size: document.len() });
        }
        let path = self.note_path(kind, key);
        let failed = |source: io::Error| Error::write(&path, source);
        let temporary = Temporary::file(self)?;
        let sum = hex::encode(Sha256::digest(&document));
        let mut text = format!("{HEAD}{sum}\n").into_bytes();
        text.extend(document);
        temporary.open().write_all(&text).map_err(failed)?;
        self.folder_of(path.parent().unwrap_or(self.root()))?;
        temporary.moved(&path).map(drop).map_err(failed)
    }

    /// The note of a key, which is made where there is none. Of several runs that want it at once, one makes it, and
    /// the others wait for that; `waiting` is called before such a wait.
    pub fn note<T, E>(
        &self,
        kind: Kind,
        key: &Key,
        waiting: impl FnOnce(),
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, Failed<E>>
    where
        T: Serialize + DeserializeOwned,
        E: std::error::Error + 'static,
    {
        if let Some(found) = self.find(kind, key) {
            return Ok(found);
        }
        let _guard = self.lock(key, waiting)?;
        if let Some(found) = self.find(kind, key) {
            return Ok(found);
        }
        let note = make().map_err(Failed::Make)?;
        self.keep(kind, key, &note)?;
        Ok(note)
    }

    fn note_path(&self, kind: Kind, key: &Key) -> std::path::PathBuf {
        self.root().join(FOLDER).join(kind.name()).join(key.hex())
    }
}

/// The document of a note that is whole.
fn document(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(HEAD.as_bytes())?;
    let (sum, document) = (rest.get(..64)?, rest.get(64..)?.strip_prefix(b"\n")?);
    (hex::encode(Sha256::digest(document)).as_bytes() == sum).then_some(document)
}
