//! Traffic: what a client has sent and received.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a client has sent and received so far, every try counted. Bytes are those of bodies, without heads and TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many requests were sent, those to token services and storage among them.
    pub requests: u64,
    /// Bytes in requests' bodies.
    pub bytes_sent: u64,
    /// Bytes in answers' bodies.
    pub bytes_received: u64,
}

/// The running count.
#[derive(Debug, Default)]
pub(super) struct Meter {
    requests: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Meter {
    pub(super) fn request(&self, bytes: usize) {
        self.requests.fetch_add(1, Relaxed);
        self.sent.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn read(&self) -> Traffic {
        Traffic {
            requests: self.requests.load(Relaxed),
            bytes_sent: self.sent.load(Relaxed),
            bytes_received: self.received.load(Relaxed),
        }
    }
}
