//! `build`: the image, and no further.

use std::sync::Arc;

use serde_json::json;

use super::{Context, documents};
use crate::cli::BuildOnlyArgs;
use crate::context::revision::Revision;
use crate::engine::Engine;
use crate::engine::buildkit::{Daemon, Output};
use crate::fault::{Class, Fault};
use crate::image::plan::Strategy;
use crate::report::{duration, size};
use crate::stages::build::{build, daemon, keychain};
use crate::stages::choice::choose;
use crate::stages::embedded::Goes;
use crate::stages::ship::{Work, by_steps};
use crate::stages::{Blueprint, Prepared, Target, embedded, push};

pub(super) async fn run(context: &Context<'_>, args: &BuildOnlyArgs) -> Result<(), Fault> {
    let prepared = context.prepare(&args.project, &args.image, None)?;
    if args.dockerfile_only {
        return dockerfile(context, &prepared);
    }
    prepared.blueprint.notes().iter().for_each(|note| context.report.note(note));
    let engine = choose(&prepared)?;
    let revision = prepared.revision()?;
    let names = names(&prepared, &revision)?;
    match engine.value {
        Engine::Embedded => match assembled(context, &prepared, &revision, &names, args.load).await {
            Err(fault) => {
                by_steps(&prepared, fault, context.machine, context.report).await?;
                built(context, &prepared, &revision, &names).await
            }
            assembled => assembled,
        },
        Engine::BuildKit => built(context, &prepared, &revision, &names).await,
    }
}

async fn built(context: &Context<'_>, prepared: &Prepared, revision: &Revision, names: &[String]) -> Result<(), Fault> {
    if let Some(target) = prepared.stated_target()? {
        target.registry()?;
    }
    let daemon = daemon(context.machine).await?;
    let output = match &daemon {
        Daemon::Engine(_) => Output::Names(names.to_vec()),
        Daemon::Standalone(_) => Output::Cache,
    };
    let keychain = Arc::new(keychain(context.machine, None)?);
    context.report.stage(&format!("Building {} with {daemon}", prepared.name.value));
    let local = build(prepared, &daemon, &output, revision, keychain, context.machine, context.report).await?;
    let work = Work::of(&local.built);
    context.report.note(&format!("built in {}: {}", duration(local.time), summary(&work)));
    let answer = match &daemon {
        Daemon::Engine(_) => names.first().cloned().unwrap_or_default(),
        // A standalone daemon keeps no images, only what makes the next build quick.
        Daemon::Standalone(endpoint) => format!("in the cache of {endpoint}"),
    };
    context.report.answer(&format!("{answer}\n"));
    context.report.document(&json!({
        "schema": "pydeploy.build/1",
        "image": {"names": names, "id": local.built.digest, "size": {"unpacked": local.unpacked}},
        "steps": {"ran": work.ran, "cached": work.cached},
        "context": {"files": work.files, "bytes": work.bytes},
        "timings": {"buildMs": millis(local.time)},
    }));
    Ok(())
}

/// An image that is laid together: it is in the cache, in a layout if one was named, and in the engine if that was asked.
async fn assembled(
    context: &Context<'_>,
    prepared: &Prepared,
    revision: &Revision,
    names: &[String],
    load: bool,
) -> Result<(), Fault> {
    let goes = if load { Goes::StatedAndEngine } else { Goes::Stated };
    let built = embedded::build(prepared, revision, names, goes, context.machine, context.report).await?;
    let work = &built.work;
    context.report.note(&format!("built in {}: {}", duration(built.time), summary(work)));
    context.report.answer(&format!("{}\n", built.answer));
    context.report.document(&json!({
        "schema": "pydeploy.build/1",
        "image": {
            "names": if load { names } else { &[] }, "id": built.id, "digest": built.digest,
            "size": {"unpacked": built.unpacked, "compressed": built.compressed},
            "layers": documents::layers(&built.layers),
        },
        "steps": {"ran": work.ran, "cached": work.cached},
        "context": {"files": work.files, "bytes": work.bytes},
        "timings": {"buildMs": millis(built.time)},
    }));
    Ok(())
}

/// The names that the image gets in the engine: those that `push` will look for.
pub(super) fn names(prepared: &Prepared, revision: &Revision) -> Result<Vec<String>, Fault> {
    let tags = prepared.tags(revision)?;
    Ok(match prepared.stated_target()? {
        Some(Target::Registry(repository)) => tags.iter().map(|t| push::engine_name(&repository, t)).collect(),
        Some(Target::Layout(_)) | None => tags.iter().map(|t| format!("{}:{t}", prepared.name.value)).collect(),
    })
}

fn dockerfile(context: &Context<'_>, prepared: &Prepared) -> Result<(), Fault> {
    let text = match &prepared.blueprint {
        Blueprint::Generated { plan, .. } if plan.strategy.value == Strategy::Minimal => {
            let hint = "a Dockerfile to keep: --strategy multi-stage".to_owned();
            return Err(Fault::new(Class::Usage, "no Dockerfile makes an image of the minimal strategy", hint));
        }
        Blueprint::Generated { dockerfile, .. } => dockerfile.clone(),
        Blueprint::Own(path) => prepared.text(&path.value)?,
    };
    context.report.answer(&text);
    context.report.document(&json!({"schema": "pydeploy.build/1", "dockerfile": text}));
    Ok(())
}

/// What building took, for people.
pub(super) fn summary(work: &Work) -> String {
    format!("{} steps ran, {} cached; {} of context sent", work.ran, work.cached, size(work.bytes))
}

/// Whole milliseconds.
pub(super) fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
