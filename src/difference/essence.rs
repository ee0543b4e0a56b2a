//! An essence: what of an object its writers decide.

use serde_json::{Map, Value};

/// What the API server, not a writer, puts into the metadata.
const BOOKKEEPING: &[&str] =
    &["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid", "deletionTimestamp"];
/// Annotations that controllers and tools keep for themselves; the second holds a whole object once more.
const NOTES: &[&str] = &["deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"];

/// The essences of two states of one object. Secrets are compared, and shown as hidden.
pub(super) fn of_both(before: &Value, after: &Value) -> (Map<String, Value>, Map<String, Value>) {
    let is_secret = |object: &Value| object.get("kind").and_then(Value::as_str) == Some("Secret");
    let secret = is_secret(before) || is_secret(after);
    let (mut before, mut after) = (essence(before), essence(after));
    if secret {
        for part in ["data", "stringData"] {
            hide(before.get_mut(part), after.get_mut(part));
        }
    }
    (before, after)
}

fn essence(object: &Value) -> Map<String, Value> {
    let mut object = object.as_object().cloned().unwrap_or_default();
    for own in ["status", "apiVersion", "kind"] {
        object.shift_remove(own);
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| !BOOKKEEPING.contains(&key.as_str()));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|key, _| !NOTES.contains(&key.as_str()));
            if annotations.is_empty() {
                metadata.shift_remove("annotations");
            }
        }
    }
    // Writers of typed objects leave it in templates.
    if let Some(template) = object.get_mut("spec").and_then(|s| s.get_mut("template")?.get_mut("metadata"))
        && let Some(metadata) = template.as_object_mut()
    {
        metadata.retain(|key, value| key != "creationTimestamp" || !value.is_null());
    }
    object
}

/// That a value differs is told, and not what it is.
fn hide(before: Option<&mut Value>, after: Option<&mut Value>) {
    const HIDDEN: &str = "(hidden)";
    let was = before.as_deref().cloned().unwrap_or_default();
    if let Some(fields) = after.and_then(Value::as_object_mut) {
        for (key, value) in fields {
            let other = was.get(key).is_some_and(|w| w != value);
            *value = Value::from(if other { "(hidden, another value)" } else { HIDDEN });
        }
    }
    if let Some(fields) = before.and_then(Value::as_object_mut) {
        fields.values_mut().for_each(|value| *value = Value::from(HIDDEN));
    }
}
