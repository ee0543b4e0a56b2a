//! The minimal strategy from end to end: Python from a Debian archive, dependencies from a package index, no base image.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::sandbox::{Container, Sandbox, docker, repository};

fn ship(sandbox: &Sandbox, target: &str, more: &[&str]) -> Value {
    let args = [&["ship", "--engine", "embedded", "--strategy", "minimal", "--tag", "a", "--registry", target], more];
    let document = sandbox.pydeploy(&args.concat()).json();
    assert_eq!(document["schema"], "pydeploy.ship/1", "{document:#}");
    document
}

/// The size of an image's files and of their layers, in bytes: of bytecode, and of all else.
#[derive(Debug, Default)]
struct Size {
    bytecode: u64,
    others: u64,
    others_compressed: u64,
    compressed: u64,
}

fn measure(layout: &Path, document: &Value) -> Size {
    let mut size = Size::default();
    let mut without = GzEncoder::new(Vec::new(), Compression::new(6));
    for layer in document["image"]["layers"].as_array().unwrap() {
        size.compressed += layer["size"].as_u64().unwrap();
        let digest = layer["digest"].as_str().unwrap().trim_start_matches("sha256:");
        let blob = File::open(layout.join("blobs/sha256").join(digest)).unwrap();
        let mut archive = tar::Archive::new(MultiGzDecoder::new(blob));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let is_bytecode = entry.path_bytes().ends_with(b".pyc");
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            if is_bytecode {
                size.bytecode += content.len() as u64;
            } else {
                size.others += content.len() as u64;
                without.write_all(&content).unwrap();
            }
        }
    }
    size.others_compressed = without.finish().unwrap().len() as u64;
    size
}

#[test]
#[ignore = "needs the bed: docker, a Debian archive, a package index"]
fn the_example_is_small_runs_and_needs_no_base() {
    let sandbox = Sandbox::project("api");
    let layout = sandbox.beside("layout");
    let document = ship(&sandbox, &format!("oci:{}", layout.display()), &[]);
    let size = measure(&layout, &document);
    println!("{size:?}");
    assert!(size.others <= 70_000_000 && size.others + size.bytecode <= 90_000_000, "{size:?}");
    assert!(size.others_compressed <= 25_000_000 && size.compressed <= 32_000_000, "{size:?}");
    assert_eq!(document["image"]["size"]["unpacked"].as_u64(), Some(size.others + size.bytecode));

    // The same image in a registry, and from there in an engine.
    let repository = repository("minimal");
    let again = ship(&sandbox, &repository, &[]);
    assert_eq!(again["image"]["digest"], document["image"]["digest"]);
    let reference = again["image"]["reference"].as_str().unwrap();
    docker(&["pull", "-q", reference]);
    let container = Container::restricted(reference, &[]);
    container.healthy();
    let python = |program: &str| container.exec(&["python", "-c", program]);
    assert_eq!(python("import os, pwd; print(pwd.getpwuid(os.getuid()).pw_name, os.getgid())"), "appuser 1000");
    let imports = "ssl, sqlite3, ctypes, lzma, bz2, readline, uuid, zoneinfo, psycopg";
    assert_eq!(python(&format!("import {imports}; print(zoneinfo.ZoneInfo('Europe/Berlin'))")), "Europe/Berlin");
    let authorities = python("import ssl; print(len(ssl.create_default_context().get_ca_certs()))");
    assert!(authorities.parse::<u32>().unwrap() > 50, "{authorities}");
}

#[test]
#[ignore = "needs the bed: a Debian archive, a package index"]
fn several_platforms_are_one_index_and_need_no_emulation() {
    let sandbox = Sandbox::project("api");
    let layout = sandbox.beside("layout");
    let target = format!("oci:{}", layout.display());
    let document = ship(&sandbox, &target, &["--platform", "linux/amd64,linux/arm64"]);
    assert_eq!(document["image"]["platforms"], serde_json::json!(["linux/amd64", "linux/arm64"]), "{document:#}");
    // A program of the other platform is one.
    let contract = sandbox.pydeploy(&["contract", &target]).json();
    assert_eq!(contract["platforms"].as_array().unwrap().len(), 2, "{contract:#}");
    assert_eq!(contract["user"]["uid"], 1000);
}

#[test]
#[ignore = "needs the bed: a Debian archive, a package index"]
fn the_lock_holds_the_packages_until_it_is_told_to_move() {
    let sandbox = Sandbox::project("api");
    let target = format!("oci:{}", sandbox.beside("layout").display());
    let first = ship(&sandbox, &target, &[]);
    let lock = std::fs::read_to_string(sandbox.root().join("pydeploy.lock")).unwrap();
    assert!(lock.contains("name = \"python3.13-minimal\"") && lock.contains("sha256 = "), "{lock}");
    // Without a cache, from the lock alone: no index is asked for what it has now.
    let args = ["ship", "--engine", "embedded", "--strategy", "minimal", "--tag", "a", "--registry", &target];
    let cold = sandbox.beside("another-cache");
    let again = sandbox.pydeploy(&args).env("PYDEPLOY_CACHE", &cold).ok();
    assert!(!again.stderr.contains("Packages"), "{again}");
    assert!(again.stdout.contains(first["image"]["digest"].as_str().unwrap()), "{again}");
    assert_eq!(std::fs::read_to_string(sandbox.root().join("pydeploy.lock")).unwrap(), lock);
    // Another lock is another image, whatever was made before: here, one that holds a version that is nowhere.
    let odd = lock.replacen("version = \"6.", "version = \"5.", 1).replacen("sha256 = \"", "sha256 = \"0", 1);
    std::fs::write(sandbox.root().join("pydeploy.lock"), odd).unwrap();
    assert_ne!(sandbox.pydeploy(&args).run().code, 0);
    std::fs::write(sandbox.root().join("pydeploy.lock"), &lock).unwrap();
    // What it lacks is added, and nothing else moves; what dependencies lack of libraries, too.
    let more = sandbox
        .file("pydeploy.toml", "system-packages = [\"libmagic1t64\"]\n")
        .file("requirements.txt", "numpy==2.3.2\nfastapi==0.115.12\nuvicorn==0.34.2\npsycopg[binary]==3.2.9\n");
    more.pydeploy(&args).ok().says(&["libstdc++6 is added", "libstdc++.so.6"]);
    let longer = std::fs::read_to_string(more.root().join("pydeploy.lock")).unwrap();
    assert!(longer.contains("\"libmagic1t64\"") && longer.contains("\"libstdc++6\""), "{longer}");
    assert!(lock.lines().all(|line| longer.lines().any(|other| other == line)), "{longer}");
    let again = more.pydeploy(&args).ok();
    assert!(!again.stderr.contains("Packages"), "{again}");
}

#[test]
fn what_the_minimal_strategy_can_not_do_is_said() {
    let sandbox = Sandbox::project("api");
    let minimal = |more: &[&str]| {
        let args = [&["ship", "--engine", "auto", "--strategy", "minimal", "--registry", "oci:x"], more].concat();
        sandbox.pydeploy(&args).run()
    };
    for (more, code, text) in [
        (&["--base", "python:3.13-slim"][..], 2, "has no base image"),
        (&["--platform", "linux"], 2, "platforms with commas between"),
        (&["--build-secret", "id=netrc,src=netrc"], 2, "no installing step"),
    ] {
        let done = minimal(more);
        assert_eq!(done.code, code, "{done}");
        assert!(done.stderr.contains(text), "{done}");
    }
    let args = ["ship", "--engine", "buildkit", "--strategy", "minimal", "--registry", "registry.example/x"];
    sandbox.pydeploy(&args).fails(2).says(&["can't build this", "--strategy multi-stage"]);
    sandbox.pydeploy(&["build", "--strategy", "minimal", "--dockerfile-only"]).fails(2).says(&["no Dockerfile"]);
    let sandbox = sandbox.file(".python-version", "3.12\n");
    let args = ["plan", "--strategy", "minimal"];
    sandbox.pydeploy(&args).fails(3).says(&["no Debian has Python 3.12", "3.13 (Debian 13 (trixie))"]);
}
