//! The version of Python that a project runs on.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use super::pyproject::Pyproject;
use super::toml_file::Located;
use super::workspace::Workspace;
use super::{Decision, Error, Evidence, Manager, Stated};
use crate::source::SourceTree;

/// Why it is the default.
const BY_DEFAULT: &str = "the default: nothing states a version";

/// A minor version of Python, which always means its newest patch release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PythonVersion {
    /// 3.
    pub major: u8,
    /// The number after the first dot.
    pub minor: u8,
}

impl PythonVersion {
    /// The oldest version that images are built for.
    pub const OLDEST: Self = Self { major: 3, minor: 9 };
    /// The newest version that images are built for.
    pub const NEWEST: Self = Self { major: 3, minor: 14 };
    /// What is used where it is allowed and nothing says otherwise.
    pub const DEFAULT: Self = Self { major: 3, minor: 13 };

    /// Whether images are built for it.
    pub fn is_supported(self) -> bool {
        (Self::OLDEST..=Self::NEWEST).contains(&self)
    }

    /// Its second number.
    pub fn minor(self) -> u8 {
        self.minor
    }

    /// Those before it, the newest first.
    pub fn older(self) -> impl Iterator<Item = Self> {
        (6..self.minor).rev().map(move |minor| Self { minor, ..self })
    }

    fn supported() -> impl DoubleEndedIterator<Item = Self> {
        (Self::OLDEST.minor..=Self::NEWEST.minor).map(|minor| Self { major: 3, minor })
    }

    fn patch(self, patch: u64) -> Version {
        Version::new([u64::from(self.major), u64::from(self.minor), patch])
    }

    /// Whether the newest patch release, whichever that is, satisfies the specifiers.
    fn satisfies(self, specifiers: &VersionSpecifiers) -> bool {
        specifiers.contains(&self.patch(99))
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that names no version of Python.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Python version such as 3.13")]
pub struct NotAVersion(pub String);

impl FromStr for PythonVersion {
    type Err = NotAVersion;

    /// Reads `3.12` and `3.12.4`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Option<Vec<u8>> = text.split('.').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some([major, minor] | [major, minor, _]) => Ok(Self { major: *major, minor: *minor }),
            _ => Err(NotAVersion(text.to_owned())),
        }
    }
}

/// Decides the version from all that can say it.
pub(crate) fn decide(
    tree: &SourceTree,
    workspace: Option<&Workspace<'_>>,
    pyproject: Option<&Pyproject>,
    lock: Option<&Located>,
    stated: &Stated,
) -> Result<Decision<PythonVersion>, Error> {
    if let Some(stated) = &stated.python {
        return supported(stated.clone(), &stated.value.to_string());
    }
    let requires = pyproject.and_then(|p| p.requires_python.as_ref());
    let requires = requires.map(|located| Ok::<_, Error>((located, specifiers(located)?))).transpose()?;
    if let Some(pinned) = version_file(tree, workspace)? {
        if let Some((located, allowed)) = &requires
            && !pinned.value.satisfies(allowed)
        {
            return Err(contradiction(&pinned, located, allowed));
        }
        return Ok(pinned);
    }
    if let Some((located, allowed)) = &requires {
        return newest(located, allowed, "stated in requires-python");
    }
    if let Some(runtime) = runtime_file(tree)? {
        return Ok(runtime);
    }
    if let Some(located) = lock {
        let because = match located.at.file.as_str() {
            file if file == Manager::Pipenv.manifest() => "stated in [requires]",
            "setup.py" | "setup.cfg" => "stated in python_requires",
            _ => "stated in the lock's requires-python",
        };
        return newest(located, &specifiers(located)?, because);
    }
    Ok(Decision::assumed(PythonVersion::DEFAULT, BY_DEFAULT))
}

/// The supported versions before a decided one that the range which it was taken from allows as well, the newest first.
pub(crate) fn earlier(
    decided: &Decision<PythonVersion>,
    pyproject: Option<&Pyproject>,
    lock: Option<&Located>,
) -> Result<Vec<PythonVersion>, Error> {
    let ranges = [pyproject.and_then(|p| p.requires_python.as_ref()), lock];
    let range = ranges.into_iter().flatten().find(|range| decided.evidence.as_ref() == Some(&range.at));
    let allowed = match range {
        Some(range) => specifiers(range)?,
        // Nothing stands in the way of any.
        None if decided.because == BY_DEFAULT => VersionSpecifiers::empty(),
        None => return Ok(Vec::new()),
    };
    let before = PythonVersion::supported().rev().filter(|python| *python < decided.value);
    Ok(before.filter(|python| python.satisfies(&allowed)).collect())
}

/// Whether a version is one that `located` allows.
pub(crate) fn allows(located: &Located, python: PythonVersion) -> Result<bool, Error> {
    Ok(python.satisfies(&specifiers(located)?))
}

fn specifiers(located: &Located) -> Result<VersionSpecifiers, Error> {
    VersionSpecifiers::from_str(&located.text)
        .map_err(|_| Error::PythonUnreadable { text: located.text.clone(), at: located.at.clone() })
}

fn contradiction(pinned: &Decision<PythonVersion>, located: &Located, allowed: &VersionSpecifiers) -> Error {
    if (0..50).any(|patch| allowed.contains(&pinned.value.patch(patch))) {
        return exact(located, pinned.value);
    }
    Error::PythonContradiction {
        first: pinned.value,
        first_at: pinned.evidence.clone().unwrap_or_else(|| Evidence::file(".python-version")),
        second: located.text.clone(),
        second_at: located.at.clone(),
    }
}

fn exact(located: &Located, python: PythonVersion) -> Error {
    Error::PythonUnsupported {
        text: located.text.clone(),
        at: Some(located.at.clone()),
        mend: Some(format!("images carry the newest patch release of a minor version: write =={python}.* instead")),
    }
}

fn newest(located: &Located, allowed: &VersionSpecifiers, because: &str) -> Result<Decision<PythonVersion>, Error> {
    let seen = |python| Ok(Decision::seen(python, because, located.at.clone()));
    if PythonVersion::DEFAULT.satisfies(allowed) {
        return seen(PythonVersion::DEFAULT);
    }
    if let Some(python) = PythonVersion::supported().rev().find(|python| python.satisfies(allowed)) {
        return seen(python);
    }
    let patched = |python: &PythonVersion| (0..50).any(|patch| allowed.contains(&python.patch(patch)));
    match PythonVersion::supported().rev().find(patched) {
        Some(python) => Err(exact(located, python)),
        None => Err(Error::PythonUnsupported { text: located.text.clone(), at: Some(located.at.clone()), mend: None }),
    }
}

fn supported(decision: Decision<PythonVersion>, text: &str) -> Result<Decision<PythonVersion>, Error> {
    if decision.value.is_supported() {
        return Ok(decision);
    }
    Err(Error::PythonUnsupported { text: text.to_owned(), at: decision.evidence, mend: None })
}

/// The first version that .python-version names, as pyenv and uv read it.
fn version_file(
    tree: &SourceTree,
    workspace: Option<&Workspace<'_>>,
) -> Result<Option<Decision<PythonVersion>>, Error> {
    const FILE: &str = ".python-version";
    let mut found = tree.text(FILE)?.map(|text| (FILE.to_owned(), text));
    // Of a member the nearest counts, up to the workspace's root.
    for above in workspace.into_iter().flat_map(|workspace| workspace.root.and_below()) {
        if found.is_none() {
            found = above.text(FILE)?.map(|text| (format!("{}/{FILE}", above.way()), text));
        }
    }
    let Some((file, text)) = found else { return Ok(None) };
    let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.split('#').next().unwrap_or_default().trim()));
    let Some((line, word)) = lines.into_iter().find(|(_, line)| !line.is_empty()) else { return Ok(None) };
    let at = Evidence::line(&file, line);
    if word.starts_with(['<', '>', '=', '~', '!']) {
        let located = Located { text: word.to_owned(), at };
        return newest(&located, &specifiers(&located)?, "stated in .python-version").map(Some);
    }
    // uv writes a bare `3` for any Python 3: that decides nothing.
    if word == "3" {
        return Ok(None);
    }
    let unreadable = || Error::PythonUnreadable { text: word.to_owned(), at: at.clone() };
    let version = ["cpython-", "cpython@", "cpython", "python-", "python"].iter().find_map(|p| word.strip_prefix(p));
    let version = version.unwrap_or(word);
    // uv's long form: cpython-3.12.4-linux-x86_64-gnu
    let version = version.split('-').next().unwrap_or_default();
    let python = version.parse().map_err(|_| unreadable())?;
    supported(Decision::seen(python, "stated in .python-version", at.clone()), word).map(Some)
}

/// The version that Heroku's runtime.txt names.
fn runtime_file(tree: &SourceTree) -> Result<Option<Decision<PythonVersion>>, Error> {
    const FILE: &str = "runtime.txt";
    let Some(text) = tree.text(FILE)? else { return Ok(None) };
    let Some((n, word)) = text.lines().map(str::trim).enumerate().find(|(_, line)| !line.is_empty()) else {
        return Ok(None);
    };
    let at = Evidence::line(FILE, n + 1);
    // The platform wants `python-3.12.4`; people also write `python~=3.9.0`, `python_version=3.9`, `Python: 3.11.13 (…)`.
    let digits = word.split(|c: char| !c.is_ascii_digit() && c != '.').find(|part| part.contains('.'));
    let mut parts = digits.unwrap_or_default().split('.');
    let minor = [parts.next(), parts.next()].into_iter().flatten().collect::<Vec<_>>().join(".");
    let python = minor.parse().map_err(|_| Error::PythonUnreadable { text: word.to_owned(), at: at.clone() })?;
    let version = word.strip_prefix("python-").unwrap_or(word);
    supported(Decision::seen(python, "stated in runtime.txt", at.clone()), version).map(Some)
}

#[cfg(test)]
#[path = "python_tests.rs"]
mod tests;
