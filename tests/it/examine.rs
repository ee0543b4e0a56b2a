//! Contracts of real images: the same answer from a registry, an engine and an OCI layout.

use std::process::Command;

use serde_json::Value;

use crate::sandbox::{Sandbox, bed, docker, repository};

/// A service whose user is a name, and whose health check needs a program that its slim base lacks.
const NAMED: &str = "FROM python:3.13-slim\nRUN groupadd -g 1200 web && useradd -u 1100 -g web app\nUSER app\nEXPOSE \
                     8000\nHEALTHCHECK --interval=5s --timeout=5s CMD curl -f http://localhost:8000/ || exit 1\nCMD [\"uvicorn\", \
                     \"main:app\", \"--host\", \"0.0.0.0\"]\n";
/// The same, asked by what is there.
const WELL: &str = "FROM python:3.13-slim\nRUN groupadd -g 1200 web && useradd -u 1100 -g web app\nUSER app\nEXPOSE \
                    8000\nHEALTHCHECK --interval=5s --timeout=5s CMD [\"python\", \"-c\", \"import http.client, sys; c = \
                    http.client.HTTPConnection('127.0.0.1', 8000, timeout=5); c.request('GET', '/', headers={'Host': \
                    'localhost:8000'}); sys.exit(c.getresponse().status >= 400)\"]\nCMD [\"uvicorn\", \"main:app\", \
                    \"--host\", \"0.0.0.0\"]\n";

/// Builds a Dockerfile in the engine, pushes it, and gives its name; the engine's copy is removed when dropped.
struct Built(String);

impl Built {
    fn new(name: &str, dockerfile: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
        let image = format!("{}:1", repository(name));
        let built = Command::new("docker")
            .args(["build", "-q", "-t", &image, folder.path().to_str().unwrap()])
            .env("DOCKER_BUILDKIT", "0")
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        docker(&["push", "-q", &image]);
        Self(image)
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

fn codes(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap().iter();
    findings.map(|f| format!("{} {}", f["severity"].as_str().unwrap(), f["code"].as_str().unwrap())).collect()
}

#[test]
#[ignore = "needs the bed: docker, registry, base"]
fn a_named_user_is_a_number_wherever_the_image_is() {
    let built = Built::new("named", WELL);
    let sandbox = Sandbox::empty();
    for source in [built.0.clone(), format!("docker:{}", built.0)] {
        let document = sandbox.pydeploy(&["contract", &source]).json();
        assert_eq!(document["user"]["name"], "app", "{document:#}");
        assert_eq!((document["user"]["uid"].as_i64(), document["user"]["gid"].as_i64()), (Some(1100), Some(1200)));
        assert_eq!(document["user"]["from"], "/etc/passwd");
        assert_eq!(document["platforms"], serde_json::json!(["linux/amd64"]));
        assert_eq!(codes(&document), Vec::<String>::new(), "{document:#}");
    }
    let manifests = sandbox.pydeploy(&["manifests", "--image", &built.0]).ok().stdout;
    assert!(manifests.contains("runAsUser: 1100") && manifests.contains("runAsGroup: 1200"), "{manifests}");
    // Its own manifests don't contradict it; one that leaves the name to the kubelet does.
    let against = ["contract", &built.0, "--against", "-"];
    let done = sandbox.pydeploy(&against).input(&manifests);
    assert_eq!(done.code, 0, "{done}");
    let bare: String = manifests
        .lines()
        .filter(|l| !l.contains("runAsUser") && !l.contains("runAsGroup"))
        .fold(String::new(), |t, l| t + l + "\n");
    let done = sandbox.pydeploy(&against).input(&bare);
    assert!(done.code == 11 && done.stdout.contains("PD405"), "{done}");
}

#[test]
#[ignore = "needs the bed: docker, registry, base"]
fn a_client_is_looked_for_in_the_image_itself() {
    let built = Built::new("client", NAMED);
    let sandbox = Sandbox::empty();
    let engine = format!("docker:{}", built.0);
    let document = sandbox.pydeploy(&["contract", &engine]).json();
    assert!(codes(&document).contains(&"error PD205".to_owned()), "{document:#}");
    sandbox.pydeploy(&["contract", &engine]).fails(7);
    // A registry's layers are read for it only when that is asked for.
    let document = sandbox.pydeploy(&["contract", &built.0]).json();
    assert_eq!(codes(&document), ["warning PD206"], "{document:#}");
    let document = sandbox.pydeploy(&["contract", &built.0, "--look"]).json();
    assert!(codes(&document).contains(&"error PD205".to_owned()), "{document:#}");
}

#[test]
#[ignore = "needs the bed: docker, registry, base"]
fn what_ship_pushes_may_run_as_a_name() {
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", WELL);
    let to = repository("ship-named");
    let document = sandbox.pydeploy(&["ship", "--registry", &to]).json();
    assert_eq!(document["schema"], "pydeploy.ship/1", "{document:#}");
    assert_eq!(document["contract"]["user"]["uid"], 1100);
    let deployment = std::fs::read_to_string(sandbox.root().join(".pydeploy/deployment.yaml")).unwrap();
    assert!(deployment.contains("runAsUser: 1100"), "{deployment}");
    // What lacks its client is refused before it is pushed.
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", NAMED);
    let to = repository("ship-lacking");
    sandbox.pydeploy(&["ship", "--registry", &to]).fails(7).says(&["PD205", "curl"]);
    let tags = format!("http://{}/v2/{}/tags/list", bed("PYDEPLOY_TEST_REGISTRY"), to.split_once('/').unwrap().1);
    let answer = Command::new("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}", &tags]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "404");
}

#[test]
#[ignore = "needs the bed: buildkit"]
fn an_oci_layout_has_a_contract_and_manifests() {
    let sandbox = Sandbox::empty().file("Dockerfile", WELL);
    let (archive, layout) = (sandbox.beside("image.tar"), sandbox.beside("layout"));
    let local = |name: &str| format!("{name}={}", sandbox.root().display());
    let built = Command::new(bed("PYDEPLOY_TEST_BUILDCTL"))
        .args(["--addr", &bed("PYDEPLOY_TEST_BUILDKIT"), "build", "--frontend", "dockerfile.v0"])
        .args(["--local", &local("context"), "--local", &local("dockerfile")])
        .args(["--output", &format!("type=oci,dest={}", archive.display())])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    std::fs::create_dir(&layout).unwrap();
    assert!(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&layout).status().unwrap().success());
    let source = format!("oci:{}", layout.display());
    let document = sandbox.pydeploy(&["contract", &source]).json();
    assert_eq!((document["source"]["kind"].as_str(), document["user"]["uid"].as_i64()), (Some("layout"), Some(1100)));
    sandbox.pydeploy(&["manifests", "--image", &source]).fails(2).says(&["--registry"]);
    let to = "registry.example/team/api";
    let manifests = sandbox.pydeploy(&["manifests", "--image", &source, "--registry", to]).ok().stdout;
    assert!(manifests.contains("image: registry.example/team/api@sha256:"), "{manifests}");
    assert!(manifests.contains("runAsUser: 1100") && manifests.contains("  name: api\n"), "{manifests}");
}
