//! The format of a pylock, as far as it is of interest.
//!
//! <https://packaging.python.org/en/latest/specifications/pylock-toml/>

use serde::Deserialize;

use crate::project::paths;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Lock {
    pub(super) requires_python: Option<String>,
    #[serde(default)]
    pub(super) packages: Vec<Package>,
}

/// One package in one version.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) marker: Option<String>,
    /// What it needs of the others: for information, and often left out.
    pub(super) dependencies: Vec<Needed>,
    pub(super) directory: Option<Directory>,
    pub(super) archive: Option<Artifact>,
    pub(super) sdist: Option<Artifact>,
    pub(super) wheels: Vec<Artifact>,
}

/// A package that another one needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Needed {
    pub(super) name: String,
}

/// A folder that a package is built from.
#[derive(Debug, Deserialize)]
pub(super) struct Directory {
    pub(super) path: String,
}

/// A wheel, a source distribution, or an archive of either kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact {
    name: Option<String>,
    url: Option<String>,
    pub(super) path: Option<String>,
}

impl Artifact {
    /// The name of its file.
    pub(super) fn file_name(&self) -> Option<String> {
        let name = self.name.as_deref().or(self.url.as_deref()).or(self.path.as_deref())?;
        let name = paths::file_name(name.split(['?', '#']).next().unwrap_or_default());
        // A local version's `+` is the only character of a wheel's name that URLs escape.
        Some(name.replace("%2B", "+").replace("%2b", "+"))
    }

    /// Its path, where it lies in the project and nowhere else.
    pub(super) fn local(&self) -> Option<&str> {
        self.path.as_deref().filter(|_| self.url.is_none())
    }
}
