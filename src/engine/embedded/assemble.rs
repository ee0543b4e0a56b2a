//! An assembly: all layers of an image, and the documents that make an image of them.

use std::collections::BTreeMap;
use std::path::Path;

use oci_spec::image::Digest;
use serde::{Deserialize, Serialize};

use super::base::Origin;
use super::dependencies::{self, Dependencies};
use super::error::Error;
use super::gather::SoFar;
use super::ground::{self, Ground};
use super::means::{Means, Trust};
use super::supply::Supply;
use super::workshop::Tools;
use super::{accounts, code, gather, packages, reading};
use crate::cache::{Blob, Key, Kind};
use crate::context::code::Code;
use crate::dockerfile::{self, Options, Platform};
use crate::image::assembly::{self, Document, Layer, Parts};
use crate::image::config::RunConfig;
use crate::image::context::ContextRules;
use crate::image::dockerfile as recipe;
use crate::image::layer::{Compression, Form};
use crate::image::plan::{ImagePlan, SystemPackage};

/// What is part of every key: layers that an older pydeploy made in another way are not found again.
const FORMAT: u32 = 3;

/// What is to be assembled.
pub struct Order<'a> {
    /// The root of what is built from, absolute.
    pub root: &'a Path,
    /// What the image will be.
    pub plan: &'a ImagePlan,
    /// The project's files.
    pub code: &'a Code,
    /// Which of its files a build of the project itself sees.
    pub rules: &'a ContextRules,
    /// A digest over the files that state the dependencies.
    pub stated: [u8; 32],
    /// The platforms, at least one.
    pub platforms: &'a [Platform],
    /// Labels beside those of the plan.
    pub labels: &'a BTreeMap<String, String>,
    /// The form of the layers.
    pub form: Form,
    /// What may build a wheel that nobody offers.
    pub tools: &'a Tools<'a>,
    /// Where Debian packages are from.
    pub supply: &'a Supply,
    /// Where the base is; none where the image is made of Debian packages.
    pub base: Option<&'a Origin>,
}

/// An image that is laid together, for all its platforms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembled {
    /// For each platform, in the order in which they were asked for.
    pub images: Vec<Image>,
    /// The index of several, the manifest of one.
    pub top: Document,
}

/// An image of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// What it is for.
    pub platform: String,
    /// Its config.
    pub config: Document,
    /// Its manifest.
    pub manifest: Document,
    /// The layers of its base.
    pub base: Vec<Layer>,
    /// Those that were made, the lowest first.
    pub own: Vec<Layer>,
}

impl Image {
    /// All its layers, the lowest first.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.base.iter().chain(&self.own)
    }
}

impl Assembled {
    /// Its layers of all platforms, each once.
    pub fn layers(&self) -> BTreeMap<String, &Layer> {
        let layers = self.images.iter().flat_map(Image::layers);
        layers.map(|layer| (layer.descriptor.digest().to_string(), layer)).collect()
    }
}

impl Order<'_> {
    /// What the whole image is made from, on a base that has this digest.
    fn key(&self, base: &str) -> Key {
        let platforms = self.platforms.iter().map(ToString::to_string);
        let labels = self.labels.iter().map(|(name, value)| format!("{name}={value}"));
        self.keyed(Key::new("image"))
            .part("base", base)
            .part("plan", recipe::config(self.plan))
            .part("static-files", format!("{:?}", self.plan.static_files))
            .part("account", format!("{:?}", self.plan.account))
            .list("packages", self.plan.run_packages.iter().map(|p| &p.name))
            .part("stated", self.stated)
            .list("beside", self.plan.install.beside())
            .part("code", self.code.digest)
            .list("platforms", platforms)
            .list("labels", labels)
    }

    /// A key of something that has the form of this order's layers.
    pub(super) fn keyed(&self, key: Key) -> Key {
        let form = match self.form.compression {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        };
        key.part("format", FORMAT.to_le_bytes()).part("compression", form).part("time", self.form.time.to_le_bytes())
    }
}

/// Lays an image together.
pub async fn assemble(order: &Order<'_>, means: &Means<'_>) -> Result<Assembled, Error> {
    let base = match order.base {
        Some(origin) => Some((origin, origin.digest().await?)),
        None => None,
    };
    // What is made of Debian packages stands on those that are held, and that may change on the way.
    let ground = || base.as_ref().map_or_else(|| order.supply.lock().to_string(), |(_, digest)| digest.to_string());
    if !order.supply.moves()
        && let Some(found) = means.assembled(&order.key(&ground()))
    {
        return Ok(found);
    }
    let mut images = Vec::new();
    for platform in order.platforms {
        images.push(one(order, platform, base.as_ref(), means).await?);
    }
    let top = match (order.platforms, images.as_slice()) {
        ([_], [image]) => image.manifest.clone(),
        (platforms, images) => {
            let all: Vec<_> = platforms.iter().zip(images).map(|(p, i)| (p, &i.manifest.descriptor)).collect();
            assembly::index(&all)
        }
    };
    let assembled = Assembled { images, top };
    means.cache.keep(Kind::Image, &order.key(&ground()), &assembled)?;
    Ok(assembled)
}

/// What the image stands on, with these packages of the system beside those of the plan.
pub(super) async fn ground(
    order: &Order<'_>,
    platform: &Platform,
    base: Option<&(&Origin, Digest)>,
    extras: &[SystemPackage],
    means: &Means<'_>,
) -> Result<Ground, Error> {
    match base {
        Some((origin, digest)) => ground::of_base(order, origin, digest, platform, extras, means).await,
        None => packages::ground(order, platform, extras, means).await,
    }
}

async fn one(
    order: &Order<'_>,
    platform: &Platform,
    base: Option<&(&Origin, Digest)>,
    means: &Means<'_>,
) -> Result<Image, Error> {
    let mut ground = self::ground(order, platform, base, &[], means).await?;
    let Dependencies { layers, packages } = dependencies::dependencies(order, platform, base, &ground, means).await?;
    if !packages.is_empty() {
        ground = self::ground(order, platform, base, &packages, means).await?;
        means.tally.add(packages);
    }
    let accounts = accounts::layer(order, &ground, means)?;
    let code = code::layer(order, &ground, means)?;
    let mut own: Vec<_> = ground.own.iter().cloned().chain(layers).chain(accounts).chain([code]).collect();
    let run = run_config(order, platform, &ground)?;
    if let Some(step) = &order.plan.static_files {
        let layers = ground.base_layers().iter().chain(&own).collect();
        let so_far = SoFar { layers, python: &ground.python, run: &run };
        let key = gather::key(order, step, &so_far);
        let gathered = match means.found(&key) {
            Some(found) => found,
            None => match blobs(order, &ground, &own, means).await? {
                Some(blobs) => gather::layer(order, &key, step, platform, &so_far, &blobs, means).await?,
                // What the cache only knows of is made anew, to be looked at.
                None => return Box::pin(one(order, platform, base, &Means { trust: Trust::Blobs, ..*means })).await,
            },
        };
        own.push(gathered);
    }
    let (base, history) = ground.base.map(|base| (base.layers.clone(), base.history())).unwrap_or_default();
    let parts = Parts { run: &run, platform, base: &base, history: &history, own: &own, time: order.form.time };
    let config = assembly::config(&parts);
    let layers: Vec<_> = base.iter().chain(&own).collect();
    let manifest = assembly::manifest(&config.descriptor, &layers);
    Ok(Image { platform: platform.to_string(), config, manifest, base, own })
}

/// The files of all layers; none where one that was made is here no more.
async fn blobs(
    order: &Order<'_>,
    ground: &Ground,
    own: &[Layer],
    means: &Means<'_>,
) -> Result<Option<Vec<Blob>>, Error> {
    let made: Result<Option<Vec<_>>, _> =
        own.iter().map(|layer| means.cache.blob(layer.descriptor.digest(), layer.descriptor.size())).collect();
    let Some(made) = made? else { return Ok(None) };
    let mut all = match order.base {
        Some(origin) => reading::fetch(origin, ground.base_layers(), means).await?,
        None => Vec::new(),
    };
    all.extend(made);
    Ok(Some(all))
}

/// How the image is started: what the plan's Dockerfile makes of what the base says.
fn run_config(order: &Order<'_>, platform: &Platform, ground: &Ground) -> Result<RunConfig, Error> {
    let text = recipe::config(order.plan);
    let bases = |_: &str| Some(ground.run.clone());
    let options = Options { platform: platform.clone(), bases: &bases, ..Options::new() };
    let mut run = dockerfile::parse(text.as_bytes(), "the plan")?.evaluate(&options)?.config;
    run.labels.extend(order.labels.clone());
    Ok(run)
}
