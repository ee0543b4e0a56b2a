//! A crash: a container's process that ends.

use k8s_openapi::api::core::v1::ContainerStateTerminated;

use super::super::cause::{Cause, Crash};
use super::super::{mark, patience};
use super::{Scene, Sign, View, check, log};

/// A process that ends this often will go on so: two ends are seen of services that wait for a database.
const LOOP: i32 = 3;
/// What its log says would come again, or an end as if all was done, is believed the second time.
const SURE: i32 = 2;

/// A process that has ended.
pub(super) fn sign(scene: &Scene<'_>, view: &View<'_>) -> Option<Sign> {
    let state = view.status.state.as_ref();
    let now = state.and_then(|s| s.terminated.as_ref());
    let end = now.or_else(|| view.status.last_state.as_ref().and_then(|s| s.terminated.as_ref()))?;
    // An init container is done once it ends well.
    if view.ends && now.is_some_and(|e| e.exit_code == 0) {
        return None;
    }
    let reason = end.reason.as_deref().unwrap_or_default();
    if reason == "OOMKilled" {
        return Some(killed(scene, view, end));
    }
    if matches!(reason, "ContainerStatusUnknown" | "StartError" | "ContainerCannotRun") {
        return None;
    }
    // One that runs again may be well this time: whether it stays up is for the rollout's end to wait for.
    if state.is_some_and(|s| s.running.is_some()) {
        return None;
    }
    let times = view.status.restart_count.saturating_add(i32::from(now.is_some()));
    // Until the status of the next end, a container in back-off has one end more than restarts.
    let times = if now.is_none() { times.saturating_add(1) } else { times };
    let run = log::run(view);
    let tail = run.as_ref().and_then(|w| scene.observed.tails.get(&w.run));
    let lasting = tail.and_then(|text| log::lasting(text, end.exit_code));
    let lasting = lasting
        .or_else(|| said_by_status(end))
        .or_else(|| (end.exit_code == 0).then_some(Cause::Crash { exit: 0, why: Crash::Ended, times: 0 }));
    let sure = lasting.is_some();
    if times < if sure { SURE } else { LOOP } {
        return None;
    }
    let cause = lasting.or_else(|| check::that_killed(scene, view, end.exit_code)).unwrap_or_else(|| Cause::Crash {
        exit: end.exit_code,
        why: log::other(tail.filter(|t| !t.trim().is_empty()).or(end.message.as_ref()), end.exit_code),
        times: 0,
    });
    let cause = match cause {
        Cause::Crash { exit, why, .. } => Cause::Crash { exit, why, times },
        cause => cause,
    };
    let patience = if tail.is_some() || sure { patience::NONE } else { patience::LOG };
    Some(Sign {
        cause,
        subject: view.subject(),
        evidence: evidence(view, end, tail),
        since: view.since(&mark::ended(&view.status.name, end), scene.now),
        patience,
    })
}

/// What a container leaves as its message is its own word, or the end of its log (terminationMessagePolicy).
fn said_by_status(end: &ContainerStateTerminated) -> Option<Cause> {
    end.message.as_deref().and_then(|text| log::lasting(text, end.exit_code))
}

fn killed(scene: &Scene<'_>, view: &View<'_>, end: &ContainerStateTerminated) -> Sign {
    let tail = log::run(view).and_then(|w| scene.observed.tails.get(&w.run));
    Sign {
        cause: Cause::Memory { limit: view.memory_limit() },
        subject: view.subject(),
        evidence: evidence(view, end, tail),
        since: view.since(&mark::ended(&view.status.name, end), scene.now),
        patience: patience::KILLED,
    }
}

fn evidence(view: &View<'_>, end: &ContainerStateTerminated, tail: Option<&String>) -> Vec<super::Evidence> {
    let reason = end.reason.as_deref().unwrap_or("no reason");
    let restarts = view.status.restart_count;
    let said = format!("{reason}, exit code {}, restarts {restarts}", end.exit_code);
    let mut evidence = vec![view.evidence("state", &said)];
    if let Some(message) = end.message.as_deref().filter(|m| !m.trim().is_empty()) {
        evidence.push(view.evidence("termination message", message));
    }
    if let Some(text) = tail.filter(|t| !t.trim().is_empty()) {
        evidence.push(view.evidence("log", text));
    }
    evidence
}
