//! An event of a build or push, for whoever shows progress.

use std::sync::Arc;
use std::time::Duration;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A step began.
    Started {
        /// Identifies the step among this build's.
        id: String,
        /// As the engine names it: `[build 2/7] RUN pip install …`.
        name: String,
    },
    /// A step was done.
    Finished {
        /// The step.
        id: String,
        /// Its name.
        name: String,
        /// How it ended.
        end: End,
    },
    /// A step printed something.
    Output {
        /// The step.
        id: String,
        /// A piece of text, not always whole lines.
        text: String,
    },
    /// How far a step has come.
    Progress {
        /// The step.
        id: String,
        /// Bytes done.
        current: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// The engine warns of something in the Dockerfile.
    Warning(String),
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It ran, for that long.
    Ran(Duration),
    /// Nothing it depends on had changed.
    Cached,
    /// It failed.
    Failed,
}

/// Takes events as they happen. Called from several tasks at once.
pub type Events = Arc<dyn Fn(&Event) + Send + Sync>;
