//! The Alpine strategy, on the musl base of the bed. What that base is not: Alpine. It has no apk, so system packages are
//! tested to the Dockerfile that asks for them, and no further.

use crate::sandbox::{Container, Sandbox, repository};

fn project(dependencies: &str) -> Sandbox {
    let sandbox = Sandbox::empty()
        .file(
            "pyproject.toml",
            format!("[project]\nname = \"musl\"\nversion = \"1\"\nrequires-python = \">=3.13\"\ndependencies = [{dependencies}]\n"),
        )
        .file("main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/health\")\ndef health():\n    return 1\n");
    sandbox.lock();
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
#[ignore = "needs the bed: docker base"]
fn wheels_that_do_not_exist_for_musl_are_named_before_anything_is_built() {
    let sandbox = project("\"fastapi\", \"uvicorn\", \"psycopg2\"");
    let plan = sandbox.pydeploy(&["plan", "--strategy", "alpine"]).ok().stdout;
    assert!(plan.contains("no musllinux wheel, so compiled on Alpine: psycopg2 2."), "{plan}");
    let plan = project("\"fastapi\", \"uvicorn\"").pydeploy(&["plan", "--strategy", "alpine"]).ok().stdout;
    assert!(!plan.contains("no musllinux wheel"), "{plan}");
}
