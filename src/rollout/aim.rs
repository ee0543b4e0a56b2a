//! The aim of a rollout: what was applied, and which Pods are of it.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};

use super::observed::{Marked, Observed};

/// The label by which ReplicaSets tell their Pods apart.
const HASH: &str = "pod-template-hash";
/// Which rollout of its Deployment a ReplicaSet is.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// What was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Aim {
    /// The Deployment's uid: one of the same name may take its place.
    pub uid: String,
    /// Its generation as applied: a status of an earlier one tells of an earlier rollout.
    pub generation: i64,
    /// The Pods that are wanted, as the API server gave the template back.
    pub template: PodTemplateSpec,
    /// When it was applied, by our clock.
    pub begun: Timestamp,
}

impl Aim {
    /// The aim of a Deployment as the API server gave it back when it was applied, or as it is found.
    pub fn of(applied: &Deployment, begun: Timestamp) -> Self {
        Self {
            uid: applied.metadata.uid.clone().unwrap_or_default(),
            generation: applied.metadata.generation.unwrap_or_default(),
            template: applied.spec.as_ref().map(|s| s.template.clone()).unwrap_or_default(),
            begun,
        }
    }

    /// What was changed by others meanwhile, in a line each.
    pub fn notes(&self, observed: &Observed) -> Vec<String> {
        let Some(deployment) = observed.deployment() else { return Vec::new() };
        let Some(spec) = &deployment.spec else { return Vec::new() };
        let mut notes = Vec::new();
        if spec.template != self.template {
            let who = manager(deployment).map(|m| format!("{m:?}")).unwrap_or_else(|| "another manager".to_owned());
            let (ours, theirs) = (images(&self.template), images(&spec.template));
            notes.push(if ours == theirs {
                format!("{who} changed the Pod template after it was applied; the rollout is the changed one's")
            } else {
                format!("{who} changed the image from {ours} to {theirs} after it was applied; the rollout is the changed one's")
            });
        }
        if spec.paused == Some(true) {
            notes.push(format!("the Deployment is paused: kubectl rollout resume deployment/{}", observed.name()));
        }
        notes
    }

    /// The ReplicaSet of the rollout: the one of the template that the Deployment has now.
    pub(super) fn replica_set<'o>(&self, observed: &'o Observed) -> Option<&'o Marked<ReplicaSet>> {
        let deployment = observed.deployment()?;
        let template = &deployment.spec.as_ref()?.template;
        let ours = |set: &&Marked<ReplicaSet>| owner(&set.object.metadata.owner_references) == deployment.metadata.uid;
        let same = |set: &&Marked<ReplicaSet>| {
            set.object.spec.as_ref().and_then(|s| s.template.as_ref()).is_some_and(|t| without_hash(t) == *template)
        };
        // Several are alike where a server's new version has other defaults: the oldest is the one that is used.
        let by_template = observed.replica_sets.values().filter(ours).filter(same);
        let oldest = by_template.min_by_key(|s| (s.object.metadata.creation_timestamp.clone(), name(&s.object)));
        oldest.or_else(|| {
            let status = deployment.status.as_ref()?;
            let current = status.observed_generation >= deployment.metadata.generation;
            let revision = current.then(|| deployment.metadata.annotations.as_ref()?.get(REVISION)).flatten()?;
            let of = |set: &&Marked<ReplicaSet>| {
                set.object.metadata.annotations.as_ref().and_then(|a| a.get(REVISION)) == Some(revision)
            };
            observed.replica_sets.values().filter(ours).find(of)
        })
    }

    /// The rollout's Pods, but for those that are told to end.
    pub(super) fn pods<'o>(&self, observed: &'o Observed) -> Vec<&'o Marked<Pod>> {
        let Some(set) = self.replica_set(observed) else { return Vec::new() };
        let Some(uid) = &set.object.metadata.uid else { return Vec::new() };
        let ours = |pod: &&Marked<Pod>| {
            pod.object.metadata.deletion_timestamp.is_none()
                && owner(&pod.object.metadata.owner_references).as_ref() == Some(uid)
        };
        let mut pods: Vec<_> = observed.pods.values().filter(ours).collect();
        pods.sort_by(|a, b| a.object.metadata.name.cmp(&b.object.metadata.name));
        pods
    }

    /// Whether Pods are ending that will leave their place to others.
    pub(super) fn makes_room(observed: &Observed) -> bool {
        observed.pods.values().any(|pod| pod.object.metadata.deletion_timestamp.is_some())
    }
}

fn name(set: &ReplicaSet) -> String {
    set.metadata.name.clone().unwrap_or_default()
}

fn owner(references: &Option<Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference>>) -> Option<String> {
    references.iter().flatten().find(|o| o.controller == Some(true)).map(|o| o.uid.clone())
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|m| m.labels.as_mut()) {
        labels.remove(HASH);
    }
    template
}

fn images(template: &PodTemplateSpec) -> String {
    let containers = template.spec.iter().flat_map(|s| &s.containers);
    containers.map(|c| c.image.clone().unwrap_or_default()).collect::<Vec<_>>().join(", ")
}

/// Who wrote to the Deployment's spec last.
fn manager(deployment: &Deployment) -> Option<&str> {
    let fields = deployment.metadata.managed_fields.iter().flatten();
    let spec = fields.filter(|f| f.subresource.as_deref().unwrap_or_default().is_empty());
    let of_template = spec.filter(|f| {
        let fields = f.fields_v1.as_ref().map(|f| &f.0);
        fields.and_then(|f| f.get("f:spec")).is_some_and(|s| s.get("f:template").is_some())
    });
    of_template.max_by_key(|f| f.time.clone())?.manager.as_deref()
}
