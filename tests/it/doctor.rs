//! `doctor`.

use crate::sandbox::Sandbox;

#[test]
fn what_is_missing_has_its_mend() {
    let done = Sandbox::empty().pydeploy(&["doctor"]).env("DOCKER_HOST", "unix:///nonexistent/d.sock").fails(4);
    assert!(done.stdout.contains("✗ engine") && done.stdout.contains("mend: start Docker"), "{done}");
    let document = Sandbox::empty().pydeploy(&["doctor"]).env("DOCKER_HOST", "unix:///nonexistent/d.sock").json();
    assert_eq!(document["schema"], "pydeploy.doctor/1");
    assert_eq!(document["checks"][0]["state"], "broken");
}

#[test]
#[ignore = "needs the bed: docker registry"]
fn what_is_there_is_said() {
    let registry = crate::sandbox::bed("PYDEPLOY_TEST_REGISTRY");
    let done = Sandbox::empty().pydeploy(&["doctor", "--registry", &registry]).ok();
    assert!(done.stdout.contains("✓ engine") && done.stdout.contains("✓ registry"), "{done}");
}
