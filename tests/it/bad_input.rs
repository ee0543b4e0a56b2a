//! Bad input: a clear error, the right exit code, and nothing lost or half-written.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::proxy::{Proxy, Upstream};
use crate::sandbox::{PYDEPLOY, Sandbox, bed, repository};

const NOBODY: &str = "unix:///nonexistent/docker.sock";

#[test]
fn an_empty_directory() {
    Sandbox::empty().pydeploy(&["plan"]).fails(3).says(&["error: ", "hint: ", "requirements.txt", "pyproject.toml"]);
}

#[test]
fn a_project_path_that_does_not_exist() {
    let done = Sandbox::empty().pydeploy(&["ship", "no/such/place"]).fails(3);
    done.says(&["there is no project directory at no/such/place"]);
    let fault = Sandbox::empty().pydeploy(&["ship", "no/such/place"]).json();
    assert_eq!((fault["schema"].as_str(), fault["code"].as_i64()), (Some("pydeploy.fault/1"), Some(3)));
    assert_eq!(fault["class"], "project");
}

#[test]
fn a_requirements_file_that_can_not_be_read() {
    let sandbox = Sandbox::project("fastapi").file("requirements.txt", "fastapi\n\nuvicorn ==== 3 !!\n");
    sandbox.pydeploy(&["plan"]).fails(3).says(&["requirements.txt", "3", "uvicorn ==== 3 !!"]);
    let sandbox = Sandbox::project("fastapi").file("requirements.txt", "fastapi\n-r missing.txt\n");
    sandbox.pydeploy(&["plan"]).fails(3).says(&["requirements.txt:2", "missing.txt"]);
}

#[test]
fn an_unknown_setting() {
    let sandbox = Sandbox::project("fastapi").file("pydeploy.toml", "port = 8000\n[health]\nintervall = \"5s\"\n");
    let done = sandbox.pydeploy(&["plan"]).fails(3);
    done.says(&["pydeploy.toml, line 3: there is no setting `health.intervall`", "did you mean `health.interval`?"]);
}

#[test]
fn a_setting_with_a_wrong_value() {
    for (text, says) in [
        ("port = 0\n", "a port from 1 to 65535"),
        ("port = \"http\"\n", "a port from 1 to 65535"),
        ("strategy = \"fat\"\n", "multi-stage"),
        ("[user]\nuid = 0\n", "0 is root"),
        ("[user]\nname = \"a; rm -rf /\"\n", "an account's name"),
        ("command = []\n", "a program"),
        ("[health]\ninterval = \"soon\"\n", "a duration"),
        ("build-secrets = [\"id=a b,env=X\"]\n", "id=NAME"),
        ("port = = 1\n", "line 1"),
        ("[health]\nretries = 0\n", "above 0"),
        ("[health]\ninterval = \"0s\"\n", "at least 1ms"),
        ("[health]\npath = \"/a b\"\n", "percent-encoded"),
        ("[deploy]\nreplicas = -3\n", "a number from 0"),
        ("[deploy]\nnamespace = \"Foo Bar\"\n", "small letters"),
        ("[deploy.resources.limits]\nmemory = \"lots\"\n", "a quantity"),
        ("[user]\nname = \"www-data\"\n", "that the base does not have"),
        ("[command]\nx = 1\n", "a table"),
        ("environments = 3\n", "a table"),
        ("base = \"a\\nRUN x\"\n", "an image such as"),
        ("system-packages = [\"a; b\"]\n", "package names"),
        ("platform = \"linux/amd64,arm64\"\n", "platforms with commas between"),
        ("engine = \"docker\"\n", "auto, embedded or buildkit"),
        ("compression = \"xz\"\n", "gzip or zstd"),
    ] {
        let sandbox = Sandbox::project("fastapi").file("pydeploy.toml", text);
        sandbox.pydeploy(&["plan"]).fails(3).says(&["pydeploy.toml", says]);
    }
    let sandbox = Sandbox::project("fastapi");
    sandbox.pydeploy(&["plan"]).env("PYDEPLOY_PORT", "many").fails(3).says(&["PYDEPLOY_PORT", "a whole number"]);
    sandbox.pydeploy(&["plan", "--env", "prod"]).fails(3).says(&["no environment `prod`"]);
}

#[test]
fn a_command_line_that_is_none() {
    let done = Sandbox::empty().pydeploy(&["ship", "--regisrty", "x"]).fails(2);
    done.says(&["--regisrty", "--registry"]);
    let fault = Sandbox::empty().pydeploy(&["ship", "--regisrty", "x"]).json();
    assert_eq!((fault["class"].as_str(), fault["code"].as_i64()), (Some("usage"), Some(2)));
}

#[test]
fn nowhere_to_push_to() {
    let done = Sandbox::project("fastapi").pydeploy(&["ship"]).env("DOCKER_HOST", NOBODY).fails(3);
    done.says(&["nothing says where to push", "--registry registry.example/team/project"]);
}

#[test]
fn a_tag_or_repository_that_is_none() {
    let sandbox = Sandbox::project("fastapi");
    sandbox.pydeploy(&["ship", "--registry", "a.example/UPPER"]).fails(3).says(&["is not a repository"]);
    sandbox.pydeploy(&["ship", "--registry", "a.example/b", "--tag", "a b"]).fails(2).says(&["a list of tags"]);
}

#[test]
fn no_engine() {
    let sandbox = Sandbox::project("fastapi");
    let done = sandbox.pydeploy(&["ship", "--registry", "127.0.0.1:1/a"]).env("DOCKER_HOST", NOBODY).fails(4);
    done.says(&[
        "no engine answers at unix:///nonexistent/docker.sock",
        "No such file",
        "DOCKER_HOST",
        "BUILDKIT_HOST",
    ]);
    let done = sandbox.pydeploy(&["build"]).env("DOCKER_HOST", "ssh://somewhere").fails(4);
    done.says(&["ssh://somewhere"]);
    let done = sandbox.pydeploy(&["build"]).env("BUILDKIT_HOST", "tcp://127.0.0.1:1").fails(4);
    done.says(&["no engine answers at tcp://127.0.0.1:1"]);
    assert!(!sandbox.root().join(".pydeploy").exists());
}

#[test]
fn an_engine_that_is_too_old() {
    let sandbox = Sandbox::project("fastapi");
    let socket = sandbox.beside("old.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let server = std::thread::spawn(move || {
        // The connection that looks whether anyone is there, then the one that asks.
        for stream in listener.incoming().take(2).map(Result::unwrap) {
            let mut stream = stream;
            let mut request = [0; 4096];
            if stream.read(&mut request).unwrap_or(0) == 0 {
                continue;
            }
            let body = r#"{"Version":"19.03.5","ApiVersion":"1.40"}"#;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length:";
            let _ = write!(stream, "{head} {}\r\n\r\n{body}", body.len());
        }
    });
    let address = format!("unix://{}", socket.display());
    let done = sandbox.pydeploy(&["build"]).env("DOCKER_HOST", address).fails(4);
    done.says(&["version 19.03.5 (API 1.40)", "20.10", "upgrade"]);
    server.join().unwrap();
}

#[test]
fn a_socket_that_may_not_be_opened() {
    let sandbox = Sandbox::project("fastapi");
    let socket = sandbox.beside("private.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o600)).unwrap();
    let address = format!("unix://{}", socket.display());
    let is_root = std::fs::metadata(&socket).map(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0).unwrap();
    if !is_root {
        std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o000)).unwrap();
        sandbox.pydeploy(&["build"]).env("DOCKER_HOST", address).fails(4).says(&["may not be opened"]);
        return;
    }
    // Root may open anything, so the program runs as an ordinary user, from a copy that such a user can reach.
    let program = sandbox.beside("pydeploy");
    std::fs::copy(PYDEPLOY, &program).unwrap();
    std::fs::set_permissions(sandbox.beside(""), PermissionsExt::from_mode(0o755)).unwrap();
    let output = std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(["build", ".", "--engine", "buildkit"])
        .current_dir(sandbox.root())
        .env("DOCKER_HOST", address)
        .output()
        .unwrap();
    let done = crate::sandbox::Done::of(output);
    assert_eq!(done.code, 4, "{done}");
    done.says(&["may not be opened by this user", "usermod -aG docker"]);
}

#[test]
fn a_file_that_pydeploy_did_not_make_is_not_overwritten() {
    let sandbox = Sandbox::project("fastapi").file("k8s/deployment.yaml", "mine\n");
    let files = [pydeploy::manifests::yaml::File { name: "deployment.yaml".into(), text: "ours".into() }];
    let fault = pydeploy::stages::write::write(&sandbox.root().join("k8s"), &files).unwrap_err();
    assert_eq!(fault.class.code(), 3);
    assert_eq!(std::fs::read_to_string(sandbox.root().join("k8s/deployment.yaml")).unwrap(), "mine\n");
}

#[test]
fn a_secret_that_is_not_set() {
    let sandbox = Sandbox::project("fastapi")
        .file("requirements.txt", "--extra-index-url https://${INDEX_TOKEN}@index.example/simple\nfastapi\nuvicorn\n");
    let done = sandbox.pydeploy(&["build"]).env("DOCKER_HOST", bed_or_nobody()).run();
    assert!(done.code == 4, "{done}");
    // Without an engine that is what is said first.
    assert!(done.stderr.contains("INDEX_TOKEN") || done.stderr.contains("no engine answers"), "{done}");
}

fn bed_or_nobody() -> String {
    std::env::var("DOCKER_HOST").unwrap_or_else(|_| NOBODY.to_owned())
}

#[test]
#[ignore = "needs the bed: docker base"]
fn a_dependency_that_does_not_exist() {
    let sandbox = Sandbox::project("fastapi")
        .file("requirements.txt", "fastapi==0.115.12\nuvicorn==0.34.2\nno-such-package-of-pydeploys-tests==1.0\n");
    let done = sandbox.pydeploy(&["build"]).fails(5);
    done.says(&[
        "a build step failed (Dockerfile (generated), line ",
        "pip --python",
        "exit code: 1",
        "│ ERROR: No matching distribution found for no-such-package-of-pydeploys-tests==1.0",
        "hint: no-such-package-of-pydeploys-tests==1.0 is not in the package index",
    ]);
}

#[test]
#[ignore = "needs the bed: docker base"]
fn a_dockerfile_with_an_error() {
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", "FROM python:3.13-slim\n\nRUNN x\n");
    sandbox.pydeploy(&["build"]).fails(5).says(&["Dockerfile, line 3: unknown instruction: RUNN"]);
    let sandbox =
        Sandbox::project("own-dockerfile").file("Dockerfile", "FROM python:3.13-slim\nRUN echo one; exit 7\n");
    let done = sandbox.pydeploy(&["build"]).fails(5);
    done.says(&["a build step failed (Dockerfile, line 2)", "exit code: 7", "│ one"]);
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", "FROM 127.0.0.1:1/nothing:here\n");
    sandbox.pydeploy(&["build"]).fails(5).says(&["could not get the base image 127.0.0.1:1/nothing:here"]);
}

#[test]
#[ignore = "needs the bed: docker base"]
fn an_image_that_runs_as_root_is_not_pushed() {
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", "FROM python:3.13-slim\nEXPOSE 80\n");
    let done = sandbox.pydeploy(&["ship", "--registry", "127.0.0.1:1/never", "--tag", "root"]).fails(7);
    done.says(&["runs as root", "USER 1000:1000"]);
    assert!(!sandbox.root().join(".pydeploy").exists());
    let named = Sandbox::project("own-dockerfile").file("Dockerfile", "FROM python:3.13-slim\nUSER ghost\nEXPOSE 80\n");
    let done = named.pydeploy(&["ship", "--registry", "127.0.0.1:1/never", "--tag", "named"]).fails(7);
    done.says(&["\"ghost\"", "/etc/passwd", "PD102"]);
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_registry_that_is_down() {
    let done = Sandbox::tiny().pydeploy(&["ship", "--registry", "127.0.0.1:1/down", "--tag", "a"]).fails(6);
    done.says(&["could not push 127.0.0.1:1/down:a", "connection refused", "check the registry's address"]);
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_registry_that_fails_twice_and_then_works() {
    let proxy = Proxy::start(&bed("PYDEPLOY_TEST_REGISTRY"), Upstream::FailsFirst(2));
    let repository = format!("{}/flaky-{}", proxy.address(), std::process::id());
    let done = Sandbox::tiny().pydeploy(&["ship", "--registry", &repository, "--tag", "a"]).ok();
    assert!(done.stdout.starts_with(&repository), "{done}");
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn a_wrong_password() {
    let host = bed("PYDEPLOY_TEST_REGISTRY_TLS");
    let ca = bed("PYDEPLOY_TEST_REGISTRY_TLS_CA");
    let sandbox = Sandbox::tiny();
    let repository = format!("{host}/private");
    let args = ["ship", "--registry", &repository, "--tag", "a", "--registry-ca", &ca, "-v"];
    let run = sandbox.pydeploy(&args).env("PYDEPLOY_REGISTRY_USERNAME", "ship");
    let done = run.env("PYDEPLOY_REGISTRY_PASSWORD", "wr0ng-passw0rd").fails(6);
    assert!(!format!("{done}").contains("wr0ng-passw0rd"), "{done}");
    done.says(&["docker login", "PYDEPLOY_REGISTRY_USERNAME"]);
    sandbox.pydeploy(&args).fails(6).says(&["docker login"]);
    assert!(!sandbox.root().join(".pydeploy").exists());
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn an_image_that_is_not_there() {
    let nothing = repository("nothing");
    Sandbox::empty().pydeploy(&["manifests", "--image", &nothing]).fails(6).says(&["has no"]);
    let sandbox = Sandbox::tiny();
    sandbox
        .pydeploy(&["push", "--registry", &nothing, "--tag", "x"])
        .fails(5)
        .says(&["has no image", "pydeploy build"]);
}

#[test]
#[ignore = "needs the bed: docker buildkit"]
fn a_full_disk_while_building() {
    let full = crate::standalone::FullDisk::start();
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", "FROM scratch\nCOPY data /data\nUSER 1:1\n");
    let sandbox = sandbox.file("data/large.bin", vec![7; 90 << 20]);
    let done = sandbox.pydeploy(&["build"]).env("BUILDKIT_HOST", full.address()).fails(4);
    done.says(&["no space left on its disk", "docker builder prune"]);
}

#[test]
fn a_secret_that_is_typed_where_its_place_belongs_is_not_repeated() {
    let sandbox = Sandbox::project("fastapi");
    for args in [
        ["build", "--build-secret", "TOKEN=hunter2"],
        ["build", "--build-secret", "id=TOKEN,value=hunter2"],
        ["build", "--registry", "https://user:hunter2@registry.example/a"],
    ] {
        let done = sandbox.pydeploy(&args).env("DOCKER_HOST", NOBODY).run();
        assert!([2, 3, 4].contains(&done.code) && !done.stderr.contains("hunter2"), "{done}");
    }
    let pipfile =
        "[[source]]\nname = \"own\"\nurl = \"https://user:hunter2@index.example/simple\"\n[packages]\nflask = \"*\"\n";
    let done = Sandbox::project("pipenv").file("Pipfile", pipfile).pydeploy(&["plan"]).fails(3);
    assert!(!format!("{done}").contains("hunter2"), "{done}");
    done.says(&["Pipfile, line 3", "a password in a URL"]);
    let text = "--index-url https://user:hunter2@index.example/simple\nfastapi\nuvicorn\n";
    let done = sandbox.file("requirements.txt", text).pydeploy(&["plan"]).fails(3);
    assert!(!done.stderr.contains("hunter2"), "{done}");
    done.says(&["requirements.txt, line 1", "${TOKEN}"]);
}

#[test]
fn an_answer_that_can_not_be_written_is_no_success() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let sandbox = Sandbox::project("fastapi");
    let status = std::process::Command::new(PYDEPLOY)
        .args(["build", "--dockerfile-only"])
        .current_dir(sandbox.root())
        .stdout(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(4));
}
