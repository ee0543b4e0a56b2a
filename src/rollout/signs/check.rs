//! A check that fails, or can't be run.

use super::super::cause::{Cause, Check};
use super::super::note::Note;
use super::super::{patience, quoted};
use super::{Scene, Sign, View, event, start};

/// Answers of a server that is up and does not know what it is asked.
const WRONG: &[&str] = &["400", "401", "403", "404", "405"];

/// The exit code of a process that was killed.
const KILLED: i32 = 137;

/// What an `Unhealthy` event says.
pub(in super::super) struct Report<'n> {
    pub(in super::super) check: Check,
    /// The check's own output.
    pub(in super::super) output: &'n str,
    /// Whether it could not be run.
    pub(in super::super) errored: bool,
}

/// `Liveness probe failed: worker is stuck`; `Startup probe errored and resulted in unknown state: …`.
pub(in super::super) fn read(note: &Note) -> Option<Report<'_>> {
    if note.reason != "Unhealthy" {
        return None;
    }
    let (which, rest) = note.message.split_once(" probe ")?;
    let check = match which {
        "Startup" => Check::Startup,
        "Liveness" => Check::Liveness,
        "Readiness" => Check::Readiness,
        _ => return None,
    };
    let (how, output) = rest.split_once(':')?;
    Some(Report { check, output: output.trim(), errored: how.starts_with("errored") })
}

/// What is wrong with a container's checks.
pub(super) fn signs(scene: &Scene<'_>, view: &View<'_>) -> Vec<Sign> {
    let reports = || scene.notes_of(view).rev().filter_map(|n| Some((n, read(n)?)));
    let mut signs = Vec::new();
    let sign = |note: &Note, cause, patience| Sign {
        cause,
        subject: view.subject(),
        evidence: vec![event(note)],
        since: note.seen,
        patience,
    };
    // One program at a time: the newest report of each check tells.
    for check in [Check::Startup, Check::Liveness, Check::Readiness] {
        let passed = check != Check::Liveness && view.status.ready
            || check == Check::Startup && view.status.started == Some(true);
        let Some((note, report)) = reports().find(|(_, r)| r.check == check).filter(|_| !passed) else { continue };
        let program = if report.errored { start::of_check(report.output) } else { absent(report.output) };
        if let Some(program) = program {
            let first = reports().filter(|(_, r)| r.check == check).map(|(n, _)| n.seen).min().unwrap_or(note.seen);
            let mut sign = sign(note, Cause::CheckCannotRun { check, program }, patience::REPORTED);
            sign.since = first;
            signs.push(sign);
        } else if check == Check::Readiness && is_wrong_answer(report.output) {
            let cause = Cause::Check { check, output: report.output.to_owned() };
            signs.push(sign(note, cause, patience::WRONG_ANSWER));
        }
    }
    signs.extend(killed(scene, view));
    signs
}

/// The kubelet has ended a container since a check failed as often as it may.
fn killed(scene: &Scene<'_>, view: &View<'_>) -> Option<Sign> {
    let kills = |n: &&Note| n.reason == "Killing" && n.message.contains("will be restarted");
    let note = scene.notes_of(view).rev().find(kills)?;
    let check = match &note.message {
        m if m.contains("failed startup probe") => Check::Startup,
        m if m.contains("failed liveness probe") => Check::Liveness,
        _ => return None,
    };
    // A report of another check says nothing of this one; one that could not be run kills nothing.
    let said = scene.notes_of(view).rev().find(|n| read(n).is_some_and(|r| r.check == check && !r.errored));
    let output = said.and_then(read).map(|r| r.output.to_owned()).unwrap_or_default();
    let mut evidence: Vec<_> = said.map(event).into_iter().collect();
    evidence.push(event(note));
    let cause = match absent(&output) {
        Some(program) => Cause::CheckCannotRun { check, program },
        None => Cause::Check { check, output },
    };
    Some(Sign { cause, subject: view.subject(), evidence, since: note.seen, patience: patience::NONE })
}

/// The check that a crash is of, where the event of the kill was not seen: a killed process says nothing itself.
pub(super) fn that_killed(scene: &Scene<'_>, view: &View<'_>, exit: i32) -> Option<Cause> {
    let reports = scene.notes_of(view).rev().filter_map(read);
    let mut able = reports.filter(|r| r.check != Check::Readiness && !r.errored);
    let report = able.next().filter(|_| exit == KILLED)?;
    Some(Cause::Check { check: report.check, output: report.output.to_owned() })
}

/// A readiness check that keeps a container from being ready, for when time has run out.
pub(in super::super) fn unready(scene: &Scene<'_>, view: &View<'_>) -> Option<Sign> {
    if view.status.ready {
        return None;
    }
    let newest = scene.notes_of(view).rev().find_map(|n| Some((n, read(n)?)));
    let (note, report) = newest.filter(|(_, r)| r.check != Check::Liveness)?;
    let cause = Cause::Check { check: report.check, output: report.output.to_owned() };
    Some(Sign {
        cause,
        subject: view.subject(),
        evidence: vec![event(note)],
        since: note.seen,
        patience: patience::NONE,
    })
}

/// The program that a check's shell did not find: `/bin/sh: 1: curl: not found`, `bash: curl: command not found`.
pub(in super::super) fn absent(output: &str) -> Option<String> {
    let line = output.lines().find(|l| l.contains("not found"))?;
    let (shell, rest) = line.split_once(": ")?;
    let shell = shell.rsplit('/').next()?;
    if !matches!(shell, "sh" | "bash" | "dash" | "ash") {
        return None;
    }
    let named = rest.strip_suffix(": command not found").or_else(|| rest.strip_suffix(": not found"))?;
    Some(named.rsplit(": ").next().unwrap_or(named).trim().to_owned())
}

fn is_wrong_answer(output: &str) -> bool {
    let status = output.strip_prefix("HTTP probe failed with statuscode: ");
    status.is_some_and(|code| WRONG.contains(&code.trim())) && quoted::between(output, "\"", "\"").is_none()
}
