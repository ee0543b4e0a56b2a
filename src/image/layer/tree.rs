//! A tree of files: what a layer holds, sorted by path.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// The longest path, in bytes: Linux' own limit.
const LONGEST: usize = 4095;

/// Files, folders and links by their paths, which are relative to the image's root, with `/` between parts. A path's
/// folders need not be there: what is missing is made for root, with mode 0755.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
}

/// What is at a path.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Permissions, as `chmod` takes them; none of a link are looked at.
    pub mode: u32,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// Its user's number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A folder.
    Directory,
    /// A file.
    File(Content),
    /// A symbolic link to this path.
    Symlink(String),
}

/// A file's content: here, or where it can be read from as often as it is needed.
#[derive(Clone)]
pub struct Content {
    size: u64,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Bytes(Arc<[u8]>),
    Elsewhere(Arc<dyn Open>),
}

/// Somewhere that content can be read from.
pub trait Open: Send + Sync {
    /// Begins at the first byte.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;

    /// Begins at the byte `at`. What can seek there should.
    fn open_at(&self, at: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut source = self.open()?;
        io::copy(&mut source.by_ref().take(at), &mut io::sink())?;
        Ok(source)
    }
}

/// Why something can't be part of a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A path that leads elsewhere, or none.
    #[error("{0:?} is no path inside an image")]
    Path(String),
    /// A name by which a layer hides what is below it: <https://github.com/opencontainers/image-spec/blob/main/layer.md>.
    #[error("{0} can't be in an image: engines take it for a sign that something is to be hidden")]
    Whiteout(String),
    /// A file or link stands where a folder would have to be.
    #[error("{path} can't be in a layer in which {above} is no folder")]
    NoFolder {
        /// What was to be put in.
        path: String,
        /// What stands in its way.
        above: String,
    },
    /// A folder that holds something is no file.
    #[error("{0} can't be a file in a layer that has something below it")]
    Folder(String),
}

impl Tree {
    /// Puts a node at a path, in place of what is there.
    pub fn insert(&mut self, path: &str, node: Node) -> Result<(), TreeError> {
        if !is_inside(path) {
            return Err(TreeError::Path(path.to_owned()));
        }
        if path.split('/').any(|part| part.starts_with(".wh.")) {
            return Err(TreeError::Whiteout(path.to_owned()));
        }
        for (at, _) in path.match_indices('/') {
            let above = &path[..at];
            if self.nodes.get(above).is_some_and(|n| !matches!(n.kind, Kind::Directory)) {
                return Err(TreeError::NoFolder { path: path.to_owned(), above: above.to_owned() });
            }
        }
        if !matches!(node.kind, Kind::Directory) && self.below(path).next().is_some() {
            return Err(TreeError::Folder(path.to_owned()));
        }
        self.nodes.insert(path.to_owned(), node);
        Ok(())
    }

    /// Takes a node out, with all that is below it.
    pub fn remove(&mut self, path: &str) {
        let below: Vec<_> = self.below(path).map(|(path, _)| path.to_owned()).collect();
        below.iter().chain([&path.to_owned()]).for_each(|path| drop(self.nodes.remove(path)));
    }

    /// What is at a path.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Everything, folders before what is in them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// What is below a folder.
    pub fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        let prefix = format!("{folder}/");
        let range = self.nodes.range(prefix.clone()..);
        range.take_while(move |(path, _)| path.starts_with(&prefix)).map(|(path, node)| (path.as_str(), node))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The size of all its files, in bytes.
    pub fn size(&self) -> u64 {
        self.nodes.values().map(|n| if let Kind::File(content) = &n.kind { content.size } else { 0 }).sum()
    }
}

impl Node {
    /// Root's folder, mode 0755.
    pub fn directory() -> Self {
        Self { kind: Kind::Directory, mode: 0o755, owner: Owner::default() }
    }

    /// Root's file.
    pub fn file(mode: u32, content: impl Into<Content>) -> Self {
        Self { kind: Kind::File(content.into()), mode, owner: Owner::default() }
    }

    /// Root's symbolic link.
    pub fn symlink(target: impl Into<String>) -> Self {
        Self { kind: Kind::Symlink(target.into()), mode: 0o777, owner: Owner::default() }
    }
}

impl Content {
    /// Content of this many bytes that is read from elsewhere.
    pub fn elsewhere(size: u64, source: Arc<dyn Open>) -> Self {
        Self { size, source: Source::Elsewhere(source) }
    }

    /// Its size, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads it from its first byte.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.source {
            Source::Bytes(bytes) => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
            Source::Elsewhere(place) => place.open(),
        }
    }

    /// Reads it from the byte `at`.
    pub fn open_at(&self, at: u64) -> io::Result<Box<dyn Read + Send>> {
        match &self.source {
            Source::Bytes(bytes) => {
                let mut cursor = Cursor::new(Arc::clone(bytes));
                cursor.set_position(at);
                Ok(Box::new(cursor))
            }
            Source::Elsewhere(place) => place.open_at(at),
        }
    }
}

impl<B: Into<Vec<u8>>> From<B> for Content {
    fn from(bytes: B) -> Self {
        let bytes: Vec<u8> = bytes.into();
        Self { size: bytes.len() as u64, source: Source::Bytes(bytes.into()) }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.size)
    }
}

/// Whether a path names something inside an image, in the one way that it can be written.
fn is_inside(path: &str) -> bool {
    path.len() <= LONGEST
        && !path.contains('\0')
        && path.split('/').all(|part| !matches!(part, "" | "." | "..") && part.len() <= 255)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for path in ["", "/etc", "a//b", "a/", "./a", "a/../b", "..", "a\0", &"x".repeat(256)] {
            let refused = Tree::default().insert(path, Node::directory());
            assert_eq!(refused, Err(TreeError::Path(path.to_owned())));
        }
    }

    #[test]
    fn nothing_of_the_base_is_hidden() {
        for path in [".wh.etc", "usr/.wh..wh..opq", ".wh.a/b"] {
            let refused = Tree::default().insert(path, Node::file(0o644, ""));
            assert_eq!(refused, Err(TreeError::Whiteout(path.to_owned())));
        }
    }

    #[test]
    fn nothing_is_below_what_is_no_folder() {
        let mut tree = Tree::default();
        tree.insert("a/b", Node::symlink("/etc")).unwrap();
        assert!(matches!(tree.insert("a/b/passwd", Node::file(0o644, "x")), Err(TreeError::NoFolder { .. })));
        assert_eq!(tree.insert("a", Node::file(0o644, "x")), Err(TreeError::Folder("a".into())));
        tree.remove("a");
        assert!(tree.is_empty());
    }
}
