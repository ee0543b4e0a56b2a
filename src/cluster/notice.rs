//! A notice: that a server keeps us waiting, said once it has for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What is over within this time is not worth a word.
pub(super) const QUIET: Duration = Duration::from_secs(3);

/// What is said while a server keeps us waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting<'w> {
    /// It does; why, as far as it is known.
    Begun(&'w str),
    /// It does no more.
    Over,
}

type Listener = Arc<dyn Fn(Waiting<'_>) + Send + Sync>;

/// Who is told. Of many requests that wait at once one word is said.
#[derive(Clone, Default)]
pub struct Notice {
    listener: Option<Listener>,
    said: Arc<AtomicBool>,
}

impl Notice {
    /// Tells this listener.
    pub fn to(listener: impl Fn(Waiting<'_>) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), said: Arc::default() }
    }

    /// A request waits.
    pub(super) fn waits(&self, why: &str) {
        if let Some(listener) = self.listener.as_ref().filter(|_| !self.said.swap(true, Ordering::Relaxed)) {
            listener(Waiting::Begun(why));
        }
    }

    /// A request was answered.
    pub(super) fn answered(&self) {
        if let Some(listener) = self.listener.as_ref().filter(|_| self.said.swap(false, Ordering::Relaxed)) {
            listener(Waiting::Over);
        }
    }
}
