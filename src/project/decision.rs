//! A decision: a value, why it was chosen, and where that can be seen.

use std::fmt;

/// A place in the project's files that a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// Path relative to the project's root.
    pub file: String,
    /// Line, counted from 1; `None` where the file's existence is the evidence.
    pub line: Option<usize>,
}

impl Evidence {
    /// The file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: None }
    }

    /// One line of a file, counted from 1.
    pub fn line(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line: Some(line) }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// A value, why it was chosen, and the place that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<T> {
    /// What was decided.
    pub value: T,
    /// Why, as a phrase that can follow the value ("stated in requires-python").
    pub because: String,
    /// Where it can be seen; `None` for a default and for what a flag or variable said.
    pub evidence: Option<Evidence>,
}

impl<T> Decision<T> {
    /// Decided by something in the project's files.
    pub fn seen(value: T, because: impl Into<String>, evidence: Evidence) -> Self {
        Self { value, because: because.into(), evidence: Some(evidence) }
    }

    /// Decided without anything in the project that says so.
    pub fn assumed(value: T, because: impl Into<String>) -> Self {
        Self { value, because: because.into(), evidence: None }
    }

    /// The same decision about what `f` makes of the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Decision<U> {
        Decision { value: f(self.value), because: self.because, evidence: self.evidence }
    }
}
