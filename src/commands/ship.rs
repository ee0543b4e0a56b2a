//! `ship`: plan, build, check, push, manifests.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use super::build::millis;
use super::{Context, documents, manifests, plan};
use crate::cli::ShipArgs;
use crate::engine::buildkit::{Daemon, Output};
use crate::fault::Fault;
use crate::image::dockerfile::own_layers;
use crate::manifests::{Format, tree};
use crate::report::{Bar, duration, size};
use crate::settings::Out;
use crate::stages::build::{Local, build, daemon, keychain, summary};
use crate::stages::examine::check_in_engine;
use crate::stages::push::Destination;
use crate::stages::{Blueprint, Prepared, Pushed, push, write};

pub(super) async fn run(context: &Context<'_>, args: &ShipArgs) -> Result<(), Fault> {
    let started = Instant::now();
    let prepared = context.prepare(&args.project, &args.image, Some(&args.out))?;
    if args.dry_run {
        return plan::show(context, &prepared);
    }
    let repository = prepared.target()?;
    let format = prepared.settings.format;
    match &prepared.settings.out {
        Out::Folder(folder) => write::check(folder, &tree::likely(format, prepared.settings.environments.each.keys()))?,
        Out::Stdout if format != Format::Yaml => return Err(manifests::no_stream(format)),
        Out::Stdout | Out::Default => {}
    }
    context.report.stage(&format!("Reading {}", prepared.root.display()));
    let revision = prepared.revision()?;
    let tags = prepared.tags(&revision)?;
    let keychain = Arc::new(keychain(context.machine, Some(repository.host()))?);
    let registry = push::client(&repository, &prepared.settings.security, &keychain).await?;
    let daemon = daemon(context.machine).await?;
    let output = match &daemon {
        Daemon::Engine(_) => Output::Names(tags.iter().map(|t| push::engine_name(&repository, t)).collect()),
        Daemon::Standalone(_) => super::push::standalone(&prepared, &repository),
    };
    let planned = started.elapsed();
    context.report.stage(&format!("Building {} with {}", prepared.name.value, documents::engine(&daemon)));
    let local =
        build(&prepared, &daemon, &output, &revision, Arc::clone(&keychain), context.machine, context.report).await?;
    if let (Daemon::Engine(engine), Some(id)) = (&daemon, &local.built.digest) {
        let assertions = prepared.settings.assertions;
        check_in_engine(engine, id, &prepared.name.value, &prepared.blueprint, assertions).await?;
    }
    context.report.stage(&format!("Pushing to {repository}"));
    let places = prepared.blueprint.places();
    let to = Destination { repository: &repository, tags: &tags, registry: &registry, keychain, places };
    let pushed = push::push(&daemon, &local, &to, prepared.settings.assertions, context.report).await?;
    let made = manifests::compile(&pushed, &prepared.name.value, &prepared.settings)?;
    manifests::tell(context, &made.findings);
    let files = match &prepared.settings.out {
        Out::Stdout => {
            context.report.answer(&made.stream()?);
            Vec::new()
        }
        Out::Folder(folder) => write::write(folder, &made.files(format)?)?,
        Out::Default => write::write(&write::default_folder(&prepared.root)?, &made.files(format)?)?,
    };
    picture(context, &prepared, &local, &pushed, &files, started);
    if prepared.settings.out != Out::Stdout {
        context.report.answer(&format!("{}\n", pushed.reference));
    }
    context.report.document(&json!({
        "schema": "pydeploy.ship/1",
        "image": documents::pushed(&pushed, local.unpacked),
        "contract": documents::contract(&pushed.examined),
        "manifests": {"files": manifests::paths(&files)},
        "rollout": null,
        "timings": {
            "planMs": millis(planned), "buildMs": millis(local.time), "pushMs": millis(pushed.time),
            "totalMs": millis(started.elapsed()),
        },
        "steps": {"ran": local.built.steps.ran, "cached": local.built.steps.cached},
        "context": {"files": local.built.sent.files, "bytes": local.built.sent.bytes},
    }));
    Ok(())
}

/// What was made: where it is, how large its layers are, and where the time went.
fn picture(
    context: &Context<'_>,
    prepared: &Prepared,
    local: &Local,
    pushed: &Pushed,
    files: &[PathBuf],
    started: Instant,
) {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let tags = pushed.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let unpacked = local.unpacked.map(|u| format!(", {} unpacked", size(u))).unwrap_or_default();
    let uploaded = pushed.uploaded.map(|u| format!(", {} uploaded", size(u))).unwrap_or_default();
    let time = format!(
        "{}: build {} ({}), push {}",
        duration(started.elapsed()),
        duration(local.time),
        summary(local),
        duration(pushed.time)
    );
    let rows = [
        row("image", pushed.reference.to_string()),
        row("tags", tags),
        row("user", pushed.contract().user.to_string()),
        row("size", format!("{} compressed{unpacked}{uploaded}", size(pushed.compressed()))),
        row("time", time),
        row("manifests", manifests::place(files)),
    ];
    context.report.picture(&format!("{} is shipped", prepared.name.value), &rows, &bars(prepared, pushed));
}

/// A bar a layer; those of the base together, where it is known which they are.
fn bars(prepared: &Prepared, pushed: &Pushed) -> Vec<Bar> {
    let (base, own) = match &prepared.blueprint {
        Blueprint::Generated { plan, dockerfile } => {
            let count = pushed.layers.len().saturating_sub(own_layers(dockerfile));
            let (base, own) = pushed.layers.split_at(count);
            let bytes = base.iter().map(|l| l.size).sum();
            let bar = Bar::bytes(bytes, "base", format!("{}, {count} layers", plan.base.value));
            (Some(bar), own)
        }
        Blueprint::Own(_) => (None, pushed.layers.as_slice()),
    };
    // A folder or an account is a layer too, but nothing to look at.
    let own = own.iter().filter(|l| !["folder", "account"].contains(&l.what.as_str()));
    let short = |digest: &str| digest.chars().skip("sha256:".len()).take(12).collect::<String>();
    let own = own.map(|l| Bar::bytes(l.size, l.what.clone(), short(&l.digest)));
    base.into_iter().chain(own).collect()
}
