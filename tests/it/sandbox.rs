//! A sandbox: a project in a folder of its own, and the program run on it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The program under test.
pub(crate) const PYDEPLOY: &str = env!("CARGO_BIN_EXE_pydeploy");

/// A project in a temporary folder; gone when dropped.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// An empty project folder, called `project`.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("pydeploy-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("project")).unwrap();
        std::fs::create_dir(folder.path().join("docker-config")).unwrap();
        Self { folder }
    }

    /// A copy of the fixture project of that name.
    pub(crate) fn project(name: &str) -> Self {
        let sandbox = Self::empty();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(name);
        copy(&from, &sandbox.root());
        sandbox
    }

    /// A project that builds in no time.
    pub(crate) fn tiny() -> Self {
        let text = "FROM python:3.13-slim\nCOPY main.py /\nUSER 1000:1000\n";
        Self::project("own-dockerfile").file("Dockerfile", text)
    }

    /// Where the project is.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// A place beside the project.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds or replaces a file.
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let at = self.root().join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
        self
    }

    /// Locks the project with the real uv.
    pub(crate) fn lock(&self) {
        self.lock_with("uv", "uv lock -q");
    }

    /// Locks the project with the real uv for any installer, and for no manager.
    pub(crate) fn lock_for_any(&self) {
        let export = "uv export -q --no-dev --format pylock.toml --output-file pylock.toml";
        self.lock_with("uv", &format!("rm -f pylock.toml && uv lock -q && {export} && rm uv.lock"));
    }

    /// Locks the project with a manager that pip installs, in a container of the base: this machine's Python may be too
    /// old for it.
    pub(crate) fn lock_with(&self, manager: &str, command: &str) {
        let mount = format!("{}:/project", self.root().display());
        let script = format!("pip install -q --root-user-action=ignore {manager} && cd /project && {command}");
        let pip = "pydeploy-test-pip:/root/.cache";
        // Some bring authorities of their own; the base's are those that its index is known by.
        let trust = "REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt";
        docker(&["run", "--rm", "-e", trust, "-v", &mount, "-v", pip, "python:3.13-slim", "sh", "-c", &script]);
    }

    /// The program with these words, ready to run in the project's folder, with nothing of the machine's own settings.
    pub(crate) fn pydeploy(&self, args: &[&str]) -> Run {
        let mut command = Command::new(PYDEPLOY);
        command.args(args).current_dir(self.root()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|n| n.starts_with("PYDEPLOY_") || n == "BUILDKIT_HOST" || n == "CI") {
                command.env_remove(name);
            }
        }
        command.env("DOCKER_CONFIG", self.beside("docker-config")).env("NO_COLOR", "1");
        command.env("PYDEPLOY_CACHE", self.beside("cache"));
        // Official images are out of a test's reach: those of the bed are in its engine. What the embedded engine does
        // is for the tests that name it.
        if args.first().is_some_and(|verb| ["ship", "build", "push", "check"].contains(verb))
            && !args.contains(&"--engine")
        {
            command.env("PYDEPLOY_ENGINE", "buildkit");
        }
        Run { command }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        // What whoever tried the program here has left.
        if entry.file_name() == ".pydeploy" || entry.file_name() == "pydeploy.lock" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The program, about to be run.
pub(crate) struct Run {
    command: Command,
}

impl Run {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end with this text on standard input.
    pub(crate) fn input(mut self, text: &str) -> Done {
        use std::io::Write;
        let mut child =
            self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Done::of(child.wait_with_output().unwrap())
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Done {
        Done::of(self.command.output().unwrap())
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Child {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs it, and expects it to do what it was asked.
    pub(crate) fn ok(self) -> Done {
        let done = self.run();
        assert_eq!(done.code, 0, "{done}");
        done
    }

    /// Runs it, and expects this exit code.
    pub(crate) fn fails(self, code: i32) -> Done {
        let done = self.run();
        assert_eq!(done.code, code, "{done}");
        done
    }

    /// Runs it with `--json`, and gives the document, which must be the whole of standard output.
    pub(crate) fn json(mut self) -> Value {
        self.command.arg("--json");
        let done = self.run();
        serde_json::from_str(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done}"))
    }
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Expects each of these texts on standard error.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is missing: {self}");
        }
        self
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// What the bed told us; without it these tests can't run.
pub(crate) fn bed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this test through tests/run"))
}

/// A repository name that no other test uses, in the open registry.
pub(crate) fn repository(name: &str) -> String {
    format!("{}/{name}-{}", bed("PYDEPLOY_TEST_REGISTRY"), std::process::id())
}

/// `docker` with these words; its standard output.
pub(crate) fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A container that is removed when dropped.
pub(crate) struct Container(pub(crate) String);

impl Container {
    /// Starts one as a restricted Pod would: read-only root, no capabilities, no new privileges.
    pub(crate) fn restricted(image: &str, more: &[&str]) -> Self {
        let fixed = [
            "run",
            "-d",
            "--read-only",
            "--tmpfs",
            "/tmp",
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges",
            "--health-interval",
            "1s",
        ];
        let args: Vec<_> = fixed.iter().chain(more).copied().chain([image]).collect();
        Self(docker(&args))
    }

    /// Waits until the engine calls it healthy; panics with its log when it does not come to that.
    pub(crate) fn healthy(&self) {
        for _ in 0..240 {
            match docker(&["inspect", "-f", "{{.State.Health.Status}}", &self.0]).as_str() {
                "healthy" => return,
                "unhealthy" => break,
                _ => std::thread::sleep(std::time::Duration::from_millis(250)),
            }
        }
        let health = docker(&["inspect", "-f", "{{json .State.Health}}", &self.0]);
        panic!("not healthy: {health}\n{}", self.errors());
    }

    /// What it has said on its standard error.
    pub(crate) fn errors(&self) -> String {
        let log = Command::new("docker").args(["logs", &self.0]).output().unwrap();
        String::from_utf8_lossy(&log.stderr).into_owned()
    }

    pub(crate) fn exec(&self, args: &[&str]) -> String {
        docker(&[&["exec", self.0.as_str()], args].concat())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "-f", &self.0]).output();
    }
}
