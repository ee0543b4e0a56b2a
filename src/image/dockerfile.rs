//! A generated Dockerfile: a plan, written down so that an engineer would be glad to keep it.
//!
//! It builds on Docker Engine 20.10 as on today's BuildKit, so it has no heredoc, no `COPY --link` and no
//! `--start-interval`, and needs no frontend from a registry.

mod install;

use super::contract::{Healthcheck, Test};
use super::duration::GoDuration;
use super::native::Family;
use super::plan::{Account, ImagePlan, Strategy, SystemPackage};
use crate::project::BuildStep;

/// Where the dependencies are installed, in every stage.
pub const VENV: &str = "/opt/venv";
/// Where a workspace is whose member the project is: its own files go to where it starts.
const WORKSPACE: &str = "/workspace";
/// Where programs are, on a base that does not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The Dockerfile's text. The same plan always gives the same bytes.
pub fn text(plan: &ImagePlan) -> String {
    let mut file = Writer::default();
    file.comment(&format!(
        "Made by pydeploy (strategy: {}). To keep and change it: pydeploy build --dockerfile-only > Dockerfile",
        plan.strategy.value
    ));
    match plan.strategy.value {
        Strategy::Minimal => return config(plan),
        Strategy::MultiStage | Strategy::Alpine => multi_stage(plan, &mut file),
        Strategy::SingleStage => single_stage(plan, &mut file),
        Strategy::Naive => naive(plan, &mut file),
    }
    file.text
}

/// What of the Dockerfile makes the image config, and no layer: whoever lays the layers together by other means gives the
/// image the same config by it.
pub fn config(plan: &ImagePlan) -> String {
    let mut file = Writer::default();
    let base = if plan.strategy.value == Strategy::Minimal { "scratch" } else { plan.base.value.as_str() };
    file.line(&format!("FROM {base}"));
    environment(plan, &mut file);
    file.line("WORKDIR /app");
    promises(plan, &mut file);
    file.text
}

/// How many layers the last stage of a Dockerfile of ours puts on its base.
pub fn own_layers(text: &str) -> usize {
    let stage = text.lines().rev().take_while(|l| !l.starts_with("FROM "));
    stage.filter(|l| ["RUN ", "COPY ", "WORKDIR "].iter().any(|word| l.starts_with(word))).count()
}

fn multi_stage(plan: &ImagePlan, file: &mut Writer) {
    file.line(&format!("FROM {} AS build", plan.base.value));
    if !plan.build_packages.is_empty() {
        file.gap();
        file.comment("Compilers and headers stay in this stage.");
        packages(plan.family, &plan.build_packages, file);
    }
    file.line(&format!("WORKDIR {}", install::folder(plan)));
    install::dependencies(plan, file);
    file.gap();
    file.comment("Code last: it changes most often. Bytecode is made here, since a read-only root can't keep it.");
    install::code(plan, file);
    compile_code(file);
    file.gap();
    file.line(&format!("FROM {}", plan.base.value));
    if !plan.run_packages.is_empty() {
        file.comment("The libraries that the builder's headers stand for.");
        packages(plan.family, &plan.run_packages, file);
    }
    account(plan, file);
    environment(plan, file);
    file.line("WORKDIR /app");
    if plan.install.runs() {
        file.line(&format!("COPY --from=build {VENV} {VENV}"));
    }
    file.line("COPY --from=build /app /app");
    gather(plan, file);
    promises(plan, file);
}

fn single_stage(plan: &ImagePlan, file: &mut Writer) {
    file.line(&format!("FROM {}", plan.base.value));
    let mut all: Vec<_> = plan.build_packages.iter().chain(&plan.run_packages).cloned().collect();
    all.sort();
    all.dedup_by(|a, b| a.name == b.name);
    if !all.is_empty() {
        file.gap();
        packages(plan.family, &all, file);
    }
    account(plan, file);
    environment(plan, file);
    file.line(&format!("WORKDIR {}", install::folder(plan)));
    install::dependencies(plan, file);
    file.gap();
    install::code(plan, file);
    compile_code(file);
    gather(plan, file);
    promises(plan, file);
}

/// The way that most Dockerfiles begin: everything in one stage, as root.
fn naive(plan: &ImagePlan, file: &mut Writer) {
    file.line(&format!("FROM {}", plan.base.value));
    file.line(&format!("WORKDIR {}", install::folder(plan)));
    file.line("COPY . .");
    install::all(plan, file);
    gather(plan, file);
    promises(plan, file);
}

/// Packages of the operating system, with the archive's lists and files kept between builds and out of the layer.
fn packages(family: Family, packages: &[SystemPackage], file: &mut Writer) {
    let names: Vec<_> = packages.iter().map(|p| p.name.as_str()).collect();
    match family {
        Family::Debian => {
            file.line("RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\");
            file.line("    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\");
            file.line("    rm -f /etc/apt/apt.conf.d/docker-clean \\");
            file.line(" && apt-get update \\");
            file.line(" && apt-get install -y --no-install-recommends \\");
            file.line(&format!("      {}", names.join(" \\\n      ")));
        }
        Family::Alpine => {
            file.line("RUN apk add --no-cache \\");
            file.line(&format!("      {}", names.join(" \\\n      ")));
        }
    }
}

fn compile_code(file: &mut Writer) {
    // A template that only ends in .py does not compile, and need not.
    file.line("RUN python -m compileall -q --invalidation-mode unchecked-hash . || true");
}

/// Gathers the static files, where the project runs: its root file system can be read-only then.
fn gather(plan: &ImagePlan, file: &mut Writer) {
    let Some(BuildStep { command, env }) = &plan.static_files else { return };
    file.gap();
    if !env.is_empty() {
        file.comment("The variables stand in for what is known only where it runs; the image does not keep them.");
    }
    let variables = env.iter().map(|(name, value)| format!("{name}={}", install::shell(value)));
    let words: Vec<_> = variables.chain(command.iter().map(|word| install::shell(word))).collect();
    file.line(&format!("RUN {}", words.join(" ")));
}

fn account(plan: &ImagePlan, file: &mut Writer) {
    let Some(Account { name, uid, gid }) = &plan.account else { return };
    file.gap();
    match plan.family {
        Family::Debian => {
            file.line(&format!("RUN groupadd --gid {gid} {name} \\"));
            file.line(&format!(" && useradd --uid {uid} --gid {gid} --create-home --shell /usr/sbin/nologin {name}"));
        }
        Family::Alpine => {
            file.line(&format!(
                "RUN addgroup -g {gid} {name} && adduser -u {uid} -G {name} -D -s /sbin/nologin {name}"
            ));
        }
    }
}

fn environment(plan: &ImagePlan, file: &mut Writer) {
    let path = match (plan.strategy.value, plan.install.runs()) {
        (Strategy::Minimal, true) => Some(format!("PATH={VENV}/bin:{PATH}")),
        (Strategy::Minimal, false) => Some(format!("PATH={PATH}")),
        (_, true) => Some(format!("PATH={VENV}/bin:$PATH")),
        (_, false) => None,
    };
    let variables = path.into_iter().chain(plan.env.iter().map(|(k, v)| format!("{k}={}", value(v))));
    file.line(&format!("ENV {}", variables.collect::<Vec<_>>().join(" \\\n    ")));
}

/// What Kubernetes will be told: user, port, health, start. All of it is read back from the image.
fn promises(plan: &ImagePlan, file: &mut Writer) {
    file.gap();
    if let Some(account) = &plan.account {
        file.comment("By number: the kubelet can't tell whether a name is root.");
        file.line(&format!("USER {}:{}", account.uid, account.gid));
    }
    for port in &plan.ports {
        file.line(&format!("EXPOSE {}", port.port));
    }
    if let Some(check) = &plan.healthcheck {
        healthcheck(&check.value, file);
    }
    let labels: Vec<_> = plan.labels.iter().map(|(k, v)| format!("{k}={}", quoted(v))).collect();
    if !labels.is_empty() {
        file.line(&format!("LABEL {}", labels.join(" \\\n      ")));
    }
    file.line(&format!("CMD {}", json(&plan.command)));
}

fn healthcheck(check: &Healthcheck, file: &mut Writer) {
    let Healthcheck { interval, timeout, start_period, retries, .. } = check;
    // Engine 20.10 refuses the 0 that today's takes for its default.
    let start = (*start_period > GoDuration::default()).then(|| format!(" --start-period={start_period}"));
    let start = start.unwrap_or_default();
    file.line(&format!("HEALTHCHECK --interval={interval} --timeout={timeout}{start} --retries={retries} \\"));
    match &check.test {
        Test::Exec(argv) => file.line(&format!("  CMD {}", json(argv))),
        Test::Shell(text) => file.line(&format!("  CMD {text}")),
    }
}

/// A JSON array, as exec forms want it, with a space after each comma.
fn json(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|w| serde_json::Value::from(w.as_str()).to_string()).collect();
    format!("[{}]", words.join(", "))
}

/// A value in an ENV, quoted where it needs to be.
fn value(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':');
    if text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

/// A value in a LABEL: double quotes, in which Docker expands `$` and knows `\`.
fn quoted(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| match c {
        '"' | '\\' | '$' => vec!['\\', c],
        '\n' | '\r' => vec![' '],
        c => vec![c],
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn comment(&mut self, text: &str) {
        self.line(&format!("# {text}"));
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }
}
