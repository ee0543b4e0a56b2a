//! A finding: something that an image promises and a cluster can't keep, or keeps in another way than one might think.

use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It can't work: no manifest is made.
    Error,
    /// It may not do what is meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// Something found in a contract. Codes stay what they are: scripts filter by them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `PD` and three digits.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is so.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The line of the Dockerfile, where one was read.
    pub line: Option<usize>,
}

impl Finding {
    /// A finding about an image, which has no lines.
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), hint: hint.into(), line: None }
    }
}
