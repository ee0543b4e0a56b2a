//! A place: a node that takes a Pod, or that puts it out.

use k8s_openapi::api::core::v1::Pod;

use super::super::cause::{Cause, Shortage};
use super::super::failure::{Evidence, Subject};
use super::super::generation;
use super::super::observed::Marked;
use super::super::{mark, patience, quoted};
use super::{Scene, Sign, elapsed, event, name};

/// Reasons for which a Pod is gone that another will simply take the place of.
const PASSING: &[&str] =
    &["NodeShutdown", "Shutdown", "Terminated", "Preempting", "NodeLost", "DeletionByTaintManager"];

/// No node takes a Pod, or one puts it out.
pub(super) fn sign<'o>(scene: &Scene<'o>, pod: &'o Marked<Pod>) -> Option<Sign> {
    let status = pod.object.status.as_ref()?;
    if status.phase.as_deref() == Some("Failed") {
        return ousted(scene, pod);
    }
    if let Some(sign) = evicted(scene, pod) {
        return Some(sign);
    }
    let condition = status.conditions.iter().flatten().find(|c| c.type_ == "PodScheduled" && c.status == "False")?;
    if condition.reason.as_deref() != Some("Unschedulable") {
        return None;
    }
    let notes = scene.notes(pod.object.metadata.uid.as_deref());
    let since = pod.since(mark::UNPLACED).unwrap_or(scene.now);
    let node_comes =
        notes.iter().any(|n| n.reason == "TriggeredScaleUp") && elapsed(since, scene.now) < patience::NODE_COMES;
    if node_comes || status.nominated_node_name.is_some() || generation::makes_room(scene.observed) {
        return None;
    }
    let message = condition.message.as_deref().unwrap_or_default();
    let mut why = read(message);
    let subject = Subject { kind: "Pod", name: name(pod), container: None };
    let mut evidence = vec![Evidence::new(format!("{subject}, condition PodScheduled"), message)];
    let mut patience = patience::PLACED;
    if why == Shortage::Unbound(None) {
        patience = patience::CLAIMED;
        for claim in claims(&pod.object) {
            let said = scene.observed.notes.values().filter(|n| n.kind == "PersistentVolumeClaim" && n.name == claim);
            let mut bad = said.filter(|n| matches!(n.reason.as_str(), "ProvisioningFailed" | "FailedBinding"));
            if let Some(note) = bad.next() {
                evidence.push(event(note));
                why = Shortage::Unbound(Some(claim));
                patience = patience::PLACED;
                break;
            }
        }
    }
    let asked = match &why {
        Shortage::Resource(name) => asked(&pod.object, name),
        _ => None,
    };
    Some(Sign { cause: Cause::Unschedulable { why, asked }, subject, evidence, since, patience })
}

/// A Pod that has failed as a whole.
fn ousted(scene: &Scene<'_>, pod: &Marked<Pod>) -> Option<Sign> {
    let status = pod.object.status.as_ref()?;
    let reason = status.reason.clone().filter(|r| !PASSING.contains(&r.as_str()))?;
    let message = status.message.as_deref().unwrap_or_default();
    let alike =
        |other: &&&Marked<Pod>| other.object.status.as_ref().is_some_and(|s| s.reason.as_ref() == Some(&reason));
    let times = scene.pods.iter().filter(alike).count();
    // What a Pod does itself it will do again; what its node lacks another may have.
    let own = reason == "Evicted" && message.contains("exceeds the");
    if !own && times < 2 {
        return None;
    }
    let subject = Subject { kind: "Pod", name: name(pod), container: None };
    let evidence = vec![Evidence::new(format!("{subject}, status {reason}"), message)];
    let since = pod.since(mark::FAILED).unwrap_or(scene.now);
    Some(Sign { cause: Cause::Ousted { reason }, subject, evidence, since, patience: patience::NONE })
}

/// A Pod that is being put out for what it does itself. A node that has much to do takes half a minute for it, in which
/// the Pod still counts as ready.
fn evicted<'o>(scene: &Scene<'o>, pod: &'o Marked<Pod>) -> Option<Sign> {
    let mut notes = scene.notes(pod.object.metadata.uid.as_deref()).iter();
    let note = notes.find(|n| n.reason == "Evicted" && n.message.contains("exceeds the"))?;
    let subject = Subject { kind: "Pod", name: name(pod), container: None };
    let cause = Cause::Ousted { reason: note.reason.clone() };
    Some(Sign { cause, subject, evidence: vec![event(note)], since: note.seen, patience: patience::NONE })
}

/// What the scheduler's message names first, of what can be acted on.
pub(super) fn read(message: &str) -> Shortage {
    // What follows says only that evicting others would not help.
    let message = message.split("preemption:").next().unwrap_or(message);
    if let Some(name) = quoted::after(message, "persistentvolumeclaim")
        && message.contains("not found")
    {
        return Shortage::NoClaim(name.to_owned());
    }
    if message.contains("unbound immediate PersistentVolumeClaims") {
        return Shortage::Unbound(None);
    }
    if let Some((_, rest)) = message.split_once("Insufficient ") {
        let name = rest.split([',', ' ']).next().unwrap_or(rest);
        return Shortage::Resource(name.trim_end_matches('.').to_owned());
    }
    let known = [
        ("Too many pods", Shortage::Pods),
        ("node affinity/selector", Shortage::Selector),
        ("volume node affinity conflict", Shortage::VolumeElsewhere),
        ("topology spread constraints", Shortage::Spread),
        ("affinity", Shortage::Affinity),
        ("free ports", Shortage::HostPort),
        ("taint", Shortage::Taint),
        ("were unschedulable", Shortage::Cordoned),
    ];
    let found = known.into_iter().find(|(words, _)| message.contains(words));
    found.map_or(Shortage::Other, |(_, shortage)| shortage)
}

fn claims(pod: &Pod) -> Vec<String> {
    let volumes = pod.spec.iter().flat_map(|s| s.volumes.iter().flatten());
    volumes.filter_map(|v| v.persistent_volume_claim.as_ref()).map(|c| c.claim_name.clone()).collect()
}

/// What a Pod's containers ask for of a resource, one after another where they are several.
fn asked(pod: &Pod, resource: &str) -> Option<String> {
    let containers = pod.spec.iter().flat_map(|s| &s.containers);
    let requests = containers.filter_map(|c| c.resources.as_ref()?.requests.as_ref()?.get(resource));
    let all: Vec<&str> = requests.map(|q| q.0.as_str()).collect();
    (!all.is_empty()).then(|| all.join(" + "))
}
