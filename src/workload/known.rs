//! Knowledge: what is known of an image beside its config.

use super::probes::{Assertions, Base, Programs};
use crate::image::account::{Account, GidSource, UidSource};

/// What is known of an image beside its config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who it runs as.
    pub who: Who,
    /// Which of the programs that its health check runs are there.
    pub programs: Programs,
    /// Whether its environment is known whole.
    pub base: Base,
    /// Build arguments of a Dockerfile's last stage, which are not there when it runs.
    pub args: Vec<String>,
    /// Variables that a manifest adds, as `NAME=value`.
    pub env: Vec<String>,
    /// Where its Dockerfile says so, where one was read.
    pub lines: Lines,
    /// What the user vouches for.
    pub stated: Assertions,
}

impl Default for Known {
    /// The config alone.
    fn default() -> Self {
        Self {
            who: Who::Unlooked,
            programs: Programs::default(),
            base: Base::Known,
            args: Vec::new(),
            env: Vec::new(),
            lines: Lines::default(),
            stated: Assertions::default(),
        }
    }
}

/// Who an image runs as, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// This account.
    Is(Account),
    /// Nobody looked.
    Unlooked,
    /// It can't be told, and why.
    Unknown(String),
    /// Its base says, and the base is not known.
    OfBase,
}

impl Who {
    /// Why it is not known, in words that follow.
    pub(super) fn why(&self) -> String {
        match self {
            Self::Unknown(why) => format!(": {why}"),
            _ => String::new(),
        }
    }

    /// Where the numbers are from, in words.
    pub fn from(&self) -> &'static str {
        match self {
            Self::Is(account) => match (account.from.uid, account.from.gid) {
                (UidSource::Passwd, GidSource::Group) => "/etc/passwd and /etc/group",
                (UidSource::Passwd, _) | (_, GidSource::Passwd) => "/etc/passwd",
                (_, GidSource::Group) => "/etc/group",
                (_, GidSource::NoEntry) => "USER, and no account of that number",
                _ => "USER",
            },
            Self::OfBase => "the base, which is not known",
            Self::Unknown(_) => "known only from the image",
            Self::Unlooked => "USER",
        }
    }
}

/// Lines of a Dockerfile, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lines {
    /// Of the USER that counts.
    pub user: Option<usize>,
    /// Of the HEALTHCHECK that counts.
    pub healthcheck: Option<usize>,
}
