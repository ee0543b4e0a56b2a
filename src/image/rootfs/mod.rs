//! The root file system of an image: what its layers, laid over each other, have at a path.
//!
//! ```text
//! bytes of a layer ─compression→ tar ─archive, header→ entries ─layer→ Layer ┐
//!                                                                            ├ Stack ─walk→ Sight
//!                                            the layers above it, read before ┘
//! ```
//!
//! A layer is read once, from the first byte to the last, and only the names, kinds and modes of its entries are kept,
//! with the content of the few small files that were asked for. So a digest is always checked over all of what was
//! looked at, the last of several entries with one name is the one that counts, and a link that leads elsewhere needs
//! no second look. Nothing is unpacked, on disk or in memory. The layers are read from the top down, until what was
//! asked for is certain: [`Stack::resolve`] says so.
//!
//! The semantics are those of an engine that lays directories over each other (overlay): a whiteout hides what is
//! below, an opaque directory all of it, and a directory that a layer merely implies hides a link below as well.
//! <https://github.com/opencontainers/image-spec/blob/main/layer.md>

mod archive;
pub(crate) mod compression;
mod error;
mod header;
mod layer;
#[cfg(test)]
mod model;
mod name;
mod read;
mod single;
mod stack;
mod tee;
#[cfg(test)]
mod tests;
mod visit;
mod walk;

pub use error::LayerError;
pub use layer::{Layer, What};
pub use read::{FILE, Keep, Limits, read};
pub use single::{Single, contents};
pub use stack::{Sight, Stack};
pub use tee::{Reader, tee};
pub use visit::{Passed, Visited, visit};
pub use walk::{End, Met, Walk};
