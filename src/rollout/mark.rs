//! A mark: a state of an object whose beginning is remembered.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus};

/// Pods can't be made.
pub(super) const REFUSED: &str = "refused";
/// No node takes it.
pub(super) const UNPLACED: &str = "unplaced";
/// It has ended by failing.
pub(super) const FAILED: &str = "failed";
/// It has been there.
pub(super) const THERE: &str = "there";

/// The container waits, for this reason.
pub(super) fn waits(container: &str, reason: &str) -> String {
    // A failed pull and the back-off after it alternate.
    let reason = if matches!(reason, "ErrImagePull" | "ImagePullBackOff") { "pull" } else { reason };
    format!("waits {container} {reason}")
}

/// A run of the container has ended.
pub(super) fn ended(container: &str, end: &ContainerStateTerminated) -> String {
    // The same end is first the state and then the last state, perhaps with another count of restarts.
    let id = end.container_id.as_deref().unwrap_or_default();
    let at = end.finished_at.as_ref().map(|t| t.0.to_string()).unwrap_or_default();
    format!("ended {container} {id} {at}")
}

/// The container has been ready since its last start.
pub(super) fn ready(container: &str, restarts: i32) -> String {
    format!("ready {container} {restarts}")
}

/// The statuses of a Pod's containers, first those that run before the others.
pub(super) fn statuses(status: &PodStatus) -> impl Iterator<Item = &ContainerStatus> {
    let first = status.init_container_statuses.iter().flatten();
    first.chain(status.container_statuses.iter().flatten())
}

pub(super) fn pod(pod: &Pod) -> BTreeSet<String> {
    let mut marks = BTreeSet::from([THERE.to_owned()]);
    let Some(status) = &pod.status else { return marks };
    if status.phase.as_deref() == Some("Failed") {
        marks.insert(FAILED.to_owned());
    }
    if status.conditions.iter().flatten().any(|c| c.type_ == "PodScheduled" && c.status == "False") {
        marks.insert(UNPLACED.to_owned());
    }
    for container in statuses(status) {
        let name = &container.name;
        if container.ready {
            marks.insert(ready(name, container.restart_count));
        }
        for state in [&container.state, &container.last_state].into_iter().flatten() {
            if let Some(reason) = state.waiting.as_ref().and_then(|w| w.reason.as_deref()) {
                marks.insert(waits(name, reason));
            }
            if let Some(end) = &state.terminated {
                marks.insert(ended(name, end));
            }
        }
    }
    marks
}

/// Since when an object bears a mark, as far as it says so itself: its own clock, to the second. Of a container that
/// waits, only when it last had another state at all.
pub(super) fn own_time(pod: &Pod, mark: &str) -> Option<Timestamp> {
    let status = pod.status.as_ref()?;
    let conditions = || status.conditions.iter().flatten();
    let changed = |name: &str| conditions().find(|c| c.type_ == name)?.last_transition_time.as_ref().map(|t| t.0);
    let created = pod.metadata.creation_timestamp.as_ref().map(|t| t.0);
    let mut words = mark.split(' ');
    let (kind, container) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let of = || statuses(status).find(|c| c.name == container);
    let ends = |c: &ContainerStatus| {
        let ends = [&c.state, &c.last_state].into_iter().flatten().filter_map(|s| s.terminated.as_ref());
        ends.filter_map(|end| end.finished_at.as_ref()).map(|t| t.0).max()
    };
    match kind {
        THERE => created,
        UNPLACED => changed("PodScheduled"),
        FAILED => statuses(status).filter_map(ends).max().or_else(|| changed("Ready")),
        "ready" => changed("ContainersReady"),
        "ended" => of().and_then(ends),
        _ => [of().and_then(ends), changed("PodScheduled"), created].into_iter().flatten().max(),
    }
}

/// The same of a ReplicaSet.
pub(super) fn own_time_of_set(set: &ReplicaSet) -> Option<Timestamp> {
    let mut conditions = set.status.iter().flat_map(|s| s.conditions.iter().flatten());
    conditions.find(|c| c.type_ == "ReplicaFailure")?.last_transition_time.as_ref().map(|t| t.0)
}

pub(super) fn replica_set(set: &ReplicaSet) -> BTreeSet<String> {
    let conditions = set.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let refused = conditions.filter(|c| c.type_ == "ReplicaFailure" && c.status == "True");
    refused.map(|_| REFUSED.to_owned()).collect()
}
