//! An archive: its indexes, fetched and verified, and its packages.

mod download;
mod error;
mod library;
mod machine;
mod suite;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use futures_util::{StreamExt, TryStreamExt, stream};
use liblzma::bufread::XzDecoder;
use liblzma::stream::Stream;

use super::closure::{Excluded, closure};
use super::index::Index;
use super::package::Package;
use super::sources::Source;
use super::trust::Trust;
use crate::cache::{Blob, Cache};
use crate::engine::event::Events;

pub use self::download::{Http, Wanted};
pub use self::error::Error;
pub use self::machine::sources_of_machine;
pub use self::suite::Suite;

/// How many files are fetched at once.
const AT_ONCE: usize = 4;
/// How much memory unpacking may take, in bytes; Debian's own indexes need 9 MB.
const UNPACKING: u64 = 256 << 20;
/// The longest an index may become when it is unpacked, in bytes.
const UNPACKED: u64 = 4 << 30;

/// The packages of several suites, for one architecture.
pub struct Archive {
    http: Http,
    cache: Cache,
    suites: Vec<Suite>,
    index: Index,
}

impl Archive {
    /// Fetches and verifies the indexes of these sources, for an architecture by Debian's name of it: `amd64`. What the
    /// cache has by its checksum isn't fetched again.
    pub async fn open(
        sources: &[Source],
        trust: &Trust,
        http: &Http,
        cache: &Cache,
        architecture: &str,
        events: &Events,
    ) -> Result<Self, Error> {
        if sources.is_empty() {
            return Err(Error::NoSource);
        }
        // Collected first: with the closure in the stream, the compiler can't tell that the future may change threads.
        let open: Vec<_> =
            sources.iter().map(|source| Suite::open(source, trust, http, cache, architecture, events)).collect();
        let opened: Vec<_> = stream::iter(open).buffered(AT_ONCE).try_collect().await?;
        let architecture = architecture.to_owned();
        let (suites, index) = blocking(move || {
            let mut index = Index::new(&architecture);
            let mut suites = Vec::new();
            for (suite, blobs) in opened {
                for (path, blob) in blobs {
                    let failed = |cause| Error::Index { url: error::shown(&suite.source.in_release(&path)), cause };
                    let reader = blob.open().and_then(|packed| unpack(&path, packed));
                    let reader = reader.map_err(|source| failed(source.into()))?;
                    index.read(&suite.source.uri, reader).map_err(failed)?;
                }
                suites.push(suite);
            }
            Ok((suites, index))
        })
        .await?;
        Ok(Self { http: http.clone(), cache: cache.clone(), suites, index })
    }

    /// What was opened, in the order of the sources.
    pub fn suites(&self) -> &[Suite] {
        &self.suites
    }

    /// Its packages.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// These packages with all that they need, by name.
    pub fn closure<S: AsRef<str>>(&self, roots: &[S], without: &Excluded<'_>) -> Result<Vec<Package>, Error> {
        Ok(closure(&self.index, roots, without)?)
    }

    /// Fetches packages into the cache; in the order in which they were asked for.
    pub async fn fetch(&self, packages: &[Package], events: &Events) -> Result<Vec<Blob>, Error> {
        let wanted: Vec<_> = packages.iter().map(Wanted::package).collect();
        fetch(&wanted, &self.http, &self.cache, events).await
    }
}

/// Fetches files of which the checksum is known, such as a lock's packages, into the cache; in the order in which they
/// were asked for. No index is needed for that.
pub async fn fetch(wanted: &[Wanted], http: &Http, cache: &Cache, events: &Events) -> Result<Vec<Blob>, Error> {
    let coming: Vec<_> = wanted.iter().map(|wanted| download::fetch(wanted, http, cache, events)).collect();
    stream::iter(coming).buffered(AT_ONCE).try_collect().await
}

/// Reads an index as it is unpacked.
fn unpack(path: &str, packed: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let packed = BufReader::with_capacity(64 << 10, packed);
    let plain: Box<dyn Read + Send> = match path.rsplit('.').next() {
        Some("xz") => Box::new(XzDecoder::new_stream(packed, Stream::new_stream_decoder(UNPACKING, 0)?)),
        Some("gz") => Box::new(MultiGzDecoder::new(packed)),
        _ => Box::new(packed),
    };
    Ok(Box::new(BufReader::with_capacity(64 << 10, plain.take(UNPACKED))))
}

/// Work that waits for files and reckons.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(Error::Stopped)?
}
