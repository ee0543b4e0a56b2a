//! A rollout: what is seen of it, what was aimed at, and the verdict on it at any moment.

mod aim;
mod alone;
mod cause;
mod change;
mod document;
mod failure;
mod generation;
mod headline;
mod history;
mod id;
mod mark;
mod mend;
mod note;
mod observed;
mod patience;
mod progress;
mod quoted;
mod signs;
#[cfg(test)]
mod tests;
mod verdict;

pub use aim::Aim;
pub use alone::{absent, ended, not_started};
pub use cause::{Cause, Check, Crash, Denial, Gate, Pull, Shortage, Source, Start, User};
pub use change::{Change, Kind, Object, Run, Tail, Wanted};
pub use failure::{Evidence, Failure, Subject};
pub use history::{Revision, history};
pub use mend::advice;
pub use observed::Observed;
pub use progress::{PodState, Progress};
pub use verdict::{Verdict, progress, verdict};

impl Observed {
    /// The logs that a verdict would read and that nobody has fetched yet: ask again after each change, fetch each once
    /// (its last hundred lines or so), and give it back as [`Change::Log`], with an empty text where there is none.
    pub fn logs_wanted(&self, aim: &Aim) -> Vec<Wanted> {
        if verdict::is_gone(self, aim) { Vec::new() } else { signs::wanted(self) }
    }
}
