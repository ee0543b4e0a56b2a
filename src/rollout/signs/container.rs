//! A container that waits for what does not come.

use std::time::Duration;

use super::super::cause::{Cause, Pull, Source, User};
use super::super::failure::Evidence;
use super::super::note::Note;
use super::super::{mark, patience, quoted};
use super::{Scene, Sign, View, event, pull, start};

/// A container that can't be started.
pub(super) fn sign(scene: &Scene<'_>, view: &View<'_>) -> Option<Sign> {
    let state = view.status.state.as_ref();
    let waiting = state.and_then(|s| s.waiting.as_ref())?;
    let reason = waiting.reason.as_deref().unwrap_or_default();
    let message = waiting.message.as_deref().unwrap_or_default();
    let image = view.image();
    let (cause, patience, more) = match reason {
        "ErrImagePull" | "ImagePullBackOff" => return Some(pulled(scene, view, reason, message)),
        "InvalidImageName" => (Cause::Image { image, why: Pull::Name }, patience::NONE, None),
        "ErrImageNeverPull" => (Cause::Image { image, why: Pull::NeverPulled }, patience::NONE, None),
        "CreateContainerConfigError" if is_behind(message) => {
            (Cause::Container { why: start::short(message) }, patience::NODE, None)
        }
        "CreateContainerConfigError" => {
            let cause = config(message);
            let missing = matches!(cause, Cause::Missing { .. } | Cause::Container { .. });
            (cause, if missing { patience::APPEARS } else { patience::NONE }, None)
        }
        "CreateContainerError" if is_no_account(message) => {
            (Cause::User { user: User::NoAccount, name: None }, patience::NONE, None)
        }
        "CreateContainerError" | "RunContainerError" | "StartError" => {
            let cause = started(view, message);
            let patience = patience_for(&cause);
            (cause, patience, None)
        }
        "PostStartHookError" => (Cause::Hook { output: hook(message) }, patience::NONE, None),
        // The back-off hides what it is about; the end of the last run has it.
        "CrashLoopBackOff" => {
            let end = view.status.last_state.as_ref().and_then(|s| s.terminated.as_ref());
            let end = end.filter(|e| matches!(e.reason.as_deref(), Some("StartError" | "ContainerCannotRun")))?;
            let said = end.message.as_deref().unwrap_or_default();
            let cause = started(view, said);
            let patience = patience_for(&cause);
            (cause, patience, Some(view.evidence("last state StartError", said)))
        }
        _ => return None,
    };
    let evidence = vec![more.unwrap_or_else(|| view.evidence(reason, message))];
    Some(Sign { cause, subject: view.subject(), evidence, since: since(scene, view, reason, message), patience })
}

/// What is named as missing or refused stays so; a runtime that is at a loss may find its way.
fn patience_for(cause: &Cause) -> Duration {
    if matches!(cause, Cause::Container { .. }) { patience::PASSES } else { patience::NONE }
}

fn started(view: &View<'_>, message: &str) -> Cause {
    if message.contains("OOM-killed") { Cause::Memory { limit: view.memory_limit() } } else { start::read(message) }
}

/// When the state was first seen; a state that has a back-off in between counts on. The kubelet's event says the same
/// up to two seconds before it.
fn since(scene: &Scene<'_>, view: &View<'_>, reason: &str, message: &str) -> jiff::Timestamp {
    let state = view.since(&mark::waits(&view.status.name, reason), scene.now);
    let says = |note: &&Note| note.reason == "Failed" && !message.is_empty() && note.message.contains(message);
    scene.notes_of(view).filter(says).map(|note| note.seen).fold(state, jiff::Timestamp::min)
}

fn pulled(scene: &Scene<'_>, view: &View<'_>, reason: &str, message: &str) -> Sign {
    let image = view.image();
    let mut evidence: Vec<Evidence> = vec![view.evidence(reason, message)];
    let mut why = pull::read(message, &image);
    let spec = view.pod.object.spec.as_ref();
    let has_secret = spec.and_then(|s| s.image_pull_secrets.as_deref()).is_some_and(|s| !s.is_empty());
    if why == Pull::NoCredentials && has_secret {
        let uid = view.pod.object.metadata.uid.as_deref();
        let missing = scene.notes(uid).iter().find(|n| n.reason == "FailedToRetrieveImagePullSecret");
        why = Pull::WrongCredentials;
        if let Some(note) = missing {
            evidence.push(event(note));
            let names = quoted::between(&note.message, "(", ")").unwrap_or_default();
            why = Pull::NoPullSecret(names.to_owned());
        }
    }
    let patience = if pull::passes(&why) { patience::PASSES } else { patience::NONE };
    let since = since(scene, view, reason, message);
    Sign { cause: Cause::Image { image, why }, subject: view.subject(), evidence, since, patience }
}

/// What the kubelet could not put together for a container.
fn config(message: &str) -> Cause {
    if message.contains("image will run as root") {
        return Cause::User { user: User::Root, name: None };
    }
    if message.contains("non-numeric user") {
        let name = quoted::between(message, "non-numeric user (", ")").map(str::to_owned);
        let user = if name.as_deref() == Some("root") { User::Root } else { User::Named };
        return Cause::User { user, name };
    }
    if message.contains("runAsUser breaks non-root policy") {
        return Cause::User { user: User::RunAsRoot, name: None };
    }
    missing(message).unwrap_or_else(|| Cause::Container { why: start::short(message) })
}

/// `secret "db" not found`; `couldn't find key url in Secret production/db`.
fn missing(message: &str) -> Option<Cause> {
    if let Some(key) = quoted::between(message, "couldn't find key ", " in ") {
        let (_, place) = message.split_once(&format!("key {key} in "))?;
        let (kind, path) = place.split_once(' ')?;
        let name = path.trim().rsplit('/').next().unwrap_or(path);
        let source = if kind == "ConfigMap" { Source::ConfigMap } else { Source::Secret };
        return Some(Cause::Missing { source, name: name.to_owned(), key: Some(key.to_owned()), volume: None });
    }
    if !message.contains("not found") {
        return None;
    }
    let source = if message.contains("configmap \"") { Source::ConfigMap } else { Source::Secret };
    let name = quoted::after(message, source.word())?.to_owned();
    Some(Cause::Missing { source, name, key: None, volume: None })
}

/// Whether a node that has much to do has not heard of a Secret or ConfigMap yet, which may well be there.
fn is_behind(message: &str) -> bool {
    message.contains("failed to sync") && message.contains("timed out waiting for the condition")
}

fn is_no_account(message: &str) -> bool {
    ["no users found", "unable to find user", "no matching entries in passwd"].iter().any(|w| message.contains(w))
}

/// `… exited with 3: no hook\n, message: …` → `exited with 3: no hook`.
fn hook(message: &str) -> String {
    let said = message.rsplit_once("' exited with ").map(|(_, rest)| format!("exited with {rest}"));
    let said = said.unwrap_or_else(|| message.rsplit_once("error: ").map_or(message, |(_, rest)| rest).to_owned());
    said.split(", message: ").next().unwrap_or_default().trim().to_owned()
}
