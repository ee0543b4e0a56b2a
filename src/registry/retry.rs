//! The schedule of retries: whether a request is tried again, and when.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

/// How often a request is tried at most.
const TRIES: u32 = 5;
/// How often when nobody listens there: a registry that is starting comes up, a mistyped name doesn't.
const TRIES_REFUSED: u32 = 3;
/// The first pause; each next one is twice as long.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause that we choose ourselves.
const LONGEST: Duration = Duration::from_secs(5);
/// The longest pause that a server can ask for. Who asks for more (Docker Hub's limit: hours) is taken at its word.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a try, as far as the next one depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer, or a failure that another try would not change.
    Final,
    /// Nobody listens, or the name is unknown.
    Refused,
    /// The connection broke or stalled.
    Broken,
    /// The server says that it can't now, and perhaps how long to wait.
    Busy(Option<Duration>),
}

impl Outcome {
    /// What an answer's head says.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        match status.as_u16() {
            // A date in place of seconds, which the standard allows, isn't read: the usual pause will do.
            408 | 429 | 500 | 502 | 503 | 504 => Self::Busy(
                headers
                    .get(RETRY_AFTER)
                    .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                    .map(Duration::from_secs),
            ),
            _ => Self::Final,
        }
    }

    /// The pause before the next try, after `tries` of them; none when this was the last.
    pub(crate) fn pause(self, tries: u32) -> Option<Duration> {
        let own = LONGEST.min(FIRST * 2_u32.pow(tries.saturating_sub(1).min(10)));
        match self {
            Self::Final => None,
            Self::Refused => (tries < TRIES_REFUSED).then_some(own),
            Self::Broken | Self::Busy(None) => (tries < TRIES).then_some(own),
            Self::Busy(Some(asked)) => (tries < TRIES && asked <= PATIENCE).then_some(own.max(asked)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pauses(outcome: Outcome) -> Vec<u128> {
        (1..).map_while(|tries| outcome.pause(tries)).map(|pause| pause.as_millis()).collect()
    }

    fn asked(value: &str) -> Outcome {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        Outcome::of(StatusCode::TOO_MANY_REQUESTS, &headers)
    }

    #[test]
    fn pauses_double_until_the_last_try() {
        assert_eq!(pauses(Outcome::Broken), [200, 400, 800, 1600]);
        assert_eq!(pauses(Outcome::Refused), [200, 400]);
        assert!(pauses(Outcome::Final).is_empty());
    }

    #[test]
    fn a_server_may_ask_for_half_a_minute() {
        assert_eq!(pauses(asked("2")), [2000, 2000, 2000, 2000]);
        assert_eq!(pauses(asked("0")), [200, 400, 800, 1600]);
        assert_eq!(asked("30").pause(1), Some(PATIENCE));
        assert_eq!(asked("31").pause(1), None);
        assert_eq!(asked("Wed, 21 Oct 2026 07:28:00 GMT"), Outcome::Busy(None));
    }

    #[test]
    fn only_passing_troubles_are_tried_again() {
        for status in [200, 201, 301, 400, 401, 403, 404, 405, 416, 501] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Outcome::of(status, &HeaderMap::new()), Outcome::Final, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Outcome::of(status, &HeaderMap::new()), Outcome::Busy(None), "{status}");
        }
    }
}
