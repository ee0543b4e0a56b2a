//! The embedded engine on bases that are not what they should be, and into places that are.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::embedded::base;
use crate::sandbox::{PYDEPLOY, Sandbox, bed, docker, repository};

/// Puts a blob into the open registry.
fn put_blob(name: &str, bytes: &[u8], folder: &Path) -> Value {
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
    let file = folder.join("blob");
    std::fs::write(&file, bytes).unwrap();
    let script = r#"set -e
location=$(curl -fsS -i -X POST "http://$1/v2/$2/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
curl -fsS -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$4" "$location&digest=$3""#;
    let registry = bed("PYDEPLOY_TEST_REGISTRY");
    let args = ["-c", script, "sh", &registry, name, &digest, file.to_str().unwrap()];
    let output = Command::new("sh").args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    json!({"digest": digest, "size": bytes.len()})
}

/// A base in the open registry with one layer, of this type and for this platform.
fn made(name: &str, layer_type: &str, layer: &[u8], architecture: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut layer_of = put_blob(name, layer, folder.path());
    layer_of["mediaType"] = json!(layer_type);
    let diff_id = format!("sha256:{}", hex::encode(Sha256::digest(layer)));
    let config = json!({
        "architecture": architecture, "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]}, "history": [],
    });
    let mut config = put_blob(name, config.to_string().as_bytes(), folder.path());
    config["mediaType"] = json!("application/vnd.oci.image.config.v1+json");
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer_of]});
    let url = format!("http://{}/v2/{name}/manifests/a", bed("PYDEPLOY_TEST_REGISTRY"));
    let header = format!("Content-Type: {media_type}");
    let args = ["-fsS", "-X", "PUT", "-H", &header, "--data-binary", &manifest.to_string(), &url];
    let output = Command::new("curl").args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    format!("{}/{name}:a", bed("PYDEPLOY_TEST_REGISTRY"))
}

#[test]
#[ignore = "needs the bed: registry"]
fn a_base_that_can_not_be_used_is_refused() {
    let sandbox = Sandbox::project("api");
    let target = format!("oci:{}", sandbox.beside("layout").display());
    let ship = |base: &str| sandbox.pydeploy(&["ship", "--engine", "embedded", "--base", base, "--registry", &target]);
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let tar = "application/vnd.oci.image.layer.v1.tar";
    let odd = made("odd/lz4", "application/vnd.example.layer.lz4", b"\x04\x22\x4d\x18", architecture);
    ship(&odd).fails(6).says(&["application/vnd.example.layer.lz4", "can't be put under others"]);
    let unknown = made("odd/unknown", &format!("{tar}+gzip"), b"no archive at all", architecture);
    ship(&unknown).fails(6).says(&["could not read what is in the base image"]);
    let other = made("odd/other", tar, &[0; 1024], "s390x");
    ship(&other).fails(3).says(&["is not there for linux/", "linux/s390x"]);
    let empty = made("odd/empty", tar, &[0; 1024], architecture);
    ship(&empty).fails(3).says(&["has no python3.13"]);
    let missing = format!("{}/odd/missing:a", bed("PYDEPLOY_TEST_REGISTRY"));
    ship(&missing).fails(6).says(&["there is no base image"]);
    assert!(!sandbox.beside("layout").exists());
}

#[test]
#[ignore = "needs the bed: docker registry base, a package index"]
fn an_image_is_built_into_the_engine() {
    let sandbox = Sandbox::project("api");
    let name = format!("loaded-{}", std::process::id());
    let base = base();
    let args = ["build", "--engine", "embedded", "--base", &base, "--load", "--registry", &format!("localhost/{name}")];
    let done = sandbox.pydeploy(&[&args[..], &["--tag", "a"]].concat()).ok();
    assert_eq!(done.stdout.trim(), format!("localhost/{name}:a"));
    let program = "import fastapi, psycopg; print(fastapi.__version__)";
    assert_eq!(docker(&["run", "--rm", done.stdout.trim(), "python", "-c", program]), "0.115.12");
    docker(&["rmi", "-f", done.stdout.trim()]);
}

#[test]
#[ignore = "needs the bed: registry base, a package index"]
fn layers_are_compressed_as_was_asked() {
    let sandbox = Sandbox::project("api");
    let layout = sandbox.beside("layout");
    let (base, target) = (base(), format!("oci:{}", layout.display()));
    let args = ["ship", "--engine", "embedded", "--base", &base, "--registry", &target, "--compression", "zstd"];
    let document = sandbox.pydeploy(&args).json();
    let digest = document["image"]["digest"].as_str().unwrap_or_else(|| panic!("{document:#}"));
    let manifest = std::fs::read(layout.join("blobs").join(digest.replace(':', "/"))).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let last = manifest["layers"].as_array().unwrap().last().unwrap();
    assert_eq!(last["mediaType"], "application/vnd.oci.image.layer.v1.tar+zstd");
    let blob = std::fs::read(layout.join("blobs").join(last["digest"].as_str().unwrap().replace(':', "/"))).unwrap();
    assert!(blob.starts_with(&0xFD2F_B528_u32.to_le_bytes()));
}

#[test]
#[ignore = "needs the bed: registry base, a package index"]
fn an_ordinary_user_makes_the_image_that_root_makes() {
    let sandbox = Sandbox::project("api");
    let (base, repository) = (base(), repository("user"));
    let args = ["ship", "--engine", "embedded", "--base", &base, "--tag", "a", "--registry", &repository];
    let of_root = sandbox.pydeploy(&args).json();
    // Another checkout, another cache, another user, from a copy of the program that such a user can reach.
    let other = Sandbox::project("api");
    let program = other.beside("pydeploy");
    std::fs::copy(PYDEPLOY, &program).unwrap();
    let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(other.beside("")).status().unwrap();
    assert!(owned.success(), "this test needs root");
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(args)
        .arg("--json")
        .current_dir(other.root())
        .env("HOME", other.beside("home"))
        .env("PYDEPLOY_CACHE", other.beside("cache"))
        .env("UV_CACHE_DIR", other.beside("uv"))
        .env("TMPDIR", other.beside(""))
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(document["image"]["digest"], of_root["image"]["digest"], "{document:#}");
    assert!(!of_root["image"]["digest"].is_null(), "{of_root:#}");
}
