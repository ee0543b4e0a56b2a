//! A running workload: what an audit keeps of an object that makes Pods.

use k8s_openapi::api::core::v1::{Affinity, Container, PodSpec};

use crate::manifests::against::Pods;

/// The kinds that are audited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Of apps/v1.
    Deployment,
    /// Of apps/v1.
    StatefulSet,
    /// Of apps/v1.
    DaemonSet,
    /// Of batch/v1.
    CronJob,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::CronJob];

    /// Its name, as manifests have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
        }
    }
}

/// An object that makes Pods, as far as an audit needs it: of a cluster with thousands, nothing else is kept.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The service account that its Pods have.
    pub account: String,
    /// The pull secrets that its Pods name themselves, in their order.
    pub secrets: Vec<String>,
    pods: Pods,
}

impl Running {
    /// What is needed of an object; none where it makes no Pods that could be audited.
    pub fn new(kind: Kind, namespace: String, name: String, spec: PodSpec) -> Option<Self> {
        let account = spec.service_account_name.clone().filter(|a| !a.is_empty());
        let secrets = spec.image_pull_secrets.iter().flatten().map(|s| s.name.clone()).filter(|n| !n.is_empty());
        let secrets = secrets.collect();
        let pods = Pods::of(kind.name(), &name, Some(namespace.clone()), needed(spec))?;
        let account = account.unwrap_or_else(|| "default".to_owned());
        Some(Self { kind, namespace, name, account, secrets, pods })
    }

    /// Its Pods, to be compared.
    pub fn pods(&self) -> &Pods {
        &self.pods
    }

    /// The images that it runs, as they are written.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.pods.spec().containers.iter().filter_map(|c| c.image.as_deref())
    }
}

/// A spec without what no comparison looks at: variables, volumes and the rest are most of it.
fn needed(spec: PodSpec) -> PodSpec {
    let affinity = spec
        .affinity
        .and_then(|a| a.node_affinity)
        .map(|node_affinity| Affinity { node_affinity: Some(node_affinity), ..Affinity::default() });
    PodSpec {
        containers: spec.containers.into_iter().map(container).collect(),
        security_context: spec.security_context,
        node_selector: spec.node_selector,
        node_name: spec.node_name,
        tolerations: spec.tolerations,
        affinity,
        ..PodSpec::default()
    }
}

fn container(container: Container) -> Container {
    Container {
        name: container.name,
        image: container.image,
        command: container.command,
        args: container.args,
        ports: container.ports,
        lifecycle: container.lifecycle,
        startup_probe: container.startup_probe,
        readiness_probe: container.readiness_probe,
        liveness_probe: container.liveness_probe,
        security_context: container.security_context,
        ..Container::default()
    }
}
