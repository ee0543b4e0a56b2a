//! A plan: which stages make the image, in which order, and what their triggers add.

use std::collections::HashMap;

use crate::dockerfile::command::{Command, Copying, Mount, Running};
use crate::dockerfile::error::{Error, Mark, Trouble};
use crate::dockerfile::problem::Problem;
use crate::dockerfile::reader;
use crate::dockerfile::shell::{Dialect, Nothing, expand};
use crate::dockerfile::source::Source;
use crate::dockerfile::statement::Statement;
use crate::dockerfile::{Dockerfile, Node, Platform, Stage};

use super::Context;

/// What another stage or an image gives to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Giver {
    /// The stage of this number.
    Stage(usize),
    /// An image.
    Image,
}

/// A stage in the plan.
pub(super) struct Planned<'a> {
    pub(super) stage: &'a Stage,
    /// Its base as expanded.
    pub(super) base_name: String,
    /// The stage that is its base.
    pub(super) base: Option<usize>,
    pub(super) platform: Option<Platform>,
    /// What its base makes it do first.
    pub(super) triggers: Vec<Triggered>,
    /// What gives to each of its own commands.
    pub(super) givers: Vec<Vec<Giver>>,
    /// The stages that it takes files from.
    needs: Vec<usize>,
}

/// A trigger that became an instruction.
pub(super) struct Triggered {
    pub(super) node: Node,
    pub(super) givers: Vec<Giver>,
}

/// The stages of a Dockerfile.
pub(super) struct Plan<'a> {
    pub(super) stages: Vec<Planned<'a>>,
    pub(super) target: usize,
    /// Whether each is needed.
    pub(super) needed: Vec<bool>,
    names: HashMap<String, usize>,
    /// How many images stand behind the stages in the frontend's list, by which `--from=7` counts.
    images: usize,
    source: &'a Source,
    escape: char,
}

impl<'a> Plan<'a> {
    pub(super) fn make(file: &'a Dockerfile, context: &Context<'_>) -> Result<Self, Error> {
        let mut plan = Self {
            stages: Vec::with_capacity(file.stages.len()),
            target: 0,
            needed: vec![false; file.stages.len()],
            names: HashMap::new(),
            images: 0,
            source: &file.source,
            escape: file.directives.escape,
        };
        for stage in &file.stages {
            let planned = plan.planned(stage, context).map_err(|t| stage.statement.error(plan.source, t))?;
            plan.stages.push(planned);
            if let Some(name) = &stage.from.name {
                plan.names.insert(name.clone(), plan.stages.len() - 1);
            }
        }
        plan.target = plan.find_target(context)?;
        for (index, stage) in file.stages.iter().enumerate() {
            for node in &stage.nodes {
                let givers = plan.givers(&node.command).map_err(|t| node.statement.error(plan.source, t))?;
                plan.take_from(index, &givers);
                plan.stages[index].givers.push(givers);
            }
        }
        plan.refuse_circles()?;
        plan.check_bases()?;
        plan.pull(context)?;
        Ok(plan)
    }

    fn planned(&self, stage: &'a Stage, context: &Context<'_>) -> Result<Planned<'a>, Trouble> {
        let from = &stage.from;
        let base_name = context.expand_global(&from.base)?;
        if base_name.is_empty() {
            return Err(Problem::EmptyBase(from.base.clone()).into());
        }
        let platform = match from.platform.as_str() {
            "" => None,
            text => {
                let expanded = context.expand_global(text)?;
                let wrong = |_| Trouble::new(Problem::Platform(expanded.clone()), text);
                Some(expanded.parse().map_err(wrong)?)
            }
        };
        let base = self.names.get(&base_name).copied();
        let (triggers, givers, needs) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Planned { stage, base_name, base, platform, triggers, givers, needs })
    }

    fn find_target(&self, context: &Context<'_>) -> Result<usize, Error> {
        let super::Target::Stage(name) = &context.options.target else { return Ok(self.stages.len() - 1) };
        let found = self.names.get(&crate::dockerfile::chars::lower(name)).copied();
        found.ok_or_else(|| {
            let stages = self.stages.iter().filter_map(|stage| stage.stage.from.name.clone()).collect();
            let problem = Problem::Target { name: name.clone(), stages };
            Error { place: self.source.place(0, 0, 1), problem }
        })
    }

    /// What a command takes from elsewhere.
    fn givers(&mut self, command: &Command) -> Result<Vec<Giver>, Trouble> {
        let givers = match command {
            Command::Copy(Copying { from, .. }) if !from.is_empty() => vec![self.giver(from)?],
            Command::Run(Running { mounts, .. }) => {
                mounts.iter().map(|mount| self.mount_giver(&Mount::from_of(mount))).collect::<Result<_, _>>()?
            }
            _ => Vec::new(),
        };
        self.images += givers.iter().filter(|giver| **giver == Giver::Image).count();
        Ok(givers)
    }

    /// `--from`: the number or the name of a stage, or an image. Nothing is expanded.
    fn giver(&self, from: &str) -> Result<Giver, Trouble> {
        let wrong = |why| Problem::Substitution { text: from.to_owned(), why };
        let budget = crate::dockerfile::budget::Budget::new();
        let expanded = expand(from, Dialect::arguments(self.escape), &Nothing, &budget).map_err(wrong)?;
        if expanded.text != from {
            return Err(Problem::FromVariable(from.to_owned()).into());
        }
        let Ok(number) = from.parse::<i64>() else { return self.mount_giver(from) };
        match usize::try_from(number) {
            Ok(index) if index < self.stages.len() => Ok(Giver::Stage(index)),
            Ok(index) if index < self.stages.len() + self.images => Ok(Giver::Image),
            _ => Err(Problem::StageNumber(from.to_owned()).into()),
        }
    }

    fn mount_giver(&self, from: &str) -> Result<Giver, Trouble> {
        let name = if from.is_empty() { "scratch" } else { from };
        if let Some(index) = self.names.get(&crate::dockerfile::chars::lower(name)) {
            return Ok(Giver::Stage(*index));
        }
        if name != "scratch" {
            crate::dockerfile::base_name::check(name)?;
        }
        Ok(Giver::Image)
    }

    fn take_from(&mut self, stage: usize, givers: &[Giver]) {
        self.stages[stage].needs.extend(givers.iter().filter_map(|giver| match giver {
            Giver::Stage(index) => Some(*index),
            Giver::Image => None,
        }));
    }

    /// Stages that copy from each other, or from themselves. Those that are not needed count as well.
    fn refuse_circles(&self) -> Result<(), Error> {
        let mut marks = vec![Visit::Never; self.stages.len()];
        for start in 0..self.stages.len() {
            let mut path = vec![];
            if marks[start] == Visit::Never {
                marks[start] = Visit::Now;
                path.push((start, 0));
            }
            while let Some((stage, next)) = path.last_mut() {
                let Some(need) = self.stages[*stage].needs.get(*next).copied() else {
                    marks[*stage] = Visit::Before;
                    path.pop();
                    continue;
                };
                *next += 1;
                match marks[need] {
                    Visit::Now => return Err(self.circle(need)),
                    Visit::Before => {}
                    Visit::Never => {
                        marks[need] = Visit::Now;
                        path.push((need, 0));
                    }
                }
            }
        }
        Ok(())
    }

    fn circle(&self, index: usize) -> Error {
        let stage = self.stages[index].stage;
        let name = stage.from.name.clone().unwrap_or_else(|| index.to_string());
        stage.statement.error(self.source, Problem::Circular(name))
    }

    /// Every base must have the name of an image, also that of a stage that nobody needs.
    fn check_bases(&self) -> Result<(), Error> {
        for planned in self.stages.iter().filter(|s| s.base.is_none() && s.base_name != "scratch") {
            let check = crate::dockerfile::base_name::check(&planned.base_name);
            check.map_err(|problem| {
                let mark = Mark::Text(planned.stage.from.base.clone());
                planned.stage.statement.error(self.source, Trouble { problem, mark })
            })?;
        }
        Ok(())
    }

    /// Marks what the target needs, and lets triggers fire, which may need more.
    fn pull(&mut self, context: &Context<'_>) -> Result<(), Error> {
        let mut open = vec![self.target];
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut self.needed[index], true) {
                continue;
            }
            let texts = self.trigger_texts(index, context);
            let statement = &self.stages[index].stage.statement;
            for text in texts {
                let node = trigger(&text).map_err(|problem| statement.error(self.source, problem))?;
                let givers = self.givers(&node.command);
                let givers = givers.map_err(|t| statement.error(self.source, Trouble { mark: Mark::Whole, ..t }))?;
                self.take_from(index, &givers);
                self.stages[index].triggers.push(Triggered { node, givers });
            }
            let planned = &self.stages[index];
            open.extend(planned.base.iter().chain(&planned.needs));
        }
        Ok(())
    }

    fn trigger_texts(&self, index: usize, context: &Context<'_>) -> Vec<String> {
        let planned = &self.stages[index];
        match planned.base {
            Some(base) => {
                let commands = self.stages[base].stage.nodes.iter().map(|node| &node.command);
                let texts = commands.filter_map(|command| match command {
                    Command::Onbuild(text) => Some(text.clone()),
                    _ => None,
                });
                texts.collect()
            }
            None if planned.base_name == "scratch" => Vec::new(),
            None => (context.options.bases)(&planned.base_name).map(|config| config.on_build).unwrap_or_default(),
        }
    }

    /// The stages that become the image, from the lowest up.
    pub(super) fn chain(&self) -> Vec<usize> {
        let mut chain: Vec<usize> =
            std::iter::successors(Some(self.target), |index| self.stages[*index].base).collect();
        chain.reverse();
        chain
    }

    /// An error in a command of a stage: that of a trigger is where the stage begins.
    pub(super) fn error(&self, stage: usize, at: At<'_>, trouble: Trouble) -> Error {
        match at {
            At::Own(statement) => statement.error(self.source, trouble),
            At::Trigger => {
                self.stages[stage].stage.statement.error(self.source, Trouble { mark: Mark::Whole, ..trouble })
            }
        }
    }
}

/// Whether a stage was visited on the way along what stages need.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Never,
    Now,
    Before,
}

/// Where an instruction is written.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// Here.
    Own(&'a Statement),
    /// In the stage or image below.
    Trigger,
}

/// The one instruction that a trigger is.
fn trigger(text: &str) -> Result<Node, Problem> {
    let wrong = || Problem::TriggerOfImage(text.lines().next().unwrap_or_default().to_owned());
    let source = Source::new("trigger", text.as_bytes());
    let (directives, mut statements) = reader::read(&source).map_err(|error| error.problem)?;
    let statement = statements.pop().filter(|_| statements.is_empty()).ok_or_else(wrong)?;
    let command = Command::parse(&statement, directives.escape).map_err(|trouble| trouble.problem)?;
    if matches!(command, Command::From(_)) { Err(wrong()) } else { Ok(Node { statement, command }) }
}
