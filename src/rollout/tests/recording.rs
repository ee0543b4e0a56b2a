//! A recording of a rollout on a real node (`tests/data/rollouts/`), as the watch of it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use serde_json::Value;

use super::expected::Case;
use crate::rollout::{Change, Object, Tail, Wanted};

/// One change, and the seconds after the answer to the create at which it was visible.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at: Timestamp,
    pub(super) change: Change,
}

/// A recorded rollout.
#[derive(Debug, Clone)]
pub(super) struct Recording {
    pub(super) seen: Vec<Seen>,
    logs: BTreeMap<String, String>,
    pub(super) zero: Timestamp,
}

impl Recording {
    pub(super) fn of(case: &Case) -> Self {
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        let (mut logs, mut raw) = (BTreeMap::new(), Vec::new());
        for line in case.text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if let Some(found) = line.get("logs") {
                logs = serde_json::from_value(found.clone()).unwrap();
                continue;
            }
            let object = &line["object"];
            let whole = known.entry(object["metadata"]["uid"].as_str().unwrap().to_owned()).or_insert(Value::Null);
            merge(whole, object);
            raw.push((line["at"].as_f64().unwrap(), line["is"] == "DELETED", line["kind"].clone(), whole.clone()));
        }
        let zero = raw.iter().find_map(|(at, _, kind, object)| {
            let created: Timestamp = object["metadata"]["creationTimestamp"].as_str()?.parse().ok()?;
            (kind == "Deployment").then(|| created - Duration::from_secs_f64(*at))
        });
        let zero = zero.unwrap();
        let seen = raw.into_iter().map(|(at, gone, kind, object)| {
            let object = typed(kind.as_str().unwrap(), object);
            let change = if gone { Change::Gone(object) } else { Change::Present(object) };
            Seen { at: zero + Duration::from_secs_f64(at), change }
        });
        Self { seen: seen.collect(), logs, zero }
    }

    /// The log that was recorded, as a fetch of it would give it; all runs of a container logged the same.
    pub(super) fn log(&self, wanted: &Wanted) -> Change {
        let key = format!("{}/{}", wanted.run.pod, wanted.run.container);
        let text = self.logs.get(&key).cloned().unwrap_or_default();
        Change::Log(Tail { run: wanted.run.clone(), text })
    }

    /// The first version of the Deployment that has the template which it ends with: the answer to the apply.
    pub(super) fn applied(&self) -> (Timestamp, Deployment) {
        let versions = self.seen.iter().filter_map(|seen| match &seen.change {
            Change::Present(Object::Deployment(d)) => Some((seen.at, (**d).clone())),
            _ => None,
        });
        let versions: Vec<_> = versions.collect();
        let template = |d: &Deployment| d.spec.as_ref().unwrap().template.clone();
        let last = template(&versions.last().unwrap().1);
        versions.into_iter().find(|(_, d)| template(d) == last).unwrap()
    }

    pub(super) fn seconds(&self, at: Timestamp) -> f64 {
        at.duration_since(self.zero).as_secs_f64()
    }
}

/// What a field's line leaves out is as before.
fn merge(whole: &mut Value, part: &Value) {
    match (whole.as_object_mut(), part.as_object()) {
        (Some(whole), Some(part)) => {
            for (name, value) in part {
                match (name.as_str(), whole.get_mut(name)) {
                    ("metadata", Some(old)) => merge(old, value),
                    (_, _) => drop(whole.insert(name.clone(), value.clone())),
                }
            }
        }
        _ => *whole = part.clone(),
    }
}

fn typed(kind: &str, object: Value) -> Object {
    match kind {
        "Deployment" => Object::Deployment(serde_json::from_value(object).unwrap()),
        "ReplicaSet" => Object::ReplicaSet(serde_json::from_value(object).unwrap()),
        "Pod" => Object::Pod(serde_json::from_value(object).unwrap()),
        _ => Object::Event(serde_json::from_value(object).unwrap()),
    }
}
