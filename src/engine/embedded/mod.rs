//! The embedded engine: an image laid together from layers, with no daemon and no root; nothing is run in it but what
//! gathers Django's static files.
//!
//! ```text
//! base (a registry's image, or Debian packages) ┐
//! dependencies (uv)                             ├→ layers → config, manifest, index → Assembled
//! accounts, code → static files                 ┘
//! ```
//!
//! What was made once is found again by what it was made from: a layer, the layers of a set of dependencies, and a whole
//! image. So where nothing changed, nothing is done but to read the project's files.

mod accounts;
mod assemble;
mod base;
pub mod bytecode;
mod closure;
mod code;
mod compiler;
mod dependencies;
mod error;
mod gather;
mod ground;
pub mod interpreter;
mod means;
mod packages;
mod reading;
pub mod sdist;
pub mod site;
mod supply;
mod system;
pub mod unpacked;
pub mod uv;
mod workshop;

pub use assemble::{Assembled, Image, Order, assemble};
pub use base::Origin;
pub use code::FOLDER as CODE;
pub use error::{Error, gather_hint};
pub use means::{Means, Tally, Trust};
pub use supply::{Hold, Supply};
pub use workshop::{Reach, Tools};
