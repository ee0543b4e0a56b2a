//! A look, and a rollback: what is asked, in which order, and what is left alone.

use super::*;
use crate::rollout::Verdict;

const NOW: &str = "2026-01-02T00:00:00Z";
const LONG_AGO: &str = "2026-01-01T00:00:00Z";

fn container(image: &str) -> Value {
    json!({"spec": {"containers": [{"name": "api", "image": image}]}})
}

fn deployment(managers: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "n", "uid": "d",
        "generation": 3, "resourceVersion": "77", "creationTimestamp": LONG_AGO, "managedFields": managers,
        "annotations": {"deployment.kubernetes.io/revision": "2"}},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "api"}}, "template": container("two")},
        "status": {"observedGeneration": 3, "replicas": 1, "updatedReplicas": 1}})
}

fn set(number: u64, image: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": format!("api-{number}"), "uid": format!("s{number}"),
        "creationTimestamp": NOW, "annotations": {"deployment.kubernetes.io/revision": number.to_string()},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "uid": "d", "controller": true}]},
        "spec": {"selector": {"matchLabels": {"app": "api"}}, "template": {"metadata": {"labels": {"pod-template-hash": "x"}},
            "spec": container(image)["spec"]}}})
}

fn list(items: &[Value]) -> String {
    says("200 OK", &json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": items}))
}

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api-2-x", "uid": "p", "creationTimestamp": NOW,
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-2", "uid": "s2", "controller": true}]},
        "spec": {"containers": [{"name": "api", "image": "two"}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": NOW}],
            "containerStatuses": [{"name": "api", "image": "two", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": "ErrImagePull", "message": "failed to do request: dial tcp: connection refused"}}}]}})
}

/// A Deployment at revision 2, whose Pod can't be pulled and has not been for long.
fn answers(managers: Value) -> impl Fn(&Heard, usize) -> String + Send + Sync + 'static {
    let template = |image: &str| {
        let mut template = container(image);
        template["metadata"] = json!({"labels": {}});
        template
    };
    move |heard, _| match heard.line.as_str() {
        line if line.starts_with("PATCH") => says("200 OK", &serde_json::from_str(&heard.body).unwrap()),
        line if line.contains("/replicasets/api-1") => says("200 OK", &set(1, "one")),
        line if line.contains("/replicasets?") => list(&[set(1, "one"), set(2, "two")]),
        line if line.contains("/pods?") => list(&[pod()]),
        line if line.contains("/deployments/api") => {
            let mut deployment = deployment(&managers);
            deployment["spec"]["template"] = template("two");
            says("200 OK", &deployment)
        }
        line if line.contains("/deployments?") => list(&[deployment(&managers)]),
        line if line.contains("/events?") => {
            let text = "User \"u\" cannot list resource \"events\" in API group \"\" in the namespace \"n\"";
            fails(403, text, json!({"kind": "events"}))
        }
        _ => fails(404, "not found", json!({"kind": "deployments"})),
    }
}

fn ours() -> Value {
    json!({"manager": "pydeploy", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"api\"}": {".": {}, "f:image": {}}}}}}}})
}

fn theirs() -> Value {
    json!({"manager": "kubectl-set", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"api\"}": {"f:env": {}}}}}}}})
}

#[tokio::test]
async fn a_rollout_that_nobody_watched_is_judged_by_its_objects_own_time() {
    let (cluster, script) = cluster(answers(json!([ours()]))).await;
    let mut blind = Vec::new();
    let seen = look(&cluster, "api", |error| blind.push(error.to_string())).await.unwrap();
    // A registry that does not answer is borne for some seconds, which are long over.
    let Verdict::Failed(failure) = seen.verdict() else { unreachable!("{:?}", seen.verdict()) };
    assert_eq!(failure.cause.id(), "registry-unreachable");
    let revisions: Vec<_> = seen.revisions.iter().map(|r| (r.number, r.is_current)).collect();
    assert_eq!(revisions, [(2, true), (1, false)]);
    assert!(blind.len() == 1 && blind[0].contains("may not list events"), "{blind:?}");
    assert!(script.lines().iter().all(|line| !line.contains("watch")), "{:?}", script.lines());
}

#[tokio::test]
async fn a_deployment_that_is_not_there_is_told_with_those_that_are() {
    let (cluster, _script) = cluster(answers(json!([]))).await;
    let error = look(&cluster, "web", |_| {}).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no Deployment web in namespace n");
    assert!(error.hint().unwrap().starts_with("the namespace has api"), "{:?}", error.hint());
}

#[tokio::test]
async fn a_rollback_is_tried_first_and_applied_as_a_deployment_is() {
    let (cluster, script) = cluster(answers(json!([ours()]))).await;
    let seen = look(&cluster, "api", |_| {}).await.unwrap();
    let rollback = plan(&cluster, &seen, Goal::Previous, Foreign::Refused).await.unwrap();
    assert_eq!((rollback.to.number, rollback.taken.len()), (1, 0));
    let paths: Vec<_> = rollback.fields.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["spec.template.spec.containers[api].image"]);
    rollback.run(&cluster).await.unwrap();
    let asked: Vec<_> = script.heard().into_iter().filter(|h| h.line.starts_with("PATCH")).collect();
    let [tried, done] = &asked[..] else { unreachable!("{asked:?}") };
    assert!(tried.line.contains("dryRun=All") && !done.line.contains("dryRun"), "{asked:?}");
    assert!(asked.iter().all(|h| h.line.contains("fieldManager=pydeploy") && !h.line.contains("force")), "{asked:?}");
    let body: Value = serde_json::from_str(&done.body).unwrap();
    assert_eq!(
        body["spec"],
        json!({"replicas": 1, "template": {"metadata": {"labels": {}}, "spec": container("one")["spec"]}})
    );
}

#[tokio::test]
async fn others_fields_are_made_ours_before_they_go() {
    let (cluster, script) = cluster(answers(json!([ours(), theirs()]))).await;
    let seen = look(&cluster, "api", |_| {}).await.unwrap();
    let rollback = plan(&cluster, &seen, Goal::Number(1), Foreign::Refused).await.unwrap();
    assert_eq!(rollback.taken, ["kubectl-set"]);
    rollback.run(&cluster).await.unwrap();
    let asked: Vec<_> = script.heard().into_iter().filter(|h| h.line.starts_with("PATCH")).collect();
    let [tried, taken, done] = &asked[..] else { unreachable!("{asked:?}") };
    assert!(tried.line.contains("dryRun=All") && tried.line.contains("force=true"), "{}", tried.line);
    assert_eq!(taken.header("content-type"), Some("application/merge-patch+json"));
    let metadata: Value = serde_json::from_str(&taken.body).unwrap();
    // Only as long as nobody else has written to it.
    assert_eq!(metadata["metadata"]["resourceVersion"], "77");
    assert_eq!(metadata.as_object().unwrap().len(), 1);
    assert!(!done.line.contains("force"), "{}", done.line);
}

#[tokio::test]
async fn a_deployment_of_others_is_not_rolled_back_unless_told() {
    let (cluster, script) = cluster(answers(json!([theirs()]))).await;
    let seen = look(&cluster, "api", |_| {}).await.unwrap();
    let error = plan(&cluster, &seen, Goal::Previous, Foreign::Refused).await.unwrap_err();
    assert!(error.to_string().contains("is not pydeploy's, but of kubectl-set"), "{error}");
    assert!(error.hint().unwrap().contains("kubectl rollout undo deployment/api -n n"));
    assert!(!script.lines().iter().any(|l| l.starts_with("PATCH")));
    plan(&cluster, &seen, Goal::Previous, Foreign::Adopted).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_busy_for_long_is_told_of_once() {
    let script = Script::serve(|heard, before| match heard.line.as_str() {
        "GET /version" => version(),
        _ if before < 4 => fails(429, "slow down", json!({"retryAfterSeconds": 4})),
        _ => not_found(),
    })
    .await;
    let said = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let hears = std::sync::Arc::clone(&said);
    let notice = Notice::to(move |waiting| {
        hears.lock().unwrap().push(match waiting {
            Waiting::Begun(why) => why.to_owned(),
            Waiting::Over => "over".to_owned(),
        });
    });
    let cluster = Cluster::connect_with(way(&script), notice).await.unwrap();
    let targets =
        [target("Service", "api", &json!({})), target("Service", "b", &json!({})), target("Service", "c", &json!({}))];
    let apis: Vec<_> = targets.iter().map(|t| (t, t.api(&cluster))).collect();
    let asked = apis.iter().map(|(t, api)| cluster.ask(Action::Read, &t.identity, || api.get_opt("api")));
    for answer in futures_util::future::join_all(asked).await {
        assert!(answer.unwrap().is_none());
    }
    assert_eq!(*said.lock().unwrap(), ["slow down (429)", "over"]);
}
