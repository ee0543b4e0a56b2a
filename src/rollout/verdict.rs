//! A verdict on a rollout, from what is known of it at a moment.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, Probe};

use super::aim::Aim;
use super::cause::{Cause, Check};
use super::failure::{Evidence, Failure, Subject};
use super::mend::mend;
use super::observed::Observed;
use super::progress::{Progress, pull, pulling, ready_since};
use super::signs::{Scene, Sign, View, elapsed, event, read_report, unready, views};
use super::{observed, patience};

/// What is to be said of a rollout at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every Pod is of the new template, available, and has stayed so.
    Done(Progress),
    /// It is on its way.
    Progressing(Progress),
    /// It can't come to its end as things are.
    Failed(Box<Failure>),
}

/// What is to be said of a rollout now.
pub fn verdict(observed: &Observed, aim: &Aim, now: Timestamp) -> Verdict {
    let scene = Scene::new(observed, aim, now);
    let namespace = observed.namespace();
    let fail = |sign: Sign, others| Verdict::Failed(Box::new(failure(sign, others, namespace, aim.notes(observed))));
    if is_gone(observed, aim) {
        return fail(gone(observed, now), 0);
    }
    let mut signs = scene.signs();
    signs.sort_by(|a, b| (a.cause.rank(), &a.subject).cmp(&(b.cause.rank(), &b.subject)));
    let late = deadline(&scene);
    let is_due = |s: &Sign| late.is_some() || elapsed(s.since, now) >= s.patience && s.since <= now;
    if let Some(sign) = signs.iter().find(|s| is_due(s)) {
        let alike = signs.iter().filter(|s| s.cause.id() == sign.cause.id() && s.subject.name != sign.subject.name);
        let mut names: Vec<&str> = alike.map(|s| s.subject.name.as_str()).collect();
        names.dedup();
        return fail(sign.clone(), names.len());
    }
    if let Some(late) = late {
        return fail(late, 0);
    }
    let counted = is_counted(&scene);
    let unsettled = if counted { settling(&scene) } else { None };
    let done = counted && unsettled.is_none() && signs.is_empty();
    let progress = Progress::of(&scene, signs.first(), unsettled);
    if done {
        Verdict::Done(Progress { waits_for: "nothing".to_owned(), ..progress })
    } else {
        Verdict::Progressing(progress)
    }
}

/// How far a rollout is now, also where it can go no further.
pub fn progress(observed: &Observed, aim: &Aim, now: Timestamp) -> Progress {
    Progress::of(&Scene::new(observed, aim, now), None, None)
}

fn failure(sign: Sign, others: usize, namespace: &str, notes: Vec<String>) -> Failure {
    let mend = mend(&sign.cause, &sign.subject, namespace);
    Failure { cause: sign.cause, subject: sign.subject, evidence: sign.evidence, mend, others, notes }
}

/// Whether what was applied is there no more.
pub(super) fn is_gone(observed: &Observed, aim: &Aim) -> bool {
    match &observed.deployment {
        observed::Subject::Gone => true,
        observed::Subject::There(there) => {
            let deleting = there.metadata.deletion_timestamp.is_some();
            deleting || !aim.uid.is_empty() && there.metadata.uid.as_ref() != Some(&aim.uid)
        }
    }
}

fn gone(observed: &Observed, now: Timestamp) -> Sign {
    let deployment = observed.name().to_owned();
    let subject = Subject { kind: "Deployment", name: deployment.clone(), container: None };
    let said = match observed.deployment() {
        Some(_) => "another Deployment of this name is there now, or this one is being deleted",
        None => "the API server has it no more",
    };
    let evidence = vec![Evidence::new(subject.to_string(), said)];
    Sign { cause: Cause::Deleted { deployment }, subject, evidence, since: now, patience: patience::NONE }
}

/// The controller's own verdict, once it speaks of what was applied: an earlier rollout's stays until then.
fn deadline(scene: &Scene<'_>) -> Option<Sign> {
    let deployment = scene.observed.deployment()?;
    if !is_current(scene) {
        return None;
    }
    let conditions = deployment.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let mut conditions = conditions.filter(|c| c.type_ == "Progressing" && c.status == "False");
    let condition = conditions.find(|c| c.reason.as_deref() == Some("ProgressDeadlineExceeded"))?;
    let message = condition.message.as_deref().unwrap_or_default();
    let subject = Subject { kind: "Deployment", name: scene.observed.name().to_owned(), container: None };
    let own = Evidence::new(format!("{subject}, condition Progressing"), message);
    let unready = scene.pods.iter().flat_map(|p| views(p)).find_map(|v| unready(scene, &v));
    if let Some(mut sign) = unready {
        sign.evidence.push(own);
        return Some(sign);
    }
    let at = scene.pods.iter().find_map(|pod| pulling(scene, pod));
    let begun = scene.pods.iter().find_map(|pod| pull(scene, pod)).map(event);
    let waits = Progress::of(scene, None, None).waits_for;
    let waits = Evidence::new("the rollout", &waits);
    let evidence = begun.into_iter().chain([own, waits]).collect();
    Some(Sign { cause: Cause::Deadline { at }, subject, evidence, since: scene.now, patience: patience::NONE })
}

/// Whether the status tells of what was applied, or of what was changed after that.
fn is_current(scene: &Scene<'_>) -> bool {
    let Some(deployment) = scene.observed.deployment() else { return false };
    let generation = deployment.metadata.generation.unwrap_or_default().max(scene.aim.generation);
    let seen = deployment.status.as_ref().and_then(|s| s.observed_generation);
    seen.is_some_and(|seen| seen >= generation)
}

/// Whether every Pod is of the new template and available, and no old one is left: by the Deployment's word and by its
/// ReplicaSet's, which comes through a watch of its own, a moment earlier or later.
fn is_counted(scene: &Scene<'_>) -> bool {
    let Some(deployment) = scene.observed.deployment() else { return false };
    let (Some(spec), Some(status)) = (&deployment.spec, &deployment.status) else { return false };
    let wanted = spec.replicas.unwrap_or(1);
    let count = |n: Option<i32>| n.unwrap_or(0);
    let set = || scene.set.and_then(|s| s.object.status.as_ref());
    is_current(scene)
        && count(status.updated_replicas) == wanted
        && count(status.replicas) == wanted
        && count(status.available_replicas) == wanted
        && (wanted == 0 || set().is_some_and(|set| count(set.available_replicas) == wanted))
}

/// What a rollout whose Pods are all available still waits for.
fn settling(scene: &Scene<'_>) -> Option<String> {
    let wanted = scene.observed.deployment()?.spec.as_ref()?.replicas.unwrap_or(1);
    let enough = usize::try_from(wanted).unwrap_or(0).min(observed::PODS);
    let main = |pod| views(pod).into_iter().filter(|v: &View<'_>| !v.ends);
    let ready = scene.pods.iter().filter(|p| main(p).count() > 0 && main(p).all(|v| v.status.ready)).count();
    if ready < enough {
        return Some("waits for the Pods' own word that they are ready".to_owned());
    }
    let views = scene.pods.iter().flat_map(|pod| main(pod));
    let left = views.filter_map(|view| Some((settles(scene, &view)?, view)));
    let (left, view) = left.max_by_key(|(left, _)| *left)?;
    let seconds = left.as_secs_f64().ceil();
    let why = if view.status.restart_count > 0 { "was started again" } else { "has no readiness check" };
    Some(format!("every Pod is ready; {why}, so it is watched {seconds} s more"))
}

/// How long a container is still to be watched; not at all where its readiness is checked and it never ended.
fn settles(scene: &Scene<'_>, view: &View<'_>) -> Option<Duration> {
    let spec = view.spec?;
    let restarts = view.status.restart_count;
    if spec.readiness_probe.is_some() && restarts == 0 {
        return None;
    }
    let started = view.status.state.as_ref().and_then(|s| s.running.as_ref()?.started_at.as_ref()).map(|t| t.0);
    if started.is_some_and(|at| elapsed(at, scene.now) > patience::STEADY) {
        return None;
    }
    let since = ready_since(view.pod, &view.status.name, restarts).unwrap_or(scene.now);
    let doubts = scene.notes_of(view).filter(|n| read_report(n).is_some_and(|r| r.check == Check::Liveness));
    let since = doubts.map(|n| n.seen).fold(since, Timestamp::max);
    let created = view.pod.object.metadata.creation_timestamp.as_ref().map(|t| t.0);
    let start = created.map(|at| elapsed(at, since)).unwrap_or_default();
    let left = needed(spec, start).saturating_sub(elapsed(since, scene.now));
    (!left.is_zero()).then_some(left)
}

/// How long a container without a readiness check must stay up, on a node that took `start` to have it ready: one that is
/// slow to start a Pod is as slow to tell what became of its checks.
fn needed(spec: &Container, start: Duration) -> Duration {
    let limits = spec.resources.as_ref().and_then(|r| r.limits.as_ref());
    let stores = limits.is_some_and(|l| l.contains_key("ephemeral-storage"));
    let base = if stores { patience::SETTLES_STORAGE } else { patience::SETTLES };
    let budget = spec.liveness_probe.as_ref().map(budget).unwrap_or_default();
    let runs = spec.liveness_probe.as_ref().is_some_and(|probe| probe.exec.is_some());
    let reported = if runs { base + patience::SETTLES_EXEC.max(start.min(patience::SETTLES_MOST)) } else { base };
    reported.max(budget.min(patience::SETTLES_MOST))
}

/// How long a check may take to fail for good, with Kubernetes' defaults where it states nothing.
fn budget(probe: &Probe) -> Duration {
    let seconds = |n: Option<i32>, default: u64| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(default);
    let period = seconds(probe.period_seconds, 10).max(1);
    let failures = seconds(probe.failure_threshold, 3).max(1);
    let delay = seconds(probe.initial_delay_seconds, 0);
    Duration::from_secs(
        delay.saturating_add(period.saturating_mul(failures)).saturating_add(seconds(probe.timeout_seconds, 1)),
    )
}
