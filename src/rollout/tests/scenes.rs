//! Scenes that no recording has: other managers, claims that are yet to be bound, rollouts of what was there before.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::replay::word;
use crate::rollout::{Aim, Change, Kind, Object, Observed, Run, Tail, Verdict, verdict};

/// When the rollout begins.
fn zero() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn after(seconds: u64) -> Timestamp {
    zero() + Duration::from_secs(seconds)
}

fn template(image: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "shop" } },
        "spec": { "containers": [{
            "name": "shop",
            "image": image,
            "readinessProbe": { "httpGet": { "path": "/", "port": 8000 } },
            "resources": { "limits": { "memory": "256Mi" } },
        }] },
    })
}

fn deployment(image: &str, version: u32, status: &Value) -> Value {
    json!({
        "metadata": {
            "name": "shop", "namespace": "production", "uid": "d", "generation": version,
            "resourceVersion": version.to_string(), "creationTimestamp": "2025-12-31T00:00:00Z",
        },
        "spec": { "replicas": 1, "selector": {}, "template": template(image) },
        "status": status,
    })
}

fn available(generation: u32) -> Value {
    json!({ "observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1 })
}

fn replica_set(image: &str, status: &Value) -> Change {
    let mut template = template(image);
    template["metadata"]["labels"]["pod-template-hash"] = json!("1");
    let object = json!({
        "metadata": {
            "name": "shop-1", "namespace": "production", "uid": "r", "resourceVersion": "2",
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": "d", "controller": true }],
        },
        "spec": { "replicas": 1, "selector": {}, "template": template },
        "status": status,
    });
    Change::Present(Object::ReplicaSet(serde_json::from_value(object).unwrap()))
}

fn pod(version: u32, created: &str, status: &Value) -> Change {
    let mut object = template("shop:1");
    object["metadata"] = json!({
        "name": "shop-1-a", "namespace": "production", "uid": "p", "resourceVersion": version.to_string(),
        "creationTimestamp": created,
        "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "shop-1", "uid": "r", "controller": true }],
    });
    object["status"] = status.clone();
    Change::Present(Object::Pod(serde_json::from_value(object).unwrap()))
}

fn container(state: &Value, last: &Value, ready: bool, restarts: u32) -> Value {
    json!({ "phase": "Running", "containerStatuses": [{
        "name": "shop", "image": "shop:1", "imageID": "", "ready": ready, "started": ready, "restartCount": restarts,
        "state": state, "lastState": last,
    }] })
}

fn event(uid: &str, kind: &str, about: &str, reason: &str, message: &str) -> Change {
    let object = json!({
        "metadata": { "uid": format!("e{reason}{message}"), "resourceVersion": "9" },
        "involvedObject": { "kind": kind, "name": about, "uid": uid },
        "reason": reason, "message": message, "type": "Warning",
    });
    Change::Present(Object::Event(serde_json::from_value(object).unwrap()))
}

fn unplaced(message: &str) -> Value {
    let condition = json!({ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message });
    json!({ "phase": "Pending", "conditions": [condition] })
}

/// What is known when the Deployment has just been applied with `shop:1`, and after some changes.
fn begin(status: &Value, changes: impl IntoIterator<Item = Change>) -> (Observed, Aim) {
    let applied = serde_json::from_value(deployment("shop:1", 1, status)).unwrap();
    let aim = Aim::of(&applied, zero());
    let mut observed = Observed::new(applied, zero());
    for change in changes {
        observed.take(change, zero());
    }
    (observed, aim)
}

fn none() -> Value {
    json!({})
}

#[test]
fn another_managers_image_is_said_and_its_rollout_followed() {
    let (mut observed, aim) = begin(&none(), [replica_set("shop:2", &json!({ "replicas": 1 }))]);
    let mut theirs = deployment("shop:2", 2, &none());
    theirs["metadata"]["managedFields"] = json!([
        { "manager": "pydeploy", "time": "2026-01-01T00:00:00Z", "fieldsV1": { "f:spec": { "f:template": {} } } },
        { "manager": "argocd", "time": "2026-01-01T00:00:05Z", "fieldsV1": { "f:spec": { "f:template": {} } } },
    ]);
    observed.take(Change::Present(Object::Deployment(serde_json::from_value(theirs).unwrap())), after(5));
    observed.take(
        pod(
            3,
            "2026-01-01T00:00:05Z",
            &container(
                &json!({ "waiting": {
        "reason": "ErrImagePull", "message": "shop:2: not found" } }),
                &none(),
                false,
                0,
            ),
        ),
        after(6),
    );
    let Verdict::Failed(failure) = verdict(&observed, &aim, after(7)) else { panic!() };
    assert_eq!(failure.cause.id(), "image-not-found");
    assert_eq!(
        failure.notes,
        ["\"argocd\" changed the image from shop:1 to shop:2 after it was applied; the rollout is the changed one's"]
    );
}

#[test]
fn another_deployment_of_the_name_is_not_ours() {
    let (mut observed, aim) = begin(&none(), []);
    let mut other = deployment("shop:1", 9, &available(9));
    other["metadata"]["uid"] = json!("d2");
    other["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:09Z");
    observed.take(Change::Present(Object::Deployment(serde_json::from_value(other).unwrap())), after(9));
    assert_eq!(word(&verdict(&observed, &aim, after(9))), "deleted");
}

#[test]
fn the_end_of_an_earlier_rollout_is_no_end_of_this_one() {
    let late = json!({ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded" });
    let mut status = available(0);
    status["conditions"] = json!([late]);
    let (observed, aim) = begin(&status, []);
    assert_eq!(word(&verdict(&observed, &aim, after(60))), "progressing");
}

#[test]
fn the_deployments_word_and_its_replica_sets_are_waited_for() {
    let running = json!({ "running": { "startedAt": "2026-01-01T00:00:00Z" } });
    let changes = [
        replica_set("shop:1", &json!({ "replicas": 1 })),
        pod(3, "2026-01-01T00:00:00Z", &container(&running, &none(), true, 0)),
    ];
    let (mut observed, aim) = begin(&available(1), changes);
    assert_eq!(word(&verdict(&observed, &aim, after(1))), "progressing");
    let Change::Present(Object::ReplicaSet(mut set)) =
        replica_set("shop:1", &json!({ "replicas": 1, "availableReplicas": 1 }))
    else {
        panic!()
    };
    set.metadata.resource_version = Some("3".to_owned());
    observed.take(Change::Present(Object::ReplicaSet(set)), after(1));
    let Verdict::Done(progress) = verdict(&observed, &aim, after(1)) else { panic!() };
    assert_eq!((progress.updated, progress.available), (1, 1));
}

#[test]
fn what_happened_to_a_pod_that_has_long_been_well_is_past() {
    let killed =
        json!({ "terminated": { "exitCode": 137, "reason": "OOMKilled", "finishedAt": "2025-12-31T01:00:00Z" } });
    let running = json!({ "running": { "startedAt": "2025-12-31T01:00:01Z" } });
    let changes = [
        replica_set("shop:1", &json!({ "replicas": 1, "availableReplicas": 1 })),
        pod(3, "2025-12-31T00:00:00Z", &container(&running, &killed, true, 1)),
        event("p", "Pod", "shop-1-a", "Killing", "Container shop failed liveness probe, will be restarted"),
    ];
    let (observed, aim) = begin(&available(1), changes);
    assert_eq!(word(&verdict(&observed, &aim, zero())), "done");
}

#[test]
fn what_was_wrong_before_the_rollout_began_gets_time_to_be_mended() {
    let waiting =
        json!({ "waiting": { "reason": "CreateContainerConfigError", "message": "secret \"db\" not found" } });
    let changes = [
        replica_set("shop:1", &json!({ "replicas": 1 })),
        pod(3, "2025-12-31T00:00:00Z", &container(&waiting, &none(), false, 0)),
    ];
    let (observed, aim) = begin(&none(), changes);
    assert_eq!(word(&verdict(&observed, &aim, after(10))), "progressing");
    assert_eq!(word(&verdict(&observed, &aim, after(21))), "secret-missing");
}

#[test]
fn a_node_or_a_volume_that_is_being_made_is_waited_for() {
    let set = || replica_set("shop:1", &json!({ "replicas": 1 }));
    let unbound = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
    let (observed, aim) = begin(&none(), [set(), pod(3, "2026-01-01T00:00:00Z", &unplaced(unbound))]);
    assert_eq!(word(&verdict(&observed, &aim, after(30))), "progressing");

    let full = "0/3 nodes are available: 3 Insufficient cpu.";
    let (mut observed, aim) = begin(&none(), [set(), pod(3, "2026-01-01T00:00:00Z", &unplaced(full))]);
    assert_eq!(word(&verdict(&observed, &aim, after(4))), "unschedulable-cpu");
    observed.take(event("p", "Pod", "shop-1-a", "TriggeredScaleUp", "pod triggered scale-up"), after(1));
    assert_eq!(word(&verdict(&observed, &aim, after(30))), "progressing");
}

#[test]
fn a_node_that_has_not_heard_of_a_secret_yet_is_waited_for() {
    let set = replica_set("shop:1", &json!({ "replicas": 1 }));
    let waits = |message: &str| {
        let state = json!({ "waiting": { "reason": "CreateContainerConfigError", "message": message } });
        container(&state, &none(), false, 0)
    };
    let slow = waits("failed to sync secret cache: timed out waiting for the condition");
    let (mut observed, aim) = begin(&none(), [set, pod(3, "2026-01-01T00:00:00Z", &slow)]);
    assert_eq!(word(&verdict(&observed, &aim, after(20))), "progressing");
    let absent = waits("secret \"db\" not found");
    observed.take(pod(4, "2026-01-01T00:00:00Z", &absent), after(20));
    assert_eq!(word(&verdict(&observed, &aim, after(24))), "secret-missing");
}

#[test]
fn a_pod_that_is_being_put_out_is_not_ready_whatever_it_says() {
    let set = replica_set("shop:1", &json!({ "replicas": 1 }));
    let runs = json!({ "running": { "startedAt": "2026-01-01T00:00:00Z" } });
    let there = pod(3, "2026-01-01T00:00:00Z", &container(&runs, &none(), true, 0));
    let full = "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ";
    let evicted = event("p", "Pod", "shop-1-a", "Evicted", full);
    let (observed, aim) = begin(&available(1), [set, there, evicted]);
    assert_eq!(word(&verdict(&observed, &aim, after(1))), "evicted");
}

#[test]
fn a_nodes_cache_that_is_not_there_yet_is_no_missing_volume() {
    let set = replica_set("shop:1", &json!({ "replicas": 1 }));
    let slow =
        "MountVolume.SetUp failed for volume \"v\" : failed to sync secret cache: timed out waiting for the condition";
    let mount = |message| event("p", "Pod", "shop-1-a", "FailedMount", message);
    let there = pod(3, "2026-01-01T00:00:00Z", &json!({ "phase": "Pending" }));
    let (mut observed, aim) = begin(&none(), [set, there, mount(slow)]);
    assert_eq!(word(&verdict(&observed, &aim, after(30))), "progressing");
    observed.take(mount("MountVolume.SetUp failed for volume \"v\" : secret \"tls\" not found"), after(30));
    assert_eq!(word(&verdict(&observed, &aim, after(31))), "progressing");
    let Verdict::Failed(failure) = verdict(&observed, &aim, after(33)) else { panic!() };
    assert_eq!(failure.cause.to_string(), "Secret tls does not exist");
}

#[test]
fn what_a_new_list_does_not_hold_is_gone() {
    let waiting = json!({ "waiting": { "reason": "InvalidImageName" } });
    let changes = [
        replica_set("shop:1", &json!({ "replicas": 1 })),
        pod(3, "2026-01-01T00:00:00Z", &container(&waiting, &none(), false, 0)),
    ];
    let (mut observed, aim) = begin(&none(), changes);
    assert_eq!(word(&verdict(&observed, &aim, after(1))), "image-name");
    observed.take(Change::Listed(Kind::Pod, [].into()), after(2));
    assert_eq!(word(&verdict(&observed, &aim, after(2))), "progressing");
    observed.take(Change::Listed(Kind::Deployment, [].into()), after(3));
    assert_eq!(word(&verdict(&observed, &aim, after(3))), "deleted");
}

#[test]
fn many_pods_events_and_logs_are_held_within_bounds() {
    let (mut observed, aim) = begin(&none(), [replica_set("shop:1", &json!({ "replicas": 1 }))]);
    for n in 0..5000 {
        let Change::Present(Object::Pod(mut one)) = pod(3, "2026-01-01T00:00:00Z", &none()) else { panic!() };
        one.metadata.uid = Some(format!("p{n}"));
        one.metadata.name = Some(format!("shop-1-{n}"));
        observed.take(Change::Present(Object::Pod(one)), zero());
        observed.take(event("p1", "Pod", "shop-1-1", "Odd", &format!("{n} {}", "x".repeat(9000))), zero());
        let run = Run { pod: format!("p{n}"), container: "shop".to_owned(), restarts: n };
        observed.take(Change::Log(Tail { run, text: "é".repeat(20_000) }), zero());
    }
    assert_eq!((observed.pods.len(), observed.notes.len(), observed.tails.len()), (1000, 4000, 64));
    assert!(observed.notes.values().all(|n| n.message.len() < 4200));
    assert!(observed.tails.values().all(|t| t.len() <= 16 * 1024 + 4));
    assert_eq!(word(&verdict(&observed, &aim, after(1))), "progressing");
}

#[test]
fn a_failure_reads_as_cause_evidence_and_mend() {
    let killed =
        json!({ "terminated": { "exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:00:02Z" } });
    let changes = [
        replica_set("shop:1", &json!({ "replicas": 1 })),
        pod(3, "2026-01-01T00:00:00Z", &container(&killed, &none(), false, 0)),
        Change::Log(Tail {
            run: Run { pod: "shop-1-a".to_owned(), container: "shop".to_owned(), restarts: 0 },
            text: "loading the model\n".to_owned(),
        }),
    ];
    let (observed, aim) = begin(&none(), changes);
    let Verdict::Failed(failure) = verdict(&observed, &aim, after(5)) else { panic!() };
    let expected = "\
the container needs more memory than its limit, 256Mi
  Pod shop-1-a, container shop, state
    OOMKilled, exit code 137, restarts 0
  Pod shop-1-a, container shop, log
    loading the model
mend: raise deploy.resources.limits.memory (now 256Mi), or start fewer workers";
    assert_eq!(failure.to_string(), expected);
    assert_eq!(Verdict::Failed(failure).document()["cause"], "out-of-memory");
}
