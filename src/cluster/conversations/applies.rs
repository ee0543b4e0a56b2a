//! An application: what is asked before anything is changed, and what is left alone.

use super::*;

fn changes(script: &Script) -> Vec<String> {
    script.lines().into_iter().filter(|l| l.starts_with("PATCH") && !l.contains("dryRun=All")).collect()
}

fn echo(heard: &Heard) -> String {
    says("200 OK", &serde_json::from_str(&heard.body).unwrap())
}

#[tokio::test]
async fn everything_is_tried_before_anything_is_changed() {
    let (cluster, script) = cluster(|heard, _| match heard.line.as_str() {
        _ if missing(heard) => not_found(),
        line if line.contains("deployments") => fails(422, "Deployment.apps \"api\" is invalid: spec: no", Value::Null),
        _ => echo(heard),
    })
    .await;
    let order = order(vec![target("Service", "api", &json!({})), target("Deployment", "api", &json!({}))]);
    let error = apply(&cluster, &order, |_| {}).await.unwrap_err();
    assert_eq!(error.class().code(), 8);
    assert!(error.to_string().contains("does not take Deployment api in namespace n"), "{error}");
    assert_eq!(changes(&script), Vec::<String>::new());
}

#[tokio::test]
async fn objects_are_applied_strictly_as_pydeploy_in_their_order() {
    let (cluster, script) = cluster(|heard, _| if missing(heard) { not_found() } else { echo(heard) }).await;
    let order = order(vec![target("Service", "api", &json!({})), target("Deployment", "api", &json!({}))]);
    let applied = apply(&cluster, &order, |_| {}).await.unwrap();
    assert!(applied.iter().all(|a| a.change == Change::Created), "{applied:?}");
    let [service, deployment] = &changes(&script)[..] else { unreachable!() };
    assert!(service.starts_with("PATCH /api/v1/namespaces/n/services/api?"), "{service}");
    assert!(deployment.starts_with("PATCH /apis/apps/v1/namespaces/n/deployments/api?"), "{deployment}");
    assert!(service.contains("fieldManager=pydeploy") && service.contains("fieldValidation=Strict"), "{service}");
    assert!(!service.contains("force"), "{service}");
    let typed = script.heard().into_iter().filter(|h| h.line.starts_with("PATCH"));
    assert!(typed.map(|h| h.header("content-type").unwrap().to_owned()).all(|t| t == "application/apply-patch+yaml"));
}

#[tokio::test]
async fn a_failure_half_way_says_what_is_applied() {
    let (cluster, _script) = cluster(|heard, _| match heard.line.as_str() {
        _ if missing(heard) => not_found(),
        line if line.contains("deployments") && !line.contains("dryRun") => fails(
            409,
            "c",
            json!({"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"hpa\"", "field": ".spec.replicas"}]}),
        ),
        _ => echo(heard),
    })
    .await;
    let order = order(vec![target("Service", "api", &json!({})), target("Deployment", "api", &json!({}))]);
    let error = apply(&cluster, &order, |_| {}).await.unwrap_err();
    assert!(error.to_string().ends_with(".spec.replicas is hpa's; already applied: Service api"), "{error}");
}

#[tokio::test]
async fn what_is_not_ours_is_refused_unless_told() {
    let foreign = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "managedFields": [
        {"manager": "helm", "operation": "Update"}, {"manager": "kube-controller-manager", "subresource": "status"}]}});
    let (cluster, script) =
        cluster(move |heard, _| if missing(heard) { says("200 OK", &foreign) } else { echo(heard) }).await;
    let mut order = order(vec![target("Deployment", "api", &json!({}))]);
    let error = dry_run(&cluster, &order).await.unwrap_err();
    assert_eq!(error.to_string(), "Deployment api in namespace n is there and is not pydeploy's, but of helm");
    assert!(error.hint().unwrap().contains("--adopt"));
    assert!(script.lines().iter().all(|l| l.starts_with("GET")));
    (order.foreign, order.conflicts) = (Foreign::Adopted, Conflicts::Taken);
    assert_eq!(apply(&cluster, &order, |_| {}).await.unwrap()[0].change, Change::Changed);
    assert!(changes(&script)[0].contains("force=true"));
}

#[tokio::test]
async fn a_missing_namespace_is_made_only_when_told() {
    let made = std::sync::atomic::AtomicBool::new(false);
    let (cluster, script) = cluster(move |heard, _| {
        let line = heard.line.as_str();
        if line.starts_with("PATCH /api/v1/namespaces/n?") && !line.contains("dryRun") {
            made.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        match line {
            _ if missing(heard) => not_found(),
            line if line.contains("/namespaces/n?") || made.load(std::sync::atomic::Ordering::Relaxed) => echo(heard),
            _ => fails(404, "namespaces \"n\" not found", json!({"name": "n", "kind": "namespaces"})),
        }
    })
    .await;
    let mut order = order(vec![target("Service", "api", &json!({}))]);
    let error = apply(&cluster, &order, |_| {}).await.unwrap_err();
    assert!(error.to_string().starts_with("there is no namespace n"), "{error}");
    order.namespace = Namespace::Made;
    let would = dry_run(&cluster, &order).await.unwrap();
    assert_eq!(would[0].identity.to_string(), "Namespace n");
    assert_eq!(changes(&script), Vec::<String>::new());
    let applied = apply(&cluster, &order, |_| {}).await.unwrap();
    assert_eq!(applied.iter().map(|a| a.identity.kind.as_str()).collect::<Vec<_>>(), ["Namespace", "Service"]);
}

#[tokio::test]
async fn replicas_that_an_autoscaler_takes_over_stay_as_they_are() {
    let ours = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "managedFields": [
        {"manager": "pydeploy", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]}, "spec": {"replicas": 6}});
    let (cluster, script) =
        cluster(move |heard, _| if missing(heard) { says("200 OK", &ours) } else { echo(heard) }).await;
    apply(&cluster, &order(vec![target("Deployment", "api", &json!({}))]), |_| {}).await.unwrap();
    let sent: Value = serde_json::from_str(&script.heard().last().unwrap().body).unwrap();
    assert_eq!(sent["spec"]["replicas"], 6);
    // Replicas that are stated are what is meant.
    apply(&cluster, &order(vec![target("Deployment", "api", &json!({"replicas": 2}))]), |_| {}).await.unwrap();
    let sent: Value = serde_json::from_str(&script.heard().last().unwrap().body).unwrap();
    assert_eq!(sent["spec"]["replicas"], 2);
}

#[tokio::test]
async fn pruning_takes_what_has_our_label_and_is_no_longer_emitted_but_keeps_data() {
    let (cluster, script) = cluster(|heard, _| {
        let items = |names: &[&str]| {
            let items: Vec<_> =
                names.iter().map(|n| json!({"metadata": {"name": n, "uid": format!("uid-{n}")}})).collect();
            says("200 OK", &json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}))
        };
        match heard.line.as_str() {
            line if line.starts_with("DELETE") => {
                says("200 OK", &json!({"kind": "Status", "status": "Success", "code": 200}))
            }
            line if line.contains("/deployments?") && line.contains("part-of") => items(&["api-worker"]),
            line if line.contains("/ingresses?") => items(&["old"]),
            line if line.contains("/services?") => items(&["api"]),
            line if line.contains("/persistentvolumeclaims?") => items(&["api-data"]),
            _ => items(&[]),
        }
    })
    .await;
    let found = stale(&cluster, "api", &[target("Service", "api", &json!({}))]).await.unwrap();
    let names: Vec<_> = found.iter().map(|s| (s.identity.kind.as_str(), s.is_kept())).collect();
    assert_eq!(names, [("PersistentVolumeClaim", true), ("Deployment", false), ("Ingress", false)]);
    prune(&cluster, &found).await.unwrap();
    let ours = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dpydeploy%2Capp.kubernetes.io%2F";
    let is_of =
        |line: &str| [format!("{ours}name%3Dapi"), format!("{ours}part-of%3Dapi")].iter().any(|s| line.contains(s));
    assert!(script.lines().iter().filter(|l| l.starts_with("GET /api")).all(|l| is_of(l)), "{:?}", script.lines());
    let deleted: Vec<_> = script.heard().into_iter().filter(|h| h.line.starts_with("DELETE")).collect();
    assert_eq!(deleted.len(), 2);
    assert!(deleted[0].line.starts_with("DELETE /apis/apps/v1/namespaces/n/deployments/api-worker"));
    let deleted = &deleted[1..];
    assert!(deleted[0].line.starts_with("DELETE /apis/networking.k8s.io/v1/namespaces/n/ingresses/old"));
    assert!(deleted[0].body.contains("uid-old") && deleted[0].body.contains("Background"), "{}", deleted[0].body);
}
