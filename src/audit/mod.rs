//! An audit: what a cluster runs, held against what the images promise.
//!
//! ```text
//! Running (of a cluster) + Images (of registries) + Nodes ─audit→ Report ─→ document, sarif, html
//! ```

mod document;
mod html;
mod image;
mod node;
mod report;
mod running;
mod sarif;

pub use document::document;
pub use html::page;
pub use image::{Contract, Image, Images, Reading, Tagged};
pub use node::{Node, Nodes};
pub use report::{Counts, Report, Row, Scope, Verdict, audit};
pub use running::{Kind, Running};
pub use sarif::sarif;

#[cfg(test)]
mod tests;
