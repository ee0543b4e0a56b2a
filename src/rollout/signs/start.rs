//! A start that failed, told by what the runtime says of it.

use super::super::cause::{Cause, Start};
use super::super::note::cut;
use super::super::quoted;

/// What the runtime could not do when it should start a process, as far as its words are known.
pub(in super::super) fn read(message: &str) -> Cause {
    let program = quoted::after(message, "exec:").unwrap_or_default();
    let why = if message.contains("exec format error") {
        Some(Start::Format)
    } else if program.is_empty() {
        None
    } else if message.contains("executable file not found") || message.contains("no such file or directory") {
        Some(Start::NotFound)
    } else if message.contains("permission denied") || message.contains("is a directory") {
        Some(Start::Denied)
    } else {
        None
    };
    if let Some(why) = why {
        let program = if program.is_empty() { "of the image" } else { program };
        return Cause::Program { program: program.to_owned(), why };
    }
    let path = quoted::between(message, "mkdir ", ":").or_else(|| quoted::after(message, "chdir to cwd ("));
    if let Some(path) = path {
        return Cause::Program { program: path.to_owned(), why: Start::Directory };
    }
    Cause::Container { why: short(message) }
}

/// The end of a chain of causes, which is where they begin.
pub(super) fn short(message: &str) -> String {
    let message = message.trim().trim_end_matches(": unknown");
    let parts: Vec<&str> = message.split(": ").collect();
    let from = parts.len().saturating_sub(2);
    cut(parts[from..].join(": ").lines().next().unwrap_or_default(), 200)
}

/// Why a check's command could not be run in a container that runs; nothing where that may pass.
pub(in super::super) fn of_check(output: &str) -> Option<String> {
    let lasting = ["executable file not found", "no such file or directory", "permission denied", "exec format error"];
    if lasting.iter().any(|words| output.contains(words)) {
        return quoted::after(output, "exec:").map(str::to_owned);
    }
    None
}
