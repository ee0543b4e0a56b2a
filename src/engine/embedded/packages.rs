//! Packages: the ground that Debian makes, with no base image below it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::assemble::Order;
use super::compiler::{self, Compiler};
use super::error::Error;
use super::ground::{Files, Ground};
use super::means::Means;
use crate::cache::{Blob, Key, Kind};
use crate::debian::deb::Deb;
use crate::debian::lock::Set;
use crate::debian::root::{Shell, Wanted, compose};
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
    let own = if *platform == here {
        compiler(order, &set, &wanted, release, platform, means).await
    } else {
        let set = chosen(order, &wanted, release, &here, means).await?;
        compiler(order, &set, &wanted, release, &here, means).await
    };
    let compiler = match own {
        Ok(own) => Some(own),
        Err(Error::NoInterpreter | Error::Interpreter(_)) => compiler::of_host(python, means).await?,
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
            let blobs = order.supply.fetch(&set, release.codename(), &platform.architecture, means).await?;
            let made =
                tokio::task::block_in_place(|| make(order, &wanted, &set, &blobs, compiler.as_ref(), &key, means))?;
            means.cache.keep(Kind::Base, &key, &made)?;
            made
        }
    };
    Ok(Ground {
        identity,
        base: Vec::new(),
        history: Vec::new(),
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
    order.supply.choose(held, &lacking, &wanted.excluded(), place, means).await
}

/// What stands for a set of packages in keys.
fn identity(set: &Set, wanted: &Wanted) -> String {
    let digests = set.packages.values().map(|p| p.sha256.to_string());
    Key::new("packages").list("digests", digests).part("wanted", format!("{wanted:?}")).hex()
}

/// The interpreter in a set of packages, unpacked to run on this machine.
async fn compiler(
    order: &Order<'_>,
    set: &Set,
    wanted: &Wanted,
    release: Release,
    platform: &Platform,
    means: &Means<'_>,
) -> Result<Compiler, Error> {
    // What else there is changes no bytecode.
    let pythons = set.packages.iter().filter(|(name, _)| name.starts_with("python3") || name.starts_with("libpython3"));
    let identity = Key::new("python").list("digests", pythons.map(|(_, p)| p.sha256.to_string())).hex();
    let python = interpreter(order);
    let key = Key::new("interpreter").part("packages", &identity).part("python", &python);
    if let Some(folder) = means.cache.find_folder(Kind::Interpreter, &key)? {
        return Compiler::new(folder, &python, order.plan.python, identity);
    }
    let blobs = order.supply.fetch(set, release.codename(), &platform.architecture, means).await?;
    let folder = tokio::task::block_in_place(|| {
        let scratch = means.cache.scratch()?;
        let debs = read(set, &blobs, scratch.path())?;
        let root = compose(wanted, &debs)?;
        let trees: Vec<_> = root.parts.into_iter().map(|part| part.tree).collect();
        compiler::unpack(means, &key, &trees)
    })?;
    Compiler::new(folder, &python, order.plan.python, identity)
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
    wanted: &Wanted,
    set: &Set,
    blobs: &[Blob],
    compiler: Option<&Compiler>,
    key: &Key,
    means: &Means<'_>,
) -> Result<Made, Error> {
    let scratch = means.cache.scratch()?;
    let debs = read(set, blobs, scratch.path())?;
    let root = compose(wanted, &debs)?;
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
    Ok(Made { layers, files: Files { texts, python: None }, inventory })
}

fn add(tree: &mut Tree, more: &Tree) -> Result<(), Error> {
    for (path, node) in more.iter() {
        if !matches!(node.kind, NodeKind::Directory) {
            tree.insert(path, node.clone()).map_err(|source| Error::Tree { what: "bytecode".to_owned(), source })?;
        }
    }
    Ok(())
}
