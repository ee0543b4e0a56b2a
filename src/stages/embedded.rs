//! The embedded engine at work: from what is prepared to an image in a registry, a layout or an engine.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oci_spec::image::Digest;

use super::build::{keychain, labels};
use super::examine::{Examined, Kind};
use super::libraries;
use super::prepare::{Blueprint, Prepared};
use super::push::{self, Pushed};
use super::ship::{Job, Shipped, Work};
use super::target::Target;
use super::write;
use crate::cache::{self, Cache, Key, Kind as Note};
use crate::context::code::{self, Code};
use crate::context::revision::Revision;
use crate::debian::lock::{self, Lock};
use crate::debian::trust::Trust as Keys;
use crate::dockerfile::Platform;
use crate::engine::docker::DockerEngine;
use crate::engine::embedded::{self, Assembled, Image, Means, Order, Origin, Tally, Trust};
use crate::engine::embedded::{Hold, Supply};
use crate::fault::{Class, Fault};
use crate::image::assembly::{Document, Layer};
use crate::image::config::ImageConfig;
use crate::image::context::ContextRules;
use crate::image::layer::Form;
use crate::image::plan::{ImagePlan, Strategy};
use crate::image::reference::{DigestRef, ImageRef, Repository};
use crate::layout;
use crate::registry::{BlobSource, Parcel, Pointer, Presence, RawManifest, Registry, Shipment};
use crate::report::Report;
use crate::settings::Machine;
use crate::workload::probes::Assertions;

/// An image that was built, and goes no further yet.
#[derive(Debug)]
pub struct Built {
    /// Where it is, as an answer.
    pub answer: String,
    /// What an engine calls it, where it was loaded into one.
    pub id: Option<String>,
    /// The digest of its manifest or index.
    pub digest: String,
    /// Its size, in bytes: unpacked as far as it was made here, and compressed.
    pub unpacked: u64,
    /// Compressed.
    pub compressed: u64,
    /// Its layers, the lowest first.
    pub layers: Vec<push::Layer>,
    /// What was done.
    pub work: Work,
    /// How long it took.
    pub time: Duration,
}

/// Everything that laying a project's image together takes.
struct Bench<'a> {
    prepared: &'a Prepared,
    plan: &'a ImagePlan,
    report: &'a Report,
    cache: Cache,
    rules: ContextRules,
    code: Code,
    stated: [u8; 32],
    platforms: Vec<Platform>,
    form: Form,
    origin: Option<Origin>,
    supply: Supply,
}

/// Lays a project's image together and puts it where it goes.
pub async fn ship(job: &Job<'_>) -> Result<Shipped, Fault> {
    let Job { prepared, target, revision, tags, machine, report } = *job;
    let started = Instant::now();
    let bench = Bench::new(prepared, machine, report).await?;
    let (mut assembled, mut work) = bench.assemble(revision, Trust::Notes).await?;
    let assertions = prepared.settings.assertions;
    let reference = |a: &Assembled| -> Result<DigestRef, Fault> {
        let digest = a.top.descriptor.digest().to_string().parse()?;
        Ok(DigestRef::confirmed(target.repository().clone(), digest))
    };
    let mut examined = examined(&assembled, target, reference(&assembled)?, assertions)?;
    examined.check()?;
    let time = started.elapsed();
    let sending = Sending { bench: &bench, target, tags, machine };
    let sent = match sending.send(&assembled).await {
        Err(Failed::Lost(what)) => {
            // The registry lacks a layer that was made before, and so does the cache by now.
            report.note(&format!("{what} is neither at {target} nor whole in the cache: it is made anew"));
            (assembled, work) = bench.assemble(revision, Trust::Blobs).await?;
            examined = self::examined(&assembled, target, reference(&assembled)?, assertions)?;
            sending.send(&assembled).await.map_err(Failed::fault)?
        }
        sent => sent.map_err(Failed::fault)?,
    };
    bench.close()?;
    let pushed = Pushed {
        reference: reference(&assembled)?,
        tags: tags.to_vec(),
        layers: layers(shown(&assembled, &examined)),
        examined,
        uploaded: Some(sent.bytes),
        requests: sent.requests + bench.requests(),
        time: started.elapsed().saturating_sub(time),
    };
    let own = assembled.images.first().map(|i| i.own.len());
    Ok(Shipped { pushed, unpacked: unpacked(&assembled), own, work, time })
}

/// Lays a project's image together: into the cache, into a layout where one is named, and into the engine if asked.
pub async fn build(
    prepared: &Prepared,
    revision: &Revision,
    names: &[String],
    load: bool,
    machine: &Machine,
    report: &Report,
) -> Result<Built, Fault> {
    let started = Instant::now();
    let bench = Bench::new(prepared, machine, report).await?;
    let (assembled, work) = bench.assemble(revision, Trust::Blobs).await?;
    let digest = assembled.top.descriptor.digest().to_string();
    let target = prepared.stated_target()?;
    let mut answer = format!("{digest} in the cache ({})", bench.cache.root().display());
    if let Some(target @ Target::Layout(_)) = &target {
        let tags = prepared.tags(revision)?;
        Sending { bench: &bench, target, tags: &tags, machine }.send(&assembled).await.map_err(Failed::fault)?;
        answer = target.to_string();
    }
    let mut id = None;
    if load {
        id = Some(load_into_engine(&bench, &assembled, names, machine).await?);
        answer = names.first().cloned().unwrap_or(answer);
    }
    bench.close()?;
    let first = assembled.images.first();
    let all = first.map(layers).unwrap_or_default();
    Ok(Built {
        answer,
        id,
        digest,
        unpacked: unpacked(&assembled).unwrap_or_default(),
        compressed: all.iter().map(|l| l.size).sum(),
        layers: all,
        work,
        time: started.elapsed(),
    })
}

impl<'a> Bench<'a> {
    async fn new(prepared: &'a Prepared, machine: &Machine, report: &'a Report) -> Result<Self, Fault> {
        let Blueprint::Generated { plan, .. } = &prepared.blueprint else {
            return Err(Fault::new(Class::Bug, "the embedded engine was given a Dockerfile", None));
        };
        let root = prepared.settings.layers.cache.clone();
        let root = root.or_else(|| cache::default_root(|name| machine.variable(name)));
        let cache = Cache::open(&root.ok_or(cache::Error::NoPlace)?)?;
        let rules = prepared.rules()?;
        let code = tokio::task::block_in_place(|| code::read(&prepared.root, &rules, embedded::CODE))?;
        let origin = match plan.strategy.value {
            Strategy::Minimal => None,
            _ => Some(origin(prepared, plan, machine).await?),
        };
        let platforms = match prepared.settings.platforms.as_slice() {
            [] => vec![Platform::here()],
            stated => stated.to_vec(),
        };
        let form = Form { compression: prepared.settings.layers.compression, time: epoch(machine)? };
        let stated = prepared.stated_dependencies()?;
        let supply = supply(prepared)?;
        Ok(Self { prepared, plan, report, cache, rules, code, stated, platforms, form, origin, supply })
    }

    async fn assemble(&self, revision: &Revision, trust: Trust) -> Result<(Assembled, Work), Fault> {
        let labels = labels(revision);
        let order = Order {
            root: &self.prepared.root,
            plan: self.plan,
            code: &self.code,
            rules: &self.rules,
            stated: self.stated,
            platforms: &self.platforms,
            labels: &labels,
            form: self.form,
            supply: &self.supply,
            base: self.origin.as_ref(),
        };
        let (events, tally) = (self.report.events(), Tally::default());
        let means = Means { cache: &self.cache, events: &events, trust, tally: &tally };
        let assembled = match embedded::assemble(&order, &means).await {
            Err(embedded::Error::Libraries(missing)) => {
                libraries::refuse(&self.prepared.name.value, &missing)?;
                return Err(embedded::Error::Libraries(missing).into());
            }
            assembled => assembled?,
        };
        for package in tally.packages() {
            self.report.note(&format!("{} is added: {}", package.name, package.because));
        }
        let (files, bytes) = (self.code.files, self.code.bytes);
        Ok((assembled, Work { ran: tally.made(), cached: tally.found(), files, bytes }))
    }

    /// Requests to the base's registry.
    fn requests(&self) -> u64 {
        self.origin.as_ref().map_or(0, |o| o.registry.traffic().requests)
    }

    /// What the cache has to say, and its bound; and what is held from now on.
    fn close(&self) -> Result<(), Fault> {
        let (old, new) = (self.prepared.lock()?, self.supply.lock());
        if old != new {
            let file = self.prepared.root.join(lock::FILE);
            let message = format!("could not write {}", file.display());
            write::replace(&file, new.to_string().as_bytes())
                .map_err(|e| Fault { causes: vec![e.to_string()], ..Fault::new(Class::Environment, message, None) })?;
            self.report.note(&told(&old, &new));
        }
        for notice in self.cache.notices() {
            self.report.note(&notice.to_string());
        }
        if let Err(error) = self.cache.trim(cache::Limit::default()) {
            self.report.warn(&error.to_string());
        }
        Ok(())
    }
}

/// What moved in the lock.
fn told(old: &Lock, new: &Lock) -> String {
    if old.architectures.is_empty() {
        return format!("{} holds the Debian packages from now on: commit it, and move them by --update", lock::FILE);
    }
    let changes = Lock::diff(old, new);
    let shown: Vec<_> = changes.iter().take(8).map(ToString::to_string).collect();
    let more = changes.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} has moved: {}{more}", lock::FILE, shown.join(", "))
}

/// When all files were changed last: what the environment says, so that builds elsewhere can say the same, else a
/// constant. <https://reproducible-builds.org/specs/source-date-epoch/>
fn epoch(machine: &Machine) -> Result<u64, Fault> {
    let Some(text) = machine.variable("SOURCE_DATE_EPOCH") else { return Ok(0) };
    text.parse().map_err(|_| {
        let message = format!("SOURCE_DATE_EPOCH is {text:?}, and no number of seconds since 1970");
        Fault::new(Class::Environment, message, "set it as `date +%s` prints it, or unset it".to_owned())
    })
}

/// Where Debian packages come from, as the settings and the project's lock have it.
fn supply(prepared: &Prepared) -> Result<Supply, Fault> {
    let stated = &prepared.settings.debian;
    let trust = match &stated.keyring {
        None => Keys::debian(),
        Some(path) => {
            let message = format!("could not read the keyring {}", path.display());
            let ring = std::fs::read(path)
                .map_err(|e| Fault { causes: vec![e.to_string()], ..Fault::new(Class::Environment, message, None) })?;
            Keys::keyring(&ring)
        }
    };
    let trust = trust.map_err(|e| Fault::from_error(Class::Environment, &e, None))?;
    let hold = if prepared.settings.layers.update { Hold::Update } else { Hold::Locked };
    let lock = prepared.lock()?;
    Ok(Supply::new(stated.archive.as_ref().map(|d| d.value.clone()), trust, lock, hold))
}

async fn origin(prepared: &Prepared, plan: &ImagePlan, machine: &Machine) -> Result<Origin, Fault> {
    let image: ImageRef = plan.base.value.parse()?;
    let host = image.repository.host();
    // Credentials of the environment are for the target alone, unless that is where the base is, too.
    let same = prepared.stated_target()?.is_some_and(|t| t.repository().host() == host);
    let keychain = keychain(machine, same.then_some(host))?;
    let registry = push::client(&image.repository, &prepared.settings.security, &keychain).await?;
    Ok(Origin { registry, image })
}

/// The contract of what was laid together, read from its own config.
fn examined(
    assembled: &Assembled,
    target: &Target,
    reference: DigestRef,
    stated: Assertions,
) -> Result<Examined, Fault> {
    let kind = if matches!(target, Target::Layout(_)) { Kind::Layout } else { Kind::Registry };
    let configs = assembled.images.iter().map(|image| {
        let config: ImageConfig =
            serde_json::from_str(&image.config.text).map_err(|e| Fault::from_error(Class::Bug, &e, None))?;
        Ok((image.platform.clone(), config))
    });
    Examined::of_configs(kind, reference, configs.collect::<Result<_, Fault>>()?, stated)
}

/// The image that speaks for all.
fn shown<'a>(assembled: &'a Assembled, examined: &Examined) -> &'a Image {
    let name = &examined.shown().name;
    // There is one for each platform that was asked for, and one was.
    assembled.images.iter().find(|i| i.platform == *name).unwrap_or(&assembled.images[0])
}

fn layers(image: &Image) -> Vec<push::Layer> {
    let layer = |layer: &Layer| push::Layer {
        digest: layer.descriptor.digest().to_string(),
        size: layer.descriptor.size(),
        what: push::what(&layer.what),
    };
    image.layers().map(layer).collect()
}

/// The size of an image's files, where all of its layers were made here.
fn unpacked(assembled: &Assembled) -> Option<u64> {
    let image = assembled.images.first()?;
    image.layers().map(|l| Some(l.unpacked).filter(|u| *u > 0)).sum()
}

/// An image on its way out.
struct Sending<'a> {
    bench: &'a Bench<'a>,
    target: &'a Target,
    tags: &'a [crate::image::reference::Tag],
    machine: &'a Machine,
}

/// What went out.
struct Sent {
    bytes: u64,
    requests: u64,
}

/// Why an image did not go out.
enum Failed {
    /// A layer is nowhere to be found.
    Lost(String),
    /// Anything else.
    Fault(Fault),
}

impl Failed {
    fn fault(self) -> Fault {
        match self {
            Self::Lost(what) => Fault::new(Class::Bug, format!("{what} was made, and is not there"), None),
            Self::Fault(fault) => fault,
        }
    }
}

impl<E: Into<Fault>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl Sending<'_> {
    async fn send(&self, assembled: &Assembled) -> Result<Sent, Failed> {
        match self.target {
            Target::Registry(repository) => self.push(assembled, repository).await,
            Target::Layout(layout) => {
                self.bench.report.stage(&format!("Writing {}", self.target));
                let shipment = self.bench.shipment(assembled, |_| false, &HashSet::new())?;
                let sent = layout::write(&layout.folder, &shipment, self.tags, &self.bench.report.passages()).await;
                let sent = sent.map_err(|error| self.bench.lost(error.damaged().cloned(), error.into()))?;
                Ok(Sent { bytes: sent.uploaded, requests: 0 })
            }
        }
    }

    async fn push(&self, assembled: &Assembled, repository: &Repository) -> Result<Sent, Failed> {
        let keychain = keychain(self.machine, Some(repository.host()))?;
        let registry = push::client(repository, &self.bench.prepared.settings.security, &keychain).await?;
        let digest = assembled.top.descriptor.digest();
        let mut missing = Vec::new();
        for tag in self.tags {
            let pointer = Pointer::Tag(tag.as_str().to_owned());
            let there = registry.head_manifest(repository.path(), &pointer).await?;
            if there.is_none_or(|d| d.digest() != digest) {
                missing.push(tag.clone());
            }
        }
        let mut bytes = 0;
        if !missing.is_empty() {
            self.bench.report.stage(&format!("Pushing to {repository}"));
            let there = self.kept_elsewhere(assembled, &registry, repository).await?;
            let key = Key::new("pushed").part("repository", repository.to_string());
            let known: HashSet<String> = self.bench.cache.find(Note::Image, &key).unwrap_or_default();
            let shipment = self.bench.shipment(assembled, |layer| there.contains(layer), &known)?;
            let sent = registry.push(repository.path(), &shipment, &missing, &self.bench.report.passages()).await;
            bytes = sent.map_err(|error| self.bench.lost(error.damaged().cloned(), error.into()))?.uploaded;
            let now: HashSet<String> = assembled.layers().into_keys().collect();
            self.bench.cache.keep(Note::Image, &key, &now)?;
        }
        Ok(Sent { bytes, requests: registry.traffic().requests })
    }

    /// The layers that were made before and are no longer in the cache, but in the registry.
    async fn kept_elsewhere(
        &self,
        assembled: &Assembled,
        registry: &Registry,
        repository: &Repository,
    ) -> Result<HashSet<Digest>, Failed> {
        let mut there = HashSet::new();
        for layer in assembled.images.iter().flat_map(|i| &i.own) {
            let (digest, size) = (layer.descriptor.digest(), layer.descriptor.size());
            if !self.bench.cache.has_blob(digest, size) && registry.blob_exists(repository.path(), digest).await? {
                there.insert(digest.clone());
            }
        }
        Ok(there)
    }
}

impl Bench<'_> {
    /// A fault, unless it is that a layer of ours is damaged: that one is made anew.
    fn lost(&self, damaged: Option<Digest>, fault: Fault) -> Failed {
        let Some(digest) = damaged else { return Failed::Fault(fault) };
        self.cache.forget(&digest);
        Failed::Lost(format!("the layer {digest}"))
    }

    /// Everything that goes out, with where it is.
    fn shipment(
        &self,
        assembled: &Assembled,
        is_there: impl Fn(&Digest) -> bool,
        known: &HashSet<String>,
    ) -> Result<Shipment, Failed> {
        let mut blobs = Vec::new();
        let mut manifests = Vec::new();
        for image in &assembled.images {
            for layer in image.layers().filter(|l| !is_there(l.descriptor.digest())) {
                blobs.push(Parcel {
                    name: format!("layer {}", layer.what),
                    descriptor: layer.descriptor.clone(),
                    source: self.source(layer)?,
                    presence: if known.contains(layer.descriptor.digest().as_ref()) {
                        Presence::Known
                    } else {
                        Presence::Likely
                    },
                });
            }
            blobs.push(Parcel {
                name: "image config".to_owned(),
                descriptor: image.config.descriptor.clone(),
                source: BlobSource::Bytes(image.config.text.clone().into()),
                presence: Presence::Unlikely,
            });
            manifests.push(manifest(&image.manifest)?);
        }
        if assembled.images.len() > 1 {
            manifests.push(manifest(&assembled.top)?);
        }
        Ok(Shipment { blobs, manifests })
    }

    fn source(&self, layer: &Layer) -> Result<BlobSource, Failed> {
        let (digest, size) = (layer.descriptor.digest(), layer.descriptor.size());
        let Self { cache, origin, .. } = self;
        if let Some(path) = cache.path(digest, size) {
            return Ok(BlobSource::File(path));
        }
        match origin {
            Some(origin) if layer.unpacked == 0 => Ok(BlobSource::Remote {
                registry: Arc::clone(&origin.registry),
                repository: origin.image.repository.path().to_owned(),
            }),
            _ => Err(Failed::Lost(format!("the layer with {}", layer.what))),
        }
    }
}

fn manifest(document: &Document) -> Result<RawManifest, Failed> {
    Ok(RawManifest::new(document.text.clone().into(), document.descriptor.media_type().clone())?)
}

/// Hands an image to the Docker Engine; answers with its id.
async fn load_into_engine(
    bench: &Bench<'_>,
    assembled: &Assembled,
    names: &[String],
    machine: &Machine,
) -> Result<String, Fault> {
    if assembled.images.len() > 1 {
        let hint = "name one of them: --platform".to_owned();
        return Err(Fault::new(Class::Usage, "an engine keeps images of one platform, and several were built", hint));
    }
    let engine = DockerEngine::connect(machine.docker().resolve()?).await?;
    bench.report.stage(&format!("Loading into Docker Engine {} at {}", engine.version, engine.endpoint()));
    let shipment = bench.shipment(assembled, |_| false, &HashSet::new()).map_err(Failed::fault)?;
    Ok(engine.load(&shipment, names, &[], &bench.report.passages()).await?.to_string())
}
