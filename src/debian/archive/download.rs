//! A download: a file of known size and checksum, from an archive into the cache.

use std::time::{Duration, Instant};

use oci_spec::image::Digest;
use reqwest::header::{CACHE_CONTROL, HeaderValue};
use reqwest::{Client, Response, StatusCode};

use super::super::lock::Locked;
use super::super::package::Package;
use super::super::sources::Source;
use super::Error;
use super::error::shown;
use crate::cache::{self, Blob, Cache};
use crate::engine::event::{End, Event, Events};
use crate::registry::retry::Outcome;

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long nothing may come.
const READ: Duration = Duration::from_mins(1);
/// How many bytes come between two words of progress.
const STEP: u64 = 256 << 10;
/// How often a file comes that is another one than was promised, before it is given up.
const OTHERS: u32 = 2;

/// A client for archives. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
}

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is, in messages: `netbase 6.5`.
    pub what: String,
    /// Where it may be; the first place that has it is taken.
    pub urls: Vec<String>,
    /// Its size, in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Digest,
}

impl Wanted {
    /// A package that an archive has.
    pub fn package(package: &Package) -> Self {
        let Package { name, version, uri, filename, size, sha256, .. } = package;
        let (what, urls) = (format!("{name} {version}"), vec![format!("{uri}/{filename}")]);
        Self { what, urls, size: *size, sha256: sha256.clone() }
    }

    /// A package of a lock, which may be in any of these archives.
    pub fn locked(name: &str, locked: &Locked, sources: &[Source]) -> Self {
        let mut urls: Vec<_> = sources.iter().map(|source| format!("{}/{}", source.uri, locked.filename)).collect();
        let mut seen = std::collections::HashSet::new();
        urls.retain(|url| seen.insert(url.clone()));
        Self { what: format!("{name} {}", locked.version), urls, size: locked.size, sha256: locked.sha256.clone() }
    }
}

/// Whether an answer may be one that was kept on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It may.
    Any,
    /// It may not.
    New,
}

/// What came.
pub(super) enum Got {
    /// The file.
    Blob(Blob),
    /// It is nowhere.
    Absent,
    /// Another file, from there.
    Other(String),
}

impl Http {
    /// A client that goes through the proxy which the environment names, if it names one.
    pub fn new() -> Result<Self, Error> {
        // reqwest panics without a provider. `main` installs this same one; that a second is refused is fine.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let make = || {
            let agent = concat!("pydeploy/", env!("CARGO_PKG_VERSION"));
            Client::builder().user_agent(agent).connect_timeout(CONNECT).read_timeout(READ)
        };
        // A machine without any authorities, such as a slim container, still speaks plain HTTP.
        let client = make().build().or_else(|_| make().tls_certs_only([]).build());
        Ok(Self { client: client.map_err(Error::Setup)? })
    }

    /// A small file, of which nothing is known.
    pub(super) async fn text(&self, url: &str, limit: u64, freshness: Freshness) -> Result<Vec<u8>, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut response = self.begin(url, freshness, &mut tries).await?;
            if response.status() != StatusCode::OK {
                return Err(Error::Status { url: shown(url), status: response.status() });
            }
            let mut text = Vec::new();
            let failed = loop {
                match response.chunk().await {
                    Ok(Some(piece)) => text.extend_from_slice(&piece),
                    Ok(None) => return Ok(text),
                    Err(error) => break error,
                }
                if text.len() as u64 > limit {
                    return Err(Error::TooLarge { url: shown(url), limit });
                }
            };
            pause(Outcome::Broken, url, failed, tries).await?;
        }
    }

    /// An answer's beginning that another try would not change.
    async fn begin(&self, url: &str, freshness: Freshness, tries: &mut u32) -> Result<Response, Error> {
        loop {
            let mut request = self.client.get(url);
            if freshness == Freshness::New {
                request = request.header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            }
            match request.send().await {
                Ok(response) => match Outcome::of(response.status(), response.headers()).pause(*tries) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Ok(response),
                },
                Err(error) => {
                    let outcome = if error.is_connect() { Outcome::Refused } else { Outcome::Broken };
                    let outcome = if error.is_builder() || error.is_redirect() { Outcome::Final } else { outcome };
                    pause(outcome, url, error, *tries).await?;
                }
            }
            *tries += 1;
        }
    }
}

/// Fetches a file that must be there.
pub(super) async fn fetch(wanted: &Wanted, http: &Http, cache: &Cache, events: &Events) -> Result<Blob, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let freshness = if tries == 1 { Freshness::Any } else { Freshness::New };
        match any(wanted, http, cache, freshness, events).await? {
            Got::Blob(blob) => return Ok(blob),
            Got::Absent => {
                let urls = wanted.urls.iter().map(|url| shown(url)).collect();
                return Err(Error::Gone { what: wanted.what.clone(), urls });
            }
            Got::Other(url) if tries == OTHERS => return Err(Error::Skewed { url, tries }),
            Got::Other(_) => {}
        }
    }
}

/// A file from the cache, or from the first place that has it.
pub(super) async fn any(
    wanted: &Wanted,
    http: &Http,
    cache: &Cache,
    freshness: Freshness,
    events: &Events,
) -> Result<Got, Error> {
    let (kept, digest, size) = (cache.clone(), wanted.sha256.clone(), wanted.size);
    if let Some(blob) = super::blocking(move || Ok(kept.blob(&digest, size)?)).await? {
        return Ok(Got::Blob(blob));
    }
    let (id, name, begun) = (wanted.sha256.to_string(), wanted.what.clone(), Instant::now());
    events(&Event::Started { id: id.clone(), name: name.clone() });
    let mut other = None;
    for url in &wanted.urls {
        match from(url, wanted, http, cache, freshness, events).await {
            Ok(Got::Absent) => {}
            // The next place may have the right one.
            Ok(Got::Other(url)) => other = other.or(Some(url)),
            Ok(Got::Blob(blob)) => {
                events(&Event::Finished { id, name, end: End::Ran(begun.elapsed()) });
                return Ok(Got::Blob(blob));
            }
            Err(error) => {
                events(&Event::Finished { id, name, end: End::Failed });
                return Err(error);
            }
        }
    }
    events(&Event::Finished { id, name, end: End::Failed });
    Ok(other.map_or(Got::Absent, Got::Other))
}

async fn from(
    url: &str,
    wanted: &Wanted,
    http: &Http,
    cache: &Cache,
    freshness: Freshness,
    events: &Events,
) -> Result<Got, Error> {
    let mut tries = 0;
    'again: loop {
        tries += 1;
        let mut response = http.begin(url, freshness, &mut tries).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Got::Absent),
            status => return Err(Error::Status { url: shown(url), status }),
        }
        let mut incoming = cache.receive(&wanted.sha256, wanted.size)?;
        let (mut at, mut told) = (0, 0);
        loop {
            match response.chunk().await {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    at += piece.len() as u64;
                    match incoming.push(&piece) {
                        Err(cache::Error::Size { .. }) => return Ok(Got::Other(shown(url))),
                        pushed => pushed?,
                    }
                }
                Err(error) => {
                    pause(Outcome::Broken, url, error, tries).await?;
                    continue 'again;
                }
            }
            if at - told >= STEP {
                told = at;
                let (id, total) = (wanted.sha256.to_string(), Some(wanted.size));
                events(&Event::Progress { id, current: at, total });
            }
        }
        return match super::blocking(move || Ok(incoming.finish())).await? {
            Ok(blob) => Ok(Got::Blob(blob)),
            Err(cache::Error::Size { .. } | cache::Error::Content { .. }) => Ok(Got::Other(shown(url))),
            Err(error) => Err(error.into()),
        };
    }
}

/// Waits before the next try, or gives up.
async fn pause(outcome: Outcome, url: &str, error: reqwest::Error, tries: u32) -> Result<(), Error> {
    match outcome.pause(tries) {
        Some(pause) => tokio::time::sleep(pause).await,
        // Its own text would name the address with what may be secret in it.
        None => return Err(Error::Unreachable { url: shown(url), source: error.without_url() }),
    }
    Ok(())
}
