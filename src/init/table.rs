//! A table of settings: `[tool.pydeploy]` in the text of a file, of which not a byte changes beside it.

use std::fmt;
use std::ops::Range;

use toml_edit::{Document, Item, Table, TableLike, Value};

/// Where settings stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// In `[tool.pydeploy]`, as in a pyproject.toml.
    Tool,
    /// At the top, as in a pydeploy.toml.
    Top,
}

/// A setting and its value.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The key, which holds no dot.
    pub key: &'static str,
    /// The value: a text or a list of texts.
    pub value: Value,
}

impl fmt::Display for Statement {
    /// As a line of a settings file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.key, literal(&self.value))
    }
}

/// A file's text with the settings in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// The statements that had another value before.
    pub replaced: Vec<Replaced>,
}

/// A statement that had another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The key.
    pub key: String,
    /// The value that it had, as it was written.
    pub before: String,
    /// Its line, counted from 1.
    pub line: usize,
}

/// Why the settings could not be put in.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The text is no TOML.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The table is written in a way that leaves no place for a key.
    #[error("`{key}` has no place in it: {why}")]
    NoPlace {
        /// The key.
        key: String,
        /// What is in the way.
        why: &'static str,
    },
}

/// Puts `statements` into `text`. A table that is not there yet begins with them and with `notes`, which are lines of
/// comments; in one that is there, what stands stays where it is.
pub fn edit(text: &str, home: Home, statements: &[Statement], notes: &[String]) -> Result<Edited, Error> {
    // A byte order mark is no part of TOML.
    let (mark, body) = text.strip_prefix('\u{feff}').map_or(("", text), |body| ("\u{feff}", body));
    let mut edited = Edited { text: body.to_owned(), replaced: Vec::new() };
    if is_there(&parse(body)?, home) {
        for statement in statements {
            put(&mut edited, home, statement)?;
        }
    } else {
        // A file of its own that holds comments alone is one that was begun.
        let is_begun = home == Home::Top && !body.trim().is_empty();
        edited.text.push_str(&table(body, home, statements, if is_begun { &[] } else { notes }));
    }
    agree(body, &edited.text, home, statements)?;
    edited.text.insert_str(0, mark);
    Ok(edited)
}

fn parse(text: &str) -> Result<Document<&str>, Error> {
    Document::parse(text).map_err(|e| Error::Syntax {
        line: e.span().map_or(1, |span| line_of(text, span.start)),
        message: e.message().to_owned(),
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn item<'d>(document: &'d Document<&str>, home: Home) -> Option<&'d Item> {
    match home {
        Home::Top => Some(document.as_item()),
        Home::Tool => document.get("tool")?.get("pydeploy"),
    }
}

fn is_there(document: &Document<&str>, home: Home) -> bool {
    let is_empty = |item: &Item| item.as_table_like().is_none_or(TableLike::is_empty);
    item(document, home).is_some_and(|item| home == Home::Tool || !is_empty(item))
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// A new table, to be written at the end of `text`.
fn table(text: &str, home: Home, statements: &[Statement], notes: &[String]) -> String {
    if home == Home::Top && statements.is_empty() && notes.is_empty() {
        return String::new();
    }
    let newline = newline(text);
    let mut lines = Vec::new();
    if !text.is_empty() && !text.ends_with('\n') {
        lines.push(String::new());
    }
    let is_apart = text.trim().is_empty() || text.ends_with("\n\n") || text.ends_with("\n\r\n");
    if !is_apart {
        lines.push(String::new());
    }
    lines.extend((home == Home::Tool).then(|| "[tool.pydeploy]".to_owned()));
    lines.extend(statements.iter().map(ToString::to_string));
    lines.extend(notes.iter().map(|note| format!("# {note}").trim_end().to_owned()));
    lines.iter().fold(String::new(), |all, line| all + line + newline)
}

fn literal(value: &Value) -> String {
    value.clone().decorated("", "").to_string()
}

/// Puts one statement into a table that is there.
fn put(edited: &mut Edited, home: Home, statement: &Statement) -> Result<(), Error> {
    let no_place = |why| Error::NoPlace { key: statement.key.to_owned(), why };
    let text = &edited.text;
    let document = parse(text)?;
    let item = item(&document, home).ok_or_else(|| no_place("the table has gone"))?;
    let there = item.as_table_like().ok_or_else(|| no_place("tool.pydeploy is not a table"))?;
    if let Some(before) = there.get(statement.key) {
        let (value, span) = before.as_value().zip(before.span()).ok_or_else(|| no_place("a table of that name"))?;
        if is_same(value, &statement.value) {
            return Ok(());
        }
        let line = line_of(text, span.start);
        let before = text.get(span.clone()).unwrap_or_default().to_owned();
        edited.text.replace_range(span, &literal(&statement.value));
        edited.replaced.push(Replaced { key: statement.key.to_owned(), before, line });
        return Ok(());
    }
    let (at, insertion) = match item {
        Item::Value(Value::InlineTable(braces)) => {
            let span = item.span().ok_or_else(|| no_place("it has no place of its own"))?;
            let end = if braces.is_empty() { " " } else { "," };
            (span.start + 1, format!(" {statement}{end}"))
        }
        Item::Table(table) => {
            let prefix = prefix(&document, home, table);
            spot(text, table, &prefix, &statement.to_string()).ok_or_else(|| no_place("it has no place of its own"))?
        }
        _ => return Err(no_place("tool.pydeploy is not a table")),
    };
    edited.text.insert_str(at, &insertion);
    Ok(())
}

/// What stands before a key where the table has no header of its own: `pydeploy.` in `[tool]`, `tool.pydeploy.` at the
/// top.
fn prefix(document: &Document<&str>, home: Home, table: &Table) -> String {
    let is_dotted = |item: &Item| item.as_table().is_some_and(Table::is_dotted);
    match home {
        Home::Tool if !table.is_dotted() => String::new(),
        Home::Tool if document.get("tool").is_some_and(is_dotted) => "tool.pydeploy.".to_owned(),
        Home::Tool => "pydeploy.".to_owned(),
        Home::Top => String::new(),
    }
}

/// Where a line goes in a table, and as what: after its last key, else under its header, else before the tables below it.
fn spot(text: &str, table: &Table, prefix: &str, line: &str) -> Option<(usize, String)> {
    let newline = newline(text);
    if let Some(last) = leaves(table).into_iter().max_by_key(|span| span.end) {
        let start = text.get(..last.start)?.rfind('\n').map_or(0, |at| at + 1);
        let before = text.get(start..last.start)?;
        // A key of a table that is written with dots may stand further right on its line.
        let indent: String = before.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        return Some(below(text, last.end, &format!("{indent}{prefix}{line}")));
    }
    let has_header = !table.is_implicit() && !table.is_dotted();
    if let Some(header) = table.span().filter(|_| has_header && !prefix_is_root(table)) {
        return Some(below(text, header.start, line));
    }
    let first = headers(table).into_iter().min()?;
    let at = before_comments(text, text.get(..first)?.rfind('\n').map_or(0, |at| at + 1));
    let header = if prefix_is_root(table) { String::new() } else { format!("[tool.pydeploy]{newline}") };
    Some((at, format!("{header}{line}{newline}{newline}")))
}

/// The root of a document has no header, and no place.
fn prefix_is_root(table: &Table) -> bool {
    table.position().is_none() && !table.is_implicit() && !table.is_dotted()
}

/// A line below the one that `offset` is on.
fn below(text: &str, offset: usize, line: &str) -> (usize, String) {
    let newline = newline(text);
    match text.get(offset..).and_then(|rest| rest.find('\n')) {
        Some(end) => (offset + end + 1, format!("{line}{newline}")),
        None => (text.len(), format!("{newline}{line}{newline}")),
    }
}

/// The keys of a table itself, those with dots as well: from where each key begins to where its value ends.
fn leaves(table: &Table) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (name, item) in table {
        match item {
            Item::Value(value) => {
                let start = table.key(name).and_then(toml_edit::Key::span);
                found.extend(value.span().map(|span| start.map_or(span.start, |key| key.start)..span.end));
            }
            Item::Table(inner) if inner.is_dotted() => found.extend(leaves(inner)),
            _ => {}
        }
    }
    found
}

/// Where the headers of the tables below a table begin.
fn headers(table: &Table) -> Vec<usize> {
    let mut found = Vec::new();
    let mut add = |table: &Table| {
        found.extend(table.span().filter(|_| !table.is_implicit() && !table.is_dotted()).map(|span| span.start));
        found.extend(headers(table));
    };
    for (_, item) in table {
        match item {
            Item::Table(inner) => add(inner),
            Item::ArrayOfTables(tables) => tables.iter().for_each(&mut add),
            _ => {}
        }
    }
    found
}

/// The beginning of the comments right above the line at `at`: they belong to what stands there.
fn before_comments(text: &str, mut at: usize) -> usize {
    while let Some(above) = text.get(..at).and_then(|all| all.strip_suffix('\n')) {
        let start = above.rfind('\n').map_or(0, |end| end + 1);
        if !above.get(start..).unwrap_or_default().trim_start().starts_with('#') {
            break;
        }
        at = start;
    }
    at
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.value() == other.value(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        _ => false,
    }
}

/// Reads both texts, and sees that nothing but the statements differs: a file of the user's is worth a second look.
fn agree(before: &str, after: &str, home: Home, statements: &[Statement]) -> Result<(), Error> {
    let key = || statements.first().map_or("pydeploy", |s| s.key).to_owned();
    let no_place = |why| Error::NoPlace { key: key(), why };
    let read = |text: &str| toml_edit::de::from_str::<serde_json::Value>(text);
    let extended = "the table is closed to what stands elsewhere";
    let after = read(after).map_err(|_| no_place(extended))?;
    let mut expected = read(before).map_err(|_| no_place(extended))?;
    let path: &[&str] = if home == Home::Tool { &["tool", "pydeploy"] } else { &[] };
    let mut table = &mut expected;
    for name in path {
        let fields = table.as_object_mut().ok_or_else(|| no_place(extended))?;
        table = fields.entry(*name).or_insert_with(|| serde_json::json!({}));
    }
    let fields = table.as_object_mut().ok_or_else(|| no_place(extended))?;
    for Statement { key, value } in statements {
        let text = |value: &Value| serde_json::Value::from(value.as_str().unwrap_or_default());
        let value = value.as_array().map_or_else(|| text(value), |all| all.iter().map(text).collect());
        fields.insert((*key).to_owned(), value);
    }
    if after == expected { Ok(()) } else { Err(no_place("something else would change with it")) }
}

#[cfg(test)]
mod tests;
