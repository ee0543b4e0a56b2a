//! A trial: an image run once, as its manifests would have it run, and what came of it.
//!
//! What a node would refuse or kill shows here first: a write to the read-only root, a user without rights, memory over
//! the limit, a service on loopback, a check that never passes.

mod conditions;
mod failure;
mod question;

pub use conditions::{Access, Conditions, Folder, Root};
pub use failure::{Failure, Way};
pub use question::{Question, question, shown};
