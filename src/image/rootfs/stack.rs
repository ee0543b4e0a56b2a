//! A stack: layers over each other, the upper ones known, the lower ones perhaps not yet.

use std::sync::Arc;

use super::layer::{Layer, Node, ROOT, What};
use super::read::Limits;
use super::walk::{End, Met, Walk};

/// The layers of an image that were read so far, from the top down.
#[derive(Debug, Default)]
pub struct Stack {
    /// The top one first.
    layers: Vec<Layer>,
    /// How many the image has.
    count: usize,
}

/// What is at a path, as far as the layers that were read can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// That depends on the next layer.
    Unknown,
    /// Nothing, or a link to nothing.
    Missing,
    /// A circle of links.
    Loop,
    /// A folder.
    Directory,
    /// A file of another kind.
    Leaf {
        /// Where it is in truth: absolute, without links.
        path: Vec<u8>,
        /// Which layer has it, counted from the top.
        layer: usize,
        /// What it is.
        what: What,
        /// Its content, where that was kept.
        body: Option<Arc<[u8]>>,
    },
}

/// A folder: which folders of which layers are laid over each other in it, the top one first.
#[derive(Debug, Clone, Default)]
struct Place {
    folders: Vec<(usize, usize)>,
    /// Whether layers that weren't read may have more in it.
    open: bool,
}

enum Child<'s> {
    Unknown,
    Missing,
    Folder(Place),
    Node(usize, &'s Node),
}

impl Stack {
    /// Nothing is read yet of an image with so many layers.
    pub fn new(count: usize) -> Self {
        Self { layers: Vec::new(), count }
    }

    /// Takes in the next layer below.
    pub fn push(&mut self, layer: Layer) {
        self.layers.push(layer);
    }

    /// Takes in a layer that was read once more, in place of what it was, with the contents that both have kept.
    pub fn replace(&mut self, at: usize, mut layer: Layer) {
        if let Some(old) = self.layers.get_mut(at) {
            layer.bodies.extend(old.bodies.drain());
            *old = layer;
        }
    }

    /// How many layers were read.
    pub fn read(&self) -> usize {
        self.layers.len()
    }

    /// What may be read of the next layer, which is stored in so many bytes.
    pub fn limits(&self, stored: u64) -> Limits {
        self.layers.iter().fold(Limits::of(stored), Limits::less)
    }

    /// What is at a path. Links are followed, and never out of the image.
    pub fn resolve(&self, path: &[u8]) -> Sight {
        let mut walk = Walk::new(self.root(), path);
        while let Some(name) = walk.step() {
            let (met, leaf) = match self.child(walk.here(), &name) {
                Child::Unknown => return Sight::Unknown,
                Child::Missing | Child::Node(_, Node::Whiteout | Node::Folder(_)) => (Met::Missing, None),
                Child::Folder(place) => (Met::Folder(place), None),
                Child::Node(_, Node::Link(target)) => (Met::Link(target.to_vec()), None),
                Child::Node(layer, Node::Leaf(what)) => (Met::Leaf, Some((walk.path(&name), layer, what))),
            };
            match (walk.meet(name, met), leaf) {
                (None, _) => {}
                (Some(End::Loop), _) => return Sight::Loop,
                (Some(End::Leaf), Some((path, layer, what))) => {
                    let body = match what {
                        What::File { ordinal, .. } => self.layers[layer].body(*ordinal).cloned(),
                        What::Other(_) => None,
                    };
                    return Sight::Leaf { path, layer, what: what.clone(), body };
                }
                (Some(_), _) => return Sight::Missing,
            }
        }
        Sight::Directory
    }

    fn root(&self) -> Place {
        let opaque = self.layers.iter().position(|layer| layer.is_opaque(ROOT));
        let upper = opaque.map_or(self.layers.len(), |last| last + 1);
        Place { folders: (0..upper).map(|layer| (layer, ROOT)).collect(), open: opaque.is_none() }
    }

    /// What a folder has under a name: the topmost word counts, and folders of several layers become one.
    fn child(&self, place: &Place, name: &[u8]) -> Child<'_> {
        let mut folders = Vec::new();
        let end = |folders: Vec<_>| Child::Folder(Place { folders, open: false });
        for &(layer, folder) in &place.folders {
            match self.layers[layer].get(folder, name) {
                None => {}
                Some(Node::Folder(number)) => {
                    folders.push((layer, *number));
                    if self.layers[layer].is_opaque(*number) {
                        return end(folders);
                    }
                }
                Some(Node::Whiteout) if folders.is_empty() => return Child::Missing,
                Some(node) if folders.is_empty() => return Child::Node(layer, node),
                // A folder hides all else of its name below it.
                Some(_) => return end(folders),
            }
        }
        let open = place.open && self.layers.len() < self.count;
        match (folders.is_empty(), open) {
            (false, open) => Child::Folder(Place { folders, open }),
            (true, true) => Child::Unknown,
            (true, false) => Child::Missing,
        }
    }
}
