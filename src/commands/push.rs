//! `push`: what was built, into a registry.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Context, documents};
use crate::cli::PushArgs;
use crate::context::revision::Revision;
use crate::engine::buildkit::{Built, Daemon, Output, Sent, Steps};
use crate::fault::Fault;
use crate::image::reference::{Repository, Tag};
use crate::report::size;
use crate::stages::build::{Local, build, daemon, keychain, unpacked};
use crate::stages::examine::check_in_engine;
use crate::stages::push::Destination;
use crate::stages::{Prepared, Pushed, push};

pub(super) async fn run(context: &Context<'_>, args: &PushArgs) -> Result<(), Fault> {
    let prepared = context.prepare(&args.project, &args.image, None)?;
    let repository = prepared.target()?;
    let revision = prepared.revision()?;
    let tags = prepared.tags(&revision)?;
    let keychain = Arc::new(keychain(context.machine, Some(repository.host()))?);
    let registry = push::client(&repository, &prepared.settings.security, &keychain).await?;
    let daemon = daemon(context.machine).await?;
    let local = built(context, &prepared, &daemon, &repository, &tags, &revision, Arc::clone(&keychain)).await?;
    context.report.stage(&format!("Pushing to {repository}"));
    let places = prepared.blueprint.places();
    let to = Destination { repository: &repository, tags: &tags, registry: &registry, keychain, places };
    let pushed = push::push(&daemon, &local, &to, prepared.settings.assertions, context.report).await?;
    say(context, &pushed);
    context.report.answer(&format!("{}\n", pushed.reference));
    context.report.document(&json!({
        "schema": "pydeploy.push/1",
        "image": documents::pushed(&pushed, local.unpacked),
        "timings": {"pushMs": super::build::millis(pushed.time)},
    }));
    Ok(())
}

/// What an earlier `build` left: in an engine under its name, in a standalone daemon in its cache.
async fn built(
    context: &Context<'_>,
    prepared: &Prepared,
    daemon: &Daemon,
    repository: &Repository,
    tags: &[Tag],
    revision: &Revision,
    keychain: Arc<crate::registry::Keychain>,
) -> Result<Local, Fault> {
    let Daemon::Engine(engine) = daemon else {
        let output = standalone(prepared, repository);
        return build(prepared, daemon, &output, revision, keychain, context.machine, context.report).await;
    };
    let names = tags.iter().map(|t| push::engine_name(repository, t));
    let name = names.clone().next().unwrap_or_default();
    let unpacked = unpacked(engine, &name).await?;
    check_in_engine(engine, &name, &name, &prepared.blueprint, prepared.settings.assertions).await?;
    let built = Built { digest: None, sent: Sent::default(), left_out: Vec::new(), steps: Steps::default() };
    Ok(Local { built, unpacked, time: Duration::ZERO })
}

/// A standalone daemon pushes while it builds, under the digest alone.
pub(super) fn standalone(prepared: &Prepared, repository: &Repository) -> Output {
    Output::PushByDigest { repository: repository.to_string(), insecure: prepared.settings.security.insecure }
}

/// How much went over the wire.
pub(super) fn say(context: &Context<'_>, pushed: &Pushed) {
    let uploaded = pushed.uploaded.map(|b| format!(", {} uploaded", size(b))).unwrap_or_default();
    context.report.note(&format!("pushed {}{uploaded}", pushed.reference));
}
