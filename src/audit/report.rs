//! A report: what each container of a cluster comes to, the worst first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::image::{self, Image, Images};
use super::node::{self, Nodes};
use super::running::{Kind, Running};
use crate::manifests::against::Pods;
use crate::workload::finding::{Finding, Severity};

/// What an audit comes to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Where it was made.
    pub scope: Scope,
    /// Every container, the worst first.
    pub rows: Vec<Row>,
    /// What the audit itself could not do, in words.
    pub notes: Vec<String>,
}

/// What was audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The context of the kubeconfig, or `in-cluster`.
    pub context: String,
    /// The API server's address.
    pub address: String,
    /// The namespace; none where it was all of them.
    pub namespace: Option<String>,
}

/// One container of a workload.
#[derive(Debug, Clone)]
pub struct Row {
    /// The workload's namespace.
    pub namespace: String,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The container's name.
    pub container: String,
    /// Its image, as the manifest names it.
    pub image: String,
    /// The digest that this is, where the image was read.
    pub digest: Option<String>,
    /// What it comes to.
    pub verdict: Verdict,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

/// What a container comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is not what its image promises, or may not stay so.
    Differs,
    /// Its image could not be read.
    Unread,
    /// It is as its image says; what there may be is worth knowing, no more.
    Agrees,
}

impl Verdict {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::Unread => "unread",
            Self::Agrees => "agrees",
        }
    }
}

/// Sums over a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Containers.
    pub containers: usize,
    /// Workloads.
    pub workloads: usize,
    /// Images by their names.
    pub images: usize,
    /// Containers of each verdict.
    pub agree: usize,
    /// Containers that differ.
    pub differ: usize,
    /// Containers whose image could not be read.
    pub unread: usize,
    /// Findings by severity.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are notes.
    pub notes: usize,
    /// Findings by code.
    pub codes: BTreeMap<&'static str, usize>,
}

/// Holds every container against its image.
pub fn audit(scope: Scope, running: &[Running], images: &Images, nodes: &Nodes, remarks: Vec<String>) -> Report {
    let mut workloads: Vec<_> =
        running.iter().map(|workload| rows(workload, images, nodes).collect::<Vec<_>>()).collect();
    for rows in &mut workloads {
        rows.sort_by_key(Row::badness);
    }
    // A workload stands where its worst container would, and its containers stay together.
    workloads.sort_by_cached_key(|rows| {
        let place = rows.first().map(|row| (row.namespace.clone(), row.kind, row.name.clone()));
        (rows.first().map(Row::badness), place)
    });
    Report { scope, rows: workloads.into_iter().flatten().collect(), notes: remarks }
}

fn rows<'a>(workload: &'a Running, images: &'a Images, nodes: &'a Nodes) -> impl Iterator<Item = Row> + 'a {
    let pods = workload.pods();
    pods.spec().containers.iter().enumerate().map(move |(at, container)| {
        let text = container.image.clone().unwrap_or_default();
        let unread = || Image::unread("nobody asked for it", None);
        let image = images.get(&text).cloned().unwrap_or_else(unread);
        let findings = findings(pods, at, &text, &image, nodes);
        let verdict = match image.contract() {
            None => Verdict::Unread,
            Some(_) if findings.iter().any(|f| f.severity != Severity::Note) => Verdict::Differs,
            Some(_) => Verdict::Agrees,
        };
        Row {
            namespace: workload.namespace.clone(),
            kind: workload.kind,
            name: workload.name.clone(),
            container: container.name.clone(),
            image: text,
            digest: image.contract().map(|c| c.digest.to_string()),
            verdict,
            findings,
        }
    })
}

fn findings(pods: &Pods, at: usize, text: &str, image: &Image, nodes: &Nodes) -> Vec<Finding> {
    let place = pods.field(at, "image");
    let mut findings = image::findings(text, image, &place);
    if let Some(contract) = image.contract() {
        findings.extend(pods.compare(at, &contract.promise));
        findings.extend(node::finding(pods.spec(), nodes, &contract.platforms, &place));
    }
    findings.sort_by_key(|f| f.severity);
    findings
}

impl Row {
    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity == severity).count()
    }

    /// The worst that was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.first().map(|f| f.severity)
    }

    /// `Deployment/api`.
    pub fn workload(&self) -> String {
        format!("{}/{}", self.kind.name(), self.name)
    }

    /// Most errors first, then most warnings; what can't be read goes after what differs.
    fn badness(&self) -> (Verdict, Reverse<(usize, usize)>) {
        (self.verdict, Reverse((self.count(Severity::Error), self.count(Severity::Warning))))
    }
}

impl Report {
    /// Whether anything is found that is more than worth knowing.
    pub fn differs(&self) -> bool {
        self.rows.iter().any(|row| row.verdict != Verdict::Agrees)
    }

    /// Its sums.
    pub fn counts(&self) -> Counts {
        let of = |verdict| self.rows.iter().filter(|r| r.verdict == verdict).count();
        let findings = |severity| self.rows.iter().map(|r| r.count(severity)).sum();
        let workloads: BTreeSet<_> = self.rows.iter().map(|r| (&r.namespace, r.kind, &r.name)).collect();
        let images: BTreeSet<_> = self.rows.iter().map(|r| &r.image).collect();
        let mut codes = BTreeMap::new();
        for finding in self.rows.iter().flat_map(|r| &r.findings) {
            *codes.entry(finding.code).or_default() += 1;
        }
        Counts {
            containers: self.rows.len(),
            workloads: workloads.len(),
            images: images.len(),
            agree: of(Verdict::Agrees),
            differ: of(Verdict::Differs),
            unread: of(Verdict::Unread),
            errors: findings(Severity::Error),
            warnings: findings(Severity::Warning),
            notes: findings(Severity::Note),
            codes,
        }
    }
}
