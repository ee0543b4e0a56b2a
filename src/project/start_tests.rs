//! Tests of how projects are started, through the whole room.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::project::{Evidence, Project};

const FASTAPI: &str =
    "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/health\")\ndef health():\n    return {}\n";
const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n";

fn read(files: &[(&str, &str)], stated: &Stated) -> Result<Project, Error> {
    Project::read(&SourceTree::in_memory("demo", files.iter().copied()), stated)
}

fn project(files: &[(&str, &str)]) -> Project {
    read(files, &Stated::default()).unwrap()
}

fn fault(files: &[(&str, &str)]) -> (String, String) {
    let error = read(files, &Stated::default()).unwrap_err();
    (error.to_string(), error.hint().unwrap_or_default())
}

fn command(files: &[(&str, &str)]) -> String {
    project(files).command.value.join(" ")
}

fn with_command(files: &[(&str, &str)], words: &str) -> Project {
    let command = Some(Decision::assumed(shlex::split(words).unwrap(), "stated"));
    read(files, &Stated { command, ..Stated::default() }).unwrap()
}

#[test]
fn fastapi_from_end_to_end() {
    let project = project(&[("requirements.txt", "fastapi==0.115.0\nuvicorn[standard]\n"), ("main.py", FASTAPI)]);
    assert_eq!(project.command.value.join(" "), "uvicorn main:app --host 0.0.0.0 --port 8000");
    assert_eq!(project.command.because, "the fastapi application, served by uvicorn (requirements.txt:2)");
    assert_eq!(project.command.evidence, Some(Evidence::line("main.py", 3)));
    assert_eq!(project.framework.unwrap().evidence, Some(Evidence::line("requirements.txt", 1)));
    assert_eq!(project.kind.value, Kind::Web);
    assert_eq!(project.port.unwrap().value, 8000);
    let health = project.health.unwrap();
    assert_eq!(
        (health.value, health.evidence),
        (Health::Http { path: "/health".into(), host: None }, Some(Evidence::line("main.py", 6)))
    );
    assert_eq!((project.name.value.as_str(), project.python.value.to_string().as_str()), ("demo", "3.13"));
}

#[test]
fn every_server_has_its_command() {
    for (requirements, words) in [
        ("fastapi[standard]", "uvicorn main:app --host 0.0.0.0 --port 8000"),
        ("fastapi\nhypercorn", "hypercorn main:app --bind 0.0.0.0:8000"),
        ("fastapi\ngranian", "granian --interface asgi --host 0.0.0.0 --port 8000 main:app"),
        ("fastapi\ndaphne", "daphne -b 0.0.0.0 -p 8000 main:app"),
        ("fastapi\ngunicorn\nuvicorn", "uvicorn main:app --host 0.0.0.0 --port 8000"),
    ] {
        assert_eq!(command(&[("requirements.txt", requirements), ("main.py", FASTAPI)]), words);
    }
    for (requirements, words) in [
        ("flask\ngunicorn", "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm app:app"),
        ("flask\nwaitress", "waitress-serve --listen=0.0.0.0:8000 app:app"),
        ("flask\ngranian", "granian --interface wsgi --host 0.0.0.0 --port 8000 app:app"),
        ("flask", "flask --app app run --host 0.0.0.0 --port 8000"),
    ] {
        assert_eq!(command(&[("requirements.txt", requirements), ("app.py", FLASK)]), words);
    }
}

#[test]
fn factories_are_called_as_each_server_wants() {
    let fastapi = ("main.py", "from fastapi import FastAPI\ndef create_app() -> FastAPI:\n    return FastAPI()\n");
    assert_eq!(
        command(&[("requirements.txt", "fastapi\nuvicorn"), fastapi]),
        "uvicorn main:create_app --host 0.0.0.0 --port 8000 --factory"
    );
    assert_eq!(
        command(&[("requirements.txt", "fastapi\nhypercorn"), fastapi]),
        "hypercorn main:create_app() --bind 0.0.0.0:8000"
    );
    assert!(fault(&[("requirements.txt", "fastapi\ndaphne"), fastapi]).0.starts_with("no server"));
    let flask = (
        "web/__init__.py",
        "from flask import Flask\ndef create_app(config=None):\n    app = Flask(__name__)\n    return app\n",
    );
    for (server, words) in [
        ("gunicorn", "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm web:create_app()"),
        ("waitress", "waitress-serve --listen=0.0.0.0:8000 --call web:create_app"),
        ("# none", "flask --app web:create_app run --host 0.0.0.0 --port 8000"),
    ] {
        assert_eq!(command(&[("requirements.txt", &format!("flask\n{server}")), flask]), words);
    }
}

#[test]
fn a_missing_server_is_named_with_where_it_was_seen() {
    let (message, hint) = fault(&[("requirements.txt", "fastapi"), ("main.py", FASTAPI)]);
    assert_eq!(message, "no server for the fastapi application is among the dependencies");
    assert_eq!(hint, "add uvicorn to the dependencies, or state the setting `command`");
    let pyproject = "[project]\nname='a'\ndependencies=['fastapi']\n[dependency-groups]\ndev=['uvicorn']\n";
    let (message, _) = fault(&[("pyproject.toml", pyproject), ("main.py", FASTAPI)]);
    assert!(message.ends_with("; uvicorn is only in the group dev (pyproject.toml:5)"), "{message}");
    let files = [
        ("requirements.txt", "fastapi"),
        ("requirements-dev.txt", "-r requirements.txt\nuvicorn\n"),
        ("main.py", FASTAPI),
    ];
    assert!(fault(&files).0.ends_with("; uvicorn is only in requirements-dev.txt (requirements-dev.txt:2)"));
    let (message, _) = fault(&[("requirements.txt", "fastapi\ngunicorn"), ("main.py", FASTAPI)]);
    assert_eq!(message, "gunicorn alone can't serve a fastapi application (requirements.txt:2)");
    let flask = project(&[("requirements.txt", "flask"), ("dev-requirements.txt", "gunicorn"), ("app.py", FLASK)]);
    assert!(flask.command.because.starts_with("flask's DEVELOPMENT server"), "{}", flask.command.because);
    assert!(flask.command.because.contains("gunicorn is only in dev-requirements.txt"));
    let debug = command(&[("requirements.txt", "flask"), (".flaskenv", "FLASK_DEBUG=1\n"), ("app.py", FLASK)]);
    assert!(debug.ends_with("--no-debugger --no-reload"));
}

#[test]
fn the_code_decides_between_frameworks_and_says_so_without_a_dependency() {
    let files = [("requirements.txt", "fastapi\nflask\nuvicorn\ngunicorn"), ("app.py", FLASK)];
    assert_eq!(project(&files).framework.unwrap().value, Framework::Flask);
    let other = fault(&[("requirements.txt", "fastapi\nuvicorn"), ("tools/mock.py", FLASK)]);
    assert_eq!(other.0, "found no fastapi application to start");
    let project = project(&[("requirements.txt", "flask-cors\ngunicorn"), ("app.py", FLASK)]);
    let framework = project.framework.unwrap();
    assert_eq!(
        (framework.because.as_str(), framework.evidence),
        ("the code uses it", Some(Evidence::line("app.py", 2)))
    );
}

#[test]
fn what_cannot_be_started_says_why() {
    let hidden =
        "import uvicorn\nfrom fastapi import FastAPI\ndef main():\n    app = FastAPI()\n    uvicorn.run(app)\n";
    let (message, hint) = fault(&[("requirements.txt", "fastapi\nuvicorn"), ("run.py", hidden)]);
    assert_eq!(message, "found no fastapi application to start (run.py:4)");
    assert_eq!(hint, r#"it is made inside a function that is not a factory; state it: command = ["python", "run.py"]"#);
    let awaited = "from fastapi import FastAPI\nasync def create_app():\n    return FastAPI()\n";
    assert!(fault(&[("requirements.txt", "fastapi\nuvicorn"), ("main.py", awaited)]).1.contains("awaiting"));
    let (message, hint) = fault(&[("requirements.txt", "fastapi\nuvicorn"), ("x.py", "")]);
    assert_eq!(message, "found no fastapi application to start");
    assert!(hint.starts_with("state it: command = [\"uvicorn\", \"main:app\""), "{hint}");
    let (message, hint) = fault(&[("requirements.txt", "requests"), ("bot.py", "import requests\n")]);
    assert_eq!(message, "nothing says which command starts the project");
    assert_eq!(hint, r#"state it: command = ["python", "bot.py"]"#);
    assert!(
        fault(&[("requirements.txt", "celery"), ("jobs/q.py", "app = Celery()\n")])
            .1
            .contains(r#""-A", "jobs.q", "worker""#)
    );
    assert!(fault(&[("requirements.txt", "streamlit"), ("app.py", "")]).1.contains("8501"));
    assert!(fault(&[("requirements.txt", "a"), ("x.py", ""), ("y.py", "")]).1.contains("setting `command`"));
}

#[test]
fn import_roots_reach_the_project() {
    let requirements = ("requirements.txt", "fastapi\nuvicorn");
    let src = project(&[requirements, ("src/pkg/main.py", FASTAPI), ("src/pkg/__init__.py", "")]);
    assert_eq!((src.command.value[1].as_str(), src.import_root.unwrap().value.as_str()), ("pkg.main:app", "src"));
    let pyproject = "[project]\nname='pkg'\ndependencies=['fastapi','uvicorn']\n[build-system]\n";
    let listed = project(&[("pyproject.toml", pyproject), ("src/pkg/main.py", FASTAPI)]);
    assert_eq!(listed.import_root.unwrap().value, "src");
    let own = [("pyproject.toml", pyproject), ("requirements.txt", "."), ("src/pkg/main.py", FASTAPI)];
    let installed = project(&own);
    assert_eq!((installed.command.value[1].as_str(), installed.import_root), ("pkg.main:app", None));
}

#[test]
fn ports_reach_the_command() {
    let run = format!("{FASTAPI}if __name__ == '__main__':\n    uvicorn.run(app, port=9000)\n");
    let read_port = project(&[("requirements.txt", "fastapi\nuvicorn"), ("main.py", &run)]);
    assert_eq!(read_port.command.value.last().unwrap(), "9000");
    assert_eq!(read_port.port.unwrap().evidence, Some(Evidence::line("main.py", 10)));
    let stated = Stated { port: Some(Decision::assumed(7000, "stated")), ..Stated::default() };
    let stated = read(&[("requirements.txt", "fastapi\nuvicorn"), ("main.py", &run)], &stated).unwrap();
    assert_eq!(stated.command.value.last().unwrap(), "7000");
    let conf = ("gunicorn.conf.py", "bind = '0.0.0.0:5005'\n");
    assert!(command(&[("requirements.txt", "flask\ngunicorn"), ("app.py", FLASK), conf]).contains("0.0.0.0:5005"));
}

#[test]
fn stated_commands_are_taken_as_they_are() {
    let bare = [("requirements.txt", "requests"), ("bot.py", "")];
    let worker = with_command(&bare, "python bot.py");
    assert_eq!((worker.kind.value, worker.port, worker.health), (Kind::Worker, None, None));
    let web = with_command(&bare, "python bot.py --port 9000");
    assert_eq!((web.kind.value, web.port.unwrap().value, web.health.unwrap().value), (Kind::Web, 9000, Health::Tcp));
    let fastapi = [("requirements.txt", "fastapi\ncelery"), ("main.py", FASTAPI), ("api.py", FASTAPI)];
    let web = with_command(&fastapi, "uvicorn main:app --port 9000");
    assert_eq!(
        (web.port.unwrap().value, web.health.unwrap().value),
        (9000, Health::Http { path: "/health".into(), host: None })
    );
    assert_eq!(with_command(&fastapi, "celery -A tasks worker").kind.value, Kind::Worker);
    let beside = [&fastapi[..], &[("queue.py", "import redis\n"), ("run.py", "from main import app\n")]].concat();
    assert_eq!(with_command(&beside, "python queue.py").kind.value, Kind::Worker);
    assert_eq!(with_command(&beside, "python run.py").kind.value, Kind::Web);
    let src = with_command(&[("requirements.txt", "x"), ("src/pkg/main.py", "")], "x pkg.main:app --port 1234");
    assert_eq!(src.import_root.unwrap().value, "src");
    let port = Some(Decision::assumed(7000, "stated"));
    let health_path = Some(Decision::assumed("up".to_owned(), "stated"));
    let command = Some(Decision::assumed(vec!["python".to_owned(), "bot.py".to_owned()], "stated"));
    let all = read(&bare, &Stated { command, port, health_path, ..Stated::default() }).unwrap();
    assert_eq!(
        (all.kind.value, all.health.unwrap().value),
        (Kind::Web, Health::Http { path: "/up".into(), host: None })
    );
}

const MANAGE: &str = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n";
const WSGI: &str = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
const URLS: &str = "urlpatterns = [\n    path('health/', view),\n]\n";

#[test]
fn django_is_started_by_its_gateway() {
    let files = |requirements, settings| {
        let base = [("manage.py", MANAGE), ("proj/wsgi.py", WSGI), ("proj/asgi.py", WSGI), ("proj/urls.py", URLS)];
        [&base[..], &[("requirements.txt", requirements), ("proj/settings.py", settings)]].concat()
    };
    let gunicorn = project(&files("django\ngunicorn", "ALLOWED_HOSTS = ['*']\n"));
    assert_eq!(
        gunicorn.command.value.join(" "),
        "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm proj.wsgi:application"
    );
    assert_eq!(gunicorn.command.evidence, Some(Evidence::line("proj/wsgi.py", 2)));
    assert_eq!(gunicorn.health.unwrap().value, Health::Http { path: "/health/".into(), host: None });
    let closed = project(&files("django\nuvicorn", "DEBUG = False\nALLOWED_HOSTS = []\n"));
    assert_eq!(closed.command.value.join(" "), "uvicorn proj.asgi:application --host 0.0.0.0 --port 8000");
    let health = closed.health.unwrap();
    assert_eq!((health.value, health.evidence), (Health::Tcp, Some(Evidence::line("proj/settings.py", 2))));
    let development = project(&files("django", ""));
    assert_eq!(development.command.value.join(" "), "python manage.py runserver 0.0.0.0:8000 --noreload");
    assert!(development.command.because.contains("DEVELOPMENT"));
}

#[test]
fn django_in_other_places() {
    let requirements = ("requirements.txt", "django\ngunicorn");
    let below = project(&[requirements, ("backend/manage.py", MANAGE), ("backend/proj/wsgi.py", WSGI)]);
    assert_eq!(
        (below.command.value[5].as_str(), below.import_root.unwrap().value.as_str()),
        ("proj.wsgi:application", "backend")
    );
    let local = MANAGE.replace("proj.settings", "proj.settings.local");
    let nested =
        project(&[requirements, ("manage.py", &local), ("proj/wsgi.py", WSGI), ("proj/settings/local.py", "")]);
    assert_eq!(nested.command.value[5], "proj.wsgi:application");
    let package =
        project(&[("requirements.txt", "django\nuvicorn"), ("manage.py", MANAGE), ("proj/asgi/__init__.py", WSGI)]);
    assert_eq!(package.command.value[1], "proj.asgi:application");
    let (message, hint) = fault(&[requirements, ("manage.py", MANAGE), ("proj/settings.py", "")]);
    assert_eq!(message, "found no django application to start (manage.py:2)");
    assert!(hint.starts_with("there is no wsgi.py in a package of the settings proj.settings"), "{hint}");
    let (message, _) = fault(&[requirements, ("manage.py", "import click\n")]);
    assert_eq!(message, "found no django application to start");
    let both = [
        ("requirements.txt", "django\nfastapi\nuvicorn"),
        ("manage.py", MANAGE),
        ("proj/wsgi.py", WSGI),
        ("main.py", FASTAPI),
    ];
    let (message, _) = fault(&both);
    assert_eq!(
        message,
        "several applications could be the one to start: main:app (main.py:3), proj.wsgi:application (proj/wsgi.py:2)"
    );
}

mod fuzz {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_code_makes_reading_panic(
            code in "(?s)((app|x|é)? ?[=:@(){}\\[\\]'\"#,.\n\\\\ ]{0,3}(FastAPI|def create_app|import|from|mount|run|Route|path|port=|literal)?){0,30}"
        ) {
            let files = [("requirements.txt", "fastapi\nuvicorn"), ("main.py", code.as_str()), ("manage.py", &code), ("gunicorn.conf.py", &code)];
            drop(read(&files, &Stated::default()));
            drop(read(&files[1..], &Stated::default()));
        }

        #[test]
        fn no_manifest_makes_reading_panic(toml in "(?s).{0,120}", version in "(?s).{0,20}", specifiers in "[<>=!~0-9.*a-c, +]{0,14}") {
            let project = format!("[project]\nname = 'x'\nrequires-python = '{specifiers}'\ndependencies = ['a{specifiers}']\n");
            drop(read(&[("pyproject.toml", &project), (".python-version", &version)], &Stated::default()));
            drop(read(&[("pyproject.toml", &toml), ("uv.lock", &toml), ("runtime.txt", &version)], &Stated::default()));
        }

        #[test]
        fn no_command_makes_reading_panic(words in proptest::collection::vec("(sh|-c|python|-m|-p|--port=|:|=|&&|é|[a-z:.$\\{\\}0-9-]{0,6})", 0..6)) {
            let command = Some(Decision::assumed(words, "stated"));
            drop(read(&[("requirements.txt", "flask"), ("a.py", FLASK)], &Stated { command, ..Stated::default() }));
        }
    }
}

#[test]
fn django_is_found_by_what_makes_the_application() {
    let manage = "import os, sys\nfor key, value in {'DJANGO_SETTINGS_MODULE': 'site.settings'}.items():\n    os.environ.setdefault(key, value)\nexecute_from_command_line(sys.argv)\n";
    let wsgi = "from django.core.wsgi import get_wsgi_application\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\napplication = get_wsgi_application()\n";
    let required = ("requirements.txt", "django\ngunicorn\n");
    let command_of = |files: &[(&str, &str)]| command(files);
    let found = command_of(&[required, ("manage.py", manage), ("site/wsgi.py", wsgi)]);
    assert!(found.ends_with("site.wsgi:application"), "{found}");
    let asgi = wsgi.replace("wsgi", "asgi");
    let required = ("requirements.txt", "django\ngunicorn\nuvicorn\n");
    let found = command_of(&[required, ("manage.py", manage), ("site/asgi.py", &asgi)]);
    assert!(found.starts_with("uvicorn site.asgi:application"), "{found}");
}

#[test]
fn every_process_has_the_settings_of_the_server() {
    let named = |settings: &str, rest: &str| {
        format!("import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', '{settings}')\n{rest}")
    };
    let manage = named("config.settings.local", "execute_from_command_line([])\n");
    let wsgi = named("config.settings.production", "application = get_wsgi_application()\n");
    let celery = named("config.settings.local", "from celery import Celery\napp = Celery('x')\n");
    let files = [
        ("requirements.txt", "django\ngunicorn\ncelery\n"),
        ("manage.py", manage.as_str()),
        ("config/__init__.py", ""),
        ("config/wsgi.py", wsgi.as_str()),
        ("config/celery_app.py", celery.as_str()),
    ];
    let project = project(&files);
    assert_eq!(project.env, [("DJANGO_SETTINGS_MODULE".to_owned(), "config.settings.production".to_owned())]);
    assert_eq!(project.processes[0].command.value[2], "config.celery_app:app");
    // The same in a folder of its own, which manage.py gives away.
    let below: Vec<(String, &str)> = files
        .iter()
        .map(|(path, text)| (format!("site/{path}").replace("site/requirements", "requirements"), *text))
        .collect();
    let below: Vec<(&str, &str)> = below.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    assert_eq!(self::project(&below).processes[0].command.value[2], "config.celery_app:app");
}

#[test]
fn what_no_server_could_import_or_call_is_refused() {
    let required = ("requirements.txt", "fastapi\nuvicorn\n");
    let relative = "from .config import settings\nfrom fastapi import FastAPI\napp = FastAPI()\n";
    fault(&[required, ("main.py", relative), ("config.py", "")]);
    let either =
        format!("try:\n    {}", relative.replacen('\n', "\nexcept ImportError:\n    from config import settings\n", 1));
    assert!(command(&[required, ("main.py", &either), ("config.py", "")]).starts_with("uvicorn main:app"));
    let celery = ("tasks.py", "from celery import Celery\nqueue = Celery('x')\n");
    let several = "from fastapi import FastAPI\ndef create_app():\n    app = FastAPI()\n    return app, 1\n";
    fault(&[("requirements.txt", "fastapi\nuvicorn\ncelery\n"), ("main.py", several), celery]);
}
