//! A registry: where images are kept, and who may see them.
//!
//! ```text
//! Keychain ─lookup(host)→ Credentials ─→ Registry ─manifest, config→ bytes that have their digest
//! ```
//!
//! | what it is about | files |
//! |---|---|
//! | who we are | `secret`, `credentials`, `keychain`, `docker_config`, `pull_secret`, `helper`, `keychain_error` |
//! | names | `host`, `pointer`, `digest` |
//! | what goes out | `shipment`, `feed`, `push`, `upload`, `place`, `outgoing` |
//! | HTTP | `call`, `transport`, `reach`, `failure`, `retry`, `traffic`, `trust` |
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
pub(crate) mod conversations;
mod credentials;
mod digest;
mod docker_config;
mod error;
mod failure;
mod feed;
mod helper;
mod host;
mod keychain;
mod keychain_error;
mod manifest;
mod outgoing;
mod place;
mod plain;
mod pointer;
mod pull_secret;
mod push;
mod reach;
mod refusal;
pub(crate) mod retry;
mod secret;
mod shipment;
mod traffic;
mod transport;
mod trust;
mod upload;

pub use blob::Blob;
pub use client::{Options, Registry, Security};
pub use credentials::Credentials;
pub use error::Error;
pub(crate) use feed::Feed;
pub use keychain::Keychain;
pub use keychain_error::KeychainError;
pub use manifest::{Manifest, RawManifest};
pub use pointer::Pointer;
pub use pull_secret::PullSecret;
pub use secret::Secret;
pub use shipment::{BlobSource, Fate, Parcel, Passage, Presence, Progress, Sent, Shipment, silent};
pub use traffic::Traffic;
