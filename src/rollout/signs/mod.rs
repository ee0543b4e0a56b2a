//! A sign of trouble: what may be a failure, if it lasts.

mod check;
mod claim;
mod container;
mod crash;
mod gate;
mod log;
mod place;
mod pull;
mod start;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};

use super::aim::Aim;
use super::cause::Cause;
use super::failure::{Evidence, Subject};
use super::note::Note;
use super::observed::{Marked, Observed};
use super::{generation, mark, patience};

pub(super) use check::{absent, read as read_report, unready};
pub(super) use log::{lasting, other, wanted};
pub(super) use start::{of_check, read as not_started};

/// What may be a failure, if it lasts.
#[derive(Debug, Clone)]
pub(super) struct Sign {
    pub(super) cause: Cause,
    pub(super) subject: Subject,
    pub(super) evidence: Vec<Evidence>,
    /// When it was first seen.
    pub(super) since: Timestamp,
    /// How long it may last.
    pub(super) patience: Duration,
}

/// What signs are looked for in.
pub(super) struct Scene<'o> {
    pub(super) observed: &'o Observed,
    pub(super) aim: &'o Aim,
    pub(super) now: Timestamp,
    pub(super) set: Option<&'o Marked<ReplicaSet>>,
    pub(super) pods: Vec<&'o Marked<Pod>>,
    notes: BTreeMap<&'o str, Vec<&'o Note>>,
}

/// A container's state, and what it is of.
pub(super) struct View<'o> {
    pub(super) pod: &'o Marked<Pod>,
    pub(super) status: &'o ContainerStatus,
    /// As the Pod asks for it.
    pub(super) spec: Option<&'o Container>,
    /// Whether it runs before the others, and ends.
    pub(super) ends: bool,
}

impl<'o> Scene<'o> {
    pub(super) fn new(observed: &'o Observed, aim: &'o Aim, now: Timestamp) -> Self {
        let set = generation::replica_set(observed);
        let pods = generation::pods(observed);
        let mut notes: BTreeMap<&str, Vec<&Note>> = BTreeMap::new();
        for note in observed.notes.values() {
            notes.entry(&note.uid).or_default().push(note);
        }
        for about in notes.values_mut() {
            about.sort_by(|a, b| (a.last, &a.reason, &a.message).cmp(&(b.last, &b.reason, &b.message)));
        }
        Self { observed, aim, now, set, pods, notes }
    }

    /// What is said of a Pod or another object, oldest first.
    pub(super) fn notes(&self, uid: Option<&str>) -> &[&'o Note] {
        uid.and_then(|uid| self.notes.get(uid)).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is said of a container, oldest first.
    pub(super) fn notes_of(&self, view: &View<'o>) -> impl DoubleEndedIterator<Item = &'o Note> {
        let name = view.status.name.clone();
        let notes: Vec<&'o Note> = self.notes(view.pod.object.metadata.uid.as_deref()).to_vec();
        notes.into_iter().filter(move |n| n.container.as_deref() == Some(name.as_str()))
    }

    /// All signs of trouble.
    pub(super) fn signs(&self) -> Vec<Sign> {
        let mut signs: Vec<Sign> = gate::sign(self).into_iter().collect();
        for pod in &self.pods {
            signs.extend(place::sign(self, pod));
            signs.extend(claim::signs(self, pod));
            for view in views(pod) {
                if self.is_steady(&view) {
                    continue;
                }
                signs.extend(container::sign(self, &view));
                signs.extend(crash::sign(self, &view));
                signs.extend(check::signs(self, &view));
            }
        }
        for sign in &mut signs {
            self.be_kind_to_what_was(sign);
        }
        signs
    }

    /// Whether a container has been well for so long that what came before is past.
    fn is_steady(&self, view: &View<'_>) -> bool {
        let running = view.status.state.as_ref().and_then(|s| s.running.as_ref());
        let started = running.and_then(|r| r.started_at.as_ref()).map(|t| t.0);
        let long = started.is_some_and(|at| elapsed(at, self.now) > patience::STEADY);
        view.status.ready && long
    }

    /// A Pod of this very template from before the rollout may show what has been mended since.
    fn be_kind_to_what_was(&self, sign: &mut Sign) {
        if sign.subject.kind != "Pod" {
            return;
        }
        let pod = self.pods.iter().find(|p| p.object.metadata.name.as_deref() == Some(&sign.subject.name));
        let created = pod.and_then(|p| p.object.metadata.creation_timestamp.as_ref()).map(|t| t.0);
        if created.is_some_and(|at| elapsed(at, self.aim.begun) > patience::STALE) {
            sign.patience = sign.patience.max(patience::STALE);
            sign.since = sign.since.max(self.aim.begun);
        }
    }
}

impl View<'_> {
    pub(super) fn subject(&self) -> Subject {
        Subject { kind: "Pod", name: name(self.pod), container: Some(self.status.name.clone()) }
    }

    /// Evidence of a container, from a place that `what` names.
    pub(super) fn evidence(&self, what: &str, said: &str) -> Evidence {
        Evidence::new(format!("{}, {what}", self.subject()), said)
    }

    pub(super) fn image(&self) -> String {
        let spec = self.spec.and_then(|s| s.image.clone());
        spec.unwrap_or_else(|| self.status.image.clone())
    }

    pub(super) fn memory_limit(&self) -> Option<String> {
        let limits = self.spec.and_then(|s| s.resources.as_ref()?.limits.as_ref());
        limits.and_then(|l| l.get("memory")).map(|q| q.0.clone())
    }

    pub(super) fn since(&self, mark: &str, now: Timestamp) -> Timestamp {
        self.pod.since(mark).unwrap_or(now)
    }
}

/// What an event says.
pub(super) fn event(note: &Note) -> Evidence {
    let times = if note.count > 1 { format!(", {} times", note.count) } else { String::new() };
    Evidence::new(format!("{} {}, event {}{times}", note.kind, note.name, note.reason), &note.message)
}

pub(super) fn name(pod: &Marked<Pod>) -> String {
    pod.object.metadata.name.clone().unwrap_or_default()
}

pub(super) fn views<'p>(pod: &'p Marked<Pod>) -> Vec<View<'p>> {
    let Some(status) = &pod.object.status else { return Vec::new() };
    let spec = pod.object.spec.as_ref();
    let first = spec.and_then(|s| s.init_containers.as_deref()).unwrap_or_default();
    let main = spec.map(|s| s.containers.as_slice()).unwrap_or_default();
    let named = |name: &str| first.iter().chain(main).find(|c| c.name == name);
    let view = |status: &'p ContainerStatus| {
        let spec = named(&status.name);
        let ends = spec
            .is_some_and(|s| first.iter().any(|c| c.name == s.name) && s.restart_policy.as_deref() != Some("Always"));
        View { pod, status, spec, ends }
    };
    mark::statuses(status).map(view).collect()
}

/// Time from one moment to a later one; none where it is not later.
pub(super) fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
