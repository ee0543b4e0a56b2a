//! Building: from what is prepared to an image in an engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::prepare::{Blueprint, Prepared};
use crate::context::revision::Revision;
use crate::context::walk::LeftOut;
use crate::engine::buildkit::{self, Built, Daemon, Output};
use crate::engine::docker::DockerEngine;
use crate::engine::endpoint::Endpoint;
use crate::engine::{BuildInput, Dockerfile, Error as EngineError, SecretSource};
use crate::fault::{Class, Fault};
use crate::image::{planner, process};
use crate::registry::{Keychain, Secret};
use crate::report::Report;
use crate::settings::Machine;

/// An image in an engine.
pub struct Local {
    /// What the build gave.
    pub built: Built,
    /// Its size in the engine, unpacked, in bytes.
    pub unpacked: Option<u64>,
    /// How long it took.
    pub time: Duration,
}

/// The BuildKit to use: `BUILDKIT_HOST`, else the Docker Engine.
pub async fn daemon(machine: &Machine) -> Result<Daemon, Fault> {
    if let Some(host) = machine.variable("BUILDKIT_HOST") {
        let endpoint = Endpoint::parse(&host, None).map_err(EngineError::from)?;
        return Ok(Daemon::Standalone(endpoint));
    }
    let endpoint = machine.docker().resolve()?;
    Ok(Daemon::Engine(DockerEngine::connect(endpoint).await?))
}

/// The credentials of this machine and of the environment; the latter are for `host` alone.
pub fn keychain(machine: &Machine, host: Option<&str>) -> Result<Keychain, Fault> {
    let keychain = Keychain::from_docker_config(machine.docker_config(), machine.variable("DOCKER_AUTH_CONFIG"))?;
    let user = machine.variable("PYDEPLOY_REGISTRY_USERNAME");
    let password = machine.variable("PYDEPLOY_REGISTRY_PASSWORD");
    match (user, password, host) {
        (Some(user), Some(password), Some(host)) => Ok(keychain.with_explicit(host, user, Secret::new(password))?),
        (None, None, _) | (Some(_), Some(_), None) => Ok(keychain),
        _ => Err(Fault::new(
            Class::Environment,
            "only one of PYDEPLOY_REGISTRY_USERNAME and PYDEPLOY_REGISTRY_PASSWORD is set",
            "set both, or neither".to_owned(),
        )),
    }
}

/// Builds, with progress, and says what of the project stayed on this machine.
pub async fn build(
    prepared: &Prepared,
    daemon: &Daemon,
    output: &Output,
    revision: &Revision,
    keychain: Arc<Keychain>,
    machine: &Machine,
    report: &Report,
) -> Result<Local, Fault> {
    let started = Instant::now();
    let input = Arc::new(input(prepared, revision, machine)?);
    let events = report.events();
    let once = || buildkit::build(daemon, Arc::clone(&input), output, Arc::clone(&keychain), &events);
    let built = match once().await {
        // What was built so far is in the daemon's cache: the second try goes on from there.
        Err(error @ EngineError::SessionLost { .. }) => {
            report.note(&format!("{error}; trying again"));
            once().await?
        }
        result => result?,
    };
    tell_left_out(&built.left_out, report);
    let unpacked = match (daemon, &built.digest) {
        (Daemon::Engine(engine), Some(id)) => unpacked(engine, id).await?,
        _ => None,
    };
    Ok(Local { built, unpacked, time: started.elapsed() })
}

/// An image's size in the engine, in bytes.
pub async fn unpacked(engine: &DockerEngine, image: &str) -> Result<Option<u64>, Fault> {
    let inspect = engine.inspect(image).await?;
    Ok(inspect.size.and_then(|s| u64::try_from(s).ok()))
}

fn input(prepared: &Prepared, revision: &Revision, machine: &Machine) -> Result<BuildInput, Fault> {
    let dockerfile = match &prepared.blueprint {
        Blueprint::Generated { dockerfile, .. } => Dockerfile::Generated(dockerfile.clone()),
        Blueprint::Own(path) => Dockerfile::File(path.value.clone()),
    };
    Ok(BuildInput {
        root: prepared.context.clone(),
        rules: prepared.rules()?,
        audience: prepared.audience(),
        dockerfile,
        platform: one_platform(prepared)?,
        cached: prepared.cached,
        labels: labels(prepared, revision),
        secrets: secrets(prepared, machine)?,
    })
}

/// The platform that was asked for. BuildKit would emulate all but one of several, and an engine keeps images of one.
fn one_platform(prepared: &Prepared) -> Result<Option<String>, Fault> {
    match prepared.settings.platforms.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.to_string())),
        several => Err(Fault::new(
            Class::Usage,
            format!("BuildKit builds for one platform at a time here, and {} were asked for", several.len()),
            "name one, or let pydeploy lay the image together: --engine embedded".to_owned(),
        )),
    }
}

/// What changes from commit to commit is no part of the Dockerfile, so that the same project gives the same bytes.
/// What an image is started for beside its command is none either: a Dockerfile of the project's own needs it as well.
pub(super) fn labels(prepared: &Prepared, revision: &Revision) -> BTreeMap<String, String> {
    let processes = planner::processes(&prepared.processes, prepared.settings.wishes.timings);
    let stated = process::label(&processes).map(|text| (process::LABEL.to_owned(), text));
    let mut labels: BTreeMap<_, _> = stated.into_iter().collect();
    if let Revision::Commit { id, dirty, url } = revision {
        let id = if *dirty { format!("{id}-dirty") } else { id.clone() };
        labels.insert("org.opencontainers.image.revision".to_owned(), id);
        labels.extend(url.clone().map(|u| ("org.opencontainers.image.source".to_owned(), u)));
    }
    labels
}

/// The stated secrets, and those that requirements name as `${NAME}`: they come from the environment.
fn secrets(prepared: &Prepared, machine: &Machine) -> Result<BTreeMap<String, SecretSource>, Fault> {
    let mut secrets = prepared.settings.secrets.clone();
    let Blueprint::Generated { plan, .. } = &prepared.blueprint else { return Ok(secrets) };
    for id in &plan.secrets {
        secrets.entry(id.clone()).or_insert_with(|| SecretSource::Variable(id.clone()));
    }
    for (id, source) in &secrets {
        if let SecretSource::Variable(name) = source
            && machine.variable(name).is_none()
        {
            return Err(Fault::new(
                Class::Environment,
                format!("the build needs the secret {id}, but the environment variable {name} is not set"),
                format!("set it, or say where it is: --build-secret id={id},src=FILE"),
            ));
        }
    }
    Ok(secrets)
}

/// Names what a user may have wanted in the image, or should not have beside it; counts the rest.
fn tell_left_out(left_out: &[LeftOut], report: &Report) {
    const SHOWN: usize = 5;
    let notable: Vec<_> = left_out.iter().filter(|l| l.why.is_notable()).collect();
    for left in notable.iter().take(SHOWN) {
        report.note(&format!(
            "{} stays out of the build: {} (to send it: include = [\"{}\"])",
            left.path, left.why, left.path
        ));
    }
    if let Some(more) = notable.len().checked_sub(SHOWN).filter(|m| *m > 0) {
        report.note(&format!("{more} more files stay out of the build for such reasons; `pydeploy plan` names them"));
    }
}
