//! A subject: a workload of one of the fixture projects, everywhere, without its image having been built.

use std::path::{Path, PathBuf};

use clap::Parser;
use pydeploy::cli::{Cli, Command};
use pydeploy::image::config::ImageConfig;
use pydeploy::image::contract::ImageContract;
use pydeploy::image::plan::Promises;
use pydeploy::image::planner;
use pydeploy::image::process::{self, Process};
use pydeploy::image::reference::DigestRef;
use pydeploy::project::ProcessKind;
use pydeploy::settings::{Given, Machine, Settings};
use pydeploy::stages::{Blueprint, Prepared};
use pydeploy::workload::deploy::Everywhere;
use pydeploy::workload::{Compiled, Deploy, Known, ProcessTerms, Terms, Workload};
use serde_json::{Value, json};

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn contract(config: &Value) -> ImageContract {
    let config: ImageConfig = serde_json::from_value(json!({"config": config})).unwrap();
    ImageContract::read(&config).unwrap()
}

/// What an example image says of itself.
pub(super) fn example_contract() -> ImageContract {
    contract(&json!({
        "User": "1000:1000", "ExposedPorts": {"8000/tcp": {}, "9000/udp": {}}, "WorkingDir": "/app",
        "Healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost:8000/health || exit 1"],
            "Interval": 30_000_000_000_i64, "Timeout": 5_000_000_000_i64, "Retries": 3},
    }))
}

pub(super) fn workload(contract: &ImageContract, name: &str, terms: &Terms) -> Workload {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4)).parse().unwrap();
    let image = DigestRef::confirmed(format!("registry.example/team/{name}").parse().unwrap(), digest);
    let deploy = Deploy { name: name.into(), terms: terms.clone() };
    Compiled::of(contract, &Known::default()).workload(contract, image, Some("v1.2.0".into()), &deploy).unwrap()
}

/// The settings of a project, as the program reads them.
pub(super) fn settings(project: &Path) -> Settings {
    let cli = Cli::try_parse_from(["pydeploy".as_ref(), "plan".as_ref(), project.as_os_str()]).unwrap();
    let Command::Plan(args) = &cli.command else { unreachable!() };
    let given = Given { project, image: &args.image, out: None, output: &cli.output };
    Settings::resolve(given, &Machine::default()).unwrap()
}

/// What the image of the plan will say of itself.
fn planned(promises: &Promises, processes: &[Process]) -> ImageContract {
    let ports: serde_json::Map<_, _> = promises
        .ports
        .iter()
        .map(|p| (format!("{}/{}", p.port, serde_json::to_value(p.protocol).unwrap().as_str().unwrap()), json!({})))
        .collect();
    let health = promises.healthcheck.as_ref().map(|h| {
        let nanos = |d: pydeploy::image::duration::GoDuration| i64::try_from(d.0.as_nanos()).unwrap();
        json!({"Test": h.test.stored(), "Interval": nanos(h.interval), "Timeout": nanos(h.timeout),
            "StartPeriod": nanos(h.start_period), "Retries": h.retries})
    });
    let user = promises.user.to_string();
    contract(&json!({"User": user, "ExposedPorts": ports, "WorkingDir": "/app", "Healthcheck": health,
        "Labels": {process::LABEL: process::label(processes).unwrap_or_else(|| "[]".to_owned())}}))
}

/// Every fixture's name, and its workload everywhere.
pub(super) fn fixtures() -> Vec<(String, Everywhere<Workload>)> {
    let entries = std::fs::read_dir(root().join("tests/projects")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    // Of a workspace it is a member that is deployed.
    let member = |folder: PathBuf| Some(folder.join("services/api")).filter(|at| at.is_dir()).unwrap_or(folder);
    folders.into_iter().map(|folder| fixture(&member(folder))).collect()
}

fn fixture(folder: &Path) -> (String, Everywhere<Workload>) {
    let prepared = Prepared::new(settings(folder)).unwrap();
    let contract = match &prepared.blueprint {
        Blueprint::Generated { plan, .. } => {
            planned(&plan.promises(), &planner::processes(&prepared.processes, prepared.settings.wishes.timings))
        }
        Blueprint::Own(_) => example_contract(),
    };
    let name = prepared.name.value.clone();
    let make = |terms: &Terms| Ok::<_, std::convert::Infallible>(workload(&contract, &name, terms));
    let Ok(everywhere) = prepared.settings.environments.try_map(make);
    (folder.file_name().unwrap().to_str().unwrap().to_owned(), everywhere)
}

/// Terms with everything set: those of the fixture that has nearly everything, and what rules the rest out there.
pub(super) fn full() -> Workload {
    let terms = settings(&root().join("tests/projects/operator")).environments;
    let production = &terms.each["production"];
    let terms = Terms { service_account: None, disruption_budget: terms.base.disruption_budget, ..production.clone() };
    let mut contract = example_contract();
    // A check for one of them, and words that a kubelet would expand.
    let process = |name: &str, kind, words: &[&str]| Process {
        name: name.to_owned(),
        kind,
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        healthcheck: None,
    };
    contract.processes = vec![
        process("release", ProcessKind::Release, &["sh", "-c", "echo $(date) $$ $HOME"]),
        process("worker", ProcessKind::Worker, &["celery", "-A", "a", "worker"]),
        process("beat", ProcessKind::Scheduler, &["celery", "-A", "a", "beat"]),
    ];
    contract.processes[1].healthcheck.clone_from(&contract.healthcheck);
    let worker = ProcessTerms { replicas: Some(0) };
    let terms = Terms { processes: [("worker".to_owned(), worker)].into(), ..terms };
    let mut full = workload(&contract, "api", &terms);
    // Numbers that a template language may write as 3e+06, a port below 1024, and every way to ask for health.
    full.ports
        .insert(0, pydeploy::image::contract::Port { port: 80, protocol: pydeploy::image::contract::Protocol::Tcp });
    let probes = full.probes.as_mut().unwrap();
    probes.startup.failures = i32::MAX;
    probes.readiness.handler = pydeploy::workload::Handler::HttpGet {
        port: 8000,
        path: "/health?a=1&b=<2>".into(),
        headers: vec![("Host".into(), "localhost:8000".into())],
    };
    probes.liveness.handler = pydeploy::workload::Handler::Grpc { port: 9000, service: Some("orders.v1".into()) };
    full
}
