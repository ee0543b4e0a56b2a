//! The embedded engine at work: from what is prepared to an image in a registry, a layout or an engine.

mod bench;
mod sending;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use self::bench::Bench;
use self::sending::{Failed, Sending};
use super::examine::{Examined, Kind};
use super::prepare::Prepared;
use super::push::{self, Pushed};
use super::ship::{Job, Shipped, Work};
use super::target::Target;
use crate::context::revision::Revision;
use crate::engine::docker::DockerEngine;
use crate::engine::embedded::{Assembled, Image, Trust};
use crate::fault::{Class, Fault};
use crate::image::assembly::Layer;
use crate::image::config::ImageConfig;
use crate::image::reference::DigestRef;
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
        requests: sent.requests,
        time: started.elapsed().saturating_sub(time),
    };
    let own = assembled.images.first().map(|i| i.own.len());
    Ok(Shipped { pushed, unpacked: unpacked(&assembled), own, work, time })
}

/// Where an image goes that is built, and not pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// Into the layout that is named, where one is.
    Stated,
    /// There, and into the engine.
    StatedAndEngine,
    /// Into the engine, and nowhere that others look: it is not known to be well.
    Engine,
}

/// Lays a project's image together, into the cache and to where it goes.
pub async fn build(
    prepared: &Prepared,
    revision: &Revision,
    names: &[String],
    goes: Goes,
    machine: &Machine,
    report: &Report,
) -> Result<Built, Fault> {
    let started = Instant::now();
    let bench = Bench::new(prepared, machine, report).await?;
    let (assembled, work) = bench.assemble(revision, Trust::Blobs).await?;
    let digest = assembled.top.descriptor.digest().to_string();
    let target = prepared.stated_target()?;
    let mut answer = format!("{digest} in the cache ({})", bench.cache.root().display());
    if let Some(target @ Target::Layout(_)) = target.as_ref().filter(|_| goes != Goes::Engine) {
        let tags = prepared.tags(revision)?;
        Sending { bench: &bench, target, tags: &tags, machine }.send(&assembled).await.map_err(Failed::fault)?;
        answer = target.to_string();
    }
    let mut id = None;
    if goes != Goes::Stated {
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
