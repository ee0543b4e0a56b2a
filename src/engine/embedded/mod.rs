//! The embedded engine: an image put together here, with no daemon.

pub mod bytecode;
pub mod interpreter;
pub mod sdist;
pub mod site;
pub mod unpacked;
pub mod uv;
