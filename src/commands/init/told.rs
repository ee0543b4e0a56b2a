//! What is told of what `init` has done.

use std::fmt::Write;

use serde_json::json;

use crate::image::context::Audience;
use crate::init::ci::{GITLAB_ROOT, System};

use super::draft::{Draft, State, What};
use super::look::Found;
use super::{Context, Dockerfile, Wishes};

/// The files, and what is left to do.
pub(super) fn tell(context: &Context<'_>, found: &Found, wishes: &Wishes, drafts: &[Draft]) {
    let report = context.report;
    let mut text = String::new();
    for draft in drafts {
        let _ = writeln!(text, "{:<9}  {}", draft.state.name(), draft.place.shown);
    }
    report.answer(&text);
    let image = wishes.image.clone().or_else(|| found.settings.registry.as_ref().map(|r| r.value.clone()));
    report.document(&json!({
        "schema": "pydeploy.init/1",
        "name": found.name,
        "image": image,
        "files": drafts.iter().map(|draft| json!({
            "path": draft.place.shown, "what": draft.what.name(), "state": draft.state.name(),
        })).collect::<Vec<_>>(),
        "undecided": undecided(found, wishes).map(|(message, hint)| json!({"message": message, "hint": hint})),
    }));
    if let Some((message, hint)) = undecided(found, wishes) {
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        report.warn(&format!("the project can't be built yet: {message}{hint}"));
    }
    for note in notes(found, wishes, drafts, image.is_some()) {
        report.note(&note);
    }
}

/// What the files of the project still leave open.
fn undecided(found: &Found, wishes: &Wishes) -> Option<(String, Option<String>)> {
    let error = found.undecided.as_ref()?;
    let is_answered = error.command().is_some() && wishes.command.is_some();
    (!is_answered).then(|| (error.to_string(), error.hint()))
}

fn notes(found: &Found, wishes: &Wishes, drafts: &[Draft], has_image: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let state = |what| drafts.iter().find(|draft| draft.what == what).map(|draft| draft.state);
    if state(What::Dockerignore) == Some(State::Kept) {
        notes.push("the .dockerignore stays as it is: --force overwrites it".to_owned());
    }
    let file = found.home.0;
    if !has_image {
        let name = &found.name;
        notes.push(format!(
            "state where the image goes: image = \"registry.example/team/{name}\" in {file}, or --registry"
        ));
    }
    if wishes.dockerfile == Dockerfile::Written {
        notes.push("the Dockerfile is the project's own from now on, and BuildKit follows it".to_owned());
    }
    for system in &wishes.systems {
        notes.push(match system {
            System::GitHub | System::GitLab => {
                format!("{system}: its head says which variables and secrets the stage reads")
            }
            System::Tekton => {
                format!("{system}: its head says how a Pipeline uses the Task, and which Secret that reads")
            }
        });
    }
    let is_followed = found.audience == Audience::Own || wishes.dockerfile == Dockerfile::Written;
    let without: Vec<_> = wishes.systems.iter().filter(|system| **system != System::GitHub).collect();
    if is_followed && !without.is_empty() {
        let names = without.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        notes.push(format!(
            "a Dockerfile takes BuildKit, which {names} has not by itself: state BUILDKIT_HOST in the stage"
        ));
    }
    if state(What::GitLabRoot) == Some(State::Kept)
        && let Some(stage) = drafts.iter().find(|draft| draft.what == What::Stage(System::GitLab))
    {
        let path = &stage.place.shown;
        notes
            .push(format!("{GITLAB_ROOT} stays as it is: include the stage there with `include: [{{local: {path}}}]`"));
    }
    notes
}
