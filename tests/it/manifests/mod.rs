//! Manifests: against their goldens, the Kubernetes schema, and a real kubectl, kustomize and helm.

mod helm;
mod kubectl;
mod kustomize;
mod settings;
mod subject;
mod write;

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use pydeploy::manifests::{Manifests, Object, yaml};
use pydeploy::workload::deploy::Everywhere;
use pydeploy::workload::{Resources, Terms, Workload};
use schemars::JsonSchema;
use serde_json::{Value, json};

/// An ordinary service.
fn example() -> Workload {
    let quantity = |k: &str, v: &str| (k.to_owned(), v.parse().unwrap());
    let resources = Resources {
        requests: [quantity("cpu", "100m"), quantity("ephemeral-storage", "64Mi"), quantity("memory", "128Mi")].into(),
        limits: [quantity("ephemeral-storage", "1Gi"), quantity("memory", "256Mi")].into(),
    };
    let terms = Terms { namespace: Some("team".into()), replicas: 2, resources, ..Terms::default() };
    subject::workload(&subject::example_contract(), "api", &terms)
}

/// Every workload that there is to try things on, by name.
fn everything() -> Vec<(String, Everywhere<Workload>)> {
    let alone = |base| Everywhere { base, each: BTreeMap::new() };
    let mut all = subject::fixtures();
    all.push(("example".to_owned(), alone(example())));
    all.push(("full".to_owned(), alone(subject::full())));
    all
}

/// What a tool printed, as objects in the order in which they have to be.
fn objects(text: &str) -> Vec<Value> {
    let documents = text.split("\n---\n").map(|d| d.trim_start_matches("---\n"));
    let read = documents.map(|d| serde_yaml::from_str::<Value>(d).unwrap_or_else(|e| panic!("{e}: {d}")));
    sorted(read.filter(|v| !v.is_null()).collect())
}

fn sorted(mut objects: Vec<Value>) -> Vec<Value> {
    objects.sort_by_key(|o| format!("{} {}", o["kind"], o["metadata"]["name"]));
    objects
}

/// The same of the typed objects.
fn typed(workload: &Workload) -> Vec<Value> {
    sorted(Manifests::of(workload).0.iter().map(|o| yaml::value(o).unwrap()).collect())
}

#[track_caller]
fn assert_same(name: &str, rendered: &[Value], expected: &[Value]) {
    let kinds =
        |all: &[Value]| all.iter().map(|o| format!("{} {}", o["kind"], o["metadata"]["name"])).collect::<Vec<_>>();
    assert_eq!(kinds(rendered), kinds(expected), "{name}");
    for (rendered, expected) in rendered.iter().zip(expected) {
        assert!(rendered == expected, "{name}\n--- rendered\n{rendered:#}\n--- typed\n{expected:#}");
    }
}

#[test]
fn the_examples_are_printed_byte_for_byte() {
    for (file, workload) in [("example.yaml", example()), ("example-full.yaml", subject::full())] {
        let text = yaml::stream(&Manifests::of(&workload)).unwrap();
        let golden = subject::root().join("manifests").join(file);
        snapbox::assert_data_eq!(text, snapbox::Data::read_from(&golden, None).raw());
    }
}

#[test]
fn the_full_example_has_every_object_and_every_value() {
    let full = subject::full();
    assert_eq!(Manifests::of(&full).0.len(), 8 + 2 * 2);
    let schema: Value = serde_json::from_str(&pydeploy::manifests::chart::schema().unwrap()).unwrap();
    let values = pydeploy::manifests::chart::values(&full).unwrap();
    let missing: Vec<_> =
        schema["properties"].as_object().unwrap().keys().filter(|k| !values.contains_key(*k)).collect();
    // What a process alone has; what rules another object out; and what is no value of ours.
    assert_eq!(missing, ["args", "partOf", "single", "serviceAccount", "global"]);
}

/// The schema of a kind, with every field that it does not name refused.
fn strict<T: JsonSchema>() -> jsonschema::Validator {
    let mut schema = serde_json::to_value(schemars::schema_for!(T)).unwrap();
    close(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".into(), Value::Bool(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn errors(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|e| format!("{e} at {}", e.instance_path())).collect()
}

#[test]
fn every_object_fits_the_kubernetes_schema_with_unknown_fields_refused() {
    for object in &Manifests::of(&subject::full()).0 {
        let mut value = yaml::value(object).unwrap();
        let validator = match object {
            Object::Deployment(_) => strict::<Deployment>(),
            Object::Service(_) => strict::<Service>(),
            Object::ServiceAccount(_) => strict::<ServiceAccount>(),
            Object::NetworkPolicy(_) => strict::<NetworkPolicy>(),
            Object::PersistentVolumeClaim(_) => strict::<PersistentVolumeClaim>(),
            Object::Ingress(_) => strict::<Ingress>(),
            Object::HorizontalPodAutoscaler(_) => strict::<HorizontalPodAutoscaler>(),
            Object::PodDisruptionBudget(_) => strict::<PodDisruptionBudget>(),
        };
        // These two are of every object, and in no type's schema.
        let fields = value.as_object_mut().unwrap();
        assert!(fields.remove("apiVersion").is_some() && fields.remove("kind").is_some());
        assert_eq!(errors(&validator, &value), Vec::<String>::new());
        // The check can fail.
        value["metadata"]["lables"] = json!({});
        assert_ne!(errors(&validator, &value), Vec::<String>::new());
    }
}

#[test]
fn yaml_is_read_back_as_it_was_meant() {
    for (name, everywhere) in everything() {
        let text = yaml::stream(&Manifests::of(&everywhere.base)).unwrap();
        assert_same(&name, &objects(&text), &typed(&everywhere.base));
    }
}

#[test]
fn what_nobody_asked_for_is_not_there() {
    let bare = subject::workload(&subject::example_contract(), "api", &Terms::default());
    let kinds: Vec<_> = Manifests::of(&bare).0.iter().map(|o| o.identity().0).collect();
    assert_eq!(kinds, ["ServiceAccount", "Deployment", "Service"]);
    let text = yaml::stream(&Manifests::of(&bare)).unwrap();
    for word in [
        "envFrom",
        "lifecycle",
        "terminationGrace",
        "topologySpread",
        "imagePullSecrets",
        "strategy",
        "fsGroup",
        "namespace",
        "annotations",
        "host: ",
    ] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_volume_of_one_node_is_let_go_before_it_is_mounted_anew() {
    let terms = Terms::default();
    let mut workload = subject::workload(&subject::example_contract(), "api", &terms);
    workload.terms.volumes = subject::settings(&subject::root().join("tests/projects/operator")).deploy.volumes;
    let strategy = |w: &Workload| {
        let deployment = typed(w).into_iter().find(|o| o["kind"] == "Deployment").unwrap();
        let security = &deployment["spec"]["template"]["spec"]["securityContext"];
        assert_eq!((&security["fsGroup"], &security["fsGroupChangePolicy"]), (&json!(1000), &json!("OnRootMismatch")));
        deployment["spec"]["strategy"].clone()
    };
    // ReadWriteMany, as the fixture has it.
    assert_eq!(strategy(&workload), Value::Null);
    for volume in workload.terms.volumes.values_mut() {
        if let pydeploy::workload::deploy::Source::New { access_mode, .. } = &mut volume.source {
            *access_mode = pydeploy::workload::deploy::AccessMode::ReadWriteOnce;
        }
    }
    assert_eq!(strategy(&workload), json!({"type": "Recreate"}));
}
