//! An environment variable: a value, or the place that its value is in.

use schemars::JsonSchema;
use serde::Serialize;

use super::name::{DataKey, ObjectName};

/// Where a variable's value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EnvValue {
    /// In a secret.
    Secret(KeyOf),
    /// In a config map.
    ConfigMap(KeyOf),
    /// Here.
    #[serde(untagged)]
    Value(String),
}

/// One key of a secret or config map of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyOf {
    /// The object.
    pub name: ObjectName,
    /// The key in it.
    pub key: DataKey,
}

/// What all keys of become variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EnvFrom {
    /// A secret of the same namespace.
    Secret(ObjectName),
    /// A config map of the same namespace.
    ConfigMap(ObjectName),
}
