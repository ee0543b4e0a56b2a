//! Plain progress: lines, for CI logs and for programs.

use std::collections::HashSet;
use std::sync::Mutex;

use anstream::ColorChoice;
use serde_json::{Value, json};

use super::rollout::Told;
use super::{Progress, stderr_line};
use crate::engine::Event;
use crate::engine::event::End;
use crate::rollout::Progress as Rollout;
use crate::words::duration;

/// One line an event.
pub(super) struct Plain {
    color: ColorChoice,
    output: bool,
    started: Mutex<HashSet<String>>,
    unchanged: Mutex<Unchanged>,
    rollout: Mutex<Told>,
}

impl Plain {
    /// `output`: the steps' own output too.
    pub(super) fn new(color: ColorChoice, output: bool) -> Self {
        Self { color, output, started: Mutex::default(), unchanged: Mutex::default(), rollout: Mutex::default() }
    }
}

/// Whether a step is one of BuildKit's own, of which a user knows nothing.
pub(super) fn is_internal(name: &str) -> bool {
    name.starts_with("[internal]") || name.starts_with("exporting") || name.starts_with("[auth]")
}

/// A step's name on one line, without the caches that it mounts.
pub(super) fn one_line(name: &str) -> String {
    let words = name.split_whitespace().filter(|w| !w.starts_with("--mount="));
    words.collect::<Vec<_>>().join(" ")
}

/// Steps and layers that needed no work: counted, and told together.
#[derive(Debug, Default)]
pub(super) struct Unchanged {
    steps: usize,
    layers: usize,
}

impl Unchanged {
    /// One more, by its name.
    pub(super) fn add(&mut self, name: &str) {
        if name.starts_with("push layer") { self.layers += 1 } else { self.steps += 1 }
    }

    /// What there is to tell, once.
    pub(super) fn tell(&mut self) -> Option<String> {
        let Self { steps, layers } = std::mem::take(self);
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        match (steps, layers) {
            (0, 0) => None,
            (steps, 0) => Some(format!("✓ {steps} step{} unchanged", plural(steps))),
            (_, layers) => Some(format!("✓ {layers} layer{} in the registry already", plural(layers))),
        }
    }
}

impl Progress for Plain {
    fn event(&self, event: &Event) {
        match event {
            Event::Started { id, name }
                // A layer is told once it is uploaded: most need no upload.
                if !is_internal(name)
                    && !name.starts_with("push layer")
                    && self.started.lock().is_ok_and(|mut s| s.insert(id.clone())) =>
            {
                self.line(&format!("→ {}", one_line(name)));
            }
            Event::Finished { name, end: End::Cached, .. } if !is_internal(name) => {
                if let Ok(mut unchanged) = self.unchanged.lock() {
                    unchanged.add(name);
                }
            }
            Event::Finished { name, end, .. } if !is_internal(name) => {
                let name = one_line(name);
                self.line(&match end {
                    End::Ran(time) if time.is_zero() => format!("✓ {name}"),
                    End::Ran(time) => format!("✓ {name}  {}", duration(*time)),
                    End::Cached | End::Failed => format!("✗ {name}"),
                });
            }
            Event::Output { text, .. } if self.output => {
                text.lines().for_each(|line| self.line(&format!("  │ {line}")));
            }
            Event::Warning(text) => self.line(&format!("warning: {text}")),
            _ => {}
        }
    }

    fn line(&self, text: &str) {
        self.finish();
        stderr_line(self.color, text);
    }

    fn rollout(&self, name: &str, progress: &Rollout) {
        let lines = self.rollout.lock().map(|mut told| told.news(name, progress)).unwrap_or_default();
        for line in &lines {
            self.line(line);
        }
    }

    fn finish(&self) {
        if let Some(told) = self.unchanged.lock().ok().and_then(|mut u| u.tell()) {
            stderr_line(self.color, &told);
        }
    }
}

/// No progress; faults and warnings are still said.
pub(super) struct Silent {
    pub(super) color: ColorChoice,
}

impl Progress for Silent {
    fn event(&self, _: &Event) {}

    fn line(&self, text: &str) {
        stderr_line(self.color, text);
    }

    fn rollout(&self, _: &str, _: &Rollout) {}

    fn finish(&self) {}
}

/// One JSON object a line.
pub(super) struct Lines;

impl Progress for Lines {
    fn event(&self, event: &Event) {
        let value = match event {
            Event::Started { id, name } => json!({"event": "started", "id": id, "name": name}),
            Event::Finished { id, name, end } => {
                let mut value = json!({"event": "finished", "id": id, "name": name, "cached": *end == End::Cached,
                    "failed": *end == End::Failed});
                if let (End::Ran(time), Some(fields)) = (end, value.as_object_mut()) {
                    fields.insert("ms".into(), json!(time.as_millis()));
                }
                value
            }
            Event::Output { id, text } => json!({"event": "output", "id": id, "text": text}),
            Event::Progress { id, current, total } => {
                json!({"event": "progress", "id": id, "current": current, "total": total})
            }
            Event::Warning(text) => json!({"event": "warning", "text": text}),
        };
        stderr_line(ColorChoice::Never, &value.to_string());
    }

    fn line(&self, text: &str) {
        let text = anstream::adapter::strip_str(text).to_string();
        stderr_line(ColorChoice::Never, &json!({"event": "message", "text": text}).to_string());
    }

    fn rollout(&self, name: &str, progress: &Rollout) {
        let mut value = json!({"event": "rollout", "name": name});
        if let (Some(fields), Value::Object(progress)) = (value.as_object_mut(), progress.document()) {
            fields.insert("status".into(), Value::Object(progress));
        }
        stderr_line(ColorChoice::Never, &value.to_string());
    }

    fn finish(&self) {}
}
