//! The status of a running build: what the daemon reports of its steps, as events.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusRequest, StatusResponse, Vertex};
use futures_util::StreamExt;
use tonic::transport::Channel;

use super::Steps;
use crate::engine::event::{End, Event, Events};

/// Lines of a step's output that are kept for the case that it fails.
const TAIL: usize = 20;

/// Follows the steps of one build.
pub(super) struct Watch {
    events: Events,
    steps: Mutex<HashMap<String, Step>>,
}

#[derive(Debug, Default, Clone)]
struct Step {
    name: String,
    started: bool,
    ended: Option<End>,
    error: String,
    lines: VecDeque<String>,
    partial: String,
}

/// A step that failed, with the last lines that it printed.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) name: String,
    pub(super) error: String,
    pub(super) output: Vec<String>,
}

impl Watch {
    pub(super) fn new(events: Events) -> Self {
        Self { events, steps: Mutex::new(HashMap::new()) }
    }

    /// Until the build ends. Progress is a service: where it breaks off, the build's own answer still counts.
    pub(super) async fn follow(&self, client: &mut ControlClient<Channel>, request: StatusRequest) {
        let Ok(response) = client.status(request).await else { return };
        let mut messages = response.into_inner();
        while let Some(Ok(message)) = messages.next().await {
            self.message(message);
        }
    }

    fn message(&self, message: StatusResponse) {
        let Ok(mut steps) = self.steps.lock() else { return };
        for vertex in message.vertexes {
            self.vertex(steps.entry(vertex.digest.clone()).or_default(), &vertex);
        }
        for status in message.statuses {
            let total = u64::try_from(status.total).ok().filter(|t| *t > 0);
            let current = u64::try_from(status.current).unwrap_or_default();
            (self.events)(&Event::Progress { id: status.vertex, current, total });
        }
        for log in message.logs {
            let text = String::from_utf8_lossy(&log.msg).into_owned();
            steps.entry(log.vertex.clone()).or_default().print(&text);
            (self.events)(&Event::Output { id: log.vertex, text });
        }
        for warning in message.warnings {
            (self.events)(&Event::Warning(String::from_utf8_lossy(&warning.short).into_owned()));
        }
    }

    fn vertex(&self, step: &mut Step, vertex: &Vertex) {
        step.name.clone_from(&vertex.name);
        let id = vertex.digest.clone();
        // What comes from the cache never ran, though the daemon gives it a start as well.
        if vertex.started.is_some() && !vertex.cached && !step.started {
            step.started = true;
            (self.events)(&Event::Started { id: id.clone(), name: vertex.name.clone() });
        }
        if !vertex.error.is_empty() {
            step.error.clone_from(&vertex.error);
        }
        let end = match (&vertex.started, &vertex.completed) {
            _ if !vertex.error.is_empty() => End::Failed,
            _ if vertex.cached => End::Cached,
            (Some(start), Some(end)) => End::Ran(between(start, end)),
            _ => return,
        };
        if step.ended != Some(end) {
            let first = step.ended.is_none();
            step.ended = Some(end);
            if first {
                (self.events)(&Event::Finished { id, name: vertex.name.clone(), end });
            }
        }
    }

    /// The step that failed first, if any did.
    pub(super) fn failed(&self) -> Option<Failed> {
        let steps = self.steps.lock().ok()?;
        let canceled = |s: &&Step| s.error.contains("context canceled");
        let failed = || steps.values().filter(|s| !s.error.is_empty());
        let step = failed().find(|s| !canceled(s)).or_else(|| failed().next())?;
        let mut output: Vec<_> = step.lines.iter().cloned().collect();
        if !step.partial.is_empty() {
            output.push(step.partial.clone());
        }
        Some(Failed { name: step.name.clone(), error: step.error.clone(), output })
    }

    /// Steps of the Dockerfile that ran and that were cached; BuildKit's internal ones don't count.
    pub(super) fn steps(&self) -> Steps {
        let Ok(steps) = self.steps.lock() else { return Steps::default() };
        let of_dockerfile = steps.values().filter(|s| s.name.starts_with('[') && !s.name.starts_with("[internal]"));
        of_dockerfile.fold(Steps::default(), |mut sum, step| {
            match step.ended {
                Some(End::Cached) => sum.cached += 1,
                Some(End::Ran(_)) => sum.ran += 1,
                _ => {}
            }
            sum
        })
    }
}

impl Step {
    fn print(&mut self, text: &str) {
        self.partial.push_str(text);
        while let Some(end) = self.partial.find('\n') {
            let rest = self.partial.split_off(end + 1);
            let line = std::mem::replace(&mut self.partial, rest);
            // A line that redraws itself with carriage returns counts as what it showed last.
            let shown = line.trim_end().rsplit('\r').next().unwrap_or_default().to_owned();
            self.lines.push_back(shown);
            if self.lines.len() > TAIL {
                self.lines.pop_front();
            }
        }
        // Without a newline a step could fill our memory.
        if self.partial.len() > 64 << 10 {
            self.partial.clear();
        }
    }
}

fn between(start: &Timestamp, end: &Timestamp) -> Duration {
    let nanos = |t: &Timestamp| i128::from(t.seconds) * 1_000_000_000 + i128::from(t.nanos);
    u64::try_from(nanos(end) - nanos(start)).map(Duration::from_nanos).unwrap_or_default()
}
