//! A node: where Pods may be placed, and what can be run there.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration};

use crate::workload::finding::{self, Finding};

/// A node, as far as the scheduler asks: <https://kubernetes.io/docs/concepts/scheduling-eviction/>.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What it runs: `linux/arm64`.
    pub platform: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its taints.
    pub taints: Vec<Taint>,
}

/// The nodes of a cluster.
#[derive(Debug, Clone)]
pub enum Nodes {
    /// All of them.
    Known(Vec<Node>),
    /// They can't be listed: what a manifest says of its architecture has to do.
    Unknown,
}

/// Where a manifest says which processor it is for.
const ARCH: &str = "kubernetes.io/arch";

/// Whether the image is for all nodes that these Pods may be placed on.
pub(super) fn finding(spec: &PodSpec, nodes: &Nodes, platforms: &[String], place: &str) -> Option<Finding> {
    // A config that names no processor says nothing that could be wrong.
    if platforms.iter().any(|p| p.ends_with('/')) {
        return None;
    }
    let lacking = |platform: &str| !platforms.iter().any(|p| runs_on(platform, p));
    let (missing, where_) = match nodes {
        Nodes::Known(nodes) => {
            let misfits: Vec<_> = nodes.iter().filter(|n| lacking(&n.platform)).collect();
            let misfits: Vec<_> = misfits.into_iter().filter(|n| may_land(spec, n)).collect();
            let missing: BTreeSet<_> = misfits.iter().map(|n| n.platform.clone()).collect();
            let example = misfits.first()?.name.as_str();
            let where_ = match misfits.len() {
                1 => format!("the node {example} is"),
                count => format!("{count} nodes are that its Pods may be placed on, such as {example}"),
            };
            (missing, where_)
        }
        Nodes::Unknown => {
            let arch = spec.node_selector.as_ref()?.get(ARCH)?;
            let platform = format!("linux/{arch}");
            let missing = lacking(&platform).then_some(platform);
            (missing.into_iter().collect(), "its nodeSelector asks for".to_owned())
        }
    };
    if missing.is_empty() {
        return None;
    }
    let missing: Vec<_> = missing.into_iter().collect();
    let message =
        format!("the image is for {}, and not for {}, which {where_}", platforms.join(", "), missing.join(", "));
    Some(Finding::of(&finding::NO_PLATFORM, message).in_field(place))
}

/// Whether a node of that platform runs an image of this one: containerd takes 32-bit images where there are no others.
fn runs_on(node: &str, image: &str) -> bool {
    let is =
        |platform: &str| image == platform || image.strip_prefix(platform).is_some_and(|rest| rest.starts_with('/'));
    is(node) || (node == "linux/amd64" && is("linux/386")) || (node == "linux/arm64" && is("linux/arm"))
}

/// Whether the scheduler may place these Pods there, as far as labels and taints decide.
fn may_land(spec: &PodSpec, node: &Node) -> bool {
    if let Some(name) = spec.node_name.as_deref().filter(|n| !n.is_empty()) {
        return name == node.name;
    }
    let selected = spec.node_selector.iter().flatten().all(|(key, value)| node.labels.get(key) == Some(value));
    let required = spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
    let required = required.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
    let wanted = required.is_none_or(|s| s.node_selector_terms.iter().any(|term| matches(term, node)));
    selected && wanted && node.taints.iter().all(|taint| !keeps_off(taint) || tolerated(spec, taint))
}

/// Whether a taint keeps Pods off for good: those that Kubernetes itself sets come and go with a node's state.
fn keeps_off(taint: &Taint) -> bool {
    (taint.effect == "NoSchedule" || taint.effect == "NoExecute") && !taint.key.starts_with("node.kubernetes.io/")
}

fn tolerated(spec: &PodSpec, taint: &Taint) -> bool {
    spec.tolerations.iter().flatten().any(|toleration| {
        let Toleration { key, operator, value, effect, .. } = toleration;
        let filled = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
        let same_effect = filled(effect).is_none_or(|e| e == taint.effect);
        let exists = operator.as_deref() == Some("Exists");
        let same_key = filled(key).map_or(exists, |k| k == taint.key);
        let same_value = exists || filled(value).unwrap_or_default() == taint.value.clone().unwrap_or_default();
        same_effect && same_key && same_value
    })
}

/// A term without any requirement selects nothing, as Kubernetes has it.
fn matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    let labels = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let name = BTreeMap::from([("metadata.name".to_owned(), node.name.clone())]);
    !(labels.is_empty() && fields.is_empty())
        && labels.iter().all(|r| holds(r, &node.labels))
        && fields.iter().all(|r| holds(r, &name))
}

fn holds(requirement: &NodeSelectorRequirement, values: &BTreeMap<String, String>) -> bool {
    let value = values.get(&requirement.key);
    let stated = requirement.values.as_deref().unwrap_or_default();
    let number = |text: Option<&String>| text.and_then(|t| t.parse::<i64>().ok());
    let compared = |is: fn(i64, i64) -> bool| match (number(value), number(stated.first())) {
        (Some(value), Some(stated)) => is(value, stated),
        _ => false,
    };
    match requirement.operator.as_str() {
        "In" => value.is_some_and(|v| stated.contains(v)),
        "NotIn" => value.is_none_or(|v| !stated.contains(v)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compared(|value, stated| value > stated),
        "Lt" => compared(|value, stated| value < stated),
        // An operator of a later Kubernetes: what can't be judged is no reason for an alarm.
        _ => false,
    }
}
