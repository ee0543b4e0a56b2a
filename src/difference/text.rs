//! A text of differences: YAML of what differs alone, each with its path.

use serde_json::Value;

use super::Field;
use crate::plain::line;

/// A line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// What was.
    Removed(String),
    /// What is.
    Added(String),
}

/// The fields, a few lines each: what was before what is.
pub fn lines(fields: &[Field]) -> Vec<Line> {
    let mut lines = Vec::new();
    for Field { path, before, after } in fields {
        lines.extend(before.iter().flat_map(|value| yaml(path, value)).map(Line::Removed));
        lines.extend(after.iter().flat_map(|value| yaml(path, value)).map(Line::Added));
    }
    lines
}

/// `path: value`, or the path and the value's own lines below it.
fn yaml(path: &str, value: &Value) -> Vec<String> {
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    let text = serde_yaml::to_string_with_options(value, options).unwrap_or_else(|_| value.to_string());
    let text = text.trim_end_matches('\n');
    let is_one = match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => !text.contains('\n'),
    };
    if is_one {
        return vec![line(&format!("{path}: {text}"))];
    }
    let below = text.lines().map(|below| line(&format!("  {below}")));
    std::iter::once(line(&format!("{path}:"))).chain(below).collect()
}
