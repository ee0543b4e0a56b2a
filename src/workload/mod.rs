//! A workload: what a cluster is to run, in terms of no cluster's API yet.

pub mod finding;
pub mod probes;
pub mod security;

pub use finding::{Finding, Severity};
pub use probes::{Handler, Probe, Probes};
pub use security::Identity;

use std::collections::BTreeMap;

use crate::image::contract::{ImageContract, Port};
use crate::image::reference::DigestRef;

/// A service as a cluster runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Its name, a DNS label.
    pub name: String,
    /// Where it goes; the client's current namespace where none is stated.
    pub namespace: Option<String>,
    /// The image, by digest: only a push makes one.
    pub image: DigestRef,
    /// The version to show, from the tag.
    pub version: Option<String>,
    /// How many.
    pub replicas: i32,
    /// What it asks for and may use at most.
    pub resources: Resources,
    /// Who it runs as.
    pub identity: Identity,
    /// Where it listens.
    pub ports: Vec<Port>,
    /// How its health is asked for; `None` where the image has no check.
    pub probes: Option<Probes>,
    /// Variables beside those of the image.
    pub env: BTreeMap<String, String>,
}

/// Kubernetes quantities by resource name (`cpu`, `memory`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resources {
    /// What is set aside.
    pub requests: BTreeMap<String, String>,
    /// What it may not go over.
    pub limits: BTreeMap<String, String>,
}

/// What an operator decides about a workload, beside what the image says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub namespace: Option<String>,
    /// How many.
    pub replicas: i32,
    /// What it asks for and may use at most.
    pub resources: Resources,
}

/// What a contract compiles to: the parts of a workload that the image decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Who it runs as; `None` where Kubernetes could not hold it to that.
    pub identity: Option<Identity>,
    /// How its health is asked for.
    pub probes: Option<Probes>,
    /// What is wrong, or worth knowing; errors first.
    pub findings: Vec<Finding>,
}

impl Compiled {
    /// Compiles what an image promises.
    pub fn of(contract: &ImageContract) -> Self {
        let mut findings = Vec::new();
        let identity = security::identity(&contract.user, &mut findings);
        let (env, programs) = (probes::Environment::default(), probes::Programs::default());
        let subject = probes::Subject {
            check: contract.healthcheck.as_ref(),
            ports: &contract.ports,
            working_dir: &contract.working_dir,
            env: &env,
            args: &[],
            shell: &[],
            entrypoint: &[],
            cmd: &[],
            line: None,
            programs: &programs,
            stated: probes::Assertions::default(),
        };
        let probes = probes::compile(&subject, &mut findings);
        findings.sort_by_key(|f| f.severity);
        Self { identity, probes, findings }
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
        // The root file system is read-only, so bytecode has nowhere to go, whoever built the image.
        let env = BTreeMap::from([("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned())]);
        Some(Workload {
            name: deploy.name.clone(),
            namespace: deploy.namespace.clone(),
            image,
            version,
            replicas: deploy.replicas,
            resources: deploy.resources.clone(),
            identity: self.identity?,
            ports: contract.ports.clone(),
            probes: self.probes.clone(),
            env,
        })
    }
}
