//! A layer: a tree of files, written as one blob whose bytes depend on nothing but that tree.
//!
//! ```text
//! tree ─archive→ tar ─cut→ blocks ─packing→ packed blocks ─write→ blob
//!                            └ diff ID                      └ digest, size
//! ```
//!
//! The tar archive is GNU's: what is longer than 100 bytes has an entry of its own before it, and numbers that are too
//! large for octal digits are binary. It is cut into blocks of a fixed size, and each is compressed by itself, so that
//! any number of threads comes to the same bytes: [`Compression`] says how. An entry's time is the same for all, and
//! nothing of the machine is in it: no names of users, no devices, no clock.

mod archive;
mod packing;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub use packing::Compression;
pub use tree::{Content, Kind, Node, Open, Owner, Tree, TreeError};
pub use write::{Form, WriteError, Written, write};
