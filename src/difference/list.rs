//! A list: its items told apart by what the API tells them apart by, not by their places.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Field, field, values};

/// What tells the items of a list apart, as in a merge by the API server:
/// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>.
fn keys(name: &str, items: &[&Map<String, Value>]) -> &'static [&'static str] {
    match name {
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "ports" if items.iter().any(|i| i.contains_key("containerPort")) => &["containerPort", "protocol"],
        "ports" => &["port", "protocol"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        "hostAliases" => &["ip"],
        "ownerReferences" => &["uid"],
        _ => &["name"],
    }
}

pub(super) fn lists(path: &str, name: &str, before: &[Value], after: &[Value], found: &mut Vec<Field>) {
    if let (Some(was), Some(is)) = (keyed(name, before), keyed(name, after)) {
        return by_key(path, &was, &is, found);
    }
    let of_maps = |list: &[Value]| list.iter().all(Value::is_object);
    if before.len() == after.len() && of_maps(before) && of_maps(after) {
        for (at, (was, is)) in before.iter().zip(after).enumerate() {
            values(&format!("{path}[{at}]"), "", was, is, found);
        }
        return;
    }
    let whole = |list: &[Value]| Value::Array(list.to_vec());
    found.push(field(path, Some(&whole(before)), Some(&whole(after))));
}

type Keyed<'v> = Vec<(String, &'v Value)>;

/// The items with their keys, where every one has its own.
fn keyed<'v>(name: &str, items: &'v [Value]) -> Option<Keyed<'v>> {
    let maps: Option<Vec<_>> = items.iter().map(Value::as_object).collect();
    let maps = maps?;
    let keys = keys(name, &maps);
    let key = |map: &&Map<String, Value>| {
        let parts = keys.iter().filter_map(|key| map.get(*key));
        let words: Vec<_> = parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
        map.contains_key(keys[0]).then(|| words.join("/"))
    };
    let keyed: Option<Keyed<'_>> = maps.iter().zip(items).map(|(map, item)| Some((key(map)?, item))).collect();
    let keyed = keyed?;
    let own: BTreeSet<_> = keyed.iter().map(|(key, _)| key).collect();
    (own.len() == keyed.len()).then_some(keyed)
}

fn by_key(path: &str, before: &Keyed<'_>, after: &Keyed<'_>, found: &mut Vec<Field>) {
    let find = |list: &Keyed<'_>, key: &str| list.iter().position(|(k, _)| k == key);
    for (key, value) in after {
        let at = format!("{path}[{key}]");
        match find(before, key) {
            Some(was) => values(&at, "", before[was].1, value, found),
            None => found.push(field(&at, None, Some(value))),
        }
    }
    for (key, value) in before.iter().filter(|(key, _)| find(after, key).is_none()) {
        found.push(field(&format!("{path}[{key}]"), Some(value), None));
    }
    // A variable can use those before it alone, and init containers run one after the other.
    let order = |list: &Keyed<'_>, other: &Keyed<'_>| -> Vec<String> {
        list.iter().filter(|(key, _)| find(other, key).is_some()).map(|(key, _)| key.clone()).collect()
    };
    let (was, is) = (order(before, after), order(after, before));
    if was != is {
        found.push(field(&format!("{path} (order)"), Some(&Value::from(was)), Some(&Value::from(is))));
    }
}
