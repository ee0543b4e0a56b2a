//! The probes: whether a manifest asks for health as the image says, and gives it the time that the image gives.

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Promise, Subject};
use crate::image::contract::{Healthcheck, Test};
use crate::workload::finding::{self, Finding};
use crate::workload::{Handler, Probes};

/// One probe of a manifest, with Kubernetes' defaults filled in:
/// <https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/>.
struct Stated<'a> {
    field: &'static str,
    probe: &'a Probe,
    period: i64,
    timeout: i64,
    failures: i64,
    delay: i64,
}

impl<'a> Stated<'a> {
    fn of(field: &'static str, probe: Option<&'a Probe>) -> Option<Self> {
        let probe = probe?;
        let or = |value: Option<i32>, default: i64| value.map(i64::from).filter(|n| *n > 0).unwrap_or(default);
        Some(Self {
            field,
            probe,
            period: or(probe.period_seconds, 10),
            timeout: or(probe.timeout_seconds, 1),
            failures: or(probe.failure_threshold, 3),
            delay: or(probe.initial_delay_seconds, 0),
        })
    }

    /// Seconds until it has failed often enough, at the earliest, from the first probe on.
    fn patience(&self) -> i64 {
        (self.failures - 1).saturating_mul(self.period)
    }
}

pub(super) fn compare(subject: &Subject<'_>, promise: &Promise, findings: &mut Vec<Finding>) {
    let container = subject.container;
    let startup = Stated::of("startupProbe", container.startup_probe.as_ref());
    let readiness = Stated::of("readinessProbe", container.readiness_probe.as_ref());
    let liveness = Stated::of("livenessProbe", container.liveness_probe.as_ref());
    for stated in [&startup, &readiness, &liveness].into_iter().flatten() {
        form(subject, stated, promise, findings);
    }
    let (Some(check), Some(compiled)) = (&promise.healthcheck, &promise.probes) else { return };
    // A job gets no requests, and what is started instead of the image's command may serve none.
    let serves = !["Job/", "CronJob/"].iter().any(|kind| subject.document.starts_with(kind))
        && container.command.as_ref().is_none_or(Vec::is_empty);
    if readiness.is_none() && serves {
        let message = "the image has a HEALTHCHECK, and the manifest has no readinessProbe";
        findings.push(Finding::of(&finding::NOT_ASKED, message).in_field(subject.at("readinessProbe")));
    }
    for stated in [&startup, &readiness, &liveness].into_iter().flatten() {
        question(subject, stated, check, promise, findings);
        time(subject, stated, compiled, findings);
    }
    patience(subject, [startup.as_ref(), readiness.as_ref(), liveness.as_ref()], check, compiled, findings);
}

/// What is wrong with a probe whatever the image's check is.
fn form(subject: &Subject<'_>, stated: &Stated<'_>, promise: &Promise, findings: &mut Vec<Finding>) {
    let at = |field: &str| subject.at(&format!("{}.{field}", stated.field));
    let http = stated.probe.http_get.as_ref();
    let tcp = stated.probe.tcp_socket.as_ref();
    let host = http.and_then(|h| h.host.as_deref()).or_else(|| tcp.and_then(|t| t.host.as_deref()));
    if let Some(host) = host.filter(|h| !h.is_empty()) {
        let field = if http.is_some() { "httpGet.host" } else { "tcpSocket.host" };
        let message = format!("the {} asks the host {host}, not this Pod", stated.field);
        findings.push(Finding::of(&finding::PROBE_HOST, message).in_field(at(field)));
    }
    let grpc = stated.probe.grpc.as_ref().map(|g| ("grpc.port", IntOrString::Int(g.port)));
    let port = http.map(|h| ("httpGet.port", h.port.clone()));
    let port = port.or_else(|| tcp.map(|t| ("tcpSocket.port", t.port.clone()))).or(grpc);
    let Some((field, port)) = port else { return };
    match number(&port, subject.container) {
        None => {
            let message =
                format!("the {} names the port {}, which the container does not have", stated.field, shown(&port));
            findings.push(Finding::of(&finding::PORT_NAME, message).in_field(at(field)));
        }
        Some(number) if !promise.ports.is_empty() && promise.ports.iter().all(|p| i32::from(p.port) != number) => {
            let message = format!("the {} asks port {number}, which the image does not expose", stated.field);
            findings.push(Finding::of(&finding::PORT_UNKNOWN, message).in_field(at(field)));
        }
        Some(_) => {}
    }
}

fn shown(port: &IntOrString) -> String {
    match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => format!("{name:?}"),
    }
}

/// The number of a port that may be stated by name.
fn number(port: &IntOrString, container: &Container) -> Option<i32> {
    match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(name) => {
            let named = container.ports.iter().flatten().find(|p| p.name.as_deref() == Some(name));
            named.map(|p| p.container_port).or_else(|| name.parse().ok())
        }
    }
}

/// Whether the probe asks what the image's check asks.
fn question(
    subject: &Subject<'_>,
    stated: &Stated<'_>,
    check: &Healthcheck,
    promise: &Promise,
    findings: &mut Vec<Finding>,
) {
    let at = |field: &str| subject.at(&format!("{}.{field}", stated.field));
    let shown = match &check.test {
        Test::Shell(line) => line.clone(),
        Test::Exec(argv) => argv.join(" "),
    };
    if let Some(command) = stated.probe.exec.as_ref().and_then(|e| e.command.as_ref()) {
        return exec(command, stated, check, promise, &shown, &at("exec.command"), findings);
    }
    let Some(Handler::HttpGet { port, path, headers }) = &promise.question else { return };
    let Some(http) = &stated.probe.http_get else {
        if stated.probe.tcp_socket.is_some() || stated.probe.grpc.is_some() {
            let message = format!("the {} opens a port, the image's HEALTHCHECK is `{shown}`", stated.field);
            let field = if stated.probe.grpc.is_some() { "grpc" } else { "tcpSocket" };
            findings.push(Finding::of(&finding::OTHER_QUESTION, message).in_field(at(field)));
        }
        return;
    };
    let asked = http.path.as_deref().filter(|p| !p.is_empty()).unwrap_or("/");
    let same_port = number(&http.port, subject.container).is_none_or(|n| n == i32::from(*port));
    let is_plain = http.scheme.as_deref().is_none_or(|s| s.eq_ignore_ascii_case("http"));
    if asked != path || !same_port || !is_plain {
        let message = {
            let scheme = http.scheme.as_deref().unwrap_or("HTTP").to_ascii_lowercase();
            let port = self::shown(&http.port);
            format!("the {} asks {scheme} {asked} at port {port}, the image's HEALTHCHECK is `{shown}`", stated.field)
        };
        findings.push(Finding::of(&finding::OTHER_QUESTION, message).in_field(at("httpGet")));
    }
    let wanted = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value.as_str());
    if let (Some(wanted), None) = (wanted, host_header(http)) {
        let message = format!("the {} sends the Pod's address as Host, the image's check sends {wanted}", stated.field);
        let hint = format!("httpHeaders: [{{name: Host, value: \"{wanted}\"}}]");
        findings.push(Finding::of(&finding::OTHER_HOST, message).hint(hint).in_field(at("httpGet.httpHeaders")));
    }
}

fn host_header(http: &HTTPGetAction) -> Option<&str> {
    http.http_headers.iter().flatten().find(|h| h.name.eq_ignore_ascii_case("host")).map(|h| h.value.as_str())
}

fn exec(
    command: &[String],
    stated: &Stated<'_>,
    check: &Healthcheck,
    promise: &Promise,
    shown: &str,
    place: &str,
    findings: &mut Vec<Finding>,
) {
    let plain = match &check.test {
        Test::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
        Test::Exec(argv) => argv.clone(),
    };
    let escaped: Vec<_> = plain.iter().map(|w| w.replace('$', "$$")).collect();
    let compiled = promise
        .probes
        .as_ref()
        .is_some_and(|p| matches!(&p.readiness.handler, Handler::Exec(words) if words == command));
    if compiled || command == escaped {
        return;
    }
    if let Some(word) = command.iter().find(|w| w.contains("$(") || w.contains("$$")) {
        let message = format!("the kubelet expands `{word}` of the {} before it runs it", stated.field);
        findings.push(Finding::of(&finding::EXPANDED, message).in_field(place));
    }
    if without_shell(command) != without_shell(&plain) {
        let message =
            format!("the {} runs `{}`, the image's HEALTHCHECK is `{shown}`", stated.field, command.join(" "));
        findings.push(Finding::of(&finding::OTHER_QUESTION, message).in_field(place));
    }
}

/// A shell's name and path are no difference.
fn without_shell(command: &[String]) -> &[String] {
    match command {
        [shell, flag, ..] if flag == "-c" && ["sh", "/bin/sh", "bash", "/bin/bash"].contains(&shell.as_str()) => {
            &command[1..]
        }
        other => other,
    }
}

/// Whether one probe has the time that the image gives a check.
fn time(subject: &Subject<'_>, stated: &Stated<'_>, compiled: &Probes, findings: &mut Vec<Finding>) {
    let wanted = i64::from(compiled.readiness.timeout);
    if stated.timeout < wanted {
        let message =
            format!("the {} gives the check {} s, the image gives it {wanted} s", stated.field, stated.timeout);
        let place = subject.at(&format!("{}.timeoutSeconds", stated.field));
        let hint = format!("state timeoutSeconds: {wanted}");
        findings.push(Finding::of(&finding::SHORT_TIMEOUT, message).hint(hint).in_field(place));
    }
}

/// Whether failures are borne as long as the image bears them.
fn patience(
    subject: &Subject<'_>,
    [startup, readiness, liveness]: [Option<&Stated<'_>>; 3],
    check: &Healthcheck,
    compiled: &Probes,
    findings: &mut Vec<Finding>,
) {
    let mut early = |code, message: String, field: &str| {
        findings.push(Finding::of(code, message).in_field(subject.at(field)));
    };
    if let Some(stated) = readiness.filter(|s| s.failures < i64::from(check.retries)) {
        let message = format!(
            "failures that the readinessProbe allows: {}; that the image allows: {}",
            stated.failures, check.retries
        );
        early(&finding::EARLY_READINESS, message, "readinessProbe.failureThreshold");
    }
    let wanted = (i64::from(compiled.liveness.failures) - 1) * i64::from(compiled.liveness.period);
    if let Some(stated) = liveness.filter(|s| s.patience() < wanted) {
        let message = format!(
            "the livenessProbe may kill it {} s after its first failure, Docker calls it unhealthy after up to {wanted} s",
            stated.patience()
        );
        early(&finding::EARLY_KILL, message, "livenessProbe.failureThreshold");
    }
    // What gates the start: the startup probe, or for want of it the liveness probe.
    let budget = (i64::from(compiled.startup.failures) - 1) * i64::from(compiled.startup.period);
    let gate = startup.or(liveness);
    if let Some(stated) = gate.filter(|s| s.delay.saturating_add(s.patience()) < budget) {
        let message = format!(
            "the {} kills it {} s after its start at the earliest, the image may take up to {budget} s",
            stated.field,
            stated.delay + stated.patience()
        );
        early(&finding::EARLY_START, message, &format!("{}.failureThreshold", stated.field));
    }
    if let Some(stated) = [startup, readiness].into_iter().flatten().find(|s| s.delay > 0) {
        let message = format!("the {} waits {} s, however quickly it starts", stated.field, stated.delay);
        early(&finding::DELAYED, message, &format!("{}.initialDelaySeconds", stated.field));
    }
}
