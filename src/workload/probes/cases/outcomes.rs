//! Checks that always pass or always fail, in their disguises.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn checks_that_can_never_fail() {
    for text in [
        "exit 0",
        "true",
        ":",
        ": ",
        "exit",
        "exit 256",
        "curl -f http://localhost:8000/ || true",
        "curl -f http://localhost:8000/ || exit 0",
        "curl -f http://localhost:8000/; exit 0",
        "curl -f http://localhost:8000/ ; true",
        "curl -f http://localhost:8000/\ntrue",
        "curl -f http://localhost:8000/ || echo down",
        "curl -f http://localhost:8000/ && exit 0 || exit 0",
        "curl -f http://localhost:8000/ &",
        "curl -f http://localhost:8000/ | cat",
        "(curl -f http://localhost:8000/) || :",
        "{ curl -f http://localhost:8000/; true; }",
        "if curl -f http://localhost:8000/; then echo up; else echo down; fi",
        "if curl -f http://localhost:8000/; then exit 0; fi",
        "! false",
        "echo ok",
        "[ 1 = 1 ]",
        "test 1 -eq 1",
        "exec true",
        "python --version",
        "ps aux",
        "x || ! false",
        "python -c \"print('ok')\"",
        "python -c 'import sys; sys.exit(0)'",
        "true # curl -f http://localhost:8000/",
    ] {
        assert_eq!(shell(text).refused(), Some("PD202"), "{text}");
    }
    for argv in [&["true"][..], &["/bin/true"], &["echo", "ok"], &["sh", "-c", "x || true"], &["python", "-V"]] {
        assert_eq!(exec(argv).refused(), Some("PD202"), "{argv:?}");
    }
}

#[test]
fn checks_that_can_never_pass() {
    for text in [
        "exit 1",
        "false",
        "! true",
        "curl -f http://localhost:8000/; exit 1",
        "curl -f http://localhost:8000/ && exit 1",
        "curl -f http://localhost:8000/ && false",
        "(exit 2)",
        "curl -f",
        "curl -f ''",
        "test 1 = 2",
        "if true; then exit 3; fi",
        "nc -z localhost",
        "python -c \"import urllib.request; urllib.request.urlopen('localhost:8000')\"",
        "python -c 'exit(1)'",
    ] {
        assert_eq!(shell(text).refused(), Some("PD203"), "{text}");
    }
    for argv in [&["false"][..], &["exit", "0"], &["sh", "-c", "exit 1"], &["curl", "--max-time=5", "http://localhost"]]
    {
        assert_eq!(exec(argv).refused(), Some("PD203"), "{argv:?}");
    }
}

#[test]
fn checks_that_can_do_either() {
    for text in [
        "curl -f http://localhost:8000/ || exit 1",
        "curl -f http://localhost:8000/ && true",
        "curl -f http://localhost:8000/ || (echo down; exit 1)",
        "curl -s http://localhost:8000/ | grep -q ok",
        "set -e; curl -f http://localhost:8000/; true",
        "test -f /ok",
        "test \"$MODE\" = worker || curl -f http://localhost:8000/",
        "for i in 1 2; do curl -f http://localhost:8000/ && exit 0; done; exit 1",
        "if curl -f http://localhost:8000/; then exit 0; else exit 1; fi",
        "exit $?",
        "python /app/check.py",
        "cat /ok",
        "echo ok > /data/ok",
        "x=$(curl -f http://localhost:8000/)",
        "celery -A app inspect ping",
        "python -c 'import app'",
        "python -c 'import app; print(1)'",
        "mycheck --version",
        "cd /data && true",
        "trap 'exit 1' EXIT; true",
        "unclosed 'quote",
    ] {
        assert_eq!(shell(text).env("MODE=worker").refused(), None, "{text}");
    }
}
