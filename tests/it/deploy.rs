//! `deploy` and `ship --apply`, on a real cluster.

use std::process::Command;

use serde_json::Value;

use crate::place::{CHECK, Place, SERVER, image, project};
use crate::sandbox::{Sandbox, bed, repository};

#[test]
fn without_a_cluster_the_way_to_one_is_told() {
    let sandbox = Sandbox::project("own-dockerfile");
    let none = |args: &[&str]| {
        let fixed = ["deploy", "--image", "127.0.0.1:1/x:1", "--insecure-registry"];
        let run = sandbox.pydeploy(&[&fixed, args].concat());
        run.env("KUBECONFIG", sandbox.beside("none")).fails(4)
    };
    none(&[]).says(&["there is no kubeconfig", "--kubeconfig"]);
    none(&["--kubeconfig", "absent"]).says(&["there is no kubeconfig absent"]);
    let ship = sandbox.pydeploy(&["ship", "--registry", "127.0.0.1:1/x", "--prune"]).fails(2);
    ship.says(&["--prune says how to apply", "add --apply"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn an_image_becomes_ready_and_a_second_time_nothing_changes() {
    let (sandbox, place) = (project(&format!("{SERVER}{CHECK}")), Place::new("ready"));
    let image = image(&sandbox, "ready");
    let would = place.deploy(&sandbox, &image, &["--dry-run"]).ok();
    assert!(would.stdout.contains("Deployment api in namespace"), "{would}");
    assert_eq!(place.json(&["get", "deployments"])["items"].as_array().unwrap().len(), 0);
    let document = place.deploy(&sandbox, &image, &[]).json();
    assert_eq!(document["schema"], "pydeploy.deploy/1", "{document:#}");
    let rollout = &document["rollout"];
    assert_eq!((&rollout["verdict"], &rollout["revision"]), (&"done".into(), &1.into()), "{document:#}");
    assert_eq!(rollout["replicas"]["available"], 1);
    assert!(document["objects"].as_array().unwrap().iter().all(|o| o["change"] == "created"), "{document:#}");
    let fields = place.json(&["get", "deployment", "api", "--show-managed-fields"]);
    assert_eq!(fields["metadata"]["managedFields"][0]["manager"], "pydeploy");
    let again = place.deploy(&sandbox, &image, &[]).json();
    assert!(again["objects"].as_array().unwrap().iter().all(|o| o["change"] == "unchanged"), "{again:#}");
    assert_eq!(again["rollout"]["verdict"], "done");
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_rollout_that_fails_has_its_cause_and_a_slow_one_is_late() {
    let (sandbox, place) = (project("CMD [\"gunicorn\"]\n"), Place::new("fails"));
    let image = image(&sandbox, "fails");
    let done = place.deploy(&sandbox, &image, &["--json"]).fails(9);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&document["schema"], &document["class"]), (&"pydeploy.fault/1".into(), &"rollout".into()), "{done}");
    assert_eq!(document["rollout"]["verdict"], "failed");
    assert!(document["message"].as_str().unwrap().contains("gunicorn"), "{done}");
    assert!(!document["rollout"]["evidence"].as_array().unwrap().is_empty(), "{done}");

    let slow = project("CMD [\"sh\", \"-c\", \"echo slow; sleep 3600\"]\n");
    let slow = crate::place::image(&slow, "slow");
    let done = place.deploy(&sandbox, &slow, &["--timeout", "2s"]).fails(10);
    done.says(&["was not done within 2s", "--timeout"]);
    place.deploy(&sandbox, &slow, &["--no-wait"]).ok();
    // One more rollout: without a readiness check it is watched for half a minute after its Pod has started.
    let other = project("CMD [\"sh\", \"-c\", \"echo other; sleep 3600\"]\n");
    let slow = crate::place::image(&other, "other");
    let said = crate::interrupt::interrupted(place.deploy(&sandbox, &slow, &["--progress", "plain"]), "→ api:", "-INT");
    assert!(said.contains("the rollout of api goes on by itself"), "{said}");
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn what_others_have_is_left_to_them_unless_told() {
    let (sandbox, place) = (project(&format!("{SERVER}{CHECK}")), Place::new("others"));
    let image = image(&sandbox, "others");
    place.kubectl(&["create", "deployment", "api", "--image", "example/other"]);
    place.deploy(&sandbox, &image, &[]).fails(8).says(&["is there and is not pydeploy's", "--adopt"]);
    place.kubectl(&["delete", "deployment", "api"]);
    place.deploy(&sandbox, &image, &[]).ok();
    place.kubectl(&["scale", "deployment", "api", "--replicas", "2"]);
    place.kubectl(&["set", "image", "deployment/api", "api=example/other"]);
    let refused = place.deploy(&sandbox, &image, &[]).fails(8);
    refused.says(&["image is kubectl-set's", "--force-conflicts"]);
    assert_eq!(place.json(&["get", "deployment", "api"])["spec"]["replicas"], 2);
    place.deploy(&sandbox, &image, &["--force-conflicts"]).ok();

    let label = ["app.kubernetes.io/managed-by=pydeploy", "app.kubernetes.io/name=api"];
    place.kubectl(&["create", "service", "clusterip", "old", "--tcp", "80"]);
    place.kubectl(&["create", "service", "clusterip", "theirs", "--tcp", "80"]);
    place.kubectl(&["label", "service", "old", label[0], label[1], "--overwrite"]);
    place.deploy(&sandbox, &image, &["--prune"]).ok().says(&["Service old", "deleted"]);
    let services = place.kubectl(&["get", "services", "-o", "name"]);
    assert_eq!(services.lines().collect::<Vec<_>>(), ["service/api", "service/theirs"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_namespace_is_made_when_told_and_a_missing_rule_is_named() {
    let (sandbox, place) = (project(&format!("{SERVER}{CHECK}")), Place::unmade("made"));
    let image = image(&sandbox, "made");
    place.deploy(&sandbox, &image, &[]).fails(8).says(&["there is no namespace", "--create-namespace"]);
    place.deploy(&sandbox, &image, &["--create-namespace"]).ok();

    // A service account that may do nothing, then one that has no word with the server at all.
    let token = place.kubectl(&["create", "token", "default"]);
    let path = sandbox.beside("kubeconfig");
    let with = |token: &str| {
        std::fs::copy(bed("PYDEPLOY_TEST_KUBECONFIG"), &path).unwrap();
        let config = |args: &[&str]| {
            let kubectl = Command::new(bed("PYDEPLOY_TEST_KUBECTL"))
                .arg("--kubeconfig")
                .arg(&path)
                .arg("config")
                .args(args)
                .output();
            String::from_utf8(kubectl.unwrap().stdout).unwrap()
        };
        let cluster = config(&["view", "-o", "jsonpath={.contexts[0].context.cluster}"]);
        config(&["set-credentials", "nobody", "--token", token]);
        config(&["set-context", "nobody", "--cluster", &cluster, "--user", "nobody"]);
        let fixed = [
            "deploy",
            "--image",
            &image,
            "-n",
            &place.name,
            "--insecure-registry",
            "--context",
            "nobody",
            "--kubeconfig",
        ];
        sandbox.pydeploy(&[&fixed[..], &[path.to_str().unwrap()]].concat())
    };
    with(token.trim()).fails(8).says(&[
        "may not get serviceaccounts",
        "apiGroups: [\"\"], resources: [\"serviceaccounts\"], verbs: [\"get\"]",
    ]);
    let refused = with("hunter2").fails(4).says(&["does not accept the credentials"]);
    assert!(!refused.stderr.contains("hunter2"), "{refused}");
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn ships_from_source_to_ready_and_again() {
    let (sandbox, place) = (project(&format!("{SERVER}{CHECK}")), Place::new("ship"));
    let registry = repository("ship-apply");
    let kubeconfig = bed("PYDEPLOY_TEST_KUBECONFIG");
    let ship = |tag: &str| {
        let args = [
            "ship",
            "--apply",
            "--kubeconfig",
            &kubeconfig,
            "-n",
            &place.name,
            "--insecure-registry",
            "--tag",
            tag,
            "--registry",
        ];
        sandbox.pydeploy(&[&args[..], &[registry.as_str()]].concat())
    };
    let document = ship("1").json();
    assert_eq!(document["rollout"]["verdict"], "done", "{document:#}");
    std::fs::write(sandbox.root().join("main.py"), "# changed\n").unwrap();
    let document = ship("2").json();
    assert_eq!(
        (&document["rollout"]["verdict"], &document["rollout"]["revision"]),
        (&"done".into(), &2.into()),
        "{document:#}"
    );
    let image = place.json(&["get", "deployment", "api"])["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    assert_eq!(image, document["image"]["reference"]);
}
