//! The image: planned, written down as a Dockerfile, named, read back as a contract, and searched for what it lacks.

pub mod account;
pub mod assembly;
pub mod closure;
pub mod config;
pub mod contents;
pub mod context;
pub mod contract;
pub mod digest;
pub mod dockerfile;
pub mod duration;
pub mod ignore;
pub mod install;
pub mod layer;
mod named;
pub mod native;
pub mod pattern;
pub mod plan;
pub mod planner;
pub mod process;
pub mod reference;
pub mod release;
pub mod rootfs;
pub mod selection;
pub mod site;
