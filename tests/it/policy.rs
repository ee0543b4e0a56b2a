//! The admission policy: what it lets in, and what it refuses and in which words.

use serde_json::{Value, json};

use crate::place::{CHECK, Place, SERVER, image, project};

const POLICY: &str = include_str!("../../manifests/admission-policy.yaml");
const DIGEST: &str = "registry.example/api@sha256:00000000000000000000000000000000000000000000000000000000000000aa";
const TAG: &str = "the image is not named by its digest";
const ROOT: &str = "the user is root or not stated";
const PROBES: &str = "probes are missing";

fn documents() -> Vec<Value> {
    POLICY.split("\n---\n").map(|document| serde_yaml::from_str(document).unwrap()).collect()
}

#[test]
fn the_policy_is_bound_by_a_label_alone_and_says_what_to_do() {
    let documents = documents();
    let (policy, binding) = (&documents[0], &documents[1]);
    assert_eq!(binding["spec"]["policyName"], policy["metadata"]["name"]);
    assert_eq!(
        binding["spec"]["matchResources"],
        json!({"namespaceSelector": {"matchLabels": {"pydeploy/enforce": "true"}}})
    );
    assert_eq!(binding["spec"]["validationActions"], json!(["Deny"]));
    assert_eq!(policy["spec"]["failurePolicy"], "Fail");
    let validations = policy["spec"]["validations"].as_array().unwrap();
    for (validation, words) in validations.iter().zip([TAG, ROOT, PROBES]) {
        let message = validation["messageExpression"].as_str().unwrap();
        assert!(message.contains(words) && message.contains("as pydeploy"), "{message}");
    }
    assert_eq!(validations.len(), 3);
}

/// A container that has all that is asked for.
fn good() -> Value {
    let probe = json!({"tcpSocket": {"port": 8000}});
    json!({
        "name": "app",
        "image": DIGEST,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1000},
        "readinessProbe": probe,
        "livenessProbe": probe,
    })
}

/// It with other fields; null takes one away.
fn but(changes: Value) -> Value {
    let mut container = good();
    let Value::Object(changes) = changes else { panic!("{changes}") };
    for (key, value) in changes {
        container[key] = value;
    }
    container.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    container
}

fn object(kind: &str, pod: Value) -> Value {
    let metadata = json!({"name": "trial"});
    let labels = json!({"app": "trial"});
    let template = |more: Value| {
        let mut spec = pod.clone();
        for (key, value) in more.as_object().unwrap() {
            spec[key] = value.clone();
        }
        json!({"metadata": {"labels": labels}, "spec": spec})
    };
    let once = || json!({"template": template(json!({"restartPolicy": "Never"}))});
    let (version, spec) = match kind {
        "Pod" => ("v1", pod),
        "Job" => ("batch/v1", once()),
        "CronJob" => ("batch/v1", json!({"schedule": "0 0 * * *", "jobTemplate": {"spec": once()}})),
        "StatefulSet" => {
            let selector = json!({"matchLabels": labels});
            ("apps/v1", json!({"serviceName": "trial", "selector": selector, "template": template(json!({}))}))
        }
        _ => ("apps/v1", json!({"selector": {"matchLabels": labels}, "template": template(json!({}))})),
    };
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

fn one(container: Value) -> Value {
    json!({"containers": Value::Array(vec![container])})
}

/// What is let in.
fn taken() -> Vec<Value> {
    let of_pod = json!({"securityContext": {"runAsNonRoot": true, "runAsUser": 1000}});
    let with = |mut pod: Value, key: &str, value: Value| {
        pod[key] = value;
        pod
    };
    let bare = but(json!({"securityContext": null}));
    let bare = with(of_pod.clone(), "containers", json!([bare]));
    let half = but(json!({"securityContext": {"runAsUser": 1000}}));
    let half = with(of_pod.clone(), "containers", json!([half]));
    let unprobed = but(json!({"readinessProbe": null, "livenessProbe": null}));
    let starts = but(json!({"livenessProbe": null, "startupProbe": {"tcpSocket": {"port": 1}}}));
    let mut first = unprobed.clone();
    first["name"] = json!("first");
    let tagged = but(json!({"image": DIGEST.replace("api@", "api:1.2@")}));
    // A container's own word goes before its Pod's.
    let over = json!({"securityContext": {"runAsNonRoot": false, "runAsUser": 0}, "containers": [good()]});
    let mut all: Vec<Value> = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"]
        .iter()
        .flat_map(|kind| {
            [one(good()), bare.clone(), half.clone(), over.clone(), one(tagged.clone())].map(|pod| object(kind, pod))
        })
        .collect();
    all.push(object("Deployment", one(starts)));
    all.push(object("Deployment", with(one(good()), "initContainers", json!([first]))));
    all.extend(["Job", "CronJob", "Pod"].map(|kind| object(kind, one(unprobed.clone()))));
    all.push(process(unprobed));
    all
}

/// A Deployment of a process of an application.
fn process(container: Value) -> Value {
    let mut process = object("Deployment", one(container));
    process["metadata"]["labels"] = json!({"app.kubernetes.io/part-of": "api"});
    process
}

/// What is refused, and in which words.
fn refused() -> Vec<(Value, String)> {
    let mut all = Vec::new();
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"] {
        for image in ["registry.example/api:1", "registry.example/api", "api@sha256:abc"] {
            all.push((object(kind, one(but(json!({"image": image})))), format!("container app: {TAG}")));
        }
        let users = [
            Value::Null,
            json!({}),
            json!({"runAsNonRoot": true}),
            json!({"runAsUser": 1000}),
            json!({"runAsNonRoot": false, "runAsUser": 1000}),
            json!({"runAsNonRoot": true, "runAsUser": 0}),
        ];
        for user in users {
            all.push((object(kind, one(but(json!({"securityContext": user})))), format!("container app: {ROOT}")));
        }
        let mut pod = one(but(json!({"securityContext": {"runAsUser": 0}})));
        pod["securityContext"] = json!({"runAsNonRoot": true, "runAsUser": 1000});
        all.push((object(kind, pod), format!("container app: {ROOT}")));
        let mut first = but(json!({"image": "busybox", "readinessProbe": null, "livenessProbe": null}));
        first["name"] = json!("first");
        let mut pod = one(good());
        pod["initContainers"] = json!([first]);
        all.push((object(kind, pod), format!("container first: {TAG}")));
    }
    for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
        for lacking in [json!({"readinessProbe": null}), json!({"livenessProbe": null})] {
            all.push((object(kind, one(but(lacking))), format!("container app: {PROBES}")));
        }
        let mut sidecar = but(json!({"restartPolicy": "Always", "readinessProbe": null}));
        sidecar["name"] = json!("proxy");
        let mut pod = one(good());
        pod["initContainers"] = json!([sidecar]);
        all.push((object(kind, pod), format!("container proxy: {PROBES}")));
    }
    let listens = but(json!({"readinessProbe": null, "ports": [{"containerPort": 80}]}));
    all.push((process(listens), format!("container app: {PROBES}")));
    let mut other = but(json!({"image": "b:1"}));
    other["name"] = json!("other");
    let pod = json!({"containers": [but(json!({"image": "a:1"})), other]});
    all.push((object("Deployment", pod), format!("container app, other: {TAG}")));
    all
}

/// What is in no namespace goes with the test.
struct Enforced {
    place: Place,
    policy: String,
}

impl Enforced {
    fn new(name: &str) -> Self {
        let place = Place::new(name);
        // A label of its own too: what one test has in force is not asked by another.
        let label = format!("pydeploy/{}", place.name);
        let policy = POLICY.replace("pydeploy-contract", &place.name).replace("pydeploy/enforce", &label);
        place.kubectl(&["label", "namespace", &place.name, &format!("{label}=true")]);
        let enforced = Self { place, policy };
        enforced.place.apply(&enforced.policy);
        let bad = object("Pod", one(but(json!({"image": "a:1"}))));
        for _ in 0..120 {
            if enforced.answer(&bad).is_err() {
                return enforced;
            }
            std::thread::sleep(std::time::Duration::from_millis(250));
        }
        panic!("the policy did not come into force within 30 s");
    }

    /// What the API server would say to it.
    fn answer(&self, object: &Value) -> Result<(), String> {
        let output = self.place.piped(&["create", "--dry-run=server", "-f", "-"], &object.to_string());
        if output.status.success() { Ok(()) } else { Err(String::from_utf8(output.stderr).unwrap()) }
    }
}

impl Drop for Enforced {
    fn drop(&mut self) {
        let _ = self.place.piped(&["delete", "-f", "-", "--wait=false"], &self.policy);
    }
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn what_keeps_the_contract_is_let_in_and_what_does_not_is_refused_by_name() {
    let enforced = Enforced::new("policy");
    let ours = [include_str!("../../manifests/example.yaml"), include_str!("../../manifests/example-full.yaml")];
    let ours = ours.iter().flat_map(|text| text.split("---\n")).map(|document| serde_yaml::from_str(document).unwrap());
    let ours = ours.filter(|document: &Value| !document.is_null());
    let taken: Vec<Value> = ours.chain(taken()).collect();
    let refused = refused();
    let enforced = &enforced;
    std::thread::scope(|scope| {
        for part in taken.chunks(taken.len() / 3 + 1) {
            scope.spawn(move || {
                for object in part {
                    let mut object = object.clone();
                    object["metadata"].as_object_mut().unwrap().remove("namespace");
                    assert_eq!(enforced.answer(&object), Ok(()), "{object:#}");
                }
            });
        }
        for part in refused.chunks(refused.len() / 3 + 1) {
            scope.spawn(move || {
                for (object, words) in part {
                    let said = enforced.answer(object).unwrap_err();
                    let by = format!(
                        "ValidatingAdmissionPolicy '{0}' with binding '{0}' denied request",
                        enforced.place.name
                    );
                    assert!(said.contains(words) && said.contains(&by), "{words:?} is not in {said:?}: {object:#}");
                    assert_eq!(said.matches("as pydeploy").count(), 1, "no more than that: {said}");
                }
            });
        }
    });
    let about = ["get", "validatingadmissionpolicy", &enforced.place.name, "-o", "jsonpath={.status}"];
    let status = enforced.place.until(&about, 30, |said| said.contains("typeChecking"));
    assert!(!status.contains("expressionWarnings"), "{status}");
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn pods_of_what_was_there_before_are_refused_and_debugging_keeps_the_rules() {
    let enforced = Enforced::new("policy-pods");
    let place = &enforced.place;
    let sandbox = project(&format!("{SERVER}{CHECK}"));
    let image = image(&sandbox, "policy-pods");
    // All the way to Ready: the Pods that come of it are let in as well.
    place.deploy(&sandbox, &image, &[]).ok();
    place.kubectl(&["scale", "deployment", "api", "--replicas", "2"]);
    place.kubectl(&["annotate", "deployment", "api", "example.com/a=b"]);
    let pods = place.kubectl(&["get", "pods", "-o", "name"]);
    let pod = pods.lines().next().unwrap();
    let debug = |image: &str| {
        place.command(&["debug", pod, "--image", image, "--profile", "restricted", "--", "true"]).output().unwrap()
    };
    let said = String::from_utf8(debug(&image).stderr).unwrap();
    assert!(said.contains(TAG), "{said}");
    let pinned =
        place.kubectl(&["get", "deployment", "api", "-o", "jsonpath={.spec.template.spec.containers[0].image}"]);
    let done = debug(&pinned);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    place.kubectl(&["label", "namespace", &place.name, &format!("pydeploy/{}-", place.name)]);
    let old = object("Deployment", one(json!({"name": "old", "image": "registry.example/old:1"})));
    let taken = |_: &str| enforced.answer(&old).is_ok();
    place.until(&["version"], 30, taken);
    place.apply(&old.to_string());
    place.kubectl(&["label", "namespace", &place.name, &format!("pydeploy/{}=true", place.name)]);
    place.until(&["version"], 30, |_| enforced.answer(&old).is_err());
    // What is no part of its spec may be changed, also by the controllers, and it may go.
    place.kubectl(&["annotate", "deployment", "trial", "example.com/a=b"]);
    place.kubectl(&["delete", "pods", "-l", "app=trial"]);
    let why = "jsonpath={.status.conditions[?(@.type==\"ReplicaFailure\")].message}";
    place.until(&["get", "deployment", "trial", "-o", why], 30, |said| said.contains(&format!("container old: {TAG}")));
    place.kubectl(&["delete", "deployment", "trial"]);
}
