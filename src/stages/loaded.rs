//! A loaded image: a project's, built by either engine, in the Docker Engine to be run there.

use std::sync::Arc;
use std::time::Duration;

use super::build::{build, daemon, keychain};
use super::embedded::{self, Goes};
use super::prepare::Prepared;
use super::ship::{Work, by_steps};
use crate::context::revision::Revision;
use crate::engine::Engine;
use crate::engine::buildkit::{Daemon, Output};
use crate::engine::docker::DockerEngine;
use crate::fault::{Class, Fault};
use crate::project::Decision;
use crate::report::Report;
use crate::settings::Machine;

/// A project's image in the Docker Engine.
pub struct Loaded {
    /// Its id there.
    pub id: String,
    /// Its size there, unpacked, in bytes.
    pub unpacked: Option<u64>,
    /// What was done to build it.
    pub work: Work,
    /// How long that took.
    pub time: Duration,
}

/// The Docker Engine, which runs images; a standalone BuildKit does not.
pub async fn docker(machine: &Machine) -> Result<DockerEngine, Fault> {
    match daemon(machine).await? {
        Daemon::Engine(engine) => Ok(engine),
        Daemon::Standalone(_) => {
            let hint = "unset BUILDKIT_HOST, and start a Docker Engine".to_owned();
            Err(Fault::new(Class::Environment, "a standalone BuildKit keeps no images, and runs none", hint))
        }
    }
}

/// Builds a project's image into the Docker Engine, under these names.
pub async fn into_engine(
    prepared: &Prepared,
    engine: &Decision<Engine>,
    to: &DockerEngine,
    revision: &Revision,
    names: &[String],
    machine: &Machine,
    report: &Report,
) -> Result<Loaded, Fault> {
    if engine.value == Engine::Embedded {
        match embedded::build(prepared, revision, names, Goes::Engine, machine, report).await {
            Ok(built) => {
                let embedded::Built { id, unpacked, work, time, .. } = built;
                return Ok(Loaded { id: id.unwrap_or_default(), unpacked: Some(unpacked), work, time });
            }
            Err(fault) => by_steps(prepared, fault, machine, report).await?,
        }
    }
    let daemon = Daemon::Engine(to.clone());
    let keychain = Arc::new(keychain(machine, None)?);
    report.stage(&format!("Building {} with {daemon}", prepared.name.value));
    let output = Output::Names(names.to_vec());
    let built = build(prepared, &daemon, &output, revision, keychain, machine, report).await?;
    let id = built.built.digest.clone().unwrap_or_default();
    Ok(Loaded { id, unpacked: built.unpacked, work: Work::of(&built.built), time: built.time })
}
