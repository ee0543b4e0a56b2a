//! A workshop: where wheels are built that nobody offers.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use super::assemble::Order;
use super::error::Error;
use super::ground::Ground;
use super::means::Means;
use super::reading;
use super::sdist::{self, BuildKit, Built, Choice, Sandbox, Sdist, Workshop};
use super::system::{self, Beside};
use crate::dockerfile::Platform;
use crate::engine::SecretSource;
use crate::engine::buildkit::Daemon;
use crate::image::plan::SystemPackage;
use crate::image::release::Release;
use crate::registry::Keychain;

/// A BuildKit that may be there, or why it isn't.
pub type Reach<'a> = Pin<Box<dyn Future<Output = Result<Daemon, String>> + Send + 'a>>;

/// What a workshop may use of this machine.
pub struct Tools<'a> {
    /// Looks for a BuildKit.
    pub reach: &'a (dyn Fn() -> Reach<'a> + Send + Sync),
    /// For the base's registry.
    pub keychain: Arc<Keychain>,
    /// What pip may read while it runs, in BuildKit.
    pub secrets: &'a BTreeMap<String, SecretSource>,
    /// Variables that pip may know, in a sandbox.
    pub environment: &'a [(String, String)],
    /// Files for it: where to, and from where.
    pub files: &'a [(String, PathBuf)],
}

/// What any compilation needs, beside what the image's own packages are.
const COMPILING: &[&str] = &[
    "bash",
    "ca-certificates",
    "coreutils",
    "dash",
    "findutils",
    "g++",
    "gcc",
    "grep",
    "gzip",
    "libc6-dev",
    "make",
    "mawk",
    "perl-base",
    "pkg-config",
    "sed",
    "tar",
];

/// Builds a wheel of each, once.
pub(super) async fn wheels(
    order: &Order<'_>,
    platform: &Platform,
    ground: &Ground,
    sdists: &[Sdist],
    means: &Means<'_>,
) -> Result<Vec<Built>, Error> {
    let name = platform.to_string();
    let daemon = (order.tools.reach)().await;
    let reach = daemon.as_ref().map(drop).map_err(Clone::clone);
    let sandbox: Result<(), String> = sdist::is_available(&name).await.into();
    // What is made of Debian packages is compiled among them, and has no image to be compiled on.
    let choice = match (order.base, &sandbox) {
        (None, Ok(())) => Choice::Sandbox,
        _ => sdist::choose(sdists, reach, sandbox)?,
    };
    match (choice, daemon) {
        (Choice::BuildKit, Ok(daemon)) => in_buildkit(order, platform, ground, sdists, &daemon, means).await,
        _ => in_sandbox(order, platform, ground, sdists, means).await,
    }
}

/// The packages to compile with.
fn packages(order: &Order<'_>, always: &[&str]) -> Vec<String> {
    let stated = order.plan.build_packages.iter().map(|p: &SystemPackage| p.name.clone());
    let mut names: Vec<_> = always.iter().map(|name| (*name).to_owned()).chain(stated).collect();
    names.sort();
    names.dedup();
    names
}

async fn in_buildkit(
    order: &Order<'_>,
    platform: &Platform,
    ground: &Ground,
    sdists: &[Sdist],
    daemon: &Daemon,
    means: &Means<'_>,
) -> Result<Vec<Built>, Error> {
    let base = match (order.base, Release::with(order.plan.python)) {
        (Some(origin), _) => origin.image.to_string(),
        (None, Some(release)) => format!("python:{}-slim-{}", order.plan.python, release.codename()),
        (None, None) => return Err(Error::NoRelease { python: order.plan.python.to_string() }),
    };
    let (packages, platform) = (packages(order, order.plan.family.compilers()), platform.to_string());
    let shop = Workshop::BuildKit(BuildKit {
        daemon,
        base: &base,
        digest: Some(&ground.identity),
        family: order.plan.family,
        packages: &packages,
        platform: &platform,
        secrets: order.tools.secrets,
        keychain: Arc::clone(&order.tools.keychain),
    });
    Ok(sdist::build(sdists, &shop, means.cache, means.events).await?)
}

async fn in_sandbox(
    order: &Order<'_>,
    platform: &Platform,
    ground: &Ground,
    sdists: &[Sdist],
    means: &Means<'_>,
) -> Result<Vec<Built>, Error> {
    let python = order.plan.python;
    let (mut layers, mut identity) = (Vec::new(), vec![ground.identity.clone()]);
    let mut names = packages(order, COMPILING);
    let mut status = "";
    if let Some(origin) = order.base {
        let blobs = reading::fetch(origin, ground.base_layers(), means).await?;
        layers.extend(blobs.iter().map(|blob| blob.path().to_owned()));
        status = ground.files.get("var/lib/dpkg/status").unwrap_or_default();
    } else {
        names.extend([format!("python{python}-dev"), format!("python{python}-venv")]);
    }
    let installed = system::installed(status);
    names.retain(|name| !installed.contains(&name.as_str()));
    let Beside { set, blobs } = system::beside(order, platform, &ground.files, &installed, &names, means).await?;
    identity.extend(set.packages.values().map(|p| p.sha256.to_string()));
    let packages = blobs.iter().map(|blob| blob.path().to_owned()).collect();
    let root = sdist::Ground { layers, packages, identity, python: ground.python.clone() };
    let shop = Workshop::Sandbox(Sandbox::new(&root, order.tools.environment, order.tools.files));
    Ok(sdist::build(sdists, &shop, means.cache, means.events).await?)
}
