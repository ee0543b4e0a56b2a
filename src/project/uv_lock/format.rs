//! The format of uv.lock, as far as it is of interest.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Lock {
    pub(super) requires_python: Option<String>,
    #[serde(default, rename = "package", alias = "distribution")]
    pub(super) packages: Vec<Package>,
}

/// One package in one version.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Package {
    pub(super) name: String,
    /// Absent for a local package whose version is dynamic.
    pub(super) version: Option<String>,
    #[serde(default)]
    pub(super) source: Source,
    #[serde(default)]
    pub(super) dependencies: Vec<Edge>,
    #[serde(default)]
    pub(super) optional_dependencies: BTreeMap<String, Vec<Edge>>,
    /// By group; only of what lies in the project.
    #[serde(default)]
    pub(super) dev_dependencies: BTreeMap<String, Vec<Edge>>,
    pub(super) sdist: Option<Artifact>,
    #[serde(default)]
    pub(super) wheels: Vec<Artifact>,
    pub(super) metadata: Option<Metadata>,
}

/// Where a package comes from: exactly one of the keys is there.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Source {
    registry: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    #[serde(rename = "virtual")]
    virtual_: Option<String>,
    git: Option<String>,
}

impl Source {
    /// The path of a package that lies in the project.
    pub(super) fn local(&self) -> Option<&str> {
        let keys = [&self.editable, &self.virtual_, &self.directory, &self.path];
        keys.into_iter().find_map(Option::as_deref)
    }

    /// Whether the lock lists the files of the package.
    pub(super) fn lists_files(&self) -> bool {
        self.git.is_none() && (self.registry.is_some() || self.url.is_some() || self.path.is_some())
    }
}

/// A dependency of a package on another.
#[derive(Debug, Deserialize)]
pub(super) struct Edge {
    pub(super) name: String,
    /// Only where several packages of the name are in the lock.
    pub(super) version: Option<String>,
    /// Only where several packages of the name are in the lock.
    pub(super) source: Option<Source>,
    #[serde(default)]
    pub(super) extra: Vec<String>,
    pub(super) marker: Option<String>,
}

/// A wheel or a source distribution.
#[derive(Debug, Deserialize)]
pub(super) struct Artifact {
    url: Option<String>,
    path: Option<String>,
    filename: Option<String>,
}

impl Artifact {
    /// The name of its file.
    pub(super) fn file_name(&self) -> Option<String> {
        let name = self.filename.as_deref().or(self.url.as_deref()).or(self.path.as_deref())?;
        let name = name.split(['?', '#']).next().unwrap_or_default();
        // A local version's `+` is the only character of a wheel's name that URLs escape.
        Some(name.rsplit(['/', '\\']).next().unwrap_or(name).replace("%2B", "+").replace("%2b", "+"))
    }
}

/// What pyproject.toml said when the lock was made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    pub(super) requires_dist: Option<Vec<Listed>>,
}

/// A requirement of the project when the lock was made.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) specifier: Option<String>,
    pub(super) marker: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    #[serde(rename = "virtual")]
    virtual_: Option<String>,
}

impl Listed {
    /// Whether it comes from somewhere that has no versions to choose from.
    pub(super) fn is_direct(&self) -> bool {
        let keys = [&self.git, &self.url, &self.path, &self.directory, &self.editable, &self.virtual_];
        keys.into_iter().any(Option::is_some)
    }

    /// Whether it belongs to an extra.
    pub(super) fn is_extra(&self) -> bool {
        self.marker.as_deref().is_some_and(|marker| marker.contains("extra =="))
    }
}
