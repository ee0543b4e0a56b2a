//! The transport: calls over HTTP, tried again when that can help.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use reqwest::{Certificate, Client, Response, Url, redirect};
use tokio::sync::OnceCell;

use super::call::{Answer, Call, Origin};
use super::error::Error;
use super::failure::{Cause, Failure};
use super::outgoing::Outgoing;
use super::retry::Outcome;
use super::traffic::{Meter, Traffic};
use super::trust;

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long nothing may come. reqwest's own limit would run while a body is sent, too, however large that is.
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
    user_agent: String,
    proxy: Proxy,
    extra_ca: Vec<Certificate>,
    /// Made when it is needed: to read the system's authorities takes longer than a whole push to this machine.
    secure: OnceCell<Client>,
    plain: OnceCell<Client>,
    meter: Arc<Meter>,
}

impl Transport {
    /// A transport that trusts the system's authorities and those in the files `extra_ca`.
    pub(super) fn new(user_agent: &str, extra_ca: &[PathBuf], proxy: Proxy) -> Result<Self, Error> {
        Ok(Self {
            user_agent: user_agent.to_owned(),
            proxy,
            extra_ca: trust::read(extra_ca)?,
            secure: OnceCell::new(),
            plain: OnceCell::new(),
            meter: Arc::default(),
        })
    }

    /// Who speaks to a URL. What goes through a proxy may need TLS for the proxy itself.
    async fn client(&self, url: &Url) -> Result<&Client, Cause> {
        let make = || {
            // Redirects are followed here: a redirected PUT must not become a GET, a 401 from storage must not be
            // answered with credentials, and every request is counted.
            let builder = Client::builder()
                .user_agent(&self.user_agent)
                .connect_timeout(CONNECT)
                .tcp_nodelay(true)
                .redirect(redirect::Policy::none());
            if self.proxy == Proxy::Never { builder.no_proxy() } else { builder }
        };
        if url.scheme() == "http" && self.proxy == Proxy::Never {
            self.plain.get_or_try_init(async || trust::nobody(make)).await.map_err(Cause::Setup)
        } else {
            self.secure.get_or_try_init(async || trust::build(make, &self.extra_ca)).await.map_err(Cause::Setup)
        }
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

    /// One try of a call, with its answer whole. What leads from HTTP to HTTPS counts as no answer.
    pub(super) async fn single(&self, call: &Call) -> Result<Answer, Cause> {
        let mut url = call.url.clone();
        let head = self.follow(call, &mut url).await?;
        if url.scheme() != call.url.scheme() {
            return Err(Cause::Redirect("it leads to another scheme"));
        }
        self.whole(head, call.limit).await
    }

    /// The next piece of a body; none at its end.
    pub(super) async fn piece(&self, head: &mut Head) -> Result<Option<Bytes>, Cause> {
        let piece = in_time(head.response.chunk()).await?;
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
        let client = self.client(url).await?;
        self.meter.request(call.body.len());
        let mut request = client.request(call.method.clone(), url.clone()).headers(headers.clone());
        if !call.reads() {
            request = request.body(call.body.clone());
        }
        in_time(request.send()).await
    }

    /// One try of a call whose body comes from elsewhere, piece by piece. It is led nowhere else.
    pub(super) async fn stream(&self, call: &Call, outgoing: &mut Outgoing) -> Result<Answer, Cause> {
        let client = self.client(&call.url).await?;
        self.meter.request(0);
        let body = outgoing.body(Arc::clone(&self.meter));
        let request = client.request(call.method.clone(), call.url.clone()).headers(call.headers.clone()).body(body);
        let response = outgoing.watch(request.send()).await?;
        let head = Head { response, host: address(&call.url), origin: Origin::Asked };
        self.whole(head, call.limit).await
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

/// What must come within [`READ`].
async fn in_time<T>(coming: impl Future<Output = Result<T, reqwest::Error>>) -> Result<T, Cause> {
    match tokio::time::timeout(READ, coming).await {
        Ok(result) => result.map_err(Cause::of),
        Err(_) => Err(Cause::Stalled(READ)),
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

/// Where an answer sends us, if we let it. What changes something is sent on only when it is to stay what it is, and
/// has no body that somebody else would get.
fn redirect(call: &Call, url: &Url, response: &Response) -> Option<Url> {
    let opens = call.method == Method::POST && call.body.is_empty();
    let moved = match response.status() {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => call.reads(),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => call.reads() || opens,
        _ => false,
    };
    let location = response.headers().get(LOCATION).filter(|_| moved)?;
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
