//! Means: what an assembly works with.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use oci_spec::image::{Descriptor, MediaType};
use tokio::sync::OnceCell;

use super::assemble::{Assembled, Order};
use super::error::Error;
use super::uv::{Home, Uv};
use crate::cache::{Cache, Failed, Key, Kind};
use crate::engine::Events;
use crate::image::assembly::Layer;
use crate::image::install::Install;
use crate::image::layer::{self, Compression, Form, Tree};
use crate::image::plan::SystemPackage;

/// What an assembly works with.
pub struct Means<'a> {
    /// What was made before.
    pub cache: &'a Cache,
    /// Who hears how it goes.
    pub events: &'a Events,
    /// Whether what was made before is taken.
    pub trust: Trust,
    /// How much was made, and how much was found.
    pub tally: &'a Tally,
    /// uv, once it was looked for.
    pub uv: &'a OnceCell<Uv>,
}

/// Whether what the cache says of layers is taken for granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// A layer that was made need not be here any more: whoever it goes to may have it.
    Notes,
    /// What is not here is made anew.
    Blobs,
}

/// How many layers were made, and how many were found.
#[derive(Debug, Default)]
pub struct Tally {
    made: AtomicUsize,
    found: AtomicUsize,
    packages: Mutex<Vec<SystemPackage>>,
    resolved: Mutex<Option<String>>,
}

impl Tally {
    /// Made.
    pub fn made(&self) -> usize {
        self.made.load(Relaxed)
    }

    /// The packages of the system that were added for what dependencies lack, each once.
    pub fn packages(&self) -> Vec<SystemPackage> {
        self.packages.lock().map(|packages| packages.clone()).unwrap_or_default()
    }

    pub(super) fn add(&self, packages: Vec<SystemPackage>) {
        if let Ok(mut all) = self.packages.lock() {
            all.extend(packages);
            all.sort();
            all.dedup();
        }
    }

    /// What was found for requirements that nothing had locked, as a pylock.
    pub fn resolved(&self) -> Option<String> {
        self.resolved.lock().ok()?.clone()
    }

    pub(super) fn resolve(&self, pylock: &str) {
        if let Ok(mut resolved) = self.resolved.lock() {
            *resolved = Some(pylock.to_owned());
        }
    }

    /// Found.
    pub fn found(&self) -> usize {
        self.found.load(Relaxed)
    }
}

impl Means<'_> {
    /// uv, which is looked for once, and brought where there is none.
    pub(super) async fn uv(&self, order: &Order<'_>) -> Result<&Uv, Error> {
        // Requirements are written for pip, and its configuration says where they are from.
        let of_pip = !matches!(order.plan.install, Install::Uv { .. } | Install::Pylock { .. });
        let cache = self.cache.root().join("tools");
        let home = Home { named: None, cache: &cache, pip_of: of_pip.then_some(order.root) };
        Ok(self.uv.get_or_try_init(|| Uv::find(home, self.events)).await?)
    }

    /// Work that takes its time, and uv brought meanwhile where it will be needed.
    pub(super) async fn beside_uv<T>(
        &self,
        order: &Order<'_>,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        if !order.plan.install.runs() {
            return work.await;
        }
        Ok(tokio::try_join!(work, self.uv(order))?.0)
    }

    /// A layer by what it is made from: the one that was made before, else the one that `tree` is.
    pub(super) fn layer(
        &self,
        key: &Key,
        what: &str,
        form: Form,
        tree: impl FnOnce() -> Result<Tree, Error>,
    ) -> Result<Layer, Error> {
        match self.found(key) {
            Some(found) => Ok(found),
            None => self.make(key, what, form, &tree()?),
        }
    }

    /// The layer that `tree` is; by the key it is found again.
    pub(super) fn make(&self, key: &Key, what: &str, form: Form, tree: &Tree) -> Result<Layer, Error> {
        let wrote = self.cache.write_blob(|out| {
            let written = layer::write(tree, form, out)?;
            Ok::<_, layer::WriteError>((written.digest.clone(), written))
        });
        let written = wrote.map_err(|failed| match failed {
            Failed::Cache(error) => Error::Cache(error),
            Failed::Make(source) => Error::Write { what: what.to_owned(), source },
        })?;
        let media_type = match form.compression {
            Compression::Gzip => MediaType::ImageLayerGzip,
            Compression::Zstd => MediaType::ImageLayerZstd,
        };
        let descriptor = Descriptor::new(media_type, written.size, written.digest);
        let made = Layer { descriptor, diff_id: written.diff_id, unpacked: written.unpacked, what: what.to_owned() };
        self.cache.keep(Kind::Layer, key, &made)?;
        self.tally.made.fetch_add(1, Relaxed);
        Ok(made)
    }

    /// The image that was assembled before from the same.
    pub(super) fn assembled(&self, key: &Key) -> Option<Assembled> {
        let found: Assembled = self.cache.find(Kind::Image, key)?;
        let own = || found.images.iter().flat_map(|i| &i.own);
        if !own().all(|layer| self.takes(layer)) {
            return None;
        }
        self.tally.found.fetch_add(own().count(), Relaxed);
        Some(found)
    }

    /// Whether none of these layers need be made anew; they count as found.
    pub(super) fn take_all(&self, layers: &[Layer]) -> bool {
        let all = layers.iter().all(|layer| self.takes(layer));
        if all {
            self.tally.found.fetch_add(layers.len(), Relaxed);
        }
        all
    }

    /// Whether a layer need not be made anew.
    fn takes(&self, layer: &Layer) -> bool {
        let (digest, size) = (layer.descriptor.digest(), layer.descriptor.size());
        self.trust == Trust::Notes || self.cache.has_blob(digest, size)
    }

    /// The layer that was made before from the same.
    pub(super) fn found(&self, key: &Key) -> Option<Layer> {
        self.cache.find(Kind::Layer, key).filter(|layer| self.take_all(std::slice::from_ref(layer)))
    }
}
