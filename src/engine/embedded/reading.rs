//! A reading: the layers of a base, passed through once for all that is asked of them.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::assemble::Order;
use super::base::{Base, Origin};
use super::error::Error;
use super::means::Means;
use super::unpacked::{Unpacked, interpreter_needs};
use crate::cache::{Blob, Cache, Failed, Folder, Key, Kind as Note};
use crate::dockerfile::Platform;
use crate::engine::{Event, event::End};
use crate::image::account::AccountFiles;
use crate::image::assembly::Layer;
use crate::image::closure::Inventory;
use crate::image::layer::{Kind, Tree};
use crate::image::rootfs::{self, Keep, LayerError, Limits, Reader, Sight, Stack, tee};
use crate::project::PythonVersion;
use crate::registry::Registry;

/// How many layers are fetched at a time.
const AT_ONCE: usize = 4;
/// The files of a base that are looked into.
const FILES: &[&str] = &[
    "etc/ld.so.cache",
    "etc/os-release",
    "var/lib/dpkg/status",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/debian.sources",
];

/// Where a Python may be, the first one that counts before the others.
const PYTHONS: [&str; 2] = ["/usr/local/bin", "/usr/bin"];
/// The minor versions of Python 3 that there may be.
const MINORS: RangeInclusive<u8> = 6..=40;

/// All of them, relative to the image's root.
fn paths() -> impl Iterator<Item = &'static str> {
    AccountFiles::PATHS.into_iter().chain(FILES.iter().copied())
}

/// What is asked of a base. The first question has all of them answered, and kept in the cache.
pub(super) struct Reading<'a, 'o> {
    pub(super) order: &'a Order<'o>,
    pub(super) origin: &'a Origin,
    pub(super) base: &'a Base,
}

/// What a base has.
struct Contents {
    files: Files,
    inventory: Inventory,
    /// What its interpreter needs, unpacked; only of a base for this machine.
    interpreter: Option<Folder>,
}

impl Reading<'_, '_> {
    /// What some of its files say.
    pub(super) async fn files(&self, means: &Means<'_>) -> Result<Files, Error> {
        match means.cache.find(Note::Base, &self.key("base-files")) {
            Some(files) => Ok(files),
            None => Ok(self.read(means).await?.files),
        }
    }

    /// What a loader may look at.
    pub(super) async fn inventory(&self, means: &Means<'_>) -> Result<Inventory, Error> {
        match means.cache.find(Note::Base, &self.key("base-inventory")) {
            Some(inventory) => Ok(inventory),
            None => Ok(self.read(means).await?.inventory),
        }
    }

    /// What its interpreter needs, unpacked to run on this machine.
    pub(super) async fn interpreter(&self, means: &Means<'_>) -> Result<Folder, Error> {
        match means.cache.find_folder(Note::Interpreter, &self.key("interpreter"))? {
            Some(folder) => Ok(folder),
            None => self.read(means).await?.interpreter.ok_or(Error::NoInterpreter),
        }
    }

    fn key(&self, what: &str) -> Key {
        Key::new(what).part("digest", self.base.digest.to_string()).list("files", paths())
    }

    /// Passes through all layers. To fetch and decompress them takes its time: uv is brought meanwhile.
    async fn read(&self, means: &Means<'_>) -> Result<Contents, Error> {
        let reading = async {
            let layers = self.base.layers.clone();
            let blobs = fetch(self.origin, &layers, means).await?;
            let pass = Pass { image: self.origin.image.to_string(), layers, blobs };
            let key = self.base.is_for(&Platform::here()).then(|| self.key("interpreter"));
            let cache = means.cache.clone();
            let passing = tokio::task::spawn_blocking(move || pass.all(&cache, key.as_ref()));
            passing.await.map_err(|e| Error::Crashed(e.to_string()))?
        };
        let contents = means.beside_uv(self.order, reading).await?;
        means.cache.keep(Note::Base, &self.key("base-files"), &contents.files)?;
        means.cache.keep(Note::Base, &self.key("base-inventory"), &contents.inventory)?;
        Ok(contents)
    }
}

/// A pass through the layers of a base.
struct Pass {
    image: String,
    layers: Vec<Layer>,
    blobs: Vec<Blob>,
}

impl Pass {
    /// All that a base has, its interpreter unpacked into the cache where there is a key for it.
    fn all(&self, cache: &Cache, interpreter: Option<&Key>) -> Result<Contents, Error> {
        let (mut found, mut folder) = (None, None);
        if let Some(key) = interpreter {
            let unpack = |folder: &Path| {
                let mut unpacked = Unpacked::new(folder);
                found = Some(self.through(Some(&mut unpacked))?);
                Ok::<_, Error>(unpacked.finish()?)
            };
            folder = Some(cache.folder(Note::Interpreter, key, || {}, unpack).map_err(|failed| match failed {
                Failed::Cache(error) => Error::Cache(error),
                Failed::Make(error) => error,
            })?);
        }
        let (files, inventory) = found.map_or_else(|| self.through(None), Ok)?;
        Ok(Contents { files, inventory, interpreter: folder })
    }

    fn through(&self, mut interpreter: Option<&mut Unpacked>) -> Result<(Files, Inventory), Error> {
        let (mut layers, mut inventory) = (Vec::new(), Inventory::default());
        for (layer, blob) in self.layers.iter().zip(&self.blobs) {
            let limits = Limits::of(blob.size());
            let (mut named, mut listed, mut unpacked) = (None, None, Ok(()));
            let mut readers: Vec<Reader<'_>> = vec![
                Box::new(|from| named = Some(rootfs::read(from, &layer.diff_id, &limits, &keep()))),
                Box::new(|from| listed = Some(Inventory::of_archive(from, &limits))),
            ];
            if let Some(interpreter) = interpreter.as_deref_mut() {
                readers.push(Box::new(|from| unpacked = interpreter.layer(from, interpreter_needs)));
            }
            let opened = blob.open().map_err(|e| self.failed(LayerError::Unreadable(e)))?;
            tee(opened, readers).map_err(|e| self.failed(e))?;
            layers.extend(named.transpose().map_err(|e| self.failed(e))?);
            if let Some(listed) = listed {
                inventory.lay(listed.map_err(|e| self.failed(e))?);
            }
            unpacked?;
        }
        let mut stack = Stack::new(layers.len());
        layers.into_iter().rev().for_each(|layer| stack.push(layer));
        Ok((Files::of(&stack), inventory))
    }

    fn failed(&self, source: LayerError) -> Error {
        Error::BaseContent { image: self.image.clone(), source }
    }
}

/// The contents that are kept.
fn keep() -> Keep {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().as_bytes().to_vec();
    Keep { names: paths().map(last).collect(), ..Keep::default() }
}

/// Files of a base, by their paths relative to its root; those that are not there are not here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Files {
    pub(super) texts: BTreeMap<String, String>,
    /// Where it has a Python, absolute.
    pub(super) pythons: Vec<String>,
}

impl Files {
    /// A file's text.
    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Its Python of this version: `/usr/local/bin/python3.13`.
    pub(super) fn python(&self, version: PythonVersion) -> Option<&str> {
        let name = format!("python{version}");
        self.pythons.iter().map(String::as_str).find(|path| path.rsplit('/').next() == Some(&name))
    }

    /// What layers that lie over each other have.
    fn of(stack: &Stack) -> Self {
        let mut files = Self::default();
        for path in paths() {
            if let Sight::Leaf { body: Some(body), .. } = stack.resolve(path.as_bytes()) {
                files.texts.insert(path.to_owned(), String::from_utf8_lossy(&body).into_owned());
            }
        }
        let pythons = PYTHONS.iter().flat_map(|folder| MINORS.map(move |minor| format!("{folder}/python3.{minor}")));
        files.pythons = pythons.filter(|p| matches!(stack.resolve(p.as_bytes()), Sight::Leaf { .. })).collect();
        files
    }

    /// Those of them that a tree has.
    pub(super) fn texts_of(tree: &Tree) -> BTreeMap<String, String> {
        let text = |path: &str| {
            let found = match &tree.get(path)?.kind {
                // /etc/os-release is one.
                Kind::Symlink(target) => tree.get(target.trim_start_matches("../").trim_start_matches('/'))?,
                _ => tree.get(path)?,
            };
            let Kind::File(content) = &found.kind else { return None };
            let mut bytes = Vec::new();
            content.open().ok()?.take(rootfs::FILE).read_to_end(&mut bytes).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        paths().filter_map(|path| Some((path.to_owned(), text(path)?))).collect()
    }

    /// A value of /etc/os-release.
    pub(super) fn release(&self, name: &str) -> Option<&str> {
        let value = self.get("etc/os-release")?.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix('='));
        value.map(|v| v.trim_matches(['"', '\'']))
    }
}

/// The blobs of layers, from the cache or from the registry, in the layers' order.
pub(super) async fn fetch(origin: &Origin, layers: &[Layer], means: &Means<'_>) -> Result<Vec<Blob>, Error> {
    let (registry, repository) = (&origin.registry, origin.image.repository.path());
    // Collected first: with the closure in the stream, the compiler can't tell that the future may change threads.
    let blobs: Vec<_> = layers.iter().map(|layer| one(registry, repository, layer, means)).collect();
    stream::iter(blobs).buffered(AT_ONCE).try_collect().await
}

async fn one(registry: &Arc<Registry>, repository: &str, layer: &Layer, means: &Means<'_>) -> Result<Blob, Error> {
    let (digest, size) = (layer.descriptor.digest(), layer.descriptor.size());
    if let Some(blob) = means.cache.blob(digest, size)? {
        return Ok(blob);
    }
    let id = digest.to_string();
    let name = format!("base layer {}", id.chars().skip("sha256:".len()).take(12).collect::<String>());
    let started = std::time::Instant::now();
    (means.events)(&Event::Started { id: id.clone(), name: name.clone() });
    let mut incoming = means.cache.receive(digest, size)?;
    let mut blob = registry.blob(repository, &layer.descriptor).await?;
    let mut current = 0;
    while let Some(piece) = blob.piece().await? {
        incoming.push(&piece)?;
        current += piece.len() as u64;
        (means.events)(&Event::Progress { id: id.clone(), current, total: Some(size) });
    }
    let blob = incoming.finish()?;
    (means.events)(&Event::Finished { id, name, end: End::Ran(started.elapsed()) });
    Ok(blob)
}
