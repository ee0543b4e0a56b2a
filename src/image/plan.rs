//! An image plan: everything that a Dockerfile will say, decided and not yet written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::contract::{Healthcheck, Port, User};
use super::install::Install;
use super::native::Family;
use crate::project::{BuildStep, Decision, PythonVersion};

/// How an image is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Debian packages and wheels, and nothing else: no base image, no shell, no package manager.
    Minimal,
    /// Compilers in a stage of their own; what they made on a slim base.
    MultiStage,
    /// The same on Alpine.
    Alpine,
    /// One stage on a slim base, compilers included.
    SingleStage,
    /// One stage on the full base, as root: the baseline that the others are measured against.
    Naive,
}

impl Strategy {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("minimal", Self::Minimal),
        ("multi-stage", Self::MultiStage),
        ("alpine", Self::Alpine),
        ("single-stage", Self::SingleStage),
        ("naive", Self::Naive),
    ];
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES.iter().find(|(_, s)| s == self).map_or("", |(n, _)| n))
    }
}

/// A text that names no strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a strategy (minimal, multi-stage, alpine, single-stage, naive)")]
pub struct NoStrategy(String);

impl FromStr for Strategy {
    type Err = NoStrategy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::NAMES.iter().find(|(n, _)| *n == text).map(|(_, s)| *s).ok_or_else(|| NoStrategy(text.to_owned()))
    }
}

/// A package of the operating system, and what wants it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SystemPackage {
    /// Its name in the base's archive.
    pub name: String,
    /// What it is for, as a phrase ("psycopg2 is linked with it").
    pub because: String,
}

/// The account that the service runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its user id, not 0.
    pub uid: u32,
    /// Its group id, not 0.
    pub gid: u32,
}

/// What an image will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlan {
    /// How it is put together.
    pub strategy: Decision<Strategy>,
    /// The operating system of the base.
    pub family: Family,
    /// The image that it runs on.
    pub base: Decision<String>,
    /// The Python that runs in it.
    pub python: PythonVersion,
    /// How the dependencies get in.
    pub install: Install,
    /// What only the building needs, sorted.
    pub build_packages: Vec<SystemPackage>,
    /// What the running needs, sorted.
    pub run_packages: Vec<SystemPackage>,
    /// Ids of secrets that the installing step may read.
    pub secrets: Vec<String>,
    /// Who it runs as; `None` for root.
    pub account: Option<Account>,
    /// Environment of the running image.
    pub env: Vec<(String, String)>,
    /// What gathers the static files once all else is in its place.
    pub static_files: Option<BuildStep>,
    /// What is started.
    pub command: Vec<String>,
    /// Where it listens.
    pub ports: Vec<Port>,
    /// How it says that it is well.
    pub healthcheck: Option<Decision<Healthcheck>>,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// What a user should know before building, one sentence each.
    pub notes: Vec<String>,
}

/// What a plan promises of its image: equal to what is read back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promises {
    /// Who it runs as.
    pub user: User,
    /// Where it listens.
    pub ports: Vec<Port>,
    /// How it says that it is well.
    pub healthcheck: Option<Healthcheck>,
}

impl ImagePlan {
    /// What the image will be found to promise, once it is built.
    pub fn promises(&self) -> Promises {
        let user = self.account.as_ref();
        Promises {
            user: user.map_or(User::Root(String::new()), |a| User::Numeric { uid: a.uid, gid: Some(a.gid) }),
            ports: self.ports.clone(),
            healthcheck: self.healthcheck.as_ref().map(|h| h.value.clone()),
        }
    }
}

impl super::contract::ImageContract {
    /// The part of a contract that a plan can promise.
    pub fn promises(&self) -> Promises {
        Promises { user: self.user.clone(), ports: self.ports.clone(), healthcheck: self.healthcheck.clone() }
    }
}
