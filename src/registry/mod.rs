//! A registry: where images are kept, and who may see them.
//!
//! ```text
//! Keychain ─lookup(host)→ Credentials ─→ Registry ─manifest, config→ bytes that have their digest
//! ```
//!
//! | what it is about | files |
//! |---|---|
//! | who we are | `secret`, `credentials`, `keychain`, `docker_config`, `helper`, `keychain_error` |
//! | names | `host`, `pointer`, `digest` |
//! | HTTP | `call`, `transport`, `failure`, `retry`, `traffic`, `trust` |
//! | permission | `challenge`, `auth` |
//! | the protocol | `client`, `manifest`, `blob`, `refusal`, `error`, `plain` |
//! | tests | `conversations` with a scripted registry, and in `bed` with real ones |

mod auth;
mod blob;
mod call;
mod challenge;
mod client;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod conversations;
mod credentials;
mod digest;
mod docker_config;
mod error;
mod failure;
mod helper;
mod host;
mod keychain;
mod keychain_error;
mod manifest;
mod plain;
mod pointer;
mod refusal;
pub(crate) mod retry;
mod secret;
mod traffic;
mod transport;
mod trust;

pub use blob::Blob;
pub use client::{Options, Registry, Security};
pub use credentials::Credentials;
pub use error::Error;
pub use keychain::Keychain;
pub use keychain_error::KeychainError;
pub use manifest::{Manifest, RawManifest};
pub use pointer::Pointer;
pub use secret::Secret;
pub use traffic::Traffic;
