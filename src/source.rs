//! A project's files: read-only, under one root, on disk or in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Folders that never say anything about a project: skipped while looking, whatever is in them.
const OPAQUE: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "env",
    ".env",
    "node_modules",
    "__pycache__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".cache",
    ".idea",
    ".vscode",
    "site-packages",
    ".pydeploy",
];
/// How deep below the root a file can lie and still be looked at.
const DEPTH: usize = 6;
/// How many files are looked at, at most: a data set beside the code must not make detection slow.
const FILES: usize = 20_000;
/// The largest text file that is read, in bytes. Lock files of large projects reach a few MiB.
const TEXT: u64 = 16 << 20;

/// The files of a project, named by their paths relative to its root, with `/` between the parts.
#[derive(Debug)]
pub struct SourceTree {
    name: String,
    files: BTreeSet<String>,
    contents: Contents,
    opened: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
enum Contents {
    /// The root, absolute.
    Disk(PathBuf),
    /// Texts by their paths, and the folder among them that is the root; empty for all of them.
    Memory(BTreeMap<String, String>, String),
}

/// A folder above a tree's root: its files are named, and never listed.
#[derive(Debug, Clone, Copy)]
pub struct Above<'t> {
    tree: &'t SourceTree,
    levels: usize,
}

/// Why a project's files could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root isn't there, or is not a directory.
    #[error("there is no project directory at {}", .0.display())]
    NoDirectory(PathBuf),
    /// A file or folder could not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// A file is larger than any text that a project is described by.
    #[error("{} is {bytes} bytes long: too large for a file that describes a project", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
}

impl SourceTree {
    /// Lists what lies under `root`, without reading any file yet.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let no_directory = |_| Error::NoDirectory(root.to_path_buf());
        let absolute = root.canonicalize().map_err(no_directory)?;
        if !absolute.is_dir() {
            return Err(Error::NoDirectory(root.to_path_buf()));
        }
        let mut files = BTreeSet::new();
        walk(&absolute, &mut files)?;
        let name = absolute.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, files, contents: Contents::Disk(absolute), opened: Mutex::default() })
    }

    /// A tree that was never on disk: `files` are pairs of a relative path and its text.
    pub fn in_memory<'a>(name: &str, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let contents: BTreeMap<_, _> = files.into_iter().map(|(p, t)| (p.to_owned(), t.to_owned())).collect();
        let files = contents.keys().cloned().collect();
        let contents = Contents::Memory(contents, String::new());
        Self { name: name.to_owned(), files, contents, opened: Mutex::default() }
    }

    /// The tree of a folder in this one, which is a project of its own.
    pub fn below(&self, folder: &str) -> Result<Self, Error> {
        match &self.contents {
            Contents::Disk(root) => Self::open(&root.join(folder)),
            Contents::Memory(texts, base) => {
                let base = if base.is_empty() { folder.to_owned() } else { format!("{base}/{folder}") };
                let prefix = format!("{base}/");
                let files = texts.keys().filter_map(|path| path.strip_prefix(&prefix)).map(str::to_owned).collect();
                let name = folder.rsplit('/').next().unwrap_or(folder).to_owned();
                let contents = Contents::Memory(texts.clone(), base);
                Ok(Self { name, files, contents, opened: Mutex::default() })
            }
        }
    }

    /// The folder so many levels above the root; `None` where nothing is so high, and for the root itself.
    pub fn above(&self, levels: usize) -> Option<Above<'_>> {
        let highest = match &self.contents {
            Contents::Disk(root) => root.ancestors().count().saturating_sub(1),
            Contents::Memory(_, base) => base.split('/').filter(|part| !part.is_empty()).count(),
        };
        (1..=highest).contains(&levels).then_some(Above { tree: self, levels })
    }

    /// The name of the root folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every file, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Whether there is a file (not a folder) at `path`.
    pub fn contains(&self, path: &str) -> bool {
        self.files.contains(path)
    }

    /// Whether there may be more files than are listed.
    pub fn is_cut(&self) -> bool {
        self.files.len() >= FILES
    }

    /// How many of its files were opened so far; those above are none of its own.
    pub fn opened(&self) -> usize {
        self.opened.lock().map_or(0, |opened| opened.len())
    }

    /// The text of a file without its byte order mark, or `None` where there is no such file.
    /// Bytes that are not UTF-8 are replaced: no decision hangs on them.
    pub fn text(&self, path: &str) -> Result<Option<String>, Error> {
        if !self.contains(path) {
            return Ok(None);
        }
        if let Ok(mut opened) = self.opened.lock() {
            opened.insert(path.to_owned());
        }
        let text = match &self.contents {
            Contents::Memory(texts, base) if base.is_empty() => texts.get(path).cloned().unwrap_or_default(),
            Contents::Memory(texts, base) => texts.get(&format!("{base}/{path}")).cloned().unwrap_or_default(),
            Contents::Disk(root) => read(&root.join(path))?,
        };
        Ok(Some(unmarked(text)))
    }
}

impl Above<'_> {
    /// The way there from the tree's root: `../..`.
    pub fn way(&self) -> String {
        vec![".."; self.levels].join("/")
    }

    /// The folders from the tree's root to this one, the nearest first, this one last.
    pub fn and_below(self) -> impl Iterator<Item = Self> {
        (1..=self.levels).map(move |levels| Self { levels, ..self })
    }

    /// The way back: the folder of the tree's root in this one, `services/api`.
    pub fn folder(&self) -> String {
        let last =
            |parts: Vec<String>| parts.get(parts.len().saturating_sub(self.levels)..).unwrap_or_default().join("/");
        match &self.tree.contents {
            Contents::Disk(root) => {
                last(root.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect())
            }
            Contents::Memory(_, base) => last(base.split('/').map(str::to_owned).collect()),
        }
    }

    /// The text of a file in that folder, as [`SourceTree::text`] gives it. A path that leads out of it has none.
    pub fn text(&self, path: &str) -> Result<Option<String>, Error> {
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Ok(None);
        }
        let text = match &self.tree.contents {
            Contents::Disk(root) => {
                let folder = root.ancestors().nth(self.levels).unwrap_or(root);
                let at = folder.join(path);
                if !at.is_file() {
                    return Ok(None);
                }
                read(&at)?
            }
            Contents::Memory(texts, base) => {
                let mut parts: Vec<_> = base.split('/').collect();
                parts.truncate(parts.len().saturating_sub(self.levels));
                parts.push(path);
                match texts.get(&parts.join("/")) {
                    Some(text) => text.clone(),
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(unmarked(text)))
    }
}

/// Without its byte order mark.
fn unmarked(text: String) -> String {
    text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
}

fn read(path: &Path) -> Result<String, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > TEXT {
        return Err(Error::TooLarge { path: path.to_path_buf(), bytes });
    }
    Ok(decoded(&std::fs::read(path).map_err(unreadable)?))
}

/// Text as its byte order mark says, else UTF-8: PowerShell's `>` writes UTF-16, and pip reads it.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Breadth first: what describes a project lies near its root, and a folder of data must not hide it.
fn walk(root: &Path, files: &mut BTreeSet<String>) -> Result<(), Error> {
    let mut level = vec![String::new()];
    for depth in 0..=DEPTH {
        let mut next = Vec::new();
        for prefix in &level {
            let folder = root.join(prefix);
            match list(&folder, prefix, files, &mut next) {
                Err(source) if depth == 0 => return Err(Error::Unreadable { path: folder, source }),
                // A folder that can't be entered holds nothing that we could build from.
                _ => {}
            }
            if files.len() >= FILES {
                return Ok(());
            }
        }
        level = next;
    }
    Ok(())
}

/// The files of one folder, and its folders for the next level.
fn list(folder: &Path, prefix: &str, files: &mut BTreeSet<String>, next: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let Ok(kind) = entry.file_type() else { continue };
        // A link to a file counts as that file; a link to a folder is not followed: it may lead round in a circle.
        if kind.is_dir() {
            if !OPAQUE.contains(&name.as_str()) {
                next.push(path);
            }
        } else if kind.is_file() || (kind.is_symlink() && entry.path().is_file()) {
            files.insert(path);
        }
    }
    next.sort();
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_tree_is_one_of_a_larger_one() {
        let files = [("a/uv.lock", "lock"), ("a/b/c/main.py", "main"), ("a/b/d.py", "d")];
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b/c")).unwrap();
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        for whole in [SourceTree::in_memory("p", files), SourceTree::open(folder.path()).unwrap()] {
            let tree = whole.below("a").unwrap().below("b/c").unwrap();
            assert_eq!((tree.name(), tree.files().collect::<Vec<_>>()), ("c", vec!["main.py"]));
            assert_eq!(tree.text("main.py").unwrap().as_deref(), Some("main"));
            let above = tree.above(2).unwrap();
            assert_eq!((above.way(), above.folder()), ("../..".to_owned(), "b/c".to_owned()));
            assert_eq!(above.text("uv.lock").unwrap().as_deref(), Some("lock"));
            assert_eq!(above.text("b/d.py").unwrap().as_deref(), Some("d"));
            assert_eq!((above.text("b").unwrap(), above.text("b/../uv.lock").unwrap()), (None, None));
            assert_eq!(tree.opened(), 1);
            assert!(tree.above(0).is_none() && whole.above(99).is_none());
        }
    }

    #[test]
    fn text_is_what_its_byte_order_mark_says() {
        assert_eq!(decoded(b"\xFF\xFEa\0\xE9\0\r\0"), "\u{feff}a\u{e9}\r");
        assert_eq!(decoded(b"\xFE\xFF\0\0a"), "\u{feff}\0");
        assert_eq!(decoded("\u{feff}a".as_bytes()), "\u{feff}a");
        assert_eq!(decoded(b"\xFF\xFEa"), "\u{feff}");
    }
}
