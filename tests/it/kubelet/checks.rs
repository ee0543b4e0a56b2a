//! Checks as the compiler has them: what Docker's checker runs, a kubelet runs too, word for word.

use serde_json::json;

use crate::place::Place;
use crate::sandbox::{Container, Sandbox, docker, repository};

/// What a check finds where it runs. Each `$` is one that something on the way could take for its own.
const FINDS: &str = "printf '%s|' '$(FOO)' '$$(FOO)' '$FOO' '$$' \"$FOO\" \"${FOO}$(echo x)\" \"$OWN\" \"$PASSWORD\" \
                     \"$PWD\" \"$(pwd)\" \"$(id -u):$(id -g)\" >/tmp/found";

/// Deploys an image with that check, and gives what the check found there and under Docker.
fn found(place: &Place, name: &str, check: &str) -> (String, String) {
    let text = format!(
        "FROM python:3.13-slim\nENV OWN=image\nWORKDIR /srv\nRUN printf '#!/bin/sh\\n%s\\n' {quoted} >check && chmod +x \
         check\nUSER 1000:1000\nCMD [\"sleep\", \"10000\"]\nHEALTHCHECK --interval=1s {check}\n",
        quoted = shlex::try_quote(FINDS).unwrap(),
    );
    let settings = format!(
        "name = \"{name}\"\n[deploy]\nenv.FOO = \"bar\"\nenv.PASSWORD = {{ secret = \"db\", key = \"password\" }}\n"
    );
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", text).file("pydeploy.toml", settings);
    let image = format!("{}:1", repository(name));
    docker(&["build", "-q", "-t", &image, &sandbox.root().display().to_string()]);
    docker(&["push", "-q", &image]);
    place.deploy(&sandbox, &image, &[]).ok();
    let kubelet = place.kubectl(&["exec", &format!("deployment/{name}"), "--", "cat", "/tmp/found"]);
    let container = Container::restricted(&image, &["-e", "FOO=bar", "-e", "PASSWORD=hunter2"]);
    container.healthy();
    (kubelet, container.exec(&["cat", "/tmp/found"]))
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_compiled_check_finds_what_dockers_finds() {
    let place = Place::new("same-check");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"},
                        "stringData": {"password": "hunter2"}});
    place.apply(&secret.to_string());
    let exec = serde_json::to_string(&["/bin/sh", "-c", FINDS]).unwrap();
    let checks =
        [("shell", format!("CMD {FINDS}")), ("exec", format!("CMD {exec}")), ("relative", "CMD [\"./check\"]".into())];
    std::thread::scope(|scope| {
        for (name, check) in &checks {
            let place = &place;
            scope.spawn(move || {
                let (kubelet, docker) = found(place, name, check);
                assert_eq!(kubelet, docker, "{name}");
                assert!(
                    kubelet.starts_with("$(FOO)|$$(FOO)|$FOO|$$|bar|barx|image|hunter2|/srv|"),
                    "{name}: {kubelet}"
                );
            });
        }
    });
    let deployments = place.kubectl(&["get", "deployments", "-o", "yaml"]);
    assert!(!deployments.contains("supplementalGroupsPolicy"), "nodes before containerd 2 refuse it");
}
