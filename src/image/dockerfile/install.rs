//! The steps of a Dockerfile that install: a project's dependencies, and the project itself.

use super::{VENV, WORKSPACE, Writer, json};
use crate::image::install::{Install, UV};
use crate::image::plan::ImagePlan;
use crate::project::{Locker, Manager};

/// Secrets that tools read as files, by id: where they look for them.
const SECRET_FILES: &[(&str, &str)] =
    &[("pip.conf", "/etc/pip.conf"), ("netrc", "/root/.netrc"), ("uv.toml", "/etc/uv/uv.toml")];

/// The folder that installing begins in.
pub(super) fn folder(plan: &ImagePlan) -> &'static str {
    if plan.install.member().is_some() { WORKSPACE } else { "/app" }
}

/// Installs the dependencies, from the files that state them.
pub(super) fn dependencies(plan: &ImagePlan, file: &mut Writer) {
    if !plan.install.runs() {
        return;
    }
    file.gap();
    file.comment(
        "Dependencies, from the files that state them alone: code that changes does not bring them here again.",
    );
    match &plan.install {
        Install::Requirements { files, local, beside } => {
            file.line(&format!("RUN python -m venv --without-pip {VENV}"));
            copies(files, local, file);
            run(plan, &format!("{} {}", pip(), required(files, beside)), file);
        }
        Install::Listed(requirements) => {
            file.line(&format!("RUN python -m venv --without-pip {VENV}"));
            run(plan, &format!("{} {}", pip(), listed(requirements)), file);
        }
        Install::Uv { files, local, member, .. } => {
            uv(file);
            // The base's Python is the one that was decided on, whatever patch release .python-version names.
            file.line(&format!(
                "ENV UV_PROJECT_ENVIRONMENT={VENV} UV_PYTHON={} UV_PYTHON_DOWNLOADS=never \\",
                plan.python
            ));
            file.line("    UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1");
            // What lies in a workspace comes after what lies in no folder of it.
            copies(files, if member.is_some() { &[] } else { local }, file);
            run(plan, &format!("{} --no-install-workspace", uv_sync(plan)), file);
        }
        Install::Pylock { file: lock, local, package } => {
            uv(file);
            file.line(&format!("RUN python -m venv --without-pip {VENV}"));
            file.line("ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1");
            let local = if *package { &[".".to_owned()] } else { local.as_slice() };
            copies(std::slice::from_ref(lock), local, file);
            run(plan, &format!("{} --no-editable -r {}", uv_pip(), shell(lock)), file);
        }
        Install::Lock { manager, version, files, local, .. } => {
            let Tool { environment, dependencies, .. } = Tool::of(*manager);
            file.line(&format!(
                "RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore {}",
                tool(*manager, version)
            ));
            file.line(&format!("RUN python -m venv --without-pip {VENV}"));
            file.line(&format!("ENV VIRTUAL_ENV={VENV} {environment}"));
            copies(files, local, file);
            run(plan, dependencies, file);
        }
        Install::Nothing => {}
    }
}

fn uv_sync(plan: &ImagePlan) -> String {
    let words: Vec<_> = plan.install.uv_words().into_iter().map(shell).collect();
    format!("uv sync --frozen {}", words.join(" "))
}

/// How a manager installs by its lock into the virtual environment that is active, without groups for development.
struct Tool {
    /// Variables that make it ask nothing.
    environment: &'static str,
    /// The dependencies alone.
    dependencies: &'static str,
    /// The project as well.
    all: &'static str,
}

/// A release of a manager as pip installs it: PDM's own extra holds what it was released with.
fn tool(manager: Locker, version: &str) -> String {
    match manager {
        Locker::Pdm => shell(&format!("pdm[locked]=={version}")),
        Locker::Poetry | Locker::Pipenv => format!("{}=={version}", Manager::from(manager)),
    }
}

impl Tool {
    fn of(manager: Locker) -> Self {
        match manager {
            Locker::Poetry => Self {
                environment: "POETRY_NO_INTERACTION=1",
                dependencies: "poetry install --only main --no-root",
                all: "poetry install --only main",
            },
            Locker::Pdm => Self {
                environment: "PDM_CHECK_UPDATE=false",
                dependencies: "pdm sync --prod --no-self --no-editable",
                all: "pdm sync --prod --no-editable",
            },
            Locker::Pipenv => Self { environment: "PIPENV_NOSPIN=1", dependencies: "pipenv sync", all: "pipenv sync" },
        }
    }
}

fn uv(file: &mut Writer) {
    file.line(&format!(
        "RUN --mount=type=cache,target=/root/.cache/pip pip install --root-user-action=ignore uv=={UV}"
    ));
}

fn uv_pip() -> String {
    format!("uv pip install --python {VENV}/bin/python --no-deps")
}

fn pip() -> String {
    format!("pip --python {VENV}/bin/python install --disable-pip-version-check")
}

/// The first of the files, which includes the others, and what is installed beside it.
fn required(files: &[String], beside: &[String]) -> String {
    let first = files.first().map(|file| format!("-r {}", shell(file)));
    let beside = beside.iter().map(|requirement| shell(requirement));
    first.into_iter().chain(beside).collect::<Vec<_>>().join(" ")
}

fn listed(requirements: &[String]) -> String {
    requirements.iter().map(|r| shell(r)).collect::<Vec<_>>().join(" ")
}

/// Files, each folder's in one COPY to the same place; then what is installed from the project itself.
fn copies(files: &[String], local: &[String], file: &mut Writer) {
    // Installed from its own root, the project has to be there whole.
    if local.iter().any(|l| l == ".") {
        file.line("COPY . .");
        return;
    }
    let is_archive = |path: &&String| [".whl", ".tar.gz", ".zip"].iter().any(|e| path.ends_with(e));
    let mut folders: Vec<(String, Vec<&str>)> = Vec::new();
    for path in files.iter().chain(local.iter().filter(is_archive)) {
        let folder = path.rsplit_once('/').map_or("./".to_owned(), |(f, _)| format!("{f}/"));
        match folders.iter_mut().find(|(f, _)| *f == folder) {
            Some((_, files)) => files.push(path),
            None => folders.push((folder, vec![path])),
        }
    }
    // A folder is copied to its own name: COPY takes what is in it.
    let trees =
        local.iter().filter(|l| !is_archive(l)).map(|l| (format!("{}/", l.trim_end_matches('/')), vec![l.as_str()]));
    for (target, sources) in folders.into_iter().chain(trees) {
        let words: Vec<_> = sources.into_iter().map(str::to_owned).chain([target]).collect();
        copy(&words, file);
    }
}

fn copy(words: &[String], file: &mut Writer) {
    if words.iter().any(|word| word.contains(char::is_whitespace)) {
        file.line(&format!("COPY {}", json(words)));
    } else {
        file.line(&format!("COPY {}", words.join(" ")));
    }
}

/// One step of a package manager, with its cache, and with credentials that reach this step and no layer.
fn run(plan: &ImagePlan, command: &str, file: &mut Writer) {
    let cache = match command.split(' ').next() {
        Some("uv") => "uv",
        Some("poetry") => "pypoetry",
        Some("pdm") => "pdm",
        Some("pipenv") => "pipenv",
        _ => "pip",
    };
    file.line(&format!("RUN --mount=type=cache,target=/root/.cache/{cache} \\"));
    let mut exports = Vec::new();
    for id in &plan.secrets {
        if let Some((_, target)) = SECRET_FILES.iter().find(|(known, _)| known == id) {
            file.line(&format!("    --mount=type=secret,id={id},required=true,target={target} \\"));
        } else {
            file.line(&format!("    --mount=type=secret,id={id},required=true \\"));
            // Only what a shell takes as a variable's name becomes one.
            if is_variable(id) {
                exports.push(format!("{id}=\"$(cat /run/secrets/{id})\""));
            }
        }
    }
    if exports.is_empty() {
        file.line(&format!("    {command}"));
    } else {
        file.line(&format!("    export {} \\", exports.join(" ")));
        file.line(&format!(" && {command}"));
    }
}

fn is_variable(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Copies the code to where it starts, and installs the project itself, where it is a package.
pub(super) fn code(plan: &ImagePlan, file: &mut Writer) {
    match &plan.install {
        Install::Uv { local, package, member: Some(member), .. } => {
            let own = package.then(|| member.folder.clone());
            let folders: Vec<_> = local.iter().cloned().chain(own).collect();
            if !folders.is_empty() {
                copies(&[], &folders, file);
                run(plan, &format!("{} --no-editable", uv_sync(plan)), file);
            }
            file.line("WORKDIR /app");
            copy(&[format!("{}/", member.folder), "./".to_owned()], file);
            return;
        }
        _ => file.line("COPY . ."),
    }
    match &plan.install {
        // Members of a workspace whose root this is come with it.
        Install::Uv { package, local, .. } if *package || !local.is_empty() => {
            run(plan, &format!("{} --no-editable", uv_sync(plan)), file);
        }
        Install::Lock { package: true, .. } => run(plan, &format!("{} --no-deps .", pip()), file),
        _ => {}
    }
}

/// Installs everything at once, as most Dockerfiles do.
pub(super) fn all(plan: &ImagePlan, file: &mut Writer) {
    match &plan.install {
        Install::Requirements { files, beside, .. } => {
            run(plan, &format!("pip install {}", required(files, beside)), file);
        }
        Install::Listed(requirements) => {
            run(plan, &format!("pip install {}", listed(requirements)), file);
        }
        Install::Uv { member, .. } => {
            file.line(&format!("RUN pip install uv=={UV}"));
            file.line(&format!("ENV UV_PROJECT_ENVIRONMENT={VENV} UV_PYTHON_DOWNLOADS=never PATH={VENV}/bin:$PATH"));
            run(plan, &uv_sync(plan), file);
            if let Some(member) = member {
                file.line(&format!("WORKDIR {WORKSPACE}/{}", member.folder));
            }
        }
        Install::Pylock { file: lock, .. } => {
            file.line(&format!("RUN pip install uv=={UV}"));
            run(plan, &format!("uv pip install --system -r {}", shell(lock)), file);
        }
        Install::Lock { manager, version, .. } => {
            file.line(&format!("RUN pip install {}", tool(*manager, version)));
            file.line(&format!("RUN python -m venv {VENV}"));
            let Tool { environment, all, .. } = Tool::of(*manager);
            file.line(&format!("ENV VIRTUAL_ENV={VENV} PATH={VENV}/bin:$PATH {environment}"));
            run(plan, all, file);
        }
        Install::Nothing => {}
    }
}

/// A word for /bin/sh.
pub(super) fn shell(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned)
}
