//! Tests of the verdict: recorded rollouts are replayed, and what a watch may do to them is tried.
#![allow(clippy::unwrap_used, clippy::panic)]

mod expected;
mod properties;
mod recording;
mod replay;
mod scenes;
