//! Registries as users have them: with TLS under a CA of their own, with a password; and what goes over the wire.

use crate::proxy::{Proxy, Upstream};
use crate::sandbox::{Sandbox, bed};

fn password() -> String {
    std::fs::read_to_string(bed("PYDEPLOY_TEST_REGISTRY_TLS_PASSWORD_FILE")).unwrap().trim().to_owned()
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn ships_with_a_password_from_the_environment_and_a_ca_from_a_flag() {
    let repository = format!("{}/from-environment-{}", bed("PYDEPLOY_TEST_REGISTRY_TLS"), std::process::id());
    let ca = bed("PYDEPLOY_TEST_REGISTRY_TLS_CA");
    let sandbox = Sandbox::tiny();
    let run =
        sandbox.pydeploy(&["ship", "--registry", &repository, "--registry-ca", &ca, "--tag", "a", "--tag", "b", "-v"]);
    let done = run
        .env("PYDEPLOY_REGISTRY_USERNAME", bed("PYDEPLOY_TEST_REGISTRY_TLS_USER"))
        .env("PYDEPLOY_REGISTRY_PASSWORD", password())
        .ok();
    assert!(done.stdout.starts_with(&format!("{repository}@sha256:")), "{done}");
    assert!(!format!("{done}").contains(&password()), "the password was printed");
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn ships_with_a_password_from_dockers_configuration_or_its_helper() {
    let host = bed("PYDEPLOY_TEST_REGISTRY_TLS");
    let repository = format!("{host}/from-config-{}", std::process::id());
    let ca = bed("PYDEPLOY_TEST_REGISTRY_TLS_CA");
    let user = bed("PYDEPLOY_TEST_REGISTRY_TLS_USER");
    let sandbox = Sandbox::tiny();
    let args = ["ship", "--registry", &repository, "--registry-ca", &ca, "--tag", "a"];
    let config = sandbox.beside("docker-config/config.json");
    std::fs::write(
        &config,
        serde_json::json!({"auths": {&host: {"username": user, "password": password()}}}).to_string(),
    )
    .unwrap();
    sandbox.pydeploy(&args).ok();
    // A helper by that name, first on PATH.
    std::fs::write(&config, serde_json::json!({"credHelpers": {&host: "test"}}).to_string()).unwrap();
    let helper = sandbox.beside("docker-config/docker-credential-test");
    let answer = serde_json::json!({"ServerURL": host, "Username": user, "Secret": password()});
    std::fs::write(&helper, format!("#!/bin/sh\ncat >/dev/null\ncat <<'E'\n{answer}\nE\n")).unwrap();
    std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", helper.parent().unwrap().display(), std::env::var("PATH").unwrap());
    sandbox.pydeploy(&args).env("PATH", path).ok();
    sandbox.pydeploy(&args).fails(4).says(&["docker-credential-test"]);
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn an_authority_that_is_not_trusted_is_refused() {
    let repository = format!("{}/untrusted", bed("PYDEPLOY_TEST_REGISTRY_TLS"));
    let done = Sandbox::empty().pydeploy(&["manifests", "--image", &repository]).fails(6);
    done.says(&["trusted connection", "registry-ca"]);
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn nothing_that_the_registry_has_is_sent_again() {
    let proxy = Proxy::start(&bed("PYDEPLOY_TEST_REGISTRY"), Upstream::Works);
    let repository = format!("{}/again-{}", proxy.address(), std::process::id());
    let sandbox = Sandbox::tiny();
    let args = ["ship", "--registry", &repository, "--tag", "a"];
    sandbox.pydeploy(&args).ok();
    let before = proxy.sent();
    let document = sandbox.pydeploy(&args).json();
    assert_eq!(document["image"]["pushed"]["bytes"], 0);
    // Requests and the manifest alone: no layer has so few bytes as this image's smallest with all their heads.
    assert!(proxy.sent() - before < 20_000, "{} bytes were sent", proxy.sent() - before);
    let before = proxy.sent();
    let sandbox = sandbox.file("main.py", "print('changed')\n");
    let document = sandbox.pydeploy(&args).json();
    let uploaded = document["image"]["pushed"]["bytes"].as_u64().unwrap();
    assert!(uploaded > 0 && uploaded < 2_000, "{document:#}");
    assert!(proxy.sent() - before < 30_000, "{} bytes were sent", proxy.sent() - before);
}
