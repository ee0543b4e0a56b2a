//! The context, as a real engine receives it.

use crate::sandbox::{Sandbox, docker};

/// A Dockerfile that prints what it was sent.
const LISTING: &str = "FROM python:3.13-slim\nCOPY . /ctx\nRUN cd /ctx && find . -type f | sort > /list\nUSER 1:1\n";

fn listing(sandbox: &Sandbox, tag: &str) -> Vec<String> {
    let name = format!("context-{tag}-{}", std::process::id());
    let tags = ["build", "--tag", "x"];
    sandbox.pydeploy(&tags).env("PYDEPLOY_NAME", &name).ok();
    let list = docker(&["run", "--rm", &format!("{name}:x"), "cat", "/list"]);
    docker(&["rmi", "-f", &format!("{name}:x")]);
    list.lines().map(|l| l.trim_start_matches("./").to_owned()).collect()
}

#[test]
#[ignore = "needs the bed: docker base"]
fn no_secret_and_no_data_reaches_the_engine() {
    let sandbox = Sandbox::empty()
        .file("Dockerfile", LISTING)
        .file("app.py", "")
        .file(".env", "TOKEN=1")
        .file("deploy/.env.production", "TOKEN=2")
        .file("id_rsa", "key")
        .file("certs/server.pem", "-----BEGIN EC PRIVATE KEY-----\n")
        .file("certs/ca.pem", "-----BEGIN CERTIFICATE-----\n")
        .file(".git/config", "[remote]")
        .file(".venv/bin/python", "")
        .file("pkg/__pycache__/a.cpython-313.pyc", "")
        .file("tests/test_app.py", "")
        .file(".dockerignore", "*.csv\n!keep.csv\n!.env\n")
        .file("big.csv", "")
        .file("keep.csv", "");
    // 2 GB of data, which take no place on this disk.
    std::fs::File::create(sandbox.root().join("data.bin")).unwrap().set_len(2 << 30).unwrap();
    let done = sandbox.pydeploy(&["build", "--tag", "x"]).ok();
    for named in [".env", "deploy/.env.production", "id_rsa", "certs/server.pem", "data.bin"] {
        assert!(done.stderr.contains(&format!("{named} stays out of the build")), "{named}: {done}");
    }
    let sent = listing(&sandbox, "secrets");
    assert_eq!(sent, [".dockerignore", "Dockerfile", "app.py", "certs/ca.pem", "keep.csv", "tests/test_app.py"]);
}

#[test]
#[ignore = "needs the bed: docker base"]
fn the_setting_include_sends_what_is_held_by_default() {
    let sandbox = Sandbox::empty()
        .file("Dockerfile", LISTING)
        .file(".env.example", "TOKEN=")
        .file("pydeploy.toml", "include = [\".env.example\"]\n");
    assert_eq!(listing(&sandbox, "include"), [".env.example", "Dockerfile", "pydeploy.toml"]);
}

#[test]
#[ignore = "needs the bed: docker base"]
fn links_and_modes_arrive_as_they_are_and_a_generated_image_can_read_everything() {
    let sandbox = Sandbox::project("fastapi").file("private.txt", "read me").file("run.sh", "#!/bin/sh\n");
    let set = |path: &str, mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(sandbox.root().join(path), permissions).unwrap();
    };
    set("private.txt", 0o600);
    set("run.sh", 0o700);
    std::os::unix::fs::symlink("private.txt", sandbox.root().join("link.txt")).unwrap();
    let name = format!("modes-{}", std::process::id());
    sandbox.pydeploy(&["build", "--tag", "x"]).env("PYDEPLOY_NAME", &name).ok();
    let image = format!("{name}:x");
    assert_eq!(docker(&["run", "--rm", &image, "cat", "link.txt"]), "read me");
    let modes = docker(&["run", "--rm", &image, "stat", "-c", "%a %F", "private.txt", "run.sh", "link.txt"]);
    assert_eq!(modes, "644 regular file\n755 regular file\n777 symbolic link");
    docker(&["rmi", "-f", &image]);
}

#[test]
#[ignore = "needs the bed: docker base"]
fn only_what_changed_is_sent_again() {
    let sandbox = Sandbox::empty().file("Dockerfile", LISTING).file("a.bin", vec![1; 1 << 20]).file("b.txt", "one");
    let sent = || {
        let document = sandbox.pydeploy(&["build", "--tag", "x"]).json();
        (document["context"]["files"].as_u64().unwrap(), document["context"]["bytes"].as_u64().unwrap())
    };
    sent();
    std::fs::write(sandbox.root().join("b.txt"), "two!").unwrap();
    assert_eq!(sent(), (1, 4));
    assert_eq!(sent(), (0, 0));
}
