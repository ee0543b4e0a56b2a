//! Native libraries, and what lies in repositories beside the code.

use serde_json::Value;

use super::{FASTAPI, REQUIRED, UV_LOCK, plan, project, sandbox, says};

/// The packages of the system that an image runs with.
fn packages(requirements: &str) -> Vec<String> {
    let plan = plan(&[("requirements.txt", &format!("fastapi\nuvicorn\n{requirements}\n")), FASTAPI]);
    let decisions = plan["decisions"].as_array().unwrap().iter();
    let packages = decisions.filter(|decision| decision["what"] == "to build" || decision["what"] == "to run");
    packages.map(|package| package["value"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn line_17_native_libraries() {
    for (requirement, needed) in [
        ("psycopg2", &["libpq-dev", "libpq5", "gcc"][..]),
        ("psycopg[c]", &["libpq-dev", "libpq5"]),
        ("mysqlclient", &["libmariadb3"]),
        ("pycurl", &["libcurl4"]),
        ("pylibmc", &["libmemcached11"]),
        ("uwsgi", &["gcc", "libc6-dev"]),
        ("weasyprint", &["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"]),
        ("opencv-python", &["libgl1", "libglib2.0-0"]),
        ("pytesseract", &["tesseract-ocr"]),
    ] {
        let packages = packages(requirement);
        assert!(
            needed.iter().all(|name| packages.iter().any(|package| package == name)),
            "{requirement}: {packages:?}"
        );
    }
    // What a wheel brings along is not installed a second time.
    let wheels = packages("scikit-learn\npsycopg2-binary\nopencv-python-headless");
    assert!(!wheels.iter().any(|name| ["libgomp1", "libpq5", "libgl1"].contains(&name.as_str())), "{wheels:?}");
}

#[test]
fn line_18_what_was_committed_and_should_not_be_in_an_image() {
    let files = [
        REQUIRED,
        FASTAPI,
        (".env", "SECRET=1\n"),
        ("db.sqlite3", "SQLite format 3\0"),
        ("__pycache__/main.cpython-313.pyc", ""),
        ("frontend/node_modules/x/index.js", ""),
        ("deploy/Dockerfile.db", "FROM postgres\n"),
        ("Dockerfile.j2", "FROM {{ base }}\n"),
    ];
    let sandbox = sandbox(&files);
    std::os::unix::fs::symlink("../x", sandbox.root().join("frontend/node_modules/link")).unwrap();
    let plan = sandbox.pydeploy(&["plan"]).json();
    let left: Vec<&str> =
        plan["leftOut"].as_array().unwrap().iter().map(|left| left["path"].as_str().unwrap()).collect();
    for path in [".env", "__pycache__", "frontend/node_modules"] {
        assert!(left.contains(&path), "{path}: {left:?}");
    }
    // Neither a template nor the Dockerfile of a database is the project's own.
    assert!(plan["decisions"].as_array().unwrap().iter().all(|decision| decision["what"] != "dockerfile"), "{plan:#}");
    for (folder, name) in [("My_App-", "my-app"), ("2048", "app-2048"), ("Shop", "shop")] {
        let project = super::sandbox(&[
            (&format!("{folder}/main.py"), FASTAPI.1),
            (&format!("{folder}/requirements.txt"), REQUIRED.1),
        ]);
        let plan = project.pydeploy(&["plan", folder]).json();
        assert_eq!(plan["project"]["name"], name, "{plan:#}");
    }
    let linked = super::sandbox(&[REQUIRED, FASTAPI, ("docker/Dockerfile.web", "FROM python:3.13-slim\nUSER 1:1\n")]);
    std::os::unix::fs::symlink("docker/Dockerfile.web", linked.root().join("Dockerfile")).unwrap();
    says(&linked.pydeploy(&["plan"]).ok().stdout, &["Dockerfile", "the project has a Dockerfile of its own"]);
    let below =
        super::sandbox(&[("README.md", ""), ("backend/requirements.txt", REQUIRED.1), ("backend/main.py", FASTAPI.1)]);
    below.pydeploy(&["plan"]).fails(3).says(&["run pydeploy on backend"]);
}

#[test]
fn line_19_files_that_a_build_reads_though_they_are_ignored() {
    let pyproject = project(
        "requires-python = \">=3.11\"\nreadme = \"README.md\"\nlicense-files = [\"LICENSE\"]\n\
         [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n",
    );
    let lock = UV_LOCK.replace("virtual", "editable");
    let files = [
        ("pyproject.toml", pyproject.as_str()),
        ("uv.lock", &lock),
        ("README.md", "# Demo\n"),
        ("LICENSE", "MIT\n"),
        (".dockerignore", "*.md\nLICENSE\n"),
        (".gitignore", "static/built/\n*.mo\n"),
        ("demo/__init__.py", ""),
        ("demo/main.py", FASTAPI.1),
        ("demo/docs/templates/page.html", ""),
        ("demo/static/built/app.js", ""),
        ("demo/tests/fixtures.json", ""),
        ("demo/locale/de.mo", ""),
    ];
    let plan = plan(&files);
    let left: Vec<&Value> = plan["leftOut"].as_array().unwrap().iter().map(|left| &left["path"]).collect();
    for path in
        ["README.md", "LICENSE", "demo/docs", "demo/static", "demo/tests", "demo/locale/de.mo", "demo/static/built"]
    {
        assert!(!left.iter().any(|left| **left == path), "{path}: {left:?}");
    }
}
