//! A history: the revisions of a Deployment that can still be gone back to.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::generation::{REVISION, owner, without_hash};
use crate::plain;

/// What `kubectl annotate` and others note down as a revision's reason:
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#change-cause>.
const CAUSE: &str = "kubernetes.io/change-cause";

/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#app-kubernetes-io-version>.
const VERSION: &str = "app.kubernetes.io/version";

/// One of a Deployment's rollouts, by its ReplicaSet.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number; the highest is the newest.
    pub number: u64,
    /// The ReplicaSet's name.
    pub set: String,
    /// What it calls itself, by the label `app.kubernetes.io/version` of its Pods.
    pub version: Option<String>,
    /// The images of its containers.
    pub images: Vec<String>,
    /// When its ReplicaSet was first made: a revision that was gone back to keeps its old one.
    pub created: Option<Timestamp>,
    /// What was noted down as its reason.
    pub reason: Option<String>,
    /// Its Pods.
    pub pods: i32,
    /// Of these, those that are ready.
    pub ready: i32,
    /// Whether it is what the Deployment asks for now.
    pub is_current: bool,
}

/// The revisions, the newest first. ReplicaSets of others, and those without a number yet, are none.
pub fn history<'s>(deployment: &Deployment, sets: impl IntoIterator<Item = &'s ReplicaSet>) -> Vec<Revision> {
    let mut revisions: Vec<Revision> = sets
        .into_iter()
        .filter(|set| owner(&set.metadata) == deployment.metadata.uid)
        .filter_map(|set| revision(deployment, set))
        .collect();
    revisions.sort_by(|a, b| b.number.cmp(&a.number).then_with(|| a.set.cmp(&b.set)));
    // Of several that are alike the controller uses the oldest.
    let current = revisions.iter().filter(|r| r.is_current).min_by_key(|r| (r.created, r.set.clone()));
    let current = current.map(|r| r.set.clone());
    for revision in &mut revisions {
        revision.is_current = Some(&revision.set) == current.as_ref();
    }
    revisions
}

fn revision(deployment: &Deployment, set: &ReplicaSet) -> Option<Revision> {
    let annotation = |name: &str| set.metadata.annotations.as_ref().and_then(|a| a.get(name));
    let template = set.spec.as_ref()?.template.as_ref()?;
    let status = set.status.as_ref();
    Some(Revision {
        number: annotation(REVISION)?.parse().ok()?,
        set: set.metadata.name.clone().unwrap_or_default(),
        version: template.metadata.as_ref().and_then(|m| m.labels.as_ref()?.get(VERSION).cloned()),
        images: images(template),
        created: set.metadata.creation_timestamp.as_ref().map(|t| t.0),
        reason: annotation(CAUSE).map(|text| plain::text(text).split_whitespace().collect::<Vec<_>>().join(" ")),
        pods: status.map_or(0, |s| s.replicas),
        ready: status.and_then(|s| s.ready_replicas).unwrap_or(0),
        is_current: deployment.spec.as_ref().is_some_and(|s| s.template == without_hash(template)),
    })
}

fn images(template: &PodTemplateSpec) -> Vec<String> {
    let containers = template.spec.iter().flat_map(|s| &s.containers);
    containers.map(|c| plain::text(c.image.as_deref().unwrap_or_default())).collect()
}
