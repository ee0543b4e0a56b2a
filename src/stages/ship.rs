//! A shipment: a project built by one engine or the other, and put where it goes.

use std::sync::Arc;
use std::time::Duration;

use super::build::{Local, build, daemon, keychain, unpacked};
use super::embedded;
use super::examine::check_in_engine;
use super::prepare::{Blueprint, Prepared};
use super::push::{self, Destination, Pushed};
use super::target::Target;
use crate::context::revision::Revision;
use crate::engine::Engine;
use crate::engine::buildkit::{Built, Daemon, Output, Sent, Steps};
use crate::engine::docker::DockerEngine;
use crate::fault::Fault;
use crate::image::dockerfile;
use crate::image::plan::Strategy;
use crate::image::reference::{Repository, Tag};
use crate::project::Decision;
use crate::registry::Keychain;
use crate::report::Report;
use crate::settings::Machine;

/// What is to be shipped, and where.
pub struct Job<'a> {
    /// The project.
    pub prepared: &'a Prepared,
    /// Where its image goes.
    pub target: &'a Target,
    /// Which state of it this is.
    pub revision: &'a Revision,
    /// The tags that the image gets.
    pub tags: &'a [Tag],
    /// The machine's environment.
    pub machine: &'a Machine,
    /// Who says how it goes.
    pub report: &'a Report,
}

/// A project's image where it was to go, and how it got there.
#[derive(Debug)]
pub struct Shipped {
    /// The image.
    pub pushed: Pushed,
    /// Its size unpacked, in bytes, where that is known.
    pub unpacked: Option<u64>,
    /// How many of its layers are on top of its base, where that is known.
    pub own: Option<usize>,
    /// What was done to build it.
    pub work: Work,
    /// How long the building took.
    pub time: Duration,
}

/// What building took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Steps that ran, or layers that were made.
    pub ran: usize,
    /// Those of which nothing had changed.
    pub cached: usize,
    /// Files of the project that were read by the engine.
    pub files: u64,
    /// Their size, in bytes.
    pub bytes: u64,
}

impl Work {
    /// That of BuildKit.
    pub fn of(built: &Built) -> Self {
        let Built { sent, steps, .. } = built;
        Self { ran: steps.ran, cached: steps.cached, files: sent.files, bytes: sent.bytes }
    }
}

/// Builds and pushes.
pub async fn ship(job: &Job<'_>, engine: &Decision<Engine>) -> Result<Shipped, Fault> {
    match engine.value {
        Engine::Embedded => match embedded::ship(job).await {
            Err(fault) => {
                by_steps(job.prepared, fault, job.machine, job.report).await?;
                buildkit(job, Start::Project).await
            }
            shipped => shipped,
        },
        Engine::BuildKit => buildkit(job, Start::Project).await,
    }
}

/// Builds and pushes an image that is measured, and run by no cluster: what it promises need not be kept.
pub async fn measure(job: &Job<'_>, engine: Engine) -> Result<Shipped, Fault> {
    match engine {
        Engine::Embedded => embedded::ship(job).await,
        Engine::BuildKit => buildkit(job, Start::Measured).await,
    }
}

/// Goes on where what stopped the embedded engine is nothing to one that runs steps, there is one, and nobody has chosen
/// the engine; gives the fault back otherwise.
pub async fn by_steps(prepared: &Prepared, fault: Fault, machine: &Machine, report: &Report) -> Result<(), Fault> {
    let minimal =
        matches!(&prepared.blueprint, Blueprint::Generated { plan, .. } if plan.strategy.value == Strategy::Minimal);
    if !fault.steps || prepared.settings.engine.is_some() || minimal {
        return Err(fault);
    }
    let Ok(daemon) = daemon(machine).await else { return Err(fault) };
    report.note(&format!("{}: {daemon} builds instead", fault.message));
    Ok(())
}

/// Pushes what `build` left: in an engine under its name, in a standalone daemon in its cache, or in our own.
pub async fn push_built(job: &Job<'_>, engine: &Decision<Engine>) -> Result<Shipped, Fault> {
    match engine.value {
        Engine::Embedded => embedded::ship(job).await,
        Engine::BuildKit => buildkit(job, Start::Image).await,
    }
}

/// What a shipment by BuildKit starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// The project: its image is built first.
    Project,
    /// The project, whatever its image promises.
    Measured,
    /// The image that an engine has already. A standalone daemon keeps none, and builds from its cache.
    Image,
}

async fn buildkit(job: &Job<'_>, start: Start) -> Result<Shipped, Fault> {
    let Job { prepared, target, tags, machine, report, .. } = *job;
    let repository = target.registry()?;
    let keychain = Arc::new(keychain(machine, Some(repository.host()))?);
    let registry = push::client(repository, &prepared.settings.security, &keychain).await?;
    let daemon = daemon(machine).await?;
    let local = match (&daemon, start) {
        (Daemon::Engine(engine), Start::Image) => in_engine(job, engine, repository).await?,
        (_, Start::Project | Start::Measured) => {
            report.stage(&format!("Building {} with {daemon}", prepared.name.value));
            built(job, &daemon, repository, &keychain).await?
        }
        (Daemon::Standalone(_), Start::Image) => built(job, &daemon, repository, &keychain).await?,
    };
    if let (Daemon::Engine(engine), Some(id), Start::Project) = (&daemon, &local.built.digest, start) {
        // What an engine could not run is refused before it is pushed.
        let assertions = prepared.settings.assertions;
        check_in_engine(engine, id, &prepared.name.value, &prepared.blueprint, assertions).await?;
    }
    report.stage(&format!("Pushing to {repository}"));
    let places = prepared.blueprint.places();
    let to = Destination { repository, tags, registry: &registry, keychain, places };
    let pushed = push::push(&daemon, &local, &to, prepared.settings.assertions, report).await?;
    let own = own_layers(prepared);
    Ok(Shipped { pushed, unpacked: local.unpacked, own, work: Work::of(&local.built), time: local.time })
}

async fn built(
    job: &Job<'_>,
    daemon: &Daemon,
    repository: &Repository,
    keychain: &Arc<Keychain>,
) -> Result<Local, Fault> {
    let Job { prepared, revision, tags, machine, report, .. } = *job;
    let output = match daemon {
        Daemon::Engine(_) => Output::Names(tags.iter().map(|t| push::engine_name(repository, t)).collect()),
        // It pushes while it builds, under the digest alone.
        Daemon::Standalone(_) => {
            let insecure = prepared.settings.security.insecure;
            Output::PushByDigest { repository: repository.to_string(), insecure }
        }
    };
    build(prepared, daemon, &output, revision, Arc::clone(keychain), machine, report).await
}

/// What an earlier build left in an engine.
async fn in_engine(job: &Job<'_>, engine: &DockerEngine, repository: &Repository) -> Result<Local, Fault> {
    let Job { prepared, tags, .. } = *job;
    let name = tags.first().map(|t| push::engine_name(repository, t)).unwrap_or_default();
    let unpacked = unpacked(engine, &name).await?;
    check_in_engine(engine, &name, &name, &prepared.blueprint, prepared.settings.assertions).await?;
    let built = Built { digest: None, sent: Sent::default(), left_out: Vec::new(), steps: Steps::default() };
    Ok(Local { built, unpacked, time: Duration::ZERO })
}

/// How many layers a Dockerfile of ours puts on its base.
fn own_layers(prepared: &Prepared) -> Option<usize> {
    match &prepared.blueprint {
        Blueprint::Generated { dockerfile, .. } => Some(dockerfile::own_layers(dockerfile)),
        Blueprint::Own(_) => None,
    }
}
