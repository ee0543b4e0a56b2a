//! System packages: what of Debian is put over a base, for what its own packages lack.

use serde::{Deserialize, Serialize};

use super::assemble::Order;
use super::error::Error;
use super::ground::Ground;
use super::means::Means;
use super::packages::read;
use super::reading::Files;
use super::supply::set;
use crate::cache::{Blob, Key, Kind};
use crate::debian::closure::Excluded;
use crate::debian::lock::Set;
use crate::debian::root::{Shell, Wanted, over};
use crate::dockerfile::Platform;
use crate::image::assembly::Layer;
use crate::image::closure::{Inventory, Kind as Lack, Missing};
use crate::image::plan::SystemPackage;

/// What the layer is called.
const WHAT: &str = "Debian: system packages";

/// A layer of packages, and what a loader may look at in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct System {
    pub(super) layer: Layer,
    pub(super) inventory: Inventory,
}

/// The layer of these packages, and of what they need that the base has not; none where it has all of them.
pub(super) async fn layer(
    order: &Order<'_>,
    platform: &Platform,
    (identity, files): (&str, &Files),
    names: &[String],
    means: &Means<'_>,
) -> Result<Option<System>, Error> {
    let status = files.get("var/lib/dpkg/status").unwrap_or_default();
    let installed = installed(status);
    let lacking: Vec<&String> = names.iter().filter(|name| !installed.contains(&name.as_str())).collect();
    if lacking.is_empty() {
        return Ok(None);
    }
    let key = order.keyed(Key::new("system")).part("ground", identity).list("names", &lacking);
    let found: Option<System> = means.cache.find(Kind::Base, &key);
    if let Some(found) = found
        && means.take_all(std::slice::from_ref(&found.layer))
    {
        return Ok(Some(found));
    }
    let names: Vec<String> = lacking.into_iter().cloned().collect();
    let Beside { set, blobs } = beside(order, platform, files, &installed, &names, means).await?;
    let made = tokio::task::block_in_place(|| {
        let scratch = means.cache.scratch()?;
        let debs = read(&set, &blobs, scratch.path())?;
        let tree = over(status, files.get("etc/ld.so.cache"), &debs)?;
        let inventory = Inventory::of_tree(&tree).map_err(Error::Inventory)?;
        let digests = set.packages.values().map(|p| p.sha256.to_string());
        let key = order.keyed(Key::new("system-layer")).part("status", status).list("digests", digests);
        let layer = means.layer(&key, WHAT, order.form, || Ok(tree))?;
        Ok::<_, Error>(System { layer, inventory })
    })?;
    means.cache.keep(Kind::Base, &key, &made)?;
    Ok(Some(made))
}

/// The packages that dpkg says are there.
pub(super) fn installed(status: &str) -> Vec<&str> {
    status.lines().filter_map(|line| line.strip_prefix("Package: ")).collect()
}

/// Packages of the archive, in the set's order, and where they are on this machine.
pub(super) struct Beside {
    pub(super) set: Set,
    pub(super) blobs: Vec<Blob>,
}

/// Fetches packages, with what they need beside those that are installed.
pub(super) async fn beside(
    order: &Order<'_>,
    platform: &Platform,
    files: &Files,
    installed: &[&str],
    names: &[String],
    means: &Means<'_>,
) -> Result<Beside, Error> {
    let archive = order.supply.open(codename(files)?, &platform.architecture, Some(files), means).await?;
    let wanted = Wanted { python: order.plan.python, shell: Shell::Dash, extras: names.to_vec() };
    let mut without: Excluded<'_> = wanted.excluded();
    without.extend(installed.iter().map(|name| (*name, "the base image has it")));
    let packages = archive.closure(names, &without)?;
    let blobs = archive.fetch(&packages, means.events).await?;
    Ok(Beside { set: set(&archive, &packages), blobs })
}

/// The Debian packages that have what is missing, each with what needs it. What none has stays missing.
pub(super) async fn providers(
    order: &Order<'_>,
    platform: &Platform,
    ground: &Ground,
    missing: &[Missing],
    means: &Means<'_>,
) -> Result<Vec<SystemPackage>, Error> {
    let libraries = missing.iter().filter(|m| m.kind == Lack::Library);
    let libraries: Vec<_> = libraries.map(|m| (m.library.as_str(), m)).collect();
    // Of a base that is no Debian, or whose archive is out of reach, nothing can be added: what is missing is the fault.
    let Ok(release) = codename(&ground.files) else { return Ok(Vec::new()) };
    if libraries.is_empty() {
        return Ok(Vec::new());
    }
    let archive = order.supply.open(release, &platform.architecture, Some(&ground.files), means).await?;
    let sonames: Vec<_> = libraries.iter().map(|(soname, _)| *soname).collect();
    let found = archive.providers(&sonames, means.events).await?;
    let mut packages: Vec<SystemPackage> = Vec::new();
    for (soname, missing) in libraries {
        let Some(provider) = found.get(soname).and_then(|all| all.first()) else { continue };
        if !packages.iter().any(|p| p.name == provider.package) {
            packages.push(SystemPackage { name: provider.package.clone(), because: missing.to_string() });
        }
    }
    packages.sort();
    Ok(packages)
}

/// The release of a Debian, by its name in the archive.
fn codename(files: &Files) -> Result<&str, Error> {
    match (files.release("ID"), files.release("VERSION_CODENAME")) {
        (Some("debian"), Some(name)) => Ok(name),
        (id, _) => Err(Error::NoDebian { id: id.unwrap_or("unknown").to_owned() }),
    }
}
