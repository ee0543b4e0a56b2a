//! The ports: whether a manifest sends requests to where the image listens.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::read::Pods;
use super::{Promise, Subject};
use crate::image::contract::Protocol;
use crate::workload::finding::{self, Finding};

pub(super) fn compare(subject: &Subject<'_>, promise: &Promise, findings: &mut Vec<Finding>) {
    // An image that states no port at all states nothing that could be contradicted.
    if promise.ports.is_empty() {
        return;
    }
    let stated = subject.container.ports.as_deref().unwrap_or_default();
    for (i, port) in stated.iter().enumerate() {
        if !is_exposed(promise, port.container_port, port.protocol.as_deref()) {
            let message = format!("containerPort {} is not one that the image exposes", port.container_port);
            let place = subject.at(&format!("ports[{i}].containerPort"));
            findings.push(Finding::of(&finding::PORT_UNKNOWN, message).in_field(place));
        }
    }
    for port in &promise.ports {
        let is_it = |p: &&k8s_openapi::api::core::v1::ContainerPort| {
            p.container_port == i32::from(port.port) && protocol(p.protocol.as_deref()) == port.protocol
        };
        if stated.iter().find(is_it).is_none() {
            let message = format!("the image exposes port {}, and the manifest does not mention it", port.port);
            findings.push(Finding::of(&finding::PORT_MISSING, message).in_field(subject.at("ports")));
        }
    }
}

/// Whether each Service that selects these Pods reaches a port of theirs.
pub(super) fn services(pods: &Pods, services: &[(String, Service)], promise: &Promise, findings: &mut Vec<Finding>) {
    let is_ours = |service: &Service| {
        let selector = service.spec.as_ref().and_then(|s| s.selector.as_ref());
        selector.is_some_and(|s| !s.is_empty() && s.iter().all(|(k, v)| pods.labels.get(k) == Some(v)))
            && (service.metadata.namespace.is_none()
                || pods.namespace.is_none()
                || service.metadata.namespace == pods.namespace)
    };
    let ports: Vec<_> = pods.spec.containers.iter().flat_map(|c| c.ports.iter().flatten()).collect();
    for (document, service) in services.iter().filter(|(_, s)| is_ours(s)) {
        let stated = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
        for (i, port) in stated.enumerate() {
            let reaches = match &port.target_port {
                Some(IntOrString::String(name)) => ports.iter().any(|p| p.name.as_deref() == Some(name)),
                Some(IntOrString::Int(number)) => lands(promise, &ports, *number, port.protocol.as_deref()),
                None => lands(promise, &ports, port.port, port.protocol.as_deref()),
            };
            if !reaches {
                let target = match &port.target_port {
                    Some(IntOrString::String(name)) => format!("the port {name:?}"),
                    Some(IntOrString::Int(number)) => format!("port {number}"),
                    None => format!("port {}", port.port),
                };
                let message = format!("{document} sends requests to {target}, where nothing listens");
                let place = format!("{document} spec.ports[{i}].targetPort");
                findings.push(Finding::of(&finding::SERVICE_PORT, message).in_field(place));
            }
        }
    }
}

/// Whether something listens there: the image, or another container of the Pod that says so.
fn lands(
    promise: &Promise,
    ports: &[&k8s_openapi::api::core::v1::ContainerPort],
    number: i32,
    stated: Option<&str>,
) -> bool {
    promise.ports.is_empty()
        || is_exposed(promise, number, stated)
        || ports.iter().any(|p| p.container_port == number && protocol(p.protocol.as_deref()) == protocol(stated))
}

fn is_exposed(promise: &Promise, number: i32, stated: Option<&str>) -> bool {
    promise.ports.iter().any(|p| i32::from(p.port) == number && p.protocol == protocol(stated))
}

fn protocol(stated: Option<&str>) -> Protocol {
    match stated {
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        _ => Protocol::Tcp,
    }
}
