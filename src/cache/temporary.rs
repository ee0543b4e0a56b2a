//! A temporary place: where something is made before it moves to its own.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Cache;
use super::error::Error;
use super::lock;

/// Their folder.
const FOLDER: &str = "temporary";

/// A file or folder that is being made. It is locked, so that nobody takes it for a leftover, and removed when dropped.
#[derive(Debug)]
pub(super) struct Temporary {
    /// Empty once it has moved.
    path: PathBuf,
    /// For a file, the one to write to.
    file: File,
}

impl Temporary {
    /// A file.
    pub(super) fn file(cache: &Cache) -> Result<Self, Error> {
        Self::new(cache, |path| File::create_new(path))
    }

    /// A folder.
    pub(super) fn folder(cache: &Cache) -> Result<Self, Error> {
        Self::new(cache, |path| {
            fs::create_dir(path)?;
            File::open(path)
        })
    }

    fn new(cache: &Cache, make: impl Fn(&Path) -> io::Result<File>) -> Result<Self, Error> {
        cache.wrote();
        let folder = cache.folder_of(FOLDER)?;
        let failed = |source| Error::write(&folder, source);
        // Until it is locked itself, nobody sweeps.
        let gate = File::open(&folder).map_err(failed)?;
        gate.lock_shared().or_else(lock::unsupported).map_err(failed)?;
        let kept = tempfile::Builder::new().prefix("").rand_bytes(16).make_in(&folder, make).map_err(failed)?;
        let (file, path) = kept.keep().map_err(|error| failed(error.error))?;
        let temporary = Self { path, file };
        temporary.file.lock().or_else(lock::unsupported).map_err(failed)?;
        Ok(temporary)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file.
    pub(super) fn open(&self) -> &File {
        &self.file
    }

    /// Moves it to its own place; whatever file is there makes way. What is answered holds it there against pruning.
    pub(super) fn moved(mut self, to: &Path) -> io::Result<File> {
        let held = self.file.try_clone()?;
        fs::rename(&self.path, to)?;
        self.path = PathBuf::new();
        held.lock_shared().or_else(lock::unsupported)?;
        Ok(held)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() {
            return;
        }
        // What can't be removed now is swept later.
        let _ = remove(&self.path);
    }
}

/// An empty folder for work in progress, on the same file system as the cache; removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    temporary: Temporary,
}

impl Scratch {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }
}

impl Cache {
    /// An empty folder for work in progress.
    pub fn scratch(&self) -> Result<Scratch, Error> {
        Ok(Scratch { temporary: Temporary::folder(self)? })
    }
}

/// Puts a folder out of everyone's sight, and then removes it.
pub(super) fn discard(cache: &Cache, path: &Path) -> Result<(), Error> {
    let place = Temporary::folder(cache)?;
    let to = place.path().join("discarded");
    match fs::rename(path, &to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(path, error)),
        _ => Ok(()),
    }
}

/// Removes what killed processes left; answers with the bytes of its files.
pub(super) fn sweep(cache: &Cache) -> u64 {
    let folder = cache.root().join(FOLDER);
    let left: Vec<_> = {
        let Ok(gate) = File::open(&folder) else { return 0 };
        if gate.lock().or_else(lock::unsupported).is_err() {
            return 0;
        }
        let Ok(entries) = fs::read_dir(&folder) else { return 0 };
        let paths = entries.flatten().map(|entry| entry.path());
        paths.filter_map(|path| lock::unused(&path).map(|held| (path, held))).collect()
    };
    left.iter().map(|(path, _)| remove(path).unwrap_or_default()).sum()
}

/// Removes a file, or a folder with all that is in it; answers with the bytes of its files.
fn remove(path: &Path) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        fs::remove_file(path)?;
        return Ok(metadata.len());
    }
    let mut bytes = 0;
    writable(path)?;
    for entry in fs::read_dir(path)? {
        bytes += remove(&entry?.path())?;
    }
    fs::remove_dir(path)?;
    Ok(bytes)
}

/// Packages have folders that not even their owner may write to.
fn writable(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
