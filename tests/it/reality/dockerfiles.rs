//! Dockerfiles that people have written.

use serde_json::Value;

use crate::sandbox::Sandbox;

const SERVER: &str = "CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";

fn contract(dockerfile: &str) -> Value {
    let sandbox = Sandbox::empty().file("Dockerfile", dockerfile);
    let done = sandbox.pydeploy(&["contract", "Dockerfile", "--json"]).run();
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done}"))
}

/// The contract of a service with this health check.
fn checked(check: &str) -> Value {
    contract(&format!("FROM python:3.13\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK {check}\n{SERVER}"))
}

fn codes(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap_or_else(|| panic!("{document:#}"));
    findings.iter().map(|f| format!("{} {}", f["severity"].as_str().unwrap(), f["code"].as_str().unwrap())).collect()
}

fn errors(document: &Value) -> usize {
    codes(document).iter().filter(|code| code.starts_with("error")).count()
}

#[test]
fn line_20_odd_syntax() {
    let continued = contract(&format!(
        "FROM python:3.13\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK --interval=5s \\\nCMD curl -f http://localhost:8000/h || exit 1\n{SERVER}"
    ));
    assert_eq!((&continued["healthcheck"]["interval"], errors(&continued)), (&"5s".into(), 0), "{continued:#}");
    let env = contract("FROM python:3.13\nENV A=1 \\\n    USER=\"root\"\nUSER 1000:1000\nCMD [\"x\"]\n");
    assert_eq!(env["user"]["uid"], 1000);
    let backtick = contract("# escape=`\nFROM python:3.13\nENV A=1 `\n    B=2\nUSER 1000:1000\nCMD [\"x\"]");
    assert_eq!(backtick["user"]["uid"], 1000);
    let heredoc = contract(
        "FROM python:3.13\nRUN <<EOF\necho \\\nUSER root\nuseradd -u 1234 app\nEOF\nCOPY <<EOF /x\nUSER 0\nEOF\nUSER app\nCMD [\"x\"]\n",
    );
    assert_eq!(heredoc["user"]["uid"], 1234, "{heredoc:#}");
    let onbuild = contract("FROM python:3.13\nONBUILD USER root\nUSER 1000:1000\nCMD [\"x\"]\n");
    assert_eq!(onbuild["user"]["uid"], 1000);
}

#[test]
fn line_21_values_from_variables_and_accounts_by_every_way() {
    let text = |env: &str, url: &str| {
        contract(&format!(
            "ARG P=8000\nFROM python:3.13\nARG P\nENV PORT=$P {env}\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK CMD curl -f {url} || exit 1\n{SERVER}"
        ))
    };
    for (env, url) in [
        ("URL=http://localhost:8000/h", "$URL"),
        ("X=1", "http://localhost:${PORT:-9000}/h"),
        ("X=1", "http://localhost:${PORT:=9000}/h"),
    ] {
        let document = text(env, url);
        assert_eq!(errors(&document), 0, "{url}: {document:#}");
    }
    let user = |lines: &str| contract(&format!("FROM python:3.13\n{lines}\nCMD [\"x\"]\n"));
    assert!(errors(&user("ARG UID=0\nARG GID=0\nUSER $UID:$GID")) > 0, "root by arguments");
    assert_eq!(user("ENV NB_UID=1000\nUSER ${NB_UID}")["user"]["uid"], 1000);
    assert_eq!(user("RUN useradd -u 1100 old && usermod -l new old\nUSER new")["user"]["uid"], 1100);
    assert_eq!(user("RUN <<EOF\ngroupadd -g 1200 app\nuseradd -u 1200 -g app app\nEOF\nUSER app")["user"]["uid"], 1200);
    // An account that a package's script makes is one whose number can't be told from here.
    assert!(!codes(&user("RUN apt-get update && apt-get install -y postgresql\nUSER postgres")).is_empty());
}

#[test]
fn line_22_clients_and_their_options() {
    let silent = checked("CMD curl http://localhost:8000/h || exit 1");
    assert!(!codes(&silent).is_empty(), "curl without -f can't fail: {silent:#}");
    for check in [
        "CMD curl -fk http://localhost:8000/h",
        "CMD curl -fL http://localhost:8000/h",
        "CMD curl -f -m 3 http://localhost:8000/h",
        "CMD curl -f --noproxy '*' http://localhost:8000/h",
        "CMD curl -f --insecure http://localhost:8000/h",
        "CMD curl -f localhost:8000/h",
        "CMD curl -f http://0.0.0.0:8000/h",
        "CMD curl -f http://localhost:8000/a || curl -f http://localhost:8000/b",
        "CMD curl -fs http://localhost:8000/h | grep -q ok",
    ] {
        let document = checked(check);
        assert_eq!(errors(&document), 0, "{check}: {document:#}");
        assert!(document["probes"]["readiness"].is_object(), "{check}");
    }
    let written = checked("CMD wget http://localhost:8000/h || exit 1");
    assert!(!codes(&written).is_empty(), "wget writes into the working directory: {written:#}");
    assert!(errors(&checked("CMD [\"curl -f http://localhost:8000/h\"]")) > 0, "one word with a space in it");
    assert!(!codes(&checked("CMD curl -f http://example.com/h")).is_empty(), "another host");
    let slim = contract(&format!(
        "FROM python:3.13-slim\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK CMD curl -f http://localhost:8000/h\n{SERVER}"
    ));
    assert!(errors(&slim) > 0, "a client that the base lacks");
}

#[test]
fn line_23_checks_that_are_no_http_client() {
    let urllib = checked("CMD python -c \"import urllib.request; urllib.request.urlopen('http://localhost:8000/h')\"");
    assert_eq!(errors(&urllib), 0, "{urllib:#}");
    let requests = checked("CMD python -c \"import requests; requests.get('http://localhost:8000/h')\"");
    assert!(!codes(&requests).is_empty(), "requests does not raise: {requests:#}");
    for check in [
        "CMD python healthcheck.py",
        "CMD celery -A x inspect ping",
        "CMD nc -z localhost 8000",
        "CMD grpc_health_probe -addr=:8000",
        "CMD pg_isready -U postgres",
        "CMD [\"/app\", \"healthcheck\"]",
        "CMD dig +short @127.0.0.1",
    ] {
        let document = checked(check);
        let kept = document["probes"]["readiness"].is_object() || !codes(&document).is_empty();
        assert!(kept, "{check} is neither kept nor spoken of: {document:#}");
    }
    assert!(checked("NONE")["healthcheck"].is_null());
}

#[test]
fn line_24_stages() {
    let inherited = contract(&format!(
        "FROM python:3.13 AS base\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK CMD curl -f http://localhost:8000/h\nFROM base\n{SERVER}"
    ));
    assert_eq!((&inherited["user"]["uid"], inherited["healthcheck"].is_object()), (&1000.into(), true));
    let chosen = contract(
        "ARG ENV=prod\nFROM python:3.13 AS prod\nUSER 1000:1000\nFROM python:3.13 AS dev\nUSER 0\nFROM ${ENV}\nCMD [\"x\"]\n",
    );
    assert_eq!(chosen["user"]["uid"], 1000);
    let nameless = Sandbox::empty().file("Dockerfile", "ARG BASE\nFROM $BASE\nUSER 1000:1000\n");
    nameless.pydeploy(&["contract", "Dockerfile"]).fails(3).says(&["BASE"]);
    let shell = contract(&format!(
        "FROM python:3.13 AS build\nSHELL [\"/bin/bash\", \"-c\"]\nFROM python:3.13\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK CMD curl -f http://localhost:8000/h\n{SERVER}"
    ));
    assert_eq!(shell["healthcheck"]["test"][0], "CMD-SHELL", "{shell:#}");
    let dropped = contract("FROM python:3.13\nCOPY entrypoint.sh /\nENTRYPOINT [\"/entrypoint.sh\"]\nCMD [\"x\"]\n");
    assert!(errors(&dropped) > 0, "an entry script that starts as root");
}
