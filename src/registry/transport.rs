//! The transport: calls over HTTP, tried again when that can help.

use std::path::PathBuf;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, StatusCode};
use reqwest::{Client, Response, Url, redirect};

use super::call::{Answer, Call, Origin};
use super::error::Error;
use super::failure::{Cause, Failure};
use super::retry::Outcome;
use super::traffic::{Meter, Traffic};
use super::trust;

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long nothing may come.
const READ: Duration = Duration::from_mins(1);
/// How often a call is sent elsewhere.
const REDIRECTS: usize = 5;
/// How much of an error's body is read.
const ERROR_BODY: u64 = 64 << 10;

/// Whether a proxy stands between us and the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    /// The one that the environment names, if it does.
    System,
    /// None: the registry is on this machine, where a proxy would look for it on its own.
    Never,
}

/// Sends calls.
pub(super) struct Transport {
    http: Client,
    meter: Meter,
}

impl Transport {
    /// A transport that trusts the system's authorities and those in the files `extra_ca`.
    pub(super) fn new(user_agent: &str, extra_ca: &[PathBuf], proxy: Proxy) -> Result<Self, Error> {
        let make = || {
            // Redirects are followed here: a redirected PUT must not become a GET, a 401 from storage must not be
            // answered with credentials, and every request is counted.
            let builder = Client::builder()
                .user_agent(user_agent)
                .connect_timeout(CONNECT)
                .read_timeout(READ)
                .redirect(redirect::Policy::none());
            if proxy == Proxy::Never { builder.no_proxy() } else { builder }
        };
        Ok(Self { http: trust::build(make, extra_ca)?, meter: Meter::default() })
    }

    /// What was sent and received so far.
    pub(super) fn traffic(&self) -> Traffic {
        self.meter.read()
    }

    /// Sends a call until an answer comes, to its end, that another try would not change.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let head = self.open(call).await?;
            let host = head.host.clone();
            match self.whole(head, call.limit).await {
                Ok(answer) => return Ok(answer),
                Err(cause) => self.pause(cause, host, tries).await?,
            }
        }
    }

    /// Sends a call until an answer begins that another try would not change.
    pub(super) async fn open(&self, call: &Call) -> Result<Head, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut url = call.url.clone();
            match self.follow(call, &mut url).await {
                Ok(head) => match Outcome::of(head.response.status(), head.response.headers()).pause(tries) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Ok(head),
                },
                Err(cause) => self.pause(cause, address(&url), tries).await?,
            }
        }
    }

    /// The next piece of a body; none at its end.
    pub(super) async fn piece(&self, head: &mut Head) -> Result<Option<Bytes>, Cause> {
        let piece = head.response.chunk().await.map_err(Cause::of)?;
        self.meter.received(piece.as_ref().map_or(0, Bytes::len));
        Ok(piece)
    }

    /// Waits before the next try, or gives up.
    pub(super) async fn pause(&self, cause: Cause, host: String, tries: u32) -> Result<(), Failure> {
        match cause.outcome().pause(tries) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(Failure { cause, host, tries }),
        }
        Ok(())
    }

    /// One try, redirects included; `url` is left at who was asked last.
    async fn follow(&self, call: &Call, url: &mut Url) -> Result<Head, Cause> {
        let mut headers = call.headers.clone();
        let mut origin = Origin::Asked;
        for _ in 0..=REDIRECTS {
            let response = self.request(call, url, &headers).await?;
            let Some(next) = redirect(call, url, &response) else {
                return Ok(Head { response, host: address(url), origin });
            };
            if step(url, &next)? == Origin::Elsewhere {
                headers.remove(AUTHORIZATION);
                origin = Origin::Elsewhere;
            }
            *url = next;
        }
        Err(Cause::Redirect("it leads on and on"))
    }

    async fn request(&self, call: &Call, url: &Url, headers: &HeaderMap) -> Result<Response, Cause> {
        self.meter.request(call.body.len());
        let mut request = self.http.request(call.method.clone(), url.clone()).headers(headers.clone());
        if !call.reads() {
            request = request.body(call.body.clone());
        }
        request.send().await.map_err(Cause::of)
    }

    /// The answer with its body.
    pub(super) async fn whole(&self, mut head: Head, limit: u64) -> Result<Answer, Cause> {
        let status = head.response.status();
        let failed = status.is_client_error() || status.is_server_error();
        let most = if failed { ERROR_BODY } else { limit };
        let mut body = BytesMut::new();
        while let Some(piece) = self.piece(&mut head).await? {
            body.extend_from_slice(&piece);
            if body.len() as u64 > most {
                // An error's own words end somewhere; the rest of a page isn't waited for.
                if failed {
                    break;
                }
                return Err(Cause::TooLarge(limit));
            }
        }
        let Head { response, host, origin } = head;
        Ok(Answer { status, headers: response.headers().clone(), body: body.freeze(), host, origin })
    }
}

/// An answer whose body is yet to come.
pub(super) struct Head {
    pub(super) response: Response,
    /// Who answered at last.
    pub(super) host: String,
    /// Whether that is who was asked.
    origin: Origin,
}

/// A host with its port, as messages name it.
pub(super) fn address(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Where an answer sends us, if we let it.
fn redirect(call: &Call, url: &Url, response: &Response) -> Option<Url> {
    let moved = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(LOCATION).filter(|_| moved && call.reads())?;
    url.join(location.to_str().ok()?).ok()
}

/// Whether a redirect stays with who was asked: scheme, host and port. One that gives up TLS isn't followed.
fn step(from: &Url, to: &Url) -> Result<Origin, Cause> {
    match (from.scheme(), to.scheme()) {
        ("https", "https") | ("http", "http" | "https") => {}
        _ => return Err(Cause::Redirect("it leads from HTTPS to an unprotected place")),
    }
    Ok(if to.origin() == from.origin() { Origin::Asked } else { Origin::Elsewhere })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_never_given_up_on_the_way() {
        let step = |from: &str, to: &str| step(&Url::parse(from).unwrap(), &Url::parse(to).unwrap()).ok();
        assert_eq!(step("https://a/x", "https://a:443/y"), Some(Origin::Asked));
        assert_eq!(step("https://a/", "https://a:444/"), Some(Origin::Elsewhere));
        assert_eq!(step("http://a/", "https://a/"), Some(Origin::Elsewhere));
        assert_eq!(step("https://a/", "http://a/"), None);
        assert_eq!(step("http://a/", "ftp://a/"), None);
    }
}
