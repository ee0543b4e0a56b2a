//! `doctor`.

use crate::sandbox::Sandbox;

#[test]
fn what_is_missing_has_its_mend() {
    // Without an engine there is still our own.
    let sandbox = Sandbox::empty();
    let doctor = || sandbox.pydeploy(&["doctor"]).env("DOCKER_HOST", "unix:///nonexistent/d.sock");
    let done = doctor().ok();
    assert!(done.stdout.contains("– engine") && done.stdout.contains("mend: start Docker"), "{done}");
    let document = doctor().json();
    assert_eq!(document["schema"], "pydeploy.doctor/1");
    assert_eq!(document["checks"][2]["state"], "missing");
    let done = doctor().env("PYDEPLOY_CACHE", "/proc").fails(4);
    assert!(done.stdout.contains("✗ cache"), "{done}");
}

#[test]
#[ignore = "needs the bed: docker registry"]
fn what_is_there_is_said() {
    let registry = crate::sandbox::bed("PYDEPLOY_TEST_REGISTRY");
    let done = Sandbox::empty().pydeploy(&["doctor", "--registry", &registry]).ok();
    assert!(done.stdout.contains("✓ engine") && done.stdout.contains("✓ registry"), "{done}");
}
