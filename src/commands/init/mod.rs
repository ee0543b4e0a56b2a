//! `init`: what a project begins with, as files of its own.

mod draft;
mod look;
mod questions;
mod told;

use crate::cli::{CiSystem, InitArgs};
use crate::fault::{Class, Fault};
use crate::init::ci::System;
use crate::stages::{Target, edit};

use super::Context;
use draft::{Draft, State};
use look::Found;

/// What is to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Wishes {
    /// Where the image goes.
    image: Option<String>,
    /// What starts the project, where its files don't tell.
    command: Option<Vec<String>>,
    /// Stages, each once.
    systems: Vec<System>,
    /// Whether the Dockerfile is written, too.
    dockerfile: Dockerfile,
}

/// What becomes of the Dockerfile that pydeploy generates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Dockerfile {
    /// It is written into the project.
    Written,
    /// It is made for each build anew.
    #[default]
    Generated,
}

/// What becomes of files that are there and say something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overwrite {
    /// They stay as they are.
    Never,
    /// They are overwritten.
    Forced,
}

pub(super) fn run(context: &Context<'_>, args: &InitArgs) -> Result<(), Fault> {
    let found = Found::look(context, args)?;
    let mut wishes = wishes(&found, args)?;
    if !args.yes && !context.machine.is_ci() && context.report.can_ask() {
        context.report.stage(&found.summary());
        let mut ask = |question: &str, default: &str| {
            let answer = context.report.ask(question, default).map_err(|e| unanswered(&e))?;
            answer.ok_or_else(|| Fault::interrupted(None))
        };
        questions::ask(&mut ask, &|text| context.report.warn(text), &found, &mut wishes)?;
    }
    let overwrite = if args.force { Overwrite::Forced } else { Overwrite::Never };
    let drafts = draft::drafts(context, args, &found, &wishes, overwrite)?;
    refuse_overwriting(&drafts, overwrite)?;
    let changes: Vec<_> = drafts.iter().filter_map(Draft::change).collect();
    edit::write(&changes)?;
    told::tell(context, &found, &wishes, &drafts);
    Ok(())
}

/// What the flags ask for.
fn wishes(found: &Found, args: &InitArgs) -> Result<Wishes, Fault> {
    if let Some(image) = &args.registry {
        found.target(image).map_err(|fault| Fault { class: Class::Usage, ..fault })?;
    }
    let mut systems: Vec<_> = args.ci.iter().map(|system| of(*system)).collect();
    systems.sort_unstable();
    systems.dedup();
    let dockerfile = if args.dockerfile { Dockerfile::Written } else { Dockerfile::Generated };
    Ok(Wishes { image: args.registry.clone(), command: None, systems, dockerfile })
}

fn of(system: CiSystem) -> System {
    match system {
        CiSystem::Github => System::GitHub,
        CiSystem::Gitlab => System::GitLab,
        CiSystem::Tekton => System::Tekton,
    }
}

fn unanswered(error: &std::io::Error) -> Fault {
    let hint = "state what is wanted with flags, and add --yes".to_owned();
    let fault = Fault::new(Class::Environment, "could not ask on this terminal", hint);
    Fault { causes: vec![error.to_string()], ..fault }
}

/// Before anything is written: all that would be lost, in one answer.
fn refuse_overwriting(drafts: &[Draft], overwrite: Overwrite) -> Result<(), Fault> {
    let lost: Vec<_> = drafts.iter().filter(|draft| draft.state == State::Replaced).collect();
    if lost.is_empty() || overwrite == Overwrite::Forced {
        return Ok(());
    }
    let mut message = "init overwrites nothing that is there and says something else: ".to_owned();
    message.push_str(&lost.iter().map(|draft| draft.lost()).collect::<Vec<_>>().join(", "));
    Err(Fault::new(Class::Project, message, "look at it, and run it with --force to overwrite it".to_owned()))
}

impl Found {
    /// Where an image that is called so would go.
    fn target(&self, image: &str) -> Result<Target, Fault> {
        Target::parse(image, &self.name)
    }
}
