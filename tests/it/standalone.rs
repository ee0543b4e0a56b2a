//! A BuildKit daemon of its own, by `BUILDKIT_HOST`: how builds leave this machine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::sandbox::{Sandbox, bed, docker, repository};

fn ships(address: &str, name: &str) {
    let sandbox = Sandbox::project("own-dockerfile");
    let repository = repository(name);
    let done = sandbox.pydeploy(&["ship", "--registry", &repository, "--tag", "a"]).env("BUILDKIT_HOST", address).ok();
    assert!(done.stdout.starts_with(&format!("{repository}@sha256:")), "{done}");
    let deployment = std::fs::read_to_string(sandbox.root().join(".pydeploy/deployment.yaml")).unwrap();
    assert!(deployment.contains(done.stdout.trim()) && deployment.contains("runAsUser: 1234"), "{deployment}");
    // The tag names what was pushed, and an engine can run it.
    docker(&["pull", "-q", &format!("{repository}:a")]);
    assert_eq!(docker(&["run", "--rm", &format!("{repository}:a"), "id", "-u"]), "1234");
}

#[test]
#[ignore = "needs the bed: docker registry base buildkit"]
fn ships_over_a_socket() {
    ships(&bed("PYDEPLOY_TEST_BUILDKIT"), "standalone-unix");
}

#[test]
#[ignore = "needs the bed: docker registry base buildkit"]
fn ships_over_tcp() {
    ships(&bed("PYDEPLOY_TEST_BUILDKIT_TCP"), "standalone-tcp");
}

#[test]
#[ignore = "needs the bed: docker registry base buildkit"]
fn a_contract_that_does_not_hold_gets_no_tag() {
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", "FROM python:3.13-slim\nEXPOSE 80\n");
    let repository = repository("standalone-root");
    let run = sandbox.pydeploy(&["ship", "--registry", &repository, "--tag", "a"]);
    run.env("BUILDKIT_HOST", bed("PYDEPLOY_TEST_BUILDKIT")).fails(7).says(&["runs as root"]);
    let there = Sandbox::empty().pydeploy(&["manifests", "--image", &format!("{repository}:a")]).run();
    assert_eq!(there.code, 6, "{there}");
}

#[test]
#[ignore = "needs the bed: docker registry base buildkit"]
fn a_failing_step_is_told_with_its_line() {
    let sandbox =
        Sandbox::project("own-dockerfile").file("Dockerfile", "FROM python:3.13-slim\n\nRUN echo one && false\n");
    let run = sandbox.pydeploy(&["build"]).env("BUILDKIT_HOST", bed("PYDEPLOY_TEST_BUILDKIT"));
    run.fails(5).says(&["a build step failed (Dockerfile, line 3)", "exit code: 1", "│ one"]);
}

/// A buildkitd whose disk holds 64 MiB.
pub(crate) struct FullDisk {
    daemon: Child,
    folder: PathBuf,
}

impl FullDisk {
    pub(crate) fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("pydeploy-full-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(&folder).status();
        assert!(mounted.unwrap().success(), "mounting a small disk takes root");
        let buildkitd = Path::new(&bed("PYDEPLOY_TEST_BUILDCTL")).with_file_name("buildkitd");
        let daemon = Command::new(buildkitd)
            .arg("--root")
            .arg(folder.join("root"))
            .arg("--addr")
            .arg(format!("unix://{}", folder.join("sock").display()))
            .args(["--oci-worker-snapshotter", "native", "--containerd-worker", "false"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let full = Self { daemon, folder };
        for _ in 0..200 {
            if std::os::unix::net::UnixStream::connect(full.folder.join("sock")).is_ok() {
                return full;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("buildkitd did not come up");
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.folder.join("sock").display())
    }
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
        let _ = std::fs::remove_dir(&self.folder);
    }
}
