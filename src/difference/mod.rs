//! A difference: the fields in which two states of an object are not the same.
//!
//! What the API server keeps of an object for itself is left out, lists are compared by what tells their items apart,
//! and the data of a Secret is never shown.

mod essence;
mod list;
mod text;

use serde_json::{Map, Value};

pub use text::{Line, lines};

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Where it is: `spec.template.spec.containers[api].image`.
    pub path: String,
    /// What it held; none where it was not there.
    pub before: Option<Value>,
    /// What it holds; none where it is there no more.
    pub after: Option<Value>,
}

/// The fields in which two states of one object differ, in the order of the later one. An object that was not there
/// yet, or is there no more, is `Value::Null`.
pub fn fields(before: &Value, after: &Value) -> Vec<Field> {
    let (before, after) = essence::of_both(before, after);
    let mut found = Vec::new();
    maps("", &before, &after, &mut found);
    found
}

/// So deep are objects looked into; what differs below is told as a whole.
const DEEPEST: usize = 64;

fn values(path: &str, name: &str, before: &Value, after: &Value, found: &mut Vec<Field>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(before), Value::Object(after)) if path.matches(['.', '[']).count() < DEEPEST => {
            maps(path, before, after, found);
        }
        (Value::Array(before), Value::Array(after)) => list::lists(path, name, before, after, found),
        _ => found.push(field(path, Some(before), Some(after))),
    }
}

fn maps(path: &str, before: &Map<String, Value>, after: &Map<String, Value>, found: &mut Vec<Field>) {
    for (key, value) in after {
        let at = below(path, key);
        match before.get(key) {
            Some(was) => values(&at, key, was, value, found),
            None => found.push(field(&at, None, Some(value))),
        }
    }
    for (key, value) in before.iter().filter(|(key, _)| !after.contains_key(*key)) {
        found.push(field(&below(path, key), Some(value), None));
    }
}

fn field(path: &str, before: Option<&Value>, after: Option<&Value>) -> Field {
    Field { path: path.to_owned(), before: before.cloned(), after: after.cloned() }
}

/// The path of a key: `metadata.labels["app.kubernetes.io/version"]` where the key is no plain word.
fn below(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match (path, plain) {
        ("", true) => key.to_owned(),
        (_, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{}]", Value::from(key)),
    }
}

#[cfg(test)]
mod tests;
