//! A place in the cluster: a namespace of a test's own, and the applications that tests put there.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

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
        // Before it has one, a Pod is refused.
        self.until(&["get", "serviceaccount", "default", "-o", "name"], 30, |said| !said.is_empty());
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

    /// Applies what stands there.
    pub(crate) fn apply(&self, text: &str) {
        let done = self.piped(&["apply", "-f", "-"], text);
        assert!(done.status.success(), "{}\n{text}", String::from_utf8_lossy(&done.stderr));
    }

    /// kubectl with this on its standard input.
    pub(crate) fn piped(&self, args: &[&str], text: &str) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Asks until the answer is right; gives the last one, which must be.
    pub(crate) fn until(&self, args: &[&str], seconds: u32, is_right: impl Fn(&str) -> bool) -> String {
        let mut said = String::new();
        for _ in 0..seconds * 4 {
            said = String::from_utf8(self.command(args).output().unwrap().stdout).unwrap();
            if is_right(&said) {
                return said;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        panic!("kubectl {args:?} did not come to it within {seconds} s: {said}");
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
