//! A wheel: what its file name says of it.
//!
//! <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention>

use super::platform::Target;

/// What a wheel's file name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    /// The distribution's name, normalised.
    pub name: String,
    /// Its version, as it is written.
    pub version: String,
    pythons: Vec<String>,
    abis: Vec<String>,
    platforms: Vec<String>,
}

impl Wheel {
    /// Reads a file name; `None` where it is no wheel's.
    pub fn parse(file: &str) -> Option<Self> {
        let parts: Vec<_> = file.strip_suffix(".whl")?.split('-').collect();
        let (name, version, tags) = match parts.as_slice() {
            [name, version, tags @ ..] if tags.len() == 3 => (name, version, tags),
            [name, version, build, tags @ ..] if tags.len() == 3 && build.starts_with(|c: char| c.is_ascii_digit()) => {
                (name, version, tags)
            }
            _ => return None,
        };
        let [pythons, abis, platforms] = tags else { return None };
        let set = |tags: &str| tags.split('.').map(str::to_owned).collect::<Vec<_>>();
        let name = name.split(['_', '.']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        Some(Self {
            name: name.to_ascii_lowercase(),
            version: (*version).to_owned(),
            pythons: set(pythons),
            abis: set(abis),
            platforms: set(platforms),
        })
    }

    /// Whether it can be installed there.
    pub fn fits(&self, target: Target) -> bool {
        let runs = |python: &String| self.abis.iter().any(|abi| interpreter(python, abi, target));
        self.pythons.iter().any(runs) && self.platforms.iter().any(|tag| target.platform.takes(tag))
    }

    /// Whether it is made of nothing that depends on a machine or an interpreter.
    pub fn is_pure(&self) -> bool {
        self.platforms.iter().any(|tag| tag == "any") && self.abis.iter().any(|abi| abi == "none")
    }

    /// The platforms that it was made for.
    pub fn platforms(&self) -> &[String] {
        &self.platforms
    }
}

/// Whether this Python takes the pair of tags.
/// <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>
fn interpreter(python: &str, abi: &str, target: Target) -> bool {
    let ours = u32::from(target.python.minor);
    let minor = |prefix: &str| python.strip_prefix(prefix).and_then(|minor| minor.parse::<u32>().ok());
    match abi {
        "none" => python == "py3" || minor("py3").is_some_and(|made| made <= ours) || minor("cp3") == Some(ours),
        "abi3" => minor("cp3").is_some_and(|made| made <= ours),
        _ => minor("cp3") == Some(ours) && abi == python,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::platform::{Libc, Machine, Platform};
    use super::*;
    use crate::project::PythonVersion;

    fn fits(tags: &str, libc: Libc) -> bool {
        let python = PythonVersion { major: 3, minor: 13 };
        let target = Target { python, platform: Platform { machine: Machine::X86_64, libc } };
        Wheel::parse(&format!("a-1-{tags}.whl")).unwrap().fits(target)
    }

    #[test]
    fn tags_are_judged_as_installers_do() {
        let glibc = Libc::Glibc(36);
        for tags in [
            "py3-none-any",
            "py2.py3-none-any",
            "py310-none-any",
            "cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64",
            "cp38-abi3-manylinux_2_28_x86_64",
            "cp313-none-manylinux1_x86_64",
            "py3-none-manylinux_2_36_x86_64",
            "cp313-cp313-linux_x86_64",
            "py3-none-manylinux_2_12_i686.manylinux2010_x86_64",
        ] {
            assert!(fits(tags, glibc), "{tags}");
        }
        for tags in [
            "py2-none-any",
            "py314-none-any",
            "cp312-cp312-manylinux_2_17_x86_64",
            "cp313-cp313t-manylinux_2_17_x86_64",
            "cp314-abi3-manylinux_2_17_x86_64",
            "cp312-none-any",
            "cp313-cp313-manylinux_2_37_x86_64",
            "cp313-cp313-manylinux_2_17_aarch64",
            "cp313-cp313-musllinux_1_2_x86_64",
            "cp313-cp313-macosx_11_0_x86_64",
            "cp313-cp313-win_amd64",
            "pp311-pypy311_pp73-manylinux_2_17_x86_64",
        ] {
            assert!(!fits(tags, glibc), "{tags}");
        }
        assert!(fits("cp313-cp313-musllinux_1_1_x86_64", Libc::Musl(2)));
        assert!(!fits("cp313-cp313-manylinux_2_17_x86_64", Libc::Musl(2)));
    }

    #[test]
    fn names_are_read_and_what_is_none_is_not() {
        let wheel = Wheel::parse("Foo_Bar.baz-1.0+cu12-2b-cp313-abi3.cp313-linux_x86_64.whl").unwrap();
        assert_eq!((wheel.name.as_str(), wheel.version.as_str()), ("foo-bar-baz", "1.0+cu12"));
        assert!(!wheel.is_pure() && Wheel::parse("a-1-py3-none-any.whl").unwrap().is_pure());
        for file in ["a.tar.gz", "a-1.whl", "a-1-x-py3-none-any.whl", "a-1-1-2-py3-none-any.whl", ".whl", ""] {
            assert_eq!(Wheel::parse(file), None, "{file}");
        }
    }
}
