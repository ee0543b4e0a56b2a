//! `diff`, `status`, `rollback` and `--rollback-on-failure`, on a real cluster.

use serde_json::Value;

use crate::place::{CHECK, Place, SERVER, image, project};
use crate::sandbox::{Done, Sandbox};

/// An image of a server that is well, and another with a variable that says which.
fn server(sandbox_end: &str, name: &str) -> (Sandbox, String) {
    let sandbox = project(&format!("{SERVER}{CHECK}ENV WHICH={sandbox_end}\n"));
    let image = image(&sandbox, name);
    (sandbox, image)
}

fn document(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done}"))
}

fn image_of(place: &Place) -> String {
    let deployment = place.json(&["get", "deployment", "api"]);
    deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn what_differs_is_shown_gone_back_from_and_deployed_again() {
    let place = Place::new("back");
    let ((sandbox, one), (_, two)) = (server("1", "back-one"), server("2", "back-two"));
    let compared =
        |image: &str| place.pydeploy(&sandbox, &["diff", "--image", image, "--insecure-registry", "--prune", "--json"]);
    let new = document(&compared(&one).fails(11));
    let changes: Vec<_> = new["objects"].as_array().unwrap().iter().map(|o| o["change"].clone()).collect();
    assert_eq!(changes, ["created", "created", "created"], "{new:#}");
    assert!(!new.to_string().contains("terminationMessagePath"), "no defaults: {new:#}");
    place.pydeploy(&sandbox, &["status"]).fails(8).says(&["there is no Deployment api", "pydeploy deploy"]);

    place.deploy(&sandbox, &one, &[]).ok();
    assert_eq!(document(&compared(&one).ok())["same"], true);
    let differs = document(&compared(&two).fails(11));
    let fields: Vec<&str> = differs["objects"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|o| o["fields"].as_array().unwrap())
        .map(|f| f["path"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["spec.template.spec.containers[api].image"], "{differs:#}");
    let first = image_of(&place);
    place.pydeploy(&sandbox, &["rollback"]).fails(8).says(&["has no earlier revision", "it has revision 1 alone"]);

    place.deploy(&sandbox, &two, &[]).ok();
    let second = image_of(&place);
    let would = place.pydeploy(&sandbox, &["rollback", "--dry-run"]).ok();
    assert!(would.stdout.contains(&format!("- spec.template.spec.containers[api].image: {second}")), "{would}");
    assert_eq!(image_of(&place), second);
    place.pydeploy(&sandbox, &["rollback", "--to", "7"]).fails(8).says(&["no revision 7", "the revisions 2, 1"]);
    let same = place.pydeploy(&sandbox, &["rollback", "--to", "2"]).ok();
    assert!(same.stdout.contains("nothing to do"), "{same}");
    let back = place.pydeploy(&sandbox, &["rollback"]).json();
    let expected = ("done", 2, 1, 3);
    let got =
        (&back["rollout"]["verdict"], &back["from"]["revision"], &back["to"]["revision"], &back["rollout"]["revision"]);
    assert_eq!(got, (&expected.0.into(), &expected.1.into(), &expected.2.into(), &expected.3.into()), "{back:#}");
    assert_eq!(image_of(&place), first);

    let status = place.pydeploy(&sandbox, &["status"]).json();
    assert_eq!((&status["schema"], &status["rollout"]["verdict"]), (&"pydeploy.status/1".into(), &"done".into()));
    let revisions = status["revisions"].as_array().unwrap();
    let numbers: Vec<_> = revisions.iter().map(|r| (r["revision"].as_u64().unwrap(), r["current"] == true)).collect();
    assert_eq!(numbers, [(3, true), (2, false)], "{status:#}");

    // What went back is pydeploy's: nothing is in the way of what comes next, and nothing is left of it.
    assert_eq!(document(&compared(&one).ok())["same"], true);
    place.deploy(&sandbox, &two, &[]).ok();
    assert_eq!(document(&compared(&two).ok())["same"], true);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn what_others_changed_in_the_pods_goes_back_too_and_what_is_theirs_is_left_to_them() {
    let place = Place::new("theirs");
    let (sandbox, one) = server("3", "theirs-one");
    place.deploy(&sandbox, &one, &[]).ok();
    place.kubectl(&["set", "image", "deployment/api", "api=example/other"]);
    place.kubectl(&["rollout", "restart", "deployment/api"]);
    place.kubectl(&["scale", "deployment", "api", "--replicas", "2"]);
    // What differs is shown although deploy would not take it.
    let differs = place.pydeploy(&sandbox, &["diff", "--image", &one, "--insecure-registry"]).fails(11);
    assert!(differs.stdout.contains("- spec.template.spec.containers[api].image: example/other"), "{differs}");
    differs.says(&["image is kubectl-set's", "--force-conflicts"]);
    place.pydeploy(&sandbox, &["rollback", "--to", "1"]).ok().says(&["kubectl-rollout, kubectl-set"]);
    let deployment = place.json(&["get", "deployment", "api", "--show-managed-fields"]);
    assert_eq!(deployment["spec"]["replicas"], 2);
    assert_eq!(deployment["spec"]["template"]["metadata"]["annotations"], Value::Null, "{deployment:#}");
    let managers = deployment["metadata"]["managedFields"].as_array().unwrap();
    let of_template: Vec<_> = managers
        .iter()
        .filter(|m| !m["fieldsV1"]["f:spec"]["f:template"].is_null())
        .map(|m| m["manager"].as_str().unwrap())
        .collect();
    assert_eq!(of_template, ["pydeploy"]);
    // Nothing of the Pods is in the way of the next deployment; the number of them is still somebody else's.
    let refused = place.deploy(&sandbox, &one, &[]).fails(8);
    assert!(!refused.stderr.contains("template"), "{refused}");
    refused.says(&[".spec.replicas is kubectl's"]);
    place.deploy(&sandbox, &one, &["--force-conflicts"]).ok();

    place.kubectl(&["rollout", "pause", "deployment/api"]);
    place.kubectl(&["set", "env", "deployment/api", "A=b"]);
    place.pydeploy(&sandbox, &["rollback"]).fails(8).says(&["is paused", "kubectl rollout resume deployment/api"]);
    let paused = place.pydeploy(&sandbox, &["status"]).ok();
    assert!(paused.stdout.contains("it is paused"), "{paused}");

    place.kubectl(&["create", "deployment", "other", "--image", &one]);
    let other = place.pydeploy(&sandbox, &["status", "--name", "other", "--wait"]).json();
    assert_eq!(other["rollout"]["verdict"], "done", "{other:#}");
    place.kubectl(&["set", "env", "deployment/other", "A=b"]);
    let refused = place.pydeploy(&sandbox, &["rollback", "--name", "other"]).fails(8);
    refused.says(&["is not pydeploy's, but of kubectl", "kubectl rollout undo deployment/other", "--adopt"]);
    place.pydeploy(&sandbox, &["rollback", "--name", "other", "--adopt"]).ok();
    let other = place.json(&["get", "deployment", "other"]);
    assert_eq!(other["spec"]["template"]["spec"]["containers"][0]["env"], Value::Null);
    place.pydeploy(&sandbox, &["status", "--name", "absent"]).fails(8).says(&["the namespace has api, other"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn what_fails_goes_back_to_what_was_well_and_keeps_its_cause() {
    let place = Place::new("onfail");
    let (sandbox, well) = server("4", "onfail-well");
    let broken = image(&project("CMD [\"gunicorn\"]\n"), "onfail-broken");
    let deploy = |image: &str| place.deploy(&sandbox, image, &["--rollback-on-failure", "--json"]);
    let first = document(&deploy(&broken).fails(9));
    assert_eq!(first["rollout"]["cause"], "command-not-found", "{first:#}");
    assert_eq!(
        (&first["rollout"]["rollback"]["verdict"], &first["rollout"]["rollback"]["revision"]),
        (&"none".into(), &Value::Null)
    );
    let failed = place.pydeploy(&sandbox, &["status"]).fails(9);
    assert!(failed.stdout.contains("failed, the command gunicorn is not in the image"), "{failed}");
    assert_eq!(place.pydeploy(&sandbox, &["status", "--json"]).fails(9).stderr, "");

    place.deploy(&sandbox, &well, &[]).ok();
    let image = image_of(&place);
    let second = document(&deploy(&broken).fails(9));
    let (rollout, rollback) = (&second["rollout"], &second["rollout"]["rollback"]);
    assert_eq!((&rollout["verdict"], &rollout["cause"]), (&"failed".into(), &"command-not-found".into()), "{second:#}");
    assert_eq!((&rollback["revision"], &rollback["verdict"], &rollback["now"]), (&2.into(), &"done".into(), &4.into()));
    assert_eq!(image_of(&place), image);

    // Late is no better, and ends with 10 all the same.
    let slow = crate::place::image(&project("CMD [\"sh\", \"-c\", \"sleep 3600\"]\n"), "onfail-slow");
    let late = place.deploy(&sandbox, &slow, &["--rollback-on-failure", "--timeout", "1s"]).fails(10);
    late.says(&["was not done within 1s", "rollback: revision 4 is there again"]);
    assert_eq!(image_of(&place), image);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn an_interrupted_rollback_says_that_it_goes_on() {
    let place = Place::new("interrupted");
    let sandbox = project("CMD [\"sh\", \"-c\", \"echo 1; sleep 3600\"]\n");
    for (end, name) in [(1, "stopped-one"), (2, "stopped-two")] {
        let image = image(&project(&format!("CMD [\"sh\", \"-c\", \"echo {end}; sleep 3600\"]\n")), name);
        place.deploy(&sandbox, &image, &["--no-wait"]).ok();
        place.kubectl(&["wait", "--for=condition=Progressing", "deployment/api"]);
        place.until(&["get", "rs", "-o", "name"], 30, |said| said.lines().count() == end);
    }
    let run = place.pydeploy(&sandbox, &["rollback", "--progress", "plain"]);
    let said = crate::interrupt::interrupted(run, "→ api:", "-INT");
    assert!(said.contains("the rollback of api goes on by itself"), "{said}");
    assert!(said.contains(&format!("pydeploy status --wait --name api -n {}", place.name)), "{said}");
}
