#![allow(clippy::unwrap_used)]

use super::*;

fn entry(manager: &str, operation: &str, fields: Value) -> ManagedFieldsEntry {
    ManagedFieldsEntry {
        manager: Some(manager.into()),
        operation: Some(operation.into()),
        fields_v1: Some(FieldsV1(fields)),
        ..ManagedFieldsEntry::default()
    }
}

fn live(entries: Vec<ManagedFieldsEntry>) -> DynamicObject {
    let mut live: DynamicObject = serde_json::from_value(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "team", "labels": {"app.kubernetes.io/version": "2", "theirs": "x"}},
        "spec": {"replicas": 5, "paused": false, "template": {"spec": {"containers": [{"name": "api", "image": "new"}]}}}}))
    .unwrap();
    live.metadata.managed_fields = Some(entries);
    live
}

fn ours() -> ManagedFieldsEntry {
    entry(
        MANAGER,
        "Apply",
        json!({"f:metadata": {"f:labels": {"f:app.kubernetes.io/version": {}}}, "f:spec": {"f:replicas": {},
        "f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"api\"}": {".": {}, "f:image": {}}}}}}}),
    )
}

#[test]
fn what_is_applied_is_ours_with_the_earlier_template() {
    let template = json!({"metadata": {"labels": {"app.kubernetes.io/version": "1"}}, "spec": {"containers": []}});
    let body = body(&live(vec![ours()]), "api", "team", &template);
    let expected = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "team", "labels": {"app.kubernetes.io/version": "1"}},
        "spec": {"replicas": 5, "template": template}});
    assert_eq!(body, expected);
}

#[test]
fn others_keep_what_they_have_outside_the_template() {
    let image = json!({"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"api\"}": {"f:image": {}}}}}});
    let restart = json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:restartedAt": {}}}}}});
    let mut scaled = image.clone();
    scaled["f:progressDeadlineSeconds"] = json!({});
    let status = ManagedFieldsEntry {
        subresource: Some("status".into()),
        ..entry("kube-controller-manager", "Update", json!({"f:status": {}}))
    };
    let entries = vec![
        ours(),
        entry("kubectl-rollout", "Update", restart),
        entry("kubectl-set", "Update", json!({"f:spec": scaled})),
        status.clone(),
    ];
    assert_eq!(others(&live(entries.clone())), ["kubectl-rollout", "kubectl-set"]);
    let after = taken(entries);
    let names: Vec<_> = after.iter().map(|e| e.manager.as_deref().unwrap()).collect();
    assert_eq!(names, [MANAGER, "kubectl-set", "kube-controller-manager"]);
    let fields = |at: usize| after[at].fields_v1.as_ref().unwrap().0.clone();
    assert!(fields(0).pointer("/f:spec/f:template/f:metadata/f:annotations/f:restartedAt").is_some());
    assert!(fields(0).pointer("/f:spec/f:replicas").is_some());
    assert_eq!(fields(1), json!({"f:spec": {"f:progressDeadlineSeconds": {}}}));
    assert_eq!(after[2], status);
}

#[test]
fn a_deployment_that_we_have_never_applied_gets_an_entry_of_ours() {
    let theirs = entry("helm", "Update", json!({"f:spec": {"f:template": {"f:spec": {}}}}));
    let after = taken(vec![theirs]);
    assert_eq!((after.len(), is_ours(&after[0])), (1, true));
    assert_eq!(template_fields(&after[0]), Some(&json!({"f:spec": {}})));
}

#[test]
fn the_previous_revision_is_the_newest_but_the_present_one() {
    let revision = |number, is_current| Revision {
        number,
        set: format!("api-{number}"),
        version: None,
        images: Vec::new(),
        created: None,
        reason: None,
        pods: 0,
        ready: 0,
        is_current,
    };
    let all = [revision(4, true), revision(3, false), revision(1, false)];
    assert_eq!(choose(&all, Goal::Previous).unwrap().number, 3);
    assert_eq!(choose(&all, Goal::Number(1)).unwrap().number, 1);
    let none = Reason::NoRevision { wanted: Some(2), known: vec![4, 3, 1] };
    assert_eq!(choose(&all, Goal::Number(2)).unwrap_err(), none);
    assert_eq!(choose(&all[..1], Goal::Previous).unwrap_err(), Reason::NoRevision { wanted: None, known: vec![4] });
    // A template that has no ReplicaSet yet, as of a Deployment that was just changed: the newest is the previous.
    assert_eq!(choose(&[revision(2, false)], Goal::Previous).unwrap().number, 2);
}
