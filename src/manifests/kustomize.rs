//! A kustomization: a base, and an overlay for each environment with only what differs there.

use std::collections::BTreeMap;

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
        if let Some(image) = value.pointer_mut("/spec/template/spec/containers/0/image") {
            *image = Value::from(bare.clone());
        }
        let (kind, name) = object.identity();
        Ok(Part { stem: object.file_stem(), kind, name: name.to_owned(), value })
    };
    Manifests::of(workload).0.iter().map(part).collect()
}

fn overlay(folder: &str, without: &Workload, base: &[Part], workload: &Workload) -> Result<Vec<File>, YamlError> {
    let theirs = objects(workload)?;
    let by_name: BTreeMap<_, _> = theirs.iter().map(|part| ((part.kind, part.name.as_str()), part)).collect();
    let mut files = Vec::new();
    let mut resources = vec!["../../base".to_owned()];
    let mut patches = Vec::new();
    // The namespace is every object's: kustomize sets it itself.
    let namespace = &workload.terms.namespace;
    let same_place = |value: &Value| {
        let mut value = value.clone();
        if let Some(metadata) = value["metadata"].as_object_mut() {
            metadata.shift_remove("namespace");
        }
        value
    };
    for part in base {
        let target = json!({"kind": part.kind, "name": part.name});
        match by_name.get(&(part.kind, part.name.as_str())) {
            Some(their) => {
                let operations = patch::operations(&same_place(&part.value), &same_place(&their.value));
                if !operations.is_empty() {
                    let name = format!("{}.yaml", part.stem);
                    files.push(file(&format!("{folder}/{name}"), &Value::from(operations))?);
                    patches.push(json!({"path": name, "target": target}));
                }
            }
            None => {
                let mut delete = part.value.clone();
                if let Some(fields) = delete.as_object_mut() {
                    fields.retain(|key, _| matches!(key.as_str(), "apiVersion" | "kind"));
                    fields.insert("metadata".to_owned(), json!({"name": part.name}));
                    fields.insert("$patch".to_owned(), json!("delete"));
                }
                patches.push(json!({"patch": yaml::text(&delete)?, "target": target}));
            }
        }
    }
    for part in theirs.iter().filter(|p| !base.iter().any(|b| (b.kind, &b.name) == (p.kind, &p.name))) {
        let name = format!("{}.yaml", part.stem);
        files.push(file(&format!("{folder}/{name}"), &part.value)?);
        resources.push(name);
    }
    let mut fields = vec![("resources", json!(resources))];
    if let Some(namespace) = namespace.as_ref().filter(|_| *namespace != without.terms.namespace) {
        fields.push(("namespace", json!(namespace)));
    }
    if !patches.is_empty() {
        fields.push(("patches", Value::from(patches)));
    }
    files.push(file(&format!("{folder}/kustomization.yaml"), &kustomization(&fields))?);
    Ok(files)
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
