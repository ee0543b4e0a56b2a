//! A ground: what the layers of an application are put on, and what has to be known of it.

use oci_spec::image::Digest;

use super::assemble::Order;
use super::base::{Base, Origin};
use super::compiler::{self, Compiler};
use super::error::Error;
use super::means::Means;
use super::reading::{Files, Reading};
use super::system;
use crate::dockerfile::Platform;
use crate::image::assembly::Layer;
use crate::image::closure::Inventory;
use crate::image::config::RunConfig;
use crate::image::plan::SystemPackage;
use crate::image::site::{Libc, Venv};

/// What the layers of an application are put on.
pub(super) struct Ground {
    /// What it is, for the keys of what is made on it.
    pub identity: String,
    /// The base; none where it is made of Debian packages.
    pub base: Option<Base>,
    /// How that is started.
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
    /// The layers of its base.
    pub(super) fn base_layers(&self) -> &[Layer] {
        self.base.as_ref().map_or(&[], |base| &base.layers)
    }

    /// What stands for the bytecode's maker in keys.
    pub(super) fn compiled_by(&self) -> &str {
        self.compiler.as_ref().map(|c| c.identity.as_str()).unwrap_or_default()
    }

    /// The virtual environment on it.
    pub(super) fn venv(&self, order: &Order<'_>) -> Venv {
        Venv { python: order.plan.python, interpreter: self.python.clone() }
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
    let python = order.plan.python;
    let files = Reading { order, origin, base: &base }.files(means).await?;
    let no_python = || Error::NoPython { image: origin.image.to_string(), version: python.to_string() };
    let interpreter = files.python(python).ok_or_else(no_python)?.to_owned();
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
        run: base.config().config,
        base: Some(base),
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
        compiler::of_base(&Reading { order, origin, base }, python, means).await
    } else {
        match origin.read(digest, &here, means.cache).await {
            Ok(base) => {
                let reading = Reading { order, origin, base: &base };
                match reading.files(means).await?.python(version) {
                    Some(python) => compiler::of_base(&reading, python, means).await,
                    None => Err(Error::NoInterpreter),
                }
            }
            Err(error) => Err(error),
        }
    };
    match own {
        Ok(own) => Ok(Some(own)),
        Err(Error::NoInterpreter | Error::Interpreter(_) | Error::BasePlatform { .. }) => {
            compiler::of_host(order, means).await
        }
        Err(error) => Err(error),
    }
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
