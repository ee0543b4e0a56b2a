//! What real repositories do, seen in public ones: each is answered rightly, or refused with a reason.
//!
//! A test a line of the list, which its name counts; what it says is what was seen.

mod dockerfiles;
mod files;
mod workspaces;

use serde_json::Value;

use crate::sandbox::Sandbox;

const FASTAPI: (&str, &str) =
    ("main.py", "from fastapi import FastAPI\napp = FastAPI()\n@app.get(\"/health\")\ndef health(): ...\n");
const REQUIRED: (&str, &str) = ("requirements.txt", "fastapi\nuvicorn\n");

fn sandbox(files: &[(&str, &str)]) -> Sandbox {
    files.iter().fold(Sandbox::empty(), |sandbox, (path, text)| sandbox.file(path, text))
}

/// The plan of a project.
fn plan(files: &[(&str, &str)]) -> Value {
    let plan = sandbox(files).pydeploy(&["plan"]).json();
    assert_eq!(plan["schema"], "pydeploy.plan/1", "{plan:#}");
    plan
}

/// The command that a project is started with, as words.
fn starts(files: &[(&str, &str)]) -> String {
    let plan = plan(files);
    let words = plan["image"]["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    words.collect::<Vec<_>>().join(" ")
}

/// Why a decision was made.
fn because(plan: &Value, what: &str) -> String {
    let decisions = plan["decisions"].as_array().unwrap();
    let decision =
        decisions.iter().find(|decision| decision["what"] == what).unwrap_or_else(|| panic!("{what}: {plan:#}"));
    format!("{}: {}", decision["value"].as_str().unwrap(), decision["because"].as_str().unwrap())
}

/// What is said of a project that can't be deployed as it is, and of how to mend it.
fn refuses(files: &[(&str, &str)]) -> String {
    let done = sandbox(files).pydeploy(&["plan", "--json"]).fails(3);
    let fault: Value = serde_json::from_str(&done.stdout).unwrap();
    format!("{}; {}", fault["message"].as_str().unwrap(), fault["hint"].as_str().unwrap_or_default())
}

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

fn project(more: &str) -> String {
    format!("[project]\nname = \"demo\"\nversion = \"1\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n{more}")
}

/// A uv.lock of FastAPI and uvicorn.
const UV_LOCK: &str = "version = 1\nrequires-python = \">=3.11\"\n\n[[package]]\nname = \"demo\"\nversion = \"1\"\nsource = { virtual = \".\" }\n\
    dependencies = [{ name = \"fastapi\" }, { name = \"uvicorn\" }]\n\n[package.metadata]\nrequires-dist = [{ name = \"fastapi\" }, { name = \"uvicorn\" }]\n\n\
    [[package]]\nname = \"fastapi\"\nversion = \"0.115.0\"\nsource = { registry = \"https://index.example/simple\" }\nwheels = [{ url = \"https://index.example/fastapi-0.115.0-py3-none-any.whl\", hash = \"sha256:00\" }]\n\n\
    [[package]]\nname = \"uvicorn\"\nversion = \"0.30.0\"\nsource = { registry = \"https://index.example/simple\" }\nwheels = [{ url = \"https://index.example/uvicorn-0.30.0-py3-none-any.whl\", hash = \"sha256:00\" }]\n";

#[test]
fn line_01_a_lock_beside_requirements_and_two_locks() {
    let pyproject = project("requires-python = \">=3.11\"\n");
    let locked = |requirements: &str, more: &[(&str, &str)]| {
        let files =
            [("pyproject.toml", pyproject.as_str()), ("uv.lock", UV_LOCK), ("requirements.txt", requirements), FASTAPI];
        sandbox(&[&files[..], more].concat())
    };
    let plan = locked("fastapi==0.115.0\nuvicorn==0.30.0\n", &[]).pydeploy(&["plan"]).json();
    assert_eq!((&plan["project"]["manager"], &plan["project"]["lock"]), (&"uv".into(), &"uv.lock".into()));
    locked("fastapi==0.100.0\n", &[]).pydeploy(&["plan"]).fails(3).says(&[
        "requirements.txt:1",
        "0.100.0",
        "manager = ",
    ]);
    let poetry = "[[package]]\nname = \"fastapi\"\nversion = \"0.1\"\nfiles = []\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\ncontent-hash = \"00\"\n";
    let two = locked("", &[("poetry.lock", poetry)]);
    two.pydeploy(&["plan"]).fails(3).says(&["side by side", "poetry.lock does not match", "manager = \"uv\""]);
}

#[test]
fn line_02_poetry_in_all_its_generations() {
    let old = "[tool.poetry]\nname = \"demo\"\nversion = \"1\"\ndescription = \"\"\nauthors = []\n[tool.poetry.dependencies]\npython = \"^3.11\"\nfastapi = \"*\"\nuvicorn = \"*\"\n\
               [tool.poetry.dev-dependencies]\npytest = \"*\"\n[build-system]\nrequires = [\"poetry-core\"]\nbuild-backend = \"poetry.core.masonry.api\"\n";
    let unlocked = plan(&[("pyproject.toml", old), FASTAPI]);
    assert_eq!(unlocked["project"]["manager"], "poetry");
    let text = sandbox(&[("pyproject.toml", old), FASTAPI]).pydeploy(&["plan"]).ok().stdout;
    says(&text, &["nothing is locked", "poetry lock"]);
    // A package that must not be installed, though there is a build-system: its folder is not there, or it says so.
    for more in ["", "package-mode = false\n"] {
        let pyproject = old.replace("authors = []\n", &format!("authors = []\n{more}"));
        let file = sandbox(&[("pyproject.toml", pyproject.as_str()), FASTAPI])
            .pydeploy(&["build", "--dockerfile-only"])
            .ok()
            .stdout;
        assert!(!file.contains("pip install .") && !file.contains("pytest"), "{file}");
    }
    let stale = refuses(&[
        ("pyproject.toml", old),
        (
            "poetry.lock",
            "[[package]]\nname = \"fastapi\"\nversion = \"0.1\"\nfiles = []\n[metadata]\nlock-version = \"1.1\"\npython-versions = \"^3.11\"\ncontent-hash = \"00\"\n[metadata.files]\n",
        ),
        FASTAPI,
    ]);
    says(&stale, &["poetry.lock does not match pyproject.toml", "run: poetry lock"]);
}

#[test]
fn line_03_manifests_that_state_no_dependencies() {
    let tools = "[tool.ruff]\nline-length = 100\n";
    let build = "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n";
    for pyproject in [tools, build] {
        let plan = plan(&[("pyproject.toml", pyproject), REQUIRED, FASTAPI]);
        assert_eq!(plan["project"]["manager"], "pip", "{pyproject}");
    }
    let plan = plan(&[("setup.cfg", "[flake8]\nmax-line-length = 100\n"), REQUIRED, FASTAPI]);
    assert_eq!(plan["project"]["manager"], "pip");
    let nameless = sandbox(&[
        ("pyproject.toml", "[project]\nname = \"\"\nversion = \"1\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n"),
        FASTAPI,
    ]);
    let name = nameless.pydeploy(&["plan"]).env("PYDEPLOY_NAME", "demo").json();
    assert_eq!(name["project"]["name"], "demo", "{name:#}");
    let setup =
        "from setuptools import setup\nsetup(name='x', install_requires=open('requirements.in/base.txt').read())\n";
    says(
        &refuses(&[("setup.py", setup), ("requirements.in/base.txt", "fastapi\n"), FASTAPI]),
        &["setup.py", "write a requirements.txt"],
    );
    let listed = "from setuptools import setup\nsetup(name='x', python_requires='>=3.10,<3.13', install_requires=['fastapi', 'uvicorn'])\n";
    let plan = self::plan(&[("setup.py", listed), FASTAPI]);
    assert_eq!(because(&plan, "python"), "3.12: stated in python_requires");
    assert_eq!(because(&plan, "manager"), "pip: install_requires states the dependencies");
}

#[test]
fn line_04_requirements_in_files_of_their_own() {
    let chained = [
        ("requirements.txt", "-r requirements/prod.txt"),
        ("requirements/prod.txt", "-r base.txt\nuvicorn"),
        ("requirements/base.txt", "--index-url https://index.example/simple\nfastapi"),
        FASTAPI,
    ];
    assert_eq!(starts(&chained), "uvicorn main:app --host 0.0.0.0 --port 8000");
    assert_eq!(starts(&chained[1..]), "uvicorn main:app --host 0.0.0.0 --port 8000");
    let roles = [("requirements_server.txt", "fastapi\nuvicorn\n"), ("requirements_worker.txt", "celery\n"), FASTAPI];
    says(&refuses(&roles), &["requirements_server.txt", "requirements_worker.txt", "write a requirements.txt"]);
    assert_eq!(starts(&[roles[0], FASTAPI]), "uvicorn main:app --host 0.0.0.0 --port 8000");
}

#[test]
fn line_05_a_server_in_no_list_that_is_installed() {
    let extra = "[project]\nname = \"demo\"\nversion = \"1\"\ndependencies = [\"fastapi\"]\n[project.optional-dependencies]\nserver = [\"uvicorn\"]\n";
    says(&refuses(&[("pyproject.toml", extra), FASTAPI]), &["uvicorn is only in", "add uvicorn to the dependencies"]);
    // What is not for development can be chosen.
    says(&refuses(&[("pyproject.toml", extra), FASTAPI]), &["the setting extras = [\"server\"] installs"]);
    let chosen = format!("{extra}[tool.pydeploy]\nextras = [\"server\"]\n");
    says(&starts(&[("pyproject.toml", &chosen), FASTAPI]), &["uvicorn main:app"]);
    let other = chosen.replace("extras = [\"server\"]", "groups = [\"server\"]");
    says(&refuses(&[("pyproject.toml", &other), FASTAPI]), &["the group server, which pyproject.toml does not state"]);
    let pip = ("pydeploy.toml", "extras = [\"server\"]\n");
    says(&refuses(&[REQUIRED, pip, FASTAPI]), &["the dependencies are those that pip installs", "list what is needed"]);
    let group = "[project]\nname = \"demo\"\nversion = \"1\"\ndependencies = [\"fastapi\"]\n[dependency-groups]\ndev = [\"uvicorn\"]\n";
    says(&refuses(&[("pyproject.toml", group), FASTAPI]), &["dev", "add uvicorn to the dependencies"]);
    says(
        &refuses(&[("requirements.txt", "fastapi\n"), FASTAPI]),
        &["no server for the fastapi application", "add uvicorn"],
    );
}

#[test]
fn line_07_git_paths_urls_prereleases_and_hashes() {
    let hashed = "fastapi==0.115.0 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\nuvicorn==0.30.0 \\\n    --hash=sha256:1111111111111111111111111111111111111111111111111111111111111111\n";
    assert_eq!(starts(&[("requirements.txt", hashed), FASTAPI]), "uvicorn main:app --host 0.0.0.0 --port 8000");
    let sources = "--pre\nfastapi\nuvicorn\nlib @ https://files.example/lib-1-py3-none-any.whl\n./own\n";
    let own = ("own/pyproject.toml", "[project]\nname = \"own\"\nversion = \"1\"\n");
    assert_eq!(starts(&[("requirements.txt", sources), own, FASTAPI]), "uvicorn main:app --host 0.0.0.0 --port 8000");
    says(
        &refuses(&[("requirements.txt", "fastapi\nuvicorn\n-e ../above\n"), FASTAPI]),
        &["requirements.txt:3", "outside the build context"],
    );
    says(
        &refuses(&[("requirements.txt", "fastapi\nuvicorn\n./missing\n"), FASTAPI]),
        &["requirements.txt:3", "missing"],
    );
}

#[test]
fn line_08_conda_or_nothing() {
    let conda = ("environment.yml", "dependencies:\n- python=3.11\n- fastapi\n");
    says(&refuses(&[conda, FASTAPI]), &["conda environments", "environment.yml", "write requirements.txt"]);
    says(&refuses(&[FASTAPI]), &["main.py:1 imports fastapi", "write requirements.txt"]);
}

#[test]
fn line_09_what_states_the_version_of_python() {
    let python = |files: &[(&str, &str)]| {
        let plan = plan(&[&[REQUIRED, FASTAPI], files].concat());
        plan["project"]["python"]["version"].as_str().unwrap().to_owned()
    };
    let requires =
        |range: &str| format!("[project]\nname = \"demo\"\nversion = \"1\"\nrequires-python = \"{range}\"\n");
    for (range, is) in [("~=3.11", "3.13"), ("==3.13.*", "3.13"), (">=3.9,<3.12", "3.11"), (">=3.14", "3.14")] {
        assert_eq!(python(&[("pyproject.toml", &requires(range))]), is, "{range}");
    }
    assert_eq!(python(&[(".python-version", "# for pyenv\n3.12.4\n")]), "3.12");
    for runtime in ["python-3.10.2", "python~=3.10.0", "python-3.10.x"] {
        assert_eq!(python(&[("runtime.txt", runtime)]), "3.10", "{runtime}");
    }
    let refuses = |files: &[(&str, &str)]| refuses(&[&[REQUIRED, FASTAPI], files].concat());
    says(&refuses(&[("pyproject.toml", &requires("==3.11.7"))]), &["3.11.7", "write ==3.11.* instead"]);
    says(
        &refuses(&[(".python-version", "3.12"), ("pyproject.toml", &requires(">=3.13"))]),
        &["asks for python 3.12", "allows only >=3.13"],
    );
    let old = plan(&[REQUIRED, FASTAPI, (".python-version", "3.9\n")]);
    says(
        old["image"]["notes"][0].as_str().unwrap(),
        &["Python 3.9 (.python-version:1) is out of support since 2025-10-31"],
    );
    says(&refuses(&[("runtime.txt", "python-3.6.9")]), &["python 3.6.9 is not supported", "3.9 to 3.14"]);
    // Old pins with no stated version: the lock says what there are wheels for, and a builder says so of requirements.
    let lock = UV_LOCK.replace("fastapi-0.115.0-py3-none-any", "fastapi-0.115.0-cp311-cp311-manylinux2014_x86_64");
    let pyproject = project("requires-python = \">=3.11\"\n");
    let old = plan(&[("pyproject.toml", &pyproject), ("uv.lock", &lock), FASTAPI]);
    assert_eq!(because(&old, "python"), "3.11: stated in requires-python; fastapi 0.115.0 has no wheel for 3.13");
}

#[test]
fn line_10_applications_of_any_name_in_any_place() {
    let made = |text: &str| starts(&[REQUIRED, ("server.py", text)]);
    for name in ["api", "server", "application", "worker"] {
        let text = format!("from fastapi import FastAPI\n{name} = FastAPI()\n");
        assert_eq!(made(&text), format!("uvicorn server:{name} --host 0.0.0.0 --port 8000"));
    }
    let factory = "from fastapi import FastAPI\ndef create_app():\n    app = FastAPI()\n    return app\n";
    assert_eq!(made(factory), "uvicorn server:create_app --host 0.0.0.0 --port 8000 --factory");
    let awaited = factory.replace("def ", "async def ");
    says(&refuses(&[REQUIRED, ("server.py", &awaited)]), &["awaiting it"]);
    let called = format!("{awaited}import asyncio\napp = asyncio.run(create_app())\n");
    assert_eq!(made(&called), "uvicorn server:app --host 0.0.0.0 --port 8000");
    let hidden = "import uvicorn\nfrom fastapi import FastAPI\ndef main():\n    app = FastAPI()\n    uvicorn.run(app, host='0.0.0.0')\nif __name__ == '__main__':\n    main()\n";
    assert_eq!(made(hidden), "python server.py");
    let django = [
        ("requirements.txt", "django\nfastapi\nuvicorn\n"),
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n"),
        ("site/settings.py", ""),
        (
            "site/asgi.py",
            "from django.core.asgi import get_asgi_application\nfrom fastapi import FastAPI\napp = FastAPI()\napp.mount('/', get_asgi_application())\n",
        ),
    ];
    assert_eq!(starts(&django), "uvicorn site.asgi:app --host 0.0.0.0 --port 8000");
}

#[test]
fn line_11_modules_beside_packages_of_their_name_and_roots_of_imports() {
    let app = "from fastapi import FastAPI\napp = FastAPI()\n";
    let root = |files: &[(&str, &str)]| {
        let plan = plan(&[&[REQUIRED], files].concat());
        let command = plan["image"]["command"].as_array().unwrap();
        let decisions = plan["decisions"].as_array().unwrap();
        let root = decisions.iter().find(|decision| decision["what"] == "import root");
        format!("{} {}", command[1].as_str().unwrap(), root.map_or("", |root| root["value"].as_str().unwrap()))
    };
    // The package hides the module of its name.
    assert_eq!(root(&[("app.py", app), ("app/__init__.py", app)]), "app:app ");
    assert_eq!(
        root(&[("src/main.py", "from fastapi import FastAPI\nfrom db import x\napp = FastAPI()\n"), ("src/db.py", "")]),
        "main:app src"
    );
    assert_eq!(
        root(&[
            ("src/main.py", "from fastapi import FastAPI\nfrom src.db import x\napp = FastAPI()\n"),
            ("src/db.py", "")
        ]),
        "src.main:app "
    );
    assert_eq!(
        root(&[
            ("src/main.py", "from fastapi import FastAPI\nfrom .db import x\napp = FastAPI()\n"),
            ("src/db.py", "")
        ]),
        "src.main:app "
    );
    // Two modules that take each other's name.
    let circle = [
        ("main.py", "from fastapi import FastAPI\nfrom other import x\napp = FastAPI()\n"),
        ("other.py", "from main import app as x\n"),
    ];
    assert_eq!(root(&circle), "main:app ");
}

#[test]
fn line_12_manage_py_of_others_and_settings_of_development() {
    let flask = ("app.py", "from flask import Flask\napp = Flask('x')\n");
    let manage = ("manage.py", "from flask_script import Manager\nfrom app import app\nManager(app).run()\n");
    assert_eq!(
        starts(&[("requirements.txt", "flask\ngunicorn\n"), flask, manage]),
        "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm app:app"
    );
    let django = [
        ("requirements.txt", "django\ngunicorn\n"),
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.local')\n"),
        ("shop/settings/local.py", "DEBUG = True\n"),
        ("shop/settings/production.py", "from .base import *\nALLOWED_HOSTS = ['shop.example']\n"),
        ("shop/settings/base.py", "ALLOWED_HOSTS = ['*']\n"),
        ("shop/urls.py", "from django.urls import path\nurlpatterns = [path('health/', v)]\n"),
        (
            "shop/wsgi.py",
            "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.production')\napplication = 1\n",
        ),
    ];
    // The server's own module says which settings it uses: not those of manage.py, which answer every host.
    assert_eq!(starts(&django), "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm shop.wsgi:application");
    says(
        &because(&plan(&django), "health"),
        &["GET /health/", "for a host that is allowed (shop/settings/production.py:2)"],
    );
    let debugs = [("requirements.txt", "flask\n"), flask, (".flaskenv", "FLASK_DEBUG=1\n")];
    says(&starts(&debugs), &["--no-debugger", "--no-reload"]);
}

#[test]
fn line_13_procfiles_with_steps_loops_and_several_roles() {
    let flask = [("requirements.txt", "flask\ngunicorn\n"), ("app.py", "from flask import Flask\napp = Flask('x')\n")];
    let with = |procfile: &'static str| plan(&[&flask[..], &[("Procfile", procfile)]].concat());
    let joined = with("web: flask db upgrade; gunicorn app:app -b 0.0.0.0:$PORT\n");
    says(&because(&joined, "command"), &["flask db upgrade; exec gunicorn app:app -b 0.0.0.0:8000", "the process web"]);
    let several =
        "release: flask db upgrade\nweb: gunicorn app:app\nworker: celery -A app worker\nbeat: celery -A app beat\n";
    let asked = [("requirements.txt", "flask\ngunicorn\ncelery\n"), flask[1], ("Procfile", several)];
    let roles = plan(&asked);
    says(&because(&roles, "command"), &["gunicorn --bind 0.0.0.0:8000 app:app", "the process web"]);
    let processes = &roles["project"]["processes"];
    let kinds: Vec<_> = processes.as_array().unwrap().iter().map(|p| format!("{} {}", p["name"], p["kind"])).collect();
    // A beat runs once, and keeps its times where it can write.
    assert_eq!(kinds, ["\"beat\" \"scheduler\"", "\"release\" \"release\"", "\"worker\" \"worker\""]);
    says(&processes[0]["command"].to_string(), &["celery", "beat", "/tmp/celerybeat-schedule"]);
    says(
        &with(several)["image"]["notes"].to_string(),
        &["worker of the Procfile does not run: nothing installs celery"],
    );
    let waits = with("web: while ! nc -z db 5432; do sleep 1; done; gunicorn app:app -b :$PORT\n");
    says(&because(&waits, "command"), &["while ! nc -z db 5432", "exec gunicorn"]);
}

#[test]
fn line_14_where_the_port_is_said() {
    let flask = |more: &[(&str, &str)], text: &str| {
        let files = [("requirements.txt", "flask\ngunicorn\n"), ("app.py", text)];
        plan(&[&files[..], more].concat())
    };
    let app = "from flask import Flask\napp = Flask('x')\n";
    let conf = flask(&[("gunicorn.conf.py", "bind = '0.0.0.0:7000'\n")], app);
    says(&because(&conf, "port"), &["7000: bound by gunicorn's configuration"]);
    let last = flask(
        &[],
        "from flask import Flask\napp = Flask('x')\nif __name__ == '__main__':\n    app.run(port=5001, debug=True)\n",
    );
    says(&because(&last, "port"), &["5001: the port that the code runs on"]);
    let low = flask(&[], "from flask import Flask\napp = Flask('x')\napp.run(port=80)\n");
    says(&because(&low, "port"), &["8000: the default: only root may listen on 80"]);
    let loopback = "import uvicorn\nfrom fastapi import FastAPI\ndef main():\n    app = FastAPI()\n    uvicorn.run(app, port=9000)\nmain()\n";
    says(&refuses(&[REQUIRED, ("main.py", loopback)]), &["listens on 127.0.0.1 alone (main.py:5)", "host=\"0.0.0.0\""]);
    let reload =
        plan(&[REQUIRED, FASTAPI, ("Procfile", "web: uvicorn main:app --reload --host 0.0.0.0 --port $PORT\n")]);
    says(&because(&reload, "command"), &["uvicorn main:app --host 0.0.0.0 --port 8000", "without its --reload"]);
    let debug =
        "from flask import Flask\ndef main():\n    app = Flask('x')\n    app.run(host='0.0.0.0', debug=True)\nmain()\n";
    let notes = plan(&[("requirements.txt", "flask\n"), ("main.py", debug)])["image"]["notes"].to_string();
    says(&notes, &["serves for development (main.py:4)", "let a variable decide it"]);
}

#[test]
fn line_15_routes_that_a_probe_can_ask_for() {
    let health = |text: &str| because(&plan(&[REQUIRED, ("main.py", text)]), "health");
    let app = "from fastapi import FastAPI, Depends\napp = FastAPI()\n";
    says(&health(app), &["the port is open", "no health route was seen"]);
    says(&health(&format!("{app}@app.get('/items')\ndef f(db=Depends(get_db)): ...\n")), &["the port is open"]);
    says(
        &health(&format!("{app}@app.get('/health')\ndef f(u=Depends(get_current_user)): ...\n")),
        &["seems to ask who is calling"],
    );
    let django = |hosts: &str| {
        let settings = format!("ROOT_URLCONF = 'shop.urls'\n{hosts}\n");
        let files = [
            ("requirements.txt", "django\ngunicorn\n"),
            ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
            ("shop/settings.py", settings.as_str()),
            ("shop/urls.py", "from django.urls import path\nurlpatterns = [path('health/', v)]\n"),
            ("shop/wsgi.py", "application = 1\n"),
        ];
        because(&plan(&files), "health")
    };
    says(&django("ALLOWED_HOSTS = []"), &["the port is open", "would get 400"]);
    says(&django("ALLOWED_HOSTS = env.list('HOSTS')"), &["the port is open", "would get 400"]);
    says(&django("ALLOWED_HOSTS = ['localhost', '127.0.0.1']"), &["GET /health/"]);
    says(&django("ALLOWED_HOSTS = ['shop.example']"), &["GET /health/", "for a host that is allowed"]);
}

#[test]
fn line_16_what_has_no_port() {
    let bot = "from telegram.ext import Application\napp = Application.builder().build()\napp.run_polling()\n";
    let plan = plan(&[("requirements.txt", "python-telegram-bot\n"), ("bot.py", bot)]);
    assert_eq!(
        (&plan["project"]["kind"], &plan["image"]["ports"], &plan["image"]["healthcheck"]),
        (&"worker".into(), &Value::Array(vec![]), &Value::Null)
    );
    let crawler = "import requests\nif __name__ == '__main__':\n    requests.get('https://example.com')\n";
    says(
        &refuses(&[("requirements.txt", "requests\n"), ("crawl.py", crawler)]),
        &["nothing says which command", "[\"python\", \"crawl.py\"]"],
    );
}
