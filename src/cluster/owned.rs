//! Owned fields: the part of an object that one field manager answers for.
//!
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>: `f:NAME` is a field, `k:{…}` the
//! item of a list with those keys, `v:VALUE` that of a set, `.` the field or item itself, `{}` all below.

use serde_json::{Map, Value};

/// The part of an object that a manager's fields (`fieldsV1`) name, with the values that are there now.
pub(super) fn part(object: &Value, fields: &Value) -> Value {
    let Some(names) = fields.as_object().filter(|names| !names.is_empty()) else { return object.clone() };
    match object {
        Value::Object(map) => {
            let mut kept = Map::new();
            for (name, below) in names {
                if let Some(field) = name.strip_prefix("f:")
                    && let Some(value) = map.get(field)
                {
                    kept.insert(field.to_owned(), part(value, below));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => {
            let kept = items.iter().filter_map(|item| {
                let (_, below) = names.iter().find(|(name, _)| is_item(name, item))?;
                let mut kept = part(item, below);
                // An item is known by its keys, owned or not.
                if let (Some(keys), Value::Object(kept)) = (keys(names, item), &mut kept) {
                    kept.extend(keys);
                }
                Some(kept)
            });
            Value::Array(kept.collect())
        }
        other => other.clone(),
    }
}

fn is_item(name: &str, item: &Value) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    if let Some(Value::Object(keys)) = name.strip_prefix("k:").and_then(parsed) {
        return keys.iter().all(|(key, value)| item.get(key) == Some(value));
    }
    name.strip_prefix("v:").and_then(parsed).is_some_and(|value| value == *item)
}

fn keys(names: &Map<String, Value>, item: &Value) -> Option<Map<String, Value>> {
    let name = names.keys().find(|name| is_item(name, item))?;
    serde_json::from_str(name.strip_prefix("k:")?).ok()
}

/// Fields of two managers together.
pub(super) fn union(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if !one.is_empty() && !other.is_empty() => {
            let mut all = one.clone();
            for (name, below) in other {
                let both = all.get(name).map_or_else(|| below.clone(), |mine| union(mine, below));
                all.insert(name.clone(), both);
            }
            Value::Object(all)
        }
        // Nothing below is the field itself, which whoever names a part of it names too.
        (Value::Object(_), Value::Object(other)) if other.is_empty() => one.clone(),
        _ => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_has_what_is_named_and_the_keys_of_its_items() {
        let object = json!({"metadata": {"name": "api", "labels": {"a": "1", "b": "2"}, "finalizers": ["x", "y"]},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "api"}},
                "containers": [{"name": "api", "image": "i", "args": ["a"], "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]},
                    {"name": "side", "image": "s"}]}});
        let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}, "f:finalizers": {"v:\"y\"": {}}},
            "f:spec": {"f:selector": {}, "f:containers": {"k:{\"name\":\"api\"}": {".": {}, "f:args": {},
                "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}}}}}});
        assert_eq!(
            part(&object, &fields),
            json!({"metadata": {"labels": {"a": "1"}, "finalizers": ["y"]}, "spec": {"selector": {"matchLabels": {"app": "api"}},
                "containers": [{"args": ["a"], "name": "api", "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}]}]}})
        );
    }

    #[test]
    fn a_union_loses_nothing() {
        let one = json!({"f:a": {"f:b": {}}, "f:c": {".": {}, "f:d": {}}});
        let other = json!({"f:a": {"f:e": {}}, "f:f": {}});
        assert_eq!(union(&one, &other), json!({"f:a": {"f:b": {}, "f:e": {}}, "f:c": {".": {}, "f:d": {}}, "f:f": {}}));
    }
}
