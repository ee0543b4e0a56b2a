//! A claim of a Pod on its node before any container can start: its sandbox, its volumes.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;

use super::super::cause::{Cause, Source};
use super::super::failure::Subject;
use super::super::generation;
use super::super::note::Note;
use super::super::observed::Marked;
use super::super::{mark, patience, quoted};
use super::{Scene, Sign, event, name, views};

/// What a node could not set up for a Pod. No status tells of it: events do, until a container has begun.
pub(super) fn signs<'o>(scene: &Scene<'o>, pod: &'o Marked<Pod>) -> Vec<Sign> {
    let begun = |v: &super::View<'_>| {
        let waiting = v.status.state.as_ref().and_then(|s| s.waiting.as_ref()).and_then(|w| w.reason.as_deref());
        v.status.restart_count > 0 || !matches!(waiting, Some("ContainerCreating" | "PodInitializing") | None)
    };
    let status = pod.object.status.as_ref();
    let pending = status.and_then(|s| s.phase.as_deref()).is_none_or(|p| p == "Pending");
    if !pending || views(pod).iter().any(begun) {
        return Vec::new();
    }
    let notes = scene.notes(pod.object.metadata.uid.as_deref());
    let begins = |n: &&&Note| matches!(n.reason.as_str(), "Pulling" | "Pulled" | "Created" | "Started");
    // Volumes are mounted before the first image is pulled.
    if notes.iter().any(|n| begins(&n)) {
        return Vec::new();
    }
    notes.iter().rev().find_map(|note| read(scene, pod, note)).into_iter().collect()
}

fn read(scene: &Scene<'_>, pod: &Marked<Pod>, note: &Note) -> Option<Sign> {
    let message = &note.message;
    let (cause, patience) = match note.reason.as_str() {
        "FailedMount" => mount(message, &pod.object)?,
        "FailedAttachVolume" if !generation::makes_room(scene.observed) => {
            let volume = quoted::after(message, "volume").unwrap_or("of the Pod").to_owned();
            (Cause::Volume { volume, why: message.clone() }, patience::NODE)
        }
        "FailedCreatePodSandBox" if message.contains("OOM-killed") => {
            (Cause::Memory { limit: limit(&pod.object) }, patience::APPEARS)
        }
        "FailedCreatePodSandBox" => (Cause::Sandbox, patience::NODE),
        _ => return None,
    };
    let subject = Subject { kind: "Pod", name: name(pod), container: None };
    let since: Timestamp = note.seen.max(pod.since(mark::THERE).unwrap_or(note.seen));
    Some(Sign { cause, subject, evidence: vec![event(note)], since, patience })
}

/// `MountVolume.SetUp failed for volume "v" : secret "absent" not found`.
fn mount(message: &str, pod: &Pod) -> Option<(Cause, std::time::Duration)> {
    let (_, why) = message.split_once(" : ")?;
    // The kubelet's own cache was not there yet, as in most healthy starts: it tries again half a second later.
    if why.contains("timed out waiting for the condition") {
        return None;
    }
    let volume = quoted::after(message, "volume").unwrap_or("of the Pod").to_owned();
    let missing = |source, name: &str, key: Option<&str>| Cause::Missing {
        source,
        name: name.to_owned(),
        key: key.map(str::to_owned),
        volume: Some(volume.clone()),
    };
    let source = if why.contains("configmap") { Source::ConfigMap } else { Source::Secret };
    let cause = if let Some((_, key)) = why.split_once("references non-existent config key: ") {
        missing(Source::ConfigMap, &source_of(pod, &volume), Some(key.trim()))
    } else if let Some((_, key)) = why.split_once("references non-existent secret key: ") {
        missing(Source::Secret, &source_of(pod, &volume), Some(key.trim()))
    } else if let Some(name) = quoted::after(why, source.word())
        && why.contains("not found")
    {
        missing(source, name, None)
    } else {
        Cause::Volume { volume, why: why.to_owned() }
    };
    Some((cause, patience::APPEARS))
}

/// The Secret or ConfigMap that a volume is filled from; empty where the Pod does not say it in one word.
fn source_of(pod: &Pod, volume: &str) -> String {
    let mut volumes = pod.spec.iter().flat_map(|s| s.volumes.iter().flatten());
    let named = volumes.find(|v| v.name == volume).and_then(|v| {
        let secret = v.secret.as_ref().and_then(|s| s.secret_name.clone());
        secret.or_else(|| v.config_map.as_ref().map(|c| c.name.clone()))
    });
    named.unwrap_or_default()
}

fn limit(pod: &Pod) -> Option<String> {
    let mut containers = pod.spec.iter().flat_map(|s| &s.containers);
    containers.find_map(|c| Some(c.resources.as_ref()?.limits.as_ref()?.get("memory")?.0.clone()))
}
