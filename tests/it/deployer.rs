//! The deployer: manifests/rbac holds all that `deploy` needs, and nothing that it could do without.

use serde_json::{Value, json};

use crate::place::{CHECK, Place, SERVER, image, project};
use crate::sandbox::{Done, Sandbox};

const DEPLOY: &str = include_str!("../../manifests/rbac/deploy.yaml");
const PRUNE: &str = include_str!("../../manifests/rbac/deploy-prune.yaml");
const CREATE_NAMESPACE: &str = include_str!("../../manifests/rbac/deploy-create-namespace.yaml");

/// All kinds that pydeploy emits.
const WHOLE: &str = "[deploy]\nreplicas = 0\nresources.requests.cpu = \"10m\"\nvolumes.data = { path = \"/data\", size = \"1Mi\" }\n\
                     ingress = { host = \"api.example.com\" }\nautoscaler = { max = 2, cpu = 80 }\n\
                     disruption-budget = { max-unavailable = 1 }\nnetwork-policy = true\n";

/// One verb on one resource.
#[derive(Clone, PartialEq)]
struct Grant {
    group: String,
    resource: String,
    verb: String,
}

impl Grant {
    fn rule(&self) -> Value {
        json!({"apiGroups": [self.group], "resources": [self.resource], "verbs": [self.verb]})
    }
}

/// What the Role in a file grants, verb by verb.
fn grants(text: &str) -> Vec<Grant> {
    let mut all = Vec::new();
    for document in text.split("\n---\n") {
        let document: Value = serde_yaml::from_str(document).unwrap();
        let words = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
        for rule in document["rules"].as_array().into_iter().flatten() {
            for resource in words(&rule["resources"]) {
                let one =
                    |verb| Grant { group: words(&rule["apiGroups"])[0].clone(), resource: resource.clone(), verb };
                all.extend(words(&rule["verbs"]).into_iter().map(one));
            }
        }
    }
    all
}

/// Accounts with each its own Role, and a kubeconfig with a context for each.
struct Accounts<'p> {
    place: &'p Place,
    /// Where the kubeconfig is.
    _sandbox: Sandbox,
    kubeconfig: String,
}

impl<'p> Accounts<'p> {
    /// Makes an account for each of these Roles; they are known as `a0`, `a1`, ….
    fn made(place: &'p Place, roles: &[Vec<Grant>]) -> Self {
        let mut objects = Vec::new();
        for (at, grants) in roles.iter().enumerate() {
            let (name, group) = (format!("a{at}"), "rbac.authorization.k8s.io");
            let rules: Vec<Value> = grants.iter().map(Grant::rule).collect();
            objects.push(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}));
            let version = format!("{group}/v1");
            objects.push(json!({"apiVersion": version, "kind": "Role", "metadata": {"name": name}, "rules": rules}));
            objects.push(json!({
                "apiVersion": version,
                "kind": "RoleBinding",
                "metadata": {"name": name},
                "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": name}],
            }));
        }
        place.apply(&json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string());
        let view = place.kubectl(&["config", "view", "--raw", "--minify", "-o", "json"]);
        let mut config: Value = serde_json::from_str(&view).unwrap();
        let cluster = config["clusters"][0]["name"].clone();
        let (mut users, mut contexts) = (Vec::new(), Vec::new());
        for at in 0..roles.len() {
            let name = format!("a{at}");
            let token = place.kubectl(&["create", "token", &name]);
            users.push(json!({"name": name, "user": {"token": token.trim()}}));
            contexts
                .push(json!({"name": name, "context": {"cluster": cluster, "user": name, "namespace": place.name}}));
        }
        config["users"] = Value::Array(users);
        config["contexts"] = Value::Array(contexts);
        let sandbox = Sandbox::empty();
        let path = sandbox.beside("kubeconfig");
        std::fs::write(&path, config.to_string()).unwrap();
        Self { place, kubeconfig: path.display().to_string(), _sandbox: sandbox }
    }

    /// The program as the account of that number, on the application `name` with these settings.
    fn run(&self, at: usize, image: &str, name: &str, settings: &str, args: &[&str]) -> Done {
        let sandbox = project("").file("pydeploy.toml", settings_of(name, settings));
        let context = format!("a{at}");
        let mut words = vec![args[0], "--kubeconfig", &self.kubeconfig, "--context", &context, "-n", &self.place.name];
        if args[0] == "deploy" {
            words.extend(["--image", image, "--insecure-registry"]);
        }
        words.extend(&args[1..]);
        sandbox.pydeploy(&words).run()
    }
}

fn settings_of(name: &str, settings: &str) -> String {
    format!("name = \"{name}\"\n[health]\nall-interfaces = true\nno-redirects = true\n{settings}")
}

/// What a command came to without a grant: it fails, and names the grant.
fn is_named(done: Done, missing: &Grant) {
    assert_eq!(done.code, 8, "without {} {}: {done}", missing.verb, missing.resource);
    let Grant { group, resource, verb } = missing;
    done.says(&[
        &format!("may not {verb} {resource}"),
        &format!("{{apiGroups: [{group:?}], resources: [{resource:?}], verbs: [{verb:?}]}}"),
    ]);
}

fn without(all: &[Grant], missing: &Grant) -> Vec<Grant> {
    all.iter().filter(|grant| *grant != missing).cloned().collect()
}

/// Does this for each number below `count`, six at a time.
fn for_each(count: usize, each: impl Fn(usize) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    each(at);
                }
            });
        }
    });
}

#[test]
fn the_roles_grant_no_verb_twice_and_nothing_of_secrets() {
    for text in [DEPLOY, PRUNE, CREATE_NAMESPACE] {
        let all = grants(text);
        assert!(!all.is_empty());
        for (at, grant) in all.iter().enumerate() {
            assert!(!all[..at].contains(grant), "{} {} is granted twice", grant.verb, grant.resource);
            assert!(grant.resource != "secrets" && grant.resource != "*" && grant.verb != "*" && grant.group != "*");
        }
    }
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn deploy_needs_each_verb_of_its_role_and_no_other() {
    let place = Place::new("deployer");
    let sandbox = project(&format!("{SERVER}{CHECK}"));
    let image = image(&sandbox, "deployer");
    let ending =
        crate::place::image(&project("CMD [\"python3\", \"-c\", \"raise SystemExit('no database')\"]\n"), "ending");
    let all = grants(DEPLOY);
    let mut roles: Vec<Vec<Grant>> = all.iter().map(|missing| without(&all, missing)).collect();
    roles.push(all.clone());
    let accounts = Accounts::made(&place, &roles);
    let whole = all.len();

    // With all of it everything works.
    let deploy = |at: usize, name: &str, settings: &str, args: &[&str]| {
        accounts.run(at, &image, name, settings, &[&["deploy"], args].concat())
    };
    let fine = |done: Done| assert_eq!(done.code, 0, "{done}");
    fine(deploy(whole, "all-kinds", WHOLE, &["--no-wait"]));
    fine(deploy(whole, "twice", "", &[]));
    fine(deploy(whole, "twice", "[deploy]\nannotations = { again = \"yes\" }\n", &[]));
    let of_twice = |at: usize, args: &[&str]| accounts.run(at, &image, "twice", "", args);
    fine(of_twice(whole, &["status", "--name", "twice"]));
    fine(of_twice(whole, &["rollback", "--name", "twice", "--to", "1", "--dry-run"]));

    for_each(all.len(), |at| {
        let missing = &all[at];
        let name = format!("without-{at}");
        match (missing.resource.as_str(), missing.verb.as_str()) {
            ("replicasets", "get") => {
                is_named(of_twice(at, &["rollback", "--name", "twice", "--to", "1", "--dry-run"]), missing);
            }
            // What helps to judge can be done without, and is said to be missing.
            ("events", verb) => {
                let done = deploy(at, &name, "", &[]);
                assert_eq!(done.code, 0, "{done}");
                done.says(&[&format!("may not {verb} events")]);
            }
            ("pods/log", _) => {
                let done = accounts.run(at, &ending, &name, "", &["deploy"]);
                assert_eq!(done.code, 9, "{done}");
                done.says(&["may not get pods/log"]);
            }
            (_, "list" | "watch") => is_named(deploy(at, &name, "", &[]), missing),
            _ => is_named(deploy(at, &name, WHOLE, &["--dry-run"]), missing),
        }
    });
}

/// An object of each kind that may be pruned, with the labels of an application that no longer has it.
fn stale(resource: &str, name: &str) -> Value {
    let of = |app: &str| json!({"matchLabels": {"app": app}});
    let port = json!([{"port": 80}]);
    let (version, kind, spec) = match resource {
        "serviceaccounts" => ("v1", "ServiceAccount", Value::Null),
        "services" => ("v1", "Service", json!({"ports": port})),
        "deployments" => {
            let template =
                json!({"metadata": {"labels": {"app": "old"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}});
            ("apps/v1", "Deployment", json!({"replicas": 0, "selector": of("old"), "template": template}))
        }
        "networkpolicies" => ("networking.k8s.io/v1", "NetworkPolicy", json!({"podSelector": of("old")})),
        "ingresses" => {
            let backend = json!({"service": {"name": "old", "port": {"number": 80}}});
            ("networking.k8s.io/v1", "Ingress", json!({"defaultBackend": backend}))
        }
        "horizontalpodautoscalers" => {
            let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "old"});
            ("autoscaling/v2", "HorizontalPodAutoscaler", json!({"maxReplicas": 2, "scaleTargetRef": target}))
        }
        "poddisruptionbudgets" => {
            ("policy/v1", "PodDisruptionBudget", json!({"selector": of("old"), "maxUnavailable": 1}))
        }
        other => panic!("{other}"),
    };
    let labels = json!({"app.kubernetes.io/managed-by": "pydeploy", "app.kubernetes.io/name": name});
    let metadata = json!({"name": format!("old-{name}"), "labels": labels});
    let mut object = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
    if !spec.is_null() {
        object["spec"] = spec;
    }
    object
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn prune_needs_each_verb_of_its_role_and_no_other() {
    let place = Place::new("pruner");
    let image = image(&project(&format!("{SERVER}{CHECK}")), "pruner");
    let (deploy, prune) = (grants(DEPLOY), grants(PRUNE));
    let mut roles: Vec<Vec<Grant>> = Vec::new();
    for missing in &prune {
        roles.push([without(&deploy, missing), without(&prune, missing)].concat());
    }
    roles.push([deploy, prune.clone()].concat());
    let accounts = Accounts::made(&place, &roles);
    let name = |at: usize| format!("pruned-{at}");
    let mut items: Vec<Value> = Vec::new();
    for (at, grant) in prune.iter().enumerate().filter(|(_, grant)| grant.verb == "delete") {
        items.push(stale(&grant.resource, &name(at)));
        items.push(stale(&grant.resource, &name(prune.len())));
    }
    place.apply(&json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
    let args = ["deploy", "--prune", "--no-wait"];
    let settings = "[deploy]\nreplicas = 0\n";
    let done = accounts.run(prune.len(), &image, &name(prune.len()), settings, &args);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(done.stderr.matches(": deleted").count(), 7, "{done}");
    for_each(prune.len(), |at| is_named(accounts.run(at, &image, &name(at), settings, &args), &prune[at]));
}

#[test]
#[ignore = "needs the bed: docker registry base cluster"]
fn a_namespace_takes_the_rules_of_its_own_role() {
    let place = Place::new("namespacer");
    let image = image(&project(&format!("{SERVER}{CHECK}")), "namespacer");
    let (deploy, namespace) = (grants(DEPLOY), grants(CREATE_NAMESPACE));
    let mut roles: Vec<Vec<Grant>> = namespace.iter().map(|missing| without(&namespace, missing)).collect();
    roles.push(namespace.clone());
    let accounts = Accounts::made(&place, &roles.iter().map(|_| Vec::new()).collect::<Vec<_>>());
    let whole = |at: usize| format!("{}-{at}", place.name);
    let group = "rbac.authorization.k8s.io";
    let mut objects = Vec::new();
    for (at, role) in roles.iter().enumerate() {
        let rules: Vec<Value> = deploy.iter().chain(role).map(Grant::rule).collect();
        let (name, version) = (whole(at), format!("{group}/v1"));
        objects.push(json!({"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}));
        objects.push(json!({
            "apiVersion": version,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": format!("a{at}"), "namespace": place.name}],
        }));
    }
    let all = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    place.apply(&all);
    let _struck = Struck { place: &place, all };
    let settings = "[deploy]\nreplicas = 0\n";
    let new = format!("{}-new", place.name);
    let args = ["deploy", "--create-namespace", "--dry-run", "-n", &new];
    let run = |at: usize| {
        let sandbox = project("").file("pydeploy.toml", settings_of("api", settings));
        let context = format!("a{at}");
        let fixed =
            ["--kubeconfig", &accounts.kubeconfig, "--context", &context, "--image", &image, "--insecure-registry"];
        sandbox.pydeploy(&[&args[..], &fixed].concat()).run()
    };
    let done = run(namespace.len());
    assert_eq!(done.code, 0, "{done}");
    for (at, missing) in namespace.iter().enumerate() {
        is_named(run(at), missing);
    }
}

/// Takes away what is in no namespace.
struct Struck<'p> {
    place: &'p Place,
    all: String,
}

impl Drop for Struck<'_> {
    fn drop(&mut self) {
        let _ = self.place.piped(&["delete", "-f", "-", "--wait=false"], &self.all);
    }
}
