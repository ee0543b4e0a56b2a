//! Answers of a real API server (1.34.4), and what is made of them.

use super::*;

#[allow(clippy::needless_pass_by_value)] // It is a JSON literal everywhere.
fn refused(code: u16, message: &str, details: Value) -> Refusal {
    let status = json!({"kind": "Status", "message": message, "code": code, "details": details});
    let mut status: kube::core::Status = serde_json::from_value(status).unwrap();
    if details_are_absent(&status) {
        status.details = None;
    }
    let identity = Identity { kind: "Deployment".into(), name: "app".into(), namespace: Some("team".into()) };
    *Refusal::of(Action::Apply, &identity, &status)
}

fn details_are_absent(status: &kube::core::Status) -> bool {
    status.details.as_ref().is_some_and(|d| d.kind.is_empty() && d.causes.is_empty())
}

#[test]
fn a_conflict_names_field_and_manager() {
    let cause = |manager: &str, field: &str| json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": field});
    let image = ".spec.template.spec.containers[name=\"app\"].image";
    let causes = [cause("\"kubectl-set\" using apps/v1", image), cause("\"argocd-controller\"", ".spec.replicas")];
    let refusal = refused(409, "Apply failed with 2 conflicts: …", json!({"causes": causes}));
    assert_eq!(
        refusal.to_string(),
        "Deployment app in namespace team has fields that others manage: .spec.template.spec.containers[name=\"app\"].image \
         is kubectl-set's, .spec.replicas is argocd-controller's"
    );
    assert!(refusal.hint().unwrap().contains("--force-conflicts"));
}

#[test]
fn a_missing_permission_has_the_rule_that_grants_it() {
    let message = "deployments.apps \"app\" is forbidden: User \"system:serviceaccount:team:ci\" cannot patch resource \
                   \"deployments\" in API group \"apps\" in the namespace \"team\"";
    let refusal = refused(403, message, json!({"name": "app", "group": "apps", "kind": "deployments"}));
    assert_eq!(
        refusal.to_string(),
        "could not apply Deployment app in namespace team: system:serviceaccount:team:ci may not patch deployments in \
         namespace team"
    );
    let hint = refusal.hint().unwrap();
    let rule = r#"{apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"]}"#;
    assert!(hint.contains("a Role in namespace team") && hint.contains(rule), "{hint}");

    let message = "namespaces is forbidden: User \"u\" cannot create resource \"namespaces\" in API group \"\" at the cluster scope";
    let hint = refused(403, message, json!({"kind": "namespaces"})).hint().unwrap();
    assert!(
        hint.contains("a ClusterRole") && hint.contains(r#"{apiGroups: [""], resources: ["namespaces"]"#),
        "{hint}"
    );

    let message =
        "pods \"x\" is forbidden: User \"u\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"n\"";
    assert!(refused(403, message, json!({"kind": "pods"})).hint().unwrap().contains(r#"resources: ["pods/log"]"#));
}

#[test]
fn each_other_refusal_is_told_from_its_neighbours() {
    let none = || json!({});
    let cause = |reason: &str, field: &str, message: &str| json!({"causes": [{"reason": reason, "field": field, "message": message}], "kind": "Deployment"});
    let terminating = cause("NamespaceTerminating", "metadata.namespace", "namespace team is being terminated");
    let immutable = cause("FieldValueInvalid", "spec.selector", "Invalid value: {}: field is immutable");
    let cases = [
        (
            404,
            "namespaces \"team\" not found",
            json!({"name": "team", "kind": "namespaces"}),
            "there is no namespace team",
            "--create-namespace",
        ),
        (404, "404 page not found", none(), "this cluster does not know the kind of Deployment app", "kubectl version"),
        (403, "forbidden: unable to create new content", terminating, "the namespace team is being deleted", "wait"),
        (
            422,
            "is invalid",
            immutable,
            "spec.selector: Invalid value: {}: field is immutable",
            "kubectl delete Deployment app -n team",
        ),
        (403, "exceeded quota: q, requested: pods=1", json!({"kind": "pods"}), "the cluster's rules refuse", "quota"),
        (
            400,
            "admission webhook \"x.example\" denied the request: no",
            none(),
            "the cluster's rules refuse",
            "operates",
        ),
        (
            500,
            "failed to create typed patch object (n/app; apps/v1, Kind=Deployment): errors:\n  .spec.a: field not declared in schema\n  .spec.b: field not declared in schema",
            none(),
            ".spec.a: field not declared in schema; .spec.b: field not declared",
            "kubectl version",
        ),
    ];
    for (code, message, details, says, hint) in cases {
        let refusal = refused(code, message, details);
        assert!(refusal.to_string().contains(says), "{refusal}");
        assert!(refusal.hint().unwrap().contains(hint), "{:?}", refusal.hint());
    }
}
