//! A watch: what is seen, also where the server forgets, ends or forbids.

use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::apps::v1::Deployment;

use super::super::watch::{Told, Watch};
use super::*;
use crate::rollout::{self, Kind, Object};

fn deployment() -> Deployment {
    serde_json::from_value(
        json!({"metadata": {"name": "api", "uid": "d"}, "spec": {"selector": {"matchLabels": {"app": "api"}},
        "template": {}}}),
    )
    .unwrap()
}

fn list(kind: &str, version: &str, names: &[&str]) -> String {
    let items: Vec<_> =
        names.iter().map(|n| json!({"metadata": {"name": n, "uid": n, "resourceVersion": version}})).collect();
    says("200 OK", &json!({"apiVersion": "v1", "kind": kind, "metadata": {"resourceVersion": version}, "items": items}))
}

fn lines(lines: &[Value]) -> String {
    answer(
        "200 OK",
        &[("Content-Type", "application/json")],
        &(lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n"),
    )
}

/// Everything but Pods is empty and never changes.
fn others(heard: &Heard) -> String {
    if heard.line.contains("watch=true") {
        let bookmark = json!({"type": "BOOKMARK", "object": {"apiVersion": "v1", "kind": "X", "metadata": {"resourceVersion": "9"}}});
        lines(&[bookmark])
    } else {
        list("List", "1", &[])
    }
}

/// What is told of Pods, until `enough` says so.
async fn pods(watch: &mut Watch, mut enough: impl FnMut(&Told) -> bool) -> Vec<Told> {
    let mut seen = Vec::new();
    let all = async {
        while let Some(told) = watch.next().await {
            let stop = enough(&told);
            let pods = match &told {
                Told::Seen(rollout::Change::Present(o) | rollout::Change::Gone(o)) => matches!(o, Object::Pod(_)),
                Told::Seen(rollout::Change::Listed(kind, _)) | Told::Begun(kind) => *kind == Kind::Pod,
                _ => true,
            };
            if pods {
                seen.push(told);
            }
            if stop {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), all).await.unwrap();
    seen
}

#[tokio::test]
async fn a_watch_that_is_too_old_is_begun_from_a_new_list() {
    let lists = AtomicUsize::new(0);
    let (cluster, script) = cluster(move |heard, _| match heard.line.as_str() {
        line if !line.contains("/pods?") => others(heard),
        line if line.contains("resourceVersion=5") => {
            let pod = json!({"metadata": {"name": "b", "uid": "b", "resourceVersion": "6"}});
            let expired = json!({"kind": "Status", "status": "Failure", "message": "too old resource version: 5 (7707)",
                "reason": "Expired", "code": 410});
            lines(&[json!({"type": "ADDED", "object": pod}), json!({"type": "ERROR", "object": expired})])
        }
        line if line.contains("watch=true") => others(heard),
        _ => match lists.fetch_add(1, Ordering::Relaxed) {
            0 => list("PodList", "5", &["a"]),
            _ => list("PodList", "7", &["b", "c"]),
        },
    })
    .await;
    let mut watch = Watch::begin(&cluster, &deployment());
    let second =
        |told: &Told| matches!(told, Told::Seen(rollout::Change::Listed(Kind::Pod, uids)) if uids.contains("c"));
    let seen = pods(&mut watch, second).await;
    let listed: Vec<_> = seen
        .iter()
        .filter_map(|t| match t {
            Told::Seen(rollout::Change::Listed(_, uids)) => Some(uids.iter().cloned().collect::<Vec<_>>().join(" ")),
            _ => None,
        })
        .collect();
    assert_eq!(listed, ["a", "b c"]);
    let present = seen.iter().filter(|t| matches!(t, Told::Seen(rollout::Change::Present(_)))).count();
    assert_eq!(present, 4, "{seen:?}");
    let asked = script.lines();
    assert!(asked.iter().any(|l| l.contains("/pods?") && l.contains("labelSelector=app%3Dapi")), "{asked:?}");
    assert!(
        asked.iter().any(|l| l.contains("/deployments?") && l.contains("fieldSelector=metadata.name%3Dapi")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_server_that_comes_back_is_watched_from_where_it_was_left() {
    let (cluster, _script) = cluster(|heard, before| match heard.line.as_str() {
        line if !line.contains("/pods?") => others(heard),
        line if !line.contains("watch=true") => list("PodList", "5", &["a"]),
        // While it starts, neither its words nor its rules can be relied on.
        _ if before < 25 => match before % 3 {
            0 => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf".to_owned(),
            1 => fails(503, "apiserver is shutting down", Value::Null),
            _ => fails(403, "pods is forbidden: not yet", Value::Null),
        },
        line => {
            assert!(line.contains("resourceVersion=5"), "{line}");
            lines(&[
                json!({"type": "DELETED", "object": {"metadata": {"name": "a", "uid": "a", "resourceVersion": "8"}}}),
            ])
        }
    })
    .await;
    let mut watch = Watch::begin(&cluster, &deployment());
    let gone = |told: &Told| matches!(told, Told::Seen(rollout::Change::Gone(Object::Pod(_))));
    let seen = pods(&mut watch, gone).await;
    assert!(!seen.iter().any(|t| matches!(t, Told::Refused(_))), "{seen:?}");
}

#[tokio::test]
async fn pods_must_be_seen_and_events_need_not() {
    let (cluster, _script) = cluster(|heard, _| {
        let forbidden = |what: &str| {
            let text = format!("User \"u\" cannot watch resource \"{what}\" in API group \"\" in the namespace \"n\"");
            fails(403, &text, json!({"kind": what}))
        };
        match heard.line.as_str() {
            line if line.contains("/pods?") => forbidden("pods"),
            line if line.contains("/events?") => forbidden("events"),
            _ => others(heard),
        }
    })
    .await;
    let mut watch = Watch::begin(&cluster, &deployment());
    let (mut blind, mut refused) = (None, None);
    while blind.is_none() || refused.is_none() {
        match watch.next().await.unwrap() {
            Told::Blind(error) => blind = Some(error),
            Told::Refused(error) => refused = Some(error),
            _ => {}
        }
    }
    assert!(blind.unwrap().hint().unwrap().contains(r#"resources: ["events"], verbs: ["watch"]"#));
    assert_eq!(
        refused.unwrap().to_string(),
        "could not watch Pod objects in namespace n: u may not watch pods in namespace n"
    );
}
