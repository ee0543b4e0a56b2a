//! What a session's services saw: kept for whoever started the build.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Sent;
use crate::context::walk::LeftOut;
use crate::engine::error::Error;

/// What the services of a session saw: shared between them and whoever started the build.
#[derive(Debug, Default)]
pub(super) struct Seen {
    error: Mutex<Option<Error>>,
    left_out: Mutex<Vec<LeftOut>>,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Seen {
    /// Keeps the first error.
    pub(super) fn fail(&self, error: Error) {
        if let Ok(mut slot) = self.error.lock() {
            slot.get_or_insert(error);
        }
    }

    pub(super) fn left_out(&self, left: Vec<LeftOut>) {
        if let Ok(mut slot) = self.left_out.lock() {
            *slot = left;
        }
    }

    /// The error, once.
    pub(super) fn take_error(&self) -> Option<Error> {
        self.error.lock().ok().and_then(|mut e| e.take())
    }

    /// What was left out, once.
    pub(super) fn take_left_out(&self) -> Vec<LeftOut> {
        self.left_out.lock().map(|mut l| std::mem::take(&mut *l)).unwrap_or_default()
    }

    /// What of the context was sent so far.
    pub(super) fn sent(&self) -> Sent {
        Sent { files: self.files.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }

    pub(super) fn file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn bytes(&self, count: u64) {
        self.bytes.fetch_add(count, Ordering::Relaxed);
    }
}
