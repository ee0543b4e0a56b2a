//! uv's faults: what was asked of it, and what it said.

use std::path::PathBuf;

use super::output::Output;
use crate::image::site::{Missing, PylockError, Target};

/// Why dependencies could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No uv, and nothing to get one with.
    #[error("there is no uv here, and no Python with pip that could bring it")]
    Absent {
        /// What each program that was tried said.
        output: Vec<String>,
    },
    /// The uv that was named is none, or too old.
    #[error("{} is no uv of version {least} or newer", program.display())]
    Unfit {
        /// The program.
        program: PathBuf,
        /// The oldest version that will do.
        least: String,
    },
    /// pip did not bring it.
    #[error("could not install uv {version} with pip")]
    Pip {
        /// The version.
        version: String,
        /// What pip said last.
        output: Vec<String>,
    },
    /// A program can't be started.
    #[error("could not start {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// uv failed.
    #[error("uv could not {doing}")]
    Failed {
        /// What it was to do.
        doing: String,
        /// What it said last.
        output: Vec<String>,
    },
    /// A file is not the one that was locked.
    #[error("{package} is not the file that was locked: its hash is another")]
    Hash {
        /// What was fetched: name and version.
        package: String,
        /// What uv said last.
        output: Vec<String>,
    },
    /// Some distributions have no wheel for the image.
    #[error("there is no wheel of {} for Python {} on {}", names(missing), target.python, target.platform)]
    NoWheel {
        /// Which.
        missing: Vec<Missing>,
        /// What for.
        target: Target,
    },
    /// What the project has built from its own folders holds compiled code.
    #[error("{wheel}, built from {folder}, holds code that was compiled for this machine")]
    NotPure {
        /// The wheel that was built.
        wheel: String,
        /// The folder that it was built from.
        folder: String,
    },
    /// uv's list of files is none.
    #[error("could not use uv's list of files to install")]
    Pylock(#[from] PylockError),
    /// A file or folder could not be read or written.
    #[error("could not {doing} {}", path.display())]
    File {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of the project can't be copied to where it is built.
    #[error("could not copy the project to build a wheel of it")]
    Walk(#[from] crate::context::walk::Error),
}

fn names(missing: &[Missing]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Error {
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }

    /// From what uv said when it failed to do something.
    pub(super) fn said(doing: &str, output: &Output, target: Option<Target>) -> Self {
        if let Some(package) = output.mismatch() {
            return Self::Hash { package, output: output.lines() };
        }
        let missing = output.without_wheel();
        match target {
            Some(target) if !missing.is_empty() => Self::NoWheel { missing, target },
            _ => Self::Failed { doing: doing.to_owned(), output: output.lines() },
        }
    }

    /// The last lines that the failed program printed.
    pub fn output(&self) -> &[String] {
        match self {
            Self::Absent { output }
            | Self::Pip { output, .. }
            | Self::Failed { output, .. }
            | Self::Hash { output, .. } => output,
            _ => &[],
        }
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Absent { .. } => "install uv (or Python with pip, and pydeploy brings uv itself), or use another engine: --engine buildkit".to_owned(),
            Self::Unfit { .. } => "upgrade it: uv self update, or pip install --upgrade uv".to_owned(),
            Self::Pip { .. } => "check pip's way to its index (pip config list), or install uv yourself".to_owned(),
            Self::Start { .. } => "make it executable for this user, or take it off PATH".to_owned(),
            Self::Failed { output, .. } => return failed_hint(output),
            Self::Hash { .. } => {
                "the lock's hashes don't match what the index gives: lock anew, or ask who changed the package".to_owned()
            }
            Self::NoWheel { missing, target } => no_wheel_hint(missing, *target),
            Self::NotPure { .. } => "code is compiled in the image's own system: --engine buildkit".to_owned(),
            Self::Pylock(_) => "upgrade uv, or take it off PATH: pydeploy brings one that it was tried with".to_owned(),
            Self::File { .. } => return None,
            Self::Walk(_) => "keep it out of the build with a line in .dockerignore, or make it readable".to_owned(),
        })
    }
}

fn failed_hint(output: &[String]) -> Option<String> {
    let says = |words: &str| output.iter().any(|line| line.contains(words));
    let hint = if says("was not found in the package registry")
        || says("there is no version of")
        || says("there are no versions of")
    {
        "a package is not in the index: check its name and version, and that the index has it"
    } else if says("401 Unauthorized") || says("403 Forbidden") {
        "give uv its login: UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD, a netrc, or `uv auth login`"
    } else if says("No space left on device") {
        "this machine's disk is full: `uv cache prune` frees some"
    } else if says("error sending request") || says("dns error") || says("tcp connect error") || says("Failed to fetch")
    {
        "check this machine's way to the package index (UV_DEFAULT_INDEX names another)"
    } else if says("No interpreter found") || says("No Python") || says("Failed to inspect Python interpreter") {
        "uv needs some Python of this machine to install with: install one, or run `uv python install`"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

fn no_wheel_hint(missing: &[Missing], target: Target) -> String {
    if missing.iter().any(|one| one.source) {
        let alternative = missing.iter().find_map(|one| alternative(&one.name));
        let instead = alternative.map(|other| format!(", or depend on {other}, which has wheels")).unwrap_or_default();
        return format!("it is built from source where there is a builder: --engine buildkit{instead}");
    }
    format!("choose a version that has a wheel for {}, or leave that platform out", target.platform.machine)
}

/// The binary form of a distribution that comes as source only.
pub(in crate::engine::embedded) fn alternative(name: &str) -> Option<&'static str> {
    match name {
        "psycopg2" => Some("psycopg2-binary"),
        "psycopg-c" => Some("psycopg[binary]"),
        "mysqlclient" => Some("PyMySQL"),
        "uwsgi" => Some("pyuwsgi"),
        _ => None,
    }
}
