//! An upload: one blob on its way into a repository, whatever happens to the connection.
//!
//! A blob goes as `POST` and one `PUT` with all its bytes, which every registry takes; `POST …?digest=` with the bytes,
//! one request in all, is answered with 202 by the most common of them, which has then read them in vain. What breaks
//! goes on by `PATCH` where the registry still knows the upload, and begins anew where it does not. Where something on
//! the way takes no body of that size (413), the blob goes in chunks.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs>

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Url;

use super::auth::Scope;
use super::call::{Answer, Call, Origin};
use super::client::{Registry, SMALL, mismatch};
use super::error::Error;
use super::failure::Cause;
use super::feed::Feed;
use super::outgoing::Outgoing;
use super::place::Place;
use super::pointer::repository;
use super::refusal::words;
use super::retry::Outcome;
use super::shipment::{Parcel, Passage, Progress};
use super::transport::address;

/// The chunks of a blob that can't go at once, in bytes: proxies that limit bodies have 100 MB, and more.
const CHUNK: u64 = 32 << 20;
/// The largest chunk that a registry can ask for.
const LARGEST_CHUNK: u64 = 1 << 30;
/// How much has to have come through for the count of tries to begin anew, in bytes.
const HEADWAY: u64 = 1 << 20;
/// How often an upload is sent elsewhere.
const REDIRECTS: u32 = 5;
/// The smallest chunk that a registry takes, but for the last.
const OCI_CHUNK_MIN_LENGTH: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// One blob on its way into a repository.
pub(super) struct Upload<'u> {
    registry: &'u Arc<Registry>,
    repo: &'u str,
    scope: Scope,
    parcel: &'u Parcel,
    progress: &'u Progress,
    /// What opens it. Its name is what messages call the blob.
    opening: Call,
    tries: u32,
    /// Up to where the registry had it at best.
    reached: u64,
    /// None for all at once.
    chunk: Option<u64>,
    smallest: u64,
}

/// What came of a request of an upload.
enum Step {
    /// The registry has the blob.
    Done,
    /// The registry has it up to this byte, and wants the rest there.
    Next(Place, u64),
    /// It failed in a way that another try may not.
    Again(Place, Trouble),
    /// The upload is no more.
    Lost(Answer),
    /// The body is too large for whoever looks at it.
    TooLarge(Answer),
}

/// Why a try failed.
enum Trouble {
    /// No answer came from that host.
    Cause(Cause, String),
    Answer(Answer),
}

impl<'u> Upload<'u> {
    pub(super) async fn new(
        registry: &'u Arc<Registry>,
        repo: &'u str,
        parcel: &'u Parcel,
        progress: &'u Progress,
    ) -> Result<Self, Error> {
        let what = format!("a place for the {} in {repo}", parcel.what());
        let path = format!("v2/{}/blobs/uploads/", repository(repo)?);
        let opening = registry.call(what, Method::POST, &path, SMALL).await?;
        let scope = Scope::Push(repo.to_owned());
        Ok(Self { registry, repo, scope, parcel, progress, opening, tries: 0, reached: 0, chunk: None, smallest: 0 })
    }

    /// Asks to have the blob taken over from another repository of the same registry. None when that is done; otherwise
    /// where to send it, when the registry has opened an upload in place of that.
    pub(super) async fn mount(&mut self, from: &str) -> Result<Option<Option<Place>>, Error> {
        let mut call = self.opening.clone();
        let digest = self.parcel.descriptor.digest().to_string();
        call.url.query_pairs_mut().append_pair("mount", &digest).append_pair("from", from);
        let scope = Scope::Mount { to: self.repo.to_owned(), from: from.to_owned() };
        match self.registry.ask_at(&scope, &call).await {
            Ok((answer, _)) if answer.status == StatusCode::CREATED => Ok(None),
            // An upload without its place is none.
            Ok((answer, url)) => Ok(Some(self.place(&answer, &url).await.ok())),
            // Who may not read there may well write here.
            Err(
                Error::Refused { .. }
                | Error::Denied { .. }
                | Error::Unauthorized { .. }
                | Error::NotFound { .. }
                | Error::TokenService { .. },
            ) => Ok(Some(None)),
            Err(fault) => Err(fault),
        }
    }

    /// Sends the blob, into an upload that is open already or into one of its own.
    pub(super) async fn send(mut self, open: Option<Place>) -> Result<(), Error> {
        let mut next = open.map(|place| (place, 0));
        loop {
            let (place, at) = match next.take() {
                Some(next) => next,
                None => (self.begin().await?, 0),
            };
            match self.step(place, at).await? {
                Step::Done => return Ok(()),
                Step::Next(place, at) => {
                    self.headway(at);
                    next = Some((place, at));
                }
                Step::Again(place, trouble) => {
                    self.pause(trouble).await?;
                    next = self.status(place).await;
                    if let Some((_, at)) = next {
                        self.headway(at);
                    }
                }
                Step::Lost(answer) => {
                    self.pause(Trouble::Answer(answer)).await?;
                }
                Step::TooLarge(answer) => match self.chunk {
                    None if self.parcel.descriptor.size() > CHUNK.max(self.smallest) => {
                        self.chunk = Some(CHUNK.max(self.smallest));
                    }
                    _ => return Err(self.registry.refusal(&self.opening, &answer)),
                },
            }
        }
    }

    fn headway(&mut self, at: u64) {
        if at >= self.reached + HEADWAY {
            (self.reached, self.tries) = (at, 0);
        }
    }

    /// Opens an upload.
    async fn begin(&mut self) -> Result<Place, Error> {
        let (answer, url) = self.registry.ask_at(&self.scope, &self.opening).await?;
        let least: Option<u64> =
            answer.headers.get(OCI_CHUNK_MIN_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        self.smallest = least.unwrap_or_default().min(LARGEST_CHUNK);
        self.place(&answer, &url).await
    }

    async fn place(&self, answer: &Answer, asked: &Url) -> Result<Place, Error> {
        let home = self.registry.base().await?;
        Place::read(&answer.headers, asked, home).map_err(|reason| self.registry.odd(&self.opening, reason))
    }

    /// The next request: all of it, a part of it, or its end.
    async fn step(&mut self, place: Place, at: u64) -> Result<Step, Error> {
        let size = self.parcel.descriptor.size();
        match self.chunk {
            _ if at == size && size > 0 => self.put(place, None).await,
            None if at == 0 => self.put(place, Some(0..size)).await,
            chunk => {
                let end = chunk.map_or(size, |chunk| size.min(at + chunk));
                self.patch(place, at..end).await
            }
        }
    }

    async fn put(&mut self, mut place: Place, bytes: Option<Range<u64>>) -> Result<Step, Error> {
        let digest = self.parcel.descriptor.digest();
        place.url = place.complete(digest);
        let call = Call::new(self.opening.what.clone(), Method::PUT, place.url.clone(), SMALL);
        let result = self.attempt(call, &mut place, bytes).await?;
        let answer = match self.judge(place, result)? {
            Ok(answer) => answer,
            Err(step) => return Ok(step),
        };
        match self.registry.announced(&self.opening, &answer.headers)? {
            Some(stored) if stored != *digest => Err(mismatch(&self.opening, digest, &stored)),
            _ => Ok(Step::Done),
        }
    }

    async fn patch(&mut self, mut place: Place, bytes: Range<u64>) -> Result<Step, Error> {
        let range = format!("{}-{}", bytes.start, bytes.end.saturating_sub(1));
        let range = HeaderValue::from_str(&range).map_err(|_| Error::BadName { text: range })?;
        let call =
            Call::new(self.opening.what.clone(), Method::PATCH, place.url.clone(), SMALL).header(CONTENT_RANGE, range);
        let end = bytes.end;
        let result = self.attempt(call, &mut place, Some(bytes)).await?;
        match self.judge(place.clone(), result)? {
            Ok(answer) => Ok(Step::Next(self.place(&answer, &place.url).await?, end)),
            Err(step) => Ok(step),
        }
    }

    /// What an answer other than success means.
    fn judge(&self, place: Place, result: Result<Answer, Cause>) -> Result<Result<Answer, Step>, Error> {
        let answer = match result {
            Ok(answer) => answer,
            Err(cause) => {
                let host = address(&place.url);
                return Ok(Err(Step::Again(place, Trouble::Cause(cause, host))));
            }
        };
        if answer.status.is_success() {
            return Ok(Ok(answer));
        }
        match answer.status {
            StatusCode::PAYLOAD_TOO_LARGE => Ok(Err(Step::TooLarge(answer))),
            StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => Ok(Err(Step::Lost(answer))),
            StatusCode::BAD_REQUEST if self.says(&answer, "BLOB_UPLOAD_INVALID") => Ok(Err(Step::Lost(answer))),
            status if Outcome::of(status, &answer.headers) != Outcome::Final => {
                Ok(Err(Step::Again(place, Trouble::Answer(answer))))
            }
            _ => Err(self.registry.refusal(&self.opening, &answer)),
        }
    }

    fn says(&self, answer: &Answer, code: &str) -> bool {
        words(&answer.body, self.registry.auth.credentials()).code.as_deref() == Some(code)
    }

    /// The authorization for a place: none but the registry's own gets any.
    async fn authorization(&self, place: &Place) -> Option<HeaderValue> {
        match place.origin {
            Origin::Asked => self.registry.auth.held(&self.scope).await,
            Origin::Elsewhere => None,
        }
    }

    /// One try of a request, which a 401 and redirects that keep the method are part of. Bytes of ours that are damaged
    /// are an error at once.
    async fn attempt(
        &self,
        mut call: Call,
        place: &mut Place,
        bytes: Option<Range<u64>>,
    ) -> Result<Result<Answer, Cause>, Error> {
        let length = bytes.as_ref().map_or(0, |bytes| bytes.end - bytes.start);
        call = call.header(CONTENT_LENGTH, HeaderValue::from(length));
        call = call.header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let mut challenged = false;
        for _ in 0..=REDIRECTS {
            call.url = place.url.clone();
            let held = self.authorization(place).await;
            let answer = match self.once(&call.authorized(held.as_ref()), bytes.clone()).await? {
                Ok(answer) => answer,
                Err(cause) => return Ok(Err(cause)),
            };
            match answer.status {
                StatusCode::UNAUTHORIZED if place.origin == Origin::Asked && !challenged => {
                    challenged = true;
                    let (auth, transport) = (&self.registry.auth, &self.registry.transport);
                    auth.meet(transport, &call, &answer, &self.scope, held.as_ref()).await?;
                }
                StatusCode::UNAUTHORIZED if place.origin == Origin::Asked => {
                    return Err(self.registry.auth.verdict(&call, &answer));
                }
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
                    *place = self.place(&answer, &call.url).await?;
                }
                _ => {
                    let host = address(&place.url);
                    return Ok(Ok(Answer { origin: place.origin, host, ..answer }));
                }
            }
        }
        Ok(Err(Cause::Redirect("it leads on and on")))
    }

    async fn once(&self, call: &Call, bytes: Option<Range<u64>>) -> Result<Result<Answer, Cause>, Error> {
        let Some(bytes) = bytes else {
            let call = call.clone().body(Bytes::new());
            return Ok(self.registry.transport.single(&call).await);
        };
        let (parcel, progress) = (self.parcel.clone(), Arc::clone(self.progress));
        let start = bytes.start;
        let passed = move |taken: u64| progress(Passage::Sending { parcel: &parcel, bytes: start + taken });
        let length = bytes.end - bytes.start;
        let mut outgoing = Outgoing::new(Feed::open(self.parcel, bytes), length, Arc::new(passed));
        let result = self.registry.transport.stream(call, &mut outgoing).await;
        match (result, outgoing.fault()) {
            (Err(_), Some(fault)) => Err(fault),
            (result, _) => Ok(result),
        }
    }

    /// Waits before the next try, or gives up.
    async fn pause(&mut self, trouble: Trouble) -> Result<(), Error> {
        self.tries += 1;
        match trouble {
            Trouble::Cause(cause, host) => {
                let paused = self.registry.transport.pause(cause, host, self.tries).await;
                paused.map_err(|failure| failure.about(&self.opening.what))
            }
            Trouble::Answer(answer) => {
                let outcome = match Outcome::of(answer.status, &answer.headers) {
                    Outcome::Final => Outcome::Broken,
                    outcome => outcome,
                };
                let pause = outcome.pause(self.tries);
                tokio::time::sleep(pause.ok_or_else(|| self.registry.refusal(&self.opening, &answer))?).await;
                Ok(())
            }
        }
    }

    /// Where the registry wants the rest, if it still knows the upload.
    async fn status(&self, place: Place) -> Option<(Place, u64)> {
        let mut url = place.url.clone();
        // What completes an upload is no part of its place.
        let digest = format!("digest={}", self.parcel.descriptor.digest());
        if let Some(query) = url.query().and_then(|query| query.strip_suffix(&digest)) {
            let query = query.trim_end_matches('&').to_owned();
            url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
        }
        let mut place = Place { url, ..place };
        let call = Call::new(self.opening.what.clone(), Method::GET, place.url.clone(), SMALL);
        let held = self.authorization(&place).await;
        let answer = self.registry.transport.single(&call.authorized(held.as_ref())).await.ok()?;
        if !answer.status.is_success() {
            return None;
        }
        let at = received(&answer.headers).filter(|at| *at <= self.parcel.descriptor.size())?;
        if answer.headers.contains_key(http::header::LOCATION) {
            place = self.place(&answer, &place.url).await.ok()?;
        }
        Some((place, at))
    }
}

/// How many bytes a registry has, from `Range: 0-123`. None where that isn't clear: `0-0` stands for one byte, and with
/// some for none.
fn received(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(RANGE)?.to_str().ok()?.trim();
    let end: u64 = range.strip_prefix("bytes=").unwrap_or(range).strip_prefix("0-")?.parse().ok()?;
    (end > 0).then_some(end + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_uploads_are_read() {
        let of = |text: &str| received(&HeaderMap::from_iter([(RANGE, text.parse().unwrap())]));
        assert_eq!((of("0-6"), of("bytes=0-6"), of("0-0")), (Some(7), Some(7), None));
        for odd in ["", "1-6", "0-", "0-x", "6"] {
            assert_eq!(of(odd), None, "{odd}");
        }
        assert_eq!(received(&HeaderMap::new()), None);
    }
}
