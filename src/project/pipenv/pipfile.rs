//! A Pipfile.

use std::fmt::Write as _;

use toml_edit::{Item, TableLike};

use crate::project::json::{COMPACT, Json};
use crate::project::pyproject::sources;
use crate::project::toml_file::{Located, TomlFile};
use crate::project::{Error, Evidence, Manager, requirement};
use crate::source::SourceTree;

/// The file's name.
const FILE: &str = "Pipfile";
/// Tables that are no category of packages.
const OTHERS: [&str; 8] = ["source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv", "default"];

/// What is stated for Pipenv.
#[derive(Debug)]
pub(crate) struct Pipfile {
    /// What the project depends on, without development.
    pub(crate) packages: Vec<Stated>,
    /// The indexes, by their URLs.
    pub(crate) sources: Vec<Located>,
    python: Option<Located>,
    /// What is hashed of it, without its sources where it names none.
    counted: Vec<(String, Json)>,
    own_sources: Option<Json>,
    requires: Json,
}

/// A package as it is stated.
#[derive(Debug)]
pub(crate) struct Stated {
    /// Its name, normalised.
    pub(crate) name: String,
    /// Where.
    pub(crate) at: Evidence,
    /// As a requirement of PEP 508; what keeps it from being one.
    requirement: Result<String, &'static str>,
}

impl Pipfile {
    /// Reads the file, if there is one.
    pub(crate) fn read(tree: &SourceTree) -> Result<Option<Self>, Error> {
        let Some(text) = tree.text(FILE)? else { return Ok(None) };
        let file = TomlFile::parse(FILE, text)?;
        let packages = file.table(&["packages"])?.into_iter().flat_map(TableLike::iter).map(|(name, item)| Stated {
            name: requirement::normalise(name),
            at: file.at(item.span()),
            requirement: written(name, item),
        });
        let packages = packages.collect();
        let python =
            match (file.text(&["requires", "python_version"])?, file.text(&["requires", "python_full_version"])?) {
                (Some(located), _) => Some(Located { text: format!("=={}.*", located.text), ..located }),
                (None, Some(located)) => Some(Located { text: format!("=={}", located.text), ..located }),
                (None, None) => None,
            };
        let own_sources = file.get(&["source"]).map(Json::from);
        let json = |key: &str| file.get(&[key]).map_or_else(|| Json::object([]), Json::from);
        let mut counted = vec![("default".to_owned(), json("packages")), ("develop".to_owned(), json("dev-packages"))];
        for category in file.keys().filter(|key| !OTHERS.contains(key)) {
            counted.push((category.to_owned(), json(category)));
        }
        let requires = json("requires");
        let sources = sources(&file, &["source"]).into_iter().map(|url| Located { text: braced(&url.text), ..url });
        Ok(Some(Self { packages, sources: sources.collect(), python, counted, own_sources, requires }))
    }

    /// The Python that it asks for, in the terms of requires-python.
    pub(crate) fn requires_python(&self) -> Option<Located> {
        self.python.clone()
    }

    /// The hash that a lock of it has, where it has these sources if the file names none itself.
    ///
    /// Source: `get_hash` in <https://github.com/pypa/pipenv/blob/main/pipenv/vendor/plette/pipfiles.py>.
    pub(super) fn hash(&self, locked_sources: &serde_json::Value) -> String {
        let sources = self.own_sources.clone().unwrap_or_else(|| Json::from(locked_sources));
        let meta = Json::object([("sources", Some(sources)), ("requires", Some(self.requires.clone()))]);
        let counted = self.counted.iter().map(|(key, value)| (key.as_str(), Some(value.clone())));
        Json::object([("_meta", Some(meta))].into_iter().chain(counted)).sha256(COMPACT)
    }

    /// What is stated, as requirements of PEP 508.
    pub(crate) fn requirements(&self) -> Result<Vec<Located>, Error> {
        let each = self.packages.iter().map(|stated| match &stated.requirement {
            Ok(text) => Ok(Located { text: text.clone(), at: stated.at.clone() }),
            Err(place) => Err(Error::NeedsLock {
                manager: Manager::Pipenv,
                what: format!("{} ({}) comes from a {place}", stated.name, stated.at),
            }),
        });
        each.collect()
    }
}

/// `$NAME` as `${NAME}`: Pipenv knows both, uv the second.
fn braced(url: &str) -> String {
    let mut out = String::new();
    let mut parts = url.split('$');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let _ = if name.is_empty() { write!(out, "${part}") } else { write!(out, "${{{name}}}{rest}") };
    }
    out
}

/// `"*"`, `"==1"` or a table as a requirement of PEP 508.
fn written(name: &str, item: &Item) -> Result<String, &'static str> {
    let any = |version: &str| if version.trim() == "*" { String::new() } else { version.trim().to_owned() };
    if let Some(version) = item.as_str() {
        return Ok(format!("{name}{}", any(version)));
    }
    let Some(table) = item.as_table_like() else { return Ok(name.to_owned()) };
    let text = |key: &str| table.get(key).and_then(Item::as_str);
    if let Some(place) = ["git", "path", "file"].into_iter().find(|key| table.contains_key(key)) {
        return Err(place);
    }
    let extras = table.get("extras").and_then(Item::as_array).into_iter().flatten();
    let extras: Vec<_> = extras.filter_map(toml_edit::Value::as_str).collect();
    let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
    let platform = text("sys_platform").map(|platform| format!("sys_platform {platform}"));
    let python = text("python_version").map(|python| format!("python_version {python}"));
    let markers: Vec<String> = text("markers").map(str::to_owned).into_iter().chain(platform).chain(python).collect();
    let marker = if markers.is_empty() { String::new() } else { format!(" ; {}", markers.join(" and ")) };
    Ok(format!("{name}{extras}{}{marker}", text("version").map(any).unwrap_or_default()))
}
