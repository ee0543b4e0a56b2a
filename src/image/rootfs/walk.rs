//! A walk: a path followed from the root, part by part, through links, as the kernel does under `chroot`.
//!
//! Whoever walks says what is at each step; so the same walk leads through layers here and through an engine's files
//! elsewhere. It never leaves the root: above it is the root again.

use super::name::{PATH, parts};

/// How many links are followed: the kernel's own number.
pub(super) const LINKS: u32 = 40;

/// A path on its way to what it names. `P` is what the caller knows of a folder.
#[derive(Debug)]
pub struct Walk<P> {
    root: P,
    trail: Vec<(Vec<u8>, P)>,
    /// The parts to go, the next one last.
    rest: Vec<Vec<u8>>,
    links: u32,
}

/// What was met at a step.
#[derive(Debug)]
pub enum Met<P> {
    /// Nothing.
    Missing,
    /// A folder.
    Folder(P),
    /// A link, and where it leads.
    Link(Vec<u8>),
    /// Anything else.
    Leaf,
}

/// Where a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nowhere.
    Missing,
    /// In a circle of links, or in more of them than the kernel follows.
    Loop,
    /// At the leaf that was met last.
    Leaf,
}

impl<P> Walk<P> {
    /// Sets out for `path`; `root` is what is known of the root.
    pub fn new(root: P, path: &[u8]) -> Self {
        let rest = parts(path).rev().map(<[u8]>::to_vec).collect();
        Self { root, trail: Vec::new(), rest, links: 0 }
    }

    /// The name to look up in the folder that [`Walk::here`] gives; none when that folder is what the path names.
    pub fn step(&mut self) -> Option<Vec<u8>> {
        loop {
            let part = self.rest.pop()?;
            if part != b".." {
                return Some(part);
            }
            self.trail.pop();
        }
    }

    /// The folder where the walk is.
    pub fn here(&self) -> &P {
        self.trail.last().map_or(&self.root, |(_, place)| place)
    }

    /// The path of what is called `name` in that folder: absolute, without links and `..`.
    pub fn path(&self, name: &[u8]) -> Vec<u8> {
        let names = self.trail.iter().map(|(name, _)| name.as_slice()).chain([name]);
        names.flat_map(|name| [&b"/"[..], name]).collect::<Vec<_>>().concat()
    }

    /// Goes on with what `name` turned out to be.
    pub fn meet(&mut self, name: Vec<u8>, met: Met<P>) -> Option<End> {
        match met {
            Met::Missing => Some(End::Missing),
            // A file that is asked for something below it has nothing there.
            Met::Leaf => Some(if self.rest.is_empty() { End::Leaf } else { End::Missing }),
            Met::Folder(place) => {
                self.trail.push((name, place));
                None
            }
            Met::Link(target) => {
                self.links += 1;
                if target.is_empty() || target.len() > PATH {
                    return Some(End::Missing);
                }
                if self.links > LINKS {
                    return Some(End::Loop);
                }
                if target.starts_with(b"/") {
                    self.trail.clear();
                }
                self.rest.extend(parts(&target).rev().map(<[u8]>::to_vec));
                None
            }
        }
    }
}
