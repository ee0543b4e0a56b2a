//! A probe as Kubernetes has it.

use k8s_openapi::api::core::v1::{
    ExecAction, GRPCAction, HTTPGetAction, HTTPHeader, Probe as KubeProbe, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::workload::{Handler, Probe, Probes};

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
