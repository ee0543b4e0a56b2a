//! The dependencies: what a project's lock or requirements name, in layers by how often they change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use oci_spec::image::Digest;
use serde::{Deserialize, Serialize};

use super::assemble::{self, Order};
use super::base::Origin;
use super::closure;
use super::error::Error;
use super::ground::Ground;
use super::means::Means;
use super::site::distributions;
use super::system;
use super::uv::{self, Wanted};
use super::workshop;
use crate::cache::{Key, Kind};
use crate::dockerfile::Platform;
use crate::image::assembly::Layer;
use crate::image::closure::Inventory;
use crate::image::install::Install;
use crate::image::layer::Tree;
use crate::image::plan::SystemPackage;
use crate::image::site::{Budget, Distribution, Group, Place, Platform as SitePlatform, Sdist, Target, groups};

/// The most layers that an image may have: 127 is what overlay file systems take, and some tools less.
const LAYERS: usize = 99;
/// The layers that are not dependencies: of Debian packages, accounts and code.
const OTHERS: usize = 8;

/// What dependencies come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dependencies {
    /// Their layers.
    pub(super) layers: Vec<Layer>,
    /// Packages of the system that they need, beside those of the plan.
    pub(super) packages: Vec<SystemPackage>,
}

pub(super) async fn dependencies(
    order: &Order<'_>,
    platform: &Platform,
    base: Option<&(&Origin, Digest)>,
    ground: &Ground,
    means: &Means<'_>,
) -> Result<Dependencies, Error> {
    if !order.plan.install.runs() {
        return Ok(Dependencies::default());
    }
    let key = key(order, platform, ground);
    let found: Option<Dependencies> = means.cache.find(Kind::Dependencies, &key);
    if let Some(found) = found
        && means.take_all(&found.layers)
    {
        return Ok(found);
    }
    let scratch = means.cache.scratch()?;
    let installed = install(order, platform, ground, scratch.path(), means).await?;
    let own = tokio::task::block_in_place(|| Inventory::of_tree(&union(installed.iter())?).map_err(Error::Inventory))?;
    let packages = lacking(order, platform, base, ground, &own, means).await?;
    let layers = tokio::task::block_in_place(|| {
        let budget =
            Budget { layers: LAYERS.saturating_sub(ground.base_layers().len() + OTHERS).max(1), ..Budget::default() };
        pack(order, &groups(&installed, budget), ground, scratch.path(), means)
    })?;
    let made = Dependencies { layers, packages };
    means.cache.keep(Kind::Dependencies, &key, &made)?;
    Ok(made)
}

/// Has uv unpack the dependencies.
async fn install(
    order: &Order<'_>,
    platform: &Platform,
    ground: &Ground,
    scratch: &Path,
    means: &Means<'_>,
) -> Result<Vec<Distribution>, Error> {
    let machine = platform.architecture.parse()?;
    let target = Target { python: order.plan.python, platform: SitePlatform { machine, libc: ground.libc } };
    let uv = means.uv(order).await?;
    let wanted = Wanted { install: &order.plan.install, root: order.root, rules: order.rules, target, wheels: &[] };
    let site = scratch.join("site");
    let (mut built, mut paths, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    // Each resolution tells of some that have no wheel, and what these need may have none either.
    let locked = loop {
        let lock = folder(scratch, &format!("lock-{}", names.len()))?;
        let (missing, target) = match uv.lock(Wanted { wheels: &paths, ..wanted }, &lock).await {
            Err(uv::Error::NoWheel { missing, target }) => (missing, target),
            locked => break locked?,
        };
        // Whatever has not even a source is for its maintainers to mend, and what was built once is not built again.
        let sdists = missing.iter().map(|m| m.sdist.clone()).collect::<Option<Vec<_>>>();
        let new = sdists.filter(|sdists| sdists.iter().all(|sdist| names.insert(sdist.name.clone())));
        let Some(sdists) = new else { return Err(uv::Error::NoWheel { missing, target }.into()) };
        let wheels = match workshop::wheels(order, platform, ground, &sdists, means).await {
            Ok(wheels) => wheels,
            Err(error) => return Err(older(uv, &sdists, order.root, target, scratch).await.unwrap_or(error)),
        };
        paths.extend(wheels.iter().map(|wheel| wheel.path().to_owned()));
        built.extend(wheels);
    };
    // What was found for one platform may lack what another needs.
    if let ([_], Some(resolved)) = (order.platforms, locked.resolved()) {
        means.tally.resolve(resolved);
    }
    uv.install(Wanted { wheels: &paths, ..wanted }, &locked, &site).await?;
    Ok(tokio::task::block_in_place(|| distributions(&site, &ground.venv(order)))?)
}

/// The fault of what could not be built and has wheels for an older Python: it was left behind by time.
async fn older(uv: &uv::Uv, sdists: &[Sdist], root: &Path, target: Target, scratch: &Path) -> Option<Error> {
    for Sdist { name, version, place, .. } in sdists {
        let (Some(version), Place::Index) = (version, place) else { continue };
        if let Some(newest) = uv.older(&format!("{name}=={version}"), root, target, scratch).await {
            return Some(Error::Older { release: format!("{name} {version}"), newest, python: target.python });
        }
    }
    None
}

/// A new folder in another.
fn folder(scratch: &Path, name: &str) -> Result<PathBuf, Error> {
    let path = scratch.join(name);
    std::fs::create_dir(&path).map_err(|source| Error::Scratch { path: path.clone(), source })?;
    Ok(path)
}

/// The packages of the system that have the libraries which are missing. What no package has is the fault.
async fn lacking(
    order: &Order<'_>,
    platform: &Platform,
    base: Option<&(&Origin, Digest)>,
    ground: &Ground,
    own: &Inventory,
    means: &Means<'_>,
) -> Result<Vec<SystemPackage>, Error> {
    let missing = closure::lacks(order, ground, own, platform, means).await?;
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let packages = match system::providers(order, platform, ground, &missing, means).await {
        Ok(packages) if !packages.is_empty() => packages,
        Ok(_) | Err(Error::Archive(_)) => return Err(Error::Libraries(missing)),
        Err(error) => return Err(error),
    };
    let ground = assemble::ground(order, platform, base, &packages, means).await?;
    let missing = closure::lacks(order, &ground, own, platform, means).await?;
    if missing.is_empty() { Ok(packages) } else { Err(Error::Libraries(missing)) }
}

/// What the dependencies' layers are made from. What is built of the project's own files depends on them all.
fn key(order: &Order<'_>, platform: &Platform, ground: &Ground) -> Key {
    let builds_project = match &order.plan.install {
        Install::Requirements { local, .. } => !local.is_empty(),
        Install::Uv { local, package, .. }
        | Install::Lock { local, package, .. }
        | Install::Pylock { local, package, .. } => *package || !local.is_empty(),
        Install::Listed(_) | Install::Nothing => false,
    };
    order
        .keyed(Key::new("dependencies"))
        .part("stated", order.stated)
        .list("beside", order.plan.install.beside())
        .part("platform", platform.to_string())
        .part("python", &ground.python)
        .part("libc", format!("{:?}", ground.libc))
        .part("compiler", ground.compiled_by())
        .part("code", if builds_project { &order.code.digest[..] } else { &[] })
}

/// Writes a layer for each group, with its bytecode; those that were made before are found again.
fn pack(
    order: &Order<'_>,
    groups: &[Group<'_>],
    ground: &Ground,
    scratch: &Path,
    means: &Means<'_>,
) -> Result<Vec<Layer>, Error> {
    let key = |group: &Group<'_>| {
        order
            .keyed(Key::new("distributions"))
            .list("identities", group.distributions.iter().map(|d| d.identity.to_string()))
            .part("compiler", ground.compiled_by())
    };
    let found: Vec<_> = groups.iter().map(|group| means.found(&key(group))).collect();
    let missing = groups.iter().zip(&found).filter(|(_, found)| found.is_none());
    let sources = union(missing.flat_map(|(group, _)| group.distributions.iter().copied()))?;
    let bytecode = match &ground.compiler {
        Some(compiler) if !sources.is_empty() => compiler.compile(&sources, scratch)?.tree,
        _ => Tree::default(),
    };
    let layer = |(group, found): (&Group<'_>, Option<Layer>)| {
        if let Some(found) = found {
            return Ok(found);
        }
        let mut tree = union(group.distributions.iter().copied())?;
        let sources: Vec<_> = tree.iter().map(|(path, _)| path.to_owned()).collect();
        for source in sources.iter().filter(|path| super::bytecode::is_source(path)) {
            for (path, node) in super::bytecode::of(&bytecode, source) {
                tree.insert(path, node.clone()).map_err(|source| in_layer(&group.what, source))?;
            }
        }
        means.make(&key(group), &group.what, order.form, &tree)
    };
    groups.iter().zip(found).map(layer).collect()
}

fn union<'d>(all: impl Iterator<Item = &'d Distribution>) -> Result<Tree, Error> {
    let mut tree = Tree::default();
    for distribution in all {
        for (path, node) in distribution.tree.iter() {
            tree.insert(path, node.clone()).map_err(|source| in_layer(&distribution.name, source))?;
        }
    }
    Ok(tree)
}

fn in_layer(what: &str, source: crate::image::layer::TreeError) -> Error {
    Error::Tree { what: what.to_owned(), source }
}
