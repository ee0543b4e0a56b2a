//! The main job, on a real engine and a real registry.

use std::process::Command;

use pydeploy::image::config::ImageConfig;
use pydeploy::image::contract::ImageContract;
use pydeploy::image::plan::{Account, Strategy};
use pydeploy::image::planner::{self, Timings, Wishes};
use pydeploy::project::{Decision, Project, Stated};
use pydeploy::source::SourceTree;
use sha2::{Digest as _, Sha256};

use crate::sandbox::{Container, Sandbox, docker, repository};

#[test]
#[ignore = "needs the bed: docker registry base"]
fn the_article_ships_with_no_settings_at_all() {
    let sandbox = Sandbox::project("fastapi");
    let repository = repository("article");
    let document = sandbox.pydeploy(&["ship", "--registry", &repository]).json();
    assert_eq!(document["schema"], "pydeploy.ship/1");
    let reference = document["image"]["reference"].as_str().unwrap().to_owned();
    assert!(reference.starts_with(&format!("{repository}@sha256:")), "{document:#}");
    for key in ["digest", "tags", "platforms", "size", "layers", "pushed"] {
        assert!(!document["image"][key].is_null(), "image.{key}: {document:#}");
    }
    assert_eq!(document["contract"]["user"]["uid"], 1000);
    assert_eq!(document["contract"]["probes"]["startup"]["periodSeconds"], 5);
    assert_eq!(document["contract"]["securityContext"]["container"]["readOnlyRootFilesystem"], true);
    assert_eq!(document["manifests"]["files"].as_array().unwrap().len(), 3);
    assert!(document["timings"]["totalMs"].as_u64().unwrap() > 0);

    // From the registry, not from what is left in the engine.
    docker(&["pull", "-q", &reference]);
    let container = Container::restricted(&reference, &[]);
    container.healthy();
    assert_eq!(container.exec(&["id", "-u"]), "1000");
    assert_eq!(container.exec(&["id", "-g"]), "1000");
    container.exec(&["python", "-c", "import psycopg2"]);
    let version = container.exec(&["python", "-c", "import psycopg2; print(psycopg2.__libpq_version__)"]);
    assert!(version.parse::<u32>().unwrap() > 90_000, "{version}");
    let capabilities = container.exec(&["grep", "CapEff", "/proc/self/status"]);
    assert!(capabilities.ends_with("0000000000000000"), "{capabilities}");
    let write = Command::new("docker").args(["exec", &container.0, "touch", "/app/x"]).output().unwrap();
    assert!(String::from_utf8_lossy(&write.stderr).contains("Read-only file system"));
    // The compilers stayed behind, and bytecode came along.
    let gcc = Command::new("docker").args(["exec", &container.0, "gcc", "--version"]).output().unwrap();
    assert!(!gcc.status.success());
    assert!(container.exec(&["ls", "/app/__pycache__"]).contains("main.cpython-313.pyc"));
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_plan_promises_what_is_read_back_from_the_image() {
    let sandbox = Sandbox::project("fastapi");
    let tree = SourceTree::open(&sandbox.root()).unwrap();
    let project = Project::read(&tree, &Stated::default()).unwrap();
    let wishes = Wishes {
        strategy: Decision::assumed(Strategy::MultiStage, "the default"),
        base: None,
        system_packages: Vec::new(),
        account: Account { name: "appuser".into(), uid: 1000, gid: 1000 },
        health_command: None,
        timings: Timings::default(),
        secrets: Vec::new(),
    };
    let promised = planner::plan(&project, &wishes).promises();
    let repository = repository("law");
    sandbox.pydeploy(&["ship", "--registry", &repository, "--tag", "a"]).ok();
    let stored = docker(&["inspect", "-f", "{{json .Config}}", &format!("{repository}:a")]);
    let config: ImageConfig = serde_json::from_str(&format!("{{\"config\":{stored}}}")).unwrap();
    assert_eq!(promised, ImageContract::read(&config).unwrap().promises());
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn tags_come_from_git_or_from_the_content() {
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", "FROM python:3.13-slim\nUSER 1:1\n");
    let repository = repository("tags");
    let tag = || {
        let document = sandbox.pydeploy(&["ship", "--registry", &repository]).json();
        document["image"]["tags"][0].as_str().unwrap_or_else(|| panic!("{document:#}")).to_owned()
    };
    let content = tag();
    assert_eq!((content.len(), tag()), (12, content.clone()));
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let status = Command::new("git").current_dir(sandbox.root()).args(identity).args(args).output().unwrap();
        assert!(status.status.success(), "{status:?}");
        String::from_utf8(status.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    let commit = git(&["rev-parse", "HEAD"]);
    // What `ship` writes into the project does not make it dirty.
    assert_eq!(tag(), commit[..12]);
    assert_eq!(tag(), commit[..12]);
    std::fs::write(sandbox.root().join("main.py"), "changed").unwrap();
    assert_eq!(tag(), format!("{}-dirty", &commit[..12]));
    let labels =
        docker(&["inspect", "-f", "{{json .Config.Labels}}", &format!("{repository}:{}-dirty", &commit[..12])]);
    assert!(labels.contains(&format!("{commit}-dirty")), "{labels}");
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn build_then_push_then_manifests_do_what_ship_does() {
    let sandbox = Sandbox::project("own-dockerfile");
    let repository = repository("verbs");
    let args = ["--registry", &repository, "--tag", "v1", "--tag", "latest"];
    let built = sandbox.pydeploy(&[&["build"], args.as_slice()].concat()).ok();
    assert_eq!(built.stdout.trim(), format!("{repository}:v1"));
    let pushed = sandbox.pydeploy(&[&["push"], args.as_slice()].concat()).ok().stdout;
    let yaml = sandbox.pydeploy(&[&["manifests"], args.as_slice()].concat()).ok().stdout;
    assert!(yaml.contains(&format!("image: {}", pushed.trim())), "{yaml}");
    let other = Sandbox::empty().pydeploy(&["manifests", "--image", &format!("{repository}:latest")]).ok().stdout;
    assert!(other.contains(pushed.trim()) && other.contains("runAsUser: 1234"), "{other}");
    let folder = sandbox.beside("k8s");
    let shipped = sandbox.pydeploy(&[&["ship", "--out", folder.to_str().unwrap()], args.as_slice()].concat()).ok();
    assert_eq!(shipped.stdout, pushed);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3);
    let stdout = sandbox.pydeploy(&[&["ship", "--out", "-"], args.as_slice()].concat()).ok().stdout;
    assert_eq!(stdout, yaml);
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_dockerfile_that_was_edited_is_built_anew_whatever_its_length() {
    let sandbox = Sandbox::tiny();
    let repository = repository("edited");
    for user in ["1000:1000", "2000:2000"] {
        let text = format!("FROM python:3.13-slim\nUSER {user}\n");
        std::fs::write(sandbox.root().join("Dockerfile"), text).unwrap();
        let document = sandbox.pydeploy(&["ship", "--registry", &repository, "--tag", "a"]).json();
        assert_eq!(document["contract"]["user"]["uid"].to_string(), user[..4], "{document:#}");
    }
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_secret_reaches_the_step_and_no_layer() {
    // The Dockerfile knows only what the secret hashes to, and a new one each time, so that nothing is cached.
    let secret = format!("t0p-s3cret-{}", std::process::id());
    let hash = hex::encode(Sha256::digest(&secret));
    let step = format!("RUN --mount=type=secret,id=token sha256sum /run/secrets/token | grep {hash}");
    let sandbox = Sandbox::project("own-dockerfile")
        .file("Dockerfile", format!("FROM python:3.13-slim\n{step}\nCOPY main.py /\nUSER 1:1\n"));
    let name = format!("secret-{}", std::process::id());
    let run = sandbox.pydeploy(&["build", "--tag", "x", "-v", "--build-secret", "id=token,env=THE_TOKEN"]);
    let done = run.env("PYDEPLOY_NAME", &name).env("THE_TOKEN", &secret).ok();
    assert!(done.stderr.contains(&hash) && !done.stderr.contains(&secret), "{done}");
    let image = format!("{name}:x");
    let saved = Command::new("docker").args(["save", &image]).output().unwrap().stdout;
    docker(&["rmi", "-f", &image]);
    let holds = |text: &str| saved.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds("own-dockerfile") || holds("fastapi"), "the search finds what is there");
    assert!(!holds(&secret), "the secret is in a layer or in the image's history");
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_uv_project_ships_by_its_lock() {
    let sandbox = Sandbox::project("uv");
    // The fixture's lock names no real index: the real one is made here.
    std::fs::remove_file(sandbox.root().join("uv.lock")).unwrap();
    sandbox.lock();
    let repository = repository("uv");
    sandbox.pydeploy(&["ship", "--registry", &repository, "--tag", "a"]).ok();
    let container = Container::restricted(&format!("{repository}:a"), &[]);
    container.healthy();
    container.exec(&["python", "-c", "import psycopg2, notes.main"]);
}
