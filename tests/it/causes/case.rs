//! A case: a rollout in a few lines, and what it is to come to. They are in tests/data/causes.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// In the order in which they are played: those that take long come first.
const FILES: &[(&str, &str)] = &[
    ("well", include_str!("../../data/causes/well.yaml")),
    ("start", include_str!("../../data/causes/start.yaml")),
    ("check", include_str!("../../data/causes/check.yaml")),
    ("pull", include_str!("../../data/causes/pull.yaml")),
    ("create", include_str!("../../data/causes/create.yaml")),
    ("place", include_str!("../../data/causes/place.yaml")),
];

/// A rollout, and what it is to come to.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Case {
    #[serde(skip)]
    pub(super) name: String,
    /// The cause's id, `done`, or `late`: it waits for as long as it is told to.
    pub(super) cause: String,
    /// A text by which the cause is visible in the API.
    pub(super) sign: Option<String>,
    /// So often a container has ended when the cause is visible: a crash that its log explains shows with its first end,
    /// another one with its third.
    pub(super) ends: Option<i64>,
    /// Labels of the namespace.
    #[serde(default)]
    pub(super) labels: Map<String, Value>,
    /// What is there before.
    #[serde(default)]
    pub(super) objects: Vec<Value>,
    /// With this text a Pod of its own is refused when those objects have come into force.
    pub(super) refused: Option<String>,
    /// The container, as far as it is not the usual one. Null takes a field of that away.
    #[serde(default)]
    container: Map<String, Value>,
    #[serde(default)]
    pod: Map<String, Value>,
    #[serde(default)]
    deployment: Map<String, Value>,
    /// The container of a rollout before.
    previous: Option<Map<String, Value>>,
    #[serde(default)]
    previous_deployment: Map<String, Value>,
    /// What that one shows when this one begins; that it is available where nothing is stated.
    pub(super) previous_shows: Option<String>,
    #[serde(default)]
    pub(super) meanwhile: Vec<Step>,
    /// In seconds.
    #[serde(default = "timeout")]
    pub(super) timeout: u64,
}

/// What is done while the rollout is followed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Seconds since the step before.
    pub(super) after: u64,
    /// A merge patch of the Deployment.
    pub(super) patch: Option<Value>,
    /// Objects of this plural are deleted.
    pub(super) delete: Option<String>,
    pub(super) object: Option<Value>,
}

fn timeout() -> u64 {
    90
}

/// All of them.
pub(super) fn all() -> Vec<Case> {
    let mut all = Vec::new();
    for (file, text) in FILES {
        let cases: Map<String, Value> = serde_yaml::from_str(text).unwrap_or_else(|e| panic!("{file}: {e}"));
        for (name, value) in cases {
            let case: Case = serde_json::from_value(value).unwrap_or_else(|e| panic!("{name}: {e}"));
            all.push(Case { name, ..case });
        }
    }
    all
}

impl Case {
    pub(super) fn is_healthy(&self) -> bool {
        matches!(self.cause.as_str(), "done" | "late")
    }

    /// What is applied.
    pub(super) fn manifest(&self) -> Value {
        manifest(&self.container, &self.pod, &self.deployment)
    }

    /// What is applied before it.
    pub(super) fn previous(&self) -> Option<Value> {
        self.previous.as_ref().map(|container| manifest(container, &self.pod, &self.previous_deployment))
    }

    /// A Pod as it comes of that.
    pub(super) fn pod(&self) -> Value {
        let template = self.manifest()["spec"]["template"].clone();
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "trial"}, "spec": template["spec"]})
    }
}

fn manifest(container: &Map<String, Value>, pod: &Map<String, Value>, deployment: &Map<String, Value>) -> Value {
    let usual = json!({"name": "app", "image": "@root@", "command": ["sleep", "10000"]});
    let mut template = merged(json!({"terminationGracePeriodSeconds": 1, "enableServiceLinks": false}), pod);
    template["containers"] = json!([merged(usual, container)]);
    let usual = json!({
        "replicas": 1,
        "selector": {"matchLabels": {"app": "app"}},
        "template": {"metadata": {"labels": {"app": "app"}}, "spec": template},
    });
    let spec = merged(usual, deployment);
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}, "spec": spec})
}

fn merged(mut usual: Value, own: &Map<String, Value>) -> Value {
    for (key, value) in own {
        usual[key] = value.clone();
    }
    if let Some(fields) = usual.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    usual
}
