//! The fields of an inline table, none of them unknown.

use std::str::FromStr;

use toml_edit::{InlineTable, Value};

use crate::settings::keys::nearest_of;
use crate::settings::layers::{Error, Origin, Stated};

/// A table within a value of the settings.
pub(super) struct Fields<'v> {
    key: &'v str,
    stated: &'v Stated,
    table: &'v InlineTable,
}

/// The tables of a list.
pub(super) fn each<'v>(
    key: &'v str,
    stated: &'v Stated,
    known: &[&str],
    expected: &str,
) -> Result<Vec<Fields<'v>>, Error> {
    let wrong = || super::wrong(key, stated, expected);
    let list = stated.value.as_array().ok_or_else(wrong)?;
    list.iter().map(|item| Fields::of(key, stated, item.as_inline_table().ok_or_else(wrong)?, known)).collect()
}

impl<'v> Fields<'v> {
    /// `table`, which is or is in the value `stated` of `key`, with no field but the `known` ones.
    pub(super) fn of(key: &'v str, stated: &'v Stated, table: &'v InlineTable, known: &[&str]) -> Result<Self, Error> {
        match table.iter().find(|(name, _)| !known.contains(name)) {
            None => Ok(Self { key, stated, table }),
            Some((name, _)) => {
                let (file, line) = match &stated.origin {
                    Origin::File { file, line, .. } => (file.clone(), *line),
                    other => (other.to_string(), 1),
                };
                let nearest = nearest_of(name, known).map(|field| format!("{key}.{field}"));
                Err(Error::UnknownKey { file, line, key: format!("{key}.{name}"), nearest })
            }
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.table.get(name)
    }

    /// A field that is a text from which a `T` can be read.
    pub(super) fn word<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Error> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| self.wrong(name, "a string"))?;
        text.parse().map(Some).map_err(|e: T::Err| {
            let expected = e.to_string();
            self.wrong(name, expected.strip_prefix("not ").unwrap_or(&expected))
        })
    }

    /// The error that a field is none of what it must be.
    pub(super) fn wrong(&self, name: &str, expected: &str) -> Error {
        Error::Value {
            key: format!("{}.{name}", self.key),
            origin: self.stated.origin.clone(),
            found: self.get(name).map_or_else(|| "not stated".to_owned(), |v| v.to_string().trim().to_owned()),
            expected: expected.to_owned(),
        }
    }
}
