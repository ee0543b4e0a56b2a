//! An object: what one program or library asks of the loader, and what it offers to others.

use serde::{Deserialize, Serialize};

/// A program or library that the loader can take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// What it runs on.
    pub machine: Machine,
    /// The loader that it asks for (`PT_INTERP`): programs do, libraries seldom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// What others ask for it by (`DT_SONAME`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soname: Option<String>,
    /// The libraries that it needs (`DT_NEEDED`), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
    /// Where those are looked for.
    #[serde(default)]
    pub paths: Paths,
    /// The versions of symbols that it needs, by library (`DT_VERNEED`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<Wanted>,
    /// The versions of symbols that it has (`DT_VERDEF`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defines: Vec<String>,
}

/// Where the libraries that an object needs are looked for, beside where all are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paths {
    /// `DT_RPATH`: holds for what is loaded on its behalf as well. Means nothing beside a `DT_RUNPATH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rpath: Vec<String>,
    /// `DT_RUNPATH`: holds for its own needs alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runpath: Vec<String>,
    /// Whether the system's folders are looked through.
    #[serde(default)]
    pub system: System,
}

/// Whether the system's folders are looked through for what an object needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum System {
    /// They are.
    #[default]
    Searched,
    /// It was linked with `-z nodefaultlib`.
    Passed,
}

/// Versions of a library's symbols that an object needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The library.
    pub library: String,
    /// Their names, as `GLIBC_2.38`.
    pub versions: Vec<String>,
}

/// What an object runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Machine {
    /// `e_machine`.
    pub number: u16,
    /// 32 or 64.
    pub bits: u8,
    /// Whether the lowest byte of a number comes first.
    pub little: bool,
}

/// What is known of a machine: its names.
struct Known {
    machine: Machine,
    /// As image configs have it.
    architecture: &'static str,
    /// The name of its folders on Debian.
    multiarch: &'static str,
}

const fn machine(number: u16, bits: u8, little: bool) -> Machine {
    Machine { number, bits, little }
}

const fn known(machine: Machine, architecture: &'static str, multiarch: &'static str) -> Known {
    Known { machine, architecture, multiarch }
}

/// The machines that Debian and image configs have names for. <https://wiki.debian.org/Multiarch/Tuples>
const KNOWN: &[Known] = &[
    known(machine(62, 64, true), "amd64", "x86_64-linux-gnu"),
    known(machine(183, 64, true), "arm64", "aarch64-linux-gnu"),
    known(machine(3, 32, true), "386", "i386-linux-gnu"),
    known(machine(40, 32, true), "arm", "arm-linux-gnueabihf"),
    known(machine(21, 64, true), "ppc64le", "powerpc64le-linux-gnu"),
    known(machine(22, 64, false), "s390x", "s390x-linux-gnu"),
    known(machine(243, 64, true), "riscv64", "riscv64-linux-gnu"),
    known(machine(258, 64, true), "loong64", "loongarch64-linux-gnu"),
    known(machine(8, 64, true), "mips64le", "mips64el-linux-gnuabi64"),
];

impl Machine {
    /// The machine of an image whose config says `amd64`, `arm64` and so on, where that is one that we know.
    pub fn of(architecture: &str) -> Option<Self> {
        KNOWN.iter().find(|k| k.architecture == architecture).map(|k| k.machine)
    }

    /// The name of its libraries' folders on Debian: `x86_64-linux-gnu`.
    pub fn multiarch(self) -> Option<&'static str> {
        KNOWN.iter().find(|k| k.machine == self).map(|k| k.multiarch)
    }

    /// Its name, as image configs have it.
    pub fn name(self) -> String {
        let known = KNOWN.iter().find(|k| k.machine == self).map(|k| k.architecture.to_owned());
        known.unwrap_or_else(|| format!("machine {} of {} bits", self.number, self.bits))
    }
}
