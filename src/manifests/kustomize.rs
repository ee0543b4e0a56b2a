//! A kustomization: a base, and an overlay for each environment with only what differs there.

use serde_json::{Value, json};

use super::objects::Manifests;
use super::patch;
use super::yaml::{self, File, MARK, YamlError};
use crate::workload::Workload;
use crate::workload::deploy::Everywhere;

/// The files of the base and its overlays. The image's digest stands in the base's kustomization, and nowhere else.
pub fn files(everywhere: &Everywhere<Workload>) -> Result<Vec<File>, YamlError> {
    let base = objects(&everywhere.base)?;
    let mut files = Vec::new();
    for object in &base {
        files.push(file(&format!("base/{}.yaml", object.stem), &object.value)?);
    }
    let image = &everywhere.base.image;
    let resources: Vec<_> = base.iter().map(|o| format!("{}.yaml", o.stem)).collect();
    let images = json!([{"name": image.repository().to_string(), "digest": image.digest().to_string()}]);
    let kustomization = kustomization(&[("resources", json!(resources)), ("images", images)]);
    files.push(file("base/kustomization.yaml", &kustomization)?);
    for (name, workload) in &everywhere.each {
        files.extend(overlay(&format!("overlays/{name}"), &everywhere.base, &base, workload)?);
    }
    Ok(files)
}

/// One object, with its image's repository alone.
struct Part {
    stem: String,
    kind: &'static str,
    name: String,
    value: Value,
}

fn objects(workload: &Workload) -> Result<Vec<Part>, YamlError> {
    let bare = workload.image.repository().to_string();
    let part = |object: &super::Object| {
        let mut value = yaml::value(object).map_err(YamlError::of)?;
        for kind in ["containers", "initContainers"] {
            let all = value.pointer_mut(&format!("/spec/template/spec/{kind}")).and_then(Value::as_array_mut);
            for image in all.into_iter().flatten().filter_map(|container| container.get_mut("image")) {
                *image = Value::from(bare.clone());
            }
        }
        let (kind, name) = object.identity();
        Ok(Part { stem: object.file_stem(), kind, name: name.to_owned(), value })
    };
    Manifests::of(workload).0.iter().map(part).collect()
}

fn overlay(folder: &str, without: &Workload, base: &[Part], workload: &Workload) -> Result<Vec<File>, YamlError> {
    let theirs = objects(workload)?;
    let of = |all: &[Part], part: &Part| all.iter().position(|p| (p.kind, &p.name) == (part.kind, &part.name));
    let mut files = Vec::new();
    let mut resources = vec!["../../base".to_owned()];
    let mut patches = Vec::new();
    for part in base {
        let target = json!({"kind": part.kind, "name": part.name});
        let Some(their) = of(&theirs, part).map(|i| &theirs[i]) else {
            patches.push(json!({"patch": yaml::text(&deletion(part))?, "target": target}));
            continue;
        };
        let operations = patch::operations(&nowhere(&part.value), &nowhere(&their.value));
        if !operations.is_empty() {
            let name = format!("{}.yaml", part.stem);
            files.push(file(&format!("{folder}/{name}"), &Value::from(operations))?);
            patches.push(json!({"path": name, "target": target}));
        }
    }
    for part in theirs.iter().filter(|part| of(base, part).is_none()) {
        let name = format!("{}.yaml", part.stem);
        files.push(file(&format!("{folder}/{name}"), &part.value)?);
        resources.push(name);
    }
    let mut fields = vec![("resources", json!(resources))];
    if let Some(namespace) = workload.terms.namespace.as_ref()
        && workload.terms.namespace != without.terms.namespace
    {
        fields.push(("namespace", json!(namespace)));
    }
    if !patches.is_empty() {
        fields.push(("patches", Value::from(patches)));
    }
    files.push(file(&format!("{folder}/kustomization.yaml"), &kustomization(&fields))?);
    Ok(files)
}

/// An object without its namespace, which is every object's: kustomize sets it itself.
fn nowhere(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("namespace");
    }
    value
}

/// The patch that takes an object away.
fn deletion(part: &Part) -> Value {
    let api_version = part.value.get("apiVersion");
    json!({"apiVersion": api_version, "kind": part.kind, "metadata": {"name": part.name}, "$patch": "delete"})
}

fn kustomization(fields: &[(&str, Value)]) -> Value {
    let mut all = json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"});
    if let Some(map) = all.as_object_mut() {
        map.extend(fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    }
    all
}

fn file(name: &str, value: &Value) -> Result<File, YamlError> {
    Ok(File { name: name.to_owned(), text: format!("{MARK}\n{}", yaml::text(value)?) })
}
