#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use k8s_openapi::api::core::v1::{PodSpec, Taint};
use serde_json::{Value, json};

use super::*;
use crate::image::contract::{Port, Protocol};
use crate::image::reference::Digest;
use crate::manifests::against::{Promise, Runs};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER: &str = "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

#[allow(clippy::needless_pass_by_value)] // It is a JSON literal everywhere.
fn running(kind: Kind, name: &str, image: &str, more: Value) -> Running {
    let mut spec = json!({
        "containers": [{"name": "web", "image": image, "env": [{"name": "A", "value": "hunter2"}]}],
        "securityContext": {"runAsNonRoot": true},
        "volumes": [{"name": "x", "emptyDir": {}}],
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    let spec: PodSpec = serde_json::from_value(spec).unwrap();
    Running::new(kind, "team".into(), name.into(), spec).unwrap()
}

fn read(platforms: &[&str], tag: Tagged) -> Image {
    let promise = Promise {
        image: None,
        user: Runs::Numbers { uid: 1000, gid: Some(1000) },
        healthcheck: None,
        probes: None,
        question: None,
        ports: vec![Port { port: 8000, protocol: Protocol::Tcp }],
        stop_signal: "SIGTERM".into(),
        processes: Vec::new(),
    };
    let platforms = platforms.iter().map(|p| (*p).to_owned()).collect();
    Image { reading: Reading::Read(Arc::new(Contract { digest: DIGEST.parse().unwrap(), promise, platforms })), tag }
}

fn scope() -> Scope {
    Scope { context: "bed".into(), address: "https://api.example".into(), namespace: Some("team".into()) }
}

fn of(image: &str, read: Image, nodes: &Nodes, more: Value) -> Report {
    let images = Images::from([(image.to_owned(), read)]);
    audit(scope(), &[running(Kind::Deployment, "api", image, more)], &images, nodes, Vec::new())
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.rows.iter().flat_map(|r| &r.findings).map(|f| f.code).collect()
}

fn node(name: &str, arch: &str) -> Node {
    let labels = [("kubernetes.io/arch".to_owned(), arch.to_owned()), ("pool".to_owned(), name.to_owned())];
    Node { name: name.into(), platform: format!("linux/{arch}"), labels: labels.into(), taints: Vec::new() }
}

#[test]
fn nothing_but_what_is_compared_is_kept() {
    let kept = running(Kind::CronJob, "nightly", "a", json!({"imagePullSecrets": [{"name": "pull"}]}));
    assert!(!format!("{kept:?}").contains("hunter2"));
    assert!(kept.pods().spec().volumes.is_none());
    assert_eq!((kept.account.as_str(), kept.secrets.as_slice()), ("default", &["pull".to_owned()][..]));
    assert_eq!(
        kept.pods().field(0, "image"),
        "CronJob/nightly spec.jobTemplate.spec.template.spec.containers[0].image"
    );
}

#[test]
fn a_name_says_how_far_it_can_be_trusted() {
    let ports = || json!({"containers": [{"name": "web", "image": "x", "ports": [{"containerPort": 8000}]}]});
    let found = |image: &str, tag: Tagged| {
        let mut more = ports();
        more["containers"][0]["image"] = json!(image);
        codes(&of(image, read(&["linux/amd64"], tag), &Nodes::Unknown, more))
    };
    let none = Vec::<&str>::new();
    assert_eq!(found("registry.example/api:1", Tagged::Unasked), ["PD451"]);
    assert_eq!(found("api", Tagged::Unasked), ["PD451"]);
    assert_eq!(found(&format!("registry.example/api@{DIGEST}"), Tagged::Unasked), none);
    let both = format!("registry.example/api:1@{DIGEST}");
    assert_eq!(found(&both, Tagged::Same), none);
    assert_eq!(found(&both, Tagged::Unknown), none);
    assert_eq!(found(&both, Tagged::Gone), ["PD452"]);
    assert_eq!(found(&both, Tagged::Other(OTHER.parse::<Digest>().unwrap())), ["PD452"]);
}

#[test]
fn what_can_not_be_read_is_a_verdict_of_its_own() {
    let report = of("api:1", Image::unread("no route", None), &Nodes::Unknown, json!({}));
    assert_eq!(report.rows[0].verdict, Verdict::Unread);
    assert_eq!(codes(&report), ["PD454", "PD451"]);
    assert!(report.differs());
}

#[test]
fn platforms_are_those_of_nodes_that_pods_may_be_placed_on() {
    let image = format!("registry.example/api@{DIGEST}");
    let mut tainted = node("b", "arm64");
    tainted.taints =
        vec![Taint { key: "arch".into(), value: Some("arm".into()), effect: "NoSchedule".into(), ..Taint::default() }];
    let mixed = Nodes::Known(vec![node("a", "amd64"), node("b", "arm64")]);
    let guarded = Nodes::Known(vec![node("a", "amd64"), tainted]);
    let lacks = |nodes: &Nodes, more: Value| {
        codes(&of(&image, read(&["linux/amd64"], Tagged::Unasked), nodes, more)).contains(&"PD453")
    };
    assert!(lacks(&mixed, json!({})));
    assert!(!lacks(&mixed, json!({"nodeSelector": {"kubernetes.io/arch": "amd64"}})));
    assert!(lacks(&mixed, json!({"nodeSelector": {"pool": "b"}})));
    assert!(!lacks(&guarded, json!({})));
    assert!(lacks(&guarded, json!({"tolerations": [{"operator": "Exists"}]})));
    assert!(lacks(&guarded, json!({"tolerations": [{"key": "arch", "value": "arm", "effect": "NoSchedule"}]})));
    assert!(!lacks(&guarded, json!({"tolerations": [{"key": "arch", "value": "x86"}]})));
    let affinity = |operator: &str, values: Value| {
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "pool", "operator": operator, "values": values}]}]}}}})
    };
    assert!(!lacks(&mixed, affinity("NotIn", json!(["b"]))));
    assert!(lacks(&mixed, affinity("In", json!(["b"]))));
    assert!(lacks(&mixed, affinity("Exists", json!([]))));
    assert!(!lacks(&mixed, affinity("DoesNotExist", json!([]))));
    // Where nodes can't be listed, the manifest's own word has to do.
    assert!(!lacks(&Nodes::Unknown, json!({})));
    assert!(lacks(&Nodes::Unknown, json!({"nodeSelector": {"kubernetes.io/arch": "arm64"}})));
    // An image for 32 bits runs on 64.
    let arm = of(&image, read(&["linux/arm/v7"], Tagged::Unasked), &Nodes::Known(vec![node("b", "arm64")]), json!({}));
    assert!(!codes(&arm).contains(&"PD453"));
}

#[test]
fn the_worst_comes_first_and_a_workload_stays_together() {
    let bad = "registry.example/api:1";
    let two = json!({"containers": [{"name": "fine", "image": "b@sha256:0"}, {"name": "web", "image": bad}],
        "securityContext": {"runAsUser": 0}});
    let all = [
        running(Kind::Deployment, "fine", &format!("x@{DIGEST}"), json!({})),
        running(Kind::Deployment, "tagged", bad, json!({})),
        running(Kind::StatefulSet, "root", bad, two),
    ];
    let digest = format!("x@{DIGEST}");
    let images: Images = [bad, &digest, "b@sha256:0"]
        .into_iter()
        .map(|name| (name.to_owned(), read(&["linux/amd64"], Tagged::Unasked)))
        .collect();
    let report = audit(scope(), &all, &images, &Nodes::Unknown, Vec::new());
    let order: Vec<_> = report.rows.iter().map(|r| (r.name.as_str(), r.container.as_str())).collect();
    assert_eq!(order, [("root", "web"), ("root", "fine"), ("tagged", "web"), ("fine", "web")]);
    let counts = report.counts();
    assert_eq!((counts.containers, counts.workloads, counts.images), (4, 3, 3));
    assert_eq!((counts.differ, counts.agree, counts.unread), (3, 1, 0));
    let document = document(&report);
    assert_eq!(document["schema"], "pydeploy.audit/1");
    assert_eq!(document["deployments"][0]["kind"], "StatefulSet");
    assert_eq!(document["counts"]["codes"]["PD451"], 2);
}

fn hostile() -> Report {
    let name = "<script>alert(1)</script>\"'&\u{202E}\u{1b}[2J";
    let more = json!({"containers": [{"name": name, "image": name}]});
    let mut report = of(name, Image::unread(name, Some(name.into())), &Nodes::Unknown, more);
    report.rows[0].namespace = name.into();
    report.rows[0].name = name.into();
    report.scope.context = name.into();
    report.notes = vec![name.into()];
    report
}

#[test]
fn no_name_is_markup_on_the_page() {
    let page = page(&hostile(), "<now>");
    let body = page.split("</style>").nth(1).unwrap();
    assert_eq!(body.matches("<script").count(), 1, "the page's own");
    assert!(body.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\u{FFFD}\u{FFFD}[2J"));
    assert!(!body.contains("<now>") && !body.contains('\u{202E}') && !body.contains('\u{1b}'));
    for foreign in ["http://", "src=", "url(", "@import", "style=\"", "onclick"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn a_log_has_a_rule_for_each_result_and_a_name_for_each_place() {
    let log = sarif(&hostile());
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains(['<', '"', ' ']), "{uri}");
        assert_eq!(result["locations"][0]["logicalLocations"].as_array().unwrap().len(), 3);
    }
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 1);
    assert_eq!(log["version"], "2.1.0");
}

#[test]
fn a_finding_keeps_its_fingerprint_while_its_words_change() {
    let print = |digest: &str| {
        let image = format!("registry.example/api:1@{DIGEST}");
        let report =
            of(&image, read(&["linux/amd64"], Tagged::Other(digest.parse().unwrap())), &Nodes::Unknown, json!({}));
        sarif(&report)["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    assert_eq!(print(OTHER), print(&OTHER.replace('f', "e")));
}
