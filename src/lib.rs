//! pydeploy: from a Python project's directory to a slim, non-root image in a registry, and to Kubernetes manifests whose
//! probes and security context are compiled from that image.
//!
//! # The chain
//!
//! ```text
//! SourceTree → Project → ImagePlan ┬→ BuildInput → Local ─────────────┬→ Pushed(DigestRef) → ImageConfig
//!                                  └→ Order → layers → Assembled ─────┘    → ImageContract → Workload → Manifests
//!
//! any image, or a Dockerfile → Examined (ImageConfig → ImageContract, what is known beside it → Compiled)
//!
//! a cluster's workloads + the contracts of their images → audit Report
//! ```
//!
//! Each stage takes one type and gives the next; a wrong order does not compile. Two engines build: BuildKit follows a
//! Dockerfile, our own lays layers together. The contract is read back from the image that the registry confirmed, by its
//! digest, and never copied from the plan.
//!
//! # The rooms
//!
//! | room | what is in it | |
//! |---|---|---|
//! | [`audit`] | what a cluster runs, held against the contracts of its images | pure |
//! | [`cache`] | what was made or fetched once | edge |
//! | [`cli`] | what was typed | |
//! | [`cluster`] | the way to an API server: objects applied, changes watched | edge |
//! | [`settings`] | what was meant: flags, environment, file | edge |
//! | [`commands`] | one file a verb | |
//! | [`stages`] | what the verbs string together: prepare, build, push, write | edge |
//! | [`report`] | the only printer | edge |
//! | [`fault`] | every class of failure, its exit code and advice | |
//! | [`source`] | a project's files | edge |
//! | [`context`] | the build context on disk, and the revision that it is | edge |
//! | [`project`] | what a Python project is, with evidence | pure |
//! | [`image`] | plan, Dockerfile, context rules, names, layers, config, contract, and what it lacks | pure |
//! | [`dockerfile`] | reading other people's Dockerfiles: grammar, stages, the image config they come to | pure |
//! | [`debian`] | Debian's archives: packages, and the root file system that they make | pure, but for the archive and the spool |
//! | [`engine`] | BuildKit, in a Docker Engine or by itself; and our own, which lays layers together | edge |
//! | [`registry`] | credentials, reading, pushing and tagging | edge |
//! | [`layout`] | images in an OCI layout on disk, read and written | edge |
//! | [`inspect`] | an image's config and files, wherever it is | edge |
//! | [`workload`] | probes and identity, in no cluster's terms yet | pure |
//! | [`manifests`] | Kubernetes objects and their YAML | pure |
//! | [`difference`] | the fields in which two states of an object are not the same | pure |
//! | [`plain`] | what others say, without what a terminal would obey | pure |
//! | [`init`] | what a project is given to begin with: its table of settings, `.dockerignore`, CI stage | pure |
//! | [`words`] | quantities as people read them | pure |
//! | [`comparison`] | one project's image by every strategy, measured | pure |
//! | [`rollout`] | what is seen of a rollout, and the verdict on it | pure |
//! | [`trial`] | an image run once under its manifest's conditions, and what came of it | pure |
//!
//! A pure room decides and does no input or output; `tests/it/architecture.rs` holds it to that.

pub mod audit;
pub mod cache;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod comparison;
pub mod context;
pub mod debian;
pub mod difference;
pub mod dockerfile;
pub mod engine;
pub mod fault;
pub mod image;
pub mod init;
pub mod inspect;
pub mod layout;
pub mod manifests;
pub mod plain;
pub mod project;
pub mod registry;
pub mod report;
pub mod rollout;
pub mod settings;
pub mod source;
pub mod stages;
pub mod trial;
pub mod words;
pub mod workload;
