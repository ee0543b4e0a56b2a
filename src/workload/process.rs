//! Processes: what runs from a workload's image beside its own Pods, and what runs before these.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Deploy, Probes, Workload};
use crate::image::process::Process as Stated;
use crate::project::ProcessKind;

/// As long as a DNS label, which a container's name is, may be.
const LONGEST: usize = 63;

/// A process with Pods of its own. All that is not here is as the workload has it, but what is of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// The name of its objects, a DNS label.
    #[schemars(regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), length(max = 63))]
    pub name: String,
    /// What it is started with, in place of the image's command.
    pub args: Vec<String>,
    /// Whether there are never two at a time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub single: bool,
    /// How many.
    #[schemars(range(min = 0))]
    pub replicas: i32,
    /// How its health is asked for; nothing where it has no check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
}

/// What runs to its end before a Pod's container is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// Its name, a DNS label.
    #[schemars(regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), length(max = 63))]
    pub name: String,
    /// What it is started with, in place of the image's command.
    pub args: Vec<String>,
}

/// On what terms a process is deployed, where an operator states some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessTerms {
    /// How many.
    pub replicas: Option<i32>,
}

/// The processes of an image that go on, by name, and the steps that end, in the order of their names.
pub(super) fn of(processes: &[(Stated, Option<Probes>)], deploy: &Deploy) -> (BTreeMap<String, Process>, Vec<Step>) {
    let (steps, lasting): (Vec<_>, Vec<_>) =
        processes.iter().partition(|(process, _)| process.kind == ProcessKind::Release);
    let process = |(stated, probes): &(Stated, Option<Probes>)| {
        let terms = deploy.terms.processes.get(&stated.name).copied().unwrap_or_default();
        let process = Process {
            name: joined(&deploy.name, &stated.name),
            args: stated.command.clone(),
            single: stated.kind == ProcessKind::Scheduler,
            replicas: terms.replicas.unwrap_or(1),
            probes: probes.clone(),
        };
        (stated.name.clone(), process)
    };
    let mut steps: Vec<Step> =
        steps.iter().map(|(stated, _)| Step { name: stated.name.clone(), args: stated.command.clone() }).collect();
    steps.sort_by(|a, b| a.name.cmp(&b.name));
    (lasting.into_iter().map(process).collect(), steps)
}

/// The name of a process's objects: the application's, cut where both are too long, and its own.
fn joined(application: &str, process: &str) -> String {
    let room = LONGEST.saturating_sub(process.len() + 1);
    let application: String = application.chars().take(room).collect();
    format!("{}-{process}", application.trim_end_matches('-'))
}

impl Workload {
    /// This, and each of its processes as a workload of its own, which shares what belongs to the application: its
    /// service account, and the claims for its volumes.
    pub fn each(&self) -> Vec<Self> {
        let process = |process: &Process| {
            let mut terms = self.terms.clone();
            terms.replicas = process.replicas;
            // Nothing asks it for anything, and nothing counts what it is asked for.
            (terms.ingress, terms.autoscaler, terms.disruption_budget, terms.drain) = (None, None, None, None);
            Self {
                name: process.name.clone(),
                part_of: Some(self.name.clone()),
                args: process.args.clone(),
                single: process.single,
                ports: Vec::new(),
                probes: process.probes.clone(),
                release: Vec::new(),
                processes: BTreeMap::new(),
                image: self.image.clone(),
                version: self.version.clone(),
                identity: self.identity,
                terms,
            }
        };
        std::iter::once(self.clone()).chain(self.processes.values().map(process)).collect()
    }

    /// The name of the application that it is of.
    pub fn application(&self) -> &str {
        self.part_of.as_deref().unwrap_or(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit() {
        assert_eq!(joined("api", "worker"), "api-worker");
        let long = "a".repeat(55) + "-bcdefgh";
        assert_eq!(joined(&long, "worker"), format!("{}-worker", "a".repeat(55)));
        assert!(joined(&"a".repeat(63), &"b".repeat(30)).len() <= LONGEST);
    }
}
