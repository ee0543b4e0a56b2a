//! Each recorded rollout is replayed as a watch would see it, and judged all the way.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::expected::{CASES, Case};
use super::recording::Recording;
use crate::rollout::{Aim, Change, Observed, Run, Verdict, verdict};

/// Between changes the time goes on in steps as short as this.
const STEP: Duration = Duration::from_millis(250);
/// And after the last one for so long.
const AFTER: Duration = Duration::from_secs(35);
/// A log is there so long after it was asked for.
const FETCH: Duration = Duration::from_millis(200);

/// What is said at a moment.
pub(super) struct Said {
    pub(super) verdict: Verdict,
    pub(super) at: Timestamp,
}

/// A replay of a recording, as the one who watches it sees it.
struct Replay<'r> {
    recording: &'r Recording,
    aim: Aim,
    observed: Observed,
    next: usize,
    logs: Vec<(Timestamp, Change)>,
    asked: Vec<Run>,
}

impl<'r> Replay<'r> {
    fn new(recording: &'r Recording) -> Self {
        let (begun, applied) = recording.applied();
        let aim = Aim::of(&applied, begun);
        let observed = Observed::new(applied, begun);
        Self { recording, aim, observed, next: 0, logs: Vec::new(), asked: Vec::new() }
    }

    fn take(&mut self, now: Timestamp) {
        while let Some(seen) = self.recording.seen.get(self.next).filter(|s| s.at <= now) {
            self.observed.take(seen.change.clone(), seen.at);
            self.next += 1;
        }
        while let Some(there) = self.logs.iter().position(|(at, _)| *at <= now) {
            let (at, log) = self.logs.remove(there);
            self.observed.take(log, at);
        }
        for wanted in self.observed.logs_wanted(&self.aim) {
            if !self.asked.contains(&wanted.run) {
                self.asked.push(wanted.run.clone());
                self.logs.push((now + FETCH, self.recording.log(&wanted)));
            }
        }
    }

    /// All that is said until `is_enough`, or until some time after the recording's end.
    fn all(mut self, is_enough: impl Fn(&Verdict) -> bool) -> Vec<Said> {
        let end = self.recording.seen.last().unwrap().at + AFTER;
        let mut now = self.recording.seen[0].at;
        let mut all = Vec::new();
        while now < end {
            self.take(now);
            if now >= self.aim.begun {
                let said = verdict(&self.observed, &self.aim, now);
                let enough = is_enough(&said);
                all.push(Said { verdict: said, at: now });
                if enough {
                    break;
                }
            }
            let next = self.recording.seen.get(self.next).map_or(now + STEP, |s| s.at.max(now));
            now = next.min(now + STEP);
        }
        all
    }
}

pub(super) fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Done(_) => "done",
        Verdict::Progressing(_) => "progressing",
        Verdict::Failed(failure) => failure.cause.id(),
    }
}

fn is_healthy(case: &Case) -> bool {
    matches!(case.expected, "done" | "progressing")
}

#[test]
fn each_failing_rollout_gets_its_cause_within_five_seconds_of_its_being_visible() {
    let mut table = String::new();
    let mut wrong = String::new();
    for case in CASES.iter().filter(|c| !is_healthy(c)) {
        let Case { name, expected, visible, .. } = case;
        let recording = Recording::of(case);
        let all = Replay::new(&recording).all(|said| !matches!(said, Verdict::Progressing(_)));
        let last = all.last().unwrap();
        let at = recording.seconds(last.at);
        let line = format!(
            "{name:36} {:28} visible {visible:6.2} s, told after {:5.2} s\n",
            word(&last.verdict),
            at - visible
        );
        table.push_str(&line);
        if word(&last.verdict) != *expected || at - visible > LATEST {
            let _ = write!(wrong, "expected {expected}: {line}");
        }
    }
    // Shown by `cargo test -- --nocapture replay`, and when a line of it is wrong.
    assert!(wrong.is_empty(), "{wrong}\nof\n{table}");
}

#[test]
fn a_healthy_rollout_is_never_called_failed_and_comes_to_its_end() {
    for case in CASES.iter().filter(|c| is_healthy(c)) {
        let Case { name, expected, .. } = case;
        let recording = Recording::of(case);
        let all = Replay::new(&recording).all(|said| matches!(said, Verdict::Failed(_)));
        let failed = all.iter().find(|s| matches!(s.verdict, Verdict::Failed(_)));
        let failed = failed.map(|s| (recording.seconds(s.at), &s.verdict));
        assert!(failed.is_none(), "{name}: {failed:?}");
        assert_eq!(word(&all.last().unwrap().verdict), *expected, "{name}: {:?}", all.last().unwrap().verdict);
        let done = all.iter().any(|s| matches!(s.verdict, Verdict::Done(_)));
        assert_eq!(done, *expected == "done", "{name}");
    }
}

/// The promise to people, for each cause.
const LATEST: f64 = 5.0;
