//! `rollback`: an earlier revision again, watched to its verdict as a deployment is.

use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::verdict::{self, Rollout, blind};
use super::which::which;
use super::{Context, documents};
use crate::cli::RollbackArgs;
use crate::cluster::{self, Cluster, Foreign, Goal, Rollback};
use crate::fault::Fault;
use crate::report::lines;
use crate::report::status::short;

pub(super) async fn run(context: &Context<'_>, args: &RollbackArgs) -> Result<(), Fault> {
    let started = Instant::now();
    let (name, cluster) = which(context, &args.which).await?;
    let look = cluster::look(&cluster, &name, |error| blind(context, error)).await?;
    let goal = args.to.map_or(Goal::Previous, Goal::Number);
    let foreign = if args.adopt { Foreign::Adopted } else { Foreign::Refused };
    context.report.stands("nothing was changed in the cluster");
    let rollback = cluster::plan(&cluster, &look, goal, foreign).await?;
    let target = rollback.to.number;
    let mut rollout = Value::Null;
    if rollback.is_nothing() {
        context.report.answer(&format!("Deployment {name} is at revision {target} already: nothing to do\n"));
    } else if args.dry_run {
        let object = format!("Deployment {name} in namespace {}", cluster.namespace);
        context.report.answer(&format!("{}\n{}", lines::object(&object, "changed"), lines::fields(&rollback.fields)));
        tell_taken(context, &rollback);
    } else {
        tell_taken(context, &rollback);
        let begun = Timestamp::now();
        let deployment = go_back(context, &cluster, &name, &rollback).await?;
        if !args.no_wait {
            let rollout_back = Rollout { deployment: &deployment, begun, what: "rollback", timeout: args.timeout };
            rollout = verdict::wait(context, &cluster, rollout_back).await?;
        }
    }
    context.report.document(&json!({
        "schema": "pydeploy.rollback/1",
        "cluster": documents::cluster(&cluster),
        "name": name,
        "from": rollback.from.as_ref().map(documents::revision),
        "to": documents::revision(&rollback.to),
        "dryRun": args.dry_run,
        "change": if rollback.is_nothing() { "unchanged" } else { "changed" },
        "fields": documents::fields(&rollback.fields),
        "taken": rollback.taken,
        "rollout": rollout,
        "timings": {"totalMs": super::build::millis(started.elapsed())},
    }));
    Ok(())
}

/// Applies the earlier revision's template; the Deployment as it is then.
pub(super) async fn go_back(
    context: &Context<'_>,
    cluster: &Cluster,
    name: &str,
    rollback: &Rollback,
) -> Result<k8s_openapi::api::apps::v1::Deployment, Fault> {
    let Rollback { from, to, .. } = rollback;
    let from = from.as_ref().map(|f| format!(" from revision {}", f.number)).unwrap_or_default();
    let images = to.images.iter().map(|image| short(image)).collect::<Vec<_>>().join(", ");
    context.report.stage(&format!("Going back{from} to revision {} ({images})", to.number));
    context.report.stands(format!(
        "whether {name} goes back to revision {} is not known: see pydeploy status --name {name} -n {}",
        to.number, cluster.namespace
    ));
    Ok(rollback.run(cluster).await?)
}

/// Says whose part of the Pods' template goes.
fn tell_taken(context: &Context<'_>, rollback: &Rollback) {
    if !rollback.taken.is_empty() {
        let who = rollback.taken.join(", ");
        context.report.warn(&format!("what {who} had changed in the Pods' template goes back as well"));
    }
}
