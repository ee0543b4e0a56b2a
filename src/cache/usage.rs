//! The usage of the cache: how much there is of what, and when it was used last.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::Error;
use super::{Cache, blob, folder, note};

/// How often a use is written down.
const DAY: Duration = Duration::from_hours(24);

/// What the cache holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// By what it is, the largest first.
    pub shares: Vec<Share>,
}

/// What the cache holds of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// `blobs`, or the name of a kind.
    pub what: String,
    /// How many.
    pub entries: u64,
    /// Their size, in bytes.
    pub bytes: u64,
    /// When the one was used that was not used for the longest time.
    pub oldest: SystemTime,
    /// When one was used last.
    pub last: SystemTime,
}

impl Usage {
    /// The size of everything, in bytes.
    pub fn bytes(&self) -> u64 {
        self.shares.iter().map(|share| share.bytes).sum()
    }
}

/// Something that can be pruned.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) what: String,
    pub(super) path: PathBuf,
    pub(super) form: Form,
    pub(super) bytes: u64,
    pub(super) used: SystemTime,
}

/// What an entry is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    File,
    Folder,
}

impl Cache {
    /// What it holds.
    pub fn usage(&self) -> Result<Usage, Error> {
        let mut shares = BTreeMap::new();
        for entry in self.entries()? {
            let share = shares.entry(entry.what.clone()).or_insert_with(|| Share {
                what: entry.what,
                entries: 0,
                bytes: 0,
                oldest: entry.used,
                last: entry.used,
            });
            share.entries += 1;
            share.bytes += entry.bytes;
            share.oldest = share.oldest.min(entry.used);
            share.last = share.last.max(entry.used);
        }
        let mut usage = Usage { shares: shares.into_values().collect() };
        usage.shares.sort_by_key(|share| Reverse(share.bytes));
        Ok(usage)
    }

    /// Everything that can be pruned.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut found = Vec::new();
        for algorithm in list(&self.root().join(blob::FOLDER))? {
            for part in list(&algorithm)? {
                for path in list(&part)? {
                    found.extend(file(blob::FOLDER.to_owned(), path));
                }
            }
        }
        for kind in list(&self.root().join(note::FOLDER))? {
            for path in list(&kind)? {
                found.extend(file(name(&kind), path));
            }
        }
        for kind in list(&self.root().join(folder::FOLDER))? {
            for path in list(&kind)? {
                found.extend(tree(name(&kind), path));
            }
        }
        Ok(found)
    }
}

/// Writes down that something was used now, unless that was done today. Where it can't be, it looks older than it is.
pub(super) fn touch(path: &Path, metadata: &Metadata) {
    let now = SystemTime::now();
    let age = metadata.modified().ok().and_then(|used| now.duration_since(used).ok());
    if age.is_none_or(|age| age > DAY) {
        let _ = File::open(path).and_then(|file| file.set_modified(now));
    }
}

fn file(what: String, path: PathBuf) -> Option<Entry> {
    let metadata = fs::symlink_metadata(&path).ok()?;
    let used = metadata.modified().ok()?;
    Some(Entry { what, path, form: Form::File, bytes: metadata.len(), used })
}

fn tree(what: String, path: PathBuf) -> Option<Entry> {
    let metadata = fs::metadata(path.join(folder::WHOLE)).or_else(|_| fs::metadata(&path)).ok()?;
    let bytes = folder::size(&path);
    Some(Entry { what, path, form: Form::Folder, bytes, used: metadata.modified().ok()? })
}

/// What is in a folder; nothing where there is none, or where it was removed just now.
fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(source) => return Err(Error::read(folder, source)),
    };
    entries.map(|entry| entry.map(|e| e.path()).map_err(|source| Error::read(folder, source))).collect()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
