//! What is found of a project before it gets anything.

use std::path::PathBuf;

use crate::cli::{ImageArgs, InitArgs};
use crate::fault::{Class, Fault};
use crate::image::context::Audience;
use crate::init::table::Home;
use crate::project::{self, Project};
use crate::settings::{DockerfileChoice, Settings};
use crate::source::SourceTree;
use crate::stages::prepare::read_by_build;
use crate::stages::repository::Repository;

use super::Context;

/// A Dockerfile whose first line says so is ours, and copies all that it is sent.
const MADE: &str = "# Made by pydeploy";

/// What a project is, and what it has.
pub(super) struct Found {
    /// Its directory, without links.
    pub(super) root: PathBuf,
    /// Its name.
    pub(super) name: String,
    /// What it is, where its files decide that.
    pub(super) project: Option<Project>,
    /// Why they don't, where they don't.
    pub(super) undecided: Option<project::Error>,
    /// What is stated already.
    pub(super) settings: Settings,
    /// The file of its settings, from its root, and where they stand in it.
    pub(super) home: (&'static str, Home),
    /// Where it lies.
    pub(super) repository: Repository,
    /// Whose Dockerfile it is built by.
    pub(super) audience: Audience,
    /// It has a Dockerfile.
    pub(super) has_dockerfile: bool,
}

impl Found {
    pub(super) fn look(context: &Context<'_>, args: &InitArgs) -> Result<Self, Fault> {
        if context.output.config.is_some() {
            let hint = "leave --config out: settings go to the project's pyproject.toml or pydeploy.toml".to_owned();
            return Err(Fault::new(Class::Usage, "init writes the project's own settings file, and no other", hint));
        }
        let settings = context.settings(&args.project, &ImageArgs::default(), None)?;
        let tree = SourceTree::open(&settings.project)?;
        let root = settings.project.canonicalize().map_err(|e| Fault::from_error(Class::Project, &e, None))?;
        let dockerfile = tree.text("Dockerfile")?.filter(|text| !text.trim().is_empty());
        let is_own = match &settings.dockerfile {
            DockerfileChoice::Generated(_) => false,
            DockerfileChoice::File(_) => true,
            DockerfileChoice::Detect => dockerfile.as_ref().is_some_and(|text| !text.starts_with(MADE)),
        };
        let (project, undecided) = match Project::read(&tree, &settings.stated) {
            Ok(project) => (Some(project), None),
            // What a Dockerfile of its own makes of it need not be told to us.
            Err(_) if dockerfile.is_some() => (None, None),
            Err(error) if error.is_final() => return Err(error.into()),
            Err(error) => (None, Some(error)),
        };
        let name = match &project {
            Some(project) => project.name.value.clone(),
            None => project::name(&tree, &settings.stated)?.value,
        };
        let is_apart = tree.contains("pydeploy.toml") || !tree.contains("pyproject.toml");
        let home = if is_apart { ("pydeploy.toml", Home::Top) } else { ("pyproject.toml", Home::Tool) };
        let repository = Repository::around(&root);
        let audience = if is_own { Audience::Own } else { Audience::Generated };
        let has_dockerfile = dockerfile.is_some();
        Ok(Self { root, name, project, undecided, settings, home, repository, audience, has_dockerfile })
    }

    /// What it is, on one line.
    pub(super) fn summary(&self) -> String {
        let Some(project) = &self.project else { return self.name.clone() };
        let framework = project.framework.as_ref().map(|f| f.value.to_string());
        let what = framework.unwrap_or_else(|| project.kind.value.to_string());
        let port = project.port.as_ref().map(|port| format!(", port {}", port.value)).unwrap_or_default();
        let (python, manager) = (&project.python.value, &project.manager.value);
        format!("{}: {what}, Python {python}, {manager}{port}", self.name)
    }

    /// Files that its build reads.
    pub(super) fn read_by_build(&self) -> Vec<String> {
        self.project.as_ref().map(|project| read_by_build(&project.dependencies.source)).unwrap_or_default()
    }

    /// What a user may want to state, since no file of the project does: lines of comments for a new table.
    pub(super) fn notes(&self) -> Vec<String> {
        let Some(project) = &self.project else { return Vec::new() };
        let mut notes = Vec::new();
        if project.python.evidence.is_none() && self.settings.stated.python.is_none() {
            notes.push(format!("python = \"{}\"", project.python.value));
        }
        if let Some(port) = project.port.as_ref().filter(|port| port.evidence.is_none()) {
            notes.push(format!("port = {}", port.value));
        }
        match project.health.as_ref().map(|health| &health.value) {
            Some(project::Health::Tcp) => notes.push("health.path = \"/health\"".to_owned()),
            Some(project::Health::Http { path, .. }) => {
                notes.push(format!("health.no-redirects = true  # where GET {path} is answered by itself"));
            }
            None => {}
        }
        if !notes.is_empty() {
            let head = "What no file of the project says; what else was found, and where, `pydeploy plan` shows:";
            notes.insert(0, head.to_owned());
        }
        notes
    }
}
