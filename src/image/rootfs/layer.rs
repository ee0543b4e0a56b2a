//! A layer: the names that it adds, replaces and takes away.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::archive::{Entry, Kind};
use super::error::LayerError;
use super::name::{NAME, PATH, cleaned, parts};
use super::walk::LINKS;

/// What hides a file of a lower layer: this, before its name.
const WHITEOUT: &[u8] = b".wh.";
/// What makes a folder opaque, and, with other ends, what an old storage driver kept for itself.
const OPAQUE: &[u8] = b".wh..wh..opq";
const OWN: &[u8] = b".wh..wh.";
/// How many parts of paths are followed before a layer is too intricate. An ordinary entry has ten.
const STEPS: u64 = 100_000_000;

/// What a file is, beside a folder or a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A regular file.
    File {
        /// Permissions, as in `chmod`.
        mode: u32,
        /// In bytes.
        size: u64,
        /// Which entry of its layer has the content, counted from 0.
        ordinal: u64,
    },
    /// Something else; which, in words: `a device or pipe`.
    Other(&'static str),
}

/// What a layer has under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A folder, by its number.
    Folder(usize),
    /// A symbolic link.
    Link(Box<[u8]>),
    /// A file of any other kind.
    Leaf(What),
    /// Nothing, and nothing below either.
    Whiteout,
}

#[derive(Debug, Default)]
struct Folder {
    /// Hides what lower layers have in it.
    opaque: bool,
    names: HashMap<Box<[u8]>, Node>,
}

/// The number of the root.
pub(super) const ROOT: usize = 0;

/// The names of one layer. Made by [`super::read()`].
#[derive(Debug)]
pub struct Layer {
    folders: Vec<Folder>,
    pub(super) bodies: HashMap<u64, Arc<[u8]>>,
    size: Size,
    steps: u64,
    /// Where the last entry went: the next one is mostly its neighbour.
    last: Option<(Vec<u8>, usize)>,
}

/// How much a layer takes in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Names.
    pub(super) entries: u64,
    /// Their bytes, and those of links' targets.
    pub(super) names: u64,
}

impl Default for Layer {
    fn default() -> Self {
        let folders = vec![Folder::default()];
        Self { folders, bodies: HashMap::new(), size: Size::default(), steps: 0, last: None }
    }
}

impl Layer {
    /// What the folder of that number has under a name.
    pub(super) fn get(&self, folder: usize, name: &[u8]) -> Option<&Node> {
        self.folders.get(folder)?.names.get(name)
    }

    /// Whether the folder of that number hides what lower layers have in it.
    pub(super) fn is_opaque(&self, folder: usize) -> bool {
        self.folders.get(folder).is_some_and(|folder| folder.opaque)
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The content of a file, where it was kept.
    pub(super) fn body(&self, ordinal: u64) -> Option<&Arc<[u8]>> {
        self.bodies.get(&ordinal)
    }

    /// Takes in the next entry of the archive, as an engine would unpack it.
    pub(super) fn add(&mut self, entry: &Entry, ordinal: u64) -> Result<(), LayerError> {
        let path = cleaned(&entry.name);
        let Some((name, folder)) = path.split_last() else { return Ok(()) };
        if entry.name.len() > PATH || path.iter().any(|part| part.len() > NAME) {
            return Err(LayerError::misplaced(&entry.name, "its name is too long"));
        }
        let folder = self.folder(folder, &entry.name)?;
        match name.strip_prefix(WHITEOUT) {
            Some(_) if *name == OPAQUE => self.folders[folder].opaque = true,
            Some(_) if name.starts_with(OWN) => {}
            Some(b"" | b"." | b"..") => {}
            Some(hidden) => self.hide(folder, hidden),
            None => {
                let node = self.node(entry, ordinal)?;
                self.put(folder, name, node);
            }
        }
        Ok(())
    }

    /// What the entry puts under its name; none where it makes a folder.
    fn node(&mut self, entry: &Entry, ordinal: u64) -> Result<Option<Node>, LayerError> {
        Ok(Some(match &entry.kind {
            Kind::Directory => return Ok(None),
            Kind::File => Node::Leaf(What::File { mode: entry.mode, size: entry.size, ordinal }),
            Kind::Sparse => Node::Leaf(What::Other("a sparse file")),
            Kind::Other => Node::Leaf(What::Other("a device or pipe")),
            Kind::Symlink(target) if target.len() > PATH => {
                return Err(LayerError::misplaced(&entry.name, "it leads to a name that is too long"));
            }
            Kind::Symlink(target) => Node::Link(target.as_slice().into()),
            // Another name for the same file: what becomes of the first name later is nothing to this one.
            Kind::Hardlink(target) => match self.linked(target, &entry.name)? {
                Some(node @ (Node::Leaf(_) | Node::Link(_))) => node,
                _ => return Err(LayerError::misplaced(&entry.name, "it is a link to what its layer does not have")),
            },
        }))
    }

    fn linked(&mut self, target: &[u8], entry: &[u8]) -> Result<Option<Node>, LayerError> {
        let path = cleaned(target);
        let Some((name, folder)) = path.split_last() else { return Ok(None) };
        let folder = self.folder(folder, entry)?;
        Ok(self.get(folder, name).cloned())
    }

    fn put(&mut self, folder: usize, name: &[u8], node: Option<Node>) {
        let old = self.folders[folder].names.get(name);
        if matches!((old, &node), (Some(Node::Folder(_)), None)) {
            return;
        }
        if matches!(old, Some(Node::Folder(_) | Node::Link(_))) {
            self.last = None;
        }
        // A folder after a whiteout of its name takes the whiteout's place, and what is below shows again: that is what
        // engines with overlay do (Docker 20.10 and containerd), though the specification would have it hidden.
        let node = node.unwrap_or_else(|| self.new_folder(false));
        self.insert(folder, name, node);
    }

    fn hide(&mut self, folder: usize, name: &[u8]) {
        match self.folders[folder].names.get(name) {
            // A whiteout is about lower layers: what this one has stays.
            Some(Node::Folder(number)) => {
                let number = *number;
                self.folders[number].opaque = true;
            }
            Some(_) => {}
            None => self.insert(folder, name, Node::Whiteout),
        }
    }

    fn new_folder(&mut self, opaque: bool) -> Node {
        self.folders.push(Folder { opaque, names: HashMap::new() });
        Node::Folder(self.folders.len() - 1)
    }

    fn insert(&mut self, folder: usize, name: &[u8], node: Node) {
        let target = if let Node::Link(target) = &node { target.len() } else { 0 };
        self.size.entries += 1;
        self.size.names += (name.len() + target) as u64;
        self.folders[folder].names.insert(name.into(), node);
    }

    /// The folder at a path of the layer, made where it isn't there. Links of the layer itself are followed.
    fn folder(&mut self, path: &[&[u8]], entry: &[u8]) -> Result<usize, LayerError> {
        let joined = path.join(&b'/');
        if let Some((last, number)) = &self.last
            && *last == joined
        {
            return Ok(*number);
        }
        let mut rest: Vec<Cow<'_, [u8]>> = path.iter().rev().map(|part| Cow::Borrowed(*part)).collect();
        let mut trail = vec![ROOT];
        let mut links = 0;
        while let Some(part) = rest.pop() {
            self.steps += 1;
            if self.steps > STEPS {
                return Err(LayerError::TooMuch { what: "folders within folders" });
            }
            if *part == *b".." {
                if trail.len() > 1 {
                    trail.pop();
                }
                continue;
            }
            let here = trail.last().copied().unwrap_or(ROOT);
            match self.folders[here].names.get(&*part) {
                Some(Node::Folder(number)) => trail.push(*number),
                Some(Node::Link(target)) => {
                    links += 1;
                    if links > LINKS {
                        return Err(LayerError::misplaced(entry, "links on its way lead in a circle"));
                    }
                    if target.starts_with(b"/") {
                        trail.truncate(1);
                    }
                    rest.extend(parts(target).rev().map(|part| Cow::Owned(part.to_vec())));
                }
                Some(Node::Leaf(_)) => return Err(LayerError::misplaced(entry, "a file is in its way")),
                old @ (None | Some(Node::Whiteout)) => {
                    // Where the folder is only implied, those engines fail, and the specification's word is all there is.
                    let hides = old.is_some();
                    let node = self.new_folder(hides);
                    if let Node::Folder(number) = node {
                        trail.push(number);
                    }
                    self.insert(here, &part, node);
                }
            }
        }
        let number = trail.last().copied().unwrap_or(ROOT);
        self.last = Some((joined, number));
        Ok(number)
    }
}
