//! `check`: the image run under its manifest's limits, and its probes fired.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::build::{millis, names, summary};
use crate::cli::CheckArgs;
use crate::context::revision::Revision;
use crate::engine::Engine;
use crate::engine::docker::DockerEngine;
use crate::fault::Fault;
use crate::project::Decision;
use crate::report::{Bar, duration};
use crate::stages::Prepared;
use crate::stages::choice::choose;
use crate::stages::examine::Look;
use crate::stages::loaded::{docker, into_engine};
use crate::stages::trial::{Passed, Subject, trial};

/// An image that was well under its manifest's limits.
pub(super) struct Checked {
    subject: Subject,
    passed: Passed,
}

pub(super) async fn run(context: &Context<'_>, args: &CheckArgs) -> Result<(), Fault> {
    let timeout = args.timeout.map(|t| t.0);
    let checked = if let Some(image) = &args.image {
        let settings = context.settings(&args.project, &args.source, None)?;
        let engine = docker(context.machine).await?;
        let image = image.strip_prefix("docker:").unwrap_or(image);
        let subject = Subject::of_manifest(&engine, image, image, Look::Programs, &settings, context.machine).await?;
        check(context, &engine, Subject { timeout, ..subject }).await?
    } else {
        let prepared = context.prepare(&args.project, &args.source, None)?;
        let engine = choose(&prepared)?;
        project(context, &prepared, &engine, &prepared.revision()?, timeout).await?
    };
    checked.picture(context);
    context.report.answer(&format!("{}\n", checked.subject.image));
    let mut document = checked.document();
    if let Some(fields) = document.as_object_mut() {
        fields.shift_insert(0, "schema".to_owned(), json!("pydeploy.check/1"));
    }
    context.report.document(&document);
    Ok(())
}

/// Builds a project's image into the Docker Engine, and checks it there.
pub(super) async fn project(
    context: &Context<'_>,
    prepared: &Prepared,
    choice: &Decision<Engine>,
    revision: &Revision,
    timeout: Option<Duration>,
) -> Result<Checked, Fault> {
    let (machine, report) = (context.machine, context.report);
    let engine = docker(machine).await?;
    let names = names(prepared, revision)?;
    let loaded = into_engine(prepared, choice, &engine, revision, &names, machine, report).await?;
    report.note(&format!("built in {}: {}", duration(loaded.time), summary(&loaded.work)));
    let (name, look) = (&prepared.name.value, prepared.blueprint.look());
    let subject = Subject::of_manifest(&engine, &loaded.id, name, look, &prepared.settings, machine).await?;
    check(context, &engine, Subject { timeout, ..subject }).await
}

async fn check(context: &Context<'_>, engine: &DockerEngine, subject: Subject) -> Result<Checked, Fault> {
    let report = context.report;
    let held = subject.held_to();
    report.stage(&format!("Checking {} in Docker Engine {}: {held}", subject.name, engine.version));
    for lacking in &subject.lacking {
        report.note(lacking);
    }
    let passed = trial(engine, &subject, report).await?;
    Ok(Checked { subject, passed })
}

impl Checked {
    /// What it was held to, and how it did.
    fn picture(&self, context: &Context<'_>) {
        let Self { subject, passed } = self;
        let row = |name: &str, value: String| (name.to_owned(), value);
        let after = duration(passed.after);
        let ready = match passed.tries {
            0 => format!("it stayed up for {after}"),
            1 => format!("after {after}, asked once"),
            tries => format!("after {after}, asked {tries} times"),
        };
        let rows = [row("held to", subject.held_to()), row("asked", subject.asks.clone()), row("ready", ready)];
        let limit = subject.conditions.memory.map(|limit| Bar::bytes(limit, "its limit", ""));
        let held = passed.memory.map(|held| Bar::bytes(held, "of memory held", ""));
        let bars: Vec<_> = held.into_iter().chain(limit).collect();
        context.report.picture(&format!("{} would become ready", subject.name), &rows, &bars);
    }

    /// `check{…}`.
    pub(super) fn document(&self) -> Value {
        let Self { subject, passed } = self;
        let who = subject.conditions.identity;
        json!({
            "image": subject.image,
            "user": who.map(|w| json!({"uid": w.uid, "gid": w.gid})),
            "asked": subject.asks,
            "tries": passed.tries,
            "healthyMs": millis(passed.after),
            "memory": {"held": passed.memory, "limit": subject.conditions.memory},
            "lacking": subject.lacking,
        })
    }
}
