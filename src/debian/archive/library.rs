//! A library: which package of an archive has it.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use super::super::contents::{self, Provider};
use super::super::deb::{Deb, Store};
use super::super::root::merged;
use super::download::Wanted;
use super::error::shown;
use super::suite::Contents;
use super::{Archive, Error, blocking, download, unpack};
use crate::engine::event::{Event, Events};
use crate::image::closure::Machine;
use crate::image::layer::Content;

/// How many packages are looked into for one library.
const LOOKED_INTO: usize = 4;
/// The largest package that is looked into, in bytes.
const LARGEST: u64 = 64 << 20;

type Found = BTreeMap<String, Vec<Provider>>;

impl Archive {
    /// Which packages have shared libraries of these names, the best one first. A name that none has is left out. The
    /// list of contents is large: it is fetched when it is asked for first, and searched every time.
    ///
    /// Some mirrors keep a list that the archive's signature does not cover any more. What such a list says is believed
    /// only of packages that were looked into, and those are signed for.
    pub async fn providers(&self, sonames: &[&str], events: &Events) -> Result<Found, Error> {
        let architecture = self.index.architecture();
        let unknown = || Error::Architecture(architecture.to_owned());
        let triplet = Machine::of(architecture).and_then(Machine::multiarch).ok_or_else(unknown)?;
        let (mut signed, mut unsigned) = (Found::new(), Found::new());
        for suite in self.suites.iter().filter(|suite| suite.is_whole()) {
            for (url, list) in suite.contents(&self.http, &self.cache, architecture, events).await? {
                let into = match list {
                    Contents::Signed(_) => &mut signed,
                    Contents::Unsigned(_) => &mut unsigned,
                };
                let sonames = sonames.iter().map(|&name| name.to_owned()).collect();
                for (name, mut providers) in search(url, list, sonames, triplet).await? {
                    // A list may be of more than the indexes are.
                    providers.retain(|provider| self.index.find(&provider.package).is_some());
                    into.entry(name).or_default().extend(providers);
                }
            }
        }
        signed.values_mut().chain(unsigned.values_mut()).for_each(|providers| providers.sort());
        signed.retain(|_, providers| !providers.is_empty());
        for (name, providers) in unsigned {
            if !signed.contains_key(&name)
                && let Some(provider) = self.proven(&name, providers, events).await?
            {
                signed.insert(name, vec![provider]);
            }
        }
        Ok(signed)
    }

    /// The first of these packages that has the library indeed.
    async fn proven(&self, soname: &str, from: Vec<Provider>, events: &Events) -> Result<Option<Provider>, Error> {
        for provider in from.into_iter().take(LOOKED_INTO) {
            let package = self.index.package(&provider.package).filter(|package| package.size <= LARGEST);
            let Some(package) = package else { continue };
            let wanted = Wanted::package(&package);
            let blob = download::fetch(&wanted, &self.http, &self.cache, events).await?;
            let place = merged(&provider.path);
            let has_it = blocking(move || {
                let failed = |source| Error::Package { what: wanted.what.clone(), source };
                let reader = blob.open().map_err(|source| Error::Contents { url: wanted.what.clone(), source })?;
                let deb = Deb::read(&wanted.what, reader, &mut Nowhere).map_err(failed)?;
                Ok(deb.tree.iter().any(|(path, _)| merged(path) == place))
            });
            if has_it.await? {
                return Ok(Some(provider));
            }
            let (package, path) = (&provider.package, &provider.path);
            let text =
                format!("the archive's list of contents is not signed, and wrong: {package} has no {path} ({soname})");
            events(&Event::Warning(text));
        }
        Ok(None)
    }
}

async fn search(url: String, list: Contents, sonames: Vec<String>, triplet: &'static str) -> Result<Found, Error> {
    blocking(move || {
        let sonames: Vec<&str> = sonames.iter().map(String::as_str).collect();
        let reader = match list {
            Contents::Signed(blob) => blob.open().and_then(|packed| unpack(&url, packed)),
            Contents::Unsigned(bytes) => unpack(&url, Cursor::new(bytes)),
        };
        let found = reader.and_then(|reader| contents::providers(reader, &sonames, triplet));
        found.map_err(|source| Error::Contents { url: shown(&url), source })
    })
    .await
}

/// Keeps nothing: only names matter.
struct Nowhere;

impl Store for Nowhere {
    fn put(&mut self, size: u64, content: &mut dyn Read) -> io::Result<Content> {
        io::copy(&mut content.take(size), &mut io::sink())?;
        Ok(Vec::new().into())
    }
}
