//! Interrupts: in each stage Ctrl-C ends at once, with 130, and leaves nothing half-written.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::proxy::{Proxy, Upstream};
use crate::sandbox::{Run, Sandbox, bed, repository};

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Starts the run, waits for a line of progress that holds `mark`, interrupts, and gives what was said.
pub(crate) fn interrupted(run: Run, mark: &str, with: &str) -> String {
    let mut child = run.start();
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains(mark) {
        let mut line = String::new();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "ended before {mark:?}: {said}");
        said.push_str(&line);
    }
    std::thread::sleep(Duration::from_millis(300));
    let sent = Instant::now();
    signal(&child, with);
    let status = child.wait().unwrap();
    let took = sent.elapsed();
    reader.read_to_string(&mut said).unwrap();
    assert_eq!(status.code(), Some(130), "{said}");
    // Not a measure of speed: a step that ran on would take the five minutes that it sleeps.
    assert!(took < Duration::from_secs(20), "took {took:?}: {said}");
    assert!(said.contains("interrupted"), "{said}");
    said
}

/// Whether a process of this machine sleeps exactly so long: the step's own sign.
fn sleeps(seconds: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok()).any(|c| {
        let words: Vec<_> = c.split(|b| *b == 0).collect();
        words.starts_with(&[b"sleep".as_slice(), seconds.as_bytes()])
    })
}

fn gone(seconds: &str) {
    for _ in 0..100 {
        if !sleeps(seconds) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the step still runs in the engine");
}

fn sleeping(seconds: &str) -> Sandbox {
    let text = format!("FROM python:3.13-slim\nRUN echo {seconds} && sleep {seconds}\nUSER 1:1\n");
    Sandbox::project("own-dockerfile").file("Dockerfile", text)
}

#[test]
#[ignore = "needs the bed: docker base"]
fn while_building_in_an_engine() {
    let sandbox = sleeping("301");
    let run = sandbox.pydeploy(&["ship", "--registry", "127.0.0.1:1/x", "--tag", "a", "--progress", "plain"]);
    interrupted(run, "RUN echo", "-INT");
    gone("301");
    assert!(!sandbox.root().join(".pydeploy").exists());
}

#[test]
#[ignore = "needs the bed: docker base buildkit"]
fn while_building_in_a_standalone_daemon() {
    let sandbox = sleeping("302");
    let run = sandbox.pydeploy(&["build", "--progress", "plain"]).env("BUILDKIT_HOST", bed("PYDEPLOY_TEST_BUILDKIT"));
    interrupted(run, "RUN echo", "-TERM");
    gone("302");
}

#[test]
#[ignore = "needs the bed: docker base"]
fn while_sending_the_context() {
    // Large enough that the engine is still writing it when the signal comes.
    let sandbox = Sandbox::project("own-dockerfile")
        .file("Dockerfile", "FROM scratch\nCOPY large.bin /\nUSER 1:1\n")
        .file("pydeploy.toml", "include = [\"large.bin\"]\n");
    std::fs::File::create(sandbox.root().join("large.bin")).unwrap().set_len(8 << 30).unwrap();
    let run = sandbox.pydeploy(&["build", "--tag", "x", "--progress", "json"]);
    interrupted(run, "load build context", "-INT");
}

#[test]
fn while_reading_the_project() {
    // Without git and without a tag, the tag is a digest of the content, and there is much of that.
    let sandbox = Sandbox::project("own-dockerfile").file("pydeploy.toml", "include = [\"large.bin\"]\n");
    std::fs::File::create(sandbox.root().join("large.bin")).unwrap().set_len(64 << 30).unwrap();
    let run = sandbox.pydeploy(&["ship", "--registry", "127.0.0.1:1/x", "-v"]);
    interrupted(run, "Reading", "-INT");
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn while_pushing() {
    let proxy = Proxy::start(&bed("PYDEPLOY_TEST_REGISTRY"), Upstream::Stalls);
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", "FROM python:3.13-slim\nUSER 1:1\n");
    let repository = format!("{}/stalled", proxy.address());
    let run = sandbox.pydeploy(&["ship", "--registry", &repository, "--tag", "a", "--progress", "plain"]);
    interrupted(run, "Pushing to", "-INT");
    assert!(!sandbox.root().join(".pydeploy").exists());
}

#[test]
fn while_reading_an_image_from_a_registry() {
    let proxy = Proxy::start("127.0.0.1:1", Upstream::Stalls);
    let sandbox = Sandbox::empty();
    let image = format!("{}/stalled:a", proxy.address());
    let mut child = sandbox.pydeploy(&["manifests", "--image", &image, "--out", "k8s"]).start();
    while proxy.connections() == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!sandbox.root().join("k8s").exists());
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_second_ship_after_an_interrupt_works() {
    let sandbox = sleeping("303");
    let repository = repository("again");
    let args = ["ship", "--registry", &repository, "--tag", "a", "--progress", "plain"];
    interrupted(sandbox.pydeploy(&args), "RUN echo", "-INT");
    let sandbox = sandbox.file("Dockerfile", "FROM python:3.13-slim\nUSER 1:1\n");
    sandbox.pydeploy(&args).ok();
}
