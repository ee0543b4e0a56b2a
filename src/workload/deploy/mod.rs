//! A deploy: what an operator decides about a workload, beside what the image says.

mod check;
mod env;
mod everywhere;
mod name;
mod network;
mod scale;
mod volume;

pub use env::{EnvFrom, EnvValue, KeyOf};
pub use everywhere::Everywhere;
pub use name::{DataKey, Label, LabelKey, LabelValue, ObjectName, Percent, Quantity, VariableName, WrongName};
pub use network::{Cidr, Host, Ingress, NetworkPolicy, Peer, Reach, UrlPath, WrongAddress};
pub use scale::{Autoscaler, Budget, Count};
pub use volume::{AccessMode, MountPath, Source, Volume, WrongPath};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::process::ProcessTerms;

/// Kubernetes quantities by resource name (`cpu`, `memory`, `ephemeral-storage`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Resources {
    /// What is set aside.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, Quantity>,
    /// What it may not go over.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Quantity>,
}

/// What an operator decides, with the name that the objects get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    /// The name of the objects, a DNS label.
    pub name: String,
    /// All the rest.
    pub terms: Terms,
}

/// The terms on which a workload is deployed. What is empty or `None` is not emitted at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// Where it goes; where none is stated, wherever the client is pointed at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), length(max = 63))]
    pub namespace: Option<String>,
    /// How many, where no autoscaler decides.
    #[schemars(range(min = 0))]
    pub replicas: i32,
    /// What it asks for and may use at most.
    pub resources: Resources,
    /// How large /tmp may grow. It is the one folder that can be written to without a volume.
    pub tmp_size: Quantity,
    /// Variables beside those of the image.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<VariableName, EnvValue>,
    /// Secrets and config maps all of whose keys become variables; of one name, the last wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<EnvFrom>,
    /// Volumes by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<Label, Volume>,
    /// How requests from outside the cluster reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Ingress>,
    /// What decides how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autoscaler: Option<Autoscaler>,
    /// How many a drained node may take away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disruption_budget: Option<Budget>,
    /// Who may reach it, and whom it may reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_policy: Option<NetworkPolicy>,
    /// Node labels over whose values the Pods are spread.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topology_spread: Vec<LabelKey>,
    /// Secrets with the registry's credentials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<ObjectName>,
    /// For how many seconds a Pod goes on serving once it is told to stop: so long may load balancers and proxies take
    /// to notice, and what they still send would otherwise meet a closed port. It takes Kubernetes 1.30.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub drain: Option<u32>,
    /// The service account to run as; where none is stated, one is made that may do nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ObjectName>,
    /// Annotations of the Pods.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<LabelKey, String>,
    /// Labels of the Pods, beside those that are on every object.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// What is stated of the image's processes, by name. They have it as values of their own.
    #[serde(skip)]
    pub processes: BTreeMap<String, ProcessTerms>,
}

impl Default for Terms {
    /// What holds where nothing is stated. Without limits on storage, one Pod's files can fill its node's disk, and
    /// the kubelet then evicts others.
    fn default() -> Self {
        let quantities = |all: &[(&str, Quantity)]| all.iter().map(|(k, q)| ((*k).to_owned(), q.clone())).collect();
        Self {
            namespace: None,
            replicas: 1,
            resources: Resources {
                requests: quantities(&[
                    ("cpu", Quantity::literal("100m")),
                    ("ephemeral-storage", Quantity::literal("64Mi")),
                    ("memory", Quantity::literal("128Mi")),
                ]),
                limits: quantities(&[
                    ("ephemeral-storage", Quantity::literal("1Gi")),
                    ("memory", Quantity::literal("512Mi")),
                ]),
            },
            tmp_size: Quantity::literal("512Mi"),
            env: BTreeMap::new(),
            env_from: Vec::new(),
            volumes: BTreeMap::new(),
            ingress: None,
            autoscaler: None,
            disruption_budget: None,
            network_policy: None,
            topology_spread: Vec::new(),
            image_pull_secrets: Vec::new(),
            drain: None,
            service_account: None,
            annotations: BTreeMap::new(),
            labels: BTreeMap::new(),
            processes: BTreeMap::new(),
        }
    }
}

impl Terms {
    /// The variables whose values stand here, as `NAME=value`.
    pub fn plain_env(&self) -> Vec<String> {
        let plain = self.env.iter().filter_map(|(name, value)| match value {
            EnvValue::Value(value) => Some(format!("{name}={value}")),
            EnvValue::Secret(_) | EnvValue::ConfigMap(_) => None,
        });
        plain.collect()
    }

    /// These as a container is given them: a read-only root keeps no bytecode.
    #[must_use]
    pub fn as_run(self) -> Self {
        self.with_variable("PYTHONDONTWRITEBYTECODE", "1")
    }

    /// These, with a variable that holds unless another value of it is stated.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        if let Ok(name) = name.parse() {
            self.env.entry(name).or_insert_with(|| EnvValue::Value(value.to_owned()));
        }
        self
    }

    /// Whether files outlive the Pod: they must then belong to a group that the next one has as well.
    pub fn is_persistent(&self) -> bool {
        self.volumes.values().any(|v| matches!(v.source, Source::Claim(_) | Source::New { .. }))
    }

    /// Whether a claim that is made for it can be mounted on one node only, so that a new Pod on another node would wait
    /// for the old one to go while the rollout waits for the new one.
    pub fn is_tied_to_a_node(&self) -> bool {
        let tied = |v: &Volume| matches!(&v.source, Source::New { access_mode, .. } if access_mode.is_single());
        self.volumes.values().any(tied)
    }

    /// The least number of Pods that are meant to run.
    pub fn least(&self) -> i32 {
        self.autoscaler.as_ref().map_or(self.replicas, |a| a.min)
    }

    /// The greatest number of Pods that are meant to run.
    pub fn most(&self) -> i32 {
        self.autoscaler.as_ref().map_or(self.replicas, |a| a.max)
    }
}
