//! Frameworks: every fixture comes up under the limits of a restricted Pod, with no setting.

use crate::embedded::base;
use crate::golden::FIXTURES;
use crate::sandbox::{Container, Sandbox, docker, repository};

#[test]
#[ignore = "needs the bed: docker registry buildkit, and a package index"]
fn every_fixture_is_healthy_under_the_limits_of_its_manifest() {
    let base = base();
    let mut healthy = Vec::new();
    for (name, _) in FIXTURES {
        let sandbox = Sandbox::project(name);
        let plan = sandbox.pydeploy(&["plan"]).json();
        // The locks of these name an index that is nowhere: managers.rs and wheels.rs lock them and start them.
        let lock = plan["project"]["lock"].as_str();
        let is_locked = lock.is_some_and(|lock| [".lock", "pylock.toml"].iter().any(|end| lock.ends_with(end)));
        if is_locked || *name == "workspace" {
            continue;
        }
        let to = repository(&format!("framework-{name}"));
        let mut args = vec!["ship", "--tag", "a", "--registry", &to];
        if plan["image"]["engine"] == "embedded" {
            args.extend(["--engine", "embedded", "--base", &base]);
        } else {
            args.extend(["--base", "python:3.13-slim"]);
        }
        // The bed has one Python.
        let document = sandbox.pydeploy(&args).env("PYDEPLOY_PYTHON", "3.13").json();
        assert_eq!(document["schema"], "pydeploy.ship/1", "{name}: {document:#}");
        let reference = document["image"]["reference"].as_str().unwrap();
        docker(&["pull", "-q", reference]);
        println!("{name}: {reference}");
        // In a cluster a startup probe bears what takes long to import.
        let limits = ["--memory", "512m", "--health-start-period", "60s"];
        let container = Container::restricted(reference, &limits);
        if plan["project"]["kind"] == "web" {
            container.healthy();
        } else {
            // A worker without its queue tries again and again, or has asked for it and gives up: RQ's, after 5 s.
            std::thread::sleep(std::time::Duration::from_secs(5));
            let runs = docker(&["inspect", "-f", "{{.State.Running}}", &container.0]) == "true";
            let said = container.errors();
            assert!(runs || said.contains("connecting to"), "{name}: {said}");
        }
        healthy.push(*name);
    }
    println!("{} came up: {}", healthy.len(), healthy.join(", "));
    assert!(healthy.len() >= 15, "{healthy:?}");
}
