//! A failure: why no answer came.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::error::Error;
use super::retry::Outcome;

/// Why no answer came, after all tries.
pub(super) struct Failure {
    pub(super) cause: Cause,
    /// Who was asked last.
    pub(super) host: String,
    pub(super) tries: u32,
}

/// Why no answer came.
pub(super) enum Cause {
    /// No connection came about.
    Refused(reqwest::Error),
    /// The connection was made, and closed while TLS was being agreed on.
    Closed(reqwest::Error),
    /// The connection broke or stalled.
    Broken(reqwest::Error),
    /// TLS failed. When the answer was no TLS at all, this is `InvalidMessage`.
    Tls(rustls::Error),
    /// The answer is longer than such an answer can be.
    TooLarge(u64),
    /// A redirect that we don't follow.
    Redirect(&'static str),
    /// Nothing moved for that long.
    Stalled(Duration),
    /// This machine can't make a client.
    Setup(reqwest::Error),
}

impl Cause {
    /// Finds the class of a fault. Its URL goes: the query may hold a signature.
    pub(super) fn of(fault: reqwest::Error) -> Self {
        let fault = fault.without_url();
        if let Some(tls) = find::<rustls::Error>(&fault) {
            return Self::Tls(tls.clone());
        }
        match find::<io::Error>(&fault).map(io::Error::kind) {
            Some(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
                if fault.is_connect() =>
            {
                Self::Closed(fault)
            }
            // No name, no way, or a firewall that swallows everything: waiting 10 s five times would be too long.
            _ if fault.is_connect() => Self::Refused(fault),
            _ => Self::Broken(fault),
        }
    }

    /// What the next try depends on.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(_) | Self::Closed(_) => Outcome::Refused,
            Self::Broken(_) | Self::Stalled(_) => Outcome::Broken,
            Self::Tls(_) | Self::TooLarge(_) | Self::Redirect(_) | Self::Setup(_) => Outcome::Final,
        }
    }
}

impl Failure {
    /// Tells it about `what` was asked for.
    pub(super) fn about(self, what: &str) -> Error {
        let Self { cause, host, tries } = self;
        let what = what.to_owned();
        match cause {
            Cause::Refused(source) | Cause::Closed(source) | Cause::Broken(source) => {
                Error::Unreachable { host, tries, source }
            }
            Cause::Tls(source) => Error::Tls { host, source },
            Cause::TooLarge(limit) => Error::TooLarge { what, limit },
            Cause::Stalled(time) => Error::Stalled { host, seconds: time.as_secs(), tries },
            Cause::Setup(source) => Error::Setup(source),
            Cause::Redirect(reason) => Error::Protocol { host, what, reason: reason.to_owned() },
        }
    }
}

/// The cause of the type `T`. An `io::Error` hides what it was made from behind `get_ref`.
fn find<'a, T: StdError + 'static>(fault: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(fault);
    while let Some(fault) = next {
        if let Some(found) = fault.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = fault.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| fault.source());
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_found_inside_an_io_error() {
        let tls = rustls::Error::General("x".into());
        let fault = io::Error::new(ErrorKind::InvalidData, io::Error::other(tls));
        assert!(find::<rustls::Error>(&fault).is_some());
        assert_eq!(find::<io::Error>(&fault).unwrap().kind(), ErrorKind::InvalidData);
    }
}
