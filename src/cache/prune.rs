//! Pruning: what was not used for the longest time goes first.

use std::fs;

use super::error::Error;
use super::limit::Limit;
use super::temporary::{discard, sweep};
use super::usage::{Entry, Form};
use super::{Cache, lock};

/// What was pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many entries.
    pub entries: u64,
    /// How much was freed, in bytes, with what killed processes had left.
    pub bytes: u64,
    /// What is still there, in bytes.
    pub left: u64,
    /// How many entries would have gone, but are in use by a running process.
    pub held: u64,
}

impl Cache {
    /// Removes what was not used for the longest time, until no more is left than the limit, and what killed processes
    /// left half made. What a running process uses stays, and what this one has made or used.
    pub fn prune(&self, limit: Limit) -> Result<Pruned, Error> {
        let mut pruned = Pruned { bytes: sweep(self), ..Pruned::default() };
        let mut entries = self.entries()?;
        entries.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.path.cmp(&b.path)));
        pruned.left = entries.iter().map(|entry| entry.bytes).sum();
        for entry in entries {
            // Even without a limit, what has no size goes.
            if pruned.left <= limit.0 && limit.0 > 0 {
                break;
            }
            match self.remove(&entry)? {
                Removed::Gone => {
                    pruned.entries += 1;
                    pruned.bytes += entry.bytes;
                    pruned.left -= entry.bytes;
                }
                Removed::Held => pruned.held += 1,
            }
        }
        self.drop_locks();
        Ok(pruned)
    }

    /// After a run: prunes if this process has written anything. What it has made or used itself stays.
    pub fn trim(&self, limit: Limit) -> Result<Option<Pruned>, Error> {
        if self.has_written() { self.prune(limit).map(Some) } else { Ok(None) }
    }

    fn remove(&self, entry: &Entry) -> Result<Removed, Error> {
        // Whoever makes a folder has the lock of its key until it is held.
        let key = self.root().join("locks").join(entry.path.file_name().unwrap_or_default());
        let is_free = entry.form == Form::File || !key.exists() || lock::unused(&key).is_some();
        let held = if is_free { lock::unused(&entry.path) } else { None };
        let Some(_held) = held else {
            return Ok(if entry.path.exists() { Removed::Held } else { Removed::Gone });
        };
        match entry.form {
            Form::Folder => discard(self, &entry.path)?,
            Form::File => match fs::remove_file(&entry.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::write(&entry.path, error));
                }
                _ => {}
            },
        }
        Ok(Removed::Gone)
    }

    /// Locks that nobody holds are mere names.
    fn drop_locks(&self) {
        let Ok(entries) = fs::read_dir(self.root().join("locks")) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if let Some(_held) = lock::unused(&path) {
                let _ = fs::remove_file(&path);
            }
        }
    }
}

enum Removed {
    Gone,
    Held,
}
