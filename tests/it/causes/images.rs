//! The images of the cases, in the bed's registries.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::json;

use crate::sandbox::{bed, docker, repository};

const STAGES: &[&str] = &["root", "root-by-name", "named", "uid", "no-account", "scripts", "other-machine", "no-shell"];

/// Makes them; what each is called, and the registries with what opens them.
pub(super) fn made() -> BTreeMap<String, String> {
    let repository = repository("causes");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/causes/image");
    let mut own = BTreeMap::new();
    for stage in STAGES {
        let name = format!("{repository}:{stage}");
        docker(&["build", "-q", "--target", stage, "-t", &name, folder]);
        docker(&["push", "-q", &name]);
        own.insert((*stage).to_owned(), name);
    }
    let other = format!("{repository}:other-platform");
    crane(&["mutate", &own["other-machine"], "--set-platform", "linux/arm64", "-t", &other]);
    let index = format!("{repository}:other-index");
    crane(&["index", "append", "-m", &other, "-t", &index]);
    let host = bed("PYDEPLOY_TEST_REGISTRY_TLS");
    let protected = format!("{host}/{}", own["uid"].split_once('/').unwrap().1);
    crane(&["copy", &own["uid"], &protected]);
    let password = password();
    own.insert("credentials".into(), pull_secret(&host, &password));
    own.insert("wrong-credentials".into(), pull_secret(&host, "wrong"));
    own.insert("other-platform".into(), other);
    own.insert("other-index".into(), index);
    own.insert("protected".into(), protected);
    own.insert("protected-registry".into(), host);
    own.insert("registry".into(), bed("PYDEPLOY_TEST_REGISTRY"));
    own.insert("repository".into(), repository);
    own
}

fn password() -> String {
    std::fs::read_to_string(bed("PYDEPLOY_TEST_REGISTRY_TLS_PASSWORD_FILE")).unwrap().trim().to_owned()
}

fn login(host: &str, password: &str) -> String {
    json!({"auths": {host: {"username": bed("PYDEPLOY_TEST_REGISTRY_TLS_USER"), "password": password}}}).to_string()
}

fn pull_secret(host: &str, password: &str) -> String {
    let data = json!({".dockerconfigjson": login(host, password)});
    let kind = "kubernetes.io/dockerconfigjson";
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull"}, "type": kind, "stringData": data})
        .to_string()
}

fn crane(args: &[&str]) {
    let config = tempfile::tempdir().unwrap();
    let login = login(&bed("PYDEPLOY_TEST_REGISTRY_TLS"), &password());
    std::fs::write(config.path().join("config.json"), login).unwrap();
    let mut crane = Command::new(bed("PYDEPLOY_TEST_CRANE"));
    crane.args(args).env("DOCKER_CONFIG", config.path()).env("SSL_CERT_FILE", bed("PYDEPLOY_TEST_REGISTRY_TLS_CA"));
    let output = crane.output().unwrap();
    assert!(output.status.success(), "crane {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}
