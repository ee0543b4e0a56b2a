//! Tests that talk to the program as its users do.
//!
//! Those that need an engine, a registry or a base image are ignored by name of what they need: `tests/run` brings that
//! up and runs them all.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod accounts;
mod against;
mod apiserver;
mod architecture;
mod audit;
mod bad_input;
mod cache;
mod causes;
mod check;
mod checkers;
mod closure;
mod compare;
mod context;
mod contract;
mod debian;
mod deploy;
mod deployer;
mod dockerfile;
mod doctor;
mod embedded;
mod embedded_bases;
mod examine;
mod faults;
mod frameworks;
mod golden;
mod init;
mod interrupt;
mod kubelet;
mod layer;
mod managers;
mod manifests;
mod memory;
mod minimal;
mod minimal_image;
mod musl;
mod outgoing;
mod place;
mod plan;
mod policy;
mod processes;
mod proxy;
mod reading;
mod reality;
mod registry;
mod rollback;
mod sandbox;
mod sdist;
mod ship;
mod size;
mod standalone;
mod static_files;
mod wheels;
