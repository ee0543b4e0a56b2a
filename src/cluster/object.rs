//! An object as an API server takes it: whatever its kind, with its place.

use std::fmt;

use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use serde_json::Value;

use super::connect::Cluster;
use crate::manifests::{Manifests, yaml};

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Its kind.
    pub kind: String,
    /// Its name; empty where all of the kind are meant.
    pub name: String,
    /// Its namespace, where its kind has one.
    pub namespace: Option<String>,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.as_str(), &self.namespace) {
            ("", Some(namespace)) => write!(f, "{} objects in namespace {namespace}", self.kind),
            ("", None) => write!(f, "{} objects", self.kind),
            (name, Some(namespace)) => write!(f, "{} {name} in namespace {namespace}", self.kind),
            (name, None) => write!(f, "{} {name}", self.kind),
        }
    }
}

/// A kind that pydeploy emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
}

const fn kind(name: &'static str, group: &'static str, version: &'static str, plural: &'static str) -> Kind {
    Kind { name, group, version, plural }
}

/// The kinds that pydeploy emits, in the order in which a cluster should see their objects: what a Pod needs to start
/// before the Pods, what points at them after.
pub(super) const KINDS: &[Kind] = &[
    kind("ServiceAccount", "", "v1", "serviceaccounts"),
    kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies"),
    kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims"),
    kind("Service", "", "v1", "services"),
    kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets"),
    DEPLOYMENT,
    kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers"),
    kind("Ingress", "networking.k8s.io", "v1", "ingresses"),
];

pub(super) const DEPLOYMENT: Kind = kind("Deployment", "apps", "v1", "deployments");
pub(super) const REPLICA_SET: Kind = kind("ReplicaSet", "apps", "v1", "replicasets");
pub(super) const NAMESPACE: Kind = kind("Namespace", "", "v1", "namespaces");

impl Kind {
    pub(super) fn resource(self) -> ApiResource {
        let kind = GroupVersionKind::gvk(self.group, self.version, self.name);
        ApiResource::from_gvk_with_plural(&kind, self.plural)
    }

    pub(super) fn api(self, cluster: &Cluster) -> Api<DynamicObject> {
        Api::namespaced_with(cluster.client.clone(), &cluster.namespace, &self.resource())
    }
}

/// An object that is to be in the cluster as it is here.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which it is.
    pub identity: Identity,
    pub(super) kind: Kind,
    pub(super) value: Value,
}

impl Target {
    /// The objects of manifests, in the order in which they are applied, all in one namespace.
    pub fn all(manifests: &Manifests, namespace: &str) -> Result<Vec<Self>, serde_json::Error> {
        let mut targets = Vec::new();
        for object in &manifests.0 {
            let (name, of) = object.identity();
            let Some((rank, kind)) = KINDS.iter().enumerate().find(|(_, k)| k.name == name) else { continue };
            let mut value = yaml::value(object)?;
            if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert("namespace".to_owned(), Value::from(namespace));
            }
            let identity = Identity { kind: name.into(), name: of.into(), namespace: Some(namespace.into()) };
            targets.push((rank, Self { identity, kind: *kind, value }));
        }
        targets.sort_by_key(|(rank, _)| *rank);
        Ok(targets.into_iter().map(|(_, target)| target).collect())
    }

    /// What it holds.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The namespace itself.
    pub(super) fn namespace(name: &str) -> Self {
        let identity = Identity { kind: NAMESPACE.name.into(), name: name.into(), namespace: None };
        let value = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        Self { identity, kind: NAMESPACE, value }
    }

    pub(super) fn api(&self, cluster: &Cluster) -> Api<DynamicObject> {
        match self.identity.namespace {
            Some(_) => self.kind.api(cluster),
            None => Api::all_with(cluster.client.clone(), &self.kind.resource()),
        }
    }
}
