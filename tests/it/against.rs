//! Manifests held against their image: `pydeploy contract SOURCE --against`.

use serde_json::Value;

use crate::sandbox::{Done, Sandbox};

const DOCKERFILE: &str = "FROM python:3.13\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK --timeout=5s CMD curl -f \
                          http://localhost:8000/health || exit 1\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\"]\n";

/// What `helm template` and `kustomize build` print: several documents, comments, an empty one.
const MANIFESTS: &str = "---
# Source: python-app/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: api
spec:
  selector: {app: api}
  ports: [{name: http, port: 80, targetPort: http}]
---
# Source: python-app/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - name: api
        image: registry.example/team/api:1.0
        ports: [{name: http, containerPort: 8000}]
        securityContext: {runAsNonRoot: true, runAsUser: 2000, runAsGroup: 2000}
        readinessProbe:
          httpGet: {path: /, port: http}
---
";

fn against(manifests: &str, more: &[&str]) -> Done {
    let sandbox = Sandbox::empty().file("Dockerfile", DOCKERFILE);
    sandbox.pydeploy(&[&["contract", "Dockerfile", "--against", "-"], more].concat()).input(manifests)
}

#[test]
fn what_contradicts_the_image_is_exit_code_11() {
    let done = against(MANIFESTS, &["--json"]);
    assert_eq!(done.code, 11, "{done}");
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(document["schema"], "pydeploy.contract/1");
    let codes: Vec<_> =
        document["differences"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["PD402", "PD403", "PD417", "PD418", "PD412"], "{document:#}");
    let place = document["differences"][0]["where"].as_str().unwrap();
    assert_eq!(place, "Deployment/api spec.template.spec.containers[0].securityContext.runAsUser");
    let done = against(MANIFESTS, &[]);
    assert!(done.code == 11 && done.stdout.contains("PD402") && done.stderr.is_empty(), "{done}");
}

#[test]
fn what_pydeploy_prints_agrees() {
    let sandbox = Sandbox::empty().file("Dockerfile", DOCKERFILE);
    let document = sandbox.pydeploy(&["contract", "Dockerfile"]).json();
    let mut container = serde_json::json!({
        "name": "api", "image": "registry.example/team/api:1.0", "ports": [{"containerPort": 8000}],
        "securityContext": document["securityContext"]["container"],
    });
    for (name, field) in [("startup", "startupProbe"), ("readiness", "readinessProbe"), ("liveness", "livenessProbe")] {
        container[field] = document["probes"][name].clone();
    }
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api"},
        "spec": {"containers": [container], "securityContext": document["securityContext"]["pod"]}});
    // JSON is YAML.
    let done = against(&pod.to_string(), &["--json"]);
    assert_eq!(done.code, 0, "{done}");
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(document["differences"], serde_json::json!([]));
}

#[test]
fn a_file_is_read_too_and_what_is_none_is_said() {
    let sandbox = Sandbox::empty().file("Dockerfile", DOCKERFILE).file("deployment.yaml", MANIFESTS);
    sandbox.pydeploy(&["contract", "Dockerfile", "--against", "deployment.yaml"]).fails(11);
    sandbox.pydeploy(&["contract", "Dockerfile", "--against", "missing.yaml"]).fails(3).says(&["missing.yaml"]);
    let sandbox = sandbox.file("broken.yaml", "a: [b\n").file("service.yaml", "kind: Service\nspec: {}\n");
    sandbox.pydeploy(&["contract", "Dockerfile", "--against", "broken.yaml"]).fails(3).says(&["broken.yaml", "YAML"]);
    let done = sandbox.pydeploy(&["contract", "Dockerfile", "--against", "service.yaml"]).fails(3);
    done.says(&["nothing that runs containers", "Service"]);
}

#[test]
fn which_container_is_meant_can_be_said() {
    let two = MANIFESTS.replace("      - name: api\n", "      - {name: proxy, image: envoy}\n      - name: api\n");
    let done = against(&two, &[]);
    assert_eq!(done.code, 3, "{done}");
    done.says(&["proxy (Deployment/api)", "--container NAME"]);
    assert_eq!(against(&two, &["--container", "api"]).code, 11);
}
