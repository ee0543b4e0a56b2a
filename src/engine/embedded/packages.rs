//! Packages: the ground that Debian makes, with no base image below it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::assemble::Order;
use super::compiler::{self, Compiler};
use super::error::Error;
use super::ground::Ground;
use super::means::Means;
use super::reading::Files;
use crate::cache::{Blob, Key, Kind, Scratch};
use crate::debian::deb::Deb;
use crate::debian::lock::Set;
use crate::debian::root::{Root, Shell, Wanted, compose};
use crate::debian::spool::Spool;
use crate::dockerfile::Platform;
use crate::image::assembly::Layer;
use crate::image::closure::Inventory;
use crate::image::config::RunConfig;
use crate::image::layer::{Kind as NodeKind, Tree};
use crate::image::plan::SystemPackage;
use crate::image::release::Release;
use crate::image::site::Libc;

/// What was made of a set of packages.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Made {
    layers: Vec<Layer>,
    files: Files,
    inventory: Inventory,
}

/// The ground that Debian packages make.
pub(super) async fn ground(
    order: &Order<'_>,
    platform: &Platform,
    extras: &[SystemPackage],
    means: &Means<'_>,
) -> Result<Ground, Error> {
    let python = order.plan.python;
    let release = Release::with(python).ok_or_else(|| Error::NoRelease { python: python.to_string() })?;
    let wanted = wanted(order, extras);
    let set = chosen(order, &wanted, release, platform, means).await?;
    let identity = identity(&set, &wanted);
    // The bytecode of the standard library is this release's own, made on this machine.
    let here = Platform::here();
    let selection = Selection { order, set: &set, wanted: &wanted, release, platform };
    let mut composed = None;
    let own = if *platform == here {
        selection.compiler(&mut composed, means).await
    } else {
        let set = chosen(order, &wanted, release, &here, means).await?;
        Selection { set: &set, platform: &here, ..selection }.compiler(&mut None, means).await
    };
    let compiler = match own {
        Ok(own) => Some(own),
        Err(Error::NoInterpreter | Error::Interpreter(_)) => compiler::of_host(order, means).await?,
        Err(error) => return Err(error),
    };
    let key = order
        .keyed(Key::new("debian"))
        .part("set", &identity)
        .part("compiler", compiler.as_ref().map(|c| c.identity.as_str()).unwrap_or_default());
    let found: Option<Made> = means.cache.find(Kind::Base, &key);
    let made = match found {
        Some(made) if means.take_all(&made.layers) => made,
        _ => {
            let composed = match composed {
                Some(composed) => composed,
                None => selection.compose(means).await?,
            };
            let made = tokio::task::block_in_place(|| make(order, composed, compiler.as_ref(), &key, means))?;
            means.cache.keep(Kind::Base, &key, &made)?;
            made
        }
    };
    Ok(Ground {
        identity,
        base: None,
        run: RunConfig::default(),
        own: made.layers,
        python: interpreter(order),
        libc: Libc::Glibc(release.glibc()),
        files: made.files,
        inventory: Some(made.inventory),
        compiler,
    })
}

fn wanted(order: &Order<'_>, extras: &[SystemPackage]) -> Wanted {
    let extras = order.plan.run_packages.iter().chain(extras).map(|p| p.name.clone()).collect();
    Wanted { python: order.plan.python, shell: Shell::Dash, extras }
}

fn interpreter(order: &Order<'_>) -> String {
    format!("/usr/bin/python{}", order.plan.python)
}

/// The packages that are held, else those that the archive has now.
async fn chosen(
    order: &Order<'_>,
    wanted: &Wanted,
    release: Release,
    platform: &Platform,
    means: &Means<'_>,
) -> Result<Set, Error> {
    let held = order.supply.held(&platform.architecture).unwrap_or_default();
    let lacking: Vec<_> = wanted.roots().into_iter().filter(|root| !held.packages.contains_key(root)).collect();
    if lacking.is_empty() {
        return Ok(held);
    }
    let place = (release.codename(), platform.architecture.as_str());
    means.beside_uv(order, order.supply.choose(held, &lacking, &wanted.excluded(), place, means)).await
}

/// What stands for a set of packages in keys.
fn identity(set: &Set, wanted: &Wanted) -> String {
    let digests = set.packages.values().map(|p| p.sha256.to_string());
    Key::new("packages").list("digests", digests).part("wanted", format!("{wanted:?}")).hex()
}

/// A set of packages that was chosen for a platform.
#[derive(Clone, Copy)]
struct Selection<'a, 'o> {
    order: &'a Order<'o>,
    set: &'a Set,
    wanted: &'a Wanted,
    release: Release,
    platform: &'a Platform,
}

/// What packages make together, as long as their contents are at hand.
struct Composed {
    root: Root,
    scratch: Scratch,
}

impl Selection<'_, '_> {
    /// Fetches and unpacks the packages, and lays them together; uv is brought meanwhile.
    async fn compose(&self, means: &Means<'_>) -> Result<Composed, Error> {
        let Self { order, set, release, platform, .. } = self;
        let fetching = order.supply.fetch(set, release.codename(), &platform.architecture, means);
        let blobs = means.beside_uv(order, fetching).await?;
        tokio::task::block_in_place(|| {
            let scratch = means.cache.scratch()?;
            let debs = read(set, &blobs, scratch.path())?;
            Ok(Composed { root: compose(self.wanted, &debs)?, scratch })
        })
    }

    /// Its interpreter, unpacked to run on this machine. What had to be composed for that is kept for more.
    async fn compiler(&self, composed: &mut Option<Composed>, means: &Means<'_>) -> Result<Compiler, Error> {
        // What else there is changes no bytecode.
        let is_python = |name: &str| name.starts_with("python3") || name.starts_with("libpython3");
        let pythons = self.set.packages.iter().filter(|(name, _)| is_python(name));
        let identity = Key::new("python").list("digests", pythons.map(|(_, p)| p.sha256.to_string())).hex();
        let (python, version) = (interpreter(self.order), self.order.plan.python);
        let key = Key::new("interpreter").part("packages", &identity).part("python", &python);
        if let Some(folder) = means.cache.find_folder(Kind::Interpreter, &key)? {
            return Compiler::new(folder, &python, version, identity);
        }
        let made = composed.insert(self.compose(means).await?);
        let trees = made.root.parts.iter().map(|part| &part.tree);
        let folder = tokio::task::block_in_place(|| compiler::unpack(means, &key, trees))?;
        Compiler::new(folder, &python, version, identity)
    }
}

/// Reads packages, their contents into a file in `folder`.
pub(super) fn read(set: &Set, blobs: &[Blob], folder: &std::path::Path) -> Result<Vec<Deb>, Error> {
    let failed = |source| Error::Scratch { path: folder.to_owned(), source };
    let mut spool = Spool::new(folder).map_err(failed)?;
    let mut debs = Vec::new();
    for (name, blob) in set.packages.keys().zip(blobs) {
        let opened = blob.open().map_err(failed)?;
        debs.push(Deb::read(name, opened, &mut spool)?);
    }
    Ok(debs)
}

fn make(
    order: &Order<'_>,
    Composed { root, scratch }: Composed,
    compiler: Option<&Compiler>,
    key: &Key,
    means: &Means<'_>,
) -> Result<Made, Error> {
    for note in &root.notes {
        (means.events)(&crate::engine::Event::Warning(format!("{}: {}", note.package, note.what)));
    }
    let (mut layers, mut texts, mut inventory) = (Vec::new(), BTreeMap::new(), Inventory::default());
    for part in root.parts {
        let mut tree = part.tree;
        texts.extend(Files::texts_of(&tree));
        inventory.lay(Inventory::of_tree(&tree).map_err(Error::Inventory)?);
        if let Some(compiler) = compiler {
            let bytecode = compiler.compile(&tree, scratch.path())?.tree;
            add(&mut tree, &bytecode)?;
        }
        let what = part.what.to_string();
        let key = key.clone().part("part", &what);
        layers.push(means.layer(&key, &what, order.form, || Ok(tree))?);
    }
    Ok(Made { layers, files: Files { texts, ..Files::default() }, inventory })
}

fn add(tree: &mut Tree, more: &Tree) -> Result<(), Error> {
    for (path, node) in more.iter() {
        if !matches!(node.kind, NodeKind::Directory) {
            tree.insert(path, node.clone()).map_err(|source| Error::Tree { what: "bytecode".to_owned(), source })?;
        }
    }
    Ok(())
}
