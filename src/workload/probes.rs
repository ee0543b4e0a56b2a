//! Probes: a HEALTHCHECK, as what a kubelet will really do.

use schemars::JsonSchema;
use serde::Serialize;

use super::finding::{self, Finding};
use crate::image::contract::{Healthcheck, ImageContract, Test};
use crate::image::duration::GoDuration;

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
}

/// The probes for a contract's health check; `None` where it has none, or none that could be kept.
pub fn compile(contract: &ImageContract, findings: &mut Vec<Finding>) -> Option<Probes> {
    let Some(check) = &contract.healthcheck else {
        if !contract.ports.is_empty() {
            let message =
                "the image listens on a port but has no HEALTHCHECK, so Kubernetes will not know when it is ready";
            findings.push(Finding::of(&finding::NO_CHECK, message));
        }
        return None;
    };
    if let Some(finding) = constant(&check.test) {
        findings.push(finding);
        return None;
    }
    let command = command(&check.test, &contract.working_dir);
    if let Some(probes) = timings(check, &Handler::Exec(command)) {
        return Some(probes);
    }
    let message = "the HEALTHCHECK's times are longer than Kubernetes can count (2147483647 seconds)";
    findings.push(Finding::of(&finding::TOO_LONG, message));
    None
}

/// A check whose outcome is always the same checks nothing.
fn constant(test: &Test) -> Option<Finding> {
    let words = match test {
        Test::Shell(line) => line.trim().to_owned(),
        Test::Exec(argv) => argv.join(" "),
    };
    match words.as_str() {
        "true" | ":" | "exit 0" | "/bin/true" | "/usr/bin/true" => {
            Some(Finding::of(&finding::NEVER_FAILS, format!("the HEALTHCHECK `{words}` can never fail")))
        }
        "false" | "exit 1" | "/bin/false" | "/usr/bin/false" => {
            let message = format!("the HEALTHCHECK `{words}` can never pass, so the service would never be ready");
            Some(Finding::of(&finding::NEVER_PASSES, message))
        }
        _ => None,
    }
}

/// The command as a kubelet takes it. It expands `$(NAME)` and turns `$$` into `$`
/// (kubernetes issue 42273), and it does not start in the image's folder for certain.
fn command(test: &Test, working_dir: &str) -> Vec<String> {
    let words = match test {
        Test::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
        Test::Exec(argv) => {
            let absolute = |(i, word): (usize, &String)| {
                let relative = i == 0 && word.contains('/') && !word.starts_with('/');
                let word = word.strip_prefix("./").filter(|_| relative).unwrap_or(word);
                if relative { format!("{}/{word}", working_dir.trim_end_matches('/')) } else { word.to_owned() }
            };
            argv.iter().enumerate().map(absolute).collect()
        }
    };
    words.into_iter().map(|w| w.replace('$', "$$")).collect()
}

/// Periods and thresholds such that nothing is killed before Docker would have called it unhealthy at its slowest:
/// a Docker check waits an interval after the one before it has ended, a probe's period runs from start to start.
/// `None` where a number does not fit.
fn timings(check: &Healthcheck, handler: &Handler) -> Option<Probes> {
    let nanos = |d: GoDuration| d.0.as_nanos();
    let (interval, timeout) = (nanos(check.interval), nanos(check.timeout));
    let start_interval = nanos(check.start_interval);
    let retries = u128::from(check.retries);
    let waits = (retries - 1) * interval + retries * timeout;
    let period = whole_seconds(interval);
    let first = whole_seconds(interval.min(start_interval));
    let budget = match nanos(check.start_period) {
        0 => interval + waits,
        start => start + start_interval.max(interval + timeout) + waits,
    };
    let probe = |period: u128, failures: u128| {
        Some(Probe {
            handler: handler.clone(),
            period: i32::try_from(period).ok()?,
            timeout: i32::try_from(whole_seconds(timeout)).ok()?,
            failures: i32::try_from(failures).ok()?,
        })
    };
    let count = |span: u128, period: u128| 1 + span.div_ceil(period * SECOND);
    Some(Probes {
        startup: probe(first, count(budget, first))?,
        readiness: probe(period, retries)?,
        liveness: probe(period, count(waits, period))?,
    })
}

const SECOND: u128 = 1_000_000_000;

/// At least one: Kubernetes takes 0 for its own default.
fn whole_seconds(nanos: u128) -> u128 {
    nanos.div_ceil(SECOND).max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    fn check(interval: u64, timeout: u64, start: u64, start_interval: u64, retries: u32) -> Healthcheck {
        let millis = |m| GoDuration(Duration::from_millis(m));
        Healthcheck {
            test: Test::Exec(vec!["x".into()]),
            interval: millis(interval),
            timeout: millis(timeout),
            start_period: millis(start),
            start_interval: millis(start_interval),
            retries,
        }
    }

    #[test]
    fn the_mapping_holds_for_the_worked_cases() {
        let all = |c: &Healthcheck| {
            let p = timings(c, &Handler::Exec(Vec::new())).unwrap();
            [p.startup, p.readiness, p.liveness].map(|p| (p.period, p.timeout, p.failures))
        };
        let s = 1000;
        assert_eq!(all(&check(30 * s, 30 * s, 0, 5 * s, 3)), [(5, 30, 37), (30, 30, 3), (30, 30, 6)]);
        assert_eq!(all(&check(30 * s, 3 * s, 5 * s, 5 * s, 3)), [(5, 3, 23), (30, 3, 3), (30, 3, 4)]);
        assert_eq!(all(&check(500, 1500, 0, 5 * s, 2)), [(1, 2, 5), (1, 2, 2), (1, 2, 5)]);
        assert_eq!(all(&check(30 * s, 10 * s, 40 * s, s, 5)), [(1, 10, 251), (30, 10, 5), (30, 10, 7)]);
        assert_eq!(all(&check(30 * s, 5 * s, 0, 5 * s, 3))[0], (5, 5, 22));
        assert!(timings(&check(u64::MAX / 1000, s, 0, s, 3), &Handler::TcpSocket { port: 1 }).is_none());
    }

    #[test]
    fn commands_are_made_safe_for_the_kubelet() {
        let shell = Test::Shell("test -d /proc/$$ && test \"$(cat /ok)\" = 1".into());
        assert_eq!(command(&shell, "/").last().unwrap(), "test -d /proc/$$$$ && test \"$$(cat /ok)\" = 1");
        let relative = Test::Exec(vec!["./health.sh".into(), "./x".into()]);
        assert_eq!(command(&relative, "/app/"), ["/app/health.sh", "./x"]);
        assert_eq!(command(&Test::Exec(vec!["curl".into()]), "/app"), ["curl"]);
    }

    #[test]
    fn constant_checks_are_refused() {
        assert_eq!(constant(&Test::Shell("exit 0".into())).unwrap().code, "PD202");
        assert_eq!(constant(&Test::Exec(vec!["false".into()])).unwrap().code, "PD203");
        assert!(constant(&Test::Shell("curl -f localhost".into())).is_none());
    }
}
