//! The library closure of an image: which shared libraries its Python packages need, and whether it has them.
//!
//! ```text
//! Tree, layer or exported image ─bytes, elf→ Inventory ┐
//!                                                      ├ lay over each other ─loader→ judge → Missing
//!                              Inventory of the base  ─┘
//! ```
//!
//! Nothing is run and nothing is unpacked. What the loader of the image would do is done after its documentation:
//! <https://man7.org/linux/man-pages/man8/ld.so.8.html>, and for musl
//! <https://wiki.musl-libc.org/functional-differences-from-glibc.html>. Only what Python packages bring is judged, and
//! what that leads to: files of the base image are taken for well.

mod archive;
mod bytes;
mod distribution;
mod elf;
mod inventory;
mod judge;
mod loader;
mod missing;
mod object;
#[cfg(test)]
mod tests;
mod text;

pub use bytes::{Bytes, Ends, Pages};
pub use distribution::Distribution;
pub use elf::{Reading, read};
pub use inventory::Inventory;
pub use judge::{Places, Subject, missing};
pub use missing::{Doubt, Kind, Missing, Needer, Verdict};
pub use object::{Machine, Object};

/// The program or library that a file is; none where it is something else.
pub fn object(content: &crate::image::layer::Content) -> std::io::Result<Option<Object>> {
    Ok(match read(&mut Pages::new(content))? {
        Reading::Object(object) => Some(*object),
        Reading::Other | Reading::Odd => None,
    })
}
