//! The embedded engine: images laid together from a base's layers, wheels and code, on real registries and engines.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::sandbox::{Container, Sandbox, bed, docker, repository};

/// The distributions of an image, by name and version: a program for its Python.
pub(crate) const INSTALLED: &str = "import importlib.metadata as m, re
print(*sorted(re.sub('[-_.]+', '-', d.name).lower() + '==' + d.version for d in m.distributions()), sep='\\n')";

/// The base that the bed has in its registry.
pub(crate) fn base() -> String {
    format!("{}/library/python:3.13-slim", bed("PYDEPLOY_TEST_REGISTRY"))
}

/// What `ship` answers.
fn ship(sandbox: &Sandbox, repository: &str, more: &[&str]) -> Value {
    let base = base();
    let args = [&["ship", "--engine", "embedded", "--base", &base, "--tag", "a", "--registry", repository], more];
    let document = sandbox.pydeploy(&args.concat()).json();
    assert_eq!(document["schema"], "pydeploy.ship/1", "{document:#}");
    document
}

/// A document of the open registry.
fn fetch(path: &str) -> Value {
    let accept = "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                  application/vnd.docker.distribution.manifest.v2+json";
    let url = format!("http://{}/v2/{path}", bed("PYDEPLOY_TEST_REGISTRY"));
    let output = Command::new("curl").args(["-fsS", "-H", accept, &url]).output().unwrap();
    assert!(output.status.success(), "{url}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The config of an image in the open registry, by its reference.
fn config(reference: &str) -> Value {
    let (name, digest) = reference.split_once('@').unwrap();
    let name = name.split_once('/').unwrap().1;
    let manifest = fetch(&format!("{name}/manifests/{digest}"));
    fetch(&format!("{name}/blobs/{}", manifest["config"]["digest"].as_str().unwrap()))
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn the_example_runs_under_a_restricted_pods_limits() {
    let sandbox = Sandbox::project("api");
    let repository = repository("embedded");
    let document = ship(&sandbox, &repository, &[]);
    let reference = document["image"]["reference"].as_str().unwrap();
    docker(&["pull", "-q", reference]);
    let container = Container::restricted(reference, &[]);
    container.healthy();
    assert_eq!(container.exec(&["id", "-u"]), "1000");
    assert_eq!(container.exec(&["id", "-un"]), "appuser");
    assert!(container.exec(&["ls", "/app/__pycache__"]).contains("main.cpython-313.pyc"));
    // Every distribution that is stated, and no other.
    let installed = container.exec(&["/opt/venv/bin/python", "-c", INSTALLED]);
    let stated = std::fs::read_to_string(sandbox.root().join("requirements.txt")).unwrap();
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.trim().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&installed), sorted(&stated.replace("[binary]", "")));
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn both_engines_make_the_same_promises() {
    let base = base();
    for name in ["api", "flask", "settings", "operator", "django"] {
        let sandbox = Sandbox::project(name).file(".python-version", "3.13\n");
        let embedded = ship(&sandbox, &repository(&format!("law-{name}-e")), &["--dockerfile", "generated"]);
        let to = repository(&format!("law-{name}-b"));
        let args = ["ship", "--engine", "buildkit", "--base", &base, "--tag", "a", "--registry", &to];
        let buildkit = sandbox.pydeploy(&[&args[..], &["--dockerfile", "generated"]].concat()).json();
        assert_eq!(buildkit["schema"], "pydeploy.ship/1", "{name}: {buildkit:#}");
        let of = |document: &Value| config(document["image"]["reference"].as_str().unwrap())["config"].clone();
        let (ours, theirs) = (of(&embedded), of(&buildkit));
        let keys =
            ["User", "Env", "Cmd", "Entrypoint", "WorkingDir", "ExposedPorts", "Healthcheck", "Labels", "StopSignal"];
        for key in keys {
            assert_eq!(ours[key], theirs[key], "{name}: {key}");
        }
        assert_eq!(embedded["contract"]["probes"], buildkit["contract"]["probes"], "{name}");
        assert_eq!(embedded["contract"]["securityContext"], buildkit["contract"]["securityContext"], "{name}");
    }
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn what_did_not_change_is_neither_made_nor_sent() {
    let sandbox = Sandbox::project("api");
    let repository = repository("again");
    let first = ship(&sandbox, &repository, &[]);
    // A uv that is run would be missed: there is nothing on PATH.
    let base = base();
    let args = ["ship", "--engine", "embedded", "--base", &base, "--tag", "a", "--registry", &repository];
    let again = sandbox.pydeploy(&args).env("PATH", "/nonexistent").json();
    assert_eq!(again["image"]["reference"], first["image"]["reference"], "{again:#}");
    assert_eq!((&again["steps"]["ran"], &again["image"]["pushed"]["bytes"]), (&0.into(), &0.into()));
    assert!(again["image"]["pushed"]["requests"].as_u64().unwrap() <= 3, "{again:#}");

    // A line of code is one small layer.
    let main = sandbox.root().join("main.py");
    std::fs::write(&main, std::fs::read_to_string(&main).unwrap() + "# changed\n").unwrap();
    let code = ship(&sandbox, &repository, &[]);
    assert_eq!(code["steps"]["ran"], 1, "{code:#}");
    assert!(code["image"]["pushed"]["bytes"].as_u64().unwrap() < 20_000, "{code:#}");

    // One dependency more is itself, and at most 100 kB beside.
    let requirements = sandbox.root().join("requirements.txt");
    std::fs::write(&requirements, std::fs::read_to_string(&requirements).unwrap() + "markdown==3.7\n").unwrap();
    let more = ship(&sandbox, &repository, &[]);
    let layers = more["image"]["layers"].as_array().unwrap();
    let added = layers.iter().find(|l| l["what"].as_str().unwrap().starts_with("markdown")).unwrap();
    let (sent, own) = (more["image"]["pushed"]["bytes"].as_u64().unwrap(), added["size"].as_u64().unwrap());
    assert!(sent >= own && sent <= own + 100_000, "{sent} bytes for a layer of {own}: {more:#}");
}

#[test]
#[ignore = "needs the bed: registry base, and a package index"]
fn the_same_project_is_the_same_image_wherever_it_is_made() {
    let repository = repository("same");
    let base = base();
    let made = |sandbox: &Sandbox, shell: &str| {
        let script = format!(
            "{shell} exec {} ship --engine embedded --base {base} --tag a --registry {repository} --json",
            crate::sandbox::PYDEPLOY
        );
        let cache = sandbox.beside("cache");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(sandbox.root()).env("PYDEPLOY_CACHE", cache);
        let output = command.output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        document["image"]["digest"].as_str().unwrap_or_else(|| panic!("{document:#}")).to_owned()
    };
    let one = Sandbox::project("api");
    let cold = made(&one, "umask 022;");
    assert_eq!(made(&one, "umask 077;"), cold, "with a warm cache");
    let other = Sandbox::project("api");
    run("find", &[other.root().to_str().unwrap(), "-type", "f", "-exec", "touch", "-d", "2001-01-01", "{}", ";"]);
    run("chmod", &["-R", "go=", other.root().to_str().unwrap()]);
    assert_eq!(made(&other, "umask 077;"), cold, "another folder, umask, mtimes and cache");
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "needs the bed: registry base, and a package index"]
fn two_runs_at_once_over_a_cold_cache_make_one_image() {
    let sandbox = Sandbox::project("api");
    let (base, repository) = (base(), repository("twice"));
    let start = |tag: &str| {
        let args = ["ship", "--engine", "embedded", "--base", &base, "--registry", &repository, "--tag", tag];
        let out = sandbox.beside(tag);
        sandbox.pydeploy(&[&args[..], &["--out", out.to_str().unwrap()]].concat()).start()
    };
    let answers = [start("a"), start("b")].map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    });
    assert_eq!(answers[0], answers[1]);
}

#[test]
#[ignore = "needs the bed: registry base, and a package index"]
fn killed_at_any_moment_it_makes_the_same_image_the_next_time() {
    let sandbox = Sandbox::empty()
        .file("main.py", "print('x')\n")
        .file("requirements.txt", "idna==3.10\nh11==0.16.0\n")
        .file("pydeploy.toml", "command = [\"python\", \"main.py\"]\nport = 8000\n");
    let base = base();
    let layout = sandbox.beside("layout");
    let target = format!("oci:{}", layout.display());
    let args = ["ship", "--engine", "embedded", "--base", &base, "--registry", &target, "--tag", "a"];
    let whole = sandbox.pydeploy(&args).ok().stdout;
    // Moments that are spread over a whole run, and no two alike: the cache is cold every tenth time.
    for round in 0..100_u64 {
        if round % 10 == 0 {
            let _ = std::fs::remove_dir_all(sandbox.beside("cache"));
            let _ = std::fs::remove_dir_all(&layout);
        }
        let mut child = sandbox.pydeploy(&args).start();
        std::thread::sleep(std::time::Duration::from_millis((round * 37) % 900));
        let _ = child.kill();
        let _ = child.wait();
    }
    assert_eq!(sandbox.pydeploy(&args).ok().stdout, whole);
    let read = sandbox.pydeploy(&["contract", &target]).ok();
    assert!(read.stdout.contains("1000:1000"), "{read}");
    assert!(temporary(&sandbox.beside("cache")).is_empty(), "{:?}", temporary(&sandbox.beside("cache")));
}

/// What killed runs left of work in progress, once a run has swept.
fn temporary(cache: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(cache.join("temporary")).into_iter().flatten().map(Result::unwrap);
    entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
#[ignore = "needs the bed: docker registry base, a Debian archive, a package index"]
fn what_has_no_wheel_is_built_once_and_gets_its_library() {
    let sandbox = Sandbox::project("fastapi");
    let repository = repository("sdist");
    let document = ship(&sandbox, &repository, &[]);
    let reference = document["image"]["reference"].as_str().unwrap();
    docker(&["pull", "-q", reference]);
    let container = Container::restricted(reference, &[]);
    container.healthy();
    let version = container.exec(&["python", "-c", "import psycopg2; print(psycopg2.__libpq_version__)"]);
    assert!(version.parse::<u32>().unwrap() > 90_000, "{version}");
    // dpkg knows of the library that was put there without it.
    let status = container.exec(&["dpkg-query", "-W", "-f", "${Status}", "libpq5"]);
    assert_eq!(status, "install ok installed");
    // Another change of the requirements does not build it again: nobody is there to do it.
    let requirements = sandbox.root().join("requirements.txt");
    std::fs::write(&requirements, std::fs::read_to_string(&requirements).unwrap() + "markdown==3.7\n").unwrap();
    let base = base();
    let args = ["ship", "--engine", "embedded", "--base", &base, "--tag", "a", "--registry", &repository];
    let again = sandbox.pydeploy(&args).ok();
    assert!(!again.stderr.contains("psycopg2 2.9.10 from its source"), "{again}");
}

#[test]
#[ignore = "needs the bed: docker registry base, a Debian archive, a package index"]
fn a_library_that_nobody_named_is_found_in_the_archive() {
    // A wheel that was compiled for this system alone, and is linked with a library that the slim base has not.
    let script = "set -e; cd \"$1\"
echo 'int GOMP_x;' > gomp.c
gcc -shared -fPIC -Wl,-soname,libgomp.so.1 -o libgomp.so.1 gomp.c
echo 'extern int GOMP_x; int PyInit__native(void) { return 7; }' > native.c
gcc -shared -fPIC -Wl,--no-as-needed -o _native.cpython-313-x86_64-linux-gnu.so native.c ./libgomp.so.1
python3 - <<'P'
import zipfile
info = 'tiny-1.dist-info'
files = {'tiny/__init__.py': '', f'{info}/METADATA': 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n',
         f'{info}/WHEEL': 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: false\\nTag: cp313-cp313-linux_x86_64\\n'}
native = 'tiny/_native.cpython-313-x86_64-linux-gnu.so'
with zipfile.ZipFile('tiny-1-cp313-cp313-linux_x86_64.whl', 'w') as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
    wheel.write('_native.cpython-313-x86_64-linux-gnu.so', native)
    record = ''.join(f'{path},,\\n' for path in [*files, native, f'{info}/RECORD'])
    wheel.writestr(f'{info}/RECORD', record)
P
mv *.whl ../project/; rm -f *";
    let sandbox = Sandbox::empty()
        .file("main.py", "import ctypes\nprint(ctypes.CDLL('libgomp.so.1')._name)\n")
        .file("requirements.txt", "./tiny-1-cp313-cp313-linux_x86_64.whl\n")
        .file("pydeploy.toml", "command = [\"python\", \"main.py\"]\nport = 8000\n");
    std::fs::create_dir(sandbox.beside("work")).unwrap();
    run("sh", &["-c", script, "sh", sandbox.beside("work").to_str().unwrap()]);
    let repository = repository("closure");
    let base = base();
    let args = ["ship", "--engine", "embedded", "--base", &base, "--tag", "a", "--registry", &repository];
    let done = sandbox.pydeploy(&args).ok().says(&["libgomp1 is added", "libgomp.so.1"]);
    let reference = done.stdout.trim();
    docker(&["pull", "-q", reference]);
    assert_eq!(docker(&["run", "--rm", "--read-only", reference]), "libgomp.so.1");
}
