//! A process alone: what its end and its check's words mean where no cluster has run it.

use super::cause::{Cause, Crash};
use super::signs;

/// What a process fails of that has ended once, by its exit code and the end of its log.
pub fn ended(exit: i32, log: &str) -> Cause {
    let cause = signs::lasting(log, exit).unwrap_or_else(|| {
        let why = if exit == 0 { Crash::Ended } else { signs::other(Some(&log.to_owned()), exit) };
        Cause::Crash { exit, why, times: 1 }
    });
    match cause {
        Cause::Crash { exit, why, .. } => Cause::Crash { exit, why, times: 1 },
        cause => cause,
    }
}

/// What a container fails of that a runtime could not start, by its words.
pub fn not_started(said: &str) -> Cause {
    signs::not_started(said)
}

/// The program that a check needs and that can't be started, where its words say so.
pub fn absent(output: &str) -> Option<String> {
    signs::of_check(output).or_else(|| signs::absent(output))
}
