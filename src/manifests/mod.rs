//! Manifests: a workload as Kubernetes objects, and their YAML.

pub mod against;
pub mod chart;
mod format;
pub mod kustomize;
mod network;
pub mod objects;
mod patch;
mod pod;
mod probe;
mod scale;
mod security;
mod storage;
pub mod tree;
pub mod yaml;

pub use format::{Format, UnknownFormat};
pub use objects::{Manifests, Object, PART_OF};
