//! A supply: where Debian packages come from, and which ones are held.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::Error;
use super::means::Means;
use super::reading::Files;
use crate::cache::Blob;
use crate::debian::archive::{self, Archive, Http, Wanted, sources_of_machine};
use crate::debian::closure::Excluded;
use crate::debian::lock::{Lock, Locked, Set, Snapshot};
use crate::debian::moment::Moment;
use crate::debian::package::Package;
use crate::debian::sources::{Form, Source, choose, read, snapshots};
use crate::debian::trust::Trust;

/// Where Debian packages come from.
pub struct Supply {
    /// The archive that is stated, if one is.
    stated: Option<String>,
    trust: Trust,
    /// The packages that are held, as the project's lock has them.
    lock: Mutex<Lock>,
    /// Whether what is held moves to what the archive has now.
    hold: Hold,
}

/// Whether packages stay as they are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// They do.
    Locked,
    /// They move to what the archive has now.
    Update,
}

impl Supply {
    /// A supply by these settings; `lock` is what the project holds.
    pub fn new(stated: Option<String>, trust: Trust, lock: Lock, hold: Hold) -> Self {
        Self { stated, trust, lock: Mutex::new(lock), hold }
    }

    /// What is held now.
    pub fn lock(&self) -> Lock {
        self.lock.lock().map(|lock| lock.clone()).unwrap_or_default()
    }

    /// Whether what is held moves.
    pub(super) fn moves(&self) -> bool {
        self.hold == Hold::Update
    }

    /// The set that is held for an architecture.
    pub(super) fn held(&self, architecture: &str) -> Option<Set> {
        let Hold::Locked = self.hold else { return None };
        self.lock().architectures.remove(architecture)
    }

    /// Fetches what is held.
    pub(super) async fn fetch(
        &self,
        set: &Set,
        release: &str,
        architecture: &str,
        means: &Means<'_>,
    ) -> Result<Vec<Blob>, Error> {
        let sources = self.sources(release, architecture, None)?;
        let wanted: Vec<_> = set.packages.iter().map(|(name, one)| Wanted::locked(name, one, &sources)).collect();
        Ok(archive::fetch(&wanted, &Http::new()?, means.cache, means.events).await?)
    }

    /// Chooses packages from the archive as it is now, with all that they need, and holds them beside what is held: of
    /// that, nothing moves.
    pub(super) async fn choose(
        &self,
        held: Set,
        roots: &[String],
        without: &Excluded<'_>,
        (release, architecture): (&str, &str),
        means: &Means<'_>,
    ) -> Result<Set, Error> {
        let archive = self.open(release, architecture, None, means).await?;
        let mut without = without.clone();
        without.extend(held.packages.keys().map(|name| (name.as_str(), "it is held already")));
        let chosen = set(&archive, &archive.closure(roots, &without)?);
        let mut all = held.clone();
        if all.packages.is_empty() {
            all.sources = chosen.sources;
        }
        all.packages.extend(chosen.packages);
        if let Ok(mut lock) = self.lock.lock() {
            lock.architectures.insert(architecture.to_owned(), all.clone());
        }
        Ok(all)
    }

    /// The archive of a release. A base image's own sources come before this machine's.
    pub(super) async fn open(
        &self,
        release: &str,
        architecture: &str,
        base: Option<&Files>,
        means: &Means<'_>,
    ) -> Result<Archive, Error> {
        let sources = self.sources(release, architecture, base)?;
        let http = Http::new()?;
        Ok(Archive::open(&sources, &self.trust, &http, means.cache, architecture, means.events).await?)
    }

    /// Where the archive is: as stated, else as the base image has it, else as this machine has it, else the service that
    /// keeps Debian as it was.
    fn sources(&self, release: &str, architecture: &str, base: Option<&Files>) -> Result<Vec<Source>, Error> {
        if let Some(uri) = &self.stated {
            let source = Source::new(uri, release, &["main"]);
            let updates = Source { suite: format!("{release}-updates"), ..source.clone() };
            return Ok(vec![source, updates]);
        }
        let of_base = base.map(sources_of_base).unwrap_or_default();
        for known in [of_base, sources_of_machine(Path::new("/"))?] {
            let chosen = choose(&known, release, architecture);
            if !chosen.is_empty() {
                return Ok(chosen);
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or_default();
        Ok(snapshots(release, Moment(now)))
    }
}

/// A base's own sources; what of them can't be read is not for us.
fn sources_of_base(files: &Files) -> Vec<Source> {
    let texts = [("etc/apt/sources.list", Form::Lines), ("etc/apt/sources.list.d/debian.sources", Form::Stanzas)];
    let texts = texts.into_iter().filter_map(|(path, form)| Some((form, files.get(path)?)));
    texts.flat_map(|(form, text)| read(form, text).unwrap_or_default()).collect()
}

pub(super) fn set(archive: &Archive, packages: &[Package]) -> Set {
    let snapshot =
        |suite: &archive::Suite| Snapshot { suite: suite.source.suite.clone(), date: suite.release.date.compact() };
    let locked = |package: &Package| {
        let Package { version, sha256, size, filename, .. } = package.clone();
        (package.name.clone(), Locked { version, sha256, size, filename })
    };
    Set {
        sources: archive.suites().iter().map(snapshot).collect(),
        packages: packages.iter().map(locked).collect::<BTreeMap<_, _>>(),
    }
}
