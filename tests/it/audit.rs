//! `audit`, on a real cluster.

mod browser;
mod within;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::place::Place;
use crate::sandbox::{Run, Sandbox, bed, docker, repository};

const IMAGE: &str = "FROM python:3.13-slim\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK --timeout=5s CMD [\"python3\", \"-c\", \
                     \"import urllib.request as u; u.urlopen('http://localhost:8000/health', timeout=4)\"]\n";

/// A place with a service account of the test's own, and what is cluster-wide of it, which goes when this is dropped.
struct Scene {
    place: Place,
    sandbox: Sandbox,
}

impl std::ops::Deref for Scene {
    type Target = Place;
    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Scene {
    fn new(name: &str) -> Self {
        Self { place: Place::new(&format!("audit-{name}")), sandbox: Sandbox::empty() }
    }

    /// The manifests of a file, with this scene's name for the namespace and for all that is cluster-wide.
    fn apply_file(&self, path: &str) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("manifests").join(path);
        self.apply(&std::fs::read_to_string(path).unwrap().replace("pydeploy-audit", &self.name));
    }

    fn audit(&self, args: &[&str]) -> Run {
        let kubeconfig = bed("PYDEPLOY_TEST_KUBECONFIG");
        let fixed = ["audit", "--kubeconfig", &kubeconfig, "--insecure-registry"];
        self.sandbox.pydeploy(&[&fixed, args].concat())
    }

    fn here(&self, args: &[&str]) -> Run {
        self.audit(&[&["-n", &self.name], args].concat())
    }

    /// Waits until the API server has heard of a role that grants less.
    fn until_not_allowed(&self, verb: &str, resource: &str) {
        let account = format!("--as=system:serviceaccount:{0}:{0}", self.name);
        for _ in 0..100 {
            let output = self.command(&["auth", "can-i", verb, resource, &account]).output().unwrap();
            if !output.status.success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{verb} {resource} is still allowed");
    }

    /// The audit as the service account of this scene's name sees the cluster.
    fn as_account(&self, args: &[&str]) -> Run {
        let path = self.sandbox.beside("kubeconfig");
        let token = self.kubectl(&["create", "token", &self.name]);
        std::fs::copy(bed("PYDEPLOY_TEST_KUBECONFIG"), &path).unwrap();
        let config = |args: &[&str]| {
            let mut kubectl = Command::new(bed("PYDEPLOY_TEST_KUBECTL"));
            let output = kubectl.arg("--kubeconfig").arg(&path).arg("config").args(args).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let cluster = config(&["view", "-o", "jsonpath={.contexts[0].context.cluster}"]);
        config(&["set-credentials", "account", "--token", token.trim()]);
        config(&["set-context", "account", "--cluster", &cluster, "--user", "account"]);
        let path = path.to_str().unwrap().to_owned();
        let fixed = ["audit", "--insecure-registry", "--context", "account", "--kubeconfig", &path];
        self.sandbox.pydeploy(&[&fixed, args].concat())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for suffix in ["", "-pull-secrets"] {
            let name = format!("{}{suffix}", self.name);
            let kinds = "clusterrole,clusterrolebinding";
            let _ = self.command(&["delete", kinds, &name, "--wait=false", "--ignore-not-found"]).output();
        }
    }
}

/// An image of that Dockerfile in the bed's open registry; its name by tag, and its digest.
fn image(name: &str, dockerfile: &str) -> (String, String) {
    let sandbox = Sandbox::empty().file("Dockerfile", dockerfile);
    let name = format!("{}:1", repository(name));
    docker(&["build", "-q", "-t", &name, &sandbox.root().display().to_string()]);
    docker(&["push", "-q", &name]);
    let inspected = docker(&["image", "inspect", "--format", "{{index .RepoDigests 0}}", &name]);
    (name, inspected.split_once('@').unwrap().1.to_owned())
}

/// A workload without Pods.
fn workload(kind: &str, name: &str, spec: Value) -> Value {
    let labels = json!({"app": name});
    let mut spec = spec;
    let template = |spec: Value| json!({"metadata": {"labels": labels}, "spec": spec});
    if kind == "CronJob" {
        spec["restartPolicy"] = json!("Never");
        let job = json!({"spec": {"template": template(spec)}});
        return json!({"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": name},
            "spec": {"schedule": "0 0 30 2 *", "suspend": true, "jobTemplate": job}});
    }
    let mut object = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template(spec)}});
    if kind == "DaemonSet" {
        object["spec"]["template"]["spec"]["nodeSelector"] = json!({"nowhere": "yes"});
    } else {
        object["spec"]["replicas"] = json!(0);
    }
    object
}

/// A container as the image says.
fn good(image: &str) -> Value {
    let host = json!([{"name": "Host", "value": "localhost:8000"}]);
    json!({"containers": [{
        "name": "web", "image": image, "ports": [{"containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000, "httpHeaders": host}, "timeoutSeconds": 5},
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "runAsGroup": 1000},
    }]})
}

fn stream(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

/// What was found of a workload: its verdict, and its codes.
fn row(document: &Value, name: &str) -> (String, Vec<String>) {
    let rows = document["deployments"].as_array().unwrap();
    let row = rows.iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("{name}: {document:#}"));
    let codes = row["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect();
    (row["verdict"].as_str().unwrap().to_owned(), codes)
}

#[test]
fn what_contradicts_itself_is_refused_before_anything_is_asked() {
    let sandbox = Sandbox::empty();
    let audit = |args: &[&str]| {
        let run = sandbox.pydeploy(&[&["audit"], args].concat());
        run.env("KUBECONFIG", sandbox.beside("none")).env("HOME", sandbox.beside("nobody"))
    };
    audit(&["-n", "team", "-A"]).fails(2);
    audit(&["--json", "--format", "html"]).fails(2);
    audit(&[]).fails(4).says(&["there is no kubeconfig"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn what_runs_is_held_against_its_image() {
    let scene = Scene::new("all");
    let (tag, digest) = image("audit-web", IMAGE);
    let repository = tag.strip_suffix(":1").unwrap();
    let (root, _) = image("audit-root", "FROM python:3.13-slim\n");
    let (moved, was) = image("audit-moved", IMAGE);
    docker(&["tag", &root, &moved]);
    docker(&["push", "-q", &moved]);
    let by_digest = format!("{tag}@{digest}");
    let mut no_user = good(&format!("{repository}@{digest}"));
    no_user["containers"][0]["securityContext"] = json!({"runAsUser": 2000});
    let unread = "registry.invalid/agent@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let elsewhere =
        json!({"nodeSelector": {"kubernetes.io/arch": "s390x"}, "containers": good(&by_digest)["containers"]});
    scene.apply(&stream(&[
        workload("Deployment", "good", good(&by_digest)),
        workload("Deployment", "tagged", good(&tag)),
        workload("StatefulSet", "other-user", no_user),
        workload("CronJob", "root", json!({"containers": [{"name": "job", "image": root}]})),
        workload("DaemonSet", "unread", json!({"containers": [{"name": "agent", "image": unread}]})),
        workload("Deployment", "behind", good(&format!("{moved}@{was}"))),
        workload("Deployment", "elsewhere", elsewhere),
    ]));
    let done = scene.here(&["--json"]).fails(11);
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(document["schema"], "pydeploy.audit/1");
    let is = |name: &str, verdict: &str, codes: &[&str]| {
        let (found, all) = row(&document, name);
        assert_eq!(found, verdict, "{name}: {document:#}");
        assert!(codes.iter().all(|c| all.iter().any(|a| a == c)), "{name}: {all:?}");
    };
    is("good", "agrees", &[]);
    is("tagged", "differs", &["PD451"]);
    is("other-user", "differs", &["PD402", "PD404"]);
    is("root", "differs", &["PD408", "PD451"]);
    is("unread", "unread", &["PD454"]);
    is("behind", "differs", &["PD452"]);
    // No node is of that kind, so none is in danger.
    is("elsewhere", "agrees", &[]);
    assert_eq!(document["counts"]["containers"], 7, "{document:#}");
    assert_eq!(document["counts"]["unread"], 1);

    let table = scene.here(&[]).fails(11);
    assert!(table.stdout.contains("CronJob/root") && table.stdout.contains("PD408 error"), "{table}");
    let file = scene.sandbox.beside("audit.sarif");
    scene.here(&["--out", file.to_str().unwrap()]).fails(11).says(&["has the whole audit"]);
    let log: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(log["version"], "2.1.0");

    for name in ["deployment/tagged", "deployment/behind", "statefulset/other-user", "cronjob/root", "daemonset/unread"]
    {
        scene.kubectl(&["delete", name]);
    }
    let clean = scene.here(&[]).ok();
    assert!(clean.stdout.contains("2 agree"), "{clean}");
}

#[test]
#[ignore = "needs the bed: docker registry base cluster crane"]
fn pull_secrets_open_what_this_machine_can_not() {
    let scene = Scene::new("secrets");
    let (tag, _) = image("audit-private", IMAGE);
    let host = bed("PYDEPLOY_TEST_REGISTRY_TLS");
    let (user, ca) = (bed("PYDEPLOY_TEST_REGISTRY_TLS_USER"), bed("PYDEPLOY_TEST_REGISTRY_TLS_CA"));
    let password = std::fs::read_to_string(bed("PYDEPLOY_TEST_REGISTRY_TLS_PASSWORD_FILE")).unwrap();
    let (user, password) = (user.as_str(), password.trim());
    let private = format!("{host}/{}", tag.split_once('/').unwrap().1);
    let crane = |args: &[&str]| {
        let mut command = Command::new(bed("PYDEPLOY_TEST_CRANE"));
        command.args(args).env("SSL_CERT_FILE", &ca).env("DOCKER_CONFIG", scene.sandbox.beside("crane"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    crane(&["auth", "login", &host, "-u", user, "-p", password]);
    crane(&["copy", &tag, &private]);
    let digest = crane(&["digest", &private]);
    let private = format!("{}@{digest}", private.strip_suffix(":1").unwrap());

    // One kind of secret with the Pods, the other with their service account.
    let whole = json!({"auths": {&host: {"username": user, "password": password}}});
    let old = json!({&host: {"username": user, "password": password, "email": "x@y.example"}});
    let secret = |name: &str, kind: &str, content: &Value| {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": format!("kubernetes.io/{kind}"),
            "stringData": {format!(".{kind}"): content.to_string()}})
    };
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "puller"},
        "imagePullSecrets": [{"name": "old"}]});
    let mut own = good(&private);
    own["imagePullSecrets"] = json!([{"name": "absent"}, {"name": "whole"}]);
    let objects = |spec: Value| {
        stream(&[
            secret("whole", "dockerconfigjson", &whole),
            secret("old", "dockercfg", &old),
            account.clone(),
            workload("Deployment", "api", spec),
        ])
    };
    scene.apply(&objects(own));
    let audit = |more: &[&str]| {
        let done = scene.here(&[&["--json", "--registry-ca", &ca], more].concat()).run();
        assert!(!format!("{done}").contains(password), "{done}");
        let document: Value = serde_json::from_str(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done}"));
        (document, done)
    };
    let (document, done) = audit(&[]);
    assert_eq!(row(&document, "api").0, "agrees", "{done}");
    assert!(done.stderr.contains("absent"), "{done}");
    let (document, done) = audit(&["--no-pull-secrets"]);
    assert_eq!((row(&document, "api").0.as_str(), done.code), ("unread", 11), "{done}");
    assert!(document.to_string().contains("did not accept"), "{done}");

    let mut of_account = good(&private);
    of_account["serviceAccountName"] = json!("puller");
    scene.kubectl(&["delete", "deployment", "api"]);
    scene.apply(&objects(of_account));
    let (document, done) = audit(&[]);
    assert_eq!(row(&document, "api").0, "agrees", "{done}");
    // A wrong login among the right ones is passed over.
    let wrong = json!({"auths": {&host: {"username": user, "password": "hunter2"}}});
    let mut both = good(&private);
    both["imagePullSecrets"] = json!([{"name": "wrong"}, {"name": "whole"}]);
    scene.kubectl(&["delete", "deployment", "api"]);
    scene.apply(&stream(&[secret("wrong", "dockerconfigjson", &wrong), workload("Deployment", "api", both)]));
    let (document, done) = audit(&[]);
    assert_eq!(row(&document, "api").0, "agrees", "{done}");
    assert!(!format!("{done}").contains("hunter2"), "{done}");
}

/// What the API server was asked by that scene's account since the log had so many bytes.
fn asked(scene: &Scene, since: u64) -> Vec<(String, String)> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(bed("PYDEPLOY_TEST_CLUSTER_AUDIT")).unwrap();
    file.seek(SeekFrom::Start(since)).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = events.filter(|e| e["user"]["username"] == format!("system:serviceaccount:{0}:{0}", scene.name));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ours.map(|e| (text(&e["verb"]), text(&e["objectRef"]["resource"]))).collect()
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn the_least_role_does_and_each_rule_of_it_is_needed() {
    let scene = Scene::new("rbac");
    let (tag, digest) = image("audit-rbac", IMAGE);
    let mut pulled = good(&format!("{}@{digest}", tag.strip_suffix(":1").unwrap()));
    pulled["imagePullSecrets"] = json!([{"name": "none"}]);
    scene.apply_file("rbac/audit.yaml");
    // 1,201 objects: three pages. Namespaces of other tests are listed too, so the kinds are counted in this one alone.
    let many = (0..1200).map(|i| workload("Deployment", &format!("many-{i}"), pulled.clone()));
    let many: Vec<_> = many.chain([workload("CronJob", "nightly", pulled.clone())]).collect();
    let file = scene.sandbox.beside("many.json");
    std::fs::write(&file, stream(&many)).unwrap();
    scene.kubectl(&["create", "-f", file.to_str().unwrap()]);
    let log = || std::fs::metadata(bed("PYDEPLOY_TEST_CLUSTER_AUDIT")).unwrap().len();

    let before = log();
    let done = scene.as_account(&["-n", &scene.name, "--json"]).ok();
    let document: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(document["counts"]["containers"], 1201, "{done}");
    // Without the option, pull secrets are not used, and that is said once for each thing that is missing.
    let rules = |resource: &str, verb: &str| format!("resources: [\"{resource}\"], verbs: [\"{verb}\"]");
    let done = done.says(&[&rules("serviceaccounts", "list"), &rules("secrets", "get")]);
    assert_eq!(done.stderr.matches("is not used").count(), 1, "{done}");
    let mut asked = asked(&scene, before);
    asked.sort();
    let of = |verb: &str, resource: &str| asked.iter().filter(|(v, r)| v == verb && r == resource).count();
    assert_eq!(of("list", "deployments"), 3, "{asked:?}");
    for resource in ["statefulsets", "daemonsets", "cronjobs", "nodes", "serviceaccounts"] {
        assert_eq!(of("list", resource), 1, "{resource}: {asked:?}");
    }
    assert_eq!(of("get", "secrets"), 1, "{asked:?}");
    assert_eq!(asked.len(), 9, "{asked:?}");

    scene.apply_file("rbac/audit-pull-secrets.yaml");
    let done = scene.as_account(&["-A", "--json"]).run();
    assert!(!done.stderr.contains("may not"), "{done}");

    let each_rule = |role: &str, check: &dyn Fn(&str, &str)| {
        let whole: Value = serde_json::from_str(&scene.kubectl(&["get", "clusterrole", role, "-o", "json"])).unwrap();
        for (i, rule) in whole["rules"].as_array().unwrap().iter().enumerate() {
            for (j, resource) in rule["resources"].as_array().unwrap().iter().enumerate() {
                let mut less = whole.clone();
                let resources = less["rules"][i]["resources"].as_array_mut().unwrap();
                resources.remove(j);
                if resources.is_empty() {
                    less["rules"].as_array_mut().unwrap().remove(i);
                }
                less["metadata"].as_object_mut().unwrap().remove("resourceVersion");
                scene.apply(&less.to_string());
                check(resource.as_str().unwrap(), rule["verbs"][0].as_str().unwrap());
            }
        }
        let mut whole = whole;
        whole["metadata"].as_object_mut().unwrap().remove("resourceVersion");
        scene.apply(&whole.to_string());
    };
    // Two of these rules are for more than what runs: without them the audit says so, and goes on.
    let check = |resource: &str, verb: &str| {
        scene.until_not_allowed(verb, resource);
        let done = scene.as_account(&["-n", &scene.name, "--json"]).run();
        let rule = rules(resource, verb);
        if ["nodes", "serviceaccounts", "secrets"].contains(&resource) {
            assert!(done.code == 11 || done.code == 0, "{resource}: {done}");
            assert!(done.stderr.contains(&rule), "{resource}: {done}");
        } else {
            assert_eq!(done.code, 8, "{resource}: {done}");
            assert!(done.stdout.contains(&rule.replace('"', "\\\"")), "{resource}: {done}");
        }
    };
    each_rule(&scene.name, &check);
    each_rule(&format!("{}-pull-secrets", scene.name), &check);
}
