//! A comparison at work: one strategy of a project built, pushed, run and looked into, cold and again.

use std::time::SystemTime;

use super::embedded::Goes;
use super::ship::{self, Job};
use super::trial::{Subject, trial};
use super::{Blueprint, Prepared, Target, embedded, push};
use crate::comparison::{Measured, Twice};
use crate::context::revision::Revision;
use crate::engine::docker::DockerEngine;
use crate::engine::{Cached, Engine};
use crate::fault::{Class, Fault};
use crate::image::contract::Healthcheck;
use crate::image::plan::Strategy;
use crate::image::planner::{self, Wishes};
use crate::image::reference::Tag;
use crate::inspect::Image;
use crate::project::Decision;
use crate::report::Report;
use crate::settings::Machine;

/// So many of the largest parts of an image are kept.
const PARTS: usize = 8;

/// What all strategies have in common.
pub struct Bench<'a> {
    /// Where the images go.
    pub target: &'a Target,
    /// The project's state.
    pub revision: &'a Revision,
    /// What runs the images, where there is one.
    pub engine: Option<&'a DockerEngine>,
    /// The machine's environment.
    pub machine: &'a Machine,
    /// Who says how it goes.
    pub report: &'a Report,
}

/// One strategy's image, measured; beside it what is worth knowing. `prepare` reads the project anew: what the first build
/// has left in it counts for the second.
pub async fn measure(
    bench: &Bench<'_>,
    prepare: impl Fn() -> Result<Prepared, Fault>,
    with: Engine,
) -> Result<(Measured, Vec<String>), Fault> {
    let Bench { target, revision, machine, report, .. } = *bench;
    let mut prepared = prepare()?;
    let (strategy, base, mut notes) = match &prepared.blueprint {
        Blueprint::Generated { plan, .. } => {
            let base = (plan.strategy.value != Strategy::Minimal).then(|| plan.base.value.clone());
            (plan.strategy.value, base, plan.notes.clone())
        }
        Blueprint::Own(_) => {
            return Err(Fault::new(Class::Bug, "a Dockerfile of the project's own has no strategy", None));
        }
    };
    for note in &notes {
        report.note(&format!("{strategy}: {note}"));
    }
    let fresh = Fresh::new()?;
    let tags = [format!("compare-{strategy}").parse::<Tag>()?];
    report.stage(&format!("{strategy}, with nothing cached"));
    fresh.lay(&mut prepared);
    prepared.cached = Cached::Ignored;
    let first = ship::measure(&job(bench, &prepared, &tags), with).await?;
    report.stage(&format!("{strategy}, again"));
    let mut prepared = prepare()?;
    fresh.lay(&mut prepared);
    let again = ship::measure(&job(bench, &prepared, &tags), with).await?;
    let mut measured = Measured {
        engine: with.to_string(),
        base,
        compressed: first.pushed.compressed(),
        unpacked: first.unpacked,
        layers: first.pushed.layers.len(),
        largest: Vec::new(),
        build: Twice { cold: first.time, warm: again.time },
        push: Twice { cold: first.pushed.time, warm: again.pushed.time },
        uploaded: first.pushed.uploaded,
        healthy: None,
    };
    if let Some(engine) = bench.engine {
        let name = push::engine_name(target.repository(), &tags[0]);
        if with == Engine::Embedded {
            embedded::build(&prepared, revision, std::slice::from_ref(&name), Goes::Engine, machine, report).await?;
        }
        let looked = look(bench, engine, &prepared, &name, &mut measured).await;
        engine.forget(&name).await?;
        notes.extend(looked?);
    }
    Ok((measured, notes))
}

fn job<'b>(bench: &Bench<'b>, prepared: &'b Prepared, tags: &'b [Tag]) -> Job<'b> {
    let Bench { target, revision, machine, report, .. } = *bench;
    Job { prepared, target, revision, tags, machine, report }
}

/// Places to keep things in between builds, in which nothing of an earlier comparison is: a cache of our own, and names for
/// the folders that the steps of a Dockerfile keep.
struct Fresh {
    cache: tempfile::TempDir,
    nonce: u128,
}

impl Fresh {
    fn new() -> Result<Self, Fault> {
        let cache = tempfile::Builder::new().prefix("pydeploy-compare-").tempdir();
        let cache = cache.map_err(|e| Fault::from_error(Class::Environment, &e, None))?;
        let nonce = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        Ok(Self { cache, nonce })
    }

    /// Has a project's build keep things there, and nowhere else.
    fn lay(&self, prepared: &mut Prepared) {
        const MOUNT: &str = "--mount=type=cache,";
        prepared.settings.layers.cache = Some(self.cache.path().to_path_buf());
        if let Blueprint::Generated { dockerfile, .. } = &mut prepared.blueprint {
            let pieces = dockerfile.split(MOUNT).enumerate();
            let named = pieces.map(|(count, piece)| match count {
                0 => piece.to_owned(),
                count => format!("{MOUNT}id=pydeploy-compare-{}-{count},{piece}", self.nonce),
            });
            *dockerfile = named.collect();
        }
    }
}

/// The health check that the other strategies' images have.
fn check_of_others(prepared: &Prepared) -> Option<Healthcheck> {
    let strategy = Decision::assumed(Strategy::SingleStage, "it has a health check");
    let wishes = Wishes { strategy, ..prepared.settings.wishes.clone() };
    planner::plan(prepared.project.as_ref()?, &wishes).healthcheck.map(|check| check.value)
}

/// Runs an image until it is well, and looks at what takes up its room; answers with why it is not well.
async fn look(
    bench: &Bench<'_>,
    engine: &DockerEngine,
    prepared: &Prepared,
    name: &str,
    measured: &mut Measured,
) -> Result<Option<String>, Fault> {
    let image = Image::from_engine(engine.clone(), name).await?;
    let size = super::build::unpacked(engine, name).await?;
    measured.unpacked = size.or(measured.unpacked);
    if let Some(platform) = image.platforms.first() {
        measured.largest = image.contents(platform).await?.largest(PARTS);
    }
    let (settings, shown) = (&prepared.settings, &prepared.name.value);
    let is_kept = matches!(&prepared.blueprint, Blueprint::Generated { plan, .. } if plan.account.is_some());
    let subject = if is_kept {
        Subject::of_manifest(engine, name, shown, prepared.blueprint.look(), settings, bench.machine).await?
    } else {
        Subject::of_engine(engine, name, shown, check_of_others(prepared)).await?
    };
    match trial(engine, &subject, bench.report).await {
        Ok(passed) => {
            measured.healthy = Some(passed.after);
            Ok(None)
        }
        Err(fault) if fault.class == Class::Contract => Ok(Some(fault.message)),
        Err(fault) => Err(fault),
    }
}
