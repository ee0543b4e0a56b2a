//! An engine's image: what the engine says of it, and its files, through a container that never runs.
//!
//! An engine gives `/etc`, `/dev`, `/proc` and `/sys` of every container to folders of its own making, even where the
//! image has a link there (Docker 20.10 takes that away). What is told of such an image is what its containers have, in
//! that engine.

use std::collections::{BTreeMap, HashMap};

use oci_spec::image::Digest;

use super::entry::{Candidates, Entry, Presence};
use super::layers::Known;
use super::platforms::written;
use super::{Error, PlatformImage};
use crate::engine::docker::DockerEngine;
use crate::engine::held::{Held, Stat};
use crate::image::config::{ImageConfig, RootFs};
use crate::image::rootfs::{End, FILE, LayerError, Met, Single, Walk};

/// What the engine says of an image: its id, and the image.
pub(super) async fn read(engine: &DockerEngine, name: &str) -> Result<(Digest, PlatformImage), Error> {
    let said = engine.inspect(name).await?;
    let shown = format!("docker:{name}");
    let config = serde_json::to_value(&said.config).and_then(serde_json::from_value::<Option<_>>);
    let config = config.map_err(|source| Error::Config { image: shown.clone(), source })?.unwrap_or_default();
    let diff_ids = said.root_fs.and_then(|root| root.layers).unwrap_or_default();
    let architecture = said.architecture.unwrap_or_default();
    let os = said.os.filter(|os| !os.is_empty()).unwrap_or_else(|| "linux".to_owned());
    let platform = written(&os, &architecture, &said.variant.unwrap_or_default());
    if os != "linux" {
        return Err(Error::NoPlatform { image: shown, has: vec![platform] });
    }
    let id = said.id.unwrap_or_default();
    let odd = |_| Error::Odd { image: shown, why: format!("the engine calls it {id:?}, which is no digest") };
    let digest: Digest = id.parse().map_err(odd)?;
    let config = ImageConfig { config, architecture, os, rootfs: RootFs { diff_ids }, ..ImageConfig::default() };
    let image = PlatformImage { platform, digest: digest.clone(), config, layers: Vec::new(), known: Known::lock(0) };
    Ok((digest, image))
}

pub(super) async fn files(
    engine: &DockerEngine,
    image: &PlatformImage,
    paths: &[&str],
) -> Result<BTreeMap<String, Entry>, Error> {
    let mut look = Look::new(engine, image).await?;
    let mut found = BTreeMap::new();
    for path in paths {
        found.insert((*path).to_owned(), look.entry(path).await?);
    }
    look.end().await?;
    Ok(found)
}

pub(super) async fn programs(
    engine: &DockerEngine,
    image: &PlatformImage,
    wanted: &Candidates,
) -> Result<BTreeMap<String, Presence>, Error> {
    let mut look = Look::new(engine, image).await?;
    let mut found = BTreeMap::new();
    for (name, places) in wanted {
        let mut presence = Presence::Missing;
        for place in places {
            if let Seen::Leaf(path, Stat::File { mode, .. }) = look.find(place).await? {
                let here = Presence::of(path.as_bytes(), mode);
                let done = matches!(here, Presence::Executable(_));
                if done || presence == Presence::Missing {
                    presence = here;
                }
                if done {
                    break;
                }
            }
        }
        found.insert(name.clone(), presence);
    }
    look.end().await?;
    Ok(found)
}

/// A look at an image's files; what was seen is not asked for again.
struct Look {
    held: Held,
    image: String,
    seen: HashMap<String, (Stat, Vec<u8>)>,
}

/// What a path leads to.
enum Seen {
    Missing,
    Directory,
    Loop,
    /// Something else, where that is in truth.
    Leaf(String, Stat),
}

impl Look {
    async fn new(engine: &DockerEngine, image: &PlatformImage) -> Result<Self, Error> {
        let image = image.digest.to_string();
        Ok(Self { held: engine.hold(&image).await?, image, seen: HashMap::new() })
    }

    async fn end(self) -> Result<(), Error> {
        Ok(self.held.release().await?)
    }

    async fn entry(&mut self, path: &str) -> Result<Entry, Error> {
        Ok(match self.find(path).await? {
            Seen::Missing => Entry::Missing,
            Seen::Directory => Entry::Directory,
            Seen::Loop => Entry::Loop,
            Seen::Leaf(_, Stat::File { size, .. }) if size > FILE => Entry::TooLarge(size),
            Seen::Leaf(path, Stat::File { mode, .. }) => match self.single(&path).await? {
                Single::File(bytes) => Entry::File { bytes: bytes.into(), mode },
                _ => Entry::Other("a file that the engine does not hand over"),
            },
            Seen::Leaf(..) => Entry::Other("a device or pipe"),
        })
    }

    /// Follows a path by our own rules, so that every place of images is read alike.
    async fn find(&mut self, path: &str) -> Result<Seen, Error> {
        let mut walk = Walk::new((), path.as_bytes());
        while let Some(name) = walk.step() {
            // The engine takes paths as text; what is none is not what anyone asks for.
            let Ok(at) = String::from_utf8(walk.path(&name)) else { return Ok(Seen::Missing) };
            let (stat, target) = self.look(&at).await?;
            let met = match stat {
                Stat::Circle => return Ok(Seen::Loop),
                Stat::Missing => Met::Missing,
                Stat::Folder => Met::Folder(()),
                Stat::Link => Met::Link(target),
                Stat::File { .. } | Stat::Other => Met::Leaf,
            };
            match walk.meet(name, met) {
                None => {}
                Some(End::Missing) => return Ok(Seen::Missing),
                Some(End::Loop) => return Ok(Seen::Loop),
                Some(End::Leaf) => return Ok(Seen::Leaf(at, stat)),
            }
        }
        Ok(Seen::Directory)
    }

    /// What is at a path without links on its way, and where it leads if it is one itself.
    async fn look(&mut self, path: &str) -> Result<(Stat, Vec<u8>), Error> {
        if let Some((stat, target)) = self.seen.get(path) {
            return Ok((*stat, target.clone()));
        }
        let stat = self.held.stat(path).await?;
        let target = match stat {
            Stat::Link => match self.single(path).await? {
                Single::Link(target) => target,
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        self.seen.insert(path.to_owned(), (stat, target.clone()));
        Ok((stat, target))
    }

    async fn single(&self, path: &str) -> Result<Single, Error> {
        let archive = self.held.archive(path, FILE).await?;
        let layer = |source: LayerError| Error::Layer { image: self.image.clone(), layer: path.to_owned(), source };
        Single::read(&archive).map_err(layer)
    }
}
