//! An inventory: the files of an image, or of one of its layers, that a loader may look at.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use super::bytes::{Bytes, Pages};
use super::elf::{self, Reading};
use super::object::Object;
use super::text;
use crate::image::layer::{Kind, Tree};
use crate::image::rootfs::{End, Met, Walk};

/// The files of an image that a loader may look at, by paths relative to the image's root. Of a layer, also what it
/// takes away from those below it. The same layer always gives the same inventory: it can be kept by the layer's digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    pub(super) entries: BTreeMap<String, Placed>,
    folders: BTreeSet<String>,
    /// Paths that are taken away with all below them.
    hidden: BTreeSet<String>,
    /// Folders of which all that lower layers have is taken away.
    opaque: BTreeSet<String>,
    layers: usize,
}

/// An entry, and which layer it came with, counted from 0 at the lowest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Placed {
    pub(super) entry: Entry,
    pub(super) layer: usize,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Entry {
    /// A program or library.
    Object(Box<Object>),
    /// A file that nothing more is known of.
    File,
    /// A symbolic link to this path.
    Link(String),
    /// The lines of a text that we have a use for.
    Text(Vec<String>),
}

/// Why a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// Nobody asks for it.
    None,
    /// It may be a program or library.
    Object,
    /// A text.
    Text(text::Text),
}

/// What of a file with this path is worth knowing.
pub(super) fn interest(path: &str) -> Interest {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if let Some(text) = text::Text::of(folder, name) {
        return Interest::Text(text);
    }
    // Programs that the system brings are not asked about, and are many.
    let system = matches!(folder, "bin" | "sbin" | "usr/bin" | "usr/sbin");
    let packages = path.starts_with("opt/") || path.starts_with("app/") || path.contains("-packages/");
    let program = folder.rsplit('/').next() == Some("bin") && (!system || name.starts_with("python"));
    if packages || program || name.contains(".so") { Interest::Object } else { Interest::None }
}

impl Inventory {
    /// Takes in the folder at a path, and those above it.
    pub(super) fn folder(&mut self, path: &str) {
        let mut rest = path;
        while !rest.is_empty() && self.folders.insert(rest.to_owned()) {
            rest = rest.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }

    /// Takes in what is at a path, in place of what was.
    pub(super) fn put(&mut self, path: &str, entry: Entry) {
        self.folder(path.rsplit_once('/').map_or("", |(above, _)| above));
        if self.folders.contains(path) {
            self.remove_below(path);
            self.folders.remove(path);
        }
        self.entries.insert(path.to_owned(), Placed { entry, layer: 0 });
    }

    /// Notes that a path, and what is below it, is taken away from lower layers.
    pub(super) fn hide(&mut self, path: &str) {
        self.hidden.insert(path.to_owned());
    }

    /// Notes that lower layers have nothing in a folder.
    pub(super) fn clear(&mut self, folder: &str) {
        self.folder(folder);
        self.opaque.insert(folder.to_owned());
    }

    /// The inventory of a layer of ours.
    pub fn of_tree(tree: &Tree) -> io::Result<Self> {
        let mut found = Self { layers: 1, ..Self::default() };
        for (path, node) in tree.iter() {
            match &node.kind {
                Kind::Directory => found.folder(path),
                Kind::Symlink(target) => found.put(path, Entry::Link(target.clone())),
                Kind::File(content) => match (interest(path), entry(path, &mut Pages::new(content))?) {
                    (Interest::None, _) | (_, None) => found.folder(path.rsplit_once('/').map_or("", |(a, _)| a)),
                    (_, Some(entry)) => found.put(path, entry),
                },
            }
        }
        Ok(found)
    }

    /// An inventory of one layer that was taken in entry by entry.
    pub(super) fn layer(self) -> Self {
        Self { layers: 1, ..self }
    }

    /// Lays the layers of another over this one's.
    pub fn lay(&mut self, upper: Self) {
        let below = self.layers;
        self.layers += upper.layers;
        for path in &upper.hidden {
            self.remove(path);
        }
        for path in &upper.opaque {
            self.remove_below(path);
        }
        for path in upper.folders {
            // A folder hides what it meets; where both are folders, they are one.
            self.entries.remove(&path);
            self.folders.insert(path);
        }
        for (path, placed) in upper.entries {
            if self.folders.remove(&path) {
                self.remove_below(&path);
            }
            self.entries.insert(path, Placed { layer: placed.layer + below, ..placed });
        }
        if below == 0 {
            self.hidden = upper.hidden;
            self.opaque = upper.opaque;
        } else {
            self.hidden.extend(upper.hidden);
            self.opaque.extend(upper.opaque);
        }
    }

    /// How many layers it is of.
    pub fn layers(&self) -> usize {
        self.layers
    }

    fn remove(&mut self, path: &str) {
        self.entries.remove(path);
        if self.folders.remove(path) {
            self.remove_below(path);
        }
    }

    fn remove_below(&mut self, folder: &str) {
        let within = |path: &str| folder.is_empty() || path.strip_prefix(folder).is_some_and(|p| p.starts_with('/'));
        // `0` follows `/`: all that begins with the folder and a slash lies before it.
        let mut rest = self.entries.split_off(folder);
        let mut after = if folder.is_empty() { BTreeMap::new() } else { rest.split_off(&format!("{folder}0")) };
        rest.retain(|path, _| !within(path));
        self.entries.append(&mut rest);
        self.entries.append(&mut after);
        self.folders.retain(|path| !within(path));
    }

    /// What is at a path, by its true one: links are followed, and never out of the image.
    pub(super) fn find(&self, path: &str) -> Option<(String, &Entry)> {
        let mut walk = Walk::new((), path.as_bytes());
        while let Some(name) = walk.step() {
            let at = String::from_utf8(walk.path(&name)).ok()?.split_off(1);
            let entry = self.entries.get(&at).map(|placed| &placed.entry);
            let met = match entry {
                // Folders with nothing in them that we ask for are not kept in mind.
                None => Met::Folder(()),
                Some(Entry::Link(target)) => Met::Link(target.clone().into_bytes()),
                Some(_) => Met::Leaf,
            };
            match (walk.meet(name, met), entry) {
                (None, _) => {}
                (Some(End::Leaf), Some(entry)) => return Some((at, entry)),
                _ => return None,
            }
        }
        None
    }

    /// A folder's true path; none where a file is in the way.
    pub(super) fn true_folder(&self, path: &str) -> Option<String> {
        // What a link called `.` would be asked for is not there: the walk ends in the folder before it.
        let mut walk = Walk::new(String::new(), path.as_bytes());
        while let Some(name) = walk.step() {
            let at = String::from_utf8(walk.path(&name)).ok()?.split_off(1);
            let met = match self.entries.get(&at).map(|placed| &placed.entry) {
                None => Met::Folder(at),
                Some(Entry::Link(target)) => Met::Link(target.clone().into_bytes()),
                Some(_) => return None,
            };
            if walk.meet(name, met).is_some() {
                return None;
            }
        }
        Some(walk.here().clone())
    }
}

/// What a file is to a loader; none where it is nothing.
pub(super) fn entry(path: &str, bytes: &mut dyn Bytes) -> io::Result<Option<Entry>> {
    Ok(match interest(path) {
        Interest::None => None,
        Interest::Text(text) => text.read(bytes)?.map(Entry::Text),
        Interest::Object => match elf::read(bytes)? {
            Reading::Object(object) => Some(Entry::Object(object)),
            Reading::Odd => Some(Entry::File),
            Reading::Other => path.contains(".so").then_some(Entry::File),
        },
    })
}
