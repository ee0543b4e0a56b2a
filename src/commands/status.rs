//! `status`: how a Deployment's rollout stands, with its Pods and its revisions.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::verdict::{self, Rollout, blind, failed, shown};
use super::which::which;
use super::{Context, documents};
use crate::cli::StatusArgs;
use crate::cluster::{self, Cluster, Look};
use crate::fault::Fault;
use crate::report::status::{self as drawn, Row};
use crate::rollout::{PodState, Progress, Revision, Verdict};

pub(super) async fn run(context: &Context<'_>, args: &StatusArgs) -> Result<(), Fault> {
    let (name, cluster) = which(context, &args.which).await?;
    let mut look = cluster::look(&cluster, &name, |error| blind(context, error)).await?;
    let mut fault = None;
    if args.wait && matches!(look.verdict(), Verdict::Progressing(_)) {
        // What is wrong with its Pods is of this rollout, however long ago it began.
        let created = look.deployment.metadata.creation_timestamp.as_ref();
        let begun = created.map_or_else(Timestamp::now, |t| t.0);
        let rollout = Rollout { deployment: &look.deployment, begun, what: "rollout", timeout: args.timeout };
        fault = verdict::wait(context, &cluster, rollout).await.err();
        if let Some(Fault { rollout: None, .. }) = fault {
            return fault.map_or(Ok(()), Err);
        }
        look = cluster::look(&cluster, &name, |_| {}).await?;
    }
    let seen = look.verdict();
    context.report.answer(&text(&cluster, &name, &look, &seen));
    let fault = fault.or_else(|| match &seen {
        Verdict::Failed(failure) => Some(failed(&name, "rollout", (**failure).clone())),
        _ => None,
    });
    let told = fault.as_ref().and_then(|f| f.rollout.clone());
    context.report.document(&document(&cluster, &name, &look, &seen, told));
    match fault {
        // In text the answer shows the state, and the fault why; the document has both.
        Some(fault) => Err(Fault { told: context.output.json, ..fault }),
        None => Ok(()),
    }
}

fn progress(verdict: &Verdict, look: &Look) -> Progress {
    match verdict {
        Verdict::Done(progress) | Verdict::Progressing(progress) => progress.clone(),
        Verdict::Failed(_) => look.progress(),
    }
}

fn text(cluster: &Cluster, name: &str, look: &Look, verdict: &Verdict) -> String {
    let progress = progress(verdict, look);
    let Progress { wanted, ready, waits_for, pods, newest, .. } = &progress;
    let state = match verdict {
        Verdict::Done(_) => ("done", format!("{ready} of {wanted} Pods ready")),
        Verdict::Progressing(_) => ("progressing", waits_for.clone()),
        Verdict::Failed(failure) => ("failed", failure.headline()),
    };
    let current = look.current();
    let mut rows = vec![Row::new("image", images(look))];
    let revision = current.map_or_else(|| "none yet".to_owned(), |r| format!("{}{}", r.number, since(r)));
    rows.push(Row::new("revision", revision));
    rows.push(Row::new("replicas", drawn::counts(&progress)));
    rows.extend(newest.iter().map(|event| Row::new("newest event", event.clone())));
    rows.extend(progress.notes.iter().map(|note| Row::new("note", note.clone())));
    let title = format!("Deployment {name} in namespace {}", cluster.namespace);
    let mut text = drawn::head(&title, state.0, &state.1, &rows);
    text.push_str(&drawn::pods(pods));
    text.push_str(&drawn::revisions(&look.revisions, Timestamp::now()));
    text
}

fn since(revision: &Revision) -> String {
    revision.created.map(|at| format!(", first made {} ago", drawn::age(at, Timestamp::now()))).unwrap_or_default()
}

/// What the Deployment asks for, whether there is a revision of it yet or not.
fn images(look: &Look) -> String {
    let template = look.deployment.spec.as_ref().and_then(|s| s.template.spec.as_ref());
    let images = template.iter().flat_map(|s| &s.containers).filter_map(|c| c.image.clone());
    images.collect::<Vec<_>>().join(", ")
}

fn document(cluster: &Cluster, name: &str, look: &Look, verdict: &Verdict, told: Option<Value>) -> Value {
    let progress = progress(verdict, look);
    let current = look.current().map(|r| r.number.to_string());
    let mut rollout = told.unwrap_or_else(|| shown(&verdict.document(), current.as_deref(), None));
    rollout["replicas"] = progress.document()["replicas"].clone();
    let pod = |PodState { ready, name, words }: &PodState| json!({"name": name, "ready": ready, "state": words});
    json!({
        "schema": "pydeploy.status/1",
        "cluster": documents::cluster(cluster),
        "name": name,
        "images": look.deployment.spec.iter().flat_map(|s| s.template.spec.iter()).flat_map(|s| &s.containers)
            .map(|c| json!({"container": c.name, "image": c.image})).collect::<Vec<_>>(),
        "rollout": rollout,
        "pods": progress.pods.iter().map(pod).collect::<Vec<_>>(),
        "event": progress.newest,
        "revisions": look.revisions.iter().map(documents::revision).collect::<Vec<_>>(),
    })
}
