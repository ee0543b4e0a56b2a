//! The build context on disk: what of a project an engine would see, and which state of it that is.

pub mod code;
pub mod revision;
pub mod walk;
