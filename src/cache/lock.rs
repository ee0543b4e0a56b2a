//! A lock: files that are held while something is made or used, until the holder lets go or dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::error::Error;

/// How often a file is opened anew because it was removed before the lock on it was had.
const TRIES: usize = 20;

/// A lock that is held; dropped, it is free.
#[derive(Debug)]
pub struct Guard {
    _file: File,
}

impl Guard {
    /// Waits for the lock with this file's name.
    pub(super) fn take(path: &Path, waiting: impl FnOnce()) -> Result<Self, Error> {
        let failed = |source| Error::write(path, source);
        let mut waiting = Some(waiting);
        let mut tries = 0;
        loop {
            let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    if let Some(waiting) = waiting.take() {
                        waiting();
                    }
                    file.lock().or_else(unsupported).map_err(failed)?;
                }
                Err(TryLockError::Error(error)) => unsupported(error).map_err(failed)?,
            }
            tries += 1;
            if tries == TRIES || is_at(&file, path) {
                return Ok(Self { _file: file });
            }
        }
    }
}

/// Opens what is in use and holds it against pruning; none where there is nothing.
pub(super) fn shared(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        file.lock_shared().or_else(unsupported)?;
        if is_at(&file, path) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Opens what nobody uses, and holds it against use; none where somebody does, or where there is nothing.
pub(super) fn unused(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => unsupported(error).ok()?,
        Err(TryLockError::WouldBlock) => return None,
    }
    is_at(&file, path).then_some(file)
}

/// Some network file systems have no locks, or none on what is open for reading only. Two processes may then do the same
/// work twice, and one of them may prune what the other uses.
pub(super) fn unsupported(error: io::Error) -> io::Result<()> {
    // What NFS says of the latter, and of too many locks: EBADF, and ENOLCK on Linux and elsewhere.
    let is_nfs = cfg!(unix) && matches!(error.raw_os_error(), Some(9 | 37 | 77));
    if is_nfs || error.kind() == io::ErrorKind::Unsupported { Ok(()) } else { Err(error) }
}

/// Whether this is what the path leads to, now that it is locked.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        match (file.metadata(), std::fs::metadata(path)) {
            (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}
