//! A workload: what a cluster is to run, in terms of no cluster's API yet.

pub mod deploy;
pub mod finding;
pub mod known;
pub mod probes;
pub mod process;
pub mod security;

pub use deploy::{Deploy, Resources, Terms};
pub use finding::{Finding, Severity};
pub use known::{Known, Lines, Who};
pub use probes::{Handler, Probe, Probes};
pub use process::{Process, ProcessTerms, Step};
pub use security::Identity;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::image::contract::{ImageContract, Port};
use crate::image::process::Process as Stated;
use crate::image::reference::DigestRef;

/// A service as a cluster runs it. Its fields are the chart's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// Its name, a DNS label.
    #[schemars(regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), length(max = 63))]
    pub name: String,
    /// The image, by digest: only a push makes one.
    #[serde(serialize_with = "image_parts")]
    #[schemars(with = "ImageParts")]
    pub image: DigestRef,
    /// The version to show, from the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who it runs as.
    pub identity: Identity,
    /// What it is started with, where that is not the image's own command.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The application that it is a process of, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// Whether there are never two at a time: the old one goes before the new one comes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub single: bool,
    /// Where it listens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// How its health is asked for; nothing where the image has no check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// What runs to its end in each Pod before it is started: migrations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub release: Vec<Step>,
    /// What runs from the same image in Pods of its own, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub processes: BTreeMap<String, Process>,
    /// What the operator decides.
    #[serde(flatten)]
    pub terms: Terms,
}

/// An image by digest, in two parts: a chart's user moves the one to a mirror and keeps the other.
#[derive(Serialize, JsonSchema)]
struct ImageParts {
    /// The registry's host and the path in it.
    #[schemars(length(min = 1))]
    repository: String,
    /// What the image is.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    digest: String,
}

fn image_parts<S: Serializer>(image: &DigestRef, serializer: S) -> Result<S::Ok, S::Error> {
    let parts = ImageParts { repository: image.repository().to_string(), digest: image.digest().to_string() };
    parts.serialize(serializer)
}

/// What a contract compiles to: the parts of a workload that the image decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Who it runs as; `None` where Kubernetes could not hold it to that.
    pub identity: Option<Identity>,
    /// How its health is asked for.
    pub probes: Option<Probes>,
    /// What the image is started for beside its own command, each with how its health is asked for.
    pub processes: Vec<(Stated, Option<Probes>)>,
    /// What is wrong, or worth knowing; errors first.
    pub findings: Vec<Finding>,
}

impl Compiled {
    /// Compiles what an image promises, with what is known beside it.
    pub fn of(contract: &ImageContract, known: &Known) -> Self {
        let mut findings = Vec::new();
        let identity = security::identity(&contract.user, known, &mut findings);
        let env = contract.env.iter().chain(&known.env).map(String::as_str);
        let env = probes::Environment::new(env, known.base);
        let subject = probes::Subject {
            check: contract.healthcheck.as_ref(),
            ports: &contract.ports,
            working_dir: &contract.working_dir,
            env: &env,
            args: &known.args,
            shell: &contract.shell,
            entrypoint: &contract.entrypoint,
            cmd: &contract.cmd,
            line: known.lines.healthcheck,
            programs: &known.programs,
            stated: known.stated,
        };
        let probes = probes::compile(&subject, &mut findings);
        let volume = |path: &String| {
            let message = format!("the image declares a VOLUME at {path}, which Kubernetes does not keep");
            Finding::of(&finding::NO_VOLUME, message)
        };
        findings.extend(contract.volumes.iter().map(volume));
        let mut processes = Vec::new();
        for process in &contract.processes {
            let mut own = None;
            if process.healthcheck.is_some() {
                let known = Known { programs: probes::Programs::default(), lines: Lines::default(), ..known.clone() };
                let compiled = Self::of(&contract.of(process), &known);
                // What is so of the whole image has been said.
                let new = compiled.findings.into_iter().filter(|finding| !findings.contains(finding));
                let told =
                    |f: Finding| Finding { message: format!("the process {}: {}", process.name, f.message), ..f };
                let new: Vec<Finding> = new.map(told).collect();
                findings.extend(new);
                own = compiled.probes;
            }
            processes.push((process.clone(), own));
        }
        findings.sort_by_key(|f| f.severity);
        Self { identity, probes, processes, findings }
    }

    /// The probe as it would be if the address never redirected and the service listened everywhere: what a check asks
    /// over the network, where that can be read.
    pub fn question(contract: &ImageContract, known: &Known) -> Option<Handler> {
        let stated = probes::Assertions {
            redirects: probes::Redirects::Never,
            listens: probes::Listens::Everywhere,
            handler: probes::Prefer::Lightest,
        };
        Self::of(contract, &Known { stated, ..known.clone() }).probes.map(|p| p.readiness.handler)
    }

    /// The findings that stand in the way of any manifest.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.severity == Severity::Error)
    }

    /// The workload, or `None` where a finding stands in its way.
    pub fn workload(
        &self,
        contract: &ImageContract,
        image: DigestRef,
        version: Option<String>,
        deploy: &Deploy,
    ) -> Option<Workload> {
        if self.errors().next().is_some() {
            return None;
        }
        let (processes, release) = process::of(&self.processes, deploy);
        Some(Workload {
            args: Vec::new(),
            part_of: None,
            single: false,
            release,
            processes,
            name: deploy.name.clone(),
            image,
            version,
            identity: self.identity?,
            ports: contract.ports.clone(),
            probes: self.probes.clone(),
            // The root file system is read-only, so bytecode has nowhere to go, whoever built the image.
            terms: deploy.terms.clone().as_run(),
        })
    }
}
