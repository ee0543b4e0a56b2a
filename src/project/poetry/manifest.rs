//! What pyproject.toml states for Poetry.

use toml_edit::{Item, TableLike};

use super::constraint::Constraint;
use super::content_hash;
use super::format::Edge;
use crate::project::pyproject::sources;
use crate::project::requirement::{self, Requirement};
use crate::project::toml_file::{Located, TomlFile};
use crate::project::{Error, Evidence, Manager};

/// What counts of pyproject.toml where Poetry manages a project.
#[derive(Debug, Default, Clone)]
pub(crate) struct Stated {
    /// What the project itself depends on, without groups.
    pub(crate) main: Vec<Main>,
    /// Indexes beside the default one, or in its place: their URLs.
    pub(crate) sources: Vec<Located>,
    /// What the lock's content-hash may be.
    pub(super) hashes: Vec<String>,
}

/// A dependency of the project itself.
#[derive(Debug, Clone)]
pub(crate) struct Main {
    /// Its name, normalised.
    pub(crate) name: String,
    /// Each way in which it is stated.
    pub(super) edges: Vec<Edge>,
    /// Where.
    pub(crate) at: Evidence,
}

impl Stated {
    /// What is stated, as requirements of PEP 508.
    pub(crate) fn requirements(&self) -> Result<Vec<Located>, Error> {
        let each = self.main.iter().map(Main::requirements);
        Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// Reads it from pyproject.toml.
    pub(crate) fn of(file: &TomlFile) -> Result<Self, Error> {
        let listed = file.texts(&["project", "dependencies"])?;
        let mut main: Vec<Main> = Vec::new();
        for listed in listed.iter().flatten() {
            let Ok(Requirement { name: Some(name), extras, specifiers, marker, .. }) = Requirement::parse(&listed.text)
            else {
                continue;
            };
            let version = specifiers.map(|specifiers| specifiers.to_string());
            let edge = Edge { version, markers: marker, extras, ..Edge::default() };
            main.push(Main { name, edges: vec![edge], at: listed.at.clone() });
        }
        // Beside [project] the older table only says more of what that lists.
        let table = file.table(&["tool", "poetry", "dependencies"])?.filter(|_| listed.is_none());
        for (name, item) in table.into_iter().flat_map(TableLike::iter).filter(|(name, _)| *name != "python") {
            main.push(Main { name: requirement::normalise(name), edges: edges(item), at: file.at(item.span()) });
        }
        Ok(Self { main, sources: sources(file, &["tool", "poetry", "source"]), hashes: content_hash::all(file) })
    }
}

impl Main {
    /// Each way as a requirement of PEP 508.
    fn requirements(&self) -> Result<Vec<Located>, Error> {
        let needs = |what: String| Error::NeedsLock { manager: Manager::Poetry, what };
        let edges = self.edges.iter().filter(|edge| !edge.optional);
        let written = edges.map(|edge| {
            if let Some(place) = edge.place {
                return Err(needs(format!("{} ({}) comes from a {place}", self.name, self.at)));
            }
            let constraint =
                edge.version.as_deref().map_or(Some(String::new()), |v| Constraint::parse(v)?.specifiers());
            let unsaid = || needs(format!("pip knows no versions like those of {} ({})", self.name, self.at));
            let extras = if edge.extras.is_empty() { String::new() } else { format!("[{}]", edge.extras.join(",")) };
            let python = edge.python.as_deref().and_then(|python| Constraint::parse(python)?.specifiers());
            let python = python.filter(|python| !python.is_empty()).map(|python| python_marker(&python));
            let markers: Vec<String> = edge.markers.iter().map(|m| format!("({m})")).chain(python).collect();
            let marker = if markers.is_empty() { String::new() } else { format!(" ; {}", markers.join(" and ")) };
            let text = format!("{}{extras}{}{marker}", self.name, constraint.ok_or_else(unsaid)?);
            Ok(Located { text, at: self.at.clone() })
        });
        written.collect()
    }
}

/// Specifiers of Python as a marker.
fn python_marker(specifiers: &str) -> String {
    let terms = specifiers.split(',').map(str::trim).map(|term| {
        let end = term.find(|c: char| c.is_ascii_digit()).unwrap_or(term.len());
        let (operator, version) = term.split_at(end);
        format!("python_full_version {operator} '{version}'")
    });
    terms.collect::<Vec<_>>().join(" and ")
}

/// `"^1"`, `{ version = "^1", … }`, or several of the latter.
fn edges(item: &Item) -> Vec<Edge> {
    if let Some(version) = item.as_str() {
        return vec![Edge { version: Some(version.to_owned()), ..Edge::default() }];
    }
    if let Some(tables) = item.as_array_of_tables() {
        return tables.iter().map(|table| edge(table)).collect();
    }
    let listed = item.as_array().into_iter().flatten().filter_map(toml_edit::Value::as_inline_table);
    let listed: Vec<Edge> = listed.map(|table| edge(table)).collect();
    if listed.is_empty() { item.as_table_like().map(edge).into_iter().collect() } else { listed }
}

fn edge(table: &dyn TableLike) -> Edge {
    let text = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let extras = table.get("extras").and_then(Item::as_array).into_iter().flatten();
    let platform = text("platform").map(|platform| format!("sys_platform == '{}'", platform.replace('\'', "")));
    Edge {
        version: text("version"),
        markers: text("markers").or(platform),
        python: text("python"),
        extras: extras.filter_map(|extra| extra.as_str().map(str::to_owned)).collect(),
        place: ["git", "path", "url", "file"].into_iter().find(|key| table.contains_key(key)),
        optional: table.get("optional").and_then(Item::as_bool).unwrap_or(false),
    }
}
