//! Source distributions: each built into a wheel once, alone, in a place that has the compilers, and kept.
//!
//! ```text
//! Sdist ─key→ the cache has it ─────────────────────────────→ wheel
//!           └ it doesn't: recipe → BuildKit, or a sandbox ──┘
//! ```
//!
//! pip fetches the distribution there, holds it against its hash, and builds it; what comes out is one file, whose bytes
//! depend on nothing but the distribution and what is in the place where it was built.

mod buildkit;
mod choose;
mod error;
mod recipe;
mod root;
mod sandbox;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

pub use self::buildkit::BuildKit;
pub use self::choose::{Choice, choose};
pub use self::error::Error;
pub use self::root::Ground;
pub(super) use self::root::Root;
pub(super) use self::sandbox::enter;
pub use self::sandbox::{Available, Sandbox, is_available};
use crate::cache::{Cache, Failed, Folder, Key, Kind};
use crate::engine::event::Events;
pub use crate::image::site::{Place, Sdist};

/// Where source distributions are built.
pub enum Workshop<'w> {
    /// In BuildKit, on the image's base.
    BuildKit(BuildKit<'w>),
    /// In a sandbox on this machine.
    Sandbox(Sandbox<'w>),
}

impl Workshop<'_> {
    /// What of the place a wheel depends on.
    fn identity(&self) -> Vec<String> {
        match self {
            Self::BuildKit(shop) => shop.identity(),
            Self::Sandbox(shop) => shop.identity(),
        }
    }

    async fn build(&self, sdist: &Sdist, into: &Path, events: &Events) -> Result<(), Error> {
        match self {
            Self::BuildKit(shop) => shop.build(sdist, into, events).await,
            Self::Sandbox(shop) => shop.build(sdist, into, events).await,
        }
    }
}

/// A wheel that was built. As long as there is one of these, the cache keeps it.
#[derive(Debug)]
pub struct Built {
    path: PathBuf,
    _held: Folder,
}

impl Built {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Builds a wheel of each, in order; those that were built before are taken as they are.
pub async fn build(
    sdists: &[Sdist],
    workshop: &Workshop<'_>,
    cache: &Cache,
    events: &Events,
) -> Result<Vec<Built>, Error> {
    let mut all = Vec::new();
    for sdist in sdists {
        let key = Key::new("wheel")
            .part("recipe", recipe::FORM)
            .part("sdist", sdist.identity())
            .list("workshop", workshop.identity());
        let folder = match cache.find_folder(Kind::Build, &key)? {
            Some(found) => found,
            None => make(sdist, workshop, cache, &key, events).await?,
        };
        let path = wheel(folder.path(), sdist)?;
        all.push(Built { path, _held: folder });
    }
    Ok(all)
}

async fn make(
    sdist: &Sdist,
    workshop: &Workshop<'_>,
    cache: &Cache,
    key: &Key,
    events: &Events,
) -> Result<Folder, Error> {
    let scratch = tempfile::Builder::new().prefix("pydeploy-wheel-").tempdir();
    let scratch = scratch.map_err(Error::file("make a folder in", std::env::temp_dir()))?;
    let into = scratch.path().join("wheels");
    fs::create_dir(&into).map_err(Error::file("make", &into))?;
    workshop.build(sdist, &into, events).await?;
    let wheel = wheel(&into, sdist)?;
    // Of two runs that have built the same at once, the second takes what the first has kept.
    let kept = cache.folder(
        Kind::Build,
        key,
        || {},
        |content| {
            let name = wheel.file_name().unwrap_or_default();
            fs::copy(&wheel, content.join(name)).map(drop).map_err(Error::file("copy", &wheel))
        },
    );
    kept.map_err(|failed| match failed {
        Failed::Cache(error) => Error::Cache(error),
        Failed::Make(error) => error,
    })
}

/// The one wheel in a folder.
fn wheel(folder: &Path, sdist: &Sdist) -> Result<PathBuf, Error> {
    let entries = fs::read_dir(folder).map_err(Error::file("read", folder))?;
    let mut wheels: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    wheels.retain(|path| path.extension().is_some_and(|e| e == "whl"));
    match wheels.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(Error::NoWheel { sdist: sdist.to_string(), wheels: wheels.len() }),
    }
}
