//! A failure: why a container would not become ready on a node, and what to do.

use crate::plain;
use crate::rollout::{self, Cause, Check, Crash};

/// So many lines of a log are shown: the last ones.
const LINES: usize = 12;

/// Why a container would not become ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub cause: Cause,
    /// The end of its log, a line each.
    pub log: Vec<String>,
    /// What to do about it.
    pub mend: String,
}

/// The way in which a container failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It could not be started: what the engine said.
    NotStarted(String),
    /// Its process ended.
    Ended {
        /// With this exit code.
        exit: i32,
        /// The kernel killed it for want of memory.
        for_memory: bool,
    },
    /// A check never passed: its last words.
    Unwell(Check, String),
}

impl Failure {
    /// Of a container that failed in this way; `limit` is how much memory it may have, as the manifest has it.
    pub fn new(way: Way, log: &str, limit: Option<String>) -> Self {
        let log = plain::text(log);
        let cause = match way {
            Way::NotStarted(said) => rollout::not_started(&said),
            Way::Ended { for_memory: true, .. } => Cause::Memory { limit },
            Way::Ended { exit, .. } => rollout::ended(exit, &log),
            Way::Unwell(check, output) => match rollout::absent(&output) {
                Some(program) => Cause::CheckCannotRun { check, program },
                None => Cause::Check { check, output: plain::text(&output) },
            },
        };
        let lines: Vec<_> = log.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
        let log = lines[lines.len().saturating_sub(LINES)..].iter().map(|l| (*l).to_owned()).collect();
        Self { mend: mend(&cause), cause, log }
    }

    /// The cause in one line.
    pub fn headline(&self) -> String {
        plain::text(&self.cause.to_string()).replace('\n', " ")
    }
}

/// What to do about it.
fn mend(cause: &Cause) -> String {
    match cause {
        Cause::Crash { why: Crash::Said(_) | Crash::Silent | Crash::Signal(_), .. } => {
            "what it printed last says why it ends; run it in the same way by hand: docker run --read-only --tmpfs /tmp \
             --cap-drop ALL IMAGE"
                .to_owned()
        }
        Cause::Check { output, .. } if is_refused(output) => {
            "see that the service listens on the port that is asked, and on all addresses (0.0.0.0) instead of 127.0.0.1 \
             alone"
                .to_owned()
        }
        Cause::Check { check: Check::Startup, output } if is_late(output) => {
            "if it needs longer to start, raise start-period under [tool.pydeploy.health]; else what it printed last says \
             what it waits for"
                .to_owned()
        }
        Cause::Check { .. } => {
            "correct what the check asks for (path under [tool.pydeploy.health], or the HEALTHCHECK), or what the service \
             answers to it"
                .to_owned()
        }
        cause => rollout::advice(cause).unwrap_or_else(|| "what the engine said is all that is known of it".to_owned()),
    }
}

fn is_refused(output: &str) -> bool {
    output.to_lowercase().contains("connection refused")
}

fn is_late(output: &str) -> bool {
    output.to_lowercase().contains("timed out") || output.contains("no answer in time")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(way: Way, log: &str) -> Failure {
        Failure::new(way, log, Some("512Mi".to_owned()))
    }

    #[test]
    fn an_end_is_told_by_its_log() {
        let ended = |exit| Way::Ended { exit, for_memory: false };
        let log = "Traceback (most recent call last):\n  File \"/app/main.py\", line 1\nOSError: [Errno 30] Read-only file \
                   system: '/app/app.log'\n";
        let failed = failure(ended(1), log);
        assert_eq!(failed.headline(), "the process writes to /app/app.log, and its file system is read-only");
        assert!(failed.mend.contains("deploy.volumes"), "{}", failed.mend);
        let failed = failure(ended(1), "ModuleNotFoundError: No module named 'x'\n");
        assert_eq!(failed.headline(), "the process needs the module x, which is not in the image");
        let failed = failure(ended(3), "boom\n");
        assert_eq!(failed.headline(), "the process ended once, with exit code 3: boom");
        assert!(failure(ended(0), "").headline().starts_with("the command ends"));
        let failed = failure(Way::Ended { exit: 137, for_memory: true }, "");
        assert_eq!(failed.headline(), "the container needs more memory than its limit, 512Mi");
    }

    #[test]
    fn a_check_is_told_by_its_words() {
        let unwell = |output: &str| failure(Way::Unwell(Check::Startup, output.to_owned()), "a\n\nb\n");
        let failed = unwell("[Errno 111] Connection refused");
        assert_eq!(failed.headline(), "the startup check fails: [Errno 111] Connection refused");
        assert!(failed.mend.contains("0.0.0.0"), "{}", failed.mend);
        assert_eq!(failed.log, ["a", "b"]);
        let absent = "OCI runtime exec failed: exec failed: unable to start container process: exec: \"curl\": executable \
                      file not found in $PATH: unknown";
        assert!(unwell(absent).headline().contains("curl can't be started"));
        assert!(unwell("/bin/sh: 1: curl: not found").headline().contains("curl can't be started"));
        assert!(unwell("503 Service Unavailable").mend.contains("answers"));
    }

    #[test]
    fn what_an_engine_could_not_start_is_named() {
        let said = "OCI runtime create failed: runc create failed: unable to start container process: exec: \"gunicorn\": \
                    executable file not found in $PATH: unknown";
        let failed = failure(Way::NotStarted(said.to_owned()), "");
        assert_eq!(failed.headline(), "the command gunicorn is not in the image");
    }
}
