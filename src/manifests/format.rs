//! A format: the form that manifests are written in.

use std::str::FromStr;

/// What manifests are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Objects, for `kubectl apply`.
    Yaml,
    /// A base, and an overlay for each environment.
    Kustomize,
    /// A chart, and values for each environment.
    Helm,
}

impl Format {
    /// What its name must be.
    pub const EXPECTED: &'static str = "yaml, kustomize or helm";

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Kustomize => "kustomize",
            Self::Helm => "helm",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let all = [Self::Yaml, Self::Kustomize, Self::Helm];
        all.into_iter().find(|format| format.name() == text).ok_or(UnknownFormat)
    }
}

/// A name of no format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {}", Format::EXPECTED)]
pub struct UnknownFormat;
