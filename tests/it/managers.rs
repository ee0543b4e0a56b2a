//! Managers: what the real ones lock is what either engine installs.

use serde_json::Value;

use crate::embedded::{INSTALLED, base};
use crate::sandbox::{Container, Sandbox, docker, repository};

/// Ships a project with an engine, and starts what came of it under the limits of a restricted Pod.
fn shipped(sandbox: &Sandbox, folder: &str, name: &str, engine: &str) -> Container {
    let base = base();
    let to = repository(&format!("{name}-{engine}"));
    let args = ["ship", folder, "--engine", engine, "--base", &base, "--tag", "a", "--registry", &to];
    // Some managers bring authorities of their own.
    let trust = ["--build-secret", "id=REQUESTS_CA_BUNDLE,env=TRUST"];
    let args = if engine == "buildkit" { [&args[..], &trust[..]].concat() } else { args.to_vec() };
    let document = sandbox.pydeploy(&args).env("TRUST", "/etc/ssl/certs/ca-certificates.crt").json();
    assert_eq!(document["schema"], "pydeploy.ship/1", "{name} with {engine}: {document:#}");
    let reference = document["image"]["reference"].as_str().unwrap();
    docker(&["pull", "-q", reference]);
    let container = Container::restricted(reference, &[]);
    container.healthy();
    container
}

/// What both engines install: the same, and nothing of development.
fn installed(sandbox: &Sandbox, name: &str) -> String {
    installed_of(sandbox, ".", name)
}

/// The same of a project in a folder.
fn installed_of(sandbox: &Sandbox, folder: &str, name: &str) -> String {
    let of = |engine| shipped(sandbox, folder, name, engine).exec(&["/opt/venv/bin/python", "-c", INSTALLED]);
    let (embedded, buildkit) = (of("embedded"), of("buildkit"));
    assert_eq!(embedded, buildkit, "{name}");
    embedded
}

/// Has Poetry look where pip does, and locks with it.
fn poetry(sandbox: &Sandbox, version: &str) {
    let script = "python -c \"from pip._internal.models.index import PyPI as p; print('\\n[[tool.poetry.source]]\\nname = \\'machine\\'\\nurl = \\'' + p.simple_url + '/\\'')\" >> pyproject.toml && rm -f poetry.lock && poetry lock -n -q";
    sandbox.lock_with(&format!("poetry=={version}"), script);
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn what_poetry_locks_is_installed_and_nothing_else() {
    for version in ["1.8.5", "2.1.4"] {
        let sandbox = Sandbox::project("poetry");
        poetry(&sandbox, version);
        let plan: Value = sandbox.pydeploy(&["plan"]).json();
        assert_eq!((&plan["project"]["manager"], &plan["project"]["lock"]), (&"poetry".into(), &"poetry.lock".into()));
        let installed = installed(&sandbox, &format!("poetry-{}", &version[..1]));
        let lock = std::fs::read_to_string(sandbox.root().join("poetry.lock")).unwrap();
        let names: Vec<_> = installed.lines().filter_map(|line| line.split_once("==")).collect();
        assert!(
            names.iter().all(|(name, version)| {
                *name == "orders" || lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n"))
            }),
            "{installed}"
        );
        let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        assert!(
            ["orders", "starlette", "uvicorn", "h11", "click", "anyio", "idna"].iter().all(|n| names.contains(n)),
            "{installed}"
        );
        assert!(!["markdown", "poetry", "poetry-core", "pip"].iter().any(|n| names.contains(n)), "{installed}");
        // What changed since is not installed by a lock of before.
        let text = std::fs::read_to_string(sandbox.root().join("pyproject.toml")).unwrap();
        let stale = sandbox.file("pyproject.toml", text.replace("^0.46", ">=0.46"));
        stale.pydeploy(&["plan"]).fails(3).says(&["poetry.lock does not match pyproject.toml", "run: poetry lock"]);
    }
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn what_pdm_locks_is_installed_and_nothing_else() {
    // The newest strategy of locking, and one that says of no package which group needs it.
    for (name, strategy) in [("pdm", "inherit_metadata"), ("pdm-walked", "no_inherit_metadata")] {
        let sandbox = Sandbox::project("pdm");
        let script =
            format!("rm -f pdm.lock && PDM_CHECK_UPDATE=0 pdm lock -q -S {strategy} && rm -rf .venv .pdm-python");
        sandbox.lock_with("'pdm[locked]==2.26.9'", &script);
        let installed = installed(&sandbox, name);
        let names: Vec<_> = installed.lines().filter_map(|line| Some(line.split_once("==")?.0)).collect();
        assert!(
            ["flask", "gunicorn", "jinja2", "markupsafe", "werkzeug"].iter().all(|n| names.contains(n)),
            "{installed}"
        );
        assert!(!["colorama", "markdown", "pdm", "pip"].iter().any(|n| names.contains(n)), "{installed}");
        let text = std::fs::read_to_string(sandbox.root().join("pyproject.toml")).unwrap();
        let stale = sandbox.file("pyproject.toml", text.replace("\"gunicorn>=23\"", "\"gunicorn>=23\", \"httpx\""));
        stale.pydeploy(&["plan"]).fails(3).says(&["httpx is not locked", "run: pdm lock"]);
    }
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn what_pipenv_locks_is_installed_and_nothing_else() {
    let sandbox = Sandbox::project("pipenv");
    sandbox.lock_with("pipenv==2025.0.4", "pipenv lock -q");
    let plan: Value = sandbox.pydeploy(&["plan"]).json();
    assert_eq!(plan["project"]["lock"], "Pipfile.lock", "{plan:#}");
    let installed = installed(&sandbox, "pipenv");
    let names: Vec<_> = installed.lines().filter_map(|line| Some(line.split_once("==")?.0)).collect();
    assert!(["flask", "jinja2", "markupsafe", "waitress", "werkzeug"].iter().all(|n| names.contains(n)), "{installed}");
    assert!(!["colorama", "markdown", "pip", "pipenv"].iter().any(|n| names.contains(n)), "{installed}");
    let text = std::fs::read_to_string(sandbox.root().join("Pipfile")).unwrap();
    let stale = sandbox.file("Pipfile", text.replace("3.1.0", "3.0.0"));
    stale.pydeploy(&["plan"]).fails(3).says(&["Pipfile.lock does not match Pipfile", "run: pipenv lock"]);
}

/// The names of what is installed.
fn names(installed: &str) -> Vec<&str> {
    installed.lines().filter_map(|line| Some(line.split_once("==")?.0)).collect()
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn of_a_workspace_a_member_is_installed_with_what_it_depends_on() {
    let sandbox = Sandbox::project("workspace");
    std::fs::remove_file(sandbox.root().join("uv.lock")).unwrap();
    sandbox.lock();
    let api = installed_of(&sandbox, "services/api", "workspace-api");
    let has = |installed: &str, all: &[&str]| all.iter().all(|name| names(installed).contains(name));
    assert!(has(&api, &["shared", "idna", "starlette", "uvicorn"]), "{api}");
    assert!(
        !names(&api).iter().any(|name| ["shop-api", "shop-feed", "tools", "markdown", "uv"].contains(name)),
        "{api}"
    );
    // A member that is a package is installed itself.
    let feed = installed_of(&sandbox, "services/feed", "workspace-feed");
    assert!(has(&feed, &["shared", "idna", "shop-feed"]), "{feed}");
    // Its own files are where it starts, and nobody else's.
    let container = shipped(&sandbox, "services/feed", "workspace-files", "embedded");
    assert_eq!(container.exec(&["ls", "/app"]), "README.md\npyproject.toml\nsrc");
    let stale = sandbox.file(
        "libs/shared/pyproject.toml",
        "[project]\nname = \"shared\"\nversion = \"0.1.0\"\ndependencies = [\"idna>=3\", \"h11\"]\n",
    );
    stale.pydeploy(&["plan", "services/api"]).fails(3).says(&["in libs/shared, h11 is not locked", "run: uv lock"]);
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn extras_and_groups_that_are_chosen_are_installed() {
    let settings = "[tool.pydeploy]\nextras = [\"server\"]\ngroups = [\"metrics\"]\n";
    let pyproject = "[project]\nname = \"demo\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"starlette\"]\n\
                     [project.optional-dependencies]\nserver = [\"uvicorn\"]\n[dependency-groups]\nmetrics = [\"markdown\"]\ndev = [\"packaging\"]\n";
    let main = "from starlette.applications import Starlette\nfrom starlette.responses import PlainTextResponse\nfrom starlette.routing import Route\n\
                async def health(request):\n    return PlainTextResponse('ok')\napp = Starlette(routes=[Route('/health', health)])\n";
    for locks in [true, false] {
        let sandbox = Sandbox::empty().file("pyproject.toml", format!("{pyproject}{settings}")).file("main.py", main);
        if locks {
            sandbox.lock();
        }
        let found = installed(&sandbox, if locks { "parts-locked" } else { "parts" });
        let names = names(&found);
        assert!(["starlette", "uvicorn", "markdown"].iter().all(|name| names.contains(name)), "{found}");
        assert!(!names.contains(&"packaging"), "{found}");
    }
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn what_any_tool_locks_is_installed_and_nothing_else() {
    let by_pip = "rm -f pylock.toml && pip lock -q starlette uvicorn -o pylock.toml";
    for tool in ["uv", "pip"] {
        let sandbox = Sandbox::project("pylock");
        match tool {
            "uv" => sandbox.lock_for_any(),
            _ => sandbox.lock_with("pip", by_pip),
        }
        let plan: Value = sandbox.pydeploy(&["plan"]).json();
        assert_eq!((&plan["project"]["manager"], &plan["project"]["lock"]), (&"pip".into(), &"pylock.toml".into()));
        let found = installed(&sandbox, &format!("pylock-{tool}"));
        let names = names(&found);
        assert!(["starlette", "uvicorn", "h11", "click", "anyio", "idna"].iter().all(|n| names.contains(n)), "{found}");
        assert!(!["markdown", "colorama", "uv", "pip"].iter().any(|n| names.contains(n)), "{found}");
        let text = std::fs::read_to_string(sandbox.root().join("pyproject.toml")).unwrap();
        let stale = sandbox.file("pyproject.toml", text.replace("\"starlette", "\"httpx\", \"starlette"));
        stale.pydeploy(&["plan"]).fails(3).says(&["httpx is not locked", "lock anew"]);
    }
}

#[test]
#[ignore = "needs the bed: docker registry base, and a package index"]
fn what_nothing_has_locked_is_offered_as_a_lock() {
    let sandbox = Sandbox::project("pylock");
    std::fs::remove_file(sandbox.root().join("pylock.toml")).unwrap();
    let base = base();
    let ship = |sandbox: &Sandbox, name: &str| {
        let to = repository(name);
        let args = ["ship", "--engine", "embedded", "--base", &base, "--tag", "a", "--registry", &to];
        sandbox.pydeploy(&args).ok()
    };
    ship(&sandbox, "offered").says(&["nothing is locked", ".pydeploy/pylock.toml has what was installed"]);
    std::fs::rename(sandbox.root().join(".pydeploy/pylock.toml"), sandbox.root().join("pylock.toml")).unwrap();
    let found = installed(&sandbox, "offered-locked");
    assert!(names(&found).contains(&"starlette"), "{found}");
}
