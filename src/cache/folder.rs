//! A folder in the cache: many files that were made together, such as an unpacked interpreter.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::{Error, Failed};
use super::key::{Key, Kind};
use super::note::NOTE;
use super::temporary::{Temporary, discard};
use super::{Cache, lock, usage};

/// Where they are.
pub(super) const FOLDER: &str = "folders";
/// What is in it.
const CONTENT: &str = "content";
/// What says that all of it is there.
pub(super) const WHOLE: &str = "whole";
/// How deep folders may lie in each other in it.
const DEPTH: usize = 100;

/// A folder. As long as there is one of these, no process prunes it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _held: Arc<File>,
}

impl Folder {
    /// Where it is. Nothing is to be written there.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What was in a folder when it was made: by this it is known whether all of it is there. What came later, such as
/// bytecode that an interpreter leaves, does no harm.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inventory {
    /// The size of all files, in bytes.
    bytes: u64,
    /// Everything by its path, with the size of files. What has no name in UTF-8 is not listed.
    entries: Vec<(String, Option<u64>)>,
}

impl Inventory {
    fn take(root: &Path) -> io::Result<Self> {
        let mut inventory = Self::default();
        inventory.add(root, root, DEPTH)?;
        inventory.entries.sort_unstable();
        Ok(inventory)
    }

    fn add(&mut self, root: &Path, folder: &Path, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let (path, metadata) = entry.and_then(|e| Ok((e.path(), e.metadata()?)))?;
            let size = metadata.is_file().then_some(metadata.len());
            self.bytes += size.unwrap_or_default();
            if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
                self.entries.push((name.to_owned(), size));
            }
            if metadata.is_dir() {
                let Some(depth) = depth.checked_sub(1) else {
                    return Err(io::Error::other(format!("folders lie too deep in each other: {}", path.display())));
                };
                self.add(root, &path, depth)?;
            }
        }
        Ok(())
    }

    fn read(place: &Path) -> Option<Self> {
        let mut text = Vec::new();
        File::open(place.join(WHOLE)).ok()?.take(NOTE as u64).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn is_there(&self, root: &Path) -> bool {
        self.entries.iter().all(|(path, size)| {
            let metadata = fs::symlink_metadata(root.join(path));
            metadata.is_ok_and(|m| m.is_file().then_some(m.len()) == *size)
        })
    }
}

impl Cache {
    /// The folder of a key, if it is there and whole.
    pub fn find_folder(&self, kind: Kind, key: &Key) -> Result<Option<Folder>, Error> {
        let place = self.folder_place(kind, key);
        let Some(held) = lock::shared(&place).map_err(|source| Error::read(&place, source))? else { return Ok(None) };
        let held = Arc::new(held);
        let content = place.join(CONTENT);
        let name = place.display().to_string();
        let is_whole =
            self.was_sound(&name) || Inventory::read(&place).is_some_and(|inventory| inventory.is_there(&content));
        if !is_whole {
            discard(self, &place)?;
            self.damaged(format!("a folder ({})", kind.name()));
            return Ok(None);
        }
        self.now_sound(name, Arc::clone(&held));
        let marker = place.join(WHOLE);
        if let Ok(metadata) = fs::metadata(&marker) {
            usage::touch(&marker, &metadata);
        }
        Ok(Some(Folder { path: content, _held: held }))
    }

    /// The folder of a key, which is made where it isn't there. `make` fills an empty folder, which moves to its own
    /// place afterwards: nothing in it may hold its path. Of several runs that want it at once, one makes it, and the
    /// others wait for that; `waiting` is called before such a wait.
    pub fn folder<E: std::error::Error + 'static>(
        &self,
        kind: Kind,
        key: &Key,
        waiting: impl FnOnce(),
        make: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<Folder, Failed<E>> {
        if let Some(found) = self.find_folder(kind, key)? {
            return Ok(found);
        }
        let _guard = self.lock(key, waiting)?;
        if let Some(found) = self.find_folder(kind, key)? {
            return Ok(found);
        }
        let temporary = Temporary::folder(self)?;
        let content = temporary.path().join(CONTENT);
        let failed = |source| Error::write(&content, source);
        fs::create_dir(&content).map_err(failed)?;
        make(&content).map_err(Failed::Make)?;
        let inventory = Inventory::take(&content).map_err(failed)?;
        let marker = serde_json::to_vec(&inventory).map_err(|source| Error::Note { kind: kind.name(), source })?;
        fs::write(temporary.path().join(WHOLE), marker).map_err(failed)?;
        let place = self.folder_place(kind, key);
        self.folder_of(place.parent().unwrap_or(self.root()))?;
        let held = Arc::new(temporary.moved(&place).map_err(|source| Error::write(&place, source))?);
        self.now_sound(place.display().to_string(), Arc::clone(&held));
        Ok(Folder { path: place.join(CONTENT), _held: held })
    }

    fn folder_place(&self, kind: Kind, key: &Key) -> PathBuf {
        self.root().join(FOLDER).join(kind.name()).join(key.hex())
    }
}

/// The size of the folder at a place, in bytes, as it was when it was made.
pub(super) fn size(place: &Path) -> u64 {
    Inventory::read(place).unwrap_or_default().bytes
}
