//! A contract as people read it: what the image says, what it compiles to, what was found.

use std::fmt::Write;

use crate::image::contract::{Healthcheck, Port, Protocol, Test, User};
use crate::plain;
use crate::report::{Bar, draw};
use crate::stages::examine::{Examined, Platform};
use crate::workload::{Finding, Handler, Probe, Probes, Who};

/// The whole answer.
pub(super) fn text(examined: &Examined, differences: &[Finding]) -> String {
    let shown = examined.shown();
    let mut rows = vec![
        row("platforms", platforms(examined)),
        row("user", user(shown, examined.user_from())),
        row("ports", ports(&shown.contract.ports, examined.is_open())),
    ];
    match &shown.contract.healthcheck {
        Some(check) => {
            rows.push(row("health", command(&check.test)));
            rows.push(row("", times(check)));
        }
        None if examined.is_open() => rows.push(row("health", OPEN.to_owned())),
        None => rows.push(row("health", "no HEALTHCHECK".to_owned())),
    }
    rows.push(row("stop signal", shown.contract.stop_signal.clone()));
    if let Some(probes) = &shown.compiled.probes {
        rows.push(row("probe", handler(&probes.readiness.handler)));
        rows.push(row("", probes.because.clone()));
    }
    for (process, probes) in &shown.compiled.processes {
        let words = command(&Test::Exec(process.command.clone()));
        rows.push(row("process", format!("{process}: {words}")));
        rows.push(row("", probes.as_ref().map_or_else(String::new, |p| handler(&p.readiness.handler))));
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
        User::Root(_) if matches!(shown.known.who, Who::OfBase | Who::Unknown(_)) => OPEN.to_owned(),
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

/// What only the built image tells.
const OPEN: &str = "known only from the image";

/// Ports in a row as a range.
fn ports(ports: &[Port], is_open: bool) -> String {
    let mut ranges: Vec<(Port, u16)> = Vec::new();
    let mut sorted = ports.to_vec();
    sorted.sort_by_key(|p| (p.protocol, p.port));
    for port in sorted {
        match ranges.last_mut() {
            Some((first, last)) if first.protocol == port.protocol && last.checked_add(1) == Some(port.port) => {
                *last = port.port;
            }
            _ => ranges.push((port, port.port)),
        }
    }
    let one = |(first, last): &(Port, u16)| {
        let numbers = if first.port == *last { last.to_string() } else { format!("{}-{last}", first.port) };
        match first.protocol {
            Protocol::Tcp => numbers,
            Protocol::Udp => format!("{numbers}/udp"),
            Protocol::Sctp => format!("{numbers}/sctp"),
        }
    };
    match (ranges.is_empty(), is_open) {
        (true, true) => OPEN.to_owned(),
        (true, false) => "none".to_owned(),
        (false, _) => ranges.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

/// A check's command on one line, as one would type it.
fn command(test: &Test) -> String {
    let words = match test {
        Test::Shell(line) => line.split_whitespace().collect::<Vec<_>>().join(" "),
        Test::Exec(argv) => shlex::try_join(argv.iter().map(String::as_str)).unwrap_or_else(|_| argv.join(" ")),
    };
    // A Dockerfile is anyone's: what would move a terminal's cursor is shown, not done.
    plain::shown(&words)
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
