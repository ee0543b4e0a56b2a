//! `cache`, and what becomes of a cache when things go wrong.

mod killed;

use std::fs;
use std::path::PathBuf;

use crate::sandbox::Sandbox;

/// A cache with a blob and a note in it, made as the program makes them.
fn filled(sandbox: &Sandbox) -> PathBuf {
    use pydeploy::cache::{Cache, Key, Kind};
    let root = sandbox.beside("cache");
    let cache = Cache::open(&root).unwrap();
    let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".parse().unwrap();
    cache.receive(&empty, 0).unwrap().finish().unwrap();
    cache.keep(Kind::Layer, &Key::new("test"), &"x".repeat(2_000_000)).unwrap();
    root
}

#[test]
fn what_is_kept_is_shown_and_pruned() {
    let sandbox = Sandbox::empty();
    let root = filled(&sandbox);
    let run = |args: &[&str]| sandbox.pydeploy(args).env("PYDEPLOY_CACHE", &root);
    let shown = run(&["cache"]).ok().stdout;
    for text in [root.to_str().unwrap(), "2.0 MB in 2 entries", "notes on layers", "(1) used today", "limit  10.0 GB"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let document = run(&["cache"]).json();
    assert_eq!((&document["schema"], &document["pruned"]), (&"pydeploy.cache/1".into(), &serde_json::Value::Null));
    assert_eq!(document["entries"][0]["what"], "layer");
    assert!(document["entries"][0]["lastUsed"].as_str().unwrap().ends_with('Z'));
    let kept = run(&["cache", "prune"]).ok();
    assert!(kept.stdout.starts_with("removed 0 entries, 0 B; 2.0 MB are left"), "{kept}");
    let document = run(&["cache", "prune", "--keep", "1 MB"]).json();
    assert_eq!(document["pruned"]["bytes"].as_u64().map(|bytes| bytes > 2_000_000), Some(true), "{document}");
    let pruned = run(&["cache", "prune", "--all"]).ok();
    assert!(pruned.stdout.contains("0 B are left"), "{pruned}");
    assert_eq!(run(&["cache"]).json()["entries"], serde_json::json!([]));
}

#[test]
fn it_is_where_the_platform_keeps_caches() {
    let sandbox = Sandbox::empty();
    let caches = sandbox.beside("caches");
    // An empty variable says nothing.
    let run = |sandbox: &Sandbox| {
        sandbox.pydeploy(&["cache"]).env("XDG_CACHE_HOME", &caches).env("PYDEPLOY_CACHE", "").json()
    };
    assert_eq!(run(&sandbox)["root"], caches.join("pydeploy").to_str().unwrap());
    // A project may have a place of its own.
    let sandbox = sandbox.file("pydeploy.toml", "cache = \"mine\"\n");
    assert_eq!(run(&sandbox)["root"], sandbox.root().join("mine").to_str().unwrap());
}

#[test]
fn a_folder_that_is_no_cache_is_left_alone() {
    let sandbox = Sandbox::empty().file("thesis.txt", "years of work");
    let run = || sandbox.pydeploy(&["cache", "prune", "--all"]);
    run().env("PYDEPLOY_CACHE", sandbox.root()).fails(4).says(&["is no cache of pydeploy", "PYDEPLOY_CACHE"]);
    assert!(sandbox.root().join("thesis.txt").is_file());
    run().env("PYDEPLOY_CACHE", "/proc/none").fails(4).says(&["could not write /proc/none"]);
    for (size, says) in [("2 parsecs", "is no size"), ("-1", "")] {
        sandbox.pydeploy(&["cache", "prune", "--keep", size]).fails(2).says(&[says]);
    }
    sandbox.pydeploy(&["cache", "prune", "--keep", "1GB", "--all"]).fails(2);
}

#[cfg(unix)]
#[test]
fn a_cache_of_everyone_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::empty();
    let root = filled(&sandbox);
    fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
    sandbox.pydeploy(&["cache"]).env("PYDEPLOY_CACHE", &root).fails(4).says(&["everyone", "chmod o-w"]);
}
