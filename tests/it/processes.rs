//! Processes: one image of a repository, and from it a Deployment for each process that goes on, and a step for one that
//! ends.

use serde_json::{Value, json};

use crate::place::{CHECK, Place, SERVER, image, project};
use crate::sandbox::{Sandbox, repository};

fn names(place: &Place) -> Vec<String> {
    let all = place.kubectl(&["get", "deployments", "-o", "name"]);
    all.lines().map(|line| line.trim_start_matches("deployment.apps/").to_owned()).collect()
}

#[test]
#[ignore = "needs the bed: docker registry base buildkit cluster"]
fn a_procfile_becomes_one_image_and_a_deployment_for_each_process() {
    let (sandbox, place) = (Sandbox::project("processes"), Place::new("processes"));
    let to = repository("processes");
    let args =
        ["ship", "--apply", "--tag", "a", "--registry", &to, "--base", "python:3.13-slim", "--insecure-registry"];
    let ship = |sandbox: &Sandbox, more: &[&str]| {
        place.pydeploy(sandbox, &[&args, more].concat()).env("PYDEPLOY_PYTHON", "3.13")
    };
    let document = ship(&sandbox, &[]).json();
    let rollout = &document["rollout"];
    assert_eq!(rollout["verdict"], "done", "{document:#}");
    assert_eq!(rollout["processes"]["shop-worker"]["verdict"], "done", "{document:#}");
    assert_eq!(names(&place), ["shop", "shop-clock", "shop-worker"]);
    // The step ran in the Pod that answers, and in no other.
    assert_eq!(place.kubectl(&["logs", "deployment/shop", "-c", "release"]), "migrated\n");
    let pods = place.json(&["get", "deployments"]);
    let of = |name: &str, path: &str| -> Value {
        let all = pods["items"].as_array().unwrap();
        let one = all.iter().find(|d| d["metadata"]["name"] == name).unwrap();
        one.pointer(path).cloned().unwrap_or_default()
    };
    let container = "/spec/template/spec/containers/0";
    assert!(of("shop", &format!("{container}/readinessProbe")).is_object());
    for process in ["shop-clock", "shop-worker"] {
        assert!(of(process, &format!("{container}/readinessProbe")).is_null());
        assert!(of(process, "/spec/template/spec/initContainers").is_null());
        assert_eq!(of(process, "/spec/template/spec/serviceAccountName"), "shop");
        assert_eq!(of(process, &format!("{container}/image")), of("shop", &format!("{container}/image")));
    }
    assert_eq!(of("shop-clock", "/spec/strategy/type"), "Recreate");
    assert_eq!(of("shop-worker", "/spec/strategy/type"), "RollingUpdate");
    let log = place.kubectl(&["logs", "deployment/shop-worker"]);
    assert!(log.starts_with("at work on orders"), "{log}");
    // Requests reach what answers them, and nothing else.
    let endpoints = place.json(&["get", "endpoints", "shop"]);
    assert_eq!(endpoints["subsets"][0]["addresses"].as_array().unwrap().len(), 1, "{endpoints:#}");

    // What the Procfile no longer has goes, and what has not changed stays.
    let fewer = "release: python migrate.py\nweb: python web.py --port $PORT\nworker: python work.py orders\n";
    let sandbox = sandbox.file("Procfile", fewer);
    ship(&sandbox, &["--prune"]).ok().says(&["Deployment shop-clock", "deleted"]);
    assert_eq!(names(&place), ["shop", "shop-worker"]);

    // One that can't run is named with its cause, and all that was changed goes back.
    let broken = fewer.replace("work.py orders", "absent.py");
    let sandbox = sandbox.file("Procfile", broken);
    let fault = ship(&sandbox, &["--rollback-on-failure", "--json"]).fails(9);
    let fault: Value = serde_json::from_str(&fault.stdout).unwrap();
    assert!(fault["message"].as_str().unwrap().starts_with("the rollout of shop-worker has failed"), "{fault:#}");
    assert_eq!(fault["rollout"]["rollback"]["verdict"], "done", "{fault:#}");
    assert!(fault.to_string().contains("rollback of shop: revision"), "{fault:#}");
    let pods = place.json(&["get", "deployment", "shop-worker"]);
    assert_eq!(pods["spec"]["template"]["spec"]["containers"][0]["args"], json!(["python", "work.py", "orders"]));

    // A step that fails keeps what it is for from starting.
    let sandbox = sandbox.file("migrate.py", "raise SystemExit('no such table: orders')\n");
    let fault = ship(&sandbox, &[]).fails(9);
    fault.says(&["the rollout of shop has failed", "release", "no such table: orders"]);
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn settings_state_the_processes_of_any_image() {
    let settings = "name = \"api\"\n[health]\nall-interfaces = true\nno-redirects = true\n[processes.mail]\ncommand = \
        [\"python3\", \"-c\", \"import time; time.sleep(1000)\"]\nhealth = [\"test\", \"-e\", \"/etc/passwd\"]\n\
        [deploy.processes.mail]\nreplicas = 2\n";
    let sandbox = project(&format!("{SERVER}{CHECK}")).file("pydeploy.toml", settings);
    let place = Place::new("stated");
    let image = image(&sandbox, "stated");
    let document = place.deploy(&sandbox, &image, &[]).json();
    assert_eq!(document["rollout"]["processes"]["api-mail"]["replicas"]["available"], 2, "{document:#}");
    let mail = place.json(&["get", "deployment", "api-mail"]);
    let probe = &mail["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["exec"]["command"];
    assert_eq!(probe, &json!(["test", "-e", "/etc/passwd"]), "{mail:#}");
    let unknown = settings.replace("deploy.processes.mail", "deploy.processes.male");
    let sandbox = sandbox.file("pydeploy.toml", unknown);
    place.deploy(&sandbox, &image, &[]).fails(3).says(&["deploy.processes.male", "there are mail"]);
}

#[test]
fn what_is_stated_is_planned() {
    let sandbox = Sandbox::project("processes");
    let plan = |settings: &str| {
        let pyproject = format!("[project]\nname = \"shop\"\ndependencies = []\n{settings}");
        Sandbox::project("processes").file("pyproject.toml", pyproject)
    };
    let document = sandbox.pydeploy(&["plan"]).json();
    let names = |document: &Value| -> Vec<String> {
        let all = document["project"]["processes"].as_array().unwrap();
        all.iter().map(|p| format!("{} {}", p["name"].as_str().unwrap(), p["kind"].as_str().unwrap())).collect()
    };
    assert_eq!(names(&document), ["clock scheduler", "release release", "worker worker"]);
    let other = plan("[tool.pydeploy.processes]\nclock = false\nworker = { kind = \"scheduler\" }\n");
    assert_eq!(names(&other.pydeploy(&["plan"]).json()), ["release release", "worker scheduler"]);
    for (settings, says) in [
        ("[tool.pydeploy.processes.wroker]\nkind = \"worker\"\n", "the process wroker has no command"),
        ("[tool.pydeploy.processes.worker]\nkind = \"job\"\n", "one of worker, scheduler, release"),
        ("[tool.pydeploy.processes.worker]\ncomand = [\"x\"]\n", "processes.worker.command"),
        ("[tool.pydeploy.processes.Worker]\ncommand = [\"x\"]\n", "small letters"),
        ("[tool.pydeploy.processes]\nworker = \"x\"\n", "a table, or false for none"),
        ("[tool.pydeploy.processes.worker]\ncommand = []\n", "a program and its arguments"),
    ] {
        plan(settings).pydeploy(&["plan"]).fails(3).says(&[says]);
    }
}
