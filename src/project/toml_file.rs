//! A TOML file whose values know the lines that they stand on.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml_edit::{Document, Item, TableLike, Value};

use super::{Error, Evidence};

/// A text and the line that it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// The text.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) at: Evidence,
}

/// A parsed file.
#[derive(Debug)]
pub(crate) struct TomlFile {
    name: String,
    document: Document<String>,
}

impl TomlFile {
    /// Parses the text of the file called `name`.
    pub(crate) fn parse(name: &str, text: String) -> Result<Self, Error> {
        // Kept only for the line of an error: the document takes the text itself.
        let starts = line_starts(&text);
        match Document::parse(text) {
            Ok(document) => Ok(Self { name: name.to_owned(), document }),
            Err(error) => {
                let line = error.span().map(|span| line_of(&starts, span.start));
                let at = Evidence { file: name.to_owned(), line };
                Err(Error::Toml { at, message: error.message().lines().collect::<Vec<_>>().join(", ") })
            }
        }
    }

    /// What the document holds, by serde.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        let Self { name, document } = self;
        toml_edit::de::from_document(document)
            .map_err(|error| Error::Toml { at: Evidence::file(name), message: error.message().replace('\n', ", ") })
    }

    /// The line of a span.
    pub(crate) fn at(&self, span: Option<Range<usize>>) -> Evidence {
        let line = span.map(|span| 1 + self.document.raw().get(..span.start).unwrap_or_default().matches('\n').count());
        Evidence { file: self.name.clone(), line }
    }

    /// The lines on which the tables of an array `[[key]]` begin.
    pub(crate) fn table_lines(&self, key: &str) -> Vec<Option<usize>> {
        let starts = line_starts(self.document.raw());
        let tables = self.document.get(key).and_then(Item::as_array_of_tables);
        let lines = tables.into_iter().flatten().map(|table| table.span().map(|span| line_of(&starts, span.start)));
        lines.collect()
    }

    /// The keys at the top.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.document.iter().map(|(key, _)| key)
    }

    /// What stands at a path of keys.
    pub(crate) fn get(&self, path: &[&str]) -> Option<&Item> {
        path.iter().try_fold(self.document.as_item(), |item, key| item.get(key))
    }

    /// The table at a path of keys.
    pub(crate) fn table(&self, path: &[&str]) -> Result<Option<&dyn TableLike>, Error> {
        let Some(item) = self.get(path) else { return Ok(None) };
        let table = item.as_table_like().ok_or_else(|| self.wrong(path, item.span(), "a table"))?;
        Ok(Some(table))
    }

    /// The text at a path of keys.
    pub(crate) fn text(&self, path: &[&str]) -> Result<Option<Located>, Error> {
        let Some(item) = self.get(path) else { return Ok(None) };
        let text = item.as_str().ok_or_else(|| self.wrong(path, item.span(), "a string"))?;
        Ok(Some(Located { text: text.to_owned(), at: self.at(item.span()) }))
    }

    /// The texts of the array at a path of keys.
    pub(crate) fn texts(&self, path: &[&str]) -> Result<Option<Vec<Located>>, Error> {
        let Some(item) = self.get(path) else { return Ok(None) };
        let wrong = |span| self.wrong(path, span, "a list of strings");
        let array = item.as_array().ok_or_else(|| wrong(item.span()))?;
        let texts = array.iter().map(|value| {
            let text = value.as_str().ok_or_else(|| wrong(value.span()))?;
            Ok(Located { text: text.to_owned(), at: self.at(value.span()) })
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// The texts of an array whose other entries are of no interest.
    pub(crate) fn strings_in(&self, item: &Item) -> Vec<Located> {
        let array = item.as_array().into_iter().flatten();
        let texts = array
            .filter_map(|value: &Value| Some(Located { text: value.as_str()?.to_owned(), at: self.at(value.span()) }));
        texts.collect()
    }

    fn wrong(&self, path: &[&str], span: Option<Range<usize>>, expected: &str) -> Error {
        Error::Key { key: path.join("."), at: self.at(span), expected: expected.to_owned() }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn line_of(starts: &[usize], offset: usize) -> usize {
    starts.partition_point(|start| *start <= offset).max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_know_their_lines() {
        let text = "[project]\nname = \"a\"\ndependencies = [\n  \"b\",\n  \"c\",\n]\n[[x]]\n[[x]]\n".to_owned();
        let file = TomlFile::parse("pyproject.toml", text).unwrap();
        assert_eq!(file.text(&["project", "name"]).unwrap().unwrap().at.line, Some(2));
        let dependencies = file.texts(&["project", "dependencies"]).unwrap().unwrap();
        assert_eq!(dependencies.iter().map(|d| d.at.line).collect::<Vec<_>>(), [Some(4), Some(5)]);
        assert_eq!(file.table_lines("x"), [Some(7), Some(8)]);
    }

    #[test]
    fn faults_name_the_line() {
        let error = TomlFile::parse("pyproject.toml", "[project]\nname = \n".to_owned()).unwrap_err();
        assert!(error.to_string().starts_with("could not read pyproject.toml:2 as TOML: "), "{error}");
        let file = TomlFile::parse("pyproject.toml", "[project]\nname = 3\ndependencies = [1]\n".to_owned()).unwrap();
        assert_eq!(
            file.text(&["project", "name"]).unwrap_err().to_string(),
            "project.name in pyproject.toml:2 should be a string"
        );
        assert!(file.texts(&["project", "dependencies"]).is_err());
        assert!(file.table(&["project", "name"]).is_err());
    }
}
