//! The build context as it lies on disk: walked in order, with what stays here and why.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::image::context::{Answer, ContextRules, RuleWalk, Why};
use crate::image::selection::{Selection, SelectionError, Verdict, Walk};

/// One file, folder or link of the context.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Relative to the context's root, `/` between parts.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, as `chmod` takes them.
    pub mode: u32,
    /// Last change, in nanoseconds since 1970.
    pub modified: i64,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Directory,
    /// A file of that many bytes.
    File(u64),
    /// A symbolic link to that path.
    Link(String),
}

/// Something that stays on this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Why.
    pub why: Why,
    /// Relative path; a folder stands for all that is in it.
    pub path: String,
}

/// Why a context could not be walked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("could not read {} for the build context", path.display())]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// A pattern is none.
    #[error("could not use the context's patterns")]
    Pattern(#[from] SelectionError),
    /// A file's name is not UTF-8, which no Dockerfile can name.
    #[error("{} has a name that is not UTF-8, which no build context can hold", .0.display())]
    Name(PathBuf),
    /// Whoever takes the entries has gone.
    #[error("the walk was stopped")]
    Stopped,
}

/// What a daemon asks for of a context: its own patterns, beside our rules.
#[derive(Debug, Default, Clone)]
pub struct Request {
    /// Patterns of what is wanted; all where empty.
    pub include: Vec<String>,
    /// Patterns of what is not.
    pub exclude: Vec<String>,
}

/// Calls `send` with each entry of the context, folders before what is in them, sorted by name in each folder;
/// it answers whether to go on. Returns what was left out.
pub fn walk(
    root: &Path,
    rules: &ContextRules,
    request: &Request,
    send: &mut dyn FnMut(Entry) -> bool,
) -> Result<Vec<LeftOut>, Error> {
    let asked = Selection::new(&request.include, &request.exclude)?;
    let mut walker =
        Walker { root, rules: rules.walk(), request: asked.walk(), pending: Vec::new(), left_out: Vec::new(), send };
    walker.folder("")?;
    Ok(walker.left_out)
}

struct Walker<'w> {
    root: &'w Path,
    rules: RuleWalk<'w>,
    request: Walk<'w>,
    /// Folders that are sent before the first thing in them that is.
    pending: Vec<Entry>,
    left_out: Vec<LeftOut>,
    send: &'w mut dyn FnMut(Entry) -> bool,
}

impl Walker<'_> {
    fn folder(&mut self, prefix: &str) -> Result<(), Error> {
        let folder = self.root.join(prefix);
        let unreadable = |source| Error::Unreadable { path: folder.clone(), source };
        let entries: Result<Vec<_>, _> = fs::read_dir(&folder).map_err(unreadable)?.collect();
        let mut entries = entries.map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                return Err(Error::Name(entry.path()));
            };
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            self.entry(path, &entry.path())?;
        }
        Ok(())
    }

    fn entry(&mut self, path: String, at: &Path) -> Result<(), Error> {
        let unreadable = |source| Error::Unreadable { path: at.to_path_buf(), source };
        let meta = fs::symlink_metadata(at).map_err(unreadable)?;
        let is_dir = meta.is_dir();
        let ours = match self.rules.enter(&path, is_dir) {
            Answer::Leave(why) => {
                self.leave(path, why);
                return Ok(());
            }
            Answer::SendIfChildSent => Verdict::SendIfChildSent,
            Answer::Send => Verdict::Send,
        };
        if !is_dir && let Some(why) = self.inspect(&path, at, &meta) {
            self.leave(path, why);
            return Ok(());
        }
        let theirs = self.request.enter(&path, is_dir);
        let entry = Entry { kind: kind(at, &meta)?, mode: mode(&meta), modified: modified(&meta), path: path.clone() };
        match (ours, theirs) {
            (_, Verdict::SkipDir | Verdict::Skip) => Ok(()),
            (Verdict::Send, Verdict::Send) => {
                self.emit(entry)?;
                if is_dir { self.folder(&path) } else { Ok(()) }
            }
            _ => {
                self.pending.push(entry);
                let depth = self.pending.len();
                self.folder(&path)?;
                self.pending.truncate(depth - 1);
                Ok(())
            }
        }
    }

    fn leave(&mut self, path: String, why: Why) {
        self.left_out.push(LeftOut { why, path });
    }

    fn inspect(&self, path: &str, at: &Path, meta: &Metadata) -> Option<Why> {
        if meta.is_symlink() {
            return None;
        }
        if !meta.is_file() {
            return Some(Why::Special);
        }
        self.rules.inspect(path, meta.len(), || head(at))
    }

    fn emit(&mut self, entry: Entry) -> Result<(), Error> {
        for parent in std::mem::take(&mut self.pending) {
            if !(self.send)(parent) {
                return Err(Error::Stopped);
            }
        }
        if (self.send)(entry) { Ok(()) } else { Err(Error::Stopped) }
    }
}

fn head(at: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(at) {
        let _ = file.take(16 << 10).read_to_end(&mut bytes);
    }
    bytes
}

fn kind(at: &Path, meta: &Metadata) -> Result<EntryKind, Error> {
    if meta.is_dir() {
        return Ok(EntryKind::Directory);
    }
    if meta.is_symlink() {
        let target = fs::read_link(at).map_err(|source| Error::Unreadable { path: at.to_path_buf(), source })?;
        return target.into_os_string().into_string().map(EntryKind::Link).map_err(|t| Error::Name(t.into()));
    }
    Ok(EntryKind::File(meta.len()))
}

#[cfg(unix)]
fn mode(meta: &Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(meta: &Metadata) -> u32 {
    if meta.is_dir() { 0o755 } else { 0o644 }
}

fn modified(meta: &Metadata) -> i64 {
    let since = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    since.and_then(|d| i64::try_from(d.as_nanos()).ok()).unwrap_or_default()
}
