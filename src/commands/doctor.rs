//! `doctor`: what this machine has and lacks, each with its mend.

use std::fmt::Write;

use serde_json::json;

use super::Context;
use crate::cache::{self, Cache};
use crate::cli::DoctorArgs;
use crate::cluster::{self, Cluster};
use crate::engine::buildkit::Daemon;
use crate::fault::{Class, Fault};
use crate::image::reference::Repository;
use crate::stages::build::{daemon, keychain};
use crate::stages::push;

/// One thing that was looked at.
struct Check {
    what: &'static str,
    state: State,
    found: String,
    mend: Option<String>,
}

/// How it stands with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// There, and good.
    Good,
    /// Not there, and not needed for everything.
    Missing,
    /// Nothing works without it.
    Broken,
}

impl State {
    fn mark(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Missing => "–",
            Self::Broken => "✗",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Missing => "missing",
            Self::Broken => "broken",
        }
    }
}

pub(super) async fn run(context: &Context<'_>, args: &DoctorArgs) -> Result<(), Fault> {
    let mut checks = vec![cache(context), installer(context), engine(context).await, logins(context)];
    if let Some(registry) = &args.image.registry {
        checks.push(registry_answers(context, registry, args).await);
    }
    checks.push(program(context, "git", "images are tagged by a digest of their content instead of the commit"));
    checks.push(program(context, "kubectl", "manifests are written and deployed all the same; its hints name kubectl"));
    checks.push(cluster(context).await);
    context.report.answer(&text(&checks));
    context.report.document(&json!({
        "schema": "pydeploy.doctor/1",
        "checks": checks.iter().map(|c| json!({
            "what": c.what, "state": c.state.name(), "found": c.found, "mend": c.mend,
        })).collect::<Vec<_>>(),
    }));
    match checks.iter().find(|c| c.state == State::Broken) {
        Some(broken) => {
            Err(Fault { told: true, ..Fault::new(Class::Environment, format!("{} is not usable", broken.what), None) })
        }
        None => Ok(()),
    }
}

fn of_fault(what: &'static str, fault: Fault) -> Check {
    let causes = fault.causes.iter().fold(fault.message, |text, cause| format!("{text}: {cause}"));
    Check { what, state: State::Broken, found: causes, mend: fault.hint }
}

fn good(what: &'static str, found: String) -> Check {
    Check { what, state: State::Good, found, mend: None }
}

async fn engine(context: &Context<'_>) -> Check {
    match daemon(context.machine).await {
        Ok(Daemon::Engine(e)) => {
            good("engine", format!("Docker Engine {} (API {}) at {}", e.version, e.api, e.endpoint()))
        }
        Ok(Daemon::Standalone(endpoint)) => match endpoint.connect().await {
            Ok(_) => good("engine", format!("BuildKit at {endpoint}")),
            Err(source) => {
                let endpoint = endpoint.to_string();
                of_fault("engine", crate::engine::Error::Absent { endpoint, source }.into())
            }
        },
        // Wheels on a base need none.
        Err(fault) => Check { state: State::Missing, ..of_fault("engine", fault) },
    }
}

/// What the embedded engine has made before, and has no need to make again.
fn cache(context: &Context<'_>) -> Check {
    let stated = context.machine.variable("PYDEPLOY_CACHE").map(Into::into);
    let root = stated.or_else(|| cache::default_root(|name| context.machine.variable(name)));
    match root.ok_or(cache::Error::NoPlace).and_then(|root| Cache::open(&root)) {
        Ok(cache) => good("cache", cache.root().display().to_string()),
        Err(error) => of_fault("cache", error.into()),
    }
}

/// What resolves and unpacks the dependencies.
fn installer(context: &Context<'_>) -> Check {
    let uv = program(context, "uv", "pydeploy brings one of its own through pip, the first time");
    let has_python = || program(context, "python3", "").state == State::Good;
    match uv.state {
        State::Missing if has_python() => Check { mend: None, ..uv },
        State::Missing => Check { mend: Some("install uv, or Python with pip".to_owned()), ..uv },
        _ => uv,
    }
}

fn logins(context: &Context<'_>) -> Check {
    let place = context.machine.docker_config().map(|d| d.join("config.json"));
    match (keychain(context.machine, Some("localhost")), place) {
        (Err(fault), _) => of_fault("logins", fault),
        (Ok(_), Some(file)) if file.is_file() => good("logins", format!("read from {}", file.display())),
        (Ok(_), _) => Check {
            what: "logins",
            state: State::Missing,
            found: "no Docker configuration: registries are spoken to anonymously".into(),
            mend: Some("docker login REGISTRY".into()),
        },
    }
}

async fn registry_answers(context: &Context<'_>, registry: &str, args: &DoctorArgs) -> Check {
    let answer = async {
        let repository = Repository::at(registry, "x")?;
        let keychain = keychain(context.machine, Some(repository.host()))?;
        let project = crate::cli::ProjectArg { project: ".".into() };
        let settings = context.settings(&project, &args.image, None)?;
        push::client(&repository, &settings.security, &keychain).await?.ping().await?;
        Ok::<_, Fault>(repository.host().to_owned())
    };
    match answer.await {
        Ok(host) => good("registry", format!("{host} answers")),
        Err(fault) => of_fault("registry", fault),
    }
}

fn program(context: &Context<'_>, name: &'static str, without: &str) -> Check {
    let path = context.machine.path().unwrap_or_default();
    match std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()) {
        Some(file) => good(name, file.display().to_string()),
        None => Check {
            what: name,
            state: State::Missing,
            found: format!("not on PATH: {without}"),
            mend: Some(format!("install {name}")),
        },
    }
}

async fn cluster(context: &Context<'_>) -> Check {
    let found = async { Cluster::connect(cluster::find(&context.machine.cluster()).await?).await };
    match found.await {
        Ok(Cluster { context, address, namespace, version, .. }) => {
            let version = version.map(|v| format!("Kubernetes {v}, ")).unwrap_or_default();
            good("cluster", format!("{version}context {context}, namespace {namespace}, at {address}"))
        }
        // Only `deploy` and its like need one.
        Err(error) => Check { state: State::Missing, ..of_fault("cluster", error.into()) },
    }
}

fn text(checks: &[Check]) -> String {
    let width = checks.iter().map(|c| c.what.len()).max().unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let Check { what, state, found, mend } = check;
        let _ = writeln!(text, "{} {what:<width$}  {found}", state.mark());
        if let Some(mend) = mend {
            let _ = writeln!(text, "  {:<width$}  mend: {mend}", "");
        }
    }
    text
}
