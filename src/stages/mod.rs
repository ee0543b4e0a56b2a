//! The stages between a project's directory and a pushed image: each takes one type and gives the next.

pub mod build;
pub mod choice;
pub mod compare;
pub mod edit;
pub mod embedded;
pub mod examine;
pub mod libraries;
pub mod loaded;
pub mod prepare;
pub mod promise;
pub mod push;
pub mod recipe;
pub mod repository;
pub mod ship;
pub mod survey;
pub mod target;
pub mod trial;
pub mod write;

pub use build::Local;
pub use examine::Examined;
pub use prepare::{Blueprint, Prepared};
pub use push::Pushed;
pub use target::Target;
