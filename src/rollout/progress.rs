//! Progress: how far a rollout is, and what it waits for.

use std::fmt::{self, Display};

use k8s_openapi::api::apps::v1::DeploymentStatus;

use super::cause::Check;
use super::mark;
use super::note::Note;
use super::observed::{Marked, Observed};
use super::signs::{Scene, Sign, elapsed, name, unready, views};
use k8s_openapi::api::core::v1::Pod;

/// So many Pods are told of one by one.
const PODS: usize = 50;

/// Events tell whole seconds, by another clock than ours.
const BEFORE: std::time::Duration = std::time::Duration::from_secs(2);

/// How far a rollout is, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Pods that are wanted.
    pub wanted: i32,
    /// Pods of the new template that there are.
    pub updated: i32,
    /// Of these, those that are ready.
    pub ready: i32,
    /// Of these, those that have been ready for as long as the Deployment asks for.
    pub available: i32,
    /// Pods of earlier templates that there still are.
    pub old: i32,
    /// The new Pods, those that are not ready first; the first fifty.
    pub pods: Vec<PodState>,
    /// The newest event about any of these.
    pub newest: Option<String>,
    /// What it waits for, in a few words.
    pub waits_for: String,
    /// What else there is to know: another manager's changes, a pause.
    pub notes: Vec<String>,
}

/// A Pod's state in a few words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodState {
    /// Whether it is ready.
    pub ready: bool,
    /// Its name.
    pub name: String,
    /// `pulling registry.example/app:1`, `crashed twice, starts again`, `ready`.
    pub words: String,
}

impl Progress {
    pub(super) fn of(scene: &Scene<'_>, pending: Option<&Sign>, settling: Option<String>) -> Self {
        let observed = scene.observed;
        let deployment = observed.deployment();
        let spec = deployment.and_then(|d| d.spec.as_ref());
        let wanted = spec.map_or(0, |s| s.replicas.unwrap_or(1));
        let status = deployment.and_then(|d| d.status.clone()).unwrap_or_default();
        let set = scene.set.and_then(|s| s.object.status.clone()).unwrap_or_default();
        let mut pods: Vec<PodState> = scene.pods.iter().map(|pod| state(scene, pod)).collect();
        pods.sort();
        let waits_for = waits_for(scene, &status, wanted, &pods, pending, settling);
        pods.truncate(PODS);
        let updated = scene.set.map_or(0, |_| set.replicas);
        Self {
            wanted,
            updated,
            ready: set.ready_replicas.unwrap_or(0),
            available: set.available_replicas.unwrap_or(0),
            old: status.replicas.unwrap_or(0).saturating_sub(updated).max(0),
            pods,
            newest: newest(scene),
            waits_for,
            notes: scene.aim.notes(observed),
        }
    }
}

/// One line: `2/3 ready, 1 old; waits for …`.
impl Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, updated, ready, available, .. } = self;
        write!(f, "{updated}/{wanted} updated, {ready} ready, {available} available")?;
        if self.old > 0 {
            write!(f, ", {} old", self.old)?;
        }
        write!(f, "; {}", self.waits_for)
    }
}

fn waits_for(
    scene: &Scene<'_>,
    status: &DeploymentStatus,
    wanted: i32,
    pods: &[PodState],
    pending: Option<&Sign>,
    settling: Option<String>,
) -> String {
    let deployment = scene.observed.deployment();
    let paused = deployment.and_then(|d| d.spec.as_ref()).is_some_and(|s| s.paused == Some(true));
    if let Some(sign) = pending {
        return format!("{}: waits a moment in case it passes", sign.cause);
    }
    if paused {
        return "waits for the Deployment to be resumed: it is paused".to_owned();
    }
    if let Some(settling) = settling {
        return settling;
    }
    if let Some(pod) = pods.iter().find(|p| !p.ready) {
        return format!("waits for Pod {}: {}", pod.name, pod.words);
    }
    let made = i32::try_from(pods.len()).unwrap_or(i32::MAX);
    if made < wanted {
        return format!("waits for {} more {}", wanted - made, if wanted - made == 1 { "Pod" } else { "Pods" });
    }
    if status.replicas.unwrap_or(0) > wanted {
        return "waits for the old Pods to end".to_owned();
    }
    "waits for the cluster to count the Pods".to_owned()
}

/// What a Pod is at.
fn state(scene: &Scene<'_>, pod: &Marked<Pod>) -> PodState {
    let views = views(pod);
    let ready = !views.is_empty() && views.iter().filter(|v| !v.ends).all(|v| v.status.ready);
    let words = if ready { "ready".to_owned() } else { words(scene, pod) };
    PodState { ready, name: name(pod), words }
}

fn words(scene: &Scene<'_>, pod: &Marked<Pod>) -> String {
    let status = pod.object.status.as_ref();
    if let Some(reason) = status.and_then(|s| s.reason.as_ref()) {
        return reason.clone();
    }
    let conditions = status.iter().flat_map(|s| s.conditions.iter().flatten());
    if let Some(unplaced) = conditions.into_iter().find(|c| c.type_ == "PodScheduled" && c.status == "False") {
        return match unplaced.reason.as_deref() {
            Some("SchedulingGated") => "held back by its scheduling gates".to_owned(),
            _ => "waits for a node".to_owned(),
        };
    }
    for view in views(pod) {
        let Some(state) = &view.status.state else { continue };
        let restarts = view.status.restart_count;
        if let Some(waiting) = &state.waiting {
            return match waiting.reason.as_deref().unwrap_or_default() {
                "ContainerCreating" | "PodInitializing" | "" => {
                    pulling(scene, pod).unwrap_or_else(|| "is being set up".to_owned())
                }
                "CrashLoopBackOff" => format!("ended {} times, starts again after a while", restarts.saturating_add(1)),
                reason => reason.to_owned(),
            };
        }
        if let Some(end) = state.terminated.as_ref().filter(|_| !view.ends) {
            return format!("ended with exit code {}, starts again", end.exit_code);
        }
        if state.running.is_some() && view.ends {
            return format!("runs {}", view.status.name);
        }
        if let Some(sign) = unready(scene, &view) {
            let since = state.running.as_ref().and_then(|r| r.started_at.as_ref()).map(|t| elapsed(t.0, scene.now));
            let seconds = since.map(|s| format!(" for {} s", s.as_secs())).unwrap_or_default();
            let check = match sign.cause {
                super::cause::Cause::Check { check, .. } => check,
                _ => Check::Readiness,
            };
            return format!("runs{seconds}, not past its {check} check yet");
        }
        if let Some(at) = state.running.as_ref().filter(|_| !view.status.ready).and_then(|r| r.started_at.as_ref()) {
            return format!("runs for {} s, not ready yet", elapsed(at.0, scene.now).as_secs());
        }
    }
    "starts".to_owned()
}

/// A pull that has begun and not ended, in words.
pub(super) fn pulling(scene: &Scene<'_>, pod: &Marked<Pod>) -> Option<String> {
    let note = pull(scene, pod)?;
    let image = super::quoted::between(&note.message, "\"", "\"")?;
    let seconds = elapsed(note.seen, scene.now).as_secs();
    Some(format!("still pulling {image} for {seconds} s"))
}

/// The event of a pull that has begun and not ended.
pub(super) fn pull<'o>(scene: &Scene<'o>, pod: &Marked<Pod>) -> Option<&'o Note> {
    let notes = scene.notes(pod.object.metadata.uid.as_deref());
    let relevant = |n: &&&Note| matches!(n.reason.as_str(), "Pulling" | "Pulled" | "Failed" | "Created" | "Started");
    // Of several within the same second the pull's beginning is the first.
    let last = notes.iter().filter(relevant).max_by_key(|n| (n.last, n.reason != "Pulling"))?;
    (last.reason == "Pulling").then_some(*last)
}

fn newest(scene: &Scene<'_>) -> Option<String> {
    let observed: &Observed = scene.observed;
    let mut ours: Vec<&str> = scene.pods.iter().filter_map(|p| p.object.metadata.uid.as_deref()).collect();
    ours.extend(scene.set.and_then(|s| s.object.metadata.uid.as_deref()));
    ours.extend(observed.deployment().and_then(|d| d.metadata.uid.as_deref()));
    // What was said of the rollout before this one is no news.
    let is_of_it = |note: &&&Note| note.last.is_none_or(|at| elapsed(at, scene.aim.begun) <= BEFORE);
    let notes = ours.into_iter().flat_map(|uid| scene.notes(Some(uid))).filter(is_of_it);
    let newest = notes.max_by_key(|n| (n.seen.max(n.last.unwrap_or(n.seen)), &n.reason, &n.name))?;
    Some(format!("{} {}: {}", newest.kind, newest.name, newest.message.lines().next().unwrap_or_default()))
}

/// When a container was first seen ready since its last start.
pub(super) fn ready_since(pod: &Marked<Pod>, container: &str, restarts: i32) -> Option<jiff::Timestamp> {
    pod.since(&mark::ready(container, restarts))
}
