//! A layer: a tree of files, written as one blob whose bytes depend on nothing but that tree.

mod tree;
mod write;

pub use tree::{Content, Kind, Node, Open, Owner, Tree, TreeError};
pub use write::{Compression, Form, Written, write};
