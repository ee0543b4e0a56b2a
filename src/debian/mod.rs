//! A Debian archive: what is in it, and the root file system that its packages make without apt, without root and
//! without a maintainer script.
//!
//! ```text
//! .deb ─deb→ Deb (control, scripts, tree) ─root→ parts of a root file system, each a layer
//! ```

pub mod deb;
pub mod lock;
pub mod root;
pub mod spool;
