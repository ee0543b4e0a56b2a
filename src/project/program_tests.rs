//! Tests of what is started by running a module, by a queue's program, and by a Procfile.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::project::Project;
use crate::source::SourceTree;

fn read(requirements: &str, files: &[(&str, &str)]) -> Result<Project, Error> {
    read_with(requirements, files, &Stated::default())
}

fn read_with(requirements: &str, files: &[(&str, &str)], stated: &Stated) -> Result<Project, Error> {
    let all = files.iter().copied().chain([("requirements.txt", requirements)]);
    Project::read(&SourceTree::in_memory("demo", all), stated)
}

/// The command, the port and the health of what is started.
fn started(requirements: &str, files: &[(&str, &str)]) -> String {
    let project = read(requirements, files).unwrap();
    let port = project.port.map_or("none".to_owned(), |port| port.value.to_string());
    let health = match project.health.map(|health| health.value) {
        Some(Health::Http { path, .. }) => path,
        Some(Health::Tcp) => "tcp".to_owned(),
        None => "none".to_owned(),
    };
    format!("{} | {} {port} {health}", project.command.value.join(" "), project.kind.value)
}

fn refused(requirements: &str, files: &[(&str, &str)]) -> String {
    let error = read(requirements, files).unwrap_err();
    format!("{error}; {}", error.hint().unwrap_or_default())
}

const AIOHTTP: &str = "from aiohttp import web\napp = web.Application()\napp.router.add_get('/health', h)\n";

#[test]
fn aiohttp_serves_by_its_script_or_by_gunicorn() {
    let run = format!("{AIOHTTP}if __name__ == '__main__':\n    web.run_app(app, port=9000)\n");
    assert_eq!(started("aiohttp", &[("main.py", &run)]), "python main.py | web 9000 /health");
    let main = "from aiohttp import web\nfrom app.web import app\ndef main():\n    web.run_app(app)\nif __name__ == '__main__':\n    main()\n";
    assert_eq!(
        started("aiohttp", &[("app/web.py", AIOHTTP), ("app/main.py", main)]),
        "python -m app.main | web 8080 /health"
    );
    assert_eq!(
        started("aiohttp\ngunicorn", &[("main.py", AIOHTTP)]),
        "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm --worker-class aiohttp.GunicornWebWorker main:app | web 8000 /health"
    );
    assert!(refused("aiohttp", &[("main.py", AIOHTTP)]).contains("add gunicorn"));
    let client = "import aiohttp\naiohttp.ClientSession()\n";
    assert!(refused("aiohttp", &[("main.py", client)]).starts_with("nothing says which command"));
}

#[test]
fn sanic_has_its_own_server() {
    let app = "from sanic import Sanic\napp = Sanic('x')\n@app.get('/health')\nasync def h(request): ...\n";
    assert_eq!(
        started("sanic", &[("server.py", app)]),
        "sanic server:app --host 0.0.0.0 --port 8000 | web 8000 /health"
    );
    let factory = "from sanic import Sanic\ndef create_app():\n    app = Sanic('x')\n    return app\n";
    assert!(
        started("sanic", &[("server.py", factory)])
            .starts_with("sanic server:create_app --host 0.0.0.0 --port 8000 --factory")
    );
}

#[test]
fn streamlit_runs_the_page_that_no_other_module_imports() {
    let page = "import streamlit as st\nfrom parts import chart\nst.title('x')\n";
    let files = [
        ("app.py", page),
        ("parts.py", "import streamlit as st\ndef chart():\n    st.write(1)\n"),
        ("pages/two.py", page),
    ];
    assert_eq!(
        started("streamlit", &files),
        "streamlit run app.py --server.address 0.0.0.0 --server.port 8501 --server.headless true \
         --browser.gatherUsageStats false | web 8501 /_stcore/health"
    );
    let two = refused(
        "streamlit",
        &[("one.py", "import streamlit as st\nst.title('x')\n"), ("two.py", "import streamlit as st\nst.title('x')\n")],
    );
    assert!(
        two.contains("one.py (one.py:2), two.py (two.py:2); state it: command = [\"streamlit\", \"run\", \"one.py\""),
        "{two}"
    );
    let both = refused(
        "streamlit\nfastapi\nuvicorn",
        &[("main.py", "from fastapi import FastAPI\napp = FastAPI()\n"), ("ui.py", page)],
    );
    assert!(both.contains("main:app (main.py:2), ui.py (ui.py:3)"), "{both}");
}

#[test]
fn gradio_is_told_where_to_listen_by_its_environment() {
    let app = "import gradio as gr\nwith gr.Blocks() as demo:\n    gr.Textbox()\ndemo.launch()\n";
    let project = read("gradio", &[("app.py", app)]).unwrap();
    assert_eq!(project.command.value.join(" "), "python app.py");
    assert!(project.env.contains(&("GRADIO_SERVER_NAME".to_owned(), "0.0.0.0".to_owned())));
    assert_eq!(project.port.unwrap().value, 7860);
    let closed = app.replace("launch()", "launch(server_name='127.0.0.1', server_port=8080)");
    assert!(refused("gradio", &[("app.py", &closed)]).ends_with("leave server_name out there"));
}

#[test]
fn a_bot_that_its_handlers_import_inside_of_functions_is_a_program() {
    let bot = "import asyncio\nfrom aiogram import Bot, Dispatcher\nfrom handlers import setup\ndp = Dispatcher()\n\
               async def main():\n    await dp.start_polling(Bot('x'))\nif __name__ == '__main__':\n    asyncio.run(main())\n";
    let handlers = "def setup():\n    from bot import dp\n    return dp\n";
    let files = [("bot.py", bot), ("handlers.py", handlers)];
    assert_eq!(started("aiogram", &files), "python bot.py | worker none none");
    let twitch =
        "from twitchio.ext import commands\nbot = commands.Bot('x')\nif __name__ == '__main__':\n    bot.run()\n";
    assert_eq!(started("twitchio", &[("commands.py", twitch)]), "python commands.py | worker none none");
}

#[test]
fn what_goes_on_until_it_is_ended_is_a_worker() {
    let polls = "import requests, time\ndef poll():\n    while True:\n        requests.get('x')\n        time.sleep(9)\n\
                 def main():\n    poll()\nif __name__ == '__main__':\n    main()\n";
    assert_eq!(started("requests", &[("feed.py", polls)]), "python feed.py | worker none none");
    let scheduler =
        "from apscheduler.schedulers.blocking import BlockingScheduler\ns = BlockingScheduler()\ns.start()\n";
    assert_eq!(started("apscheduler", &[("clock.py", scheduler)]), "python clock.py | worker none none");
    let consumer = "import asyncio\nasync def main():\n    while True:\n        await take()\nasyncio.run(main())\n";
    assert_eq!(started("aio-pika", &[("src/main.py", consumer)]), "python src/main.py | worker none none");
    let refuses = |requirements: &str, file: (&str, &str)| refused(requirements, &[file]);
    // A tool's loop, one that somebody is asked in, one at a screen, one that nothing calls, and one that comes to an end.
    for file in [
        ("tools/watch.py", polls),
        ("main.py", "while True:\n    print(input())\n"),
        ("main.py", "import pygame\nwhile True:\n    draw()\n"),
        ("main.py", "def poll():\n    while True:\n        f()\n"),
        ("main.py", "while True:\n    if f():\n        break\n"),
    ] {
        assert!(refuses("requests", file).starts_with("nothing says which command"), "{file:?}");
    }
    assert!(refuses("fastapi", ("main.py", polls)).contains("fastapi"));
}

#[test]
fn dashboards_and_what_serves_itself_by_other_frameworks() {
    let dash = "from dash import Dash\napp = Dash(__name__)\nif __name__ == '__main__':\n    app.run(debug=True)\n";
    let project = read("dash", &[("app.py", dash)]).unwrap();
    assert_eq!(project.command.value.join(" "), "python app.py");
    assert!(project.env.contains(&("HOST".to_owned(), "0.0.0.0".to_owned())), "{:?}", project.env);
    assert!(project.notes.iter().any(|note| note.contains("write server = app.server")), "{:?}", project.notes);
    let served = dash.replace("(__name__)\n", "(__name__)\nserver = app.server\n");
    let gunicorn = "gunicorn --bind 0.0.0.0:8000 --worker-tmp-dir /dev/shm";
    assert_eq!(started("dash\ngunicorn", &[("app.py", &served)]), format!("{gunicorn} app:server | web 8000 tcp"));

    let nicegui =
        "from nicegui import ui\nui.label('x')\nif __name__ in {'__main__', '__mp_main__'}:\n    ui.run(port=8090)\n";
    assert_eq!(started("nicegui", &[("main.py", nicegui)]), "python main.py | web 8090 tcp");
    let notes = |text: &str| read("nicegui", &[("main.py", text)]).unwrap().notes.len();
    assert_eq!((notes(nicegui), notes(&nicegui.replace("8090", "8090, reload=False"))), (1, 0));

    let tornado =
        "import tornado.web\ndef main():\n    app = tornado.web.Application([])\n    app.listen(9000)\nmain()\n";
    assert_eq!(started("tornado", &[("main.py", tornado)]), "python main.py | web 9000 tcp");
    let loopback = tornado.replace("9000", "9000, '127.0.0.1'");
    assert!(refused("tornado", &[("main.py", &loopback)]).starts_with("the tornado application listens on 127.0.0.1"));

    let bottle = "import bottle\napp = bottle.Bottle()\n@app.get('/health')\ndef h(): ...\n\
                  if __name__ == '__main__':\n    app.run(host='0.0.0.0', port=8081)\n";
    assert_eq!(started("bottle", &[("main.py", bottle)]), "python main.py | web 8081 /health");
    assert_eq!(
        started("bottle\ngunicorn", &[("main.py", bottle)]),
        format!("{} main:app | web 8081 /health", gunicorn.replace("8000", "8081"))
    );
    let falcon = "import falcon\napp = falcon.App()\n";
    assert_eq!(
        started("falcon\ngunicorn", &[("api/app.py", falcon)]),
        format!("{gunicorn} api.app:app | web 8000 tcp")
    );
}

#[test]
fn an_application_that_another_module_makes_of_arguments_is_started_by_its_script() {
    let made = "from fastapi import FastAPI\ndef create_app(settings):\n    app = FastAPI()\n    return app\n";
    let main = "import uvicorn\nfrom .factory import create_app\ndef main():\n    app = create_app(1)\n    \
                uvicorn.run(app, host='0.0.0.0', port=8080)\nif __name__ == '__main__':\n    main()\n";
    let at_once = main.replace("    app = create_app(1)\n", "").replace("run(app", "run(create_app(1)");
    for main in [main, &at_once] {
        let files = [("shop/__init__.py", ""), ("shop/factory.py", made), ("shop/__main__.py", main)];
        assert_eq!(started("fastapi\nuvicorn", &files), "python -m shop.__main__ | web 8080 tcp", "{main}");
    }
}

#[test]
fn an_application_made_inside_a_function_is_started_by_its_script() {
    let hidden = "import os, uvicorn\nfrom fastapi import FastAPI\ndef main():\n    app = FastAPI()\n    @app.get('/health')\n    def h(): ...\n    \
                  uvicorn.run(app, host='0.0.0.0', port=int(os.environ.get('PORT', 8080)))\nif __name__ == '__main__':\n    main()\n";
    assert_eq!(started("fastapi\nuvicorn", &[("main.py", hidden)]), "python main.py | web 8080 /health");
    let loopback = hidden.replace("host='0.0.0.0', ", "");
    assert_eq!(
        refused("fastapi\nuvicorn", &[("main.py", &loopback)]),
        "the fastapi application listens on 127.0.0.1 alone (main.py:7), where nothing outside of its container reaches \
         it; pass host=\"0.0.0.0\" there"
    );
    let port = Some(Decision::assumed(9000, "stated"));
    let fixed = hidden.replace("int(os.environ.get('PORT', 8080))", "8080");
    let error =
        read_with("fastapi\nuvicorn", &[("main.py", &fixed)], &Stated { port, ..Stated::default() }).unwrap_err();
    assert!(error.to_string().contains("9000"), "{error}");
}

#[test]
fn workers_take_their_work_by_the_program_of_their_queue() {
    let celery = "from celery import Celery\nqueue = Celery('x')\n";
    assert_eq!(
        started("celery", &[("jobs/tasks.py", celery)]),
        "celery -A jobs.tasks:queue worker --loglevel INFO | worker none none"
    );
    let made = "from celery import Celery\ndef make_celery(app):\n    queue = Celery(app.name)\n    return queue\n";
    let derived = "from celery import Celery\nclass Queue(Celery): ...\n";
    let by_function = [("made.py", made), ("tasks.py", "from made import make_celery\nqueue = make_celery(1)\n")];
    let by_class = [("made.py", derived), ("tasks.py", "from made import Queue\nqueue = Queue('x')\n")];
    for files in [by_function, by_class] {
        assert!(started("celery", &files).starts_with("celery -A tasks:queue worker"), "{files:?}");
    }
    // What is made for a worker has the application with all that it needs.
    let made = ("app/extensions.py", "from celery import Celery\nqueue = Celery('x')\n");
    let for_it =
        ("celery_worker.py", "from app.extensions import queue\nfrom app import tasks\nqueue.conf.update(a=1)\n");
    let files = [made, for_it, ("app/tasks.py", "from .extensions import queue\n")];
    assert!(started("celery", &files).starts_with("celery -A celery_worker:queue worker"));
    let arq = "class WorkerSettings:\n    functions = []\n";
    assert_eq!(started("arq", &[("worker.py", arq)]), "arq worker.WorkerSettings | worker none none");
    let actor = "import dramatiq\n@dramatiq.actor\ndef f(): ...\n";
    let files = [("a.py", actor), ("b.py", "from dramatiq import actor\n@actor(max_retries=3)\ndef g(): ...\n")];
    assert_eq!(started("dramatiq", &files), "dramatiq a b | worker none none");
    let mail =
        "from rq import Queue\nfrom redis import Redis\nqueue = Queue('mail', connection=Redis())\nqueue.enqueue(f)\n";
    let job = "from rq.decorators import job\n@job('low', timeout=5)\ndef f(): ...\n";
    assert_eq!(
        started("rq", &[("app/mail.py", mail), ("app/jobs.py", job), ("app/more.py", mail)]),
        "rq worker low mail | worker none none"
    );
    let unnamed = mail.replace("'mail', ", "");
    assert_eq!(started("rq\nredis", &[("mail.py", &unnamed)]), "rq worker default | worker none none");
    let worked_out = refused("rq", &[("mail.py", &mail.replace("'mail'", "NAME"))]);
    assert!(worked_out.ends_with("state it: command = [\"rq\", \"worker\", \"default\"]"), "{worked_out}");
    let two = refused("celery", &[("a.py", celery), ("b.py", celery)]);
    assert!(two.contains("a:queue (a.py:2), b:queue (b.py:2)"), "{two}");
    // A web application that gives work to a queue is what answers requests.
    let web = ("main.py", "from fastapi import FastAPI\napp = FastAPI()\n");
    assert!(started("fastapi\nuvicorn\ncelery", &[web, ("tasks.py", celery)]).starts_with("uvicorn main:app"));
}

#[test]
fn bots_are_workers() {
    for (package, text) in [
        (
            "python-telegram-bot",
            "from telegram.ext import Application\napp = Application.builder().build()\napp.run_polling()\n",
        ),
        (
            "aiogram",
            "import asyncio\nfrom aiogram import Dispatcher\nasync def main():\n    await dp.start_polling(bot)\nif __name__ == '__main__':\n    asyncio.run(main())\n",
        ),
        ("discord.py", "from discord.ext import commands\nbot = commands.Bot('!')\nbot.run('x')\n"),
        ("discord.py", "import discord\nclass Mine(discord.Client): ...\nclient = Mine()\nclient.run('x')\n"),
    ] {
        assert_eq!(
            started(package, &[("bot.py", text), ("other.py", "")]),
            "python bot.py | worker none none",
            "{text}"
        );
    }
    let nothing = "import discord\nimport app\napp.run()\n";
    assert!(refused("discord.py", &[("bot.py", nothing)]).starts_with("nothing says which command"));
}

const FLASK: (&str, &str) =
    ("app.py", "from flask import Flask\napp = Flask('x')\n@app.route('/healthz')\ndef h(): ...\n");

#[test]
fn a_procfile_says_what_is_started() {
    let web = |line: &'static str| [FLASK, ("Procfile", line)];
    assert_eq!(
        started("flask\ngunicorn", &web("web: gunicorn app:app --workers 2 --bind 0.0.0.0:$PORT\n")),
        "gunicorn app:app --workers 2 --bind 0.0.0.0:8000 | web 8000 /healthz"
    );
    assert_eq!(
        started("flask\ngunicorn", &web("web: flask db upgrade && gunicorn app:app")),
        "sh -c flask db upgrade && exec gunicorn app:app | web 8000 /healthz"
    );
    let project = read("flask", &web("web: python app.py")).unwrap();
    assert_eq!(project.env, [("PORT".to_owned(), "8000".to_owned())]);
    assert_eq!((project.kind.value, project.port.unwrap().value), (Kind::Web, 8000));
    assert_eq!(
        started("celery", &[("Procfile", "worker: celery -A x worker")]),
        "celery -A x worker | worker none none"
    );
    // That of a front end says nothing of the application.
    assert!(started("flask\ngunicorn", &web("web: npm start")).starts_with("gunicorn --bind"));
    assert!(
        refused("requests", &[("x.py", ""), ("Procfile", "web: npm start")]).starts_with("nothing says which command")
    );
    // What it names is not installed: the code itself is asked, and that is said.
    let left = read("flask\nwaitress", &web("web: gunicorn app:app")).unwrap();
    assert_eq!(left.command.value[0], "waitress-serve");
    assert!(left.command.because.ends_with("; not by gunicorn, as the Procfile says: nothing installs it"));
}

#[test]
fn django_mounted_under_another_application_is_no_second_one() {
    let manage = ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'p.settings')\n");
    let asgi = "from django.core.asgi import get_asgi_application\nfrom fastapi import FastAPI\ndj = get_asgi_application()\n\
                app = FastAPI()\napp.mount('/admin', dj)\n";
    let files = [manage, ("p/settings.py", ""), ("p/wsgi.py", "application = 1"), ("p/asgi.py", asgi)];
    assert!(started("django\nfastapi\nuvicorn", &files).starts_with("uvicorn p.asgi:app "));
}

#[test]
fn a_queue_beside_what_is_started_gets_a_worker_and_its_times_a_beat() {
    let web = ("main.py", "from fastapi import FastAPI\nfrom tasks import f\napp = FastAPI()\n");
    let celery = "from celery import Celery\nqueue = Celery('x')\n@queue.task\ndef f(): ...\n";
    let times = format!("{celery}queue.conf.beat_schedule = {{'f': {{'task': 'tasks.f', 'schedule': 60.0}}}}\n");
    let beside = |requirements: &str, files: &[(&str, &str)]| -> Vec<String> {
        let all = read(requirements, files).unwrap().processes;
        all.iter().map(|p| format!("{} {}: {}", p.name, p.kind, p.command.value.join(" "))).collect()
    };
    let asked = "fastapi\nuvicorn\ncelery";
    let worker = "worker worker: celery -A tasks:queue worker --loglevel INFO";
    let beat = "beat scheduler: celery -A tasks:queue beat --loglevel INFO --schedule /tmp/celerybeat-schedule";
    assert_eq!(beside(asked, &[web, ("tasks.py", celery)]), [worker]);
    assert_eq!(beside(asked, &[web, ("tasks.py", &times)]), [beat, worker]);
    let periodic = format!("{celery}queue.add_periodic_task(10.0, f.s())\n");
    assert_eq!(beside(asked, &[web, ("tasks.py", &periodic)]), [beat, worker]);
    // The times of a database are its scheduler's, wherever the code is.
    let stored = beside(&format!("{asked}\ndjango-celery-beat"), &[web, ("tasks.py", celery)]);
    assert!(stored[0].ends_with("--scheduler django_celery_beat.schedulers:DatabaseScheduler"), "{stored:?}");
    // A worker alone is what the image starts, and only its times are beside it.
    assert_eq!(beside("celery", &[("tasks.py", &times)]), [beat]);
    // What is stated or in a Procfile is all that runs.
    let procfile = ("Procfile", "web: uvicorn main:app\n");
    assert_eq!(beside(asked, &[web, ("tasks.py", &times), procfile]), [""; 0]);
    let gone = ("Procfile", "web: uvicorn main:app\nworker: celery -A tasks worker\n");
    let project = read("fastapi\nuvicorn", &[web, ("tasks.py", ""), gone]).unwrap();
    assert_eq!(project.processes, []);
    let left = "the process worker of the Procfile does not run: nothing installs celery";
    assert_eq!(project.notes, [left]);
    // Which of two takes the work is not guessed.
    let two = [
        ("a.py", celery),
        ("b.py", celery),
        ("main.py", "import a, b\nfrom fastapi import FastAPI\napp = FastAPI()\n"),
    ];
    let project = read(asked, &two).unwrap();
    assert!(
        project.processes.is_empty() && project.notes[0].ends_with("[processes.worker] states it"),
        "{:?}",
        project.notes
    );
}

#[test]
fn a_program_that_an_install_makes_is_one() {
    let serve = "import uvicorn\nfrom fastapi import FastAPI\ndef main():\n    app = FastAPI()\n    uvicorn.run(app, host='0.0.0.0', port=9000)\n";
    let project = "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['fastapi', 'uvicorn']\n[project.scripts]\nshop = 'shop.cli:main'\n";
    let read = |files: &[(&str, &str)]| {
        Project::read(&SourceTree::in_memory("demo", files.iter().copied()), &Stated::default())
    };
    let files =
        |path| [("pyproject.toml", project), (path, serve), ("src/shop/__init__.py", ""), ("shop/__init__.py", "")];
    let bare = read(&files("shop/cli.py")[..2]).unwrap();
    let command = "import sys; from shop.cli import main; sys.exit(main())";
    assert_eq!(bare.command.value, ["python", "-c", command]);
    let because = "the code serves its fastapi application itself, by its program shop (pyproject.toml:6)";
    assert_eq!((bare.command.because.as_str(), bare.port.map(|port| port.value)), (because, Some(9000)));
    let src = read(&files("src/shop/cli.py")[..3]).unwrap();
    assert_eq!(src.command.value[2], command);
    assert_eq!(src.import_root.map(|root| root.value), Some("src".to_owned()));
    // Installed, it is there by its name.
    let installed = ("requirements.txt", "-e .\n");
    let setup = ("setup.py", "from setuptools import setup\nsetup(name='shop')\n");
    let all = [&files("shop/cli.py")[..2], &[installed, setup]].concat();
    let all: Vec<_> = all
        .into_iter()
        .map(|(path, text)| {
            (
                path,
                if path == "pyproject.toml" {
                    text.to_owned() + "[build-system]\nrequires = ['setuptools']\n"
                } else {
                    text.to_owned()
                },
            )
        })
        .collect();
    let all: Vec<(&str, &str)> = all.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert_eq!(read(&all).unwrap().command.value, ["shop"]);
    // One whose function serves nothing is a tool.
    let tool = serve.replace("uvicorn.run(app", "print(app").replace("'0.0.0.0'", "''");
    assert!(read(&[("pyproject.toml", project), ("shop/cli.py", &tool)]).is_err());
}

#[test]
fn a_bot_beside_a_queue_is_what_is_started() {
    let bot = "from aiogram import Dispatcher\nimport tasks\ndp = Dispatcher()\nasync def main():\n    await dp.start_polling(bot)\nif __name__ == '__main__':\n    asyncio.run(main())\n";
    let celery = "from celery import Celery\nqueue = Celery('x')\n";
    let project = read("aiogram\ncelery", &[("main.py", bot), ("tasks.py", celery)]).unwrap();
    assert_eq!(project.command.value, ["python", "main.py"]);
    let beside: Vec<_> = project.processes.iter().map(|process| process.command.value.join(" ")).collect();
    assert_eq!(beside, ["celery -A tasks:queue worker --loglevel INFO"]);
    // What asks somebody at a terminal sets a bot up.
    let session = "from pyrogram import Client\napp = Client('x', input('key: '))\napp.run()\n";
    assert!(read("pyrogram", &[("genstring.py", session)]).is_err());
}

#[test]
fn a_queue_of_which_nothing_is_seen_is_spoken_of() {
    let web = ("main.py", "from fastapi import FastAPI\napp = FastAPI()\n");
    let notes = |requirements: &str| read(requirements, &[web]).unwrap().notes;
    assert!(notes("fastapi\nuvicorn\ntaskiq")[0].starts_with("taskiq is among the dependencies, and how its worker"));
    assert_eq!(notes("fastapi\nuvicorn"), [""; 0]);
    // Celery's own layout, whose module has Celery's name.
    let files = [web, ("proj/__init__.py", ""), ("proj/celery.py", "from celery import Celery\napp = Celery('x')\n")];
    let project = read("fastapi\nuvicorn\ncelery", &files).unwrap();
    assert_eq!(project.processes.iter().map(|p| p.command.value[2].as_str()).collect::<Vec<_>>(), ["proj.celery:app"]);
    assert_eq!(project.notes, [""; 0]);
}

#[test]
fn pages_and_tests_of_streamlit_are_not_started() {
    let home = "import streamlit as st\nst.navigation([st.Page('views/a.py')])\n";
    let files = [
        ("streamlit_app.py", home),
        ("views/a.py", "import streamlit as st\nst.title('a')\n"),
        ("check.py", "from streamlit.testing.v1 import AppTest\nAppTest.from_file('a')\n"),
    ];
    assert!(started("streamlit", &files).starts_with("streamlit run streamlit_app.py "));
}
