//! A generation of Pods: the ReplicaSet of the Deployment's template, with its Pods.

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::observed::{Marked, Observed};

/// The label by which ReplicaSets tell their Pods apart.
const HASH: &str = "pod-template-hash";
/// Which rollout of its Deployment a ReplicaSet is.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// The ReplicaSet of the rollout: the one of the template that the Deployment has now.
pub(super) fn replica_set(observed: &Observed) -> Option<&Marked<ReplicaSet>> {
    let deployment = observed.deployment()?;
    let template = &deployment.spec.as_ref()?.template;
    let ours = |set: &&Marked<ReplicaSet>| owner(&set.object.metadata) == deployment.metadata.uid;
    let same = |set: &&Marked<ReplicaSet>| {
        set.object.spec.as_ref().and_then(|s| s.template.as_ref()).is_some_and(|t| without_hash(t) == *template)
    };
    // Several are alike where a server's new version has other defaults: the oldest is the one that is used.
    let by_template = observed.replica_sets.values().filter(ours).filter(same);
    let oldest = by_template.min_by_key(|s| (s.object.metadata.creation_timestamp.clone(), name(&s.object)));
    oldest.or_else(|| {
        // The controller counts Pods as updated and we find no template that is the same: it has its own way to say
        // which ReplicaSet it means. A paused Deployment has none for its new template, and counts none.
        let status = deployment.status.as_ref().filter(|s| s.updated_replicas.unwrap_or(0) > 0)?;
        let current = status.observed_generation >= deployment.metadata.generation;
        let revision = current.then(|| deployment.metadata.annotations.as_ref()?.get(REVISION)).flatten()?;
        let of = |set: &&Marked<ReplicaSet>| {
            set.object.metadata.annotations.as_ref().and_then(|a| a.get(REVISION)) == Some(revision)
        };
        observed.replica_sets.values().filter(ours).find(of)
    })
}

/// The rollout's Pods, but for those that are told to end.
pub(super) fn pods(observed: &Observed) -> Vec<&Marked<Pod>> {
    let Some(set) = replica_set(observed) else { return Vec::new() };
    let Some(uid) = &set.object.metadata.uid else { return Vec::new() };
    let ours = |pod: &&Marked<Pod>| {
        pod.object.metadata.deletion_timestamp.is_none() && owner(&pod.object.metadata).as_ref() == Some(uid)
    };
    let mut pods: Vec<_> = observed.pods.values().filter(ours).collect();
    pods.sort_by(|a, b| a.object.metadata.name.cmp(&b.object.metadata.name));
    pods
}

/// Whether Pods are ending that will leave their place to others.
pub(super) fn makes_room(observed: &Observed) -> bool {
    observed.pods.values().any(|pod| pod.object.metadata.deletion_timestamp.is_some())
}

fn name(set: &ReplicaSet) -> String {
    set.metadata.name.clone().unwrap_or_default()
}

pub(super) fn owner(metadata: &ObjectMeta) -> Option<String> {
    metadata.owner_references.iter().flatten().find(|o| o.controller == Some(true)).map(|o| o.uid.clone())
}

pub(super) fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|m| m.labels.as_mut()) {
        labels.remove(HASH);
    }
    template
}
