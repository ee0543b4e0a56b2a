//! The objects that a workload becomes: Deployment, Service, ServiceAccount.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, ExecAction, GRPCAction, HTTPGetAction,
    HTTPHeader, PodSecurityContext, PodSpec, PodTemplateSpec, Probe as KubeProbe, ResourceRequirements, SeccompProfile,
    SecurityContext, Service, ServiceAccount, ServicePort, ServiceSpec, Sysctl, TCPSocketAction, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::image::contract::{Port, Protocol};
use crate::workload::{Handler, Identity, Probe, Probes, Workload};

/// The objects of one workload, in the order in which a cluster should see them.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifests(pub Vec<Object>);

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// What the Pods are known as to the API server; it gets no token.
    ServiceAccount(Box<ServiceAccount>),
    /// The Pods.
    Deployment(Box<Deployment>),
    /// Their address inside the cluster.
    Service(Box<Service>),
}

impl Object {
    /// The name of its file, without an ending.
    pub fn file_stem(&self) -> &'static str {
        match self {
            Self::ServiceAccount(_) => "serviceaccount",
            Self::Deployment(_) => "deployment",
            Self::Service(_) => "service",
        }
    }
}

impl Manifests {
    /// The objects for `workload`. A workload without ports gets no Service.
    pub fn of(workload: &Workload) -> Self {
        let mut objects = vec![
            Object::ServiceAccount(Box::new(service_account(workload))),
            Object::Deployment(Box::new(deployment(workload))),
        ];
        if !workload.ports.is_empty() {
            objects.push(Object::Service(Box::new(service(workload))));
        }
        Self(objects)
    }
}

/// What selects the Pods; it may never change, so it holds no version.
fn selector(workload: &Workload) -> BTreeMap<String, String> {
    BTreeMap::from([("app.kubernetes.io/name".to_owned(), workload.name.clone())])
}

/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>
fn labels(workload: &Workload) -> BTreeMap<String, String> {
    let mut labels = selector(workload);
    labels.insert("app.kubernetes.io/managed-by".to_owned(), "pydeploy".to_owned());
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

fn metadata(workload: &Workload) -> ObjectMeta {
    ObjectMeta {
        name: Some(workload.name.clone()),
        namespace: workload.namespace.clone(),
        labels: Some(labels(workload)),
        ..ObjectMeta::default()
    }
}

fn service_account(workload: &Workload) -> ServiceAccount {
    ServiceAccount {
        metadata: metadata(workload),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

fn service(workload: &Workload) -> Service {
    let is_80 = |p: &Port| p.port == 80 && p.protocol == Protocol::Tcp;
    let taken = workload.ports.iter().skip(1).any(is_80);
    let port = |(i, p): (usize, &Port)| ServicePort {
        name: Some(port_name(i, *p)),
        // The first one is what callers mean by the service's name alone.
        port: if i == 0 && p.protocol == Protocol::Tcp && !taken { 80 } else { i32::from(p.port) },
        protocol: Some(protocol(p.protocol).to_owned()),
        target_port: Some(IntOrString::String(port_name(i, *p))),
        ..ServicePort::default()
    };
    Service {
        metadata: metadata(workload),
        spec: Some(ServiceSpec {
            selector: Some(selector(workload)),
            ports: Some(workload.ports.iter().enumerate().map(port).collect()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn deployment(workload: &Workload) -> Deployment {
    Deployment {
        metadata: metadata(workload),
        spec: Some(DeploymentSpec {
            replicas: Some(workload.replicas),
            selector: LabelSelector { match_labels: Some(selector(workload)), ..LabelSelector::default() },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(labels(workload)), ..ObjectMeta::default() }),
                spec: Some(pod(workload)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn pod(workload: &Workload) -> PodSpec {
    PodSpec {
        service_account_name: Some(workload.name.clone()),
        automount_service_account_token: Some(false),
        // Each Service of the namespace would add variables such as APP_PORT, which settings libraries read.
        enable_service_links: Some(false),
        security_context: Some(pod_security(workload.identity, &workload.ports)),
        containers: vec![container(workload)],
        volumes: Some(vec![Volume {
            name: "tmp".to_owned(),
            empty_dir: Some(EmptyDirVolumeSource::default()),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    }
}

fn container(workload: &Workload) -> Container {
    let port = |(i, p): (usize, &Port)| ContainerPort {
        name: Some(port_name(i, *p)),
        container_port: i32::from(p.port),
        protocol: Some(protocol(p.protocol).to_owned()),
        ..ContainerPort::default()
    };
    let variable = |(name, value): (&String, &String)| EnvVar {
        name: name.clone(),
        value: Some(value.clone()),
        ..EnvVar::default()
    };
    let [startup, readiness, liveness] = probes(workload.probes.as_ref());
    Container {
        name: workload.name.clone(),
        image: Some(workload.image.to_string()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        env: Some(workload.env.iter().map(variable).collect()),
        ports: (!workload.ports.is_empty()).then(|| workload.ports.iter().enumerate().map(port).collect()),
        startup_probe: startup,
        readiness_probe: readiness,
        liveness_probe: liveness,
        resources: Some(resources(workload)),
        security_context: Some(container_security(workload.identity)),
        // Python's tempfile needs one writable folder, and so do uploads and gunicorn.
        volume_mounts: Some(vec![VolumeMount {
            name: "tmp".to_owned(),
            mount_path: "/tmp".to_owned(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

fn resources(workload: &Workload) -> ResourceRequirements {
    let quantities = |all: &BTreeMap<String, String>| {
        let map: BTreeMap<_, _> = all.iter().map(|(k, v)| (k.clone(), Quantity(v.clone()))).collect();
        (!map.is_empty()).then_some(map)
    };
    ResourceRequirements {
        requests: quantities(&workload.resources.requests),
        limits: quantities(&workload.resources.limits),
        ..ResourceRequirements::default()
    }
}

/// The restricted Pod Security Standard: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.
pub fn pod_security(identity: Identity, ports: &[Port]) -> PodSecurityContext {
    let low = ports.iter().any(|p| p.port < 1024);
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(i64::from(identity.uid)),
        run_as_group: Some(i64::from(identity.gid)),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        // containerd before 2.0 lets only root listen on these; the standard allows this sysctl.
        sysctls: low
            .then(|| vec![Sysctl { name: "net.ipv4.ip_unprivileged_port_start".to_owned(), value: "0".to_owned() }]),
        ..PodSecurityContext::default()
    }
}

/// The container's part of the same standard, and a root file system that nothing can write to.
pub fn container_security(identity: Identity) -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        privileged: Some(false),
        read_only_root_filesystem: Some(true),
        run_as_non_root: Some(true),
        run_as_user: Some(i64::from(identity.uid)),
        run_as_group: Some(i64::from(identity.gid)),
        ..SecurityContext::default()
    }
}

/// The three probes as Kubernetes has them: startup, readiness, liveness.
pub fn probes(probes: Option<&Probes>) -> [Option<KubeProbe>; 3] {
    let each = |pick: fn(&Probes) -> &Probe| probes.map(pick).map(probe);
    [each(|p| &p.startup), each(|p| &p.readiness), each(|p| &p.liveness)]
}

fn probe(probe: &Probe) -> KubeProbe {
    let mut kube = KubeProbe {
        period_seconds: Some(probe.period),
        timeout_seconds: Some(probe.timeout),
        failure_threshold: Some(probe.failures),
        ..KubeProbe::default()
    };
    // No handler names a host: the baseline Pod Security Standard refuses any since 1.34.
    match &probe.handler {
        Handler::Exec(command) => kube.exec = Some(ExecAction { command: Some(command.clone()) }),
        Handler::HttpGet { port, path, headers } => {
            let header = |(name, value): &(String, String)| HTTPHeader { name: name.clone(), value: value.clone() };
            kube.http_get = Some(HTTPGetAction {
                port: IntOrString::Int(i32::from(*port)),
                path: Some(path.clone()),
                http_headers: (!headers.is_empty()).then(|| headers.iter().map(header).collect()),
                ..HTTPGetAction::default()
            });
        }
        Handler::TcpSocket { port } => {
            kube.tcp_socket = Some(TCPSocketAction { port: IntOrString::Int(i32::from(*port)), host: None });
        }
        Handler::Grpc { port, service } => {
            kube.grpc = Some(GRPCAction { port: i32::from(*port), service: service.clone() });
        }
    }
    kube
}

fn port_name(index: usize, port: Port) -> String {
    match (index, port.protocol) {
        (0, Protocol::Tcp) => "http".to_owned(),
        _ => format!("{}-{}", protocol(port.protocol).to_ascii_lowercase(), port.port),
    }
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    }
}
