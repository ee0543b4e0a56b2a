#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use serde_json::{Value, json};

use super::*;

fn pod(containers: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
        "spec": {"template": {"spec": {"containers": containers}}}})
}

fn shown(before: &Value, after: &Value) -> Vec<String> {
    lines(&fields(before, after))
        .into_iter()
        .map(|line| match line {
            Line::Removed(text) => format!("- {text}"),
            Line::Added(text) => format!("+ {text}"),
        })
        .collect()
}

#[test]
fn an_image_is_told_by_its_containers_name() {
    let other = json!({"name": "side", "image": "s"});
    let before = pod(json!([other, {"name": "api", "image": "a:1"}]));
    let after = pod(json!([{"name": "api", "image": "a:2"}, other]));
    let path = "spec.template.spec.containers";
    assert_eq!(
        shown(&before, &after),
        [
            format!("- {path}[api].image: a:1"),
            format!("+ {path}[api].image: a:2"),
            format!("- {path} (order):"),
            "-   - side".into(),
            "-   - api".into(),
            format!("+ {path} (order):"),
            "+   - api".into(),
            "+   - side".into(),
        ]
    );
}

#[test]
fn items_that_come_and_go_do_not_move_their_neighbours() {
    let before = pod(json!([{"name": "api", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}]}]));
    let after = pod(json!([{"name": "api", "env": [{"name": "B", "value": "2"}, {"name": "C", "value": "no"}],
        "ports": [{"containerPort": 80, "protocol": "UDP"}], "args": ["x"]}]));
    let at = "spec.template.spec.containers[api]";
    assert_eq!(
        shown(&before, &after),
        [
            format!("+ {at}.env[C]:"),
            "+   name: C".into(),
            "+   value: \"no\"".into(),
            format!("- {at}.env[A]:"),
            "-   name: A".into(),
            "-   value: \"1\"".into(),
            format!("- {at}.ports[80/TCP]:"),
            "-   containerPort: 80".into(),
            "-   protocol: TCP".into(),
            format!("+ {at}.args:"),
            "+   - x".into(),
        ]
    );
}

#[test]
fn what_the_server_keeps_for_itself_is_no_difference() {
    let object = |version: &str, revision: &str, label: &str| {
        json!({"kind": "Deployment", "metadata": {"name": "api", "uid": version, "generation": 1,
            "resourceVersion": version, "managedFields": [version], "labels": {"app.kubernetes.io/version": label},
            "annotations": {"deployment.kubernetes.io/revision": revision,
                "kubectl.kubernetes.io/last-applied-configuration": version}},
            "status": {"replicas": version}})
    };
    assert!(fields(&object("1", "1", "v1"), &object("2", "2", "v1")).is_empty());
    let found = fields(&object("1", "1", "v1"), &object("2", "2", "v2"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path, "metadata.labels[\"app.kubernetes.io/version\"]");
}

#[test]
fn an_object_that_comes_or_goes_is_told_by_its_parts() {
    let service = json!({"kind": "Service", "metadata": {"name": "api"}, "spec": {"type": "ClusterIP"}});
    let paths =
        |before, after| fields(before, after).into_iter().map(|f| (f.path, f.before.is_some())).collect::<Vec<_>>();
    assert_eq!(paths(&Value::Null, &service), [("metadata".to_owned(), false), ("spec".to_owned(), false)]);
    assert_eq!(paths(&service, &Value::Null), [("metadata".to_owned(), true), ("spec".to_owned(), true)]);
}

#[test]
fn a_secrets_data_is_compared_and_never_shown() {
    let secret = |data: Value| json!({"kind": "Secret", "metadata": {"name": "s"}, "data": data, "type": "Opaque"});
    let (one, two) =
        (secret(json!({"a": "aHVudGVyMg==", "b": "c2FtZQ=="})), secret(json!({"a": "b3RoZXI=", "b": "c2FtZQ=="})));
    let text = shown(&one, &two).join("\n");
    assert_eq!(text, "- data.a: (hidden)\n+ data.a: (hidden, another value)");
    assert!(fields(&one, &one).is_empty());
    let text = shown(&Value::Null, &one).join("\n") + &shown(&one, &Value::Null).join("\n");
    assert!(!text.contains("aHVudGVyMg") && text.contains("(hidden)"), "{text}");
}

#[test]
fn lists_that_nothing_tells_apart_are_compared_by_place_or_whole() {
    let metrics =
        |value: i32| json!({"kind": "X", "spec": {"metrics": [{"type": "Resource", "value": value}], "args": ["a"]}});
    assert_eq!(fields(&metrics(1), &metrics(2))[0].path, "spec.metrics[0].value");
    let args = |args: Value| json!({"kind": "X", "spec": {"args": args}});
    let found = fields(&args(json!(["a", "b"])), &args(json!(["a"])));
    assert_eq!((found[0].path.as_str(), found.len()), ("spec.args", 1));
    // Two items of one name are no key.
    let env = |value: &str| json!({"kind": "X", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": value}]});
    assert_eq!(fields(&env("2"), &env("3"))[0].path, "env[1].value");
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let label = |text: &str| json!({"kind": "X", "metadata": {"annotations": {"a": text}}});
    let text = shown(&label("x"), &label("\u{1b}[2J\u{9b}2Jy")).join("\n");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}
