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
    UvLock::read(&tree, None)?.unwrap().installed(
        &tree,
        &project,
        &Parts::default(),
        Target::new(PythonVersion::DEFAULT),
    )
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
fn what_a_member_states_must_be_locked_too() {
    let lock =
        LOCK.replace("name = \"core\"\n", "name = \"core\"\nmetadata = { requires-dist = [{ name = \"a\" }] }\n");
    let with = |core: &str| {
        let files = [(FILE, lock.as_str()), (pyproject::FILE, PYPROJECT), ("libs/core/pyproject.toml", core)];
        let tree = SourceTree::in_memory("p", files);
        let project = Pyproject::read(&tree)?.unwrap();
        UvLock::read(&tree, None)?.unwrap().installed(
            &tree,
            &project,
            &Parts::default(),
            Target::new(PythonVersion::DEFAULT),
        )
    };
    assert!(with("[project]\nname = \"core\"\ndependencies = [\"a\"]\n").is_ok());
    let stale = with("[project]\nname = \"core\"\ndependencies = [\"a\", \"b\"]\n").unwrap_err().to_string();
    assert_eq!(stale, "uv.lock does not match pyproject.toml: in libs/core, b is not locked");
}

#[test]
fn a_member_is_installed_from_the_lock_at_the_root() {
    let root = "[tool.uv.workspace]\nmembers = [\"apps/*\", \"libs/*\"]\nexclude = [\"apps/old\"]\n\
                [[tool.uv.index]]\nurl = \"https://index.example/simple\"\n";
    let lock = LOCK.replace("source = { virtual = \".\" }", "source = { virtual = \"apps/api\" }");
    let lock = lock.replace("source = { editable = \".\" }", "source = { editable = \"apps/api\" }");
    let files = [
        ("uv.lock", lock.as_str()),
        ("pyproject.toml", root),
        (".python-version", "3.12\n"),
        ("apps/api/pyproject.toml", PYPROJECT),
        ("apps/old/pyproject.toml", PYPROJECT),
        ("examples/api/pyproject.toml", PYPROJECT),
    ];
    let whole = SourceTree::in_memory("shop", files);
    let at = |folder: &str| {
        let tree = whole.below(folder).unwrap();
        let pyproject = Pyproject::read(&tree).unwrap();
        let workspace = Workspace::find(&tree, pyproject.as_ref()).unwrap();
        let workspace = workspace.as_ref()?;
        let found = UvLock::read(&tree, Some(workspace)).unwrap().unwrap();
        let installed = found
            .installed(&tree, pyproject.as_ref().unwrap(), &Parts::default(), Target::new(PythonVersion::DEFAULT))
            .unwrap();
        Some((found.member().unwrap().unwrap(), installed, workspace.pyproject.index_use().places.len()))
    };
    let (member, installed, places) = at("apps/api").unwrap();
    assert_eq!((member.name.as_str(), member.folder.as_str(), member.levels()), ("api", "apps/api", 2));
    assert_eq!((member.way("uv.lock"), member.path("x")), ("../../uv.lock".to_owned(), "apps/api/x".to_owned()));
    assert_eq!(installed.packages.last().unwrap().evidence.to_string(), "../../uv.lock:81");
    assert_eq!((installed.members, places), (vec!["libs/core".to_owned()], 1));
    // The lock above says nothing of what is no member.
    assert!(at("apps/old").is_none() && at("examples/api").is_none());
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
    assert_eq!(members.hint().unwrap(), "run: uv lock");
    assert!(matches!(error("version = 1\npackage = 3\n"), Error::Toml { .. }));
    let outside = LOCK.replace("libs/core", "../core");
    assert!(matches!(installed(&outside, PYPROJECT).unwrap_err(), Error::OutsideContext { .. }));
}

#[test]
fn extras_and_groups_are_installed_where_they_are_chosen() {
    let lock = "version = 1\n[[package]]\nname = \"api\"\nsource = { virtual = \".\" }\n\
        [package.optional-dependencies]\nServer = [{ name = \"uvicorn\" }]\n[package.dev-dependencies]\nweb = [{ name = \"gunicorn\" }]\n\
        [[package]]\nname = \"uvicorn\"\nversion = \"1\"\n[[package]]\nname = \"gunicorn\"\nversion = \"1\"\n";
    let project = "[project]\nname = \"api\"\n[project.optional-dependencies]\nserver = [\"uvicorn\"]\n[dependency-groups]\nweb = [\"gunicorn\"]\n";
    let tree = SourceTree::in_memory("p", [(FILE, lock), (pyproject::FILE, project)]);
    let project = Pyproject::read(&tree).unwrap().unwrap();
    let with = |extras: &[&str], groups: &[&str]| {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let parts = Parts { extras: all(extras), groups: all(groups) };
        let lock = UvLock::read(&tree, None).unwrap().unwrap();
        let installed = lock.installed(&tree, &project, &parts, Target::new(PythonVersion::DEFAULT))?;
        Ok::<_, Error>(installed.packages.into_iter().map(|package| package.name).collect::<Vec<_>>())
    };
    assert!(with(&[], &[]).unwrap().is_empty());
    assert_eq!(with(&["server"], &[]).unwrap(), ["uvicorn"]);
    assert_eq!(with(&["server"], &["web"]).unwrap(), ["gunicorn", "uvicorn"]);
    let absent = with(&[], &["jobs"]).unwrap_err().to_string();
    assert!(absent.ends_with("it has nothing of the group jobs, which the settings choose"), "{absent}");
}
