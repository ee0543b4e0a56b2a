//! An error: a problem, and where in the Dockerfile it is.

use super::problem::Problem;
use super::source::Place;

/// What would make a build of the Dockerfile fail before anything is run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Error {
    /// Where it is, with the text that is meant.
    pub place: Place,
    /// What it is.
    pub problem: Problem,
}

impl Error {
    /// The line with the text marked under it.
    pub fn snippet(&self) -> String {
        self.place.snippet()
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        self.problem.hint()
    }
}

/// Which part of an instruction is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// All of it.
    Whole,
    /// This text, where it is found in it.
    Text(String),
}

/// A problem in an instruction whose place is still to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) problem: Problem,
    pub(super) mark: Mark,
}

impl Trouble {
    pub(super) fn new(problem: Problem, text: impl Into<String>) -> Self {
        Self { problem, mark: Mark::Text(text.into()) }
    }
}

impl From<Problem> for Trouble {
    /// The problem's own words say which text is meant, if any does.
    fn from(problem: Problem) -> Self {
        let mark = match &problem {
            Problem::UnknownInstruction { name: text, .. }
            | Problem::NotAPair(text)
            | Problem::UnknownFlag { flag: text, .. }
            | Problem::RepeatedFlag(text)
            | Problem::FlagNotBoolean(text)
            | Problem::FlagWithoutValue(text)
            | Problem::HealthType(text)
            | Problem::StageName(text)
            | Problem::Substitution { text, .. }
            | Problem::EmptyBase(text)
            | Problem::BaseName { name: text, .. }
            | Problem::Platform(text)
            | Problem::StageNumber(text)
            | Problem::FromVariable(text)
            | Problem::LaterStage(text)
            | Problem::Port { port: text, .. }
            | Problem::Signal(text)
            | Problem::FlagValue { value: text, .. }
            | Problem::Origin { source_text: text, .. }
            | Problem::Trigger(text) => Mark::Text(text.clone()),
            _ => Mark::Whole,
        };
        Self { problem, mark }
    }
}
