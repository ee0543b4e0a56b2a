//! The objects that a workload becomes.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::{network, pod, scale, storage};
use crate::workload::Workload;

pub use super::pod::{container_security, pod_security, probes};

/// The label of what is a process of an application: its name.
pub const PART_OF: &str = "app.kubernetes.io/part-of";

/// The objects of one workload and its processes, in the order in which a cluster should see them.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifests(pub Vec<Object>);

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// What the Pods are known as to the API server; it gets no token.
    ServiceAccount(Box<ServiceAccount>),
    /// Who may reach the Pods, and whom they may reach.
    NetworkPolicy(Box<NetworkPolicy>),
    /// Storage that outlives the Pods.
    PersistentVolumeClaim(Box<PersistentVolumeClaim>),
    /// The Pods.
    Deployment(Box<Deployment>),
    /// Their address inside the cluster.
    Service(Box<Service>),
    /// Their address outside it.
    Ingress(Box<Ingress>),
    /// What decides how many there are.
    HorizontalPodAutoscaler(Box<HorizontalPodAutoscaler>),
    /// How many may go at a time.
    PodDisruptionBudget(Box<PodDisruptionBudget>),
}

impl Object {
    /// Its kind and its name.
    pub fn identity(&self) -> (&'static str, &str) {
        let (kind, metadata) = match self {
            Self::ServiceAccount(o) => ("ServiceAccount", &o.metadata),
            Self::NetworkPolicy(o) => ("NetworkPolicy", &o.metadata),
            Self::PersistentVolumeClaim(o) => ("PersistentVolumeClaim", &o.metadata),
            Self::Deployment(o) => ("Deployment", &o.metadata),
            Self::Service(o) => ("Service", &o.metadata),
            Self::Ingress(o) => ("Ingress", &o.metadata),
            Self::HorizontalPodAutoscaler(o) => ("HorizontalPodAutoscaler", &o.metadata),
            Self::PodDisruptionBudget(o) => ("PodDisruptionBudget", &o.metadata),
        };
        (kind, metadata.name.as_deref().unwrap_or_default())
    }

    /// The name of its file, without an ending: its kind, and its own name where there may be several of that.
    pub fn file_stem(&self) -> String {
        let (kind, name) = self.identity();
        let of_process = |of: &ObjectMeta| of.labels.as_ref().is_some_and(|labels| labels.contains_key(PART_OF));
        let is_one_of_several = match self {
            Self::PersistentVolumeClaim(_) => true,
            Self::NetworkPolicy(o) => of_process(&o.metadata),
            Self::Deployment(o) => of_process(&o.metadata),
            _ => false,
        };
        let kind = kind.to_ascii_lowercase();
        if is_one_of_several { format!("{kind}-{name}") } else { kind }
    }
}

impl Manifests {
    /// The objects for `workload`, and for its processes.
    pub fn of(workload: &Workload) -> Self {
        Self(workload.each().iter().flat_map(|one| Self::of_one(one).0).collect())
    }

    /// The objects of one. Without ports it gets no Service; a process shares what is the application's.
    fn of_one(workload: &Workload) -> Self {
        let mut objects = Vec::new();
        let is_process = workload.part_of.is_some();
        if workload.terms.service_account.is_none() && !is_process {
            objects.push(Object::ServiceAccount(Box::new(service_account(workload))));
        }
        objects.extend(network::policy(workload).map(|o| Object::NetworkPolicy(Box::new(o))));
        objects.extend(
            storage::claims(workload).filter(|_| !is_process).map(|o| Object::PersistentVolumeClaim(Box::new(o))),
        );
        objects.push(Object::Deployment(Box::new(pod::deployment(workload))));
        if !workload.ports.is_empty() {
            objects.push(Object::Service(Box::new(network::service(workload))));
        }
        objects.extend(network::ingress(workload).map(|o| Object::Ingress(Box::new(o))));
        objects.extend(scale::autoscaler(workload).map(|o| Object::HorizontalPodAutoscaler(Box::new(o))));
        objects.extend(scale::budget(workload).map(|o| Object::PodDisruptionBudget(Box::new(o))));
        Self(objects)
    }
}

/// What selects the Pods; it may never change, so it holds no version.
pub(super) fn selector(workload: &Workload) -> LabelSelector {
    LabelSelector { match_labels: Some(selector_labels(workload)), ..LabelSelector::default() }
}

/// The same as a Service has it.
pub(super) fn selector_labels(workload: &Workload) -> BTreeMap<String, String> {
    BTreeMap::from([("app.kubernetes.io/name".to_owned(), workload.name.clone())])
}

/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>
pub(super) fn labels(workload: &Workload) -> BTreeMap<String, String> {
    let mut labels = selector_labels(workload);
    labels.insert("app.kubernetes.io/managed-by".to_owned(), "pydeploy".to_owned());
    labels.extend(workload.part_of.clone().map(|name| (PART_OF.to_owned(), name)));
    if let Some(version) = workload.version.as_deref().and_then(label_value) {
        labels.insert("app.kubernetes.io/version".to_owned(), version);
    }
    labels
}

/// A label's value has at most 63 characters and ends with a letter or digit.
fn label_value(text: &str) -> Option<String> {
    let short: String = text.chars().take(63).collect();
    let value = short.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    (!value.is_empty()).then(|| value.to_owned())
}

/// What an object of that name is called.
pub(super) fn metadata(workload: &Workload, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: workload.terms.namespace.clone(),
        labels: Some(labels(workload)),
        ..ObjectMeta::default()
    }
}

fn service_account(workload: &Workload) -> ServiceAccount {
    ServiceAccount {
        metadata: metadata(workload, &workload.name),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
