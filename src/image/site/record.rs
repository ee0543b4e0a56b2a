//! A RECORD: the files of a distribution, as its installer wrote them down.
//!
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>

use std::fmt::Write as _;

/// The rows of a RECORD.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    rows: Vec<Row>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Its path, relative to the folder that packages are imported from.
    pub path: String,
    /// `sha256=` and the digest in URL-safe base64 without padding; empty where it is not stated.
    pub hash: String,
    /// Its size in bytes; empty where it is not stated.
    pub size: String,
}

/// A row that leads out of the folder that was installed into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not in the folder that it is installed into")]
pub struct RowError(pub String);

impl Row {
    /// Its path relative to the folder that was installed into, of which `site` is the folder of packages.
    pub fn resolve(&self, site: &str) -> Result<String, RowError> {
        let outside = || RowError(self.path.clone());
        if self.path.starts_with('/') || self.path.contains(['\0', '\\']) {
            return Err(outside());
        }
        let mut parts: Vec<&str> = site.split('/').collect();
        for part in self.path.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop().ok_or_else(outside)?),
                part => parts.push(part),
            }
        }
        if parts.is_empty() { Err(outside()) } else { Ok(parts.join("/")) }
    }
}

impl Record {
    /// Reads the file: three columns, separated by commas; quotes where a path has a comma or a quote in it.
    pub fn parse(text: &str) -> Self {
        let rows = text.lines().filter(|line| !line.trim().is_empty()).map(|line| {
            let mut columns = columns(line).into_iter();
            let mut next = || columns.next().unwrap_or_default();
            Row { path: next(), hash: next(), size: next() }
        });
        Self { rows: rows.collect() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Its rows, in the order of the file.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The file, its rows sorted.
    pub fn text(&self) -> String {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort();
        rows.dedup();
        let mut text = String::new();
        for Row { path, hash, size } in rows {
            let _ = writeln!(text, "{},{hash},{size}", quoted(path));
        }
        text
    }
}

impl FromIterator<Row> for Record {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        Self { rows: rows.into_iter().collect() }
    }
}

fn columns(line: &str) -> Vec<String> {
    let mut columns = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let Some(column) = columns.last_mut() else { break };
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                column.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(String::new()),
            c => column.push(c),
        }
    }
    columns
}

fn quoted(path: &str) -> String {
    if path.contains([',', '"']) { format!("\"{}\"", path.replace('"', "\"\"")) } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_are_read_and_written_sorted() {
        let record = Record::parse("b.py,sha256=x,3\r\n\"a,\"\"q\"\".py\",,\n\nRECORD,,\n");
        assert_eq!(record.rows()[1].path, "a,\"q\".py");
        assert_eq!(record.text(), "RECORD,,\n\"a,\"\"q\"\".py\",,\nb.py,sha256=x,3\n");
        assert_eq!(Record::parse(&record.text()).text(), record.text());
    }

    #[test]
    fn paths_are_resolved_and_never_lead_out() {
        let resolve = |path: &str| {
            Row { path: path.to_owned(), hash: String::new(), size: String::new() }
                .resolve("lib/python3.11/site-packages")
        };
        assert_eq!(resolve("a/./b.py").unwrap(), "lib/python3.11/site-packages/a/b.py");
        assert_eq!(resolve("../../../bin/tool").unwrap(), "bin/tool");
        for path in ["/etc/passwd", "../../../../etc/passwd", "../../..", "a\\..\\b", "a\0"] {
            assert_eq!(resolve(path), Err(RowError(path.to_owned())), "{path}");
        }
    }
}
