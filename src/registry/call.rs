//! A call: one request, as it is sent again at every try.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::Url;

/// One request, as it is sent again at every try.
#[derive(Clone)]
pub(super) struct Call {
    /// What it asks for, in messages: `manifest team/app:1.0`.
    pub(super) what: String,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The longest answer that is taken, in bytes.
    pub(super) limit: u64,
}

impl Call {
    /// A call without a body, whose answer may have `limit` bytes.
    pub(super) fn new(what: String, method: Method, url: Url, limit: u64) -> Self {
        Self { what, method, url, headers: HeaderMap::new(), body: Bytes::new(), limit }
    }

    /// The same with a header.
    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same with a body.
    pub(super) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }

    /// The same with an `Authorization`, or without.
    pub(super) fn authorized(&self, value: Option<&HeaderValue>) -> Self {
        let mut call = self.clone();
        call.headers.remove(AUTHORIZATION);
        call.headers.extend(value.map(|value| (AUTHORIZATION, value.clone())));
        call
    }

    /// Whether it only reads, so that it may be sent elsewhere when the registry says so.
    pub(super) fn reads(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

/// What came back, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Who answered at last.
    pub(super) host: String,
    /// Whether that is who was asked.
    pub(super) origin: Origin,
}

/// Whether an answer is from who was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is.
    Asked,
    /// It is from where a redirect led: storage, which knows nothing of our credentials and must not be shown them.
    Elsewhere,
}
