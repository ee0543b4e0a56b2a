//! A finding: something that an image promises and a cluster can't keep, or keeps in another way than one might think.

mod deploy;
mod health;
mod image;
mod manifest;
mod page;
mod user;

pub use deploy::*;
pub use health::*;
pub use image::*;
pub use manifest::*;
pub use page::{explain, page};
pub use user::*;

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

/// A kind of finding. Codes stay what they are: scripts filter by them, and people look them up.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `PD` and three digits: 1xx is about users, 2xx about health, 3xx about the image, 4xx about a manifest, 5xx about
    /// what the operator decides.
    pub id: &'static str,
    /// How much it matters, always.
    pub severity: Severity,
    /// What is so, in a line without a full stop.
    pub title: &'static str,
    /// Why it matters, and where the rule comes from.
    pub why: &'static str,
    /// What to do about it.
    pub mend: &'static str,
    /// What shows it.
    pub example: Example,
}

/// What shows a code: a test holds that it does.
#[derive(Debug, PartialEq, Eq)]
pub enum Example {
    /// This Dockerfile has it.
    Dockerfile(&'static str),
    /// It takes more than a Dockerfile; this says what.
    Words(&'static str),
}

/// Something found in a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its kind's id.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is so.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The line of the Dockerfile, counted from 1, where one was read.
    pub line: Option<usize>,
    /// The field of a manifest, where one was compared: `Deployment/api spec.template.spec.containers[0].image`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Finding {
    /// A finding of a kind, with the kind's own advice.
    pub fn of(code: &'static Code, message: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), code.mend.to_owned());
        Self { code: code.id, severity: code.severity, message, hint, line: None, place: None }
    }

    /// The same with advice of its own.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    /// The same at a line of a Dockerfile.
    #[must_use]
    pub fn at(self, line: Option<usize>) -> Self {
        Self { line, ..self }
    }

    /// The same about a field of a manifest.
    #[must_use]
    pub fn in_field(self, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..self }
    }
}

/// Every kind of finding, sorted by id.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    [user::ALL, health::ALL, image::ALL, manifest::ALL, deploy::ALL].into_iter().flatten().copied()
}

/// The kind with that id, in whatever case it is typed.
pub fn code(id: &str) -> Option<&'static Code> {
    codes().find(|code| code.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ids_are_sorted_and_stand_once() {
        let ids: Vec<_> = codes().map(|c| c.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        assert!(ids.iter().all(|id| id.len() == 5 && id.starts_with("PD")), "{ids:?}");
    }

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        assert_eq!(code("pd101").unwrap().id, "PD101");
        assert!(code("PD000").is_none());
    }
}
