//! The faults: every class of failure, with its exit code, its advice and its causes.

use std::error::Error as StdError;

use serde_json::{Value, json};

use crate::engine::embedded;
use crate::engine::error::{Error as EngineError, PushFailure};
use crate::image::context::RulesError;
use crate::image::contract::ContractError;
use crate::image::reference::NameError;
use crate::manifests::against::Error as AgainstError;
use crate::workload::Finding;
use crate::{
    cache, cluster, context, debian, dockerfile, engine, inspect, layout, project, registry, settings, source,
};

/// Whose fault it is; each class has one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Ours.
    Bug,
    /// The command line's.
    Usage,
    /// The project's or its settings'.
    Project,
    /// This machine's.
    Environment,
    /// The build's.
    Build,
    /// The registry's, or the way to it.
    Registry,
    /// The image's: it promises what a cluster can't keep.
    Contract,
    /// The cluster's: it does not take what is applied.
    Refused,
    /// The rollout's: its Pods don't become ready.
    Rollout,
    /// Nobody's yet: a rollout was not done in time.
    Late,
    /// Nobody's: what was compared differs.
    Differences,
    /// The user's own: Ctrl-C, or a signal to stop.
    Interrupted,
}

impl Class {
    /// The exit code, as documented.
    pub fn code(self) -> u8 {
        match self {
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Project => 3,
            Self::Environment => 4,
            Self::Build => 5,
            Self::Registry => 6,
            Self::Contract => 7,
            Self::Refused => 8,
            Self::Rollout => 9,
            Self::Late => 10,
            Self::Differences => 11,
            Self::Interrupted => 130,
        }
    }

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bug => "bug",
            Self::Usage => "usage",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::Build => "build",
            Self::Registry => "registry",
            Self::Contract => "contract",
            Self::Refused => "cluster",
            Self::Rollout => "rollout",
            Self::Late => "late",
            Self::Differences => "differences",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A failure as its user meets it.
#[derive(Debug)]
pub struct Fault {
    /// Whose it is.
    pub class: Class,
    /// What was tried, on what.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// Why, from the nearest cause to the farthest.
    pub causes: Vec<String>,
    /// The last lines that a failed step printed.
    pub output: Vec<String>,
    /// What was found in the image, where that is the fault.
    pub findings: Vec<Finding>,
    /// How the rollout stands, where it is the rollout's.
    pub rollout: Option<Value>,
    /// The command's own answer says it all: only the exit code is left to give.
    pub told: bool,
    /// An engine that runs the steps of a Dockerfile would not meet it.
    pub steps: bool,
}

impl Fault {
    /// A fault with its advice.
    pub fn new(class: Class, message: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        let (message, hint) = (message.into(), hint.into());
        Self {
            class,
            message,
            hint,
            causes: Vec::new(),
            output: Vec::new(),
            findings: Vec::new(),
            rollout: None,
            told: false,
            steps: false,
        }
    }

    /// A fault from an error, whose sources become the causes.
    pub fn from_error(class: Class, error: &dyn StdError, hint: Option<String>) -> Self {
        let mut fault = Self::new(class, error.to_string(), hint);
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // A transparent wrapper says what it wraps once more.
            if fault.causes.last() != Some(&text) && fault.message != text {
                fault.causes.push(text);
            }
            source = cause.source();
        }
        fault
    }

    /// The user asked to stop; `standing` is what stands of what was done elsewhere.
    pub fn interrupted(standing: Option<String>) -> Self {
        let standing = standing.unwrap_or_else(|| "nothing was left half-written".to_owned());
        Self::new(Class::Interrupted, format!("interrupted; {standing}"), None)
    }

    /// The image can't be held to what it promises.
    pub fn contract(image: &str, findings: Vec<Finding>) -> Self {
        let first = findings.first();
        let message = match first {
            Some(finding) => format!("{image} can't run as its contract says: {}", finding.message),
            None => format!("{image} can't run as its contract says"),
        };
        Self { hint: first.map(|f| f.hint.clone()), findings, ..Self::new(Class::Contract, message, None) }
    }

    /// As JSON: `pydeploy.fault/1`.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "schema": "pydeploy.fault/1",
            "class": self.class.name(),
            "code": self.class.code(),
            "message": self.message,
            "hint": self.hint,
            "causes": self.causes,
        });
        if let Some(fields) = document.as_object_mut() {
            if !self.output.is_empty() {
                fields.insert("output".into(), json!(self.output));
            }
            if !self.findings.is_empty() {
                fields.insert("findings".into(), json!(self.findings));
            }
            if let Some(rollout) = &self.rollout {
                fields.insert("rollout".into(), rollout.clone());
            }
        }
        document
    }
}

impl From<settings::Error> for Fault {
    fn from(error: settings::Error) -> Self {
        let hint = error.hint();
        let class = match &error {
            settings::Error::Value { origin: settings::Origin::Flag(_), .. } => Class::Usage,
            _ => Class::Project,
        };
        Self::from_error(class, &error, hint)
    }
}

impl From<project::Error> for Fault {
    fn from(error: project::Error) -> Self {
        let hint = error.hint();
        Self::from_error(Class::Project, &error, hint)
    }
}

impl From<source::Error> for Fault {
    fn from(error: source::Error) -> Self {
        let hint = match &error {
            source::Error::NoDirectory(_) => Some("name the project's directory: pydeploy ship PROJECT".to_owned()),
            _ => None,
        };
        Self::from_error(Class::Project, &error, hint)
    }
}

impl From<context::walk::Error> for Fault {
    fn from(error: context::walk::Error) -> Self {
        let hint = "keep it out of the build with a line in .dockerignore, or make it readable".to_owned();
        Self::from_error(Class::Project, &error, Some(hint))
    }
}

impl From<RulesError> for Fault {
    fn from(error: RulesError) -> Self {
        Self::from_error(Class::Project, &error, None)
    }
}

impl From<dockerfile::Error> for Fault {
    fn from(error: dockerfile::Error) -> Self {
        let output = error.snippet().lines().map(str::to_owned).collect();
        Self { output, ..Self::new(Class::Project, error.to_string(), error.hint()) }
    }
}

impl From<AgainstError> for Fault {
    fn from(error: AgainstError) -> Self {
        let hint = error.hint();
        Self::from_error(Class::Project, &error, hint)
    }
}

impl From<NameError> for Fault {
    fn from(error: NameError) -> Self {
        Self::from_error(Class::Project, &error, None)
    }
}

impl From<ContractError> for Fault {
    fn from(error: ContractError) -> Self {
        Self::from_error(Class::Contract, &error, None)
    }
}

impl From<registry::Error> for Fault {
    fn from(error: registry::Error) -> Self {
        if let registry::Error::Keychain(error) = error {
            return error.into();
        }
        let hint = error.hint();
        let class = match &error {
            registry::Error::BadCa { .. }
            | registry::Error::Setup(_)
            | registry::Error::Damaged { .. }
            | registry::Error::Unreadable { .. } => Class::Environment,
            registry::Error::BadName { .. } => Class::Project,
            _ => Class::Registry,
        };
        Self::from_error(class, &error, hint)
    }
}

impl From<registry::KeychainError> for Fault {
    fn from(error: registry::KeychainError) -> Self {
        let hint = error.hint();
        Self::from_error(Class::Environment, &error, hint)
    }
}

impl From<cache::Error> for Fault {
    fn from(error: cache::Error) -> Self {
        let hint = error.hint();
        Self::from_error(Class::Environment, &error, hint)
    }
}

impl From<cluster::Error> for Fault {
    fn from(error: cluster::Error) -> Self {
        Self::from_error(error.class(), &error, error.hint())
    }
}

impl<E: StdError + Into<Self>> From<cache::Failed<E>> for Fault {
    fn from(failed: cache::Failed<E>) -> Self {
        match failed {
            cache::Failed::Cache(error) => error.into(),
            cache::Failed::Make(error) => error.into(),
        }
    }
}

impl From<engine::Error> for Fault {
    fn from(error: engine::Error) -> Self {
        match error {
            EngineError::Walk(error) => error.into(),
            EngineError::Credentials(error) => error.into(),
            EngineError::Source(error) => error.into(),
            EngineError::Address(ref cause) => Self::from_error(Class::Environment, &error, Some(address_hint(cause))),
            EngineError::Step(failure) => {
                let gathers = failure.step.contains(" collectstatic ").then(embedded::gather_hint);
                let hint = gathers.or_else(|| step_hint(&failure.output));
                let output = failure.output.clone();
                Self { output, ..Self::from_error(Class::Build, &EngineError::Step(failure), hint) }
            }
            EngineError::Base { ref message, .. }
            | EngineError::Push { ref message, .. }
            | EngineError::SessionLost { ref message } => {
                let (class, hint) = engine_class(&error);
                let causes = vec![message.clone()];
                Self { causes, ..Self::new(class, error.to_string(), hint) }
            }
            other => {
                let (class, hint) = engine_class(&other);
                Self::from_error(class, &other, hint)
            }
        }
    }
}

impl From<context::code::CodeError> for Fault {
    fn from(error: context::code::CodeError) -> Self {
        match error {
            context::code::CodeError::Walk(error) => error.into(),
            error @ context::code::CodeError::Tree(_) => Self::from_error(Class::Project, &error, None),
        }
    }
}

impl From<embedded::Error> for Fault {
    fn from(error: embedded::Error) -> Self {
        match error {
            embedded::Error::Registry(error) => error.into(),
            embedded::Error::Cache(error) => error.into(),
            embedded::Error::Plan(error) => error.into(),
            embedded::Error::Archive(error) => error.into(),
            embedded::Error::Uv(error) => error.into(),
            embedded::Error::Sdist(error) => error.into(),
            embedded::Error::Site(error) => error.into(),
            error => {
                // dpkg runs the scripts of its packages, and an engine what is to be run.
                let script = matches!(&error, embedded::Error::Root(debian::root::Error::Script { .. }));
                let steps = script || matches!(&error, embedded::Error::NoSandbox { .. });
                let output = error.output().to_vec();
                Self { output, steps, ..Self::from_error(error.class(), &error, error.hint()) }
            }
        }
    }
}

impl From<embedded::uv::Error> for Fault {
    fn from(error: embedded::uv::Error) -> Self {
        use embedded::uv::Error;
        let class = match &error {
            Error::Failed { .. } | Error::Hash { .. } | Error::Pylock(_) => Class::Build,
            Error::Walk(_) => Class::Project,
            _ => Class::Environment,
        };
        let output = error.output().to_vec();
        Self { output, ..Self::from_error(class, &error, error.hint()) }
    }
}

impl From<embedded::sdist::Error> for Fault {
    fn from(error: embedded::sdist::Error) -> Self {
        use embedded::sdist::Error;
        let (hint, output) = (error.hint(), error.output().to_vec());
        match error {
            Error::Engine(error) => error.into(),
            Error::Build { .. } | Error::NoWheel { .. } | Error::Timeout { .. } => {
                Self { output, ..Self::from_error(Class::Build, &error, hint) }
            }
            other => Self::from_error(Class::Environment, &other, hint),
        }
    }
}

impl From<embedded::site::Error> for Fault {
    fn from(error: embedded::site::Error) -> Self {
        let class = match &error {
            embedded::site::Error::Unreadable { .. } => Class::Environment,
            _ => Class::Build,
        };
        Self::from_error(class, &error, error.hint())
    }
}

impl From<layout::Error> for Fault {
    fn from(error: layout::Error) -> Self {
        let hint = error.hint();
        let class = match &error {
            // It is there, and is not what it says to be.
            layout::Error::Size { .. } | layout::Error::Digest { .. } | layout::Error::TooLarge { .. } => {
                Class::Contract
            }
            _ => Class::Project,
        };
        Self::from_error(class, &error, hint)
    }
}

impl From<debian::archive::Error> for Fault {
    fn from(error: debian::archive::Error) -> Self {
        let hint = error.hint();
        let class = match &error {
            // Which packages are asked for is the project's to say.
            debian::archive::Error::Closure(_) => Class::Project,
            _ => Class::Environment,
        };
        Self::from_error(class, &error, hint)
    }
}

impl From<layout::WriteError> for Fault {
    fn from(error: layout::WriteError) -> Self {
        let hint = error.hint();
        match error {
            layout::WriteError::Source(error) => error.into(),
            error @ (layout::WriteError::Occupied { .. } | layout::WriteError::Index { .. }) => {
                Self::from_error(Class::Project, &error, hint)
            }
            error @ layout::WriteError::Write { .. } => Self::from_error(Class::Environment, &error, hint),
        }
    }
}

impl From<inspect::Error> for Fault {
    fn from(error: inspect::Error) -> Self {
        let hint = error.hint();
        match error {
            inspect::Error::Registry(error) => error.into(),
            inspect::Error::Layout(error) => error.into(),
            inspect::Error::Engine(EngineError::NoImage(image)) => {
                let hint = format!("`docker image ls` shows what it has; `docker pull {image}` gets it");
                Self::from_error(Class::Project, &EngineError::NoImage(image), Some(hint))
            }
            // Nothing was built: whatever else stands in the way is between this machine and its engine.
            inspect::Error::Engine(error) => match Self::from(error) {
                fault if fault.class == Class::Build => Self { class: Class::Environment, ..fault },
                fault => fault,
            },
            other => Self::from_error(Class::Contract, &other, hint),
        }
    }
}

fn address_hint(cause: &engine::endpoint::AddressError) -> String {
    match cause {
        engine::endpoint::AddressError::Scheme(_) => {
            "DOCKER_HOST takes unix:///path or tcp://host:port; for a builder elsewhere, set BUILDKIT_HOST".to_owned()
        }
        engine::endpoint::AddressError::Certificate { .. } => {
            "DOCKER_CERT_PATH is a folder with ca.pem, cert.pem and key.pem".to_owned()
        }
    }
}

fn engine_class(error: &EngineError) -> (Class, Option<String>) {
    let (class, hint) = match error {
        EngineError::Absent { .. } => (
            Class::Environment,
            "start Docker, or say where it is: DOCKER_HOST for an engine, BUILDKIT_HOST for a BuildKit daemon",
        ),
        EngineError::Forbidden { .. } => (
            Class::Environment,
            "add this user to the socket's group (often: usermod -aG docker USER), then log in anew",
        ),
        EngineError::TooOld { .. } => (Class::Environment, "upgrade the engine, or set BUILDKIT_HOST"),
        EngineError::Context { .. } => {
            (Class::Environment, "`docker context ls` shows the contexts; DOCKER_HOST goes before them")
        }
        EngineError::DiskFull { .. } => {
            (Class::Environment, "free some with `docker builder prune` or `docker image prune`")
        }
        EngineError::Load { .. } => {
            (Class::Environment, "see the engine's log, and whether its disk has space: `docker system df`")
        }
        EngineError::SessionLost { .. } => {
            (Class::Environment, "its disk or processors may be overloaded: run again when it has less to do")
        }
        EngineError::Export { .. } => (Class::Environment, "see that there is space left on this machine's disk"),
        EngineError::Secret { .. } => (Class::Environment, "see --build-secret"),
        EngineError::Dockerfile { .. } => (Class::Build, "mend the Dockerfile, or use ours: --dockerfile generated"),
        EngineError::Base { .. } => {
            (Class::Build, "check the image's name and the engine's way to its registry, or choose another with --base")
        }
        EngineError::File { .. } => (Class::Project, "it changed while it was sent; run again"),
        EngineError::Push { failure, .. } => return push_class(*failure),
        EngineError::NoImage(_) => (Class::Build, "build it first: pydeploy build"),
        _ => return (Class::Build, None),
    };
    (class, Some(hint.to_owned()))
}

fn push_class(failure: PushFailure) -> (Class, Option<String>) {
    let hint = match failure {
        PushFailure::Unauthorized => {
            "log in with `docker login`, or set PYDEPLOY_REGISTRY_USERNAME and PYDEPLOY_REGISTRY_PASSWORD"
        }
        PushFailure::Denied => "check the repository's name, and that this account may push to it",
        PushFailure::Unavailable => "check the registry's address, and that it is up",
        PushFailure::Untrusted => {
            "the engine pushes, so it must trust the registry: put its CA at /etc/docker/certs.d/HOST:PORT/ca.crt there"
        }
        PushFailure::Plain => {
            "the engine pushes, so it must know that the registry has no TLS: list it under \"insecure-registries\" in \
             the engine's daemon.json"
        }
        PushFailure::Refused => return (Class::Registry, None),
    };
    (Class::Registry, Some(hint.to_owned()))
}

/// Failures of an installing step that have a well-known mend.
fn step_hint(output: &[String]) -> Option<String> {
    let says = |words: &str| output.iter().any(|l| l.contains(words));
    if let Some(line) = output.iter().find(|l| l.contains("No matching distribution found for")) {
        let name = line.rsplit("found for ").next().unwrap_or_default().trim();
        return Some(format!(
            "{name} is not in the package index: check its name and version, and that the index has it"
        ));
    }
    if says("was not found in the package registry") || says("there are no versions of") {
        return Some("a package is not in the index: check its name and version, and that the index has it".to_owned());
    }
    if says("No space left on device") {
        return Some("the engine's disk is full: `docker builder prune` frees some".to_owned());
    }
    if says("pg_config executable not found") || says("fatal error:") || says("command 'gcc' failed") {
        return Some(
            "a library's headers are missing in the builder: name its -dev package in system-packages".to_owned(),
        );
    }
    if says("THESE PACKAGES DO NOT MATCH THE HASHES") {
        return Some(
            "the lock's hashes don't match what the index gives: lock anew, or ask who changed the package".to_owned(),
        );
    }
    None
}
