//! Each recorded rollout is replayed as a watch would see it, and judged all the way.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::recording::{Recording, names};
use crate::rollout::{Aim, Observed, Verdict, verdict};

/// Between changes the time goes on in steps as short as this.
const STEP: Duration = Duration::from_millis(250);
/// And after the last one for so long.
const AFTER: Duration = Duration::from_secs(75);
/// A log is there so long after it was asked for.
const FETCH: Duration = Duration::from_millis(200);

/// What became of a replay.
pub(super) struct Outcome {
    pub(super) end: Verdict,
    pub(super) at: Timestamp,
}

/// Replays a recording until the verdict stands.
pub(super) fn replay(recording: &Recording) -> Outcome {
    let (begun, applied) = recording.applied();
    let aim = Aim::of(&applied, begun);
    let mut observed = Observed::new(applied, begun);
    let mut seen = recording.seen.iter().peekable();
    let end = recording.seen.last().unwrap().at + AFTER;
    let mut logs: Vec<(Timestamp, crate::rollout::Change)> = Vec::new();
    let mut asked = Vec::new();
    let mut now = begun.min(recording.seen[0].at);
    loop {
        while let Some(next) = seen.next_if(|s| s.at <= now) {
            observed.take(next.change.clone(), next.at);
        }
        while let Some(at) = logs.iter().position(|(at, _)| *at <= now) {
            let (at, log) = logs.remove(at);
            observed.take(log, at);
        }
        if now >= begun {
            for wanted in observed.logs_wanted(&aim) {
                if !asked.contains(&wanted.run) {
                    asked.push(wanted.run.clone());
                    logs.push((now + FETCH, recording.log(&wanted)));
                }
            }
            let said = verdict(&observed, &aim, now);
            if !matches!(said, Verdict::Progressing(_)) || now >= end {
                return Outcome { end: said, at: now };
            }
        }
        let next = seen.peek().map_or(now + STEP, |s| s.at.max(now));
        now = next.min(now + STEP);
    }
}

#[test]
fn print() {
    let mut text = String::new();
    for name in names() {
        let recording = Recording::read(&name);
        let outcome = replay(&recording);
        let at = recording.seconds(outcome.at);
        let said = match &outcome.end {
            Verdict::Done(_) => "done".to_owned(),
            Verdict::Progressing(p) => format!("progressing: {p}"),
            Verdict::Failed(f) => format!("{} | {}", f.cause.id(), f.cause),
        };
        writeln!(text, "{name:36} {at:6.2} {said}").unwrap();
    }
    std::fs::write("/tmp/verdicts.txt", text).unwrap();
}
