//! A verdict, as a command waits for it and tells it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::{Value, json};

use super::Context;
use crate::cluster::{self, Cluster, Ending, Followed, News};
use crate::fault::{Class, Fault};
use crate::image::duration::GoDuration;
use crate::report::duration;
use crate::rollout::{Failure, Verdict};

/// How long to wait where nothing is stated.
const TIMEOUT: Duration = Duration::from_mins(5);

/// A rollout that is to be followed.
pub(super) struct Rollout<'a> {
    /// The Deployment as it was given back when it was changed.
    pub(super) deployment: &'a Deployment,
    /// When that was.
    pub(super) begun: Timestamp,
    /// What it is called: `rollout`, `rollback`.
    pub(super) what: &'a str,
    /// For how long.
    pub(super) timeout: Option<GoDuration>,
}

/// Waits for the verdict; `rollout{…}` where it is a good one.
pub(super) async fn wait(context: &Context<'_>, cluster: &Cluster, rollout: Rollout<'_>) -> Result<Value, Fault> {
    let started = Instant::now();
    let Rollout { deployment, begun, what, timeout } = rollout;
    let timeout = timeout.map_or(TIMEOUT, |t| t.0);
    let name = deployment.metadata.name.as_deref().unwrap_or_default();
    let look = format!("see pydeploy status --wait --name {name} -n {}", cluster.namespace);
    let Followed { ending, revision } = follow(context, cluster, deployment, begun, timeout, what, &look).await?;
    let shown = |document: &Value| shown(document, revision.as_deref(), Some(started.elapsed()));
    match ending {
        Ending::Done(progress) => {
            let (ready, wanted) = (progress.ready, progress.wanted);
            let revision = revision.as_deref().map(|r| format!(", revision {r}")).unwrap_or_default();
            let time = duration(started.elapsed());
            context.report.stage(&format!("{name} is ready: {ready} of {wanted} Pods{revision}, {time}"));
            Ok(shown(&Verdict::Done(progress).document()))
        }
        Ending::Failed(failure) => {
            let document = shown(&failure.document());
            Err(Fault { rollout: Some(document), ..failed(name, what, *failure) })
        }
        Ending::Late(progress) => {
            let message = format!("the {what} of {name} was not done within {}: {progress}", GoDuration(timeout));
            let hint = format!("it goes on by itself: {look}; give it longer with --timeout");
            let mut document = shown(&Verdict::Progressing(progress).document());
            document["verdict"] = json!("late");
            Err(Fault { rollout: Some(document), ..Fault::new(Class::Late, message, hint) })
        }
    }
}

async fn follow(
    context: &Context<'_>,
    cluster: &Cluster,
    deployment: &Deployment,
    begun: Timestamp,
    timeout: Duration,
    what: &str,
    look: &str,
) -> Result<Followed, Fault> {
    let report = context.report;
    let name = deployment.metadata.name.as_deref().unwrap_or_default();
    report.stands(format!("the {what} of {name} has begun, and goes on by itself: {look}"));
    let mut noted = Vec::new();
    let followed = cluster::follow(cluster, deployment, begun, timeout, |news| match news {
        News::Progress(progress) => {
            for note in progress.notes.iter().filter(|n| !noted.contains(*n)).cloned().collect::<Vec<_>>() {
                report.warn(&note);
                noted.push(note);
            }
            report.stands(format!("the {what} of {name} goes on by itself ({progress}): {look}"));
            report.rollout(name, progress);
        }
        News::Away(why) => report.warn(&format!("the API server at {} does not answer: {why}", cluster.address)),
        News::Back => report.note("the API server answers again"),
        News::Blind(error) => blind(context, error),
    });
    Ok(followed.await?)
}

/// Tells what would help to judge a rollout and may not be read.
pub(super) fn blind(context: &Context<'_>, error: &cluster::Error) {
    let hint = error.hint().map(|h| format!(": {h}")).unwrap_or_default();
    context.report.warn(&format!("{error}; the verdict does without{hint}"));
}

/// The fault that a rollout has failed, with its evidence.
pub(super) fn failed(name: &str, what: &str, failure: Failure) -> Fault {
    let mut output = Vec::new();
    for evidence in &failure.evidence {
        output.push(evidence.object.clone());
        output.extend(evidence.said.lines().map(|line| format!("  {line}")));
    }
    output.extend((failure.others > 0).then(|| format!("so it is with {} more of its Pods", failure.others)));
    output.extend(failure.notes.iter().map(|note| format!("note: {note}")));
    let message = format!("the {what} of {name} has failed: {}", failure.headline());
    Fault { output, ..Fault::new(Class::Rollout, message, failure.mend) }
}

/// `rollout{verdict, cause, evidence, mend, revision, replicas, seconds}`: the same keys whatever the verdict.
pub(super) fn shown(document: &Value, revision: Option<&str>, took: Option<Duration>) -> Value {
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
        "waitsFor": at("/progress/waitsFor"),
        "rollback": Value::Null,
        "seconds": took.map(|t| (t.as_secs_f64() * 1000.0).round() / 1000.0),
    })
}
