//! Wheels that don't exist, built by a real BuildKit and in a real sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use pydeploy::cache::Cache;
use pydeploy::engine::Events;
use pydeploy::engine::buildkit::Daemon;
use pydeploy::engine::docker::DockerEngine;
use pydeploy::engine::embedded::sdist::{
    Available, BuildKit, Built, Error, Ground, Place, Sandbox, Sdist, Workshop, build, is_available,
};
use pydeploy::engine::endpoint::Endpoint;
use pydeploy::image::native::Family;
use pydeploy::registry::Keychain;
use sha2::{Digest as _, Sha256};

use crate::sandbox::{bed, docker};

/// What is linked with libpq, and has no wheels for Linux.
const SUM: &str = "12ec0b40b0273f95296233e8750441339298e6a572f7039da5b260e3c8b60e11";
const PACKAGES: &[&str] = &["gcc", "libc6-dev", "libpq-dev"];
const PLATFORM: &str = if cfg!(target_arch = "aarch64") { "linux/arm64" } else { "linux/amd64" };

fn psycopg2(sha256: &str) -> Sdist {
    let sha256 = vec![sha256.to_owned()];
    Sdist { name: "psycopg2".into(), version: "2.9.10".into(), place: Place::Index, sha256 }
}

fn nobody_hears() -> Events {
    Arc::new(|_| {})
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}

fn sum(path: &Path) -> String {
    hex::encode(Sha256::digest(std::fs::read(path).unwrap()))
}

/// What Python says of a wheel, in a container that has libpq5 or does not.
fn import(wheel: &Path, prepare: &str) -> String {
    let folder = wheel.parent().unwrap().display().to_string();
    let script = format!(
        "{prepare}; pip install -q --root-user-action=ignore --no-index --no-deps /wheels/*.whl && python -c 'import \
         psycopg2; print(psycopg2.__version__)' 2>&1 | tail -n 1"
    );
    docker(&["run", "--rm", "-v", &format!("{folder}:/wheels:ro"), "python:3.13-slim", "sh", "-c", &script])
}

const LIBPQ: &str =
    "apt-get update -qq >/dev/null && apt-get install -qq -y --no-install-recommends libpq5 >/dev/null 2>&1";

#[test]
#[ignore = "needs the bed: docker, base"]
fn buildkit_builds_a_wheel_once() {
    let cache = tempfile::tempdir().unwrap();
    let cache = Cache::open(&cache.path().join("cache")).unwrap();
    run(async {
        let engine = DockerEngine::connect(Endpoint::parse(&bed("DOCKER_HOST"), None).unwrap()).await.unwrap();
        let daemon = Daemon::Engine(engine);
        let packages: Vec<_> = PACKAGES.iter().map(|p| (*p).to_owned()).collect();
        let secrets = BTreeMap::new();
        let shop = |daemon| {
            Workshop::BuildKit(BuildKit {
                daemon,
                base: "python:3.13-slim",
                digest: None,
                family: Family::Debian,
                packages: &packages,
                platform: PLATFORM,
                secrets: &secrets,
                keychain: Arc::new(Keychain::from_docker_config(None, None).unwrap()),
            })
        };
        let built = build(&[psycopg2(SUM)], &shop(&daemon), &cache, &nobody_hears()).await.unwrap();
        let name = built[0].path().file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("psycopg2-2.9.10-cp313-cp313-linux_"), "{name}");
        assert_eq!(import(built[0].path(), LIBPQ).split(' ').next(), Some("2.9.10"));
        // The second time, nobody is asked.
        let gone = Daemon::Standalone(Endpoint::parse("unix:///nonexistent/socket", None).unwrap());
        let again = build(&[psycopg2(SUM)], &shop(&gone), &cache, &nobody_hears()).await.unwrap();
        assert_eq!(again[0].path(), built[0].path());
        let wrong = psycopg2(&"0".repeat(64));
        let error = build(&[wrong], &shop(&daemon), &cache, &nobody_hears()).await.unwrap_err();
        assert!(matches!(error, Error::Build { .. }), "{error:?}");
        assert!(error.hint().unwrap().contains("lock anew"), "{error:?}");
    });
}

/// The layers of an image of the engine, the lowest first.
fn layers(image: &str, folder: &Path) -> Vec<PathBuf> {
    let archive = folder.join("image.tar");
    docker(&["save", "-o", archive.to_str().unwrap(), image]);
    assert!(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(folder).status().unwrap().success());
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let layers = manifest[0]["Layers"].as_array().unwrap().iter();
    layers.map(|layer| folder.join(layer.as_str().unwrap())).collect()
}

/// Debian packages and all that they need, of this machine's own release, fetched by apt.
fn packages(names: &[&str], folder: &Path) -> Vec<PathBuf> {
    let archives = folder.join("archives");
    std::fs::create_dir_all(archives.join("partial")).unwrap();
    std::fs::write(folder.join("status"), "").unwrap();
    let option = |key: &str, path: PathBuf| format!("{key}={}", path.display());
    let fetched = Command::new("apt-get")
        .args(["-qq", "-y", "--no-install-recommends", "--download-only", "-o", "APT::Sandbox::User=root", "-o"])
        .arg(option("Dir::State::status", folder.join("status")))
        .arg("-o")
        .arg(option("Dir::Cache::archives", archives.clone()))
        .arg("install")
        .args(names)
        .output()
        .unwrap();
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    let mut found: Vec<_> = std::fs::read_dir(archives).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == "deb"));
    found.sort();
    found
}

async fn in_sandbox(ground: &Ground, cache: &Path, sdist: Sdist) -> Result<Vec<Built>, Error> {
    let environment: Vec<_> = std::env::vars().filter(|(name, _)| Sandbox::is_passed(name)).collect();
    let shop = Workshop::Sandbox(Sandbox::new(ground, &environment, &[]));
    build(&[sdist], &shop, &Cache::open(cache).unwrap(), &nobody_hears()).await
}

#[test]
#[ignore = "needs the bed: docker, base, a Debian archive"]
fn a_sandbox_builds_the_same_wheel_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    };
    let ground = Ground {
        layers: layers("python:3.13-slim", &at("layers")),
        packages: packages(PACKAGES, &at("packages")),
        identity: vec!["test".to_owned()],
        python: "/usr/local/bin/python3.13".to_owned(),
    };
    run(async {
        assert_eq!(is_available(PLATFORM).await, Available::Yes);
        let first = in_sandbox(&ground, &folder.path().join("one"), psycopg2(SUM)).await.unwrap();
        assert_eq!(import(first[0].path(), LIBPQ).split(' ').next(), Some("2.9.10"));
        assert!(import(first[0].path(), "true").contains("libpq.so.5: cannot open shared object file"));
        let second = in_sandbox(&ground, &folder.path().join("two"), psycopg2(SUM)).await.unwrap();
        assert_ne!(first[0].path(), second[0].path());
        assert_eq!(sum(first[0].path()), sum(second[0].path()));
        let error = in_sandbox(&ground, &folder.path().join("two"), psycopg2(&"0".repeat(64))).await.unwrap_err();
        assert!(error.hint().unwrap().contains("lock anew"), "{error:?} {:?}", error.output());
    });
}
