//! Manifests: a workload as Kubernetes objects, and their YAML.

pub mod against;
pub mod objects;
pub mod yaml;

pub use objects::{Manifests, Object};
