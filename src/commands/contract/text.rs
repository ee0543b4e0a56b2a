//! A contract as people read it: what the image says, what it compiles to, what was found.

use std::fmt::Write;

use crate::image::contract::{Healthcheck, Port, Protocol, Test, User};
use crate::report::{Bar, draw};
use crate::stages::examine::{Examined, Platform};
use crate::workload::{Finding, Handler, Probe, Probes};

/// The whole answer.
pub(super) fn text(examined: &Examined, differences: &[Finding]) -> String {
    let shown = examined.shown();
    let mut rows = vec![
        row("platforms", platforms(examined)),
        row("user", user(shown, examined.user_from())),
        row("ports", ports(&shown.contract.ports)),
    ];
    match &shown.contract.healthcheck {
        Some(check) => {
            rows.push(row("health", command(&check.test)));
            rows.push(row("", times(check)));
        }
        None => rows.push(row("health", "no HEALTHCHECK".to_owned())),
    }
    rows.push(row("stop signal", shown.contract.stop_signal.clone()));
    if let Some(probes) = &shown.compiled.probes {
        rows.push(row("probe", handler(&probes.readiness.handler)));
        rows.push(row("", probes.because.clone()));
    }
    if let Some(identity) = shown.compiled.identity {
        let text = format!(
            "runs as {}:{} and never as root, read-only root, no capabilities, RuntimeDefault seccomp",
            identity.uid, identity.gid
        );
        rows.push(row("security", text));
    }
    rows.retain(|(_, value)| !value.is_empty());
    let bars = shown.compiled.probes.as_ref().map(bars).unwrap_or_default();
    let mut text = draw(&examined.name, &rows, &bars).trim_start_matches('\n').to_owned();
    for finding in examined.findings().iter().chain(differences) {
        text.push('\n');
        text.push_str(&one(finding));
    }
    text
}

fn row(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

fn platforms(examined: &Examined) -> String {
    let names: Vec<_> = examined.platforms.iter().map(|p| p.name.as_str()).collect();
    names.join(", ")
}

fn user(shown: &Platform, from: &str) -> String {
    let stated = match &shown.contract.user {
        User::Root(text) if text.is_empty() => "root: there is no USER".to_owned(),
        User::Root(text) => format!("root: USER {text}"),
        User::Named(text) => text.clone(),
        User::Numeric { uid, gid: Some(gid) } => format!("{uid}:{gid}"),
        User::Numeric { uid, gid: None } => uid.to_string(),
    };
    match shown.compiled.identity {
        Some(identity) => {
            let numbers = format!("{}:{}", identity.uid, identity.gid);
            let which = if stated == numbers { numbers } else { format!("{stated}, which is {numbers}") };
            format!("{which} ({from})")
        }
        None => stated,
    }
}

fn ports(ports: &[Port]) -> String {
    let one = |p: &Port| match p.protocol {
        Protocol::Tcp => p.port.to_string(),
        Protocol::Udp => format!("{}/udp", p.port),
        Protocol::Sctp => format!("{}/sctp", p.port),
    };
    if ports.is_empty() { "none".to_owned() } else { ports.iter().map(one).collect::<Vec<_>>().join(", ") }
}

/// A check's command on one line, as one would type it.
fn command(test: &Test) -> String {
    match test {
        Test::Shell(line) => line.split_whitespace().collect::<Vec<_>>().join(" "),
        Test::Exec(argv) => shlex::try_join(argv.iter().map(String::as_str)).unwrap_or_else(|_| argv.join(" ")),
    }
}

fn times(check: &Healthcheck) -> String {
    let start = if check.start_period.0.is_zero() {
        String::new()
    } else {
        format!(", the first {} don't count (asked every {})", check.start_period, check.start_interval)
    };
    format!("every {}, {} to answer, unhealthy after {}{start}", check.interval, check.timeout, check.retries)
}

fn handler(handler: &Handler) -> String {
    match handler {
        Handler::Exec(argv) => format!("exec {}", command(&Test::Exec(argv.clone()))),
        Handler::HttpGet { port, path, headers } => {
            let text = format!("httpGet {path} at port {port}");
            headers.iter().fold(text, |text, (name, value)| format!("{text}, {name}: {value}"))
        }
        Handler::TcpSocket { port } => format!("tcpSocket at port {port}"),
        Handler::Grpc { port, service: None } => format!("grpc at port {port}"),
        Handler::Grpc { port, service: Some(service) } => format!("grpc {service} at port {port}"),
    }
}

/// How long a service that does not answer is borne, by each probe.
fn bars(probes: &Probes) -> Vec<Bar> {
    let bar = |what: &str, probe: &Probe, end: &str| {
        let last = (i64::from(probe.failures) - 1).saturating_mul(i64::from(probe.period));
        let seconds = u64::try_from(last.saturating_add(i64::from(probe.timeout))).unwrap_or_default();
        let remark = format!("every {} s, {} to answer, {} times: {end}", probe.period, probe.timeout, probe.failures);
        Bar::seconds(seconds, format!("{what:<9}"), remark)
    };
    vec![
        bar("startup", &probes.startup, "started anew"),
        bar("readiness", &probes.readiness, "gets no requests"),
        bar("liveness", &probes.liveness, "started anew"),
    ]
}

fn one(finding: &Finding) -> String {
    let mut text = format!("{} {}", finding.severity.name(), finding.code);
    if let Some(line) = finding.line {
        let _ = write!(text, " (line {line})");
    }
    if let Some(place) = &finding.place {
        let _ = write!(text, " at {place}");
    }
    let _ = writeln!(text, "\n  {}\n  mend: {}", finding.message, finding.hint);
    text
}
