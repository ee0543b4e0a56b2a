//! Wheels that a lock lists: whether a Python has them.
//! <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>

use super::era::Release;
use super::{Dependencies, Dependency, PythonVersion, era};

/// What keeps this Python from being used: the first package, with its version, that was compiled for Linux and other
/// Pythons, or is known to be older than this one.
pub(crate) fn lacks(dependencies: &Dependencies, python: PythonVersion) -> Option<String> {
    dependencies.packages.iter().find_map(|package| {
        let release = Release::of(package);
        let named = release.map_or_else(|| package.name.clone(), |release| format!("{} {release}", package.name));
        if is_behind(package, python) {
            return Some(format!("{named} has no wheel for {python}"));
        }
        let is_old = |release| package.only.is_none() && era::is_before(&package.name, release, python);
        release.is_some_and(is_old).then(|| format!("{named} is from before Python {python}"))
    })
}

fn is_behind(package: &Dependency, python: PythonVersion) -> bool {
    let wheels = package.wheels.iter().flatten().filter_map(|file| Tags::of(file));
    let linux: Vec<Tags<'_>> = wheels.filter(Tags::is_for_linux).collect();
    // What another machine alone needs is not known to be installed.
    package.only.is_none() && !linux.is_empty() && !linux.iter().any(|tags| tags.fit(python))
}

/// What a wheel's name says that it is for; each may be several, joined by dots.
struct Tags<'a> {
    python: &'a str,
    abi: &'a str,
    platform: &'a str,
}

impl<'a> Tags<'a> {
    fn of(file: &'a str) -> Option<Self> {
        let mut parts = file.strip_suffix(".whl")?.rsplit('-');
        let (platform, abi, python) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { python, abi, platform })
    }

    fn is_for_linux(&self) -> bool {
        self.platform.split('.').any(|platform| platform == "any" || platform.contains("linux"))
    }

    fn fit(&self, python: PythonVersion) -> bool {
        let stable = self.abi.split('.').any(|abi| abi == "abi3");
        self.python.split('.').any(|tag| {
            let (kind, number) = tag.split_at_checked(2).unwrap_or((tag, ""));
            let minor = number.strip_prefix('3').and_then(|minor| minor.parse::<u8>().ok());
            match (kind, minor) {
                ("py", None) => number == "3",
                ("py", Some(minor)) => minor <= python.minor(),
                ("cp", Some(minor)) => minor == python.minor() || (stable && minor <= python.minor()),
                _ => false,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::project::{Project, Stated};
    use crate::source::SourceTree;

    fn fits(file: &str) -> bool {
        Tags::of(file).is_some_and(|tags| tags.is_for_linux() && tags.fit("3.12".parse().unwrap()))
    }

    #[test]
    fn a_wheel_says_which_pythons_it_is_for() {
        for file in [
            "a-1-py3-none-any.whl",
            "a-1-py2.py3-none-any.whl",
            "a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "a-1-cp38-abi3-manylinux_2_17_x86_64.whl",
            "a-1-1-py3-none-linux_x86_64.whl",
            "a-1-py39-none-any.whl",
        ] {
            assert!(fits(file), "{file}");
        }
        for file in [
            "a-1-cp311-cp311-manylinux2014_x86_64.whl",
            "a-1-cp313-abi3-manylinux2014_x86_64.whl",
            "a-1-cp312-cp312-macosx_11_0_arm64.whl",
            "a-1-py2-none-any.whl",
            "a-1.tar.gz",
        ] {
            assert!(!fits(file), "{file}");
        }
    }

    #[test]
    fn the_newest_python_is_taken_that_has_every_locked_wheel() {
        let lock = |wheel: &str| {
            format!(
                "version = 1\nrequires-python = \">=3.10\"\n\n[[package]]\nname = \"demo\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\n\
                 dependencies = [{{ name = \"numpy\" }}]\n\n[package.metadata]\nrequires-dist = [{{ name = \"numpy\" }}]\n\n[[package]]\nname = \"numpy\"\nversion = \"1.23.2\"\n\
                 source = {{ registry = \"https://index.example/simple\" }}\nwheels = [{{ url = \"https://index.example/{wheel}\", hash = \"sha256:00\" }}]\n"
            )
        };
        let read = |wheel: &str, more: &[(&str, &str)]| {
            let lock = lock(wheel);
            let pyproject = "[project]\nname = \"demo\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = [\"numpy\"]\n[tool.pydeploy]\n";
            let files =
                [("pyproject.toml", pyproject), ("uv.lock", lock.as_str()), ("Procfile", "web: python x.py --port 80")];
            let files = files.into_iter().chain(more.iter().copied());
            Project::read(&SourceTree::in_memory("demo", files), &Stated::default()).unwrap().python
        };
        let old = read("numpy-1.23.2-cp311-cp311-manylinux_2_17_x86_64.whl", &[]);
        assert_eq!(old.value.to_string(), "3.11");
        assert_eq!(old.because, "stated in requires-python; numpy 1.23.2 has no wheel for 3.13");
        assert_eq!(read("numpy-1.23.2-cp313-cp313-manylinux_2_17_x86_64.whl", &[]).value.to_string(), "3.13");
        // One that is stated is meant, and what has wheels for none of them is compiled.
        let pinned = read("numpy-1.23.2-cp311-cp311-manylinux_2_17_x86_64.whl", &[(".python-version", "3.13")]);
        assert_eq!(pinned.value.to_string(), "3.13");
        assert_eq!(read("numpy-1.23.2-cp39-cp39-manylinux_2_17_x86_64.whl", &[]).value.to_string(), "3.13");
    }
}
