//! A run through a stage: what each instruction does to its state.

use crate::dockerfile::Node;
use crate::dockerfile::command::{Command, Copying, Form, Mount, Running};
use crate::dockerfile::error::{Error, Trouble};
use crate::dockerfile::heredoc;
use crate::dockerfile::keyword::Keyword;
use crate::dockerfile::ports::Ports;
use crate::dockerfile::problem::Problem;
use crate::dockerfile::shell::{Dialect, Expansion, expand};
use crate::image::config::HealthConfig;

use super::image::{Action, From, Origin, Step, Unknown, Variable, What};
use super::plan::{At, Giver, Plan};
use super::state::{Known, State, joined};
use super::{Context, copying};

/// A run through the stages of a plan.
pub(super) struct Run<'a> {
    context: &'a Context<'a>,
    plan: &'a Plan<'a>,
    /// The stages that become the image.
    chain: Vec<usize>,
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<Unknown>,
}

/// The place in a run: a stage, and what it has come to.
pub(super) struct Here<'s> {
    index: usize,
    pub(super) state: &'s mut State,
    /// The line of the instruction.
    line: usize,
    keyword: Keyword,
    recorded: Recorded,
}

/// Whether what a stage does is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Recorded {
    Yes,
    No,
}

impl Here<'_> {
    fn origin(&self) -> Origin {
        Origin::Line(self.line)
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(context: &'a Context<'a>, plan: &'a Plan<'a>) -> Self {
        Self { context, plan, chain: plan.chain(), steps: Vec::new(), unknown: Vec::new() }
    }

    /// Runs through a stage.
    pub(super) fn stage(&mut self, index: usize, mut state: State) -> Result<State, Error> {
        let planned = &self.plan.stages[index];
        let line = planned.stage.statement.line();
        state.begin();
        // A chain is in the file's order.
        let recorded = if self.chain.binary_search(&index).is_ok() { Recorded::Yes } else { Recorded::No };
        let mut here = Here { index, state: &mut state, line, keyword: Keyword::From, recorded };
        self.step(&here, Action::From);
        for triggered in &planned.triggers {
            let done = self.command(&mut here, &triggered.node, &triggered.givers);
            done.map_err(|trouble| self.plan.error(index, At::Trigger, trouble))?;
        }
        for (node, givers) in planned.stage.nodes.iter().zip(&planned.givers) {
            here.line = node.statement.line();
            let done = self.command(&mut here, node, givers);
            done.map_err(|trouble| self.plan.error(index, At::Own(&node.statement), trouble))?;
        }
        Ok(state)
    }

    fn step(&mut self, here: &Here<'_>, action: Action) {
        if here.recorded == Recorded::Yes {
            let (user, user_from) = (here.state.config.user.clone(), here.state.lines.user);
            self.steps.push(Step { line: here.line, user, user_from, action });
        }
    }

    fn doubt(&mut self, here: &Here<'_>, what: What) {
        if here.recorded == Recorded::Yes {
            let unknown = Unknown { what, instruction: here.keyword, line: here.line };
            if !self.unknown.iter().rev().take_while(|old| old.line == unknown.line).any(|old| *old == unknown) {
                self.unknown.push(unknown);
            }
        }
    }

    /// Expands a word, and notes what was not certain.
    fn expanded(&mut self, here: &Here<'_>, text: &str, dialect: Dialect) -> Result<Expansion, Trouble> {
        // Most words have nothing in them to expand, or to take off.
        let expansion = expand(text, dialect, here.state, &self.context.budget)
            .map_err(|why| Trouble::from(Problem::Substitution { text: text.to_owned(), why }))?;
        for name in &expansion.doubts {
            self.doubt(here, What::Variable(name.clone()));
        }
        Ok(expansion)
    }

    /// Expands an argument.
    pub(super) fn word(&mut self, here: &Here<'_>, text: &str) -> Result<String, Trouble> {
        self.expanded(here, text, Dialect::arguments(self.context.escape)).map(|expansion| expansion.text)
    }

    fn words(&mut self, here: &Here<'_>, texts: &[String]) -> Result<Vec<String>, Trouble> {
        texts.iter().map(|text| self.word(here, text)).collect()
    }

    /// Expands an argument, and says whether it is certain.
    fn value(&mut self, here: &Here<'_>, text: &str) -> Result<(String, bool), Trouble> {
        let expansion = self.expanded(here, text, Dialect::arguments(self.context.escape))?;
        Ok((expansion.text, expansion.doubts.is_empty()))
    }

    /// Expands the content of a file that stands in the Dockerfile.
    pub(super) fn content(&mut self, here: &Here<'_>, text: &str) -> Result<String, Trouble> {
        self.expanded(here, text, Dialect::content()).map(|expansion| expansion.text)
    }

    fn command(&mut self, here: &mut Here<'_>, node: &Node, givers: &[Giver]) -> Result<(), Trouble> {
        here.keyword = Keyword::of(&node.statement.name).unwrap_or(Keyword::From);
        match &node.command {
            Command::Arg(arguments) => self.arguments(here, arguments)?,
            Command::Env(pairs) => self.environment(here, pairs)?,
            Command::Label(pairs) => self.labels(here, pairs)?,
            Command::Expose(words) => self.expose(here, words)?,
            Command::Volume(words) => self.volumes(here, words)?,
            Command::Run(running) => self.running(here, node, running, givers)?,
            Command::Add(copying) | Command::Copy(copying) => self.copy(here, copying, givers)?,
            Command::Cmd(form) => {
                here.state.config.cmd = self.command_line(here, form);
                here.state.lines.cmd = here.origin();
                here.state.own_cmd = true;
            }
            Command::Entrypoint(form) => {
                here.state.config.entrypoint = self.command_line(here, form);
                here.state.lines.entrypoint = here.origin();
                // A command that was made for another entry point is of no use to this one.
                if !here.state.own_cmd {
                    here.state.config.cmd = Vec::new();
                    here.state.lines.cmd = here.origin();
                }
            }
            Command::Shell(words) => {
                here.state.config.shell.clone_from(words);
                here.state.lines.shell = here.origin();
                self.step(here, Action::Shell(words.clone()));
            }
            Command::Healthcheck(health) => Self::health(here, health),
            Command::StopSignal(text) => self.stop_signal(here, text)?,
            Command::User(text) => {
                let user = self.word(here, text)?;
                here.state.config.user.clone_from(&user);
                here.state.lines.user = here.origin();
                self.step(here, Action::User(user));
            }
            Command::Workdir(text) => self.working_dir(here, text)?,
            Command::Onbuild(text) => here.state.config.on_build.push(text.clone()),
            Command::Maintainer | Command::From(_) => {}
        }
        Ok(())
    }

    fn arguments(&mut self, here: &mut Here<'_>, all: &[(String, Option<String>)]) -> Result<(), Trouble> {
        for (name, default) in all {
            let given = self.context.options.build_args.get(name);
            let value = match (given, default) {
                (Some(given), _) => Some((given.clone(), true)),
                (None, Some(default)) => Some(self.value(here, default)?),
                (None, None) => self.context.globals.0.get(name).map(|global| (global.clone(), true)),
            };
            // These are for BuildKit's own use.
            let own = matches!(name.as_str(), "BUILDKIT_SBOM_SCAN_CONTEXT" | "BUILDKIT_SBOM_SCAN_STAGE");
            if let Some((text, certain)) = value.as_ref().filter(|_| !own) {
                here.state.set(name, text, *certain);
            }
            let certain = value.as_ref().is_none_or(|(_, certain)| *certain);
            let value = value.map(|(text, _)| text);
            self.step(here, Action::Set(Variable { name: name.clone(), value, certain }));
        }
        Ok(())
    }

    /// All values of one ENV are expanded before the first is set.
    fn environment(&mut self, here: &mut Here<'_>, pairs: &[(String, String)]) -> Result<(), Trouble> {
        let mut all = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            all.push((self.value(here, name)?, self.value(here, value)?));
        }
        let origin = here.origin();
        for ((name, sure), (value, certain)) in all {
            let certain = sure && certain;
            here.state.set_env(&name, &value, certain, origin);
            self.step(here, Action::Set(Variable { name, value: Some(value), certain }));
        }
        Ok(())
    }

    fn labels(&mut self, here: &mut Here<'_>, pairs: &[(String, String)]) -> Result<(), Trouble> {
        let mut all = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            all.push((self.word(here, name)?, self.word(here, value)?));
        }
        let origin = here.origin();
        for (name, value) in all {
            here.state.lines.labels.insert(name.clone(), origin);
            here.state.config.labels.insert(name, value);
        }
        Ok(())
    }

    fn expose(&mut self, here: &mut Here<'_>, words: &[String]) -> Result<(), Trouble> {
        let origin = here.origin();
        for text in words {
            let expansion = self.expanded(here, text, Dialect::arguments(self.context.escape))?;
            for word in expansion.words {
                let ports = Ports::parse(&word);
                here.state.expose(ports.map_err(|problem| Trouble::new(problem, text))?, origin);
            }
        }
        Ok(())
    }

    fn volumes(&mut self, here: &mut Here<'_>, words: &[String]) -> Result<(), Trouble> {
        let origin = here.origin();
        for volume in self.words(here, words)? {
            if volume.is_empty() {
                return Err(Problem::EmptyVolume.into());
            }
            here.state.lines.volumes.insert(volume.clone(), origin);
            here.state.config.volumes.insert(volume, serde_json::json!({}));
        }
        Ok(())
    }

    /// A command line as it is stored.
    fn command_line(&mut self, here: &Here<'_>, form: &Form) -> Vec<String> {
        match form {
            Form::Exec(words) => words.clone(),
            Form::Shell(text) => {
                if here.state.lines.shell == Origin::Unknown {
                    self.doubt(here, What::Shell);
                }
                here.state.shell().into_iter().chain([text.clone()]).collect()
            }
        }
    }

    fn health(here: &mut Here<'_>, health: &HealthConfig) {
        here.state.config.healthcheck = Some(health.clone());
        here.state.lines.healthcheck = here.origin();
    }

    fn stop_signal(&mut self, here: &mut Here<'_>, text: &str) -> Result<(), Trouble> {
        let signal = self.word(here, text)?;
        if !crate::dockerfile::signal::is_signal(&signal) {
            return Err(Trouble::new(Problem::Signal(signal), text));
        }
        here.state.config.stop_signal = signal;
        here.state.lines.stop_signal = here.origin();
        Ok(())
    }

    fn working_dir(&mut self, here: &mut Here<'_>, text: &str) -> Result<(), Trouble> {
        let path = self.word(here, text)?;
        let absolute = path.starts_with('/');
        if !absolute && here.state.base == Known::No && here.state.lines.working_dir == Origin::Unknown {
            self.doubt(here, What::WorkingDir);
        }
        let folder = joined(&here.state.config.working_dir, &path);
        here.state.certain_dir |= absolute;
        here.state.config.working_dir.clone_from(&folder);
        here.state.lines.working_dir = here.origin();
        self.step(here, Action::Workdir(folder));
        Ok(())
    }

    fn running(&mut self, here: &Here<'_>, node: &Node, run: &Running, givers: &[Giver]) -> Result<(), Trouble> {
        for (text, giver) in run.mounts.iter().zip(givers) {
            let mount = Mount::parse(text, |value| self.word(here, value))?;
            Self::mounted(here, text, &mount, *giver)?;
        }
        if run.form == Form::Exec(Vec::new()) {
            return Err(Problem::NothingToRun.into());
        }
        // What a single heredoc holds is the whole command; else the shell gets heredocs as they are written.
        let whole = |text: &String| heredoc::in_word(text).is_ok_and(|found| found.is_some());
        let heredocs = node.statement.heredocs.clone();
        let form = match &run.form {
            Form::Shell(text) if !heredocs.is_empty() && whole(text) => Form::Shell(String::new()),
            form => form.clone(),
        };
        self.step(here, Action::Run { form, heredocs, shell: here.state.shell() });
        Ok(())
    }

    fn mounted(here: &Here<'_>, text: &str, mount: &Mount, giver: Giver) -> Result<(), Trouble> {
        let refused = |why: &str| {
            let problem = Problem::FlagValue { flag: "--mount", value: text.to_owned(), why: why.to_owned() };
            Trouble::from(problem)
        };
        if mount.kind == "secret" {
            return Ok(());
        }
        if !mount.from.is_empty() || mount.kind == "cache" {
            Self::is_ready(here, &mount.from, giver)?;
        }
        let relative = mount.target.is_empty() || !mount.target.starts_with('/');
        let at_root = if relative {
            // Where the working directory is not certain, the mount may well be below it.
            here.state.certain_dir && joined(&here.state.config.working_dir, &mount.target) == "/"
        } else {
            mount.target == "/"
        };
        if at_root && mount.kind != "ssh" { Err(refused("it has no target below '/'")) } else { Ok(()) }
    }

    /// A stage can only take from one above it; from itself only by a trigger, for else it is in a circle.
    fn is_ready(here: &Here<'_>, name: &str, giver: Giver) -> Result<(), Trouble> {
        match giver {
            Giver::Stage(index) if index > here.index => Err(Problem::LaterStage(name.to_owned()).into()),
            _ => Ok(()),
        }
    }

    fn copy(&mut self, here: &Here<'_>, copying: &Copying, givers: &[Giver]) -> Result<(), Trouble> {
        let mut done = copying.clone();
        done.chown = self.word(here, &copying.chown)?;
        done.chmod = self.word(here, &copying.chmod)?;
        done.checksum = self.word(here, &copying.checksum)?;
        done.sources = self.words(here, &copying.sources)?;
        done.destination = self.word(here, &copying.destination)?;
        for heredoc in done.contents.iter_mut().filter(|heredoc| heredoc.expand) {
            heredoc.content = self.content(here, &heredoc.content)?;
        }
        if let Some(giver) = givers.first() {
            Self::is_ready(here, &copying.from, *giver)?;
        }
        copying::check(&done, here.keyword)?;
        let from = if copying.from.is_empty() { From::Context } else { From::Other(copying.from.clone()) };
        let copied = copying::copied(done, from, &here.state.config.working_dir);
        self.step(here, Action::Copy(copied));
        Ok(())
    }
}
