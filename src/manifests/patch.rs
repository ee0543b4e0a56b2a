//! A patch: what turns one value into another, and no more than that.

use serde_json::{Map, Value, json};

/// The operations of a JSON Patch (RFC 6902) that make `to` of `from`, in an order in which they can be applied.
/// A strategic merge would leave the order of list items to the tool.
pub(super) fn operations(from: &Value, to: &Value) -> Vec<Value> {
    let mut operations = Vec::new();
    compare("", from, to, &mut operations);
    operations
}

fn compare(path: &str, from: &Value, to: &Value, operations: &mut Vec<Value>) {
    match (from, to) {
        _ if from == to => {}
        (Value::Object(from), Value::Object(to)) => {
            for (key, old) in from {
                match to.get(key) {
                    Some(new) => compare(&below(path, key), old, new, operations),
                    None => operations.push(json!({"op": "remove", "path": below(path, key)})),
                }
            }
            for (key, new) in to.iter().filter(|(key, _)| !from.contains_key(*key)) {
                operations.push(json!({"op": "add", "path": below(path, key), "value": new}));
            }
        }
        (Value::Array(from), Value::Array(to)) => lists(path, from, to, operations),
        _ => operations.push(json!({"op": "replace", "path": path, "value": to})),
    }
}

/// What both lists begin and end with is compared item by item; what lies between is taken out and put in.
fn lists(path: &str, from: &[Value], to: &[Value], operations: &mut Vec<Value>) {
    let both = from.len().min(to.len());
    let is_same = |a: &Value, b: &Value| a == b || is_same_item(a, b, from.len() == to.len());
    let head = from.iter().zip(to).take_while(|(a, b)| is_same(a, b)).count();
    let tail = from.iter().rev().zip(to.iter().rev()).take(both - head).take_while(|(a, b)| is_same(a, b)).count();
    for (i, (old, new)) in from.iter().zip(to).enumerate().take(head) {
        compare(&format!("{path}/{i}"), old, new, operations);
    }
    for i in 1..=tail {
        let at = from.len() - i;
        compare(&format!("{path}/{at}"), &from[at], &to[to.len() - i], operations);
    }
    for i in (head..from.len() - tail).rev() {
        operations.push(json!({"op": "remove", "path": format!("{path}/{i}")}));
    }
    for (i, new) in to.iter().enumerate().take(to.len() - tail).skip(head) {
        operations.push(json!({"op": "add", "path": format!("{path}/{i}"), "value": new}));
    }
}

/// Whether two items of a list are the same thing in two states: by the field that tells such items apart, or, without
/// one, by their places where both lists are equally long.
fn is_same_item(a: &Value, b: &Value, is_as_long: bool) -> bool {
    const KEYS: &[&str] = &["name", "mountPath", "topologyKey"];
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return false };
    match KEYS.iter().find(|key| a.contains_key(**key) || b.contains_key(**key)) {
        Some(key) => a.get(*key) == b.get(*key),
        None => is_as_long,
    }
}

fn below(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// What must be laid over `from` to make `to`, as Helm lays one file of values over another: maps by their keys, lists
/// whole, null for what is no longer there.
pub(super) fn overlay(from: &Map<String, Value>, to: &Map<String, Value>) -> Map<String, Value> {
    let mut over = Map::new();
    for (key, new) in to {
        match (from.get(key), new) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                over.insert(key.clone(), Value::Object(overlay(old, new)));
            }
            _ => {
                over.insert(key.clone(), new.clone());
            }
        }
    }
    over.extend(from.keys().filter(|key| !to.contains_key(*key)).map(|key| (key.clone(), Value::Null)));
    over
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn item(path: &str) -> (String, String) {
        let (parent, last) = path.rsplit_once('/').unwrap();
        (parent.to_owned(), last.replace("~1", "/").replace("~0", "~"))
    }

    /// An independent, plain reading of RFC 6902.
    fn apply(mut value: Value, operations: &[Value]) -> Value {
        for operation in operations {
            let path = operation["path"].as_str().unwrap();
            if path.is_empty() {
                value = operation["value"].clone();
                continue;
            }
            let (parent, last) = item(path);
            let new = operation["value"].clone();
            match (value.pointer_mut(&parent).unwrap(), operation["op"].as_str().unwrap()) {
                (Value::Object(map), "remove") => assert!(map.shift_remove(&last).is_some()),
                (Value::Object(map), "add") => assert!(map.insert(last, new).is_none()),
                (Value::Object(map), "replace") => assert!(map.insert(last, new).is_some()),
                (Value::Array(items), "remove") => drop(items.remove(last.parse().unwrap())),
                (Value::Array(items), "add") => items.insert(last.parse().unwrap(), new),
                (Value::Array(items), "replace") => items[last.parse::<usize>().unwrap()] = new,
                other => unreachable!("{other:?}"),
            }
        }
        value
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0..4).prop_map(Value::from),
            "[a/~]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("name|a/b|c~d|mountPath", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn operations_make_the_one_of_the_other(from in values(), to in values()) {
            prop_assert_eq!(apply(from.clone(), &operations(&from, &to)), to);
        }
    }

    #[test]
    fn only_what_differs_is_named() {
        let from = json!({"spec": {"replicas": 2, "env": [{"name": "A", "value": "1"}, {"name": "C", "value": "1"}]}});
        let to = json!({"spec": {"replicas": 6, "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"},
            {"name": "C", "value": "2"}]}});
        let expected = json!([
            {"op": "replace", "path": "/spec/replicas", "value": 6},
            {"op": "replace", "path": "/spec/env/1/value", "value": "2"},
            {"op": "add", "path": "/spec/env/1", "value": {"name": "B", "value": "1"}},
        ]);
        assert_eq!(Value::from(operations(&from, &to)), expected);
    }

    #[test]
    fn an_overlay_takes_away_what_is_gone() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let from = map(json!({"a": {"x": 1, "y": [1]}, "b": 1, "c": 1}));
        let to = map(json!({"a": {"x": 1, "y": [1, 2]}, "b": 1, "d": {}}));
        assert_eq!(Value::Object(overlay(&from, &to)), json!({"a": {"y": [1, 2]}, "d": {}, "c": null}));
    }
}
