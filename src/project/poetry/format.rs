//! The format of poetry.lock, as far as it is of interest: versions 1.0 to 2.1.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
pub(super) struct Lock {
    #[serde(default, rename = "package")]
    pub(super) packages: Vec<Package>,
    pub(super) metadata: Metadata,
}

/// What the lock says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    pub(super) lock_version: Option<String>,
    pub(super) python_versions: Option<String>,
    pub(super) content_hash: Option<String>,
    /// The files of each package, by its name as it is written: until version 1.1.
    #[serde(default)]
    pub(super) files: BTreeMap<String, Vec<File>>,
}

/// One package in one version.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// The groups that need it: since version 2.1.
    pub(super) groups: Option<Vec<String>>,
    /// When it is needed: since version 2.1, for all groups or for each.
    pub(super) markers: Option<Markers>,
    #[serde(default)]
    pub(super) dependencies: BTreeMap<String, Edges>,
    /// What each extra asks for, as requirements in an older form: `psycopg (>=3)`.
    #[serde(default)]
    pub(super) extras: BTreeMap<String, Vec<String>>,
    pub(super) source: Option<Source>,
    #[serde(default)]
    pub(super) files: Vec<File>,
}

/// Markers for all groups, or for each.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Markers {
    All(String),
    Each(BTreeMap<String, String>),
}

/// What a package needs of another: one way, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Edges {
    Version(String),
    One(Edge),
    Several(Vec<Edge>),
}

impl Edges {
    /// Each way.
    pub(super) fn all(&self) -> Vec<Edge> {
        match self {
            Self::Version(version) => vec![Edge { version: Some(version.clone()), ..Edge::default() }],
            Self::One(edge) => vec![edge.clone()],
            Self::Several(edges) => edges.clone(),
        }
    }
}

/// A dependency on another package.
#[derive(Debug, Default, Clone, Deserialize)]
pub(super) struct Edge {
    /// `None` where it comes from one place alone.
    pub(super) version: Option<String>,
    /// When it is needed.
    pub(super) markers: Option<String>,
    /// For which Pythons it is needed.
    pub(super) python: Option<String>,
    #[serde(default)]
    pub(super) extras: Vec<String>,
    /// Whether only an extra asks for it.
    #[serde(default)]
    pub(super) optional: bool,
    /// The key of where it comes from, if not from an index: of what is stated, not of the lock.
    #[serde(skip)]
    pub(super) place: Option<&'static str>,
}

/// Where a package comes from, if not from the default index.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Source {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) url: String,
    pub(super) resolved_reference: Option<String>,
    pub(super) subdirectory: Option<String>,
}

/// A wheel or a source distribution.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct File {
    pub(super) file: String,
    pub(super) hash: String,
}
