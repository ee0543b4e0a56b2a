//! Settings of a deployment that can't be kept: each is refused where it stands, with what it should be.

use crate::sandbox::Sandbox;

/// What stands under `[deploy]`, and what is said of it.
const REFUSED: &[(&str, &[&str])] = &[
    ("replicas = -1", &["`deploy.replicas` (pydeploy.toml:2) is -1", "a number from 0"]),
    ("namespace = \"Team\"", &["pydeploy.toml:2", "small letters"]),
    ("replicaz = 1", &["there is no setting `deploy.replicaz`", "did you mean `deploy.replicas`?"]),
    ("resources.requests.memory = \"much\"", &["deploy.resources.requests.memory", "a quantity such as"]),
    ("resources = { requests = { memory = \"2Gi\" }, limits = { memory = \"1Gi\" } }", &["at most its limit, 1Gi"]),
    ("tmp-size = \"-1\"", &["deploy.tmp-size", "a quantity"]),
    ("env.A = 1", &["deploy.env.A", "a string, { secret"]),
    ("env.A = { secret = \"s\" }", &["deploy.env.A", "a string, { secret"]),
    ("env.A = { secret = \"s\", config-map = \"c\", key = \"k\" }", &["deploy.env.A", "a string, { secret"]),
    (
        "env.A = { secrt = \"s\", key = \"k\" }",
        &["no setting `deploy.env.A.secrt`", "did you mean `deploy.env.A.secret`"],
    ),
    ("env.A = { secret = \"S\", key = \"k\" }", &["deploy.env.A.secret", "small letters"]),
    ("env.1A = \"x\"", &["deploy.env.1A", "named with a variable's name"]),
    ("env-from = [\"api\"]", &["deploy.env-from", "a list of { secret"]),
    ("env-from = [{ sekret = \"x\" }]", &["did you mean `deploy.env-from.secret`"]),
    ("volumes.a = { size = \"1Gi\" }", &["deploy.volumes.a.path", "is not stated"]),
    ("volumes.a = { path = \"/a\" }", &["deploy.volumes.a", "one of claim, size, config-map, secret and empty-dir"]),
    (
        "volumes.a = { path = \"/a\", claim = \"x\", secret = \"y\" }",
        &["deploy.volumes.a.secret", "claim is stated as well"],
    ),
    (
        "volumes.a = { path = \"/a\", claim = \"x\", storage-class = \"y\" }",
        &["deploy.volumes.a.storage-class", "left out"],
    ),
    ("volumes.a = { path = \"/a\", size = \"1Gi\", access-mode = \"RWO\" }", &["one of ReadWriteOnce,"]),
    ("volumes.a = { path = \"a\", size = \"1Gi\" }", &["deploy.volumes.a.path", "an absolute path"]),
    ("volumes.a = { path = \"/tmp/\", empty-dir = true }", &["deploy.volumes.a.path", "deploy.tmp-size"]),
    ("volumes.tmp = { path = \"/a\", empty-dir = true }", &["deploy.volumes.tmp", "another word"]),
    ("volumes.A = { path = \"/a\", empty-dir = true }", &["named \"A\"", "named with a name of small letters"]),
    ("volumes.a = { path = \"/a\", empty-dir = true, pth = 1 }", &["did you mean `deploy.volumes.a.path`"]),
    (
        "volumes = { a = { path = \"/d\", claim = \"x\" }, b = { path = \"/d/\", claim = \"y\" } }",
        &["the volume a is mounted there"],
    ),
    ("ingress = true", &["deploy.ingress", "a table, or false"]),
    ("ingress = { path = \"/\" }", &["deploy.ingress.host", "is not stated"]),
    ("ingress = { host = \"https://a.example\" }", &["deploy.ingress.host", "a host such as"]),
    ("ingress = { host = \"a.example\", path = \"api\" }", &["deploy.ingress.path", "a path such as"]),
    ("autoscaler = { min = 3, max = 2, cpu = 80 }", &["deploy.autoscaler.min", "at most max, 2"]),
    ("autoscaler = { min = 1, max = 2 }", &["deploy.autoscaler.cpu", "is not stated"]),
    ("autoscaler = { cpu = 80 }", &["deploy.autoscaler.max", "is not stated"]),
    ("autoscaler = { max = 2, cpu = 80 }\nresources.requests.cpu = 0", &["deploy.resources.requests.cpu stated"]),
    ("disruption-budget = { min-available = 1, max-unavailable = 1 }", &["min-available is stated as well"]),
    ("disruption-budget = { min-available = \"half\" }", &["deploy.disruption-budget.min-available", "\"50%\""]),
    ("network-policy = \"strict\"", &["deploy.network-policy", "true, false, or a table"]),
    ("network-policy = { from = [{}] }", &["deploy.network-policy.from.namespace", "stated, or"]),
    (
        "network-policy = { from = [{ cidr = \"10.0.0.1\" }] }",
        &["deploy.network-policy.from.cidr", "a block of addresses"],
    ),
    (
        "network-policy = { from = [{ namespace = \"a\", ports = [1] }] }",
        &["no setting `deploy.network-policy.from.ports`"],
    ),
    ("network-policy = { to = [{ namespace = \"a\", ports = [0] }] }", &["deploy.network-policy.to.ports"]),
    ("topology-spread = [\"a b\"]", &["deploy.topology-spread", "a list of node labels"]),
    ("topology-spread = [\"a\", \"a\"]", &["each label stands once"]),
    ("image-pull-secrets = [\"A\"]", &["deploy.image-pull-secrets"]),
    ("drain = \"2h\"", &["deploy.drain", "from 1s to 1h"]),
    ("labels = { \"app.kubernetes.io/name\" = \"x\" }", &["pydeploy sets this label"]),
    ("annotations = { \"a b\" = \"x\" }", &["deploy.annotations.a b"]),
    ("service-account = \"Me\"", &["deploy.service-account"]),
];

#[test]
fn each_contradiction_is_refused_where_it_stands() {
    for (text, says) in REFUSED {
        let sandbox = Sandbox::project("fastapi").file("pydeploy.toml", format!("[deploy]\n{text}\n"));
        let done = sandbox.pydeploy(&["plan"]).fails(3);
        assert!(done.stderr.contains("pydeploy.toml"), "{text}: {done}");
        for part in *says {
            assert!(done.stderr.contains(part), "{text}: {part:?} is missing: {done}");
        }
    }
}

#[test]
fn an_environment_is_looked_at_although_it_is_not_chosen() {
    let text = "[environments.live.deploy]\nautoscaler = { min = 2, max = 1, cpu = 1 }\n";
    let sandbox = Sandbox::project("fastapi").file("pydeploy.toml", text);
    sandbox.pydeploy(&["plan"]).fails(3).says(&["deploy.autoscaler.min", "pydeploy.toml:2"]);
    let sandbox = Sandbox::project("fastapi").file("pydeploy.toml", "[environments.\"../x\"]\nport = 1\n");
    sandbox.pydeploy(&["plan"]).fails(3).says(&["`environments` (pydeploy.toml:1)", "named with letters"]);
}

#[test]
fn a_folder_of_files_does_not_go_to_standard_output() {
    let sandbox = Sandbox::project("fastapi");
    let words = ["manifests", "--image", "127.0.0.1:1/a:b", "--format", "helm"];
    sandbox.pydeploy(&words).fails(2).says(&["--format helm", "--out k8s/"]);
    let words = ["ship", "--registry", "127.0.0.1:1/a", "--format", "kustomize", "--out", "-"];
    sandbox.pydeploy(&words).fails(2).says(&["--format kustomize", "--out k8s/"]);
}
