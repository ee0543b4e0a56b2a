//! YAML: objects as text that every YAML reader takes back unchanged.

use serde::Serialize;
use serde_json::Value;

use super::objects::{Manifests, Object};

/// One file of manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path in the folder of the manifests, with `/` between its parts.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What the head of each file that we write says: only files with it are ever overwritten.
pub const SIGN: &str = "Made by pydeploy from the image's own contract; the next `pydeploy ship` writes it anew.";

/// The same as the first line of a YAML file.
pub const MARK: &str = "# Made by pydeploy from the image's own contract; the next `pydeploy ship` writes it anew.";

/// Why an object could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write the manifest as YAML")]
pub struct YamlError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl YamlError {
    pub(super) fn of(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

/// A file for each object.
pub fn files(manifests: &Manifests) -> Result<Vec<File>, YamlError> {
    let file = |object: &Object| {
        let text = format!("{MARK}\n{}", document(object)?);
        Ok(File { name: format!("{}.yaml", object.file_stem()), text })
    };
    manifests.0.iter().map(file).collect()
}

/// All objects as one stream of documents.
pub fn stream(manifests: &Manifests) -> Result<String, YamlError> {
    let texts: Vec<_> = manifests.0.iter().map(document).collect::<Result<_, _>>()?;
    Ok(texts.join("---\n"))
}

fn document(object: &Object) -> Result<String, YamlError> {
    text(&value(object).map_err(YamlError::of)?)
}

/// A value as one document.
pub(super) fn text(value: &Value) -> Result<String, YamlError> {
    // An image reference that is folded over two lines can't be searched for, nor replaced by other tools.
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    serde_yaml::to_string_with_options(value, options).map_err(YamlError::of)
}

/// The object as Kubernetes' JSON.
pub fn value(object: &Object) -> Result<Value, serde_json::Error> {
    let value = match object {
        Object::ServiceAccount(o) => to_value(o),
        Object::NetworkPolicy(o) => to_value(o),
        Object::PersistentVolumeClaim(o) => to_value(o),
        Object::Deployment(o) => to_value(o),
        Object::Service(o) => to_value(o),
        Object::Ingress(o) => to_value(o),
        Object::HorizontalPodAutoscaler(o) => to_value(o),
        Object::PodDisruptionBudget(o) => to_value(o),
    }?;
    Ok(head_first(value))
}

fn to_value(object: &impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_value(object)
}

/// What people look for first, in every map that has it.
const HEAD: &[&str] = &["apiVersion", "kind", "metadata", "name", "image"];

fn head_first(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(head_first).collect()),
        Value::Object(mut fields) => {
            let head: Vec<_> = HEAD.iter().filter_map(|name| fields.shift_remove_entry(*name)).collect();
            let ordered = head.into_iter().chain(fields).map(|(name, field)| (name, head_first(field)));
            Value::Object(ordered.collect())
        }
        other => other,
    }
}
