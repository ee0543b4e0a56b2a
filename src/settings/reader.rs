//! A reader of settings: each key as the type that it must have.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use super::keys;
use super::layers::{Error, Layers, Origin, Part, Stated};
use crate::project::{Decision, Evidence};

/// Typed access to the layers.
pub(super) struct Reader {
    /// What is stated.
    pub(super) layers: Layers,
    /// The folder of the settings file: paths in it are relative to that, not to where the command runs.
    pub(super) folder: PathBuf,
}

impl Reader {
    pub(super) fn text(&self, key: &str) -> Result<Option<Decision<String>>, Error> {
        let read = |stated: &Stated| {
            let text = stated.value.as_str().map(str::to_owned);
            text.map(|t| decision(t, &stated.origin)).ok_or_else(|| wrong(key, stated, "a string"))
        };
        self.layers.get(key).map(read).transpose()
    }

    /// A string that `T` can be read from; what it must be is said by `expected`.
    pub(super) fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<Decision<T>>, Error> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        match text.value.parse() {
            Ok(value) => Ok(Some(text.map(|_| value))),
            Err(_) => Err(self.wrong(key, expected)),
        }
    }

    pub(super) fn number<T: TryFrom<i64>>(&self, key: &str, expected: &str) -> Result<Option<Decision<T>>, Error> {
        let read = |stated: &Stated| {
            let number = stated.value.as_integer().and_then(|n| T::try_from(n).ok());
            number.map(|n| decision(n, &stated.origin)).ok_or_else(|| wrong(key, stated, expected))
        };
        self.layers.get(key).map(read).transpose()
    }

    pub(super) fn list(&self, key: &str) -> Result<Option<Decision<Vec<String>>>, Error> {
        let read = |stated: &Stated| {
            let words = stated
                .value
                .as_array()
                .and_then(|a| a.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
            words.map(|w| decision(w, &stated.origin)).ok_or_else(|| wrong(key, stated, "a list of strings"))
        };
        self.layers.get(key).map(read).transpose()
    }

    pub(super) fn words(&self, key: &str) -> Result<Vec<String>, Error> {
        Ok(self.list(key)?.map(|d| d.value).unwrap_or_default())
    }

    /// A list that can't be empty: a command.
    pub(super) fn command(&self, key: &str) -> Result<Option<Decision<Vec<String>>>, Error> {
        match self.list(key)? {
            Some(command) if command.value.is_empty() => Err(self.wrong(key, "a program and its arguments")),
            other => Ok(other),
        }
    }

    pub(super) fn boolean(&self, key: &str) -> Result<bool, Error> {
        Ok(self.choice(key)?.unwrap_or_default())
    }

    /// True or false, where either is stated.
    pub(super) fn choice(&self, key: &str) -> Result<Option<bool>, Error> {
        let read = |stated: &Stated| stated.value.as_bool().ok_or_else(|| wrong(key, stated, "true or false"));
        self.layers.get(key).map(read).transpose()
    }

    /// The value that `key` states, if it is one that `is_right` accepts; what it must be is said by `expected`.
    pub(super) fn checked<T>(
        &self,
        key: &str,
        stated: Option<Decision<T>>,
        expected: &str,
        is_right: impl Fn(&T) -> bool,
    ) -> Result<Option<Decision<T>>, Error> {
        match stated {
            Some(stated) if !is_right(&stated.value) => Err(self.wrong(key, expected)),
            stated => Ok(stated),
        }
    }

    /// A path as it was meant where `key` states it.
    pub(super) fn path(&self, key: &str, path: &str) -> PathBuf {
        match self.layers.get(key).map(|s| &s.origin) {
            Some(Origin::File { .. }) => self.folder.join(path),
            _ => PathBuf::from(path),
        }
    }

    /// The one of several words that `key` states, as what it stands for.
    pub(super) fn one_of<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text.value);
        let all = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(|(_, of)| Some(*of)).ok_or_else(|| self.wrong(key, &format!("one of {}", all())))
    }

    /// The names that the user gives the tables of `table`.
    pub(super) fn names(&self, table: &str) -> BTreeSet<String> {
        self.layers.below(table).keys().map(|rest| keys::named(rest).0.to_owned()).collect()
    }

    /// Whether a part that may be there or not is asked for.
    pub(super) fn part(&self, key: &str, expected: &str) -> Result<Option<&Stated>, Error> {
        match self.layers.part(key).map_err(|stated| wrong(key, stated, expected))? {
            Part::Present(stated) => Ok(Some(stated)),
            Part::Absent => Ok(None),
        }
    }

    pub(super) fn wrong(&self, key: &str, expected: &str) -> Error {
        match self.layers.get(key) {
            Some(stated) => wrong(key, stated, expected),
            None => Error::UnknownKey { file: String::new(), line: 0, key: key.to_owned(), nearest: None },
        }
    }
}

pub(super) fn wrong(key: &str, stated: &Stated, expected: &str) -> Error {
    // Whoever types a secret where its place belongs must not find it in a log.
    let found = match key {
        "build-secrets" => "of another form".to_owned(),
        _ => stated.value.to_string().trim().to_owned(),
    };
    Error::Value { key: key.to_owned(), origin: stated.origin.clone(), found, expected: expected.to_owned() }
}

fn decision<T>(value: T, origin: &Origin) -> Decision<T> {
    match origin {
        Origin::Flag(name) => Decision::assumed(value, format!("stated by {name}")),
        Origin::Variable(name) => Decision::assumed(value, format!("stated by the variable {name}")),
        Origin::File { file, line, environment } => {
            let because = match environment {
                Some(name) => format!("stated in the settings of {name}"),
                None => "stated in the settings".to_owned(),
            };
            Decision::seen(value, because, Evidence::line(file, *line))
        }
    }
}
