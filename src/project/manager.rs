//! The tool that manages a project's dependencies.

use std::fmt;
use std::str::FromStr;

/// A manager of dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manager {
    /// uv, by its uv.lock.
    Uv,
    /// Poetry, by its poetry.lock or `[tool.poetry]`.
    Poetry,
    /// PDM, by its pdm.lock.
    Pdm,
    /// Pipenv, by its Pipfile.
    Pipenv,
    /// pip, by requirements files or `[project]`.
    Pip,
}

impl Manager {
    /// Every manager, in the order in which they are looked for.
    pub const ALL: [Self; 5] = [Self::Uv, Self::Poetry, Self::Pdm, Self::Pipenv, Self::Pip];

    /// The file in which it locks; `None` for what does not lock.
    pub fn lock(self) -> Option<&'static str> {
        match self {
            Self::Uv => Some("uv.lock"),
            Self::Poetry => Some("poetry.lock"),
            Self::Pdm => Some("pdm.lock"),
            Self::Pipenv => Some("Pipfile.lock"),
            Self::Pip => None,
        }
    }

    /// The file in which people state what it locks.
    pub fn manifest(self) -> &'static str {
        match self {
            Self::Uv | Self::Poetry | Self::Pdm => "pyproject.toml",
            Self::Pipenv => "Pipfile",
            Self::Pip => "requirements.txt",
        }
    }

    /// The command that locks anew.
    pub fn relock(self) -> &'static str {
        match self {
            Self::Uv => "uv lock",
            Self::Poetry => "poetry lock",
            Self::Pdm => "pdm lock",
            Self::Pipenv => "pipenv lock",
            Self::Pip => "pip freeze > requirements.txt",
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uv => "uv",
            Self::Poetry => "poetry",
            Self::Pdm => "pdm",
            Self::Pipenv => "pipenv",
            Self::Pip => "pip",
        }
    }
}

/// A manager that installs by its own lock, with itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locker {
    /// Poetry.
    Poetry,
    /// PDM.
    Pdm,
    /// Pipenv.
    Pipenv,
}

impl From<Locker> for Manager {
    fn from(locker: Locker) -> Self {
        match locker {
            Locker::Poetry => Self::Poetry,
            Locker::Pdm => Self::Pdm,
            Locker::Pipenv => Self::Pipenv,
        }
    }
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no manager's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of uv, poetry, pdm, pipenv, pip")]
pub struct UnknownManager(pub String);

impl FromStr for Manager {
    type Err = UnknownManager;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|m| m.as_str() == text).ok_or_else(|| UnknownManager(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for manager in Manager::ALL {
            assert_eq!(manager.to_string().parse::<Manager>().unwrap(), manager);
        }
        assert_eq!(
            "conda".parse::<Manager>().unwrap_err().to_string(),
            "`conda` is none of uv, poetry, pdm, pipenv, pip"
        );
    }
}
