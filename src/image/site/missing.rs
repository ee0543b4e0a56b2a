//! A gap: a distribution that has no wheel for an image.

use std::fmt;

use super::platform::Target;
use super::sdist::Sdist;
use super::wheel::Wheel;
use crate::project::Dependencies;

/// A distribution that has no wheel for a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Its name, normalised.
    pub name: String,
    /// Its version, where it is known.
    pub version: Option<String>,
    /// Whether there is something that a wheel can be built from: a source distribution, or a repository.
    pub source: bool,
    /// The platforms that it has wheels for, sorted: tags as in their file names.
    pub platforms: Vec<String>,
    /// What a wheel can be built from, where that is known.
    pub sdist: Option<Sdist>,
}

impl Missing {
    /// What is missing where none of these wheels, by their file names, can be installed there.
    pub(super) fn among(
        name: &str,
        version: Option<&str>,
        wheels: &[String],
        source: bool,
        target: Target,
    ) -> Option<Self> {
        let wheels: Vec<_> = wheels.iter().filter_map(|file| Wheel::parse(file)).collect();
        if wheels.iter().any(|wheel| wheel.fits(target)) {
            return None;
        }
        let mut platforms: Vec<_> = wheels.iter().flat_map(|wheel| wheel.platforms().iter().cloned()).collect();
        platforms.sort();
        platforms.dedup();
        Some(Self { name: name.to_owned(), version: version.map(str::to_owned), source, platforms, sdist: None })
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, " {version}"))
    }
}

/// What has no wheel for a target, as far as a lock lists files: known before anything is fetched, and before there is
/// a uv. What lies in the project itself is not among it.
pub fn missing(dependencies: &Dependencies, target: Target) -> Vec<Missing> {
    let machine = target.platform.machine.as_str();
    let needed = dependencies.packages.iter().filter(|package| package.only.is_none_or(|only| only == machine));
    let missing = needed.filter_map(|package| {
        let wheels = package.wheels.as_ref()?;
        let source = package.sdist.unwrap_or_default();
        Missing::among(&package.name, package.version.as_deref(), wheels, source, target)
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::platform::{Libc, Machine, Platform};
    use super::*;
    use crate::project::{Project, PythonVersion, Stated};
    use crate::source::SourceTree;

    const LOCK: &str = r#"
version = 1
requires-python = ">=3.13"
[[package]]
name = "api"
version = "1"
source = { virtual = "." }
dependencies = [
    { name = "only-intel", marker = "platform_machine == 'x86_64'" },
    { name = "sources" },
    { name = "everywhere" },
]
[package.metadata]
requires-dist = [
    { name = "only-intel", marker = "platform_machine == 'x86_64'" },
    { name = "sources" },
    { name = "everywhere" },
]
[[package]]
name = "only-intel"
version = "1"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://index.example/only_intel-1-py3-none-manylinux_2_27_x86_64.whl" }]
[[package]]
name = "sources"
version = "2"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://index.example/sources-2.tar.gz" }
wheels = [{ url = "https://index.example/sources-2-cp313-cp313-manylinux_2_17_aarch64.whl" }]
[[package]]
name = "everywhere"
version = "3"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://index.example/everywhere-3-py3-none-any.whl" }]
"#;

    #[test]
    fn a_lock_tells_before_anything_is_fetched() {
        let pyproject = "[project]\nname = \"api\"\nversion = \"1\"\nrequires-python = \">=3.13\"\n\
                         dependencies = [\"only-intel; platform_machine == 'x86_64'\", \"sources\", \"everywhere\"]\n";
        let files = [("pyproject.toml", pyproject), ("uv.lock", LOCK), ("main.py", "print(1)\n")];
        let stated = Stated {
            command: Some(crate::project::Decision::assumed(vec!["python".into(), "main.py".into()], "stated")),
            ..Stated::default()
        };
        let project = Project::read(&SourceTree::in_memory("api", files), &stated).unwrap();
        let told = |machine| {
            let platform = Platform { machine, libc: Libc::Glibc(36) };
            let target = Target { python: PythonVersion { major: 3, minor: 13 }, platform };
            missing(&project.dependencies, target).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(told(Machine::X86_64), ["sources 2"]);
        assert_eq!(told(Machine::Aarch64), Vec::<String>::new());
    }
}
