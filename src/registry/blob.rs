//! A blob on its way: bytes that are not held in memory, and are held against their digest.

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_RANGE;
use oci_spec::image::Descriptor;

use super::auth::Scope;
use super::call::Call;
use super::client::Registry;
use super::digest::differs;
use super::error::Error;
use super::transport::Head;
use crate::image::digest::Check;

/// A blob on its way. A connection that breaks is made anew, and goes on where it broke.
///
/// What came so far proves nothing: only after the last piece is it known whether this was the blob that was asked for.
pub struct Blob<'r> {
    registry: &'r Registry,
    scope: Scope,
    call: Call,
    head: Head,
    size: u64,
    /// How much came, in bytes.
    at: u64,
    /// How much comes once more, since the server could not go on where it was.
    again: u64,
    tries: u32,
    /// None when all came, and was well.
    check: Option<Check>,
}

impl<'r> Blob<'r> {
    pub(super) fn new(registry: &'r Registry, scope: Scope, call: Call, head: Head, descriptor: &Descriptor) -> Self {
        let check = Some(Check::new(descriptor.digest()));
        Self { registry, scope, call, head, size: descriptor.size(), at: 0, again: 0, tries: 1, check }
    }

    /// The next piece; none after the last, when size and digest are as they should be.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        if self.check.is_none() {
            return Ok(None);
        }
        loop {
            let mut piece = match self.registry.piece(&mut self.head).await {
                Ok(Some(piece)) => piece,
                Ok(None) => return self.end().map(|()| None),
                Err(cause) => {
                    self.registry.pause(&self.call, cause, self.head.host.clone(), self.tries).await?;
                    self.resume().await?;
                    continue;
                }
            };
            let known = self.again.min(piece.len() as u64);
            self.again -= known;
            let piece = piece.split_off(usize::try_from(known).unwrap_or(usize::MAX));
            if piece.is_empty() {
                continue;
            }
            self.at += piece.len() as u64;
            if self.at > self.size {
                return Err(Error::TooLarge { what: self.call.what.clone(), limit: self.size });
            }
            if let Some(check) = &mut self.check {
                check.update(&piece);
            }
            return Ok(Some(piece));
        }
    }

    async fn resume(&mut self) -> Result<(), Error> {
        self.tries += 1;
        self.head = self.registry.reopen(&self.scope, &self.call, self.at).await?;
        let response = &self.head.response;
        let from = format!("bytes {}-", self.at);
        let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let goes_on =
            response.status() == StatusCode::PARTIAL_CONTENT && range.is_some_and(|range| range.starts_with(&from));
        self.again = if goes_on { 0 } else { self.at };
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        if let Some(check) = self.check.take() {
            check.finish().map_err(|mismatch| differs(&self.call.what, mismatch))?;
        }
        if self.at == self.size {
            return Ok(());
        }
        let (host, what) = (self.registry.host().to_owned(), self.call.what.clone());
        Err(Error::Protocol { host, what, reason: "its size is not the one that the manifest gives".to_owned() })
    }
}
