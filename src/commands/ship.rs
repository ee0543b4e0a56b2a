//! `ship`: plan, build, check, push, manifests.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};

use super::build::{millis, summary};
use super::check::Checked;
use super::which::reach;
use super::{Context, check, deploy, documents, manifests, plan};
use crate::cli::ShipArgs;
use crate::cluster::Cluster;
use crate::fault::{Class, Fault};
use crate::manifests::{Format, tree};
use crate::report::{Bar, duration, size};
use crate::settings::Out;
use crate::stages::choice::choose;
use crate::stages::ship::{Job, Shipped};
use crate::stages::{self, Blueprint, Prepared, Target, write};

pub(super) async fn run(context: &Context<'_>, args: &ShipArgs) -> Result<(), Fault> {
    let started = Instant::now();
    if let (false, Some(flag)) = (args.apply, args.to.typed()) {
        return Err(Fault::new(
            Class::Usage,
            format!("{flag} says how to apply, and nothing is applied"),
            "add --apply".to_owned(),
        ));
    }
    let prepared = context.prepare(&args.project, &args.image, Some(&args.out))?;
    if args.dry_run {
        return plan::show(context, &prepared);
    }
    prepared.blueprint.notes().iter().for_each(|note| context.report.note(note));
    let engine = choose(&prepared)?;
    let target = prepared.target()?;
    // A cluster that can't be reached is told before anything is built for it.
    let cluster = if args.apply { Some(cluster(context, args, &prepared, &target).await?) } else { None };
    let format = prepared.settings.format;
    match &prepared.settings.out {
        Out::Folder(folder) => write::check(folder, &tree::likely(format, prepared.settings.environments.each.keys()))?,
        Out::Stdout if format != Format::Yaml => return Err(manifests::no_stream(format)),
        Out::Stdout | Out::Default => {}
    }
    context.report.stage(&format!("Reading {}", prepared.root.display()));
    let revision = prepared.revision()?;
    let tags = prepared.tags(&revision)?;
    let planned = started.elapsed();
    let checked = if args.check {
        Some(Box::pin(check::project(context, &prepared, &engine, &revision, None)).await?)
    } else {
        None
    };
    let (machine, report) = (context.machine, context.report);
    let job = Job { prepared: &prepared, target: &target, revision: &revision, tags: &tags, machine, report };
    let shipped = stages::ship::ship(&job, &engine).await?;
    let pushed = &shipped.pushed;
    let made = manifests::compile(pushed, &prepared.name.value, &prepared.settings)?;
    manifests::tell(context, &made.findings);
    let files = match &prepared.settings.out {
        Out::Stdout => {
            context.report.answer(&made.stream()?);
            Vec::new()
        }
        Out::Folder(folder) => write::write(folder, &made.files(format)?)?,
        Out::Default => write::write(&write::default_folder(&prepared.root)?, &made.files(format)?)?,
    };
    if let Target::Layout(layout) = &target {
        context.report.note(&format!(
            "the manifests call the image {}: whoever copies the layout into a registry changes that name, and no digest",
            layout.repository
        ));
    }
    picture(context, &prepared, &shipped, &files, started);
    let applying = Instant::now();
    let (applied, rollout) = match &cluster {
        None => (Vec::new(), Value::Null),
        Some(cluster) => {
            let order = deploy::order(&made, cluster, &args.to)?;
            Box::pin(deploy::roll_out(context, cluster, &order, &prepared.name.value, &args.to)).await?
        }
    };
    let applying = applying.elapsed();
    if prepared.settings.out != Out::Stdout {
        context.report.answer(&format!("{}\n", pushed.reference));
    }
    context.report.document(&json!({
        "schema": "pydeploy.ship/1",
        "image": documents::pushed(pushed, shipped.unpacked),
        "contract": documents::contract(&pushed.examined),
        "manifests": {"files": manifests::paths(&files)},
        "cluster": cluster.as_ref().map(documents::cluster),
        "objects": applied.iter().map(documents::applied).collect::<Vec<_>>(),
        "check": checked.as_ref().map(Checked::document),
        "rollout": rollout,
        "timings": {
            "planMs": millis(planned), "buildMs": millis(shipped.time), "pushMs": millis(pushed.time),
            "rolloutMs": cluster.is_some().then(|| millis(applying)),
            "totalMs": millis(started.elapsed()),
        },
        "engine": {"name": engine.value.to_string(), "because": engine.because},
        "steps": {"ran": shipped.work.ran, "cached": shipped.work.cached},
        "context": {"files": shipped.work.files, "bytes": shipped.work.bytes},
    }));
    Ok(())
}

/// The cluster that the image is for, once it has answered.
async fn cluster(
    context: &Context<'_>,
    args: &ShipArgs,
    prepared: &Prepared,
    target: &Target,
) -> Result<Cluster, Fault> {
    if let Target::Layout(_) = target {
        let message = "no cluster pulls an image from an OCI layout";
        return Err(Fault::new(Class::Usage, message, "name a registry: --registry HOST[:PORT]/REPOSITORY".to_owned()));
    }
    reach(context, &args.to.cluster, &prepared.settings).await
}

/// What was made: where it is, how large its layers are, and where the time went.
fn picture(context: &Context<'_>, prepared: &Prepared, shipped: &Shipped, files: &[PathBuf], started: Instant) {
    let Shipped { pushed, work, .. } = shipped;
    let row = |name: &str, value: String| (name.to_owned(), value);
    let tags = pushed.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let unpacked = shipped.unpacked.map(|u| format!(", {} unpacked", size(u))).unwrap_or_default();
    let uploaded = pushed.uploaded.map(|u| format!(", {} uploaded", size(u))).unwrap_or_default();
    let time = format!(
        "{}: build {} ({}), push {}",
        duration(started.elapsed()),
        duration(shipped.time),
        summary(work),
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
    context.report.picture(&format!("{} is shipped", prepared.name.value), &rows, &bars(prepared, shipped));
}

/// A bar a layer; those of the base together, where it is known which they are.
fn bars(prepared: &Prepared, shipped: &Shipped) -> Vec<Bar> {
    let layers = &shipped.pushed.layers;
    let count = shipped.own.map(|own| layers.len().saturating_sub(own));
    let (base, own) = match (&prepared.blueprint, count) {
        (Blueprint::Generated { plan, .. }, Some(count @ 1..)) => {
            let (base, own) = layers.split_at(count);
            let bytes = base.iter().map(|l| l.size).sum();
            (Some(Bar::bytes(bytes, "base", format!("{}, {count} layers", plan.base.value))), own)
        }
        _ => (None, layers.as_slice()),
    };
    // A folder or an account is a layer too, but nothing to look at.
    let own = own.iter().filter(|l| !["folder", "account"].contains(&l.what.as_str()));
    let short = |digest: &str| digest.chars().skip("sha256:".len()).take(12).collect::<String>();
    let own = own.map(|l| Bar::bytes(l.size, l.what.clone(), short(&l.digest)));
    base.into_iter().chain(own).collect()
}
