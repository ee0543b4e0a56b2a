//! JSON as Python's `json.dumps(…, sort_keys=True)` writes it: managers hash it to tell whether a lock is stale.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use toml_edit::{Item, Table, TableLike, Value};

/// A value, with what stands between its parts left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// Any number, as it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// Fields, in the order of their keys.
    Object(BTreeMap<String, Json>),
}

/// What stands between parts: Python's `separators`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Separators {
    item: &'static str,
    key: &'static str,
}

/// Python's own.
pub(crate) const SPACED: Separators = Separators { item: ", ", key: ": " };
/// `separators=(",", ":")`
pub(crate) const COMPACT: Separators = Separators { item: ",", key: ":" };

impl Json {
    /// An object of these fields; what is `None` is left out.
    pub(crate) fn object<'k>(fields: impl IntoIterator<Item = (&'k str, Option<Self>)>) -> Self {
        Self::Object(fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
    }

    /// Whether it is an object without fields.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Object(fields) if fields.is_empty())
    }

    /// The SHA-256 of its text, in hexadecimal.
    pub(crate) fn sha256(&self, separators: Separators) -> String {
        let mut text = String::new();
        self.write(separators, &mut text);
        hex::encode(Sha256::digest(text.as_bytes()))
    }

    /// A table's fields.
    pub(crate) fn table(table: &dyn TableLike) -> Self {
        Self::Object(table.iter().map(|(key, item)| (key.to_owned(), Self::from(item))).collect())
    }

    fn write(&self, separators: Separators, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => write_text(text, out),
            Self::List(values) => {
                out.push('[');
                for (n, value) in values.iter().enumerate() {
                    out.push_str(if n > 0 { separators.item } else { "" });
                    value.write(separators, out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (n, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if n > 0 { separators.item } else { "" });
                    write_text(key, out);
                    out.push_str(separators.key);
                    value.write(separators, out);
                }
                out.push('}');
            }
        }
    }
}

impl From<&Item> for Json {
    fn from(item: &Item) -> Self {
        match item {
            Item::Value(value) => Self::from(value),
            Item::ArrayOfTables(tables) => Self::List(tables.iter().map(|table: &Table| Self::table(table)).collect()),
            Item::Table(table) => Self::table(table),
            Item::None => Self::Null,
        }
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.value().clone()),
            Value::Integer(number) => Self::Number(number.value().to_string()),
            Value::Float(number) => Self::Number(format!("{:?}", number.value())),
            Value::Boolean(flag) => Self::Bool(*flag.value()),
            Value::Datetime(date) => Self::Text(date.value().to_string()),
            Value::Array(values) => Self::List(values.iter().map(Self::from).collect()),
            Value::InlineTable(table) => Self::table(table),
        }
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::Bool(*flag),
            serde_json::Value::Number(number) => Self::Number(number.to_string()),
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Array(values) => Self::List(values.iter().map(Self::from).collect()),
            serde_json::Value::Object(fields) => {
                Self::Object(fields.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

/// All that is not ASCII is escaped, by its UTF-16.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn texts_are_those_of_python() {
        let value: serde_json::Value =
            serde_json::from_str(r#"{"b": [1, 2.5, true, null], "a": {"ä\n\"": "😀\u007f\u0001"}}"#).unwrap();
        let text = |separators| {
            let mut text = String::new();
            Json::from(&value).write(separators, &mut text);
            text
        };
        assert_eq!(text(SPACED), r#"{"a": {"\u00e4\n\"": "\ud83d\ude00\u007f\u0001"}, "b": [1, 2.5, true, null]}"#);
        assert_eq!(text(COMPACT), r#"{"a":{"\u00e4\n\"":"\ud83d\ude00\u007f\u0001"},"b":[1,2.5,true,null]}"#);
    }
}
