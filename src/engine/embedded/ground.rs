//! A ground: what the layers of an application are put on, and what has to be known of it.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use oci_spec::image::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assemble::Order;
use super::base::{Base, Origin};
use super::compiler::{self, Compiler};
use super::error::Error;
use super::means::Means;
use super::system;
use crate::cache::{Blob, Key, Kind as Note};
use crate::dockerfile::Platform;
use crate::engine::{Event, event::End};
use crate::image::account::AccountFiles;
use crate::image::assembly::Layer;
use crate::image::closure::Inventory;
use crate::image::config::RunConfig;
use crate::image::layer::{Kind, Tree};
use crate::image::plan::SystemPackage;
use crate::image::rootfs::{self, Keep, Limits, Sight, Stack, read};
use crate::image::site::{Libc, Venv};
use crate::registry::Registry;

/// How many layers are fetched at a time.
const AT_ONCE: usize = 4;
/// The files of a base that are looked into.
const FILES: &[&str] =
    &["etc/os-release", "var/lib/dpkg/status", "etc/apt/sources.list", "etc/apt/sources.list.d/debian.sources"];

/// All of them, relative to the image's root.
fn paths() -> impl Iterator<Item = &'static str> {
    AccountFiles::PATHS.into_iter().chain(FILES.iter().copied())
}

/// What the layers of an application are put on.
pub(super) struct Ground {
    /// What it is, for the keys of what is made on it.
    pub identity: String,
    /// The base's layers: none where it is made of Debian packages.
    pub base: Vec<Layer>,
    /// What the base's config says of those.
    pub history: Vec<Value>,
    /// How the base is started.
    pub run: RunConfig,
    /// Layers that were made for it, of Debian packages.
    pub own: Vec<Layer>,
    /// Where its Python is: `/usr/local/bin/python3.13`.
    pub python: String,
    /// Its C library.
    pub libc: Libc,
    /// What some of its files say.
    pub files: Files,
    /// What a loader may look at in the layers that were made for it.
    pub inventory: Option<Inventory>,
    /// What makes the bytecode; none where no interpreter of it runs here.
    pub(super) compiler: Option<Compiler>,
}

impl Ground {
    /// What stands for the bytecode's maker in keys.
    pub(super) fn compiled_by(&self) -> &str {
        self.compiler.as_ref().map(|c| c.identity.as_str()).unwrap_or_default()
    }

    /// The virtual environment on it.
    pub(super) fn venv(&self, order: &Order<'_>) -> Venv {
        Venv { python: order.plan.python, interpreter: self.python.clone() }
    }
}

/// Files of a base, by their paths relative to its root; those that are not there are not here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Files {
    pub(super) texts: BTreeMap<String, String>,
    /// Interpreters of the version that is wanted, by their paths without links.
    pub python: Option<String>,
}

impl Files {
    /// A file's text.
    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
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

/// The ground that a base image is.
pub(super) async fn of_base(
    order: &Order<'_>,
    origin: &Origin,
    digest: &Digest,
    platform: &Platform,
    extras: &[SystemPackage],
    means: &Means<'_>,
) -> Result<Ground, Error> {
    let base = origin.read(digest, platform, means.cache).await?;
    let python = order.plan.python.to_string();
    let files = files(origin, &base, &python, means).await?;
    let no_python = || Error::NoPython { image: origin.image.to_string(), version: python.clone() };
    let interpreter = files.python.clone().ok_or_else(no_python)?;
    let compiler = compiler(order, origin, digest, platform, (&base, &interpreter), means).await?;
    let names: Vec<_> = order.plan.run_packages.iter().chain(extras).map(|p| p.name.clone()).collect();
    let identity = base.digest.to_string();
    let system = system::layer(order, platform, (&identity, &files), &names, means).await?;
    let (own, inventory) = system.map(|s| (s.layer, s.inventory)).unzip();
    Ok(Ground {
        python: interpreter,
        inventory,
        compiler,
        libc: libc(&files),
        identity,
        history: base.history(),
        run: base.config().config,
        base: base.layers,
        own: own.into_iter().collect(),
        files,
    })
}

/// The interpreter of the same base, for this machine.
async fn compiler(
    order: &Order<'_>,
    origin: &Origin,
    digest: &Digest,
    platform: &Platform,
    (base, python): (&Base, &str),
    means: &Means<'_>,
) -> Result<Option<Compiler>, Error> {
    let (here, version) = (Platform::here(), order.plan.python);
    let own = if *platform == here {
        compiler::of_base(origin, base, python, version, means).await
    } else {
        match origin.read(digest, &here, means.cache).await {
            Ok(base) => match files(origin, &base, &version.to_string(), means).await?.python {
                Some(python) => compiler::of_base(origin, &base, &python, version, means).await,
                None => Err(Error::NoInterpreter),
            },
            Err(error) => Err(error),
        }
    };
    match own {
        Ok(own) => Ok(Some(own)),
        Err(Error::NoInterpreter | Error::Interpreter(_) | Error::BasePlatform { .. }) => {
            compiler::of_host(version, means).await
        }
        Err(error) => Err(error),
    }
}

async fn files(origin: &Origin, base: &Base, python: &str, means: &Means<'_>) -> Result<Files, Error> {
    let key =
        Key::new("base-files").part("digest", base.digest.to_string()).part("python", python).list("files", paths());
    if let Some(files) = means.cache.find(Note::Base, &key) {
        return Ok(files);
    }
    let blobs = fetch(origin, &base.layers, means).await?;
    let layers = base.layers.clone();
    let (image, python) = (origin.image.to_string(), python.to_owned());
    let looked = tokio::task::spawn_blocking(move || look(&image, &layers, &blobs, &python)).await;
    let files = looked.map_err(|e| Error::Crashed(e.to_string()))??;
    means.cache.keep(Note::Base, &key, &files)?;
    Ok(files)
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

/// Reads through a base from the top down, until all that is asked of it is certain.
fn look(image: &str, layers: &[Layer], blobs: &[Blob], python: &str) -> Result<Files, Error> {
    let pythons = [format!("/usr/local/bin/python{python}"), format!("/usr/bin/python{python}")];
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().as_bytes().to_vec();
    let keep = Keep { names: paths().map(last).collect(), ..Keep::default() };
    let mut stack = Stack::new(layers.len());
    for (layer, blob) in layers.iter().zip(blobs).rev() {
        let known = |path: &str| stack.resolve(path.as_bytes()) != Sight::Unknown;
        if paths().all(known) && pythons.iter().all(|path| known(path)) {
            break;
        }
        let failed = |source| Error::BaseContent { image: image.to_owned(), source };
        let opened = blob.open().map_err(|e| failed(crate::image::rootfs::LayerError::Unreadable(e)))?;
        stack.push(read(opened, &layer.diff_id, &Limits::of(blob.size()), &keep).map_err(failed)?);
    }
    let mut files = Files::default();
    for path in paths() {
        if let Sight::Leaf { body: Some(body), .. } = stack.resolve(path.as_bytes()) {
            files.texts.insert(path.to_owned(), String::from_utf8_lossy(&body).into_owned());
        }
    }
    files.python = pythons.iter().find(|p| matches!(stack.resolve(p.as_bytes()), Sight::Leaf { .. })).cloned();
    Ok(files)
}

/// The C library of a release: what each Debian and Ubuntu came with.
/// <https://packages.debian.org/libc6>, <https://packages.ubuntu.com/libc6>
fn libc(files: &Files) -> Libc {
    let minor = match (files.release("ID"), files.release("VERSION_ID")) {
        (Some("debian"), Some("11")) | (Some("ubuntu"), Some("20.04")) => 31,
        (Some("debian"), Some("12")) => 36,
        (Some("debian"), Some("13")) => 41,
        (Some("ubuntu"), Some("22.04")) => 35,
        (Some("ubuntu"), Some("24.04")) => 39,
        // What nearly all wheels are made for; nothing that runs containers today has less.
        _ => 28,
    };
    Libc::Glibc(minor)
}
