//! Manifests: against their golden, the Kubernetes schema, and a real kubectl.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Service, ServiceAccount};
use pydeploy::image::config::ImageConfig;
use pydeploy::image::contract::ImageContract;
use pydeploy::image::reference::DigestRef;
use pydeploy::manifests::{Manifests, Object, yaml};
use pydeploy::workload::{Compiled, Deploy, Resources};
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::sandbox::bed;

/// What an example image says of itself.
fn contract() -> ImageContract {
    let config = json!({"config": {
        "User": "1000:1000", "ExposedPorts": {"8000/tcp": {}, "9000/udp": {}}, "WorkingDir": "/app",
        "Healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost:8000/health || exit 1"],
            "Interval": 30_000_000_000_i64, "Timeout": 5_000_000_000_i64, "Retries": 3},
    }});
    let config: ImageConfig = serde_json::from_value(config).unwrap();
    ImageContract::read(&config).unwrap()
}

fn manifests(contract: &ImageContract) -> Manifests {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4)).parse().unwrap();
    let image = DigestRef::confirmed("registry.example/team/api".parse().unwrap(), digest);
    let quantity = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    let deploy = Deploy {
        name: "api".into(),
        namespace: Some("team".into()),
        replicas: 2,
        resources: Resources {
            requests: [quantity("cpu", "100m"), quantity("memory", "128Mi")].into(),
            limits: [quantity("memory", "256Mi")].into(),
        },
    };
    let compiled = Compiled::of(contract);
    Manifests::of(&compiled.workload(contract, image, Some("v1.2.0".into()), &deploy).unwrap())
}

#[test]
fn the_example_is_printed_byte_for_byte() {
    let text = yaml::stream(&manifests(&contract())).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/example.yaml");
    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&golden, None).raw());
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
    for object in &manifests(&contract()).0 {
        let mut value = yaml::value(object).unwrap();
        let validator = match object {
            Object::Deployment(_) => strict::<Deployment>(),
            Object::Service(_) => strict::<Service>(),
            Object::ServiceAccount(_) => strict::<ServiceAccount>(),
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
    let text = yaml::stream(&manifests(&contract())).unwrap();
    for (document, object) in text.split("---\n").zip(&manifests(&contract()).0) {
        let read: Value = serde_yaml::from_str(document).unwrap();
        assert_eq!(read, yaml::value(object).unwrap());
    }
}

/// The discovery documents of an API server with these three kinds; kubectl asks for nothing more to map a kind to its
/// resource. It is no API server: what it would say of the objects is what the schema says above.
fn discovery(path: &str) -> Value {
    let resource = |name: &str, kind: &str| json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["create", "get", "patch"]});
    match path {
        "/api" => json!({"kind": "APIVersions", "versions": ["v1"]}),
        "/apis" => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "apps",
            "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
            "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"}}]}),
        "/api/v1" => json!({"kind": "APIResourceList", "groupVersion": "v1",
            "resources": [resource("services", "Service"), resource("serviceaccounts", "ServiceAccount")]}),
        "/apis/apps/v1" => json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "apps/v1",
            "resources": [resource("deployments", "Deployment")]}),
        _ => Value::Null,
    }
}

#[test]
#[ignore = "needs the bed: kubectl"]
fn kubectl_creates_them() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut request = [0; 8192];
                while let Ok(count @ 1..) = stream.read(&mut request) {
                    let text = String::from_utf8_lossy(&request[..count]).into_owned();
                    let path = text.split(' ').nth(1).unwrap_or_default();
                    let body = discovery(path.split('?').next().unwrap_or_default()).to_string();
                    let status = if body == "null" { "404 Not Found" } else { "200 OK" };
                    let head = format!(
                        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let home = tempfile::tempdir().unwrap();
    let mut kubectl = Command::new(bed("PYDEPLOY_TEST_KUBECTL"))
        .args(["create", "--dry-run=client", "--validate=false", "-f", "-", "-o", "name"])
        .args(["--server", &format!("http://{address}")])
        .env("HOME", home.path())
        .env_remove("KUBECONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = yaml::stream(&manifests(&contract())).unwrap();
    kubectl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = kubectl.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "serviceaccount/api\ndeployment.apps/api\nservice/api\n");
}
