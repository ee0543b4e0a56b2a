//! Contracts: what `pydeploy contract` says of Dockerfiles, case by case.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// Runs `pydeploy contract Dockerfile --json` on a Dockerfile; the document and the exit code.
fn contract(dockerfile: &str, args: &[&str]) -> (Value, i32) {
    let sandbox = Sandbox::empty().file("Dockerfile", dockerfile);
    let done = sandbox.pydeploy(&[&["contract", "Dockerfile", "--json"], args].concat()).run();
    let document = serde_json::from_str(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done}"));
    (document, done.code)
}

/// A service on a base that has curl, with this health check and whatever goes before it.
fn service(before: &str, check: &str) -> String {
    format!("FROM python:3.13\n{before}USER 1000:1000\nEXPOSE 8000\n{check}\n{SERVER}")
}

const SERVER: &str = "CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";

fn codes(document: &Value) -> Vec<&str> {
    document["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

fn errors(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().unwrap().iter();
    findings.filter(|f| f["severity"] == "error").map(|f| f["code"].as_str().unwrap()).collect()
}

/// Period, timeout and threshold of startup, readiness and liveness.
fn times(document: &Value) -> [[i64; 3]; 3] {
    ["startup", "readiness", "liveness"].map(|name| {
        let probe = &document["probes"][name];
        ["periodSeconds", "timeoutSeconds", "failureThreshold"].map(|field| probe[field].as_i64().unwrap_or(-1))
    })
}

/// What Docker's defaults come to.
const DEFAULTS: [[i64; 3]; 3] = [[5, 30, 37], [30, 30, 3], [30, 30, 6]];

#[test]
fn times_are_those_that_bear_what_docker_bears() {
    let curl = "CMD curl -f http://localhost:8000/h || exit 1";
    let case = |flags: &str, command: &str| {
        let (document, code) = contract(&service("", &format!("HEALTHCHECK {flags} {command}")), &[]);
        assert_eq!((code, errors(&document)), (0, vec![]), "{document:#}");
        times(&document)
    };
    assert_eq!(case("", curl), DEFAULTS);
    let json = "CMD [\"curl\", \"-f\", \"http://localhost:8000/h\"]";
    let flags = "--interval=30s --timeout=3s --start-period=5s --retries=3";
    assert_eq!(case(flags, json), [[5, 3, 23], [30, 3, 3], [30, 3, 4]]);
    assert_eq!(case("--interval=500ms --timeout=1500ms --retries=2", json), [[1, 2, 5], [1, 2, 2], [1, 2, 5]]);
    let flags = "--start-period=40s --start-interval=1s --timeout=10s --retries=5";
    assert_eq!(case(flags, json), [[1, 10, 251], [30, 10, 5], [30, 10, 7]]);
    assert_eq!(case("--interval=0s --timeout=0 --retries=0", json), DEFAULTS);
}

#[test]
fn a_check_runs_as_a_command_unless_more_is_stated() {
    let dockerfile = service("", "HEALTHCHECK CMD curl -f http://localhost:8000/h || exit 1");
    let (document, _) = contract(&dockerfile, &[]);
    let readiness = &document["probes"]["readiness"];
    let command = ["/bin/sh", "-c", "curl -f http://localhost:8000/h || exit 1"];
    assert_eq!(readiness["exec"]["command"], serde_json::json!(command));
    assert!(readiness.get("httpGet").is_none());
    let (document, _) = contract(&dockerfile, &["--assert", "no-redirects"]);
    let http = &document["probes"]["readiness"]["httpGet"];
    assert_eq!((http["path"].as_str(), http["port"].as_i64()), (Some("/h"), Some(8000)));
    assert_eq!(http["httpHeaders"], serde_json::json!([{"name": "Host", "value": "localhost:8000"}]));
    assert!(http.get("host").is_none());
}

#[test]
fn flags_that_docker_refuses() {
    for flag in ["--interval=30", "--interval 5s", "--timeout=500us", "--retries=-1"] {
        let sandbox = Sandbox::empty().file("Dockerfile", service("", &format!("HEALTHCHECK {flag} CMD x")));
        let done = sandbox.pydeploy(&["contract", "Dockerfile"]).fails(3);
        done.says(&["error: ", "Dockerfile:4", "HEALTHCHECK"]);
    }
}

#[test]
fn none_and_the_last_one_count() {
    let (document, code) = contract(&service("", "HEALTHCHECK --bogus=1 none"), &[]);
    assert_eq!((code, &document["probes"], &document["healthcheck"]), (0, &Value::Null, &Value::Null));
    let two = "HEALTHCHECK --interval=5s CMD /a\nHEALTHCHECK CMD [\"/b\"]";
    let (document, _) = contract(&service("", two), &[]);
    assert_eq!(times(&document), DEFAULTS);
    assert_eq!(document["healthcheck"]["test"], serde_json::json!(["CMD", "/b"]));
}

#[test]
fn stages_inherit_by_from_alone() {
    let child = "FROM python:3.13 AS parent\nHEALTHCHECK CMD [\"/a\"]\nUSER 1000:1000\nFROM parent\nHEALTHCHECK NONE\n";
    let (document, code) = contract(child, &[]);
    assert_eq!((code, &document["probes"], document["user"]["uid"].as_i64()), (0, &Value::Null, Some(1000)));
    let copied = "FROM registry.example/a AS build\nHEALTHCHECK CMD [\"/a\"]\nFROM registry.example/b\nCOPY --from=build \
                  /a /a\nUSER 1000:1000\nEXPOSE 80\n";
    let (document, _) = contract(copied, &[]);
    assert_eq!(document["probes"], Value::Null);
    let codes = codes(&document);
    assert!(codes.contains(&"PD303") && codes.contains(&"PD304"), "{codes:?}");
}

#[test]
fn checks_that_can_not_hold_are_refused() {
    let cases: &[(&str, &str)] = &[
        ("", "CMD ['curl','-f','http://localhost']"),
        ("", "CMD [\"CMD-SHELL\", \"curl -f http://localhost:8000/\"]"),
        ("", "CMD [\"curl\", \"-f\", \"http://localhost:8000/\", \"||\", \"exit\", \"1\"]"),
        ("ENV PORT=8000\n", "CMD [\"curl\", \"-f\", \"http://localhost:$PORT/\"]"),
        ("ARG PORT=8000\n", "CMD curl -f http://localhost:$PORT/ || exit 1"),
        ("", "CMD curl -f http://localhost:99999/"),
        ("", "CMD exit 0"),
        ("", "CMD curl -f http://localhost:8000/ || true"),
        ("", "CMD curl -f http://localhost:8000/ || kill 1"),
    ];
    for (before, check) in cases {
        for more in [&[][..], &["--assert", "no-redirects"]] {
            let (document, code) = contract(&service(before, &format!("HEALTHCHECK {check}")), more);
            assert_eq!(code, 7, "{check}: {document:#}");
            assert_eq!(document["schema"], "pydeploy.contract/1");
            assert!(!errors(&document).is_empty(), "{check}: {document:#}");
            assert!(document["probes"].pointer("/readiness/httpGet").is_none(), "{check}: {document:#}");
        }
    }
}

#[test]
fn variables_are_the_shells_business_at_run_time() {
    let before = "ENV PORT=8000\n";
    let check = "HEALTHCHECK CMD curl -f http://localhost:$PORT/ || exit 1";
    let (document, code) = contract(&service(before, check), &[]);
    assert_eq!(code, 0, "{document:#}");
    let words = document["probes"]["readiness"]["exec"]["command"][2].as_str().unwrap();
    assert!(words.contains("localhost:$$PORT/"), "{words}");
    let (document, _) = contract(&service(before, check), &["--assert", "no-redirects"]);
    assert_eq!(document["probes"]["readiness"]["httpGet"]["port"], 8000);
    let check = "HEALTHCHECK CMD test -d /proc/$$ && test \"$(cat /ok)\" = 1";
    let (document, _) = contract(&service("", check), &["--assert", "no-redirects"]);
    let words = document["probes"]["readiness"]["exec"]["command"][2].as_str().unwrap();
    assert!(words.contains("/proc/$$$$") && words.contains("$$(cat"), "{words}");
}

#[test]
fn what_is_another_question_stays_a_command() {
    let cases = [
        ("python:3.13", "CMD curl http://localhost:8000/", SERVER),
        ("python:3.13", "CMD wget --spider http://localhost:8000/ || exit 1", SERVER),
        ("python:3.13", "CMD curl -f http://localhost:8000/", "CMD [\"uvicorn\", \"main:app\"]\n"),
    ];
    for (base, check, server) in cases {
        let dockerfile = format!("FROM {base}\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK {check}\n{server}");
        let (document, _) = contract(&dockerfile, &["--assert", "no-redirects"]);
        assert!(document["probes"]["readiness"].get("exec").is_some(), "{check}: {document:#}");
    }
    let alpine = "FROM python:3.13-alpine\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK CMD wget --spider \
                  http://localhost:8000/ || exit 1\n"
        .to_owned()
        + SERVER;
    let (document, _) = contract(&alpine, &["--assert", "no-redirects"]);
    assert!(document["probes"]["readiness"].get("httpGet").is_some(), "{document:#}");
}

#[test]
fn a_clients_own_limit_is_the_checks() {
    let check = "HEALTHCHECK --timeout=10s CMD curl -f -m 5 http://localhost:8000/ || exit 1";
    let (document, _) = contract(&service("", check), &["--assert", "no-redirects"]);
    assert_eq!(times(&document), [[5, 5, 22], [30, 5, 3], [30, 5, 4]]);
}

#[test]
fn users_become_numbers_where_that_is_certain() {
    let user = |dockerfile: &str| {
        let (document, code) = contract(dockerfile, &[]);
        let number = |field: &str| document["user"][field].as_i64();
        (code, number("uid"), number("gid"), document)
    };
    let (code, uid, gid, document) =
        user("FROM python:3.13-slim\nRUN useradd --create-home appuser\nUSER appuser\nCMD [\"x\"]\n");
    assert_eq!((code, uid, gid), (0, Some(1000), Some(1000)), "{document:#}");
    assert_eq!((document["user"]["name"].as_str(), document["user"]["from"].is_string()), (Some("appuser"), true));
    assert_eq!(document["securityContext"]["pod"]["runAsNonRoot"], true);
    let (code, uid, gid, document) = user("FROM python:3.13-slim\nUSER 10001\n");
    assert_eq!((code, uid, gid), (0, Some(10001), Some(0)));
    assert!(codes(&document).contains(&"PD103"), "{document:#}");
    let (code, uid, gid, document) =
        user("FROM python:3.13-alpine\nRUN addgroup -S app && adduser -S -G app app\nUSER app\n");
    assert_eq!((code, uid, gid), (0, Some(100), Some(101)), "{document:#}");
    for line in ["", "USER root\n", "USER 0:0\n", "USER $UNSET\n"] {
        let (code, _, _, document) = user(&format!("FROM python:3.13-slim\n{line}CMD [\"x\"]\n"));
        assert_eq!((code, errors(&document)), (7, vec!["PD101"]), "{line}: {document:#}");
    }
    let (code, uid, _, document) = user("FROM registry.example/base\nRUN useradd app\nUSER app\n");
    assert_eq!((code, uid, errors(&document)), (7, None, vec!["PD102"]), "{document:#}");
}

#[test]
fn what_the_base_decides_is_not_guessed() {
    let (document, code) = contract("FROM gcr.io/distroless/static:nonroot\nCMD [\"/app\"]\n", &[]);
    assert_eq!((code, document["user"]["uid"].as_i64()), (0, Some(65532)), "{document:#}");
    let (document, code) = contract("FROM registry.example/base:1\nCMD [\"/app\"]\n", &[]);
    assert_eq!((code, document["user"]["uid"].as_i64()), (0, None), "{document:#}");
    assert!(codes(&document).contains(&"PD106") && !codes(&document).contains(&"PD101"), "{document:#}");
    let sandbox = Sandbox::empty().file("Dockerfile", "FROM registry.example/base:1\nCMD [\"/app\"]\n");
    let text = sandbox.pydeploy(&["contract", "Dockerfile"]).ok().stdout;
    assert_eq!(text.matches("known only from the image").count(), 3, "{text}");
    let (document, code) = contract("FROM python:3.13-slim\nUSER 4294967295\n", &[]);
    assert_eq!((code, errors(&document)), (7, vec!["PD102"]), "{document:#}");
    let (document, _) = contract("FROM python:3.13-slim\nUSER root\n", &[]);
    assert_eq!((document["user"]["uid"].as_i64(), document["user"]["gid"].as_i64()), (Some(0), Some(0)));
}

#[test]
fn a_program_is_there_where_a_step_brings_it() {
    let codes_of = |steps: &str, check: &str| {
        let text = format!("FROM python:3.13-slim\n{steps}USER 1000:1000\nHEALTHCHECK CMD {check}\n");
        let (document, _) = contract(&text, &[]);
        let all =
            codes(&document).into_iter().filter(|c| ["PD205", "PD206", "PD207"].contains(c)).map(ToString::to_string);
        all.collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    let curl = "curl -f http://localhost:8000/ || exit 1";
    assert_eq!(codes_of("", curl), ["PD205"]);
    assert_eq!(codes_of("COPY . /app\n", curl), ["PD205"]);
    assert_eq!(codes_of("RUN ./install.sh\n", curl), ["PD206"]);
    assert_eq!(codes_of("RUN apt-get update && apt-get install -y curl\n", curl), none);
    let purged = "RUN apt-get update && apt-get install -y curl && apt-get purge -y curl\n";
    assert_eq!(codes_of(purged, curl), ["PD206"]);
    assert_eq!(codes_of("RUN apt-get install -y netcat-openbsd\n", "nc -z localhost 8000"), none);
    let probe = "COPY --from=tools /bin/grpc_health_probe /bin/grpc_health_probe\n";
    assert_eq!(codes_of(probe, "[\"/bin/grpc_health_probe\", \"-addr=localhost:8000\"]"), none);
    let scratch = "FROM scratch\nCOPY app /app\nUSER 1000:1000\nHEALTHCHECK CMD /app check\n";
    assert!(codes(&contract(scratch, &[]).0).contains(&"PD207"));
}

#[test]
fn what_is_shown_moves_no_cursor() {
    let dockerfile = service("", "HEALTHCHECK CMD [\"/check\", \"\\u001b[31mred\\n\"]");
    let done = Sandbox::empty()
        .file("Dockerfile", dockerfile)
        .pydeploy(&["contract", "Dockerfile", "--color", "always"])
        .run();
    assert!(done.stdout.contains("\\u{1b}[31mred\\n"), "{done}");
}

#[test]
fn every_code_has_an_example_that_shows_it() {
    use pydeploy::workload::finding::{Example, codes as all};
    let mut wrong = Vec::new();
    for code in all() {
        let Example::Dockerfile(dockerfile) = &code.example else { continue };
        let (document, exit) = contract(dockerfile, &[]);
        if !codes(&document).contains(&code.id) {
            wrong.push(format!("{}: exit code {exit}, {:?}", code.id, codes(&document)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_page_of_codes_is_made_from_the_code() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/findings.md");
    snapbox::assert_data_eq!(pydeploy::workload::finding::page(), snapbox::Data::read_from(&golden, None).raw());
}

#[test]
fn one_code_is_explained() {
    let done = Sandbox::empty().pydeploy(&["contract", "--explain", "pd204"]).ok();
    assert!(done.stdout.starts_with("PD204 (error): ") && done.stdout.contains("Mend: "), "{done}");
    Sandbox::empty().pydeploy(&["contract", "--explain", "PD999"]).fails(2).says(&["PD999", "PD101"]);
}
