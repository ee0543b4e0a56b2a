//! Claims about Kubernetes that the compiler rests on, each shown by Pods that the compiler has no part in.

use serde_json::{Value, json};

use crate::place::Place;
use crate::sandbox::{docker, repository};

const SERVER: &str = include_str!("../../data/kubelet/server.py");

/// An image for all of them, whose user is 1000 and whose folder is /srv; and those of other users.
fn images(users: &[(&str, &str)]) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("server.py"), SERVER).unwrap();
    let mut names = Vec::new();
    for (tag, user) in users {
        let text = format!(
            "FROM python:3.13-slim\nRUN useradd --uid 1000 app\nCOPY server.py /\nENV OWN=image\nWORKDIR /srv\n{user}\n"
        );
        std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
        let name = format!("{}:{tag}", repository("kubelet"));
        docker(&["build", "-q", "-t", &name, &folder.path().display().to_string()]);
        docker(&["push", "-q", &name]);
        names.push(name);
    }
    (folder, names)
}

fn pod(name: &str, spec: Value, containers: Vec<Value>) -> Value {
    let mut all = spec;
    all["terminationGracePeriodSeconds"] = json!(1);
    all["containers"] = Value::Array(containers);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": all})
}

fn container(name: &str, image: &str, more: Value) -> Value {
    let mut all = json!({"name": name, "image": image, "command": ["sleep", "10000"]});
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

/// What a shell finds of texts that Kubernetes may expand before it.
const PRINTS: &str = "printf '%s|' 'static=$(FOO)' 'escaped=$$(FOO)' 'two=$$' 'four=$$$$' 'unknown=$(NOPE)' \
                      'nested=$(NESTED)' 'field=$(FIELD)' 'from=$(FROM)' 'own=$(OWN)' \"$FOO\" \"$PWD\" >/tmp/WHO";

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn texts_are_expanded_in_commands_and_checks_each_in_its_way_and_never_in_hooks() {
    let place = Place::new("expansion");
    let (_folder, names) = images(&[("uid", "USER 1000:1000")]);
    let shell = |who: &str, then: &str| json!(["/bin/sh", "-c", format!("{}; {then}", PRINTS.replace("WHO", who))]);
    let all = json!({
        "command": shell("main", "exec sleep 10000"),
        "env": [
            {"name": "FOO", "value": "bar"},
            {"name": "NESTED", "value": "$(FOO)x"},
            {"name": "FIELD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "readinessProbe": {"exec": {"command": shell("check", "true")}, "periodSeconds": 1},
        "lifecycle": {"postStart": {"exec": {"command": shell("hook", "true")}}},
    });
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
                          "data": {"FROM": "settings"}});
    place.apply(&settings.to_string());
    place.apply(&pod("expansion", json!({}), vec![container("app", &names[0], all)]).to_string());
    place.kubectl(&["wait", "--for=condition=Ready", "pod/expansion", "--timeout=60s"]);
    let found = |who: &str| place.kubectl(&["exec", "expansion", "--", "cat", &format!("/tmp/{who}")]);
    let ends = "own=$(OWN)|bar|/srv|";
    assert_eq!(
        found("main"),
        format!(
            "static=bar|escaped=$(FOO)|two=$|four=$$|unknown=$(NOPE)|nested=barx|field=expansion|from=settings|{ends}"
        )
    );
    // Of variables that have their value from elsewhere a check gets nothing, and of nested ones what is written.
    assert_eq!(
        found("check"),
        format!("static=bar|escaped=$(FOO)|two=$|four=$$|unknown=$(NOPE)|nested=$(FOO)x|field=|from=$(FROM)|{ends}")
    );
    assert_eq!(
        found("hook"),
        format!(
            "static=$(FOO)|escaped=$$(FOO)|two=$$|four=$$$$|unknown=$(NOPE)|nested=$(NESTED)|field=$(FIELD)|\
             from=$(FROM)|{ends}"
        )
    );
}

/// Containers of one Pod, each with its own readiness check: name, check, whether it is to pass, what the server is to
/// have been asked (`IP` for the Pod's address).
fn http_checks() -> Vec<(&'static str, Value, bool, &'static str)> {
    let host = json!([{"name": "Host", "value": "localhost:8000"}]);
    vec![
        ("host", json!({"path": "/well"}), true, "/well IP:PORT kube-probe/"),
        ("host-set", json!({"path": "/well", "httpHeaders": host}), true, "/well localhost:8000 kube-probe/"),
        ("redirect", json!({"path": "/same"}), true, "/well IP:PORT"),
        ("redirect-host-set", json!({"path": "/same", "httpHeaders": host}), true, "/well localhost:8000"),
        ("redirect-to-failure", json!({"path": "/to-failure"}), false, "/503 IP:PORT"),
        ("redirect-elsewhere", json!({"path": "/elsewhere"}), true, "/elsewhere IP:PORT"),
        ("redirect-loop", json!({"path": "/loop"}), false, "/loop IP:PORT"),
        ("least-of-the-bad", json!({"path": "/400"}), false, "/400 IP:PORT"),
        ("most-of-the-good", json!({"path": "/399"}), true, "/399 IP:PORT"),
        ("two-slashes", json!({"path": "//x/y"}), true, "/y IP:PORT"),
        ("bad-escape", json!({"path": "/%zz"}), true, "/%25zz IP:PORT"),
        ("query", json!({"path": "/a%20b?q=%2F"}), true, "/a%20b?q=%2F IP:PORT"),
        ("fragment", json!({"path": "/a#b"}), true, "/a IP:PORT"),
        ("dollars", json!({"path": "/$(FOO)/$$"}), true, "/$(FOO)/$$ IP:PORT"),
    ]
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn http_checks_name_the_pod_as_host_and_follow_redirects_of_their_own_host_alone() {
    let place = Place::new("http-checks");
    let (_folder, names) = images(&[("uid", "USER 1000:1000")]);
    let checks = http_checks();
    let port = |at: usize| 8000 + at;
    let words = ["python3".to_owned(), "/server.py".to_owned()].into_iter();
    let words: Vec<String> = words.chain((0..checks.len()).map(|at| port(at).to_string())).collect();
    let server = json!({"command": words});
    let mut containers = vec![container("server", &names[0], server)];
    for (at, (name, get, ..)) in checks.iter().enumerate() {
        let mut get = get.clone();
        get["port"] = json!(port(at));
        let env = json!([{"name": "FOO", "value": "bar"}, {"name": "http_proxy", "value": "http://10.99.0.99:1"}]);
        let check = json!({"readinessProbe": {"httpGet": get, "periodSeconds": 1}, "env": env});
        containers.push(container(name, &names[0], check));
    }
    place.apply(&pod("http", json!({}), containers).to_string());
    let passing = checks.iter().filter(|(_, _, passes, _)| *passes).count() + 1;
    let ready = ["get", "pod", "http", "-o", "jsonpath={.status.containerStatuses[?(@.ready==true)].name}"];
    let said = place.until(&ready, 60, |said| said.split(' ').count() == passing);
    let mut ready: Vec<&str> = said.split(' ').filter(|name| *name != "server").collect();
    let mut expected: Vec<&str> = checks.iter().filter(|(_, _, passes, _)| *passes).map(|(name, ..)| *name).collect();
    ready.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ready, expected);
    let address = place.kubectl(&["get", "pod", "http", "-o", "jsonpath={.status.podIP}"]);
    let log = place.kubectl(&["logs", "http", "-c", "server"]);
    for (at, (name, _, _, asked)) in checks.iter().enumerate() {
        let asked = asked.replace("IP", &address).replace("PORT", &port(at).to_string());
        let asked = format!("{} {asked}", port(at));
        assert!(log.lines().any(|line| line.starts_with(&asked)), "{name}: {asked:?} is not in\n{log}");
    }
    let events =
        place.kubectl(&["get", "events", "-o", "jsonpath={range .items[*]}{.reason}: {.message}{\"\\n\"}{end}"]);
    for said in ["ProbeWarning: Readiness probe warning: Probe terminated redirects", "stopped after 10 redirects"] {
        assert!(events.contains(said), "{said:?} is not in\n{events}");
    }
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn users_are_refused_in_these_words_and_groups_come_from_the_accounts() {
    let place = Place::new("users");
    let all = [("uid", "USER 1000:1000"), ("root", ""), ("root-by-name", "USER root"), ("named", "USER app")];
    let (_folder, names) = images(&all);
    let refused = [
        (
            "root",
            &names[1],
            json!({"runAsNonRoot": true}),
            "container has runAsNonRoot and image will run as root (pod: ",
        ),
        (
            "root-by-name",
            &names[2],
            json!({"runAsNonRoot": true}),
            "container has runAsNonRoot and image has non-numeric user (root), cannot verify user is non-root (pod: ",
        ),
        (
            "named",
            &names[3],
            json!({"runAsNonRoot": true}),
            "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (pod: ",
        ),
        (
            "run-as-0",
            &names[0],
            json!({"runAsNonRoot": true, "runAsUser": 0}),
            "container's runAsUser breaks non-root policy (pod: ",
        ),
    ];
    let taken = [
        ("no-entry", &names[0], json!({"runAsUser": 10001}), "uid=10001 gid=0(root) groups=0(root)"),
        ("entry", &names[1], json!({"runAsUser": 1000}), "uid=1000(app) gid=1000(app) groups=1000(app)"),
        ("over-named", &names[3], json!({"runAsUser": 1000, "runAsNonRoot": true}), "uid=1000(app) gid=1000(app)"),
        ("group", &names[1], json!({"runAsUser": 1000, "runAsGroup": 3000}), "uid=1000(app) gid=3000 groups=3000"),
    ];
    let shows = json!(["sh", "-c", "id; exec sleep 10000"]);
    let all = refused.iter().chain(&taken);
    let pods: Vec<Value> = all
        .map(|(name, image, context, _)| {
            let more = json!({"securityContext": context, "command": shows});
            pod(name, json!({}), vec![container("app", image, more)])
        })
        .collect();
    place.apply(&json!({"apiVersion": "v1", "kind": "List", "items": pods}).to_string());
    for (name, _, _, words) in &refused {
        let waiting = "jsonpath={.status.containerStatuses[0].state.waiting.reason}: {.status.containerStatuses[0].state.waiting.message}";
        let said = place.until(&["get", "pod", name, "-o", waiting], 60, |said| said.contains("runAs"));
        assert!(said.starts_with(&format!("CreateContainerConfigError: {words}")), "{said}");
    }
    for (name, _, _, words) in &taken {
        let said = place.until(&["logs", name], 60, |said| said.contains("uid="));
        assert!(said.starts_with(words), "{name}: {said}");
    }
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_check_that_cannot_run_never_passes_and_never_ends_a_container() {
    let place = Place::new("no-client");
    let (_folder, names) = images(&[("uid", "USER 1000:1000")]);
    let check = json!({"exec": {"command": ["curl", "-f", "http://localhost:8000/"]}, "periodSeconds": 1, "failureThreshold": 2});
    // One that runs in the image's folder, by a name that is found nowhere else.
    let relative = json!({"exec": {"command": ["./check"]}, "periodSeconds": 1});
    let in_tmp = json!({
        "workingDir": "/tmp",
        "command": ["sh", "-c", "printf '#!/bin/sh\\npwd >/tmp/where' >/tmp/check; chmod +x /tmp/check; exec sleep 10000"],
        "readinessProbe": relative,
    });
    let pods: Vec<Value> = ["startupProbe", "readinessProbe", "livenessProbe"]
        .iter()
        .map(|probe| {
            let name = probe.trim_end_matches("Probe");
            pod(name, json!({}), vec![container("app", &names[0], json!({*probe: check}))])
        })
        .chain([pod("relative", json!({}), vec![container("app", &names[0], in_tmp)])])
        .collect();
    place.apply(&json!({"apiVersion": "v1", "kind": "List", "items": pods}).to_string());
    for name in ["startup", "readiness", "liveness"] {
        let about = format!("involvedObject.name={name},reason=Unhealthy");
        let events =
            ["get", "events", "--field-selector", &about, "-o", "jsonpath={range .items[*]}{.message}{\"\\n\"}{end}"];
        // So often that a check that fails would have had its effect.
        let said = place.until(&events, 60, |said| said.lines().count() > 5);
        let words = "probe errored and resulted in unknown state: rpc error: ";
        assert!(said.lines().all(|line| line.contains(words)), "{said}");
        assert!(said.contains("exec: \"curl\": executable file not found in $PATH"), "{said}");
    }
    let status = |name: &str| {
        let status = place.json(&["get", "pod", name]);
        let status = status["status"]["containerStatuses"][0].clone();
        (
            status["ready"].as_bool().unwrap(),
            status["started"].as_bool().unwrap(),
            status["restartCount"].as_i64().unwrap(),
        )
    };
    assert_eq!(status("startup"), (false, false, 0));
    assert_eq!(status("readiness"), (false, true, 0));
    assert_eq!(status("liveness"), (true, true, 0));
    place.kubectl(&["wait", "--for=condition=Ready", "pod/relative", "--timeout=60s"]);
    assert_eq!(place.kubectl(&["exec", "relative", "--", "cat", "/tmp/where"]), "/tmp\n");
}
