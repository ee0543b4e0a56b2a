//! A failed build: the daemon's error, as the step, its last output and the line of the Dockerfile.

use bollard_buildkit_proto::google::rpc;
use prost::Message;
use regex::Regex;
use serde::Deserialize;

use super::status::{Failed, Watch};
use crate::engine::BuildInput;
use crate::engine::error::{Error, StepFailure};

/// BuildKit's `errdefs.Source`, the part of the Dockerfile that an error is about, as it travels: JSON in a detail.
#[derive(Deserialize)]
struct SourceError {
    ranges: Vec<SourceRange>,
}

#[derive(Deserialize)]
struct SourceRange {
    start: SourcePosition,
}

#[derive(Deserialize)]
struct SourcePosition {
    line: usize,
}

/// What BuildKit says when the session has gone.
const LOST: &[&str] = &["transport is closing", "session healthcheck failed", "no active session for"];

/// What the daemon's answer means.
pub(super) fn explain(status: &tonic::Status, watch: &Watch, input: &BuildInput) -> Error {
    let message = plain_message(status.message());
    let failed = watch.failed();
    let name = input.dockerfile.name().to_owned();
    let line = line(status, &message);
    // A command that ran and failed printed its own reason; only what BuildKit itself could not do is the engine's.
    let ran = message.contains("did not complete successfully") || message.contains("executor failed running");
    if !ran && message.contains("no space left on device") {
        return Error::DiskFull { doing: failed.map_or_else(|| "building".to_owned(), |f| f.name) };
    }
    // A daemon that is starved for some seconds fails its own health check of the session, ends that, and then the
    // build for want of it: https://github.com/moby/buildkit/pull/2998.
    if !ran && LOST.iter().any(|words| message.contains(words)) {
        return Error::SessionLost { message };
    }
    if let Some(image) = base_image(&message, failed.as_ref()) {
        return Error::Base { image, message };
    }
    if message.contains("dockerfile parse error") || message.contains("failed to create LLB definition") {
        let message = message.rsplit("failed to create LLB definition: ").next().unwrap_or(&message).to_owned();
        return Error::Dockerfile { dockerfile: name, line, message: without_line(&message) };
    }
    match failed {
        Some(failed) => {
            let line = line.or_else(|| line_of_step(&input.dockerfile_text(), &failed.name));
            Error::Step(Box::new(StepFailure {
                dockerfile: name,
                line,
                reason: reason(&failed.error),
                step: failed.name,
                output: failed.output,
            }))
        }
        None => Error::Other(message),
    }
}

/// BuildKit prefixes its errors with the way that they came.
fn plain_message(message: &str) -> String {
    let message = message.strip_prefix("failed to solve: ").unwrap_or(message);
    let message = message.strip_prefix("rpc error: code = Unknown desc = ").unwrap_or(message);
    message.strip_prefix("failed to solve with frontend dockerfile.v0: ").unwrap_or(message).to_owned()
}

/// The line from the error's details, or from its text.
fn line(status: &tonic::Status, message: &str) -> Option<usize> {
    let details = rpc::Status::decode(status.details()).unwrap_or_default();
    let detailed = details.details.iter().filter(|any| any.type_url.ends_with("errdefs.Source+json")).find_map(|any| {
        let source: SourceError = serde_json::from_slice(&any.value).ok()?;
        source.ranges.first().map(|r| r.start.line)
    });
    detailed.or_else(|| {
        let pattern = Regex::new(r"(?:parse error )?on line (\d+)|parse error line (\d+)").ok()?;
        let found = pattern.captures(message)?;
        found.get(1).or_else(|| found.get(2))?.as_str().parse().ok()
    })
}

fn without_line(message: &str) -> String {
    Regex::new(r"^dockerfile parse error (?:on )?line \d+: ")
        .map_or_else(|_| message.to_owned(), |prefix| prefix.replace(message, "").into_owned())
}

/// `process "/bin/sh -c …" did not complete successfully: exit code: 1` says twice what the step's name says.
fn reason(error: &str) -> String {
    let error = error.rsplit("did not complete successfully: ").next().unwrap_or(error);
    match error.rsplit_once("]: ") {
        Some((before, after)) if before.contains("executor failed running") => after.to_owned(),
        _ => error.to_owned(),
    }
}

fn base_image(message: &str, failed: Option<&Failed>) -> Option<String> {
    let step = failed.map(|f| f.name.as_str()).unwrap_or_default();
    let of_metadata = step.strip_prefix("[internal] load metadata for ");
    let of_resolve = || {
        let rest = message.split("failed to resolve source metadata for ").nth(1)?;
        rest.split(": ").next()
    };
    let of_pull = || {
        let pull = step.starts_with('[') && step.contains("] FROM ") && message.contains(": failed to");
        pull.then(|| step.split("] FROM ").nth(1)).flatten()
    };
    of_metadata.or_else(of_resolve).or_else(of_pull).map(str::to_owned)
}

/// Engine 20.10 gives no place: the step's text is looked for in the Dockerfile.
fn line_of_step(text: &str, step: &str) -> Option<usize> {
    let squeeze = |s: &str| s.split_whitespace().filter(|w| *w != "\\").collect::<Vec<_>>().join(" ");
    let wanted = squeeze(step.split_once("] ")?.1);
    let lines: Vec<_> = text.lines().collect();
    (0..lines.len()).find_map(|start| {
        let mut joined = String::new();
        for line in lines.get(start..)? {
            // Comments inside an instruction are no part of it.
            if line.trim_start().starts_with('#') && !joined.is_empty() {
                continue;
            }
            joined.push_str(line.trim_end().trim_end_matches('\\'));
            joined.push(' ');
            if !line.trim_end().ends_with('\\') {
                break;
            }
        }
        (squeeze(&joined) == wanted).then_some(start + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steps_reason_is_said_once() {
        let new = r#"process "/bin/sh -c false" did not complete successfully: exit code: 1"#;
        assert_eq!(reason(new), "exit code: 1");
        assert_eq!(reason("executor failed running [/bin/sh -c false]: exit code: 1"), "exit code: 1");
        assert_eq!(reason("something else"), "something else");
    }

    #[test]
    fn a_steps_line_is_found_in_the_dockerfile() {
        let text = "FROM a AS build\nRUN one && \\\n# why\n    two\nCOPY . .\n";
        assert_eq!(line_of_step(text, "[build 2/3] RUN one &&     two"), Some(2));
        assert_eq!(line_of_step(text, "[build 3/3] COPY . ."), Some(5));
        assert_eq!(line_of_step(text, "[build 3/3] RUN other"), None);
    }

    #[test]
    fn a_parse_error_says_its_line_once() {
        assert_eq!(without_line("dockerfile parse error line 3: unknown instruction: FOO"), "unknown instruction: FOO");
        let status = tonic::Status::unknown("dockerfile parse error on line 12: unknown instruction");
        assert_eq!(line(&status, status.message()), Some(12));
    }
}
