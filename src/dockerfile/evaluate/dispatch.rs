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

/// A stage while it is run through.
pub(super) struct Stage<'s> {
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

impl Stage<'_> {
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
        let mut stage = Stage { index, state: &mut state, line, keyword: Keyword::From, recorded };
        self.step(&stage, Action::From);
        for triggered in &planned.triggers {
            let done = self.command(&mut stage, &triggered.node, &triggered.givers);
            done.map_err(|trouble| self.plan.error(index, At::Trigger, trouble))?;
        }
        for (node, givers) in planned.stage.nodes.iter().zip(&planned.givers) {
            stage.line = node.statement.line();
            let done = self.command(&mut stage, node, givers);
            done.map_err(|trouble| self.plan.error(index, At::Own(&node.statement), trouble))?;
        }
        Ok(state)
    }

    fn step(&mut self, stage: &Stage<'_>, action: Action) {
        if stage.recorded == Recorded::Yes {
            let (user, user_from) = (stage.state.config.user.clone(), stage.state.lines.user);
            self.steps.push(Step { line: stage.line, user, user_from, action });
        }
    }

    fn doubt(&mut self, stage: &Stage<'_>, what: What) {
        if stage.recorded == Recorded::Yes {
            let unknown = Unknown { what, instruction: stage.keyword, line: stage.line };
            if !self.unknown.iter().rev().take_while(|old| old.line == unknown.line).any(|old| *old == unknown) {
                self.unknown.push(unknown);
            }
        }
    }

    /// Expands a word, and notes what was not certain.
    fn expanded(&mut self, stage: &Stage<'_>, text: &str, dialect: Dialect) -> Result<Expansion, Trouble> {
        // Most words have nothing in them to expand, or to take off.
        let expansion = expand(text, dialect, stage.state, &self.context.budget)
            .map_err(|why| Trouble::from(Problem::Substitution { text: text.to_owned(), why }))?;
        for name in &expansion.doubts {
            self.doubt(stage, What::Variable(name.clone()));
        }
        Ok(expansion)
    }

    /// Expands an argument.
    pub(super) fn word(&mut self, stage: &Stage<'_>, text: &str) -> Result<String, Trouble> {
        self.expanded(stage, text, Dialect::arguments(self.context.escape)).map(|expansion| expansion.text)
    }

    fn words(&mut self, stage: &Stage<'_>, texts: &[String]) -> Result<Vec<String>, Trouble> {
        texts.iter().map(|text| self.word(stage, text)).collect()
    }

    /// Expands an argument, and says whether it is certain.
    fn value(&mut self, stage: &Stage<'_>, text: &str) -> Result<(String, bool), Trouble> {
        let expansion = self.expanded(stage, text, Dialect::arguments(self.context.escape))?;
        Ok((expansion.text, expansion.doubts.is_empty()))
    }

    /// Expands the content of a file that stands in the Dockerfile.
    pub(super) fn content(&mut self, stage: &Stage<'_>, text: &str) -> Result<String, Trouble> {
        self.expanded(stage, text, Dialect::content()).map(|expansion| expansion.text)
    }

    fn command(&mut self, stage: &mut Stage<'_>, node: &Node, givers: &[Giver]) -> Result<(), Trouble> {
        stage.keyword = Keyword::of(&node.statement.name).unwrap_or(Keyword::From);
        match &node.command {
            Command::Arg(arguments) => self.arguments(stage, arguments)?,
            Command::Env(pairs) => self.environment(stage, pairs)?,
            Command::Label(pairs) => self.labels(stage, pairs)?,
            Command::Expose(words) => self.expose(stage, words)?,
            Command::Volume(words) => self.volumes(stage, words)?,
            Command::Run(running) => self.running(stage, node, running, givers)?,
            Command::Add(copying) | Command::Copy(copying) => self.copy(stage, copying, givers)?,
            Command::Cmd(form) => {
                stage.state.config.cmd = self.command_line(stage, form);
                stage.state.lines.cmd = stage.origin();
                stage.state.own_cmd = true;
            }
            Command::Entrypoint(form) => {
                stage.state.config.entrypoint = self.command_line(stage, form);
                stage.state.lines.entrypoint = stage.origin();
                // A command that was made for another entry point is of no use to this one.
                if !stage.state.own_cmd {
                    stage.state.config.cmd = Vec::new();
                    stage.state.lines.cmd = stage.origin();
                }
            }
            Command::Shell(words) => {
                stage.state.config.shell.clone_from(words);
                stage.state.lines.shell = stage.origin();
                self.step(stage, Action::Shell(words.clone()));
            }
            Command::Healthcheck(health) => Self::health(stage, health),
            Command::StopSignal(text) => self.stop_signal(stage, text)?,
            Command::User(text) => {
                let user = self.word(stage, text)?;
                stage.state.config.user.clone_from(&user);
                stage.state.lines.user = stage.origin();
                self.step(stage, Action::User(user));
            }
            Command::Workdir(text) => self.working_dir(stage, text)?,
            Command::Onbuild(text) => stage.state.config.on_build.push(text.clone()),
            Command::Maintainer | Command::From(_) => {}
        }
        Ok(())
    }

    fn arguments(&mut self, stage: &mut Stage<'_>, all: &[(String, Option<String>)]) -> Result<(), Trouble> {
        for (name, default) in all {
            let given = self.context.options.build_args.get(name);
            let value = match (given, default) {
                (Some(given), _) => Some((given.clone(), true)),
                (None, Some(default)) => Some(self.value(stage, default)?),
                (None, None) => self.context.globals.0.get(name).map(|global| (global.clone(), true)),
            };
            // These are for BuildKit's own use.
            let own = matches!(name.as_str(), "BUILDKIT_SBOM_SCAN_CONTEXT" | "BUILDKIT_SBOM_SCAN_STAGE");
            if let Some((text, certain)) = value.as_ref().filter(|_| !own) {
                stage.state.set(name, text, *certain);
            }
            let certain = value.as_ref().is_none_or(|(_, certain)| *certain);
            let value = value.map(|(text, _)| text);
            self.step(stage, Action::Set(Variable { name: name.clone(), value, certain }));
        }
        Ok(())
    }

    /// All values of one ENV are expanded before the first is set.
    fn environment(&mut self, stage: &mut Stage<'_>, pairs: &[(String, String)]) -> Result<(), Trouble> {
        let mut all = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            all.push((self.value(stage, name)?, self.value(stage, value)?));
        }
        let origin = stage.origin();
        for ((name, sure), (value, certain)) in all {
            let certain = sure && certain;
            stage.state.set_env(&name, &value, certain, origin);
            self.step(stage, Action::Set(Variable { name, value: Some(value), certain }));
        }
        Ok(())
    }

    fn labels(&mut self, stage: &mut Stage<'_>, pairs: &[(String, String)]) -> Result<(), Trouble> {
        let mut all = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            all.push((self.word(stage, name)?, self.word(stage, value)?));
        }
        let origin = stage.origin();
        for (name, value) in all {
            stage.state.lines.labels.insert(name.clone(), origin);
            stage.state.config.labels.insert(name, value);
        }
        Ok(())
    }

    fn expose(&mut self, stage: &mut Stage<'_>, words: &[String]) -> Result<(), Trouble> {
        let origin = stage.origin();
        for text in words {
            let expansion = self.expanded(stage, text, Dialect::arguments(self.context.escape))?;
            for word in expansion.words {
                let ports = Ports::parse(&word);
                stage.state.expose(ports.map_err(|problem| Trouble::new(problem, text))?, origin);
            }
        }
        Ok(())
    }

    fn volumes(&mut self, stage: &mut Stage<'_>, words: &[String]) -> Result<(), Trouble> {
        let origin = stage.origin();
        for volume in self.words(stage, words)? {
            if volume.is_empty() {
                return Err(Problem::EmptyVolume.into());
            }
            stage.state.lines.volumes.insert(volume.clone(), origin);
            stage.state.config.volumes.insert(volume, serde_json::json!({}));
        }
        Ok(())
    }

    /// A command line as it is stored.
    fn command_line(&mut self, stage: &Stage<'_>, form: &Form) -> Vec<String> {
        match form {
            Form::Exec(words) => words.clone(),
            Form::Shell(text) => {
                if stage.state.lines.shell == Origin::Unknown {
                    self.doubt(stage, What::Shell);
                }
                stage.state.shell().into_iter().chain([text.clone()]).collect()
            }
        }
    }

    fn health(stage: &mut Stage<'_>, health: &HealthConfig) {
        stage.state.config.healthcheck = Some(health.clone());
        stage.state.lines.healthcheck = stage.origin();
    }

    fn stop_signal(&mut self, stage: &mut Stage<'_>, text: &str) -> Result<(), Trouble> {
        let signal = self.word(stage, text)?;
        if !crate::dockerfile::signal::is_signal(&signal) {
            return Err(Trouble::new(Problem::Signal(signal), text));
        }
        stage.state.config.stop_signal = signal;
        stage.state.lines.stop_signal = stage.origin();
        Ok(())
    }

    fn working_dir(&mut self, stage: &mut Stage<'_>, text: &str) -> Result<(), Trouble> {
        let path = self.word(stage, text)?;
        let absolute = path.starts_with('/');
        if !absolute && stage.state.base == Known::No && stage.state.lines.working_dir == Origin::Unknown {
            self.doubt(stage, What::WorkingDir);
        }
        let folder = joined(&stage.state.config.working_dir, &path);
        stage.state.certain_dir |= absolute;
        stage.state.config.working_dir.clone_from(&folder);
        stage.state.lines.working_dir = stage.origin();
        self.step(stage, Action::Workdir(folder));
        Ok(())
    }

    fn running(&mut self, stage: &Stage<'_>, node: &Node, run: &Running, givers: &[Giver]) -> Result<(), Trouble> {
        for (text, giver) in run.mounts.iter().zip(givers) {
            let mount = Mount::parse(text, |value| self.word(stage, value))?;
            self.mounted(stage, text, &mount, *giver)?;
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
        self.step(stage, Action::Run { form, heredocs, shell: stage.state.shell() });
        Ok(())
    }

    fn mounted(&self, stage: &Stage<'_>, text: &str, mount: &Mount, giver: Giver) -> Result<(), Trouble> {
        let refused = |why: &str| {
            let problem = Problem::FlagValue { flag: "--mount", value: text.to_owned(), why: why.to_owned() };
            Trouble::from(problem)
        };
        if mount.kind == "secret" {
            return Ok(());
        }
        if !mount.from.is_empty() || mount.kind == "cache" {
            self.is_ready(stage, &mount.from, giver)?;
        }
        let relative = mount.target.is_empty() || !mount.target.starts_with('/');
        let at_root = if relative {
            // Where the working directory is not certain, the mount may well be below it.
            stage.state.certain_dir && joined(&stage.state.config.working_dir, &mount.target) == "/"
        } else {
            mount.target == "/"
        };
        if at_root && mount.kind != "ssh" { Err(refused("it has no target below '/'")) } else { Ok(()) }
    }

    /// A stage can only take from one above it; from itself only by a trigger, for else it is in a circle.
    pub(super) fn is_ready(&self, stage: &Stage<'_>, name: &str, giver: Giver) -> Result<(), Trouble> {
        match giver {
            Giver::Stage(index) if index > stage.index => Err(Problem::LaterStage(name.to_owned()).into()),
            _ => Ok(()),
        }
    }

    fn copy(&mut self, stage: &Stage<'_>, copying: &Copying, givers: &[Giver]) -> Result<(), Trouble> {
        let mut done = copying.clone();
        done.chown = self.word(stage, &copying.chown)?;
        done.chmod = self.word(stage, &copying.chmod)?;
        done.checksum = self.word(stage, &copying.checksum)?;
        done.sources = self.words(stage, &copying.sources)?;
        done.destination = self.word(stage, &copying.destination)?;
        for heredoc in done.contents.iter_mut().filter(|heredoc| heredoc.expand) {
            heredoc.content = self.content(stage, &heredoc.content)?;
        }
        if let Some(giver) = givers.first() {
            self.is_ready(stage, &copying.from, *giver)?;
        }
        copying::check(&done, stage.keyword)?;
        let from = if copying.from.is_empty() { From::Context } else { From::Other(copying.from.clone()) };
        let copied = copying::copied(done, from, &stage.state.config.working_dir);
        self.step(stage, Action::Copy(copied));
        Ok(())
    }
}
