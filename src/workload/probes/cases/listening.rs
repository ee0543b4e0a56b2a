//! Where servers listen.
#![allow(clippy::unwrap_used)]

use super::super::listen::{Listening, read};
use super::*;

fn listening(cmd: &[&str]) -> Listening {
    let env = Environment::new(["PORT=8000", "HOST=0.0.0.0"], Base::Known);
    read(&[], &words(cmd), &env)
}

/// Everywhere on this port.
fn everywhere(cmd: &[&str]) -> Option<u16> {
    match listening(cmd) {
        Listening::Everywhere { port, .. } => port,
        _ => None,
    }
}

#[test]
fn servers_on_every_address() {
    for (cmd, port) in [
        (&["uvicorn", "a:b", "--host", "0.0.0.0"][..], 8000),
        (&["uvicorn", "a:b", "--host=0.0.0.0", "--port=9000"], 9000),
        (&["python", "-m", "uvicorn", "a:b", "--host", "0.0.0.0"], 8000),
        (&["/app/.venv/bin/gunicorn", "-b", "0.0.0.0:8000", "a:b"], 8000),
        (&["gunicorn", "--bind=:8080", "a:b"], 8080),
        (&["gunicorn", "-b:8080", "a:b"], 8080),
        (&["gunicorn", "-b", "[::]:8080", "a:b"], 8080),
        (&["hypercorn", "a:b", "--bind", "0.0.0.0:8000"], 8000),
        (&["granian", "--interface", "asgi", "--host", "0.0.0.0", "a:b"], 8000),
        (&["daphne", "-b", "0.0.0.0", "-p", "8001", "a:b"], 8001),
        (&["waitress-serve", "a:b"], 8080),
        (&["waitress-serve", "--listen=*:8041", "a:b"], 8041),
        (&["flask", "--app", "a", "run", "-h", "0.0.0.0"], 5000),
        (&["python", "manage.py", "runserver", "0.0.0.0:8000"], 8000),
        (&["python", "manage.py", "runserver", "0:8000", "--noreload"], 8000),
        (&["fastapi", "run", "main.py", "--port", "80"], 80),
        (&["python", "-m", "http.server", "8000"], 8000),
        (&["uwsgi", "--http", ":8000", "--module", "a"], 8000),
        (&["streamlit", "run", "a.py", "--server.address=0.0.0.0", "--server.port=8501"], 8501),
        (&["/bin/sh", "-c", "uvicorn a:b --host 0.0.0.0 --port $PORT"], 8000),
        (&["sh", "-c", "python manage.py migrate && exec gunicorn -b $HOST:${PORT:-9} a:b"], 8000),
        (&["tini", "--", "uv", "run", "--no-sync", "uvicorn", "a:b", "--host", "0.0.0.0"], 8000),
        (&["dumb-init", "poetry", "run", "gunicorn", "-b", "0.0.0.0:8000", "a:b"], 8000),
        (&["python", "-u", "-m", "uvicorn", "a:b", "--host", "0.0.0.0"], 8000),
        (&["ddtrace-run", "gunicorn", "-b", "0.0.0.0:8000", "a:b"], 8000),
    ] {
        assert_eq!(everywhere(cmd), Some(port), "{cmd:?}");
    }
}

#[test]
fn servers_that_no_kubelet_reaches_for_certain() {
    for cmd in [
        &["uvicorn", "a:b"][..],
        &["uvicorn", "a:b", "--host", "127.0.0.1"],
        &["uvicorn", "a:b", "--host", "::"],
        &["uvicorn", "a:b", "--host", "localhost"],
        &["uvicorn", "a:b", "--host", "0.0.0.0", "--uds", "/run/s"],
        &["gunicorn", "a:b"],
        &["gunicorn", "a:b", "-c", "gunicorn.conf.py"],
        &["gunicorn", "-b", "0.0.0.0:8000", "-b", "unix:/run/s", "a:b"],
        &["gunicorn", "-b", "unix:/run/s", "a:b"],
        &["hypercorn", "a:b"],
        &["flask", "run"],
        &["python", "manage.py", "runserver"],
        &["python", "manage.py", "runserver", "8000"],
        &["python", "main.py"],
        &["/entrypoint.sh", "uvicorn", "a:b", "--host", "0.0.0.0"],
        &["sh", "-c", "nginx & uvicorn a:b --host 0.0.0.0"],
        &["sh", "-c", "uvicorn a:b --host 0.0.0.0 || true"],
        &["sh", "-c", "uvicorn a:b --host $UNKNOWN_HOST --port $(cat /port)"],
        &["celery", "-A", "a", "worker"],
        &[],
    ] {
        assert_eq!(everywhere(cmd), None, "{cmd:?}");
    }
}

#[test]
fn a_server_is_told_by_its_variables_too() {
    let cmd = words(&["uvicorn", "a:b"]);
    let known = Environment::new(["UVICORN_HOST=0.0.0.0", "UVICORN_PORT=9000"], Base::Known);
    assert!(matches!(read(&[], &cmd, &known), Listening::Everywhere { port: Some(9000), .. }));
    // A base image may set them.
    assert!(matches!(read(&[], &cmd, &Environment::default()), Listening::Unknown(_)));
}

#[test]
fn the_check_must_ask_the_servers_own_port() {
    let image = shell("curl -f http://localhost:8001/");
    assert!(image.because().contains("it asks port 8001"), "{}", image.because());
}
