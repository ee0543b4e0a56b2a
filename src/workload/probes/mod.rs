//! Probes: a HEALTHCHECK, as what a kubelet will really do.

mod check;
mod choice;
mod client;
mod faults;
mod listen;
mod outcome;
mod shell;
mod subject;
mod timing;
mod url;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod simulation;

pub use check::programs;
pub use subject::{Assertions, Base, Environment, Listens, Prefer, Presence, Programs, Redirects, Subject, Value};

use schemars::JsonSchema;
use serde::Serialize;

use super::finding::{self, Finding, Severity};
use check::Check;

/// What a kubelet does to ask for health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Handler {
    /// It runs a command in the container, with `$` doubled: a kubelet expands `$(NAME)` in it. 0 is well.
    Exec(Vec<String>),
    /// It sends a GET to the Pod's address; 200 to 399 is well.
    HttpGet {
        /// The port.
        port: u16,
        /// The path, with its query.
        path: String,
        /// Header fields, name and value; `Host` would otherwise be the Pod's address.
        headers: Vec<(String, String)>,
    },
    /// It opens a connection to the Pod's address.
    TcpSocket {
        /// The port.
        port: u16,
    },
    /// It asks the gRPC health service at the Pod's address, without TLS.
    Grpc {
        /// The port.
        port: u16,
        /// The service to ask about; the whole server where none is stated.
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
}

/// One probe. Times are whole seconds, as Kubernetes has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Probe {
    /// What it does.
    pub handler: Handler,
    /// From the start of one to the start of the next.
    pub period: i32,
    /// For one.
    pub timeout: i32,
    /// Failures in a row that count.
    pub failures: i32,
}

/// The three probes of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Probes {
    /// Until it succeeds, the others wait.
    pub startup: Probe,
    /// While it fails, no requests come.
    pub readiness: Probe,
    /// Once it fails, the container is started anew.
    pub liveness: Probe,
    /// Why this handler, and why not a lighter one: `exec: curl without -f calls an error page well`.
    #[serde(skip)]
    pub because: String,
}

/// The probes for an image's health check; `None` where it has none, or none that could be kept.
pub fn compile(subject: &Subject<'_>, findings: &mut Vec<Finding>) -> Option<Probes> {
    let Some(check) = subject.check else {
        if !subject.ports.is_empty() {
            let message =
                "the image listens on a port but has no HEALTHCHECK, so Kubernetes will not know when it is ready";
            findings.push(Finding::of(&finding::NO_CHECK, message));
        }
        return None;
    };
    let read = Check::read(&check.test, subject.programs);
    let found = faults::find(check, &read, subject);
    let refused = found.iter().any(|f| f.severity == Severity::Error);
    findings.extend(found);
    if refused {
        return None;
    }
    let choice = choice::choose(check, subject, read.only_call(subject.env, subject.programs));
    let Some([startup, readiness, liveness]) = timing::probes(check, choice.limit, &choice.handler) else {
        let message = "the HEALTHCHECK's times are longer than Kubernetes can count (2147483647 seconds)";
        findings.push(Finding::of(&finding::TOO_LONG, message).at(subject.line));
        return None;
    };
    Some(Probes { startup, readiness, liveness, because: choice.because })
}
