//! Layers: one setting from several places, the strongest of which wins.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, Value};

use super::keys;

/// Where a setting was stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Flag(String),
    /// In the environment.
    Variable(String),
    /// In a file, with its line, and the settings' environment if it stands in one.
    File {
        /// The file, as the user would name it.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The environment.
        environment: Option<String>,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "{name}"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::File { file, line, .. } => write!(f, "{file}:{line}"),
        }
    }
}

/// A value with the place that states it.
#[derive(Debug, Clone)]
pub struct Stated {
    /// The value.
    pub value: Value,
    /// The place.
    pub origin: Origin,
}

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("could not read the settings in {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{file}, line {line}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A key that is none.
    #[error("{file}, line {line}: there is no setting `{key}`")]
    UnknownKey {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// The key as written.
        key: String,
        /// The known key nearest to it.
        nearest: Option<String>,
    },
    /// A value that does not fit its key.
    #[error("the setting `{key}` ({origin}) is {found}, but must be {expected}")]
    Value {
        /// The key.
        key: String,
        /// Where it is stated.
        origin: Origin,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// An environment that the settings don't have.
    #[error("the settings have no environment `{name}`")]
    NoEnvironment {
        /// Its name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Settings in two files.
    #[error("settings stand in both {first} and {second}")]
    TwoFiles {
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
}

impl Error {
    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { .. } => Some(format!("the settings are: {}", keys::names())),
            Self::NoEnvironment { known, .. } if known.is_empty() => {
                Some("environments are tables such as [tool.pydeploy.environments.staging.deploy]".into())
            }
            Self::NoEnvironment { known, .. } => Some(format!("it has: {}", known.join(", "))),
            Self::TwoFiles { .. } => Some("keep the settings in one of them, or choose with --config FILE".into()),
            _ => None,
        }
    }
}

/// All that was stated, the strongest first.
#[derive(Debug, Default)]
pub struct Layers {
    layers: Vec<BTreeMap<String, Stated>>,
}

impl Layers {
    /// Adds a layer that is weaker than those before it.
    pub fn push(&mut self, layer: BTreeMap<String, Stated>) {
        self.layers.push(layer);
    }

    /// The strongest statement of a key.
    pub fn get(&self, key: &str) -> Option<&Stated> {
        self.layers.iter().find_map(|l| l.get(key))
    }

    /// Whether the strongest layer that says anything of a part (`key = true`, or keys below it) wants it.
    /// `Err` holds a statement that is neither a table nor true or false.
    pub fn part(&self, key: &str) -> Result<Part<'_>, &Stated> {
        for layer in &self.layers {
            if let Some(stated) = layer.get(key) {
                let wanted = stated.value.as_bool().ok_or(stated)?;
                return Ok(if wanted { Part::Present(stated) } else { Part::Absent });
            }
            let is_below = |name: &str| name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
            if let Some((_, stated)) = layer.iter().find(|(name, _)| is_below(name)) {
                return Ok(Part::Present(stated));
            }
        }
        Ok(Part::Absent)
    }

    /// What the strongest layer that states any of these keys, of which only one can hold, states of them.
    pub fn first_of(&self, keys: &[String]) -> Vec<(usize, &Stated)> {
        let mut found = self
            .layers
            .iter()
            .map(|layer| keys.iter().enumerate().filter_map(|(i, key)| Some((i, layer.get(key)?))).collect::<Vec<_>>());
        found.find(|of_layer| !of_layer.is_empty()).unwrap_or_default()
    }

    /// The strongest statements of all keys below `prefix.`, by the rest of their names.
    pub fn below(&self, prefix: &str) -> BTreeMap<String, &Stated> {
        let mut found = BTreeMap::new();
        for layer in &self.layers {
            for (key, stated) in layer {
                if let Some(rest) = key.strip_prefix(prefix).and_then(|r| r.strip_prefix('.')) {
                    found.entry(rest.to_owned()).or_insert(stated);
                }
            }
        }
        found
    }
}

/// What is said of a part of a deployment that may be there or not.
#[derive(Debug, Clone, Copy)]
pub enum Part<'l> {
    /// Nothing, or that it is not to be.
    Absent,
    /// That it is to be; the first place that says so.
    Present(&'l Stated),
}

/// The layers of a settings file: its own, and that of each environment.
#[derive(Debug, Default)]
pub struct FileLayers {
    /// What holds in every environment.
    pub base: BTreeMap<String, Stated>,
    /// What holds in one.
    pub environments: BTreeMap<String, BTreeMap<String, Stated>>,
}

/// Reads a settings file: the table `[tool.pydeploy]` of a pyproject.toml, the whole of any other.
/// `None` where a pyproject.toml has no such table.
pub fn read(path: &Path, shown: &str) -> Result<Option<FileLayers>, Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_path_buf(), source })?;
    parse(&text, shown)
}

/// The same of a text that stands in a file called `shown`.
pub(super) fn parse(text: &str, shown: &str) -> Result<Option<FileLayers>, Error> {
    let line_at = |offset: usize| 1 + text.bytes().take(offset).filter(|b| *b == b'\n').count();
    let document = Document::parse(text.to_owned()).map_err(|e| Error::Syntax {
        file: shown.to_owned(),
        line: e.span().map_or(1, |s| line_at(s.start)),
        message: e.message().to_owned(),
    })?;
    let root = document.as_item();
    let item = if shown.ends_with("pyproject.toml") {
        match root.get("tool").and_then(|t| t.get("pydeploy")) {
            Some(item) => item,
            None => return Ok(None),
        }
    } else {
        root
    };
    let mut reader = Reader { file: shown, line_at: &line_at, environment: None, found: BTreeMap::new() };
    let mut environments = BTreeMap::new();
    reader.table(item, "", &mut environments)?;
    Ok(Some(FileLayers { base: reader.found, environments }))
}

struct Reader<'r> {
    file: &'r str,
    line_at: &'r dyn Fn(usize) -> usize,
    environment: Option<String>,
    found: BTreeMap<String, Stated>,
}

type Environments = BTreeMap<String, BTreeMap<String, Stated>>;

impl Reader<'_> {
    fn table(&mut self, item: &Item, prefix: &str, environments: &mut Environments) -> Result<(), Error> {
        let Some(table) = item.as_table_like() else { return Ok(()) };
        for (name, item) in table.iter() {
            let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
            let line = span.map_or(1, |s| (self.line_at)(s.start));
            let key = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            if key == "environments" && self.environment.is_none() {
                self.environments(item, environments)?;
            } else if keys::is_table(&key) && item.is_table_like() {
                self.table(item, &key, environments)?;
            } else if keys::is_known(&key) {
                self.value(key, item, line)?;
            } else {
                let nearest = keys::nearest(&key);
                return Err(Error::UnknownKey { file: self.file.to_owned(), line, key, nearest });
            }
        }
        Ok(())
    }

    fn environments(&mut self, item: &Item, environments: &mut Environments) -> Result<(), Error> {
        let Some(table) = item.as_table_like() else {
            let line = item.span().map_or(1, |s| (self.line_at)(s.start));
            let origin = Origin::File { file: self.file.to_owned(), line, environment: None };
            let found = item.to_string().trim().to_owned();
            return Err(Error::Value { key: "environments".into(), origin, found, expected: "a table".into() });
        };
        for (name, item) in table.iter() {
            // It becomes a file's name.
            if !is_environment(name) {
                let line = item.span().map_or(1, |s| (self.line_at)(s.start));
                let origin = Origin::File { file: self.file.to_owned(), line, environment: None };
                let expected = "named with letters, digits, '-', '_' and '.', a letter or digit first".to_owned();
                return Err(Error::Value { key: "environments".into(), origin, found: format!("{name:?}"), expected });
            }
            let environment = Some(name.to_owned());
            let mut inner = Reader { file: self.file, line_at: self.line_at, environment, found: BTreeMap::new() };
            inner.table(item, "", &mut BTreeMap::new())?;
            environments.insert(name.to_owned(), inner.found);
        }
        Ok(())
    }

    fn value(&mut self, key: String, item: &Item, line: usize) -> Result<(), Error> {
        let environment = self.environment.clone();
        let origin = Origin::File { file: self.file.to_owned(), line, environment };
        // What stands under a header of its own is the same as what stands in braces.
        let whole = keys::is_value(&key).then(|| item.clone().into_value().ok()).flatten();
        let Some(value) = whole.as_ref().or(item.as_value()) else {
            return Err(Error::Value { key, origin, found: "a table".to_owned(), expected: "a value".to_owned() });
        };
        self.found.insert(key, Stated { value: value.clone(), origin });
        Ok(())
    }
}

fn is_environment(name: &str) -> bool {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(valid)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
        let text = "[tool.pydeploy]\nimage = \"a/b\"\n[tool.pydeploy.health]\nintervall = \"5s\"\n";
        let Err(error) = parse(text, "pyproject.toml") else { unreachable!() };
        assert_eq!(error.to_string(), "pyproject.toml, line 4: there is no setting `health.intervall`");
        assert_eq!(error.hint().unwrap(), "did you mean `health.interval`?");
    }

    #[test]
    fn environments_are_layers_of_their_own() {
        let text = "port = 1\n[environments.staging]\nport = 2\n[environments.staging.deploy]\nreplicas = 3\n";
        let layers = parse(text, "pydeploy.toml").unwrap().unwrap();
        assert_eq!(layers.base["port"].value.as_integer(), Some(1));
        assert_eq!(layers.environments["staging"]["deploy.replicas"].value.as_integer(), Some(3));
        assert_eq!(layers.environments["staging"]["port"].origin.to_string(), "pydeploy.toml:3");
    }

    #[test]
    fn a_syntax_error_has_its_line() {
        let Err(error) = parse("a = 1\nb = = 2\n", "pydeploy.toml") else { unreachable!() };
        assert!(error.to_string().starts_with("pydeploy.toml, line 2: "), "{error}");
    }
}
