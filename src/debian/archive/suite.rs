//! A suite: one release of an archive, by its signed index.

use std::time::{Duration, SystemTime};

use super::super::moment::Moment;
use super::super::release::{Listed, Release};
use super::super::sources::Source;
use super::super::trust::Trust;
use super::download::{self, Freshness, Got};
use super::error::shown;
use super::{Error, Http, Wanted};
use crate::cache::{Blob, Cache};
use crate::engine::event::{Event, Events};

/// How often a suite is tried whose indexes don't belong together.
const TRIES: u32 = 3;
/// How long a mirror gets to come to itself, the first time.
const PAUSE: Duration = Duration::from_millis(500);
/// The largest signed index of a release, in bytes.
const RELEASE: u64 = 16 << 20;
/// The largest list of contents that is held in memory, in bytes; Debian's is of 13 MB.
const CONTENTS: u64 = 64 << 20;
/// The largest other index, in bytes.
const INDEX: u64 = 1 << 30;

/// One release of an archive, verified.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Where it is.
    pub source: Source,
    /// What it says of itself.
    pub release: Release,
}

/// A list of contents.
pub(super) enum Contents {
    /// As the archive's signed index says.
    Signed(Blob),
    /// What a mirror has in its place, which its signed index does not know: packed bytes.
    Unsigned(Vec<u8>),
}

/// An index of packages by its path in the release's folder.
type Fetched = Vec<(String, Blob)>;

impl Suite {
    /// Fetches and verifies the signed index of a source, and its indexes of packages. A mirror that is just being
    /// updated has one of them new and the other old: both are fetched again.
    pub(super) async fn open(
        source: &Source,
        trust: &Trust,
        http: &Http,
        cache: &Cache,
        architecture: &str,
        events: &Events,
    ) -> Result<(Self, Fetched), Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let freshness = if tries == 1 { Freshness::Any } else { Freshness::New };
            let suite = Self::verified(source, trust, http, freshness).await?;
            match suite.packages(http, cache, architecture, freshness, events).await {
                Err(Error::Skewed { .. }) if tries < TRIES => tokio::time::sleep(PAUSE * tries).await,
                Err(Error::Skewed { url, .. }) => return Err(Error::Skewed { url, tries }),
                found => return Ok((suite, found?)),
            }
        }
    }

    async fn verified(source: &Source, trust: &Trust, http: &Http, freshness: Freshness) -> Result<Self, Error> {
        let address = source.in_release("InRelease");
        let url = shown(&address);
        let text = http.text(&address, RELEASE, freshness).await?;
        let (source, trust, now) = (source.clone(), trust.clone(), Moment::from(SystemTime::now()));
        super::blocking(move || {
            // What is no text is no signed text.
            let text = String::from_utf8_lossy(&text);
            let untrusted = |source| Error::Untrusted { url: url.clone(), source };
            let text = trust.verify(&text, now).map_err(untrusted)?;
            let wrong = |source| Error::Release { url: url.clone(), source };
            let release = Release::read(&text).map_err(wrong)?;
            release.check(&source, now).map_err(wrong)?;
            Ok(Self { source, release })
        })
        .await
    }

    /// The indexes of packages of all components.
    async fn packages(
        &self,
        http: &Http,
        cache: &Cache,
        architecture: &str,
        freshness: Freshness,
        events: &Events,
    ) -> Result<Fetched, Error> {
        let mut fetched = Vec::new();
        for component in &self.source.components {
            let path = format!("{component}/binary-{architecture}/Packages");
            let (path, listed) = self.listed(&path, &[".xz", ".gz"])?;
            let blob = self.index(http, cache, &path, listed, freshness, events).await?;
            fetched.push((path, blob));
        }
        Ok(fetched)
    }

    /// Whether it is a release itself, and not what came after one.
    pub(super) fn is_whole(&self) -> bool {
        !self.source.suite.contains('-')
    }

    /// The lists of contents of all components, by their addresses.
    pub(super) async fn contents(
        &self,
        http: &Http,
        cache: &Cache,
        architecture: &str,
        events: &Events,
    ) -> Result<Vec<(String, Contents)>, Error> {
        let mut lists = Vec::new();
        for component in &self.source.components {
            let (path, listed) = self.listed(&format!("{component}/Contents-{architecture}"), &[".gz", ".xz"])?;
            let mut tries = 0;
            let list = loop {
                tries += 1;
                let freshness = if tries == 1 { Freshness::Any } else { Freshness::New };
                match self.index(http, cache, &path, listed, freshness, events).await {
                    Err(Error::Skewed { .. }) if tries < TRIES => tokio::time::sleep(PAUSE * tries).await,
                    Err(Error::Skewed { url, .. }) => {
                        let what = "is not what the archive's signed index says: packages are looked into instead";
                        events(&Event::Warning(format!("{url} {what}")));
                        let bytes = http.text(&self.source.in_release(&path), CONTENTS, freshness).await?;
                        break Contents::Unsigned(bytes);
                    }
                    blob => break Contents::Signed(blob?),
                }
            };
            lists.push((self.source.in_release(&path), list));
        }
        Ok(lists)
    }

    /// The first form of an index that the release has.
    fn listed(&self, path: &str, forms: &[&str]) -> Result<(String, Listed), Error> {
        let mut found = forms.iter().map(|form| format!("{path}{form}"));
        found
            .find_map(|path| self.release.listed(&path).map(|listed| (path, listed)))
            .ok_or_else(|| Error::Unlisted { url: shown(&self.source.in_release("InRelease")), path: path.to_owned() })
    }

    /// An index by its checksum: from the cache, by that checksum from the archive, or by its name.
    async fn index(
        &self,
        http: &Http,
        cache: &Cache,
        path: &str,
        listed: Listed,
        freshness: Freshness,
        events: &Events,
    ) -> Result<Blob, Error> {
        let by_name = self.source.in_release(path);
        if listed.size > INDEX {
            return Err(Error::TooLarge { url: shown(&by_name), limit: INDEX });
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let by_hash = format!("{folder}/by-hash/SHA256/{}", hex::encode(listed.sha256));
        let by_hash = self.release.by_hash.then(|| self.source.in_release(&by_hash));
        let wanted = Wanted {
            what: format!("{} {path}", self.source.suite),
            urls: by_hash.into_iter().chain([by_name.clone()]).collect(),
            size: listed.size,
            sha256: super::super::index::digest(listed.sha256),
        };
        match download::any(&wanted, http, cache, freshness, events).await? {
            Got::Blob(blob) => Ok(blob),
            Got::Absent => Err(Error::Status { url: shown(&by_name), status: reqwest::StatusCode::NOT_FOUND }),
            Got::Other(url) => Err(Error::Skewed { url, tries: 1 }),
        }
    }
}
