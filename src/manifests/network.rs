//! The network: the objects that say where requests come from and go to.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, IPBlock, Ingress, IngressBackend, IngressRule, IngressServiceBackend,
    IngressSpec, IngressTLS, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec, ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::objects::{metadata, selector, selector_labels};
use crate::image::contract::{Port, Protocol};
use crate::workload::Workload;
use crate::workload::deploy::{LabelKey, LabelValue, Peer, Reach};

/// The address of the Pods inside the cluster.
pub(super) fn service(workload: &Workload) -> Service {
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
        metadata: metadata(workload, &workload.name),
        spec: Some(ServiceSpec {
            selector: Some(selector_labels(workload)),
            ports: Some(workload.ports.iter().enumerate().map(port).collect()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The way in from outside: to the first TCP port. `None` without one, too.
pub(super) fn ingress(workload: &Workload) -> Option<Ingress> {
    let stated = workload.terms.ingress.as_ref()?;
    let (index, port) = workload.ports.iter().enumerate().find(|(_, p)| p.protocol == Protocol::Tcp)?;
    let host = stated.host.as_str().to_owned();
    let port = ServiceBackendPort { name: Some(port_name(index, *port)), number: None };
    let service = IngressServiceBackend { name: workload.name.clone(), port: Some(port) };
    let path = HTTPIngressPath {
        backend: IngressBackend { service: Some(service), resource: None },
        path: Some(stated.path.as_str().to_owned()),
        path_type: "Prefix".to_owned(),
    };
    let annotations: BTreeMap<_, _> = stated.annotations.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
    let mut metadata = metadata(workload, &workload.name);
    metadata.annotations = (!annotations.is_empty()).then_some(annotations);
    let tls = stated
        .tls_secret
        .as_ref()
        .map(|secret| vec![IngressTLS { hosts: Some(vec![host.clone()]), secret_name: Some(secret.to_string()) }]);
    Some(Ingress {
        metadata,
        spec: Some(IngressSpec {
            ingress_class_name: stated.class.as_ref().map(ToString::to_string),
            rules: Some(vec![IngressRule { host: Some(host), http: Some(HTTPIngressRuleValue { paths: vec![path] }) }]),
            tls,
            default_backend: None,
        }),
        ..Ingress::default()
    })
}

/// Who may reach the image's ports, and whom its Pods may reach. Both directions are always named, so that nobody has
/// to know what a missing one means.
pub(super) fn policy(workload: &Workload) -> Option<NetworkPolicy> {
    let stated = workload.terms.network_policy.as_ref()?;
    let port = |p: &Port| policy_port(p.protocol, p.port);
    let peers = |all: &[Peer]| (!all.is_empty()).then(|| all.iter().map(peer).collect());
    let ingress =
        NetworkPolicyIngressRule { from: peers(&stated.from), ports: Some(workload.ports.iter().map(port).collect()) };
    let egress = if stated.to.is_empty() {
        vec![NetworkPolicyEgressRule::default()]
    } else {
        std::iter::once(name_servers()).chain(stated.to.iter().map(reach)).collect()
    };
    Some(NetworkPolicy {
        metadata: metadata(workload, &workload.name),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(selector(workload)),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: (!workload.ports.is_empty()).then(|| vec![ingress]),
            egress: Some(egress),
        }),
    })
}

/// Without names nothing else is found either.
fn name_servers() -> NetworkPolicyEgressRule {
    let ports = vec![policy_port(Protocol::Udp, 53), policy_port(Protocol::Tcp, 53)];
    NetworkPolicyEgressRule { ports: Some(ports), to: None }
}

fn reach(reach: &Reach) -> NetworkPolicyEgressRule {
    let ports: Vec<_> = reach.ports.iter().map(|p| policy_port(Protocol::Tcp, *p)).collect();
    NetworkPolicyEgressRule { ports: (!ports.is_empty()).then_some(ports), to: Some(vec![peer(&reach.peer)]) }
}

fn policy_port(over: Protocol, port: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(i32::from(port))),
        protocol: Some(protocol(over).to_owned()),
        end_port: None,
    }
}

fn peer(peer: &Peer) -> NetworkPolicyPeer {
    let labels = |all: &BTreeMap<LabelKey, LabelValue>| {
        let labels: BTreeMap<_, _> = all.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        (!labels.is_empty()).then(|| LabelSelector { match_labels: Some(labels), ..LabelSelector::default() })
    };
    match peer {
        Peer::Cidr(cidr) => NetworkPolicyPeer {
            ip_block: Some(IPBlock { cidr: cidr.as_str().to_owned(), except: None }),
            ..NetworkPolicyPeer::default()
        },
        Peer::Pods { namespace_labels, pod_labels } => NetworkPolicyPeer {
            namespace_selector: labels(namespace_labels),
            pod_selector: labels(pod_labels),
            ip_block: None,
        },
    }
}

/// What a port is called, in the container and in the Service.
pub(super) fn port_name(index: usize, port: Port) -> String {
    match (index, port.protocol) {
        (0, Protocol::Tcp) => "http".to_owned(),
        _ => format!("{}-{}", protocol(port.protocol).to_ascii_lowercase(), port.port),
    }
}

/// What a protocol is called.
pub(super) fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    }
}
