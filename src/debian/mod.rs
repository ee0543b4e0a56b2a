//! A Debian archive: what is in it, and the root file system that its packages make without apt, without root and
//! without a maintainer script.
//!
//! ```text
//! apt's configuration ─sources→ Source ─trust→ Release (signed) ─index→ Index ─closure→ Package ─archive→ .deb
//! .deb ─deb→ Deb (control, scripts, tree) ─root→ parts of a root file system, each a layer
//! ```

pub mod archive;
pub mod closure;
pub mod contents;
pub mod deb;
pub mod index;
pub mod lock;
pub mod moment;
pub mod package;
pub mod release;
pub mod root;
pub mod sources;
pub mod spool;
pub mod trust;

mod relation;
mod stanza;
pub mod version;
