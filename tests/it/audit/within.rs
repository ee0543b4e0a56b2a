//! The audit from within the cluster: the CronJob of manifests/audit-cronjob.yaml, run on the node.

use std::process::Command;

use serde_json::{Value, json};

use super::{IMAGE, Scene, good, image, stream, workload};
use crate::sandbox::{PYDEPLOY, Sandbox, docker, repository};

/// The program in an image; its name by digest.
fn program() -> String {
    let sandbox = Sandbox::empty();
    let copy = sandbox.root().join("pydeploy");
    std::fs::copy(PYDEPLOY, &copy).unwrap();
    // What a debugger wants is most of a test's program.
    assert!(Command::new("strip").arg(&copy).status().unwrap().success());
    let sandbox = sandbox.file("Dockerfile", "FROM python:3.13-slim\nCOPY pydeploy /usr/local/bin/\nUSER 1000:1000\n");
    let name = format!("{}:1", repository("audit-program"));
    docker(&["build", "-q", "-t", &name, &sandbox.root().display().to_string()]);
    docker(&["push", "-q", &name]);
    docker(&["image", "inspect", "--format", "{{index .RepoDigests 0}}", &name])
}

impl Scene {
    /// Runs the CronJob with these arguments; the exit code of its container, and its log.
    fn job(&self, name: &str, args: &[&str]) -> (i64, String) {
        let patch =
            json!([{"op": "replace", "path": "/spec/jobTemplate/spec/template/spec/containers/0/args", "value": args}]);
        self.kubectl(&["patch", "cronjob", &self.name, "--type=json", "-p", &patch.to_string()]);
        self.kubectl(&["create", "job", name, "--from", &format!("cronjob/{}", self.name)]);
        let selector = format!("--selector=job-name={name}");
        for _ in 0..300 {
            let pods: Value = serde_json::from_str(&self.kubectl(&["get", "pods", &selector, "-o", "json"])).unwrap();
            let ended = &pods["items"][0]["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"];
            if let Some(code) = ended.as_i64() {
                return (code, self.kubectl(&["logs", &selector, "--tail=-1"]));
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        panic!("{}", self.kubectl(&["describe", "pods", &selector]));
    }
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn the_cron_job_audits_the_cluster_from_within() {
    let scene = Scene::new("within");
    let program = program();
    scene.apply_file("rbac/audit.yaml");
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/audit-cronjob.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let placeholder = format!("registry.example/pydeploy@sha256:{}", "0".repeat(64));
    assert!(text.contains(&placeholder));
    scene.apply(&text.replace("pydeploy-audit", &scene.name).replace(&placeholder, &program));

    // The namespace enforces the restricted standard: that the Pod is there at all shows that it meets it.
    let quiet = format!("{}-quiet", scene.name);
    scene.kubectl(&["create", "namespace", &quiet]);
    let (code, log) = scene.job("nothing", &["audit", "-n", &quiet, "--progress", "plain"]);
    scene.kubectl(&["delete", "namespace", &quiet, "--wait=false"]);
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("nothing runs there"), "{log}");

    // The open registry is one of this machine's own address: within a Pod, nobody answers there.
    let (tag, _) = image("audit-within", IMAGE);
    scene.apply(&stream(&[workload("Deployment", "api", good(&tag))]));
    let (code, log) = scene.job("something", &["audit", "--all-namespaces", "--progress", "plain"]);
    assert_eq!(code, 11, "{log}");
    assert!(log.contains("Deployment/api") && log.contains("PD451") && log.contains("PD454"), "{log}");
    assert!(log.contains("(in-cluster)"), "{log}");
}
