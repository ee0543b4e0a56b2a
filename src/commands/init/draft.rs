//! A draft: a file as `init` would leave it, and what that does to the one that is there.

use toml_edit::Value;

use crate::cli::{ImageArgs, InitArgs};
use crate::fault::{Class, Fault};
use crate::init::ci::{self, Folder, Subject, System};
use crate::init::dockerignore;
use crate::init::table::{self, Home, Replaced, Statement};
use crate::stages::edit::Place;
use crate::stages::{Blueprint, Prepared};

use super::look::Found;
use super::{Context, Dockerfile, Overwrite, Wishes};

/// A file as it would be left.
#[derive(Debug)]
pub(super) struct Draft {
    /// What is in it.
    pub(super) what: What,
    /// Where it goes.
    pub(super) place: Place,
    /// What becomes of the file that is there.
    pub(super) state: State,
    text: String,
    replaced: Vec<Replaced>,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The settings.
    Settings,
    /// The `.dockerignore`.
    Dockerignore,
    /// The Dockerfile.
    Dockerfile,
    /// A stage.
    Stage(System),
    /// What includes GitLab's stage.
    GitLabRoot,
}

impl What {
    /// Its name in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Dockerignore => "dockerignore",
            Self::Dockerfile => "dockerfile",
            Self::Stage(_) | Self::GitLabRoot => "ci",
        }
    }
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There was none.
    Created,
    /// Something was added to it.
    Edited,
    /// What it said is lost.
    Replaced,
    /// It says all of it already.
    Unchanged,
    /// It says something else, and stays.
    Kept,
}

impl State {
    /// Its name, on the screen and in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited => "edited",
            Self::Replaced => "replaced",
            Self::Unchanged => "unchanged",
            Self::Kept => "kept",
        }
    }
}

impl Draft {
    /// What has to be written for it.
    pub(super) fn change(&self) -> Option<(&Place, &str)> {
        let is_new = matches!(self.state, State::Created | State::Edited | State::Replaced);
        is_new.then_some((&self.place, self.text.as_str()))
    }

    /// What would be lost by it.
    pub(super) fn lost(&self) -> String {
        let path = &self.place.shown;
        let settings = self.replaced.iter().map(|r| format!("`{} = {}` ({path}:{})", r.key, r.before, r.line));
        let settings: Vec<_> = settings.collect();
        if settings.is_empty() { path.clone() } else { settings.join(", ") }
    }

    /// A file of which every byte is ours.
    fn whole(what: What, place: Place, text: String, otherwise: State) -> Self {
        let state = match &place.before {
            None => State::Created,
            Some(before) if *before == text => State::Unchanged,
            Some(_) => otherwise,
        };
        Self { what, place, state, text, replaced: Vec::new() }
    }
}

/// All that is to be written, none of it written yet.
pub(super) fn drafts(
    context: &Context<'_>,
    args: &InitArgs,
    found: &Found,
    wishes: &Wishes,
    overwrite: Overwrite,
) -> Result<Vec<Draft>, Fault> {
    let mut drafts = vec![settings(found, wishes)?];
    let keep = found.read_by_build();
    let text = dockerignore::text(found.audience, &keep, &found.settings.include);
    // Nobody has asked for it by name: one that is there is as good.
    let otherwise = if overwrite == Overwrite::Forced { State::Replaced } else { State::Kept };
    let place = Place::look(&found.root, ".dockerignore")?;
    drafts.push(Draft::whole(What::Dockerignore, place, text, otherwise));
    if wishes.dockerfile == Dockerfile::Written {
        let text = dockerfile(context, args)?;
        drafts.push(Draft::whole(What::Dockerfile, Place::look(&found.root, "Dockerfile")?, text, State::Replaced));
    }
    for system in &wishes.systems {
        stage(found, *system, &mut drafts)?;
    }
    Ok(drafts)
}

fn settings(found: &Found, wishes: &Wishes) -> Result<Draft, Fault> {
    let (path, home) = found.home;
    let place = Place::look(&found.root, path)?;
    let mut statements = Vec::new();
    let mut notes = Vec::new();
    if let Some(image) = &wishes.image {
        statements.push(Statement { key: "image", value: Value::from(image) });
    } else {
        notes.push(format!("image = \"registry.example/team/{}\"  # where `pydeploy ship` pushes it", found.name));
    }
    if let Some(command) = &wishes.command {
        statements.push(Statement { key: "command", value: command.iter().collect() });
    }
    notes.extend(found.notes());
    let before = place.before.as_deref();
    let edited = table::edit(before.unwrap_or_default(), home, &statements, &notes).map_err(|error| {
        let all = statements.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let hint = if home == Home::Tool { format!("write it by hand, in [tool.pydeploy]: {all}") } else { all };
        let fault = Fault::new(Class::Project, format!("could not put the settings into {path}"), hint);
        Fault { causes: vec![error.to_string()], ..fault }
    })?;
    let state = match before {
        None => State::Created,
        Some(before) if before == edited.text => State::Unchanged,
        Some(_) if edited.replaced.is_empty() => State::Edited,
        Some(_) => State::Replaced,
    };
    Ok(Draft { what: What::Settings, place, state, text: edited.text, replaced: edited.replaced })
}

/// The Dockerfile that pydeploy generates for the project as it is now.
fn dockerfile(context: &Context<'_>, args: &InitArgs) -> Result<String, Fault> {
    let image = ImageArgs { dockerfile: Some("generated".to_owned()), ..ImageArgs::default() };
    let prepared: Prepared = context.prepare(&args.project, &image, None)?;
    match prepared.blueprint {
        Blueprint::Generated { dockerfile, .. } => Ok(dockerfile),
        Blueprint::Own(path) => {
            let message = format!("the project is built by {}, and no Dockerfile is generated for it", path.value);
            Err(Fault::new(Class::Project, message, "leave --dockerfile out".to_owned()))
        }
    }
}

/// A stage goes to the root of the repository: the systems look nowhere else.
fn stage(found: &Found, system: System, drafts: &mut Vec<Draft>) -> Result<(), Fault> {
    let repository = &found.repository;
    let subject = match repository.folder.as_str() {
        "" => Subject::Whole,
        path => Subject::Folder(Folder::at(path).ok_or_else(|| {
            let message = format!("no stage can name the folder {path:?} of the repository as it is");
            let hint = "call it by letters, digits, '.', '_' and '-' alone, or leave --ci out".to_owned();
            Fault::new(Class::Project, message, hint)
        })?),
    };
    let file = ci::file(system, &subject);
    let place = Place::look(&repository.root, &file.path)?;
    if system == System::GitLab {
        let root = ci::gitlab_root(&file);
        let place = Place::look(&repository.root, &root.path)?;
        // The user's own stages stand there: what they lack is said, and not written.
        drafts.push(Draft::whole(What::GitLabRoot, place, root.text, State::Kept));
    }
    drafts.push(Draft::whole(What::Stage(system), place, file.text, State::Replaced));
    Ok(())
}
