//! Processes: what an image is started for beside the command of its own, each with its words and its check.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::config::HealthConfig;
use super::contract::Healthcheck;
use super::duration::GoDuration;
use crate::project::{ProcessKind, is_process_name, titled};

/// The label under which an image states them, as JSON. No field of an image config is made for that:
/// <https://github.com/opencontainers/image-spec/blob/main/config.md>
pub const LABEL: &str = "dev.pydeploy.processes";

/// Processes that one image may state: a config of a stranger's can't ask for a cluster full of them.
const MOST: usize = 32;

/// A process of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Its name: a DNS label.
    pub name: String,
    /// How often, and how long, it runs.
    pub kind: ProcessKind,
    /// What takes the place of `CMD`.
    pub command: Vec<String>,
    /// How it says that it is well.
    pub healthcheck: Option<Healthcheck>,
}

impl fmt::Display for Process {
    /// Its name, and what it is where that says more: `mail (worker)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        titled(f, &self.name, self.kind)
    }
}

/// The same as the label has it; the check as Docker stores one.
#[derive(Serialize, Deserialize)]
struct Stated {
    name: String,
    kind: ProcessKind,
    command: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    healthcheck: Option<HealthConfig>,
}

/// The label's value; `None` where there is nothing to state.
pub fn label(processes: &[Process]) -> Option<String> {
    let stated = processes.iter().map(|process| Stated {
        name: process.name.clone(),
        kind: process.kind,
        command: process.command.clone(),
        healthcheck: process.healthcheck.as_ref().map(stored),
    });
    let text = serde_json::to_string(&stated.collect::<Vec<_>>()).ok()?;
    (!processes.is_empty()).then_some(text)
}

fn stored(check: &Healthcheck) -> HealthConfig {
    let nanos = |duration: GoDuration| i64::try_from(duration.0.as_nanos()).unwrap_or(i64::MAX);
    HealthConfig {
        test: check.test.stored(),
        interval: nanos(check.interval),
        timeout: nanos(check.timeout),
        start_period: nanos(check.start_period),
        start_interval: nanos(check.start_interval),
        retries: i64::from(check.retries),
    }
}

/// Reads the label's value. The error says in half a sentence what is wrong with it.
pub(super) fn read(text: &str) -> Result<Vec<Process>, String> {
    let stated: Vec<Stated> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if stated.len() > MOST {
        return Err(format!("it states {} processes, and {MOST} may be", stated.len()));
    }
    let mut processes: Vec<Process> = Vec::new();
    for Stated { name, kind, command, healthcheck } in stated {
        if !is_process_name(&name) {
            return Err(format!("a process is called {name:?}"));
        }
        if command.is_empty() || command.iter().any(|word| word.contains('\0')) {
            return Err(format!("the process {name} has no command that could be run"));
        }
        if processes.iter().any(|other| other.name == name) {
            return Err(format!("two processes are called {name}"));
        }
        let healthcheck = healthcheck.as_ref().map(Healthcheck::read).transpose().map_err(|error| error.to_string())?;
        processes.push(Process { name, kind, command, healthcheck: healthcheck.flatten() });
    }
    Ok(processes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_stated_is_read() {
        let check = HealthConfig { test: vec!["CMD".into(), "x".into()], interval: 5, ..HealthConfig::default() };
        let healthcheck = Healthcheck::read(&check).unwrap();
        let processes = [
            Process {
                name: "release".into(),
                kind: ProcessKind::Release,
                command: vec!["a".into(), "b c".into()],
                healthcheck: None,
            },
            Process { name: "worker".into(), kind: ProcessKind::Worker, command: vec!["w".into()], healthcheck },
        ];
        assert_eq!(read(&label(&processes).unwrap()).unwrap(), processes);
        assert_eq!(label(&[]), None);
    }

    #[test]
    fn what_no_process_is_is_refused() {
        let one = |name: &str, rest: &str| format!(r#"[{{"name":"{name}","kind":"worker","command":{rest}}}]"#);
        assert_eq!(read(&one("a", r#"["x"]"#)).unwrap().len(), 1);
        let long = "a".repeat(31);
        for name in ["", "A", "a_b", "-a", "a-", "1a", "a/b", &long] {
            assert!(read(&one(name, r#"["x"]"#)).is_err(), "{name}");
        }
        for text in ["", "{}", "[1]", &one("a", "[]"), &one("a", r#"["x\u0000"]"#), &one("a", "null")] {
            assert!(read(text).is_err(), "{text}");
        }
        let item = r#"{"name":"a","kind":"worker","command":["x"]}"#;
        assert_eq!(read(&format!("[{item},{item}]")).unwrap_err(), "two processes are called a");
        let many: Vec<String> = (0..33).map(|i| item.replace("\"a\"", &format!("\"a{i}\""))).collect();
        assert!(read(&format!("[{}]", many.join(","))).unwrap_err().starts_with("it states 33 processes"));
    }
}
