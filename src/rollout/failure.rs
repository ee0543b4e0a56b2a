//! A failure: why a rollout can't come to its end, what shows it, and what to do.

use std::fmt::{self, Display};

use super::cause::Cause;
use crate::plain;

/// So many lines of a text are shown: the last ones.
const LINES: usize = 20;

/// Why a rollout can't come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub cause: Cause,
    /// What it is wrong with.
    pub subject: Subject,
    /// What shows it, word for word.
    pub evidence: Vec<Evidence>,
    /// What to do about it, in a sentence or two.
    pub mend: String,
    /// How many other Pods have the same.
    pub others: usize,
    /// What else there is to know: another manager's changes.
    pub notes: Vec<String>,
}

/// What something is wrong with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// `Pod`, `ReplicaSet` or `Deployment`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The container, where it is one's.
    pub container: Option<String>,
}

/// What shows a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where it is written: `Pod app-5c6, container app, log`.
    pub object: String,
    /// What is written there, word for word, but for the beginning of what is long.
    pub said: String,
}

impl Failure {
    /// The cause in one line.
    pub fn headline(&self) -> String {
        plain::text(&self.cause.to_string()).replace('\n', " ")
    }
}

impl Evidence {
    pub(super) fn new(object: impl Into<String>, said: &str) -> Self {
        let said = plain::text(said);
        let lines: Vec<&str> = said.trim_end().lines().collect();
        let from = lines.len().saturating_sub(LINES);
        Self { object: object.into(), said: lines[from..].join("\n") }
    }
}

impl Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        match &self.container {
            Some(container) => write!(f, ", container {container}"),
            None => Ok(()),
        }
    }
}

/// The cause in a line, the evidence beneath it, the mend last.
impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        for evidence in &self.evidence {
            writeln!(f, "  {}", evidence.object)?;
            for line in evidence.said.lines() {
                writeln!(f, "    {line}")?;
            }
        }
        match self.others {
            0 => {}
            1 => writeln!(f, "  one more Pod has the same")?,
            others => writeln!(f, "  {others} more Pods have the same")?,
        }
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        write!(f, "mend: {}", self.mend)
    }
}
