#![allow(clippy::unwrap_used)]
use std::path::PathBuf;

use super::*;
use crate::settings::layers::{self, Layers};
use crate::workload::deploy::{Peer, Source};

/// The terms of a file's environment, or of none.
fn read(text: &str, environment: Option<&str>) -> Terms {
    let file = layers::parse(text, "pydeploy.toml").unwrap().unwrap();
    let mut layers = Layers::default();
    if let Some(name) = environment {
        layers.push(file.environments[name].clone());
    }
    layers.push(file.base);
    terms(&Reader { layers, folder: PathBuf::new() }).unwrap()
}

#[test]
fn nothing_stated_is_the_default() {
    assert_eq!(read("", None), Terms::default());
}

#[test]
fn a_resource_that_is_not_mentioned_has_its_default() {
    let text = "[deploy.resources]\nrequests = { memory = \"2Gi\" }\nlimits = { cpu = 2, \"nvidia.com/gpu\" = 1 }\n";
    let resources = read(text, None).resources;
    let words = |all: &BTreeMap<String, Quantity>| all.iter().map(|(k, q)| format!("{k}={q}")).collect::<Vec<_>>();
    assert_eq!(words(&resources.requests), ["ephemeral-storage=64Mi", "memory=2Gi"]);
    assert_eq!(words(&resources.limits), ["cpu=2", "ephemeral-storage=1Gi", "nvidia.com/gpu=1"]);
}

#[test]
fn an_environment_adds_to_tables_and_takes_parts_away() {
    let text = r#"
[deploy]
ingress = { host = "a.example", class = "nginx" }
disruption-budget = { min-available = 1 }
volumes.data = { path = "/data", size = "1Gi" }
volumes.more = { path = "/more", claim = "more" }
env = { A = "1", B = "2" }
[environments.live.deploy]
ingress.host = "b.example"
disruption-budget.max-unavailable = "25%"
volumes.data.claim = "old"
volumes.more = false
env.B = { secret = "s", key = "k" }
[environments.bare.deploy]
ingress = false
disruption-budget = false
"#;
    let live = read(text, Some("live"));
    let ingress = live.ingress.unwrap();
    assert_eq!((ingress.host.as_str(), ingress.class.unwrap().as_str()), ("b.example", "nginx"));
    assert_eq!(live.disruption_budget, Some(Budget::MaxUnavailable(Count::Part("25%".parse().unwrap()))));
    let volumes: Vec<_> = live.volumes.iter().map(|(name, v)| (name.as_str(), v.source.clone())).collect();
    assert_eq!(volumes, [("data", Source::Claim("old".parse().unwrap()))]);
    assert_eq!(live.env.len(), 2);
    let bare = read(text, Some("bare"));
    assert_eq!((bare.ingress, bare.disruption_budget, bare.volumes.len()), (None, None, 2));
    assert_eq!(read(text, None).disruption_budget, Some(Budget::MinAvailable(Count::Number(1))));
}

#[test]
fn a_table_may_turn_on_what_true_or_false_said_below_it() {
    let text = "[deploy]\nnetwork-policy = true\n[environments.live.deploy]\nnetwork-policy.from = [{ namespace = \"a\" }]\n\
                [environments.open.deploy]\nnetwork-policy = false\n";
    let from = |environment| read(text, environment).network_policy.map(|p| p.from);
    assert_eq!(from(None), Some(Vec::new()));
    assert_eq!(from(Some("open")), None);
    let peers = from(Some("live")).unwrap();
    let Peer::Pods { namespace_labels, .. } = &peers[0] else { unreachable!() };
    assert_eq!(namespace_labels.keys().next().unwrap().as_str(), "kubernetes.io/metadata.name");
}

#[test]
fn a_drain_is_whole_seconds() {
    let drain = |text: &str| read(&format!("[deploy]\ndrain = \"{text}\"\n"), None).drain;
    assert_eq!((drain("0s"), drain("1ms"), drain("10s"), drain("1m1500ms")), (None, Some(1), Some(10), Some(62)));
}
