//! An outgoing body: a feed on its way to a server, and whether it moves.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream;
use reqwest::Response;

use super::error::Error;
use super::failure::Cause;
use super::feed::Feed;
use super::traffic::Meter;

/// How long the server may take no byte.
const STALL: Duration = Duration::from_mins(1);
/// How long it may think when it has them all: registries copy large blobs to their storage before they answer.
const COMMIT: Duration = Duration::from_mins(5);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A feed on its way to a server.
pub(super) struct Outgoing {
    feed: Option<Feed>,
    state: Arc<Mutex<State>>,
    passed: Arc<dyn Fn(u64) + Send + Sync>,
}

struct State {
    left: u64,
    moved: Instant,
    fault: Option<Error>,
}

impl Outgoing {
    /// The next `length` bytes of a feed; `passed` hears how many of them have been taken.
    pub(super) fn new(feed: Feed, length: u64, passed: Arc<dyn Fn(u64) + Send + Sync>) -> Self {
        let state = State { left: length, moved: Instant::now(), fault: None };
        Self { feed: Some(feed), state: Arc::new(Mutex::new(state)), passed }
    }

    /// The body, once.
    pub(super) fn body(&mut self, meter: Arc<Meter>) -> reqwest::Body {
        let (state, passed) = (Arc::clone(&self.state), Arc::clone(&self.passed));
        let length = lock(&state).left;
        let pieces = stream::unfold(self.feed.take(), move |feed| {
            let (state, passed, meter) = (Arc::clone(&state), Arc::clone(&passed), Arc::clone(&meter));
            async move {
                let mut feed = feed?;
                if lock(&state).left == 0 {
                    return None;
                }
                let piece = feed.piece().await;
                let mut state = lock(&state);
                state.moved = Instant::now();
                let piece = match piece {
                    Ok(Some(mut piece)) => {
                        piece.truncate(usize::try_from(state.left).unwrap_or(usize::MAX));
                        state.left -= piece.len() as u64;
                        meter.sent(piece.len());
                        passed(length - state.left);
                        Ok(piece)
                    }
                    Ok(None) => return None,
                    // The connection is given up, and so the server has no whole body.
                    Err(fault) => {
                        state.fault = Some(fault);
                        Err(io::Error::other("its source failed"))
                    }
                };
                drop(state);
                Some((piece, Some(feed)))
            }
        });
        reqwest::Body::wrap_stream(pieces)
    }

    /// Waits for the answer while bytes move.
    pub(super) async fn watch(
        &self,
        answer: impl Future<Output = Result<Response, reqwest::Error>>,
    ) -> Result<Response, Cause> {
        let mut answer = std::pin::pin!(answer);
        loop {
            if let Ok(result) = tokio::time::timeout(LOOK, &mut answer).await {
                return result.map_err(Cause::of);
            }
            let state = lock(&self.state);
            let most = if state.left == 0 { COMMIT } else { STALL };
            if state.moved.elapsed() > most {
                return Err(Cause::Stalled(most));
            }
        }
    }

    /// Why the source failed, where it was that.
    pub(super) fn fault(&self) -> Option<Error> {
        lock(&self.state).fault.take()
    }
}

/// Nobody panics while holding it; if anybody did, what is in it would still be whole.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
