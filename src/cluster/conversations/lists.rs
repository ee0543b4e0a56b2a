//! Lists: pages that follow each other, and what a server does in between.

use super::*;

fn page(names: &[&str], token: &str) -> String {
    let item = |name: &&str| {
        json!({
            "metadata": {"name": name, "namespace": "n", "managedFields": [{"manager": "x"}]},
            "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "api:1"}]}}},
        })
    };
    says(
        "200 OK",
        &json!({
            "kind": "List", "metadata": {"continue": token}, "items": names.iter().map(item).collect::<Vec<_>>(),
        }),
    )
}

fn nothing() -> String {
    says("200 OK", &json!({"kind": "List", "metadata": {}, "items": null}))
}

fn is(heard: &Heard, path: &str) -> bool {
    heard.line.starts_with(&format!("GET {path}"))
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/n/deployments?";

#[tokio::test]
async fn pages_follow_each_other_and_each_kind_is_asked_for_once() {
    let (cluster, script) = cluster(|heard, _| match heard.line.as_str() {
        line if line.contains("continue=second") => page(&["c"], ""),
        _ if is(heard, DEPLOYMENTS) => page(&["a", "b"], "second"),
        _ => nothing(),
    })
    .await;
    let found = workloads(&cluster, &Reach::Namespace("n".into())).await.unwrap();
    let mut names: Vec<_> = found.iter().map(|w| w.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(script.lines().len(), 1 + 5, "{:?}", script.lines());
    assert!(script.lines().iter().skip(1).all(|l| l.contains("limit=500")), "{:?}", script.lines());
}

#[tokio::test]
async fn a_list_whose_pages_have_expired_is_begun_again() {
    let (cluster, script) = cluster(|heard, before| match heard.line.as_str() {
        line if line.contains("continue=old") => fails(410, "The provided continue parameter is too old", json!({})),
        line if line.contains("continue=new") => page(&["c"], ""),
        _ if is(heard, "/apis/apps/v1/deployments?") && before < 6 => {
            page(&["a"], if before < 5 { "old" } else { "new" })
        }
        _ if is(heard, "/apis/apps/v1/deployments?") => page(&["a"], "new"),
        _ => nothing(),
    })
    .await;
    let found = workloads(&cluster, &Reach::Everywhere).await.unwrap();
    assert_eq!(found.len(), 2, "{:?}", script.lines());
}

#[tokio::test]
async fn a_list_that_never_holds_is_given_up() {
    let (cluster, script) = cluster(|heard, _| match heard.line.as_str() {
        line if line.contains("continue=old") => fails(410, "too old", json!({})),
        _ if is(heard, DEPLOYMENTS) => page(&["a"], "old"),
        _ => nothing(),
    })
    .await;
    let error = workloads(&cluster, &Reach::Namespace("n".into())).await.unwrap_err();
    assert!(error.to_string().contains("Deployment objects in namespace n: too old (410)"), "{error}");
    assert_eq!(script.lines().iter().filter(|l| l.contains("continue=old")).count(), 4);
}

#[tokio::test]
async fn a_kind_that_may_not_be_listed_is_named_with_its_rule() {
    let (cluster, _script) = cluster(|heard, _| {
        if heard.line.contains("cronjobs") {
            let message = "cronjobs.batch is forbidden: User \"u\" cannot list resource \"cronjobs\" in API group \"batch\" at the cluster scope";
            return fails(403, message, json!({"kind": "cronjobs", "group": "batch"}));
        }
        nothing()
    })
    .await;
    let error = workloads(&cluster, &Reach::Everywhere).await.unwrap_err();
    assert_eq!(error.class().code(), 8);
    let hint = error.hint().unwrap();
    assert!(hint.contains(r#"{apiGroups: ["batch"], resources: ["cronjobs"], verbs: ["list"]}"#), "{hint}");
}

#[tokio::test]
async fn a_secrets_content_is_in_no_debug_output() {
    let (cluster, _script) = cluster(|_, _| {
        // {"auths":{}} and the like, in base64.
        says(
            "200 OK",
            &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull"},
            "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "aHVudGVyMg=="}}),
        )
    })
    .await;
    let (kind, content) = secret(&cluster, "n", "pull").await.unwrap().unwrap();
    assert_eq!((kind.as_str(), content.expose()), ("kubernetes.io/dockerconfigjson", "hunter2"));
    assert!(!format!("{content:?}").contains("hunter2"));
}
