//! A cache: what was made or fetched once, under the platform's cache folder, by what it was made from.
//!
//! ```text
//! CACHEDIR.TAG               says whose folder this is; written first
//! blobs/sha256/ab/ab12…      content under its digest
//! notes/KIND/KEY             small JSON documents, each with its checksum
//! folders/KIND/KEY/          `content`, and `whole`, which is written last
//! locks/KEY                  held while what belongs to a key is made
//! temporary/                 what is being made; it moves when it is whole
//! ```
//!
//! Nothing is ever changed in place: what is there was moved there when it was whole, so that a process may be killed at
//! any byte, and any number may run at once. Nothing is flushed to the disk either: a power cut may leave damaged
//! content, and all content is held against its digest or checksum when it is used. What is damaged counts as missing,
//! and a [`Notice`] tells of it.
//!
//! When something was used last is its time of modification, set once a day at most. What a running process uses is
//! locked (`flock`), and is not pruned.

mod blob;
mod error;
mod folder;
mod key;
mod limit;
mod lock;
mod note;
mod place;
mod prune;
mod temporary;
mod usage;

pub use blob::{Blob, FOLDER as BLOBS, Incoming};
pub use error::{Error, Failed};
pub use folder::Folder;
pub use key::{Key, Kind};
pub use limit::Limit;
pub use lock::Guard;
pub use note::NOTE;
pub use place::default_root;
pub use prune::Pruned;
pub use temporary::Scratch;
pub use usage::{Share, Usage};

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// How many files a process keeps open only so that they are not pruned. Some systems let it have no more than 256.
const HELD: usize = 64;

/// A cache. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    notices: Mutex<Vec<Notice>>,
    /// What this process has made or held against its digest, by name. It is held against pruning, too, as far as
    /// there are files to spare: another process may prune all there is while this one is about to use it.
    sound: Mutex<HashMap<String, Option<Arc<File>>>>,
    wrote: AtomicBool,
}

/// Something in a cache that was damaged, and is gone now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    what: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was damaged in the cache, and is made anew", self.what)
    }
}

impl Cache {
    /// Opens the cache in a folder, which is made if it isn't there.
    ///
    /// Refused are a folder that holds something else, since pruning would delete it, and one that everyone on the
    /// machine may write to, since any of them could put a layer of their own into the images that are made from it.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let root = std::path::absolute(root).map_err(|source| Error::read(root, source))?;
        place::prepare(&root)?;
        let inner = Inner { root, notices: Mutex::default(), sound: Mutex::default(), wrote: AtomicBool::new(false) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// What was found damaged since this was asked last.
    pub fn notices(&self) -> Vec<Notice> {
        self.inner.notices.lock().map(|mut notices| std::mem::take(&mut *notices)).unwrap_or_default()
    }

    /// Takes the lock of a key, for work whose result several processes want: the second waits for the first, and then
    /// finds what that one made. `waiting` is called before such a wait. A process that takes several locks takes them
    /// in the order of their keys, or two of them may wait for each other.
    pub fn lock(&self, key: &Key, waiting: impl FnOnce()) -> Result<Guard, Error> {
        self.wrote();
        let folder = self.folder_of("locks")?;
        Guard::take(&folder.join(key.hex()), waiting)
    }

    fn damaged(&self, what: String) {
        if let Ok(mut notices) = self.inner.notices.lock() {
            notices.push(Notice { what });
        }
    }

    fn was_sound(&self, name: &str) -> bool {
        self.inner.sound.lock().is_ok_and(|sound| sound.contains_key(name))
    }

    fn now_sound(&self, name: String, held: Arc<File>) {
        if let Ok(mut sound) = self.inner.sound.lock() {
            let held = (sound.len() < HELD).then_some(held);
            sound.insert(name, held);
        }
    }

    fn not_sound(&self, name: &str) {
        if let Ok(mut sound) = self.inner.sound.lock() {
            sound.remove(name);
        }
    }

    fn wrote(&self) {
        self.inner.wrote.store(true, Ordering::Relaxed);
    }

    fn has_written(&self) -> bool {
        self.inner.wrote.load(Ordering::Relaxed)
    }

    /// A folder of the cache's own, which is made if it isn't there.
    fn folder_of(&self, name: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let folder = self.inner.root.join(name);
        std::fs::create_dir_all(&folder).map_err(|source| Error::write(&folder, source))?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests;
