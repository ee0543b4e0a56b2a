//! Tests of reading locks.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::project::PythonVersion;

const LOCK: &str = r#"version = 1
revision = 3
requires-python = ">=3.12"

[[package]]
name = "api"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "core" },
    { name = "fastapi", extra = ["standard"] },
    { name = "pywin32", marker = "sys_platform == 'win32'" },
    { name = "torch", version = "2.1", source = { registry = "https://index.example/cpu" }, marker = "sys_platform == 'linux'" },
]

[package.optional-dependencies]
server = [{ name = "gunicorn" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]

[package.metadata]
requires-dist = [
    { name = "core", editable = "libs/core" },
    { name = "fastapi", extras = ["standard"], specifier = ">=0.115,<1" },
    { name = "gunicorn", marker = "extra == 'server'" },
    { name = "pywin32", marker = "sys_platform == 'win32'" },
    { name = "torch" },
]

[[package]]
name = "core"
version = "1.0"
source = { editable = "libs/core" }

[[package]]
name = "fastapi"
version = "0.115.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "starlette" }]
sdist = { url = "https://files.index.example/fastapi-0.115.0.tar.gz", hash = "sha256:00", size = 1 }
wheels = [
    { url = "https://files.index.example/x/fastapi-0.115.0-py3-none-any.whl", hash = "sha256:00", size = 1 },
    { url = "https://files.index.example/x/fastapi-0.115.0%2Bcpu-py3-none-any.whl#a", hash = "sha256:00", size = 1 },
]

[package.optional-dependencies]
standard = [{ name = "uvicorn", extra = ["standard"] }]

[[package]]
name = "gunicorn"
version = "23.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "pytest"
version = "8"
source = { registry = "https://index.example/simple" }

[[package]]
name = "pywin32"
version = "306"
source = { registry = "https://index.example/simple" }

[[package]]
name = "starlette"
version = "0.40"
source = { git = "https://git.example/starlette?rev=main#0123" }

[[package]]
name = "torch"
version = "2.1"
source = { registry = "https://index.example/simple" }

[[package]]
name = "torch"
version = "2.1"
source = { registry = "https://index.example/cpu" }
sdist = { filename = "torch-2.1.tar.gz" }

[[package]]
name = "uvicorn"
version = "0.30"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "fastapi" }]
wheels = [{ filename = "uvicorn-0.30-py3-none-any.whl" }]
"#;

const PYPROJECT: &str = r#"[project]
name = "api"
dependencies = [
  "core",
  "FastAPI[standard]<1,>=0.115",
  "pywin32; sys_platform == 'win32'",
  "torch",
]
"#;

fn installed(lock: &str, pyproject: &str) -> Result<Installed, Error> {
    let tree = SourceTree::in_memory("p", [(FILE, lock), (pyproject::FILE, pyproject)]);
    let project = Pyproject::read(&tree)?.unwrap();
    UvLock::read(&tree)?.unwrap().installed(&project, Target::new(PythonVersion::DEFAULT))
}

#[test]
fn what_is_reached_is_installed() {
    let installed = installed(LOCK, PYPROJECT).unwrap();
    let names: Vec<_> = installed.packages.iter().map(|p| (p.name.as_str(), p.direct)).collect();
    assert_eq!(names, [("core", true), ("fastapi", true), ("starlette", false), ("torch", true), ("uvicorn", false)]);
    assert_eq!(installed.members, ["libs/core"]);
    let package = |name: &str| installed.packages.iter().find(|p| p.name == name).unwrap().clone();
    let fastapi = package("fastapi");
    assert_eq!(fastapi.extras, ["standard"]);
    assert_eq!(fastapi.evidence.to_string(), "pyproject.toml:5");
    assert_eq!(fastapi.wheels.unwrap(), ["fastapi-0.115.0-py3-none-any.whl", "fastapi-0.115.0+cpu-py3-none-any.whl"]);
    assert_eq!(fastapi.sdist, Some(true));
    assert_eq!((package("starlette").wheels, package("core").wheels), (None, None));
    assert_eq!((package("torch").wheels, package("torch").sdist), (Some(vec![]), Some(true)));
    assert_eq!(package("uvicorn").evidence.to_string(), "uv.lock:81");
    assert_eq!(package("uvicorn").wheels.unwrap(), ["uvicorn-0.30-py3-none-any.whl"]);
}

#[test]
fn a_lock_of_other_dependencies_is_stale() {
    let what = |pyproject: &str| installed(LOCK, pyproject).unwrap_err();
    let added = what(&PYPROJECT.replace("  \"torch\"", "  \"torch\", \"httpx\""));
    assert_eq!(added.to_string(), "uv.lock does not match pyproject.toml: httpx is not locked");
    assert_eq!(added.hint().unwrap(), "run: uv lock");
    let changed = what(&PYPROJECT.replace(">=0.115", ">=0.116")).to_string();
    assert!(changed.ends_with("fastapi is stated as <1,>=0.116, but locked as <1,>=0.115"), "{changed}");
    let removed = what(&PYPROJECT.replace("\"torch\",", "")).to_string();
    assert!(removed.ends_with("torch is locked, but no longer stated"), "{removed}");
}

#[test]
fn a_lock_without_metadata_is_compared_by_name() {
    let lock = "version = 1\n[[package]]\nname = \"api\"\nversion = \"0\"\nsource = { editable = \".\" }\n";
    assert!(installed(lock, "[project]\nname = \"api\"\n").is_ok());
    assert!(installed(lock, "[project]\nname = \"api\"\ndependencies = [\"a\"]\n").is_err());
}

#[test]
fn locks_that_cannot_be_used_say_why() {
    let project = "[project]\nname = \"api\"\n";
    let error = |lock: &str| installed(lock, project).unwrap_err();
    assert!(error("version = 2\n").to_string().contains("version 2"));
    let members = error("version = 1\n[[package]]\nname = \"a\"\nsource = { editable = \"apps/a\" }\n");
    assert_eq!(members.to_string(), "could not use uv.lock: none of its packages is the project itself");
    assert!(members.hint().unwrap().contains("apps/a"));
    assert!(matches!(error("version = 1\npackage = 3\n"), Error::Toml { .. }));
    let outside = LOCK.replace("libs/core", "../core");
    assert!(matches!(installed(&outside, PYPROJECT).unwrap_err(), Error::OutsideContext { .. }));
}
