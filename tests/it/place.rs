//! A place in the cluster: a namespace of a test's own, and the applications that tests put there.

use std::fs::File;
use std::process::Command;

use serde_json::Value;

use crate::sandbox::{Run, Sandbox, bed, docker, repository};

/// What Pods start in a second, as the user that the image names.
const IMAGE: &str = "FROM python:3.13-slim\nCOPY main.py /\nUSER 1000:1000\nEXPOSE 8000\n";
pub(crate) const SERVER: &str = "CMD [\"python3\", \"-m\", \"http.server\", \"8000\", \"--directory\", \"/tmp\"]\n";
pub(crate) const CHECK: &str = "HEALTHCHECK --interval=1s --retries=3 CMD [\"python3\", \"-c\", \"import urllib.request as u; \
                     u.urlopen('http://localhost:8000/', timeout=2)\"]\n";

/// A test's turn at the cluster: most share it, and who breaks it has it alone.
pub(crate) struct Turn(#[allow(dead_code)] File);

impl Turn {
    /// With others.
    pub(crate) fn shared() -> Self {
        let file = Self::file();
        file.lock_shared().unwrap();
        Self(file)
    }

    /// Alone: once those who share it are done.
    pub(crate) fn alone() -> Self {
        let file = Self::file();
        file.lock().unwrap();
        Self(file)
    }

    fn file() -> File {
        let path = std::env::temp_dir().join("pydeploy-test-cluster-turn");
        File::options().create(true).append(true).open(path).unwrap()
    }
}

/// A namespace of the test's own; it goes when this is dropped.
pub(crate) struct Place {
    pub(crate) name: String,
    _turn: Turn,
}

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        Self::unmade(name).made()
    }

    pub(crate) fn unmade(name: &str) -> Self {
        Self { name: format!("pydeploy-{name}-{}", std::process::id()), _turn: Turn::shared() }
    }

    /// One for a test that makes the cluster fail.
    pub(crate) fn alone(name: &str) -> Self {
        Self { name: format!("pydeploy-{name}-{}", std::process::id()), _turn: Turn::alone() }.made()
    }

    fn made(self) -> Self {
        self.kubectl(&["create", "namespace", &self.name]);
        self
    }

    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(bed("PYDEPLOY_TEST_KUBECTL"));
        command.args(["--kubeconfig", &bed("PYDEPLOY_TEST_KUBECONFIG"), "-n", &self.name]).args(args);
        command
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.kubectl(&[args, &["-o", "json"]].concat())).unwrap()
    }

    /// `pydeploy` with these words, in this namespace.
    pub(crate) fn pydeploy(&self, sandbox: &Sandbox, args: &[&str]) -> Run {
        let kubeconfig = bed("PYDEPLOY_TEST_KUBECONFIG");
        sandbox.pydeploy(&[args, &["--kubeconfig", &kubeconfig, "-n", &self.name]].concat())
    }

    /// `pydeploy deploy` of an image into this namespace.
    pub(crate) fn deploy(&self, sandbox: &Sandbox, image: &str, args: &[&str]) -> Run {
        let kubeconfig = bed("PYDEPLOY_TEST_KUBECONFIG");
        let fixed = ["deploy", "--image", image, "--kubeconfig", &kubeconfig, "-n", &self.name, "--insecure-registry"];
        sandbox.pydeploy(&[&fixed, args].concat())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.command(&["delete", "namespace", &self.name, "--wait=false", "--ignore-not-found"]).output();
    }
}

/// A project whose Dockerfile ends so.
pub(crate) fn project(end: &str) -> Sandbox {
    let settings = "name = \"api\"\n[health]\nall-interfaces = true\nno-redirects = true\n";
    Sandbox::project("own-dockerfile").file("Dockerfile", format!("{IMAGE}{end}")).file("pydeploy.toml", settings)
}

/// An image in the bed's registry, made of that project.
pub(crate) fn image(sandbox: &Sandbox, name: &str) -> String {
    let name = format!("{}:1", repository(name));
    docker(&["build", "-q", "-t", &name, &sandbox.root().display().to_string()]);
    docker(&["push", "-q", &name]);
    name
}

/// Waits for what comes of itself.
pub(crate) fn until(is_so: impl Fn() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("it did not come within 30 s");
}
