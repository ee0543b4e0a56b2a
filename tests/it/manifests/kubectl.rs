//! kubectl, to which every object must be one that it can create.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use pydeploy::manifests::{Manifests, yaml};
use serde_json::{Value, json};

use crate::sandbox::bed;

/// The discovery documents of an API server with these kinds; kubectl asks for nothing more to map a kind to its
/// resource. It is no API server: what it would say of the objects is what the schema says above.
fn discovery(path: &str) -> Value {
    let resource = |name: &str, kind: &str| json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["create", "get", "patch"]});
    let group = |name: &str, version: &str| {
        json!({"name": name,
        "versions": [{"groupVersion": format!("{name}/{version}"), "version": version}],
        "preferredVersion": {"groupVersion": format!("{name}/{version}"), "version": version}})
    };
    let list = |group: &str, resources: &[Value]| {
        json!({"kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": group, "resources": resources})
    };
    match path {
        "/api" => json!({"kind": "APIVersions", "versions": ["v1"]}),
        "/apis" => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group("apps", "v1"),
            group("networking.k8s.io", "v1"), group("autoscaling", "v2"), group("policy", "v1")]}),
        "/api/v1" => list(
            "v1",
            &[
                resource("services", "Service"),
                resource("serviceaccounts", "ServiceAccount"),
                resource("persistentvolumeclaims", "PersistentVolumeClaim"),
            ],
        ),
        "/apis/apps/v1" => list("apps/v1", &[resource("deployments", "Deployment")]),
        "/apis/networking.k8s.io/v1" => list(
            "networking.k8s.io/v1",
            &[resource("ingresses", "Ingress"), resource("networkpolicies", "NetworkPolicy")],
        ),
        "/apis/autoscaling/v2" => {
            list("autoscaling/v2", &[resource("horizontalpodautoscalers", "HorizontalPodAutoscaler")])
        }
        "/apis/policy/v1" => list("policy/v1", &[resource("poddisruptionbudgets", "PodDisruptionBudget")]),
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
    let text = yaml::stream(&Manifests::of(&super::subject::full())).unwrap();
    kubectl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = kubectl.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        names.lines().collect::<Vec<_>>(),
        [
            "serviceaccount/api",
            "networkpolicy.networking.k8s.io/api",
            "persistentvolumeclaim/api-data",
            "deployment.apps/api",
            "service/api",
            "ingress.networking.k8s.io/api",
            "horizontalpodautoscaler.autoscaling/api",
            "poddisruptionbudget.policy/api",
            "networkpolicy.networking.k8s.io/api-beat",
            "deployment.apps/api-beat",
            "networkpolicy.networking.k8s.io/api-worker",
            "deployment.apps/api-worker",
        ]
    );
}
