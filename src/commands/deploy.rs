//! `deploy`: the manifests of an image, applied and watched until its Pods are ready, or can't be.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::back;
use super::verdict::{self, Rollout};
use super::which::reach;
use super::{Context, documents, manifests};
use crate::cli::{ApplyArgs, ClusterArgs, DeployArgs, OutArgs, SubjectArgs};
use crate::cluster::{self, Applied, Change, Cluster, Conflicts, Foreign, Namespace, Order, Target};
use crate::engine::Event;
use crate::engine::event::End;
use crate::fault::Fault;
use crate::stages::Pushed;

/// What is deployed, and to where.
pub(super) struct Subject {
    /// The application's name.
    pub(super) name: String,
    pub(super) pushed: Pushed,
    pub(super) made: manifests::Made,
    pub(super) cluster: Cluster,
}

impl Subject {
    /// Reads the image, compiles its manifests, and finds the cluster, which has answered.
    pub(super) async fn read(context: &Context<'_>, args: &SubjectArgs, to: &ClusterArgs) -> Result<Self, Fault> {
        let out = OutArgs { namespace: args.namespace.clone(), ..OutArgs::default() };
        let (project, source, image) = (&args.project, &args.source, args.image.as_deref());
        let asked = manifests::Asked { project, source, image, out: &out };
        let (source, name, settings) = manifests::subject(context, asked)?;
        // The way to the cluster is tried while the registry answers.
        let (pushed, cluster) =
            tokio::try_join!(manifests::read(context, &source, &name, &settings), reach(context, to, &settings))?;
        let made = manifests::compile(&pushed, &name, &settings)?;
        Ok(Self { name, pushed, made, cluster })
    }
}

pub(super) async fn run(context: &Context<'_>, args: &DeployArgs) -> Result<(), Fault> {
    let started = Instant::now();
    let Subject { name, pushed, made, cluster } =
        Box::pin(Subject::read(context, &args.subject, &args.to.cluster)).await?;
    manifests::tell(context, &made.findings);
    let order = order(&made, &cluster, &args.to)?;
    let (applied, rollout) = if args.dry_run {
        (cluster::dry_run(&cluster, &order).await?, Value::Null)
    } else {
        Box::pin(roll_out(context, &cluster, &order, &name, &args.to)).await?
    };
    if args.dry_run {
        let lines = applied.iter().map(|a| format!("{}: {}\n", a.identity, would(a.change)));
        context.report.answer(&lines.collect::<String>());
    }
    context.report.document(&json!({
        "schema": "pydeploy.deploy/1",
        "image": documents::pushed(&pushed, None),
        "cluster": documents::cluster(&cluster),
        "dryRun": args.dry_run,
        "objects": applied.iter().map(documents::applied).collect::<Vec<_>>(),
        "rollout": rollout,
        "timings": {"totalMs": super::build::millis(started.elapsed())},
    }));
    Ok(())
}

fn would(change: Change) -> &'static str {
    match change {
        Change::Created => "would be created",
        Change::Changed => "would be changed",
        Change::Unchanged => "would not change",
    }
}

/// What is to be applied.
pub(super) fn order(made: &manifests::Made, cluster: &Cluster, args: &ApplyArgs) -> Result<Order, Fault> {
    Ok(Order {
        targets: Target::all(&made.objects(), &cluster.namespace).map_err(|e| super::bug(&e))?,
        namespace: if args.create_namespace { Namespace::Made } else { Namespace::Required },
        conflicts: if args.force_conflicts { Conflicts::Taken } else { Conflicts::Refused },
        foreign: if args.adopt { Foreign::Adopted } else { Foreign::Refused },
    })
}

/// Applies, prunes, and waits for the verdict; what was applied, and `rollout{…}`.
pub(super) async fn roll_out(
    context: &Context<'_>,
    cluster: &Cluster,
    order: &Order,
    name: &str,
    args: &ApplyArgs,
) -> Result<(Vec<Applied>, Value), Fault> {
    let Cluster { namespace, context: of, address, .. } = cluster;
    let report = context.report;
    report.stage(&format!("Applying to namespace {namespace} (context {of}, {address})"));
    report.stands("nothing was changed in the cluster");
    let befores = back::look(context, cluster, order, args).await?;
    let begun = Timestamp::now();
    let events = report.events();
    let applied = cluster::apply(cluster, order, |applied| {
        let end = End::Ran(Duration::ZERO);
        let (id, name) = (applied.identity.to_string(), format!("{}: {}", applied.identity, applied.change.name()));
        report.stands(format!("{} is applied, what follows it may not be: run again to go on", applied.identity));
        events(&Event::Finished { id, name, end });
    });
    let applied = applied.await?;
    if args.prune {
        prune(context, cluster, order, name).await?;
    }
    let mut rollout = Value::Null;
    for deployment in applied.iter().filter_map(Applied::deployment).filter(|_| !args.no_wait) {
        let name = deployment.metadata.name.clone().unwrap_or_default();
        let followed = Rollout { deployment: &deployment, begun, what: "rollout", timeout: args.timeout };
        match verdict::wait(context, cluster, followed).await {
            // The application's own is the first.
            Ok(own) if rollout.is_null() => rollout = own,
            Ok(process) => rollout["processes"][name] = process,
            Err(fault) => return Err(Box::pin(back::take(context, cluster, befores, &applied, &name, fault)).await),
        }
    }
    Ok((applied, rollout))
}

/// Takes away what the application no longer has.
async fn prune(context: &Context<'_>, cluster: &Cluster, order: &Order, name: &str) -> Result<(), Fault> {
    let stale = cluster::stale(cluster, name, &order.targets).await?;
    cluster::prune(cluster, &stale).await?;
    let events = context.report.events();
    for object in &stale {
        if object.is_kept() {
            context.report.note(&format!("{} is no longer used, and stays for its data", object.identity));
            continue;
        }
        let (id, name) = (object.identity.to_string(), format!("{}: deleted", object.identity));
        events(&Event::Finished { id, name, end: End::Ran(Duration::ZERO) });
    }
    Ok(())
}
