//! The image that a Dockerfile comes to: its config, where each part of it is from, and what was done to it.

use std::collections::BTreeMap;

use crate::dockerfile::command::Form;
use crate::dockerfile::heredoc::Heredoc;
use crate::dockerfile::keyword::Keyword;
use crate::dockerfile::platform::Platform;
use crate::image::config::RunConfig;

/// What the stage that was asked for comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Its config. What only the base can say, and the base is not known, is empty: [`Image::lines`] tells.
    pub config: RunConfig,
    /// What the lowest of its stages is made from.
    pub base: Base,
    /// Where each part of its config is from.
    pub lines: Lines,
    /// What its stages do, from the lowest stage up.
    pub steps: Vec<Step>,
    /// What was used without being certain, in the order of use.
    pub unknown: Vec<Unknown>,
}

impl Image {
    /// What was used on a line without being certain.
    pub fn unknown_at(&self, line: usize) -> impl Iterator<Item = &Unknown> {
        self.unknown.iter().filter(move |unknown| unknown.line == line)
    }
}

/// What a stage is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    Scratch,
    /// An image.
    Image {
        /// Its name, as written, variables expanded.
        name: String,
        /// What `--platform` asks for, or else what the image is built for.
        platform: Platform,
        /// The line of its FROM.
        line: usize,
    },
}

/// Where a part of a config is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nothing sets it.
    #[default]
    Nowhere,
    /// A line of the Dockerfile; for a trigger of the base, that of the FROM that pulls it.
    Line(usize),
    /// The config of the base image, which is known.
    Base,
    /// The base image may set it: its config is not known.
    Unknown,
}

impl Origin {
    /// The line, where it is one.
    pub fn line(self) -> Option<usize> {
        match self {
            Self::Line(line) => Some(line),
            Self::Nowhere | Self::Base | Self::Unknown => None,
        }
    }
}

/// Where each part of a config is from. A part that isn't in a map comes from [`Lines::others`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// `USER`.
    pub user: Origin,
    /// `HEALTHCHECK`.
    pub healthcheck: Origin,
    /// `STOPSIGNAL`.
    pub stop_signal: Origin,
    /// `CMD`; where `ENTRYPOINT` takes an inherited command away, that line.
    pub cmd: Origin,
    /// `ENTRYPOINT`.
    pub entrypoint: Origin,
    /// `WORKDIR`.
    pub working_dir: Origin,
    /// `SHELL`.
    pub shell: Origin,
    /// `EXPOSE`, by what is exposed: `8000/tcp`.
    pub ports: BTreeMap<String, Origin>,
    /// `ENV`, by name.
    pub env: BTreeMap<String, Origin>,
    /// `VOLUME`, by path.
    pub volumes: BTreeMap<String, Origin>,
    /// `LABEL`, by name.
    pub labels: BTreeMap<String, Origin>,
    /// Ports, variables, volumes and labels beside these: [`Origin::Unknown`] where the base may have some.
    pub others: Origin,
}

/// Something that was used without being certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What it is.
    pub what: What,
    /// The instruction that used it.
    pub instruction: Keyword,
    /// Its line.
    pub line: usize,
}

/// What is not certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A variable that the base may set, or that was made of such a one. It counted as not set, or as it was made.
    Variable(String),
    /// The base's working directory, which a relative one was joined to. It counted as `/`.
    WorkingDir,
    /// The base's shell. It counted as `/bin/sh -c`.
    Shell,
}

/// Something that a stage does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line of its instruction; for a trigger of the base, that of the FROM that pulls it.
    pub line: usize,
    /// The user in force: empty where none is, or where only the base says.
    pub user: String,
    /// Where that user is from.
    pub user_from: Origin,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `FROM`: a stage begins, and forgets no variable of the stage below.
    From,
    /// `RUN`.
    Run {
        /// Its command line. What is in a heredoc of its own (`RUN <<EOF`) is in `heredocs` alone.
        form: Form,
        /// Its heredocs, in their order.
        heredocs: Vec<Heredoc>,
        /// The shell that a command line in words is for.
        shell: Vec<String>,
    },
    /// `COPY` or `ADD`.
    Copy(Copied),
    /// `ENV` or `ARG`: a variable that later steps see.
    Set(Variable),
    /// `USER`: the user from now on.
    User(String),
    /// `WORKDIR`: the working directory from now on.
    Workdir(String),
    /// `SHELL`: the shell from now on.
    Shell(Vec<String>),
}

/// What `COPY` or `ADD` brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Where it is from.
    pub from: From,
    /// Paths there, or URLs; variables expanded.
    pub sources: Vec<String>,
    /// Files whose content stands in the Dockerfile, variables expanded.
    pub contents: Vec<Heredoc>,
    /// Where it is put: absolute, with the slash at its end that makes it a folder.
    pub destination: String,
    /// Who owns it, as written; empty for root.
    pub chown: String,
}

/// Where copied files are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// The build context, and what URLs name.
    Context,
    /// A stage of the Dockerfile or an image, as `--from` names it.
    Other(String),
}

/// A variable as later steps see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; none for an `ARG` that nothing gives a value.
    pub value: Option<String>,
    /// Whether the value is certain: nothing unknown was used to make it.
    pub certain: bool,
}
