//! The planner: from a project, and what its user wishes, to a plan of its image.

use super::contract::{Healthcheck, Port, Protocol, Test};
use super::duration::GoDuration;
use super::install::Install;
use super::native::{self, Family, Origin};
use super::plan::{Account, ImagePlan, Strategy, SystemPackage};
use super::process::Process;
use super::release::Release;
use crate::project::{self, Companion, Decision, DependencySource, Health, Manager, Project, companions};

/// What the user wishes of the image, where they said so.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// How it is put together.
    pub strategy: Decision<Strategy>,
    /// The base to use instead of the official one.
    pub base: Option<Decision<String>>,
    /// Packages of the operating system beside those that are known to be needed.
    pub system_packages: Vec<String>,
    /// The account to run as.
    pub account: Account,
    /// Health check: a command instead of the one we make.
    pub health_command: Option<Decision<Vec<String>>>,
    /// Health check: timings.
    pub timings: Timings,
    /// Ids of build secrets.
    pub secrets: Vec<String>,
}

/// The timings of a health check, as Docker means them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// Between checks.
    pub interval: GoDuration,
    /// For one check.
    pub timeout: GoDuration,
    /// In which failures don't count.
    pub start_period: GoDuration,
    /// Failures in a row until unhealthy.
    pub retries: u32,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            interval: GoDuration::seconds(30),
            timeout: GoDuration::seconds(5),
            start_period: GoDuration::default(),
            retries: 3,
        }
    }
}

/// Plans the image of `project`.
pub fn plan(project: &Project, wishes: &Wishes) -> ImagePlan {
    let strategy = wishes.strategy.value;
    let base_is_alpine = wishes.base.as_ref().is_some_and(|b| b.value.contains("alpine"));
    let family = if strategy == Strategy::Alpine || base_is_alpine { Family::Alpine } else { Family::Debian };
    let mut notes = project.notes.clone();
    let (mut build_packages, mut run_packages) = system_packages(project, strategy, family, &mut notes);
    if strategy != Strategy::Naive {
        for name in &wishes.system_packages {
            let package = SystemPackage { name: name.clone(), because: "asked for in system-packages".into() };
            // Headers are for compiling; what runs has no use for them.
            if name.ends_with("-dev") { build_packages.push(package) } else { run_packages.push(package) }
        }
    }
    for packages in [&mut build_packages, &mut run_packages] {
        packages.sort();
        packages.dedup_by(|a, b| a.name == b.name);
    }
    let mut secrets = wishes.secrets.clone();
    secrets.extend(project.dependencies.indexes.variables.iter().cloned());
    secrets.sort();
    secrets.dedup();
    lock_notes(project, &mut notes);
    let naive = strategy == Strategy::Naive;
    if naive {
        notes
            .push("the naive strategy runs as root: it is a baseline to measure against, and gets no manifests".into());
    }
    let ports = project.port.iter().map(|p| Port { port: p.value, protocol: Protocol::Tcp }).collect();
    ImagePlan {
        base: wishes.base.clone().unwrap_or_else(|| official_base(project, strategy)),
        strategy: wishes.strategy.clone(),
        family,
        python: project.python.value,
        install: Install::of(&project.dependencies),
        build_packages,
        run_packages,
        secrets,
        account: (!naive).then(|| wishes.account.clone()),
        env: if naive { Vec::new() } else { environment(project) },
        static_files: project.static_files.as_ref().map(|step| step.value.clone()),
        command: project.command.value.clone(),
        ports,
        healthcheck: if naive { None } else { healthcheck(project, wishes) },
        labels: labels(project),
        notes,
    }
}

/// What is not locked, and what a lock has that stays out.
fn lock_notes(project: &Project, notes: &mut Vec<String>) {
    let at = project.manager.evidence.as_ref().map_or("", |at| at.file.as_str());
    let told = |Companion { requirement, because }| format!("{requirement} is installed as well: {because}");
    notes.extend(companions(&project.dependencies).into_iter().map(told));
    match &project.dependencies.source {
        DependencySource::Pyproject { .. } => {
            let run = match project.manager.value {
                // A lock that is nobody's own takes no [project].
                Manager::Pip if at.starts_with("setup.") => {
                    "uv pip compile setup.py --format pylock.toml -o pylock.toml"
                }
                Manager::Pip => Manager::Uv.relock(),
                manager => manager.relock(),
            };
            notes.push(format!(
                "nothing is locked, so each build may install other versions: run {run}, and commit its file"
            ));
        }
        DependencySource::UvLock { left_groups, .. } => notes.extend(left_groups.iter().map(|group| {
            format!("the group {group}, which uv installs by default, stays out: groups = [{group:?}] installs it")
        })),
        _ => {}
    }
}

fn official_base(project: &Project, strategy: Strategy) -> Decision<String> {
    let python = project.python.value;
    let (tag, because) = match strategy {
        Strategy::Minimal => {
            let name = Release::with(python).map_or_else(|| "Debian".to_owned(), |r| r.to_string());
            return Decision::assumed(name, format!("its packages have Python {python}"));
        }
        Strategy::MultiStage | Strategy::SingleStage => (format!("{python}-slim"), "the official slim image"),
        Strategy::Alpine => (format!("{python}-alpine"), "the official Alpine image"),
        Strategy::Naive => (python.to_string(), "the official full image"),
    };
    Decision::assumed(format!("python:{tag}"), because)
}

/// What the builder and the runtime need of the operating system; sorted, each name once.
fn system_packages(
    project: &Project,
    strategy: Strategy,
    family: Family,
    notes: &mut Vec<String>,
) -> (Vec<SystemPackage>, Vec<SystemPackage>) {
    let (mut build, mut run) = (Vec::new(), Vec::new());
    let mut compiled = Vec::new();
    let mut unknown = false;
    for dependency in &project.dependencies.packages {
        let origin = native::origin(dependency, family);
        let linked = |name: &str| format!("{name} is linked with it");
        for name in native::run_packages(dependency, family, origin) {
            run.push(SystemPackage { name: name.into(), because: linked(&dependency.name) });
        }
        match origin {
            Origin::Source => {
                let because = format!("{} is compiled against it", dependency.name);
                let packages = native::build_packages(dependency, family);
                build.extend(packages.into_iter().map(|n| SystemPackage { name: n.into(), because: because.clone() }));
                compiled.push(match &dependency.version {
                    Some(version) => format!("{} {version}", dependency.name),
                    None => dependency.name.clone(),
                });
            }
            Origin::Unknown => unknown = true,
            Origin::Wheel => {}
        }
    }
    let because = match (compiled.is_empty(), unknown) {
        (false, _) => Some(format!("compiles {}", compiled.join(", "))),
        (true, true) => Some("a dependency may have no wheel: the requirements do not say".to_owned()),
        (true, false) => None,
    };
    if let Some(because) = because {
        let compilers = family.compilers().iter();
        build.extend(compilers.map(|n| SystemPackage { name: (*n).into(), because: because.clone() }));
    }
    if strategy == Strategy::Alpine {
        alpine_notes(&compiled, unknown, notes);
    }
    if strategy == Strategy::Naive {
        // The full base has the usual compilers and headers.
        return (Vec::new(), Vec::new());
    }
    (build, run)
}

fn alpine_notes(compiled: &[String], unknown: bool, notes: &mut Vec<String>) {
    if !compiled.is_empty() {
        notes.push(format!(
            "no musllinux wheel, so compiled on Alpine: {} (the multi-stage strategy takes the manylinux wheels where \
             there are some)",
            compiled.join(", ")
        ));
    }
    if unknown {
        notes.push(
            "which dependencies have musllinux wheels is not known: requirements do not list wheels, uv.lock does"
                .into(),
        );
    }
}

fn environment(project: &Project) -> Vec<(String, String)> {
    // The root file system is read-only where this runs, so Python must not try to write bytecode.
    let mut env = vec![("PYTHONUNBUFFERED", "1".to_owned()), ("PYTHONDONTWRITEBYTECODE", "1".to_owned())];
    if let Some(root) = &project.import_root {
        let folder = if root.value == "." { "/app".to_owned() } else { format!("/app/{}", root.value) };
        env.push(("PYTHONPATH", folder));
    }
    let env = env.into_iter().map(|(k, v)| (k.to_owned(), v));
    env.chain(project.env.iter().cloned()).collect()
}

/// A check that works with Python alone: slim images have no curl.
fn healthcheck(project: &Project, wishes: &Wishes) -> Option<Decision<Healthcheck>> {
    let check = |argv| timed(Test::Exec(argv), wishes.timings);
    if let Some(command) = &wishes.health_command {
        return Some(command.clone().map(check));
    }
    let (health, port) = (project.health.as_ref()?, project.port.as_ref()?.value);
    let seconds = wishes.timings.timeout.ceil_seconds().max(1);
    let program = match &health.value {
        Health::Http { path, host } => format!(
            "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', {port}, timeout={seconds}); \
             c.request('GET', {}, headers={{'Host': {}}}); sys.exit(c.getresponse().status >= 400)",
            python_string(path),
            python_string(&host.clone().unwrap_or_else(|| format!("localhost:{port}")))
        ),
        Health::Tcp => format!("import socket; socket.create_connection(('127.0.0.1', {port}), {seconds}).close()"),
    };
    let argv = vec!["python".into(), "-c".into(), program];
    Some(health.clone().map(|_| check(argv)))
}

fn timed(test: Test, timings: Timings) -> Healthcheck {
    let Timings { interval, timeout, start_period, retries } = timings;
    Healthcheck { test, interval, timeout, start_period, start_interval: GoDuration::seconds(5), retries }
}

/// The processes beside the command, as the image will state them.
pub fn processes(found: &[project::Process], timings: Timings) -> Vec<Process> {
    let process = |process: &project::Process| Process {
        name: process.name.clone(),
        kind: process.kind,
        command: process.command.value.clone(),
        healthcheck: process.health.clone().map(|argv| timed(Test::Exec(argv), timings)),
    };
    found.iter().map(process).collect()
}

/// A Python literal. Paths come from source code or settings, so anything may be in them.
fn python_string(text: &str) -> String {
    let escape = |c: char| match c {
        '\'' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        _ => format!("\\U{:08x}", u32::from(c)),
    };
    format!("'{}'", text.chars().map(escape).collect::<String>())
}

fn labels(project: &Project) -> Vec<(String, String)> {
    let mut labels = vec![("org.opencontainers.image.title", project.name.value.clone())];
    labels.extend(project.version.iter().map(|v| ("org.opencontainers.image.version", v.value.clone())));
    labels.extend(project.description.iter().map(|d| ("org.opencontainers.image.description", d.clone())));
    labels.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}
