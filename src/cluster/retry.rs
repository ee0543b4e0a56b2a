//! A retry: the same request again, while a server is away or busy.

use std::time::Duration;

use tokio::time::Instant;

use super::connect::because;
use super::notice::{Notice, QUIET};
use super::refusal::{is_schema, is_webhook};

/// How long a request is tried again: an API server that is restarted is away for 5 to 20 seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// As long as a server may ask us to wait.
const ASKED: Duration = Duration::from_secs(10);
/// No answer in so long is none. A request may wait for webhooks, each up to 30 s.
const ANSWER: Duration = Duration::from_mins(1);

/// What became of a request in the end.
pub(super) enum Failed {
    /// The server never gave a word that settles it.
    Passing(kube::Error),
    /// It did.
    Settled(kube::Error),
}

/// Sends a request that does the same however often it is sent, until it is answered.
pub(super) async fn steadily<T, F>(patience: Duration, notice: &Notice, request: impl Fn() -> F) -> Result<T, Failed>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let started = Instant::now();
    let mut pause = FIRST;
    let mut was_away = false;
    loop {
        let answer = tokio::time::timeout(ANSWER.min(patience * 5), request());
        let error = match patiently(answer, started + QUIET, notice).await {
            Ok(Ok(value)) => {
                notice.answered();
                return Ok(value);
            }
            Ok(Err(error)) => error,
            Err(_) => kube::Error::Service(Box::new(std::io::Error::from(std::io::ErrorKind::TimedOut))),
        };
        let sort = sort(&error);
        // A server that has just come back may not have its rules at hand yet.
        let again = sort == Sort::Away || sort == Sort::Busy || (was_away && sort == Sort::Access);
        if !again {
            notice.answered();
            return Err(Failed::Settled(error));
        }
        was_away |= sort == Sort::Away;
        let wait = asked(&error).unwrap_or(pause);
        if started.elapsed() + wait > patience {
            return Err(if sort == Sort::Access { Failed::Settled(error) } else { Failed::Passing(error) });
        }
        if started.elapsed() + wait > QUIET {
            notice.waits(&because(&error).0);
        }
        tokio::time::sleep(wait).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// Waits for an answer, and says so once it is late.
async fn patiently<A>(answer: impl Future<Output = A>, late: Instant, notice: &Notice) -> A {
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answered = &mut answer => return answered,
        () = tokio::time::sleep_until(late) => notice.waits("it has not answered yet"),
    }
    answer.await
}

/// What sort of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// No connection, or one that was lost.
    Away,
    /// The server says that it can't right now.
    Busy,
    /// It does not know the user, or lets them do nothing.
    Access,
    /// Whatever else: it will say the same again.
    Final,
}

fn sort(error: &kube::Error) -> Sort {
    match error {
        kube::Error::Api(status) => match status.code {
            401 | 403 => Sort::Access,
            500 if is_schema(status) || is_webhook(status) => Sort::Final,
            429 | 500 | 502..=504 => Sort::Busy,
            // Two writers at once; a conflict between managers has its causes.
            409 if status.details.as_ref().is_none_or(|d| d.causes.is_empty()) => Sort::Busy,
            _ => Sort::Final,
        },
        kube::Error::HyperError(_) | kube::Error::ReadEvents(_) => Sort::Away,
        kube::Error::Service(_) if !super::connect::is_ours(error) => Sort::Away,
        _ => Sort::Final,
    }
}

/// For how long the server asks us to stay away.
fn asked(error: &kube::Error) -> Option<Duration> {
    let kube::Error::Api(status) = error else { return None };
    let seconds = status.details.as_ref()?.retry_after_seconds;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()).min(ASKED))
}
