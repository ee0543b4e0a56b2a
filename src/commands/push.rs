//! `push`: what was built, into a registry.

use serde_json::json;

use super::{Context, documents};
use crate::cli::PushArgs;
use crate::fault::Fault;
use crate::report::size;
use crate::stages::Pushed;
use crate::stages::choice::choose;
use crate::stages::ship::{Job, push_built};

pub(super) async fn run(context: &Context<'_>, args: &PushArgs) -> Result<(), Fault> {
    let prepared = context.prepare(&args.project, &args.image, None)?;
    let engine = choose(&prepared)?;
    let target = prepared.target()?;
    let revision = prepared.revision()?;
    let tags = prepared.tags(&revision)?;
    let (machine, report) = (context.machine, context.report);
    let job = Job { prepared: &prepared, target: &target, revision: &revision, tags: &tags, machine, report };
    let shipped = push_built(&job, &engine).await?;
    say(context, &shipped.pushed);
    context.report.answer(&format!("{}\n", shipped.pushed.reference));
    context.report.document(&json!({
        "schema": "pydeploy.push/1",
        "image": documents::pushed(&shipped.pushed, shipped.unpacked),
        "timings": {"pushMs": super::build::millis(shipped.pushed.time)},
    }));
    Ok(())
}

/// How much went over the wire.
fn say(context: &Context<'_>, pushed: &Pushed) {
    let uploaded = pushed.uploaded.map(|b| format!(", {} uploaded", size(b))).unwrap_or_default();
    context.report.note(&format!("pushed {}{uploaded}", pushed.reference));
}
