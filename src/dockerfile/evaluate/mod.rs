//! An evaluation: the image config that a Dockerfile comes to.

mod copying;
mod dispatch;
mod image;
mod plan;
mod state;
#[cfg(test)]
mod tests;

pub use image::{Action, Base, Copied, From, Image, Lines, Origin, Step, Unknown, Variable, What};

use std::collections::{BTreeMap, HashMap};

use crate::image::config::RunConfig;

use super::Dockerfile;
use super::budget::{Budget, Spent};
use super::command::Command;
use super::error::{Error, Trouble};
use super::platform::Platform;
use super::problem::Problem;
use super::shell::{Dialect, Lookup, Variables, expand};
use dispatch::Run;
use plan::{At, Plan};
use state::State;

/// Which stage is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The last one.
    Last,
    /// The one of this name, in whatever case.
    Stage(String),
}

/// How a Dockerfile is built.
pub struct Options<'a> {
    /// The stage.
    pub target: Target,
    /// `--build-arg`s.
    pub build_args: BTreeMap<String, String>,
    /// What it is built for.
    pub platform: Platform,
    /// What it is built on: `BUILDPLATFORM`.
    pub build_platform: Platform,
    /// The config of a base image by its name as written, where it is known.
    pub bases: &'a dyn Fn(&str) -> Option<RunConfig>,
}

impl Options<'_> {
    /// The last stage for linux/amd64, no build arguments, no base known.
    pub fn new() -> Self {
        let platform = Platform::linux_amd64();
        let build_args = BTreeMap::new();
        Self { target: Target::Last, build_args, build_platform: platform.clone(), platform, bases: &|_| None }
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// What holds for a whole evaluation.
pub(super) struct Context<'a> {
    options: &'a Options<'a>,
    /// The ARGs above the first FROM, and those that BuildKit itself sets.
    globals: Globals,
    escape: char,
    budget: Budget,
}

struct Globals(HashMap<String, String>);

impl Variables for Globals {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        self.0.get(name).map_or(Lookup::Unset, |value| Lookup::Set(value))
    }
}

impl Context<'_> {
    /// Expands a word where only global arguments are known.
    fn expand_global(&self, text: &str) -> Result<String, Trouble> {
        expand(text, Dialect::arguments(self.escape), &self.globals, &self.budget)
            .map(|expansion| expansion.text)
            .map_err(|why| Problem::Substitution { text: text.to_owned(), why }.into())
    }
}

/// The arguments that BuildKit sets: <https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope>.
fn predefined(file: &Dockerfile, options: &Options<'_>) -> HashMap<String, String> {
    let (build, target) = (&options.build_platform, &options.platform);
    let stage = match &options.target {
        Target::Stage(name) => name.clone(),
        Target::Last => file.stages().last().flatten().unwrap_or("default").to_owned(),
    };
    let all = [
        ("BUILDPLATFORM", build.to_string()),
        ("BUILDOS", build.os.clone()),
        ("BUILDOSVERSION", String::new()),
        ("BUILDARCH", build.architecture.clone()),
        ("BUILDVARIANT", build.variant.clone()),
        ("TARGETPLATFORM", target.to_string()),
        ("TARGETOS", target.os.clone()),
        ("TARGETOSVERSION", String::new()),
        ("TARGETARCH", target.architecture.clone()),
        ("TARGETVARIANT", target.variant.clone()),
        ("TARGETSTAGE", stage),
    ];
    let given = |name: &str, value| options.build_args.get(name).cloned().unwrap_or(value);
    all.into_iter().map(|(name, value)| (name.to_owned(), given(name, value))).collect()
}

fn context<'a>(file: &Dockerfile, options: &'a Options<'a>) -> Result<Context<'a>, Error> {
    let globals = Globals(predefined(file, options));
    let mut context = Context { options, globals, escape: file.directives.escape, budget: Budget::new() };
    for node in &file.globals {
        let Command::Arg(arguments) = &node.command else { continue };
        for (name, default) in arguments {
            let value = match (options.build_args.get(name), default) {
                (Some(given), _) => given.clone(),
                (None, Some(default)) => {
                    context.expand_global(default).map_err(|trouble| node.statement.error(&file.source, trouble))?
                }
                (None, None) => continue,
            };
            context.globals.0.insert(name.clone(), value);
        }
    }
    epoch(&mut context, file)?;
    Ok(context)
}

/// `SOURCE_DATE_EPOCH` as a build argument or above the first FROM must be one of few things.
fn epoch(context: &mut Context<'_>, file: &Dockerfile) -> Result<(), Error> {
    const NAME: &str = "SOURCE_DATE_EPOCH";
    let given = context.options.build_args.get(NAME).or_else(|| context.globals.0.get(NAME));
    let Some(text) = given.filter(|text| !text.is_empty()).cloned() else { return Ok(()) };
    let stage = file.stages().flatten().any(|name| name.eq_ignore_ascii_case(&text));
    match text.parse::<i64>() {
        Ok(seconds) => {
            if let Some(value) = context.globals.0.get_mut(NAME) {
                *value = seconds.to_string();
            }
            Ok(())
        }
        Err(_) if text == "context" || stage => Ok(()),
        Err(_) => Err(Error { place: file.source.place(0, 0, 1), problem: Problem::Epoch(text) }),
    }
}

/// Evaluates a Dockerfile.
pub(super) fn evaluate(file: &Dockerfile, options: &Options<'_>) -> Result<Image, Error> {
    let context = context(file, options)?;
    let plan = Plan::make(file, &context)?;
    let mut run = Run::new(&context, &plan);
    let mut states: Vec<Option<State>> = (0..plan.stages.len()).map(|_| None).collect();
    let mut users = uses(&plan);
    for index in (0..plan.stages.len()).filter(|index| plan.needed[*index]) {
        let base = plan.stages[index].base;
        let spent = |_: Spent| plan.error(index, At::Trigger, Problem::TooMuch.into());
        let state = match base {
            Some(base) => {
                users[base] -= 1;
                // The last stage on it may have it whole.
                let last = users[base] == 0;
                let state = if last { states[base].take() } else { None };
                match (state, &states[base]) {
                    (Some(state), _) => state,
                    (None, Some(state)) => state.copy(&context.budget).map_err(spent)?,
                    (None, None) => State::scratch(),
                }
            }
            None => bottom(&plan, index, options),
        };
        let done = run.stage(index, state)?;
        if users[index] > 0 {
            states[index] = Some(done);
        }
    }
    let (config, lines) = states[plan.target].take().unwrap_or_default().finish();
    let base = base(&plan, options);
    Ok(Image { config, base, lines, steps: run.steps, unknown: run.unknown })
}

/// How many stages stand on each, and whoever asks for the target.
fn uses(plan: &Plan<'_>) -> Vec<usize> {
    let mut uses = vec![0; plan.stages.len()];
    uses[plan.target] = 1;
    for (planned, _) in plan.stages.iter().zip(&plan.needed).filter(|(_, needed)| **needed) {
        if let Some(base) = planned.base {
            uses[base] += 1;
        }
    }
    uses
}

fn bottom(plan: &Plan<'_>, index: usize, options: &Options<'_>) -> State {
    match plan.stages[index].base_name.as_str() {
        "scratch" => State::scratch(),
        name => (options.bases)(name).map_or_else(State::unknown, State::known),
    }
}

fn base(plan: &Plan<'_>, options: &Options<'_>) -> Base {
    let lowest = plan.chain().first().and_then(|index| plan.stages.get(*index));
    match lowest {
        Some(planned) if planned.base_name != "scratch" => Base::Image {
            name: planned.base_name.clone(),
            platform: planned.platform.clone().unwrap_or_else(|| options.platform.clone()),
            line: planned.stage.statement.line(),
        },
        _ => Base::Scratch,
    }
}
