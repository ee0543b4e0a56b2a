//! `deploy`: the manifests of an image, applied and watched until its Pods are ready, or can't be.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};

use super::{Context, documents, manifests};
use crate::cli::{ApplyArgs, DeployArgs, OutArgs};
use crate::cluster::{
    self, Applied, Change, Cluster, Conflicts, Ending, Followed, Foreign, Namespace, News, Order, Target,
};
use crate::engine::Event;
use crate::engine::event::End;
use crate::fault::{Class, Fault};
use crate::image::duration::GoDuration;
use crate::report::duration;
use crate::rollout::Verdict;
use crate::settings::Settings;

pub(super) async fn run(context: &Context<'_>, args: &DeployArgs) -> Result<(), Fault> {
    let started = Instant::now();
    let out = OutArgs { out: None, format: None, namespace: args.namespace.clone() };
    let asked =
        manifests::Asked { project: &args.project, source: &args.source, image: args.image.as_deref(), out: &out };
    let (source, name, settings) = manifests::subject(context, asked)?;
    // The way to the cluster is tried while the registry answers.
    let (pushed, cluster) =
        tokio::try_join!(manifests::read(context, &source, &name, &settings), connect(context, &args.to, &settings))?;
    let made = manifests::compile(&pushed, &name, &settings)?;
    manifests::tell(context, &made.findings);
    let order = order(&made, &cluster, &args.to)?;
    let (applied, rollout) = if args.dry_run {
        (cluster::dry_run(&cluster, &order).await?, Value::Null)
    } else {
        roll_out(context, &cluster, &order, &name, &args.to).await?
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

/// The cluster that is meant, once it has answered.
pub(super) async fn connect(context: &Context<'_>, args: &ApplyArgs, settings: &Settings) -> Result<Cluster, Fault> {
    let access = cluster::Access {
        kubeconfig: args.cluster.kubeconfig.clone(),
        context: args.cluster.context.clone(),
        namespace: settings.deploy.namespace.clone(),
        ..context.machine.cluster()
    };
    Ok(Cluster::connect(cluster::find(&access).await?).await?)
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

/// How long to wait where nothing is stated.
const TIMEOUT: Duration = Duration::from_mins(5);

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
    let deployment = applied.iter().find_map(Applied::deployment);
    let rollout = match deployment {
        Some(deployment) if !args.no_wait => {
            let timeout = args.timeout.map_or(TIMEOUT, |t| t.0);
            wait(context, cluster, &deployment, begun, timeout).await?
        }
        _ => Value::Null,
    };
    Ok((applied, rollout))
}

/// Waits for the verdict; `rollout{…}` where it is a good one.
async fn wait(
    context: &Context<'_>,
    cluster: &Cluster,
    deployment: &Deployment,
    begun: Timestamp,
    timeout: Duration,
) -> Result<Value, Fault> {
    let started = Instant::now();
    let report = context.report;
    let name = deployment.metadata.name.as_deref().unwrap_or_default();
    let goes_on = format!("see kubectl rollout status deployment/{name} -n {}", cluster.namespace);
    report.stands(format!("the rollout of {name} has begun, and goes on by itself: {goes_on}"));
    let mut noted = Vec::new();
    let followed = cluster::follow(cluster, deployment, begun, timeout, |news| match news {
        News::Progress(progress) => {
            for note in progress.notes.iter().filter(|n| !noted.contains(*n)).cloned().collect::<Vec<_>>() {
                report.warn(&note);
                noted.push(note);
            }
            report.stands(format!("the rollout of {name} goes on by itself ({progress}): {goes_on}"));
            report.rollout(name, progress);
        }
        News::Away(why) => report.warn(&format!("the API server at {} does not answer: {why}", cluster.address)),
        News::Back => report.note("the API server answers again"),
        News::Blind(error) => {
            let hint = error.hint().map(|h| format!(": {h}")).unwrap_or_default();
            report.warn(&format!("{error}; the verdict does without{hint}"));
        }
    });
    let Followed { ending, revision } = followed.await?;
    let shown = |document: &Value| shown(document, revision.as_deref(), started.elapsed());
    match ending {
        Ending::Done(progress) => {
            let (ready, wanted) = (progress.ready, progress.wanted);
            let revision = revision.as_deref().map(|r| format!(", revision {r}")).unwrap_or_default();
            let time = duration(started.elapsed());
            report.stage(&format!("{name} is ready: {ready} of {wanted} Pods{revision}, {time}"));
            Ok(shown(&Verdict::Done(progress).document()))
        }
        Ending::Failed(failure) => {
            let document = shown(&failure.document());
            let mut output = Vec::new();
            for evidence in &failure.evidence {
                output.push(evidence.object.clone());
                output.extend(evidence.said.lines().map(|line| format!("  {line}")));
            }
            output.extend((failure.others > 0).then(|| format!("so it is with {} more of its Pods", failure.others)));
            output.extend(failure.notes.iter().map(|note| format!("note: {note}")));
            let message = format!("the rollout of {name} has failed: {}", failure.cause);
            let fault = Fault::new(Class::Rollout, message, failure.mend);
            Err(Fault { output, rollout: Some(document), ..fault })
        }
        Ending::Late(progress) => {
            let message = format!("the rollout of {name} was not done within {}: {progress}", GoDuration(timeout));
            let hint = format!("it goes on by itself: {goes_on}; give it longer with --timeout");
            let mut document = shown(&Verdict::Progressing(progress).document());
            document["verdict"] = json!("late");
            Err(Fault { rollout: Some(document), ..Fault::new(Class::Late, message, hint) })
        }
    }
}

/// `rollout{verdict, cause, evidence, mend, revision, replicas, seconds}`: the same keys whatever the verdict.
fn shown(document: &Value, revision: Option<&str>, took: Duration) -> Value {
    let at = |key: &str| document.pointer(key).cloned().unwrap_or_default();
    json!({
        "verdict": at("/verdict"),
        "cause": at("/cause"),
        "message": at("/message"),
        "object": at("/object"),
        "evidence": document.get("evidence").cloned().unwrap_or_else(|| json!([])),
        "mend": at("/mend"),
        "notes": document.pointer("/progress/notes").or(document.get("notes")).cloned().unwrap_or_else(|| json!([])),
        "revision": revision.and_then(|r| r.parse::<u64>().ok()),
        "replicas": at("/progress/replicas"),
        "waitsFor": at("/progress/waits-for"),
        "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
    })
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
