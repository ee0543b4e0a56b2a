//! The fixtures' manifests: what `pydeploy ship` writes, of images that were really built and pushed.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::golden::FIXTURES;
use crate::sandbox::{Sandbox, repository};

/// The one base of the bed that has packages to install from.
const BASE: &str = "python:3.13-slim";

/// Ships every fixture in every variant that gets manifests, into a folder of its own in `folder`; their names.
pub(crate) fn ship_all(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (fixture, variants) in FIXTURES {
        for (variant, words) in *variants {
            let name = if variant.is_empty() { (*fixture).to_owned() } else { format!("{fixture}.{variant}") };
            let sandbox = Sandbox::project(fixture);
            let plan = sandbox.pydeploy(&[&["plan"], *words].concat()).json();
            match plan["image"]["strategy"].as_str() {
                // It runs as root.
                Some("naive") => {}
                // The bed's musl base has no apk to install from. The promises are the same, and so are the manifests.
                Some("alpine") => assert_eq!(promises(&plan), promises(&sandbox.pydeploy(&["plan"]).json()), "{name}"),
                _ => {
                    ship(&sandbox, &name, words, &plan, &folder.join(&name));
                    names.insert(name);
                }
            }
        }
    }
    names
}

fn promises(plan: &Value) -> [&Value; 3] {
    ["user", "ports", "healthcheck"].map(|key| &plan["image"][key])
}

fn ship(sandbox: &Sandbox, name: &str, words: &[&str], plan: &Value, out: &Path) {
    let lock = sandbox.root().join("uv.lock");
    if lock.exists() {
        // The fixture's lock names no real index: the real one is made here.
        std::fs::remove_file(lock).unwrap();
        sandbox.lock();
    }
    if sandbox.root().join("pylock.toml").exists() {
        sandbox.lock_for_any();
    }
    let repository = repository(name);
    let mut args = vec!["ship", "--registry", &repository, "--tag", "a", "--out", out.to_str().unwrap()];
    args.extend(words);
    let embedded = crate::embedded::base();
    if plan["image"]["engine"] == "embedded" && plan["image"]["base"] == BASE {
        args.extend(["--engine", "embedded", "--base", &embedded]);
    } else if plan["image"]["base"].as_str().is_some_and(|base| base != BASE) {
        args.extend(["--base", BASE]);
    }
    // Names of their own: a checker must not take one fixture's policy for another's.
    sandbox.pydeploy(&args).env("PYDEPLOY_NAME", name.replace('.', "-")).ok();
}
