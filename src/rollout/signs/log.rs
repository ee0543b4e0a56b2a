//! A log, and what it says of an end that would come again.

use super::super::cause::{Cause, Crash, Denial, Start};
use super::super::change::{Run, Wanted};
use super::super::generation;
use super::super::note::cut;
use super::super::observed::Observed;
use super::super::quoted;
use super::{View, views};

/// Logs of so many Pods are asked for; the others crash in the same way.
const PODS: usize = 3;
/// And of so many runs.
const RUNS: i32 = 6;

/// The run of a container that ended last, and whether another has begun.
pub(super) fn run(view: &View<'_>) -> Option<Wanted> {
    let ended = |state: Option<&k8s_openapi::api::core::v1::ContainerState>| {
        let end = state.and_then(|s| s.terminated.as_ref())?;
        let ran =
            !matches!(end.reason.as_deref(), Some("StartError" | "ContainerCannotRun" | "ContainerStatusUnknown"));
        ran.then_some(())
    };
    let restarts = view.status.restart_count;
    let run = |restarts| Run { pod: super::name(view.pod), container: view.status.name.clone(), restarts };
    if ended(view.status.state.as_ref()).is_some() {
        return Some(Wanted { run: run(restarts), previous: false });
    }
    ended(view.status.last_state.as_ref())?;
    // A container that waits has not begun its next run: the log of the last one is still the current one.
    let waits = view.status.state.as_ref().is_some_and(|s| s.waiting.is_some());
    let before = if waits { restarts } else { restarts.saturating_sub(1) };
    Some(Wanted { run: run(before), previous: !waits })
}

/// The logs that a verdict would read and that nobody has fetched.
pub(in super::super) fn wanted(observed: &Observed) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let pods = generation::pods(observed);
    let ended = pods.into_iter().filter(|pod| views(pod).iter().any(|v| run(v).is_some() && !is_past(v)));
    for pod in ended.take(PODS) {
        let runs = views(pod).into_iter().filter(|v| !is_past(v)).filter_map(|v| run(&v));
        wanted.extend(runs.filter(|w| w.run.restarts < RUNS && !observed.tails.contains_key(&w.run)));
    }
    wanted
}

/// An init container that ended well has nothing to tell.
fn is_past(view: &View<'_>) -> bool {
    let end = view.status.state.as_ref().and_then(|s| s.terminated.as_ref());
    view.ends && end.is_some_and(|e| e.exit_code == 0)
}

/// What a log says of an end that comes out the same each time.
pub(in super::super) fn lasting(text: &str, exit: i32) -> Option<Cause> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()).collect();
    let last = lines.last().copied().unwrap_or_default();
    if let Some(cause) = exec(last, exit) {
        return Some(cause);
    }
    let crash = |why| Some(Cause::Crash { exit, why, times: 0 });
    // Tracebacks of chained exceptions end with the one that counts; a line of the program's own may follow.
    for line in lines.iter().rev().take(8) {
        if line.contains("Read-only file system") {
            return Some(Cause::Write { path: path(line), why: Denial::ReadOnly });
        }
        if line.contains("No usable temporary directory found") {
            return Some(Cause::Write { path: Some("/tmp".to_owned()), why: Denial::ReadOnly });
        }
        if line.starts_with("PermissionError: [Errno 13]") && path(line).is_some() {
            return Some(Cause::Write { path: path(line), why: Denial::Permission });
        }
        if let Some(rest) = line.strip_prefix("ModuleNotFoundError: No module named ") {
            return crash(Crash::Module(rest.trim_matches(['\'', '"']).to_owned()));
        }
        if let Some(rest) = line.strip_prefix("KeyError: ")
            && text.contains("os.environ")
        {
            return crash(Crash::Variable(rest.trim_matches(['\'', '"']).to_owned()));
        }
        if ["SyntaxError: ", "IndentationError: "].iter().any(|e| line.starts_with(e)) {
            return crash(Crash::Syntax);
        }
    }
    None
}

/// What a runtime or a shell writes when it can't start a program.
fn exec(line: &str, exit: i32) -> Option<Cause> {
    let program = |program: &str, why| Some(Cause::Program { program: program.trim().to_owned(), why });
    if let Some(rest) = line.strip_prefix("exec ") {
        if let Some(path) = rest.strip_suffix(": exec format error") {
            return program(path, Start::Format);
        }
        if let Some(path) = rest.strip_suffix(": no such file or directory") {
            return program(path, Start::NoInterpreter);
        }
    }
    let (before, words) = line.rsplit_once(": ")?;
    let named = before.rsplit(": ").next().unwrap_or(before);
    match (exit, words.to_lowercase().as_str()) {
        (127, "not found" | "command not found" | "no such file or directory") => program(named, Start::NotFound),
        (126, "permission denied") => program(named, Start::Denied),
        (126, "exec format error") => program(named, Start::Format),
        _ => None,
    }
}

/// The path that Python quotes at the end of an OSError.
fn path(line: &str) -> Option<String> {
    quoted::between(line, ": '", "'").map(str::to_owned)
}

/// What a log's end says of a crash that may be another one the next time.
pub(in super::super) fn other(text: Option<&String>, exit: i32) -> Crash {
    let last = text.and_then(|t| t.lines().rev().find(|l| !l.trim().is_empty()));
    match last {
        _ if (129..=159).contains(&exit) => Crash::Signal(exit - 128),
        Some(line) => Crash::Said(cut(line.trim(), 200)),
        None => Crash::Silent,
    }
}
