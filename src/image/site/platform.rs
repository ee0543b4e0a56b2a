//! A platform: the machine and C library that wheels are chosen for.

use std::fmt;
use std::str::FromStr;

use crate::project::PythonVersion;

/// The newest glibc that uv has a name for, as the number after `2.`; an image's own may be newer.
const NEWEST: u32 = 40;

/// A machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Machine {
    /// `linux/amd64`.
    X86_64,
    /// `linux/arm64`.
    Aarch64,
}

/// A text that names no machine that images are made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither amd64 nor arm64")]
pub struct UnknownMachine(pub String);

impl Machine {
    /// Every machine.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Aarch64];

    /// Its name in wheels' file names, and in `platform_machine`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Machine {
    type Err = UnknownMachine;

    /// Reads the names that images, wheels and kernels have for it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "amd64" | "x86_64" => Ok(Self::X86_64),
            "arm64" | "aarch64" => Ok(Self::Aarch64),
            _ => Err(UnknownMachine(text.to_owned())),
        }
    }
}

/// A C library, by the number after the first dot of its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Libc {
    /// glibc 2.N.
    Glibc(u32),
    /// musl 1.N.
    Musl(u32),
}

/// What wheels are chosen for, beside the Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// The machine.
    pub machine: Machine,
    /// The C library of the image.
    pub libc: Libc,
}

impl Platform {
    /// uv's name of it: the nearest that asks for no newer C library.
    pub fn uv_name(self) -> String {
        let machine = self.machine;
        match self.libc {
            Libc::Musl(_) => format!("{machine}-unknown-linux-musl"),
            Libc::Glibc(minor) => {
                let known = match minor {
                    ..28 => 17,
                    28..31 => 28,
                    31.. => minor.min(NEWEST),
                };
                format!("{machine}-manylinux_2_{known}")
            }
        }
    }

    /// Whether a wheel made for this platform, by the tag in its file name, runs here.
    pub(super) fn takes(self, tag: &str) -> bool {
        if tag == "any" {
            return true;
        }
        let Some(rest) = tag.strip_suffix(self.machine.as_str()).and_then(|rest| rest.strip_suffix('_')) else {
            return false;
        };
        match (rest, self.libc) {
            ("linux", _) => true,
            ("manylinux1", Libc::Glibc(minor)) => minor >= 5,
            ("manylinux2010", Libc::Glibc(minor)) => minor >= 12,
            ("manylinux2014", Libc::Glibc(minor)) => minor >= 17,
            (_, Libc::Glibc(minor)) => {
                let made = rest.strip_prefix("manylinux_2_").and_then(|made| made.parse::<u32>().ok());
                made.is_some_and(|made| made <= minor.min(NEWEST))
            }
            (_, Libc::Musl(minor)) => {
                let made = rest.strip_prefix("musllinux_1_").and_then(|made| made.parse::<u32>().ok());
                made.is_some_and(|made| made <= minor)
            }
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.libc {
            Libc::Glibc(minor) => write!(f, "{} with glibc 2.{minor}", self.machine),
            Libc::Musl(minor) => write!(f, "{} with musl 1.{minor}", self.machine),
        }
    }
}

/// What distributions are chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The image's Python, a CPython.
    pub python: PythonVersion,
    /// The image's platform.
    pub platform: Platform,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uv_is_asked_for_no_newer_library() {
        let name = |minor| Platform { machine: Machine::X86_64, libc: Libc::Glibc(minor) }.uv_name();
        assert_eq!(name(36), "x86_64-manylinux_2_36");
        assert_eq!(name(41), "x86_64-manylinux_2_40");
        assert_eq!(name(29), "x86_64-manylinux_2_28");
        assert_eq!(name(19), "x86_64-manylinux_2_17");
        let musl = Platform { machine: Machine::Aarch64, libc: Libc::Musl(2) };
        assert_eq!(musl.uv_name(), "aarch64-unknown-linux-musl");
    }

    #[test]
    fn machines_have_many_names() {
        assert_eq!("arm64".parse(), Ok(Machine::Aarch64));
        assert_eq!("x86_64".parse(), Ok(Machine::X86_64));
        assert!("riscv64".parse::<Machine>().is_err());
    }
}
