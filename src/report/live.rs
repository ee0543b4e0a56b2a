//! A live display: one line a running step, with its time and the last thing it printed.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use anstream::ColorChoice;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::plain::{Unchanged, is_internal, one_line};
use super::rollout::View;
use super::{DIM, GREEN, Progress, RED, YELLOW};
use crate::engine::Event;
use crate::engine::event::End;
use crate::rollout::Progress as Rollout;
use crate::words::{duration, size};

/// A line for each step that runs; a mark for each that is done.
pub(super) struct Live {
    bars: MultiProgress,
    running: Mutex<HashMap<String, ProgressBar>>,
    unchanged: Mutex<Unchanged>,
    rollout: View,
    color: ColorChoice,
}

impl Live {
    pub(super) fn new(color: ColorChoice) -> Self {
        let (running, unchanged) = (Mutex::default(), Mutex::default());
        Self { bars: MultiProgress::new(), running, unchanged, rollout: View::default(), color }
    }

    fn start(&self, id: &str, name: &str) {
        let Ok(mut running) = self.running.lock() else { return };
        if running.contains_key(id) {
            return;
        }
        let bar = self.bars.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("{spinner:.cyan} {prefix} {elapsed:.dim} {wide_msg:.dim}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_prefix(one_line(name).chars().take(70).collect::<String>());
        bar.enable_steady_tick(Duration::from_millis(100));
        running.insert(id.to_owned(), bar);
    }

    fn end(&self, id: &str, name: &str, end: End) {
        if let Some(bar) = self.running.lock().ok().and_then(|mut r| r.remove(id)) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        if is_internal(name) {
            return;
        }
        if end == End::Cached {
            if let Ok(mut unchanged) = self.unchanged.lock() {
                unchanged.add(name);
            }
            return;
        }
        let name: String = one_line(name).chars().take(90).collect();
        self.line(&match end {
            End::Ran(time) if time.is_zero() => format!("{GREEN}✓{GREEN:#} {name}"),
            End::Ran(time) => format!("{GREEN}✓{GREEN:#} {name}  {DIM}{}{DIM:#}", duration(time)),
            End::Cached | End::Failed => format!("{RED}✗{RED:#} {name}"),
        });
    }

    fn message(&self, id: &str, text: String) {
        if let Ok(running) = self.running.lock()
            && let Some(bar) = running.get(id)
        {
            bar.set_message(text);
        }
    }
}

impl Progress for Live {
    fn event(&self, event: &Event) {
        match event {
            Event::Started { id, name } => self.start(id, name),
            Event::Finished { id, name, end } => self.end(id, name, *end),
            Event::Output { id, text } => {
                if let Some(line) = text.lines().rev().find(|l| !l.trim().is_empty()) {
                    self.message(id, crate::plain::line(line.trim()));
                }
            }
            Event::Progress { id, current, total } => {
                let of = total.map(|t| format!(" of {}", size(t))).unwrap_or_default();
                self.message(id, format!("{}{of}", size(*current)));
            }
            Event::Warning(text) => self.line(&format!("{YELLOW}warning{YELLOW:#}: {text}")),
        }
    }

    fn line(&self, text: &str) {
        self.told();
        self.print(text);
    }

    fn rollout(&self, name: &str, progress: &Rollout) {
        self.told();
        self.rollout.show(&self.bars, self.color, name, progress);
    }

    fn finish(&self) {
        self.rollout.clear();
        if let Ok(mut running) = self.running.lock() {
            running.drain().for_each(|(_, bar)| bar.finish_and_clear());
        }
        self.told();
    }
}

impl Live {
    /// Tells what needed no work before anything that comes after it.
    fn told(&self) {
        if let Some(told) = self.unchanged.lock().ok().and_then(|mut u| u.tell()) {
            self.print(&format!("{DIM}{told}{DIM:#}"));
        }
    }

    fn print(&self, text: &str) {
        // indicatif draws on standard error as well, so a line is printed above what is running.
        let shown = match self.color {
            ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
            _ => text.to_owned(),
        };
        self.bars.suspend(|| super::stderr_line(self.color, &shown));
    }
}
