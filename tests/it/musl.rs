//! The Alpine strategy, on the musl base of the bed. What that base is not: Alpine. It has no apk, so system packages are
//! tested to the Dockerfile that asks for them, and no further.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::sandbox::{Container, Sandbox, repository};

/// A uv, installed once by pip into the target folder.
pub(crate) fn uv() -> Option<&'static PathBuf> {
    static UV: OnceLock<Option<PathBuf>> = OnceLock::new();
    UV.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("uv");
        let program = folder.join("bin/uv");
        if !program.exists() {
            let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).status().ok()?;
            let pip = Command::new(folder.join("bin/pip")).args(["install", "-q", "uv"]).status().ok()?;
            if !made.success() || !pip.success() {
                return None;
            }
        }
        Some(program)
    })
    .as_ref()
}

fn project(dependencies: &str) -> Sandbox {
    let sandbox = Sandbox::empty()
        .file(
            "pyproject.toml",
            format!("[project]\nname = \"musl\"\nversion = \"1\"\nrequires-python = \">=3.13\"\ndependencies = [{dependencies}]\n"),
        )
        .file("main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/health\")\ndef health():\n    return 1\n");
    let uv = uv().expect("pip could not install uv");
    let locked = Command::new(uv).args(["lock", "-q"]).current_dir(sandbox.root()).output().unwrap();
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
    sandbox
}

#[test]
#[ignore = "needs the bed: docker registry musl"]
fn a_project_whose_wheels_exist_for_musl_answers_its_health_check() {
    let sandbox = project("\"fastapi\", \"uvicorn\", \"psycopg[binary]\"");
    let repository = repository("musl");
    let args = ["ship", "--strategy", "alpine", "--registry", &repository, "--tag", "a"];
    sandbox.pydeploy(&args).ok();
    let container = Container::restricted(&format!("{repository}:a"), &[]);
    container.healthy();
    assert_eq!(container.exec(&["id", "-u"]), "1000");
    container.exec(&["python", "-c", "import psycopg, pydantic_core"]);
}

#[test]
#[ignore = "needs the bed: a package index"]
fn wheels_that_do_not_exist_for_musl_are_named_before_anything_is_built() {
    let sandbox = project("\"fastapi\", \"uvicorn\", \"psycopg2\"");
    let plan = sandbox.pydeploy(&["plan", "--strategy", "alpine"]).ok().stdout;
    assert!(plan.contains("no musllinux wheel, so compiled on Alpine: psycopg2 2."), "{plan}");
    let plan = project("\"fastapi\", \"uvicorn\"").pydeploy(&["plan", "--strategy", "alpine"]).ok().stdout;
    assert!(!plan.contains("no musllinux wheel"), "{plan}");
}
