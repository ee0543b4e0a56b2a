//! `build`: the image, and no further.

use std::sync::Arc;

use serde_json::json;

use super::{Context, documents};
use crate::cli::BuildOnlyArgs;
use crate::engine::buildkit::{Daemon, Output};
use crate::fault::Fault;
use crate::report::duration;
use crate::stages::build::{build, daemon, keychain, summary};
use crate::stages::{Blueprint, Prepared, push};

pub(super) async fn run(context: &Context<'_>, args: &BuildOnlyArgs) -> Result<(), Fault> {
    let prepared = context.prepare(&args.project, &args.image, None)?;
    if args.dockerfile_only {
        return dockerfile(context, &prepared);
    }
    let daemon = daemon(context.machine).await?;
    let revision = prepared.revision()?;
    let names = names(&prepared, &revision)?;
    let output = match &daemon {
        Daemon::Engine(_) => Output::Names(names.clone()),
        Daemon::Standalone(_) => Output::Cache,
    };
    let keychain = Arc::new(keychain(context.machine, None)?);
    context.report.stage(&format!("Building {} with {}", prepared.name.value, documents::engine(&daemon)));
    let local = build(&prepared, &daemon, &output, &revision, keychain, context.machine, context.report).await?;
    context.report.note(&format!("built in {}: {}", duration(local.time), summary(&local)));
    let answer = match &daemon {
        Daemon::Engine(_) => names.first().cloned().unwrap_or_default(),
        // A standalone daemon keeps no images, only what makes the next build quick.
        Daemon::Standalone(endpoint) => format!("in the cache of {endpoint}"),
    };
    context.report.answer(&format!("{answer}\n"));
    context.report.document(&json!({
        "schema": "pydeploy.build/1",
        "image": {"names": names, "id": local.built.digest, "size": {"unpacked": local.unpacked}},
        "steps": {"ran": local.built.steps.ran, "cached": local.built.steps.cached},
        "context": {"files": local.built.sent.files, "bytes": local.built.sent.bytes},
        "timings": {"buildMs": millis(local.time)},
    }));
    Ok(())
}

/// The names that the image gets in the engine: those that `push` will look for.
pub(super) fn names(prepared: &Prepared, revision: &crate::context::revision::Revision) -> Result<Vec<String>, Fault> {
    let tags = prepared.tags(revision)?;
    Ok(match prepared.repository()? {
        Some(repository) => tags.iter().map(|t| push::engine_name(&repository, t)).collect(),
        None => tags.iter().map(|t| format!("{}:{t}", prepared.name.value)).collect(),
    })
}

fn dockerfile(context: &Context<'_>, prepared: &Prepared) -> Result<(), Fault> {
    let text = match &prepared.blueprint {
        Blueprint::Generated { dockerfile, .. } => dockerfile.clone(),
        Blueprint::Own(path) => prepared.text(&path.value)?,
    };
    context.report.answer(&text);
    context.report.document(&json!({"schema": "pydeploy.build/1", "dockerfile": text}));
    Ok(())
}

/// Whole milliseconds.
pub(super) fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
