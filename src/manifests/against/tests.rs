#![allow(clippy::unwrap_used)]
use super::*;
use crate::image::contract::{Protocol, Test};
use crate::image::duration::GoDuration;
use crate::workload::Probe;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn promise() -> Promise {
    let argv: Vec<String> = ["/bin/sh", "-c", "curl -f http://localhost:8000/health || exit 1"].map(Into::into).into();
    let probe = |period, failures| Probe { handler: Handler::Exec(argv.clone()), period, timeout: 5, failures };
    Promise {
        image: Some(Named { path: "team/api".into(), selector: "1.0".into(), digest: DIGEST.into() }),
        user: Runs::Numbers { uid: 1000, gid: Some(1000) },
        healthcheck: Some(Healthcheck {
            test: Test::Shell("curl -f http://localhost:8000/health || exit 1".into()),
            interval: GoDuration::seconds(30),
            timeout: GoDuration::seconds(5),
            start_period: GoDuration::seconds(0),
            start_interval: GoDuration::seconds(5),
            retries: 3,
        }),
        probes: Some(Probes {
            startup: probe(5, 22),
            readiness: probe(30, 3),
            liveness: probe(30, 4),
            because: String::new(),
        }),
        question: Some(Handler::HttpGet {
            port: 8000,
            path: "/health".into(),
            headers: vec![("Host".into(), "localhost:8000".into())],
        }),
        ports: vec![Port { port: 8000, protocol: Protocol::Tcp }],
        stop_signal: "SIGTERM".into(),
        processes: vec![Promised { args: ["work", "$(A)"].map(Into::into).into(), healthcheck: None, probes: None }],
    }
}

fn deployment(container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api}}\nspec:\n  selector: {{}}\n  template:\n    \
         metadata: {{labels: {{app: api}}}}\n    spec:\n      containers:\n      - name: api\n        image: \
         registry.example/team/api@{DIGEST}\n        ports: [{{name: http, containerPort: 8000}}]\n{container}"
    )
}

const SECURE: &str = "        securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000}\n";
const COMMAND: &str = "exec: {command: [/bin/sh, -c, 'curl -f http://localhost:8000/health || exit 1']}";

fn probes() -> String {
    format!(
        "        startupProbe: {{{COMMAND}, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 22}}\n        \
         readinessProbe: {{{COMMAND}, periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 3}}\n        \
         livenessProbe: {{{COMMAND}, periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 4}}\n"
    )
}

fn found(text: &str, promise: &Promise) -> Vec<&'static str> {
    let findings = compare(&read(text).unwrap(), promise, None).unwrap();
    assert!(findings.iter().all(|f| f.place.is_some()), "{findings:?}");
    findings.iter().map(|f| f.code).collect()
}

#[test]
fn what_agrees_has_no_findings() {
    assert_eq!(found(&deployment(&format!("{SECURE}{}", probes())), &promise()), Vec::<&str>::new());
}

#[test]
fn users() {
    let with = |context: &str, user: Runs| {
        let text = deployment(&format!("        securityContext: {{{context}}}\n{}", probes()));
        found(&text, &Promise { user, ..promise() })
    };
    let numbers = Runs::Numbers { uid: 1000, gid: Some(1000) };
    let name = |numbers| Runs::Name { name: "app".into(), numbers };
    assert_eq!(with("runAsNonRoot: true", numbers.clone()), Vec::<&str>::new());
    assert_eq!(with("runAsNonRoot: true, runAsUser: 2000, runAsGroup: 1000", numbers.clone()), ["PD402"]);
    assert_eq!(with("runAsNonRoot: true, runAsUser: 1000, runAsGroup: 0", numbers.clone()), ["PD403"]);
    assert_eq!(with("runAsNonRoot: true, runAsUser: 1000", numbers.clone()), ["PD404"]);
    assert_eq!(with("runAsNonRoot: true", name(Some((1000, 1000)))), ["PD405"]);
    assert_eq!(
        with("runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000", name(Some((1000, 1000)))),
        Vec::<&str>::new()
    );
    assert_eq!(with("runAsNonRoot: true", Runs::Root), ["PD405"]);
    assert_eq!(with("runAsNonRoot: true, runAsUser: 0, runAsGroup: 1000", numbers.clone()), ["PD402", "PD405"]);
    assert_eq!(with("runAsUser: 0, runAsGroup: 1000", numbers.clone()), ["PD402"]);
    assert_eq!(with("runAsUser: 0", Runs::Root), ["PD408"]);
    assert_eq!(with("privileged: false", Runs::Root), ["PD408"]);
    let no_group = Runs::Numbers { uid: 1000, gid: None };
    assert_eq!(with("runAsNonRoot: true", no_group.clone()), Vec::<&str>::new());
    assert_eq!(with("runAsNonRoot: true, runAsUser: 1000", no_group.clone()), Vec::<&str>::new());
    assert_eq!(with("runAsNonRoot: true, runAsUser: 2000", no_group), ["PD402"]);
    assert_eq!(with("runAsNonRoot: true, runAsUser: 1000", Runs::Root), ["PD407"]);
    assert_eq!(with("privileged: false", numbers), ["PD406"]);
    assert_eq!(with("privileged: false", name(None)), ["PD406"]);
}

#[test]
fn the_containers_word_goes_before_the_pods() {
    let text = deployment(&format!("{SECURE}{}      securityContext: {{runAsUser: 7, runAsGroup: 7}}\n", probes()));
    assert_eq!(found(&text, &promise()), Vec::<&str>::new());
}

#[test]
fn probes_that_are_missing_short_or_early() {
    let with = |probes: &str| found(&deployment(&format!("{SECURE}{probes}")), &promise());
    assert_eq!(with(""), ["PD411"]);
    let liveness = format!(
        "        readinessProbe: {{{COMMAND}, periodSeconds: 30, timeoutSeconds: 5}}\n        livenessProbe: {{{COMMAND}, timeoutSeconds: 5}}\n"
    );
    assert_eq!(with(&liveness), ["PD414", "PD415"]);
    assert_eq!(with(&format!("        readinessProbe: {{{COMMAND}}}\n")), ["PD412"]);
    let once = format!("        readinessProbe: {{{COMMAND}, timeoutSeconds: 5, failureThreshold: 1}}\n");
    assert_eq!(with(&once), ["PD413"]);
    let late = format!("        readinessProbe: {{{COMMAND}, timeoutSeconds: 5, initialDelaySeconds: 9}}\n");
    assert_eq!(with(&late), ["PD416"]);
}

#[test]
fn what_gets_no_requests_needs_no_readiness() {
    let job = deployment(SECURE).replace("kind: Deployment", "kind: Job");
    assert_eq!(found(&job, &promise()), Vec::<&str>::new());
    assert_eq!(found(&deployment(&format!("{SECURE}        command: [celery]\n")), &promise()), ["PD441"]);
}

#[test]
fn probes_that_ask_something_else() {
    let with = |handler: &str| {
        let probe = format!("        readinessProbe: {{{handler}, timeoutSeconds: 5}}\n");
        found(&deployment(&format!("{SECURE}{probe}")), &promise())
    };
    let host = "httpHeaders: [{name: host, value: 'localhost:8000'}]";
    assert_eq!(with(&format!("httpGet: {{path: /health, port: http, {host}}}")), Vec::<&str>::new());
    assert_eq!(with(&format!("httpGet: {{path: /, port: 8000, {host}}}")), ["PD417"]);
    assert_eq!(with("httpGet: {path: /health, port: 8000}"), ["PD418"]);
    assert_eq!(with(&format!("httpGet: {{path: /health, port: 8000, host: localhost, {host}}}")), ["PD419"]);
    assert_eq!(with(&format!("httpGet: {{path: /health, port: web, {host}}}")), ["PD433"]);
    assert_eq!(with(&format!("httpGet: {{path: /health, port: 8080, {host}}}")), ["PD431", "PD417"]);
    assert_eq!(with("exec: {command: [sh, -c, 'test \"$(cat /ok)\" = 1']}"), ["PD420", "PD417"]);
    assert_eq!(with("exec: {command: [sh, -c, 'curl -f http://localhost:8000/health || exit 1']}"), Vec::<&str>::new());
    assert_eq!(with("tcpSocket: {port: 8000}"), ["PD417"]);
    assert_eq!(with(&format!("httpGet: {{path: /health, port: 8000, scheme: HTTPS, {host}}}")), ["PD417"]);
}

#[test]
fn ports_images_commands_and_signals() {
    let text = deployment(&format!("{SECURE}{}", probes()));
    let with = |from: &str, to: &str| found(&text.replace(from, to), &promise());
    assert_eq!(with("containerPort: 8000", "containerPort: 8080"), ["PD431", "PD432"]);
    assert_eq!(with("[{name: http, containerPort: 8000}]", "[]"), ["PD432"]);
    let other = "0".repeat(64);
    assert_eq!(with(DIGEST, &format!("sha256:{other}")), ["PD401"]);
    assert_eq!(with(&format!("@{DIGEST}"), ":1.0"), Vec::<&str>::new());
    assert_eq!(with(&format!("@{DIGEST}"), ":1.1"), ["PD401"]);
    assert_eq!(found(&format!("{text}        command: [celery]\n"), &promise()), ["PD441"]);
    let signal = |s: &str| format!("{text}        lifecycle: {{stopSignal: {s}}}\n");
    assert_eq!(found(&signal("SIGTERM"), &promise()), Vec::<&str>::new());
    assert_eq!(found(&signal("SIGINT"), &promise()), ["PD442"]);
}

#[test]
fn services_must_lead_somewhere() {
    let text = deployment(&format!("{SECURE}{}", probes()));
    let service = |target: &str| {
        format!(
            "{text}---\n# Source: chart/service.yaml\napiVersion: v1\nkind: Service\nmetadata: {{name: api}}\nspec:\n  \
             selector: {{app: api}}\n  ports: [{{port: 80, targetPort: {target}}}]\n"
        )
    };
    assert_eq!(found(&service("http"), &promise()), Vec::<&str>::new());
    assert_eq!(found(&service("8000"), &promise()), Vec::<&str>::new());
    assert_eq!(found(&service("8080"), &promise()), ["PD434"]);
    assert_eq!(found(&service("web"), &promise()), ["PD434"]);
    assert_eq!(
        found(&service("8080").replace("selector: {app: api}", "selector: {app: db}"), &promise()),
        Vec::<&str>::new()
    );
}

#[test]
fn a_process_of_the_image_is_held_against_its_own_promise() {
    let worker =
        |args: &str| deployment("").replace("        ports: [{name: http, containerPort: 8000}]\n", "") + SECURE + args;
    // As our own manifests have it, where a kubelet would expand it, and as others write it.
    for args in ["        args: [work, '$$(A)']\n", "        args: [work, '$(A)']\n"] {
        assert_eq!(found(&worker(args), &promise()), Vec::<&str>::new(), "{args}");
    }
    for other in ["        args: [work]\n", "        command: [x]\n        args: [work, '$(A)']\n"] {
        assert!(
            found(&worker(other), &promise()).contains(&"PD441"),
            "{other}: {:?}",
            found(&worker(other), &promise())
        );
    }
}

#[test]
fn every_kind_that_runs_pods_is_found() {
    let spec = "{containers: [{name: api, image: registry.example/team/api:1.1}]}";
    let document = |kind: &str, inner: &str| format!("kind: {kind}\nmetadata: {{name: x}}\n{inner}\n");
    let template = format!("spec: {{template: {{spec: {spec}}}}}");
    let mut all: Vec<_> =
        ["Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"].map(|k| document(k, &template)).into();
    all.push(document("CronJob", &format!("spec: {{jobTemplate: {{spec: {{template: {{spec: {spec}}}}}}}}}")));
    all.push(document("Pod", &format!("spec: {spec}")));
    let stream = format!("---\n{}---\n# nothing\n", all.join("---\n"));
    let findings = compare(&read(&stream).unwrap(), &promise(), None).unwrap();
    assert_eq!(findings.iter().filter(|f| f.code == "PD401").count(), 7);
    let list =
        format!("kind: List\nitems:\n- {}", document("Pod", &format!("spec: {spec}")).trim_end().replace('\n', "\n  "));
    assert_eq!(read(&list).unwrap().pods.len(), 1);
}

#[test]
fn which_container_is_meant() {
    let pod = |image: &str| {
        format!(
            "kind: Pod\nmetadata: {{name: x}}\nspec: {{containers: [{{name: a, image: {image}}}, {{name: b, image: nginx}}]}}\n"
        )
    };
    let found = |text: &str, name| compare(&read(text).unwrap(), &promise(), name);
    assert!(found(&pod("mirror.example:5000/team/api:1.0"), None).unwrap().iter().all(|f| f.code != "PD401"));
    assert!(matches!(found(&pod("other"), None), Err(Error::Ambiguous { .. })));
    assert!(found(&pod("other"), Some("b")).unwrap().iter().any(|f| f.code == "PD401"));
    assert!(matches!(found(&pod("other"), Some("c")), Err(Error::NoContainer { .. })));
    assert!(matches!(found("kind: Service\nspec: {}\n", None), Err(Error::NoWorkload { .. })));
}

#[test]
fn what_is_no_manifest_is_an_error() {
    assert!(matches!(read("a: [b\n"), Err(Error::Syntax(_))));
    assert!(matches!(read("kind: Pod\nspec: {containers: [{name: 3}]}\n"), Err(Error::Shape { .. })));
    assert!(read("").unwrap().pods.is_empty());
}
