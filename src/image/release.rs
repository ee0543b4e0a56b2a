//! A release: a Debian, and the Python that it comes with.

use std::fmt;

use crate::project::PythonVersion;

/// A release of Debian whose packages an image can be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Release {
    /// Debian 11.
    Bullseye,
    /// Debian 12.
    Bookworm,
    /// Debian 13.
    Trixie,
}

impl Release {
    /// All, the oldest first.
    pub const ALL: [Self; 3] = [Self::Bullseye, Self::Bookworm, Self::Trixie];

    /// The release that has this Python: <https://packages.debian.org/python3>.
    pub fn with(python: PythonVersion) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.python() == python)
    }

    /// Its name in the archive.
    pub fn codename(self) -> &'static str {
        match self {
            Self::Bullseye => "bullseye",
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
        }
    }

    /// Its Python.
    pub fn python(self) -> PythonVersion {
        let minor = match self {
            Self::Bullseye => 9,
            Self::Bookworm => 11,
            Self::Trixie => 13,
        };
        PythonVersion { major: 3, minor }
    }

    /// Its glibc, as the number after `2.`.
    pub fn glibc(self) -> u32 {
        match self {
            Self::Bullseye => 31,
            Self::Bookworm => 36,
            Self::Trixie => 41,
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = match self {
            Self::Bullseye => 11,
            Self::Bookworm => 12,
            Self::Trixie => 13,
        };
        write!(f, "Debian {number} ({})", self.codename())
    }
}
