//! A Dockerfile: what other people's say, read without running anything.

pub mod accounts;
pub mod bases;
