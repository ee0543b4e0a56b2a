//! A build's fault: why there is no wheel of a source distribution.

use std::path::PathBuf;

use super::Sdist;
use crate::engine::embedded::uv::alternative;
use crate::{cache, debian, engine, image};

/// Why there is no wheel of a source distribution.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nowhere to build it.
    #[error("{} comes as source only, and there is nowhere to build it", names(sdists))]
    Nowhere {
        /// What was to be built.
        sdists: Vec<Sdist>,
        /// Why not in BuildKit.
        buildkit: String,
        /// Why not in a sandbox.
        sandbox: String,
    },
    /// It could not be built.
    #[error("could not build a wheel of {sdist}")]
    Build {
        /// What.
        sdist: String,
        /// What was said last.
        output: Vec<String>,
    },
    /// It took too long.
    #[error("building a wheel of {sdist} took longer than {minutes} minutes")]
    Timeout {
        /// What.
        sdist: String,
        /// How long it was waited for.
        minutes: u64,
    },
    /// The build left none, or several.
    #[error("building {sdist} has left {wheels} wheels, where it should be one")]
    NoWheel {
        /// What was built.
        sdist: String,
        /// How many there are.
        wheels: usize,
    },
    /// The engine could not do what was asked.
    #[error(transparent)]
    Engine(engine::Error),
    /// The sandbox can't be laid out.
    #[error("could not unpack {part} for the sandbox")]
    Ground {
        /// Which part of it.
        part: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The sandbox's program can't be started.
    #[error("could not start the sandbox")]
    Start(#[source] std::io::Error),
    /// The cache could not keep it.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// A file or folder could not be read or written.
    #[error("could not {doing} {}", path.display())]
    File {
        /// What was tried, as a verb phrase.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }

    /// From what an engine says when it builds a wheel.
    pub(super) fn of_engine(sdist: &Sdist, error: engine::Error) -> Self {
        match error {
            engine::Error::Step(failure) => Self::Build { sdist: sdist.to_string(), output: failure.output },
            other => Self::Engine(other),
        }
    }

    /// The last lines that the failed build printed.
    pub fn output(&self) -> &[String] {
        if let Self::Build { output, .. } = self { output } else { &[] }
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Nowhere { sdists, buildkit, sandbox } => {
                let others: Vec<_> = sdists.iter().filter_map(|s| Some((s, alternative(&s.name)?))).collect();
                let others: String =
                    others.iter().map(|(s, other)| format!("depend on {other} in place of {}, or ", s.name)).collect();
                format!("{others}mend one of these: BuildKit ({buildkit}), a sandbox ({sandbox})")
            }
            Self::Build { output, .. } => return build_hint(output),
            Self::Timeout { .. } => "build a wheel of it elsewhere, and put that into the index".to_owned(),
            Self::File { .. } | Self::Ground { .. } => {
                "see that there is space left in the temporary folder".to_owned()
            }
            _ => return None,
        })
    }
}

fn build_hint(output: &[String]) -> Option<String> {
    let says = |words: &str| output.iter().any(|line| line.contains(words));
    let hint = if says("DO NOT MATCH THE HASHES") {
        "the lock's hashes don't match what the index gives: lock anew, or ask who changed the package"
    } else if says("No matching distribution found") {
        "the index that pip uses there does not have it: give pip its configuration with --build-secret id=pip.conf,src=FILE"
    } else if says("pg_config executable not found") || says("fatal error:") || says("failed with exit code 1") {
        "a library's headers may be missing: name its -dev package in system-packages"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

fn names(sdists: &[Sdist]) -> String {
    sdists.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl From<debian::deb::Error> for Error {
    fn from(error: debian::deb::Error) -> Self {
        Self::Ground { part: error.package.clone(), source: Box::new(error) }
    }
}

impl Error {
    pub(super) fn layer(error: image::rootfs::LayerError) -> Self {
        Self::Ground { part: "a layer of the base image".to_owned(), source: Box::new(error) }
    }
}
