//! A rollout on the screen: rows that stay and change on a terminal, lines where something is new elsewhere.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use anstream::ColorChoice;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{DIM, GREEN};
use crate::plain::line as plain;
use crate::rollout::Progress;

/// Pods that have a row of their own.
const PODS: usize = 8;

/// A row for the whole, one for each Pod, one for the newest event.
#[derive(Default)]
pub(super) struct View {
    rows: Mutex<Vec<ProgressBar>>,
}

impl View {
    /// Shows it in place of what was shown before.
    pub(super) fn show(&self, bars: &MultiProgress, color: ColorChoice, name: &str, progress: &Progress) {
        let Ok(mut rows) = self.rows.lock() else { return };
        let texts = texts(name, progress);
        while rows.len() > texts.len() {
            if let Some(row) = rows.pop() {
                row.finish_and_clear();
                bars.remove(&row);
            }
        }
        while rows.len() < texts.len() {
            let row = bars.add(ProgressBar::new_spinner());
            let template = if rows.is_empty() { "{spinner:.cyan} {wide_msg} {elapsed:.dim}" } else { "  {wide_msg}" };
            row.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()));
            if rows.is_empty() {
                row.enable_steady_tick(Duration::from_millis(100));
            }
            rows.push(row);
        }
        let shown = |text: String| match color {
            ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
            _ => text,
        };
        rows.iter().zip(texts).for_each(|(row, text)| row.set_message(shown(text)));
    }

    /// Takes it off the screen.
    pub(super) fn clear(&self) {
        if let Ok(mut rows) = self.rows.lock() {
            rows.drain(..).for_each(|row| row.finish_and_clear());
        }
    }
}

/// The rows.
fn texts(name: &str, progress: &Progress) -> Vec<String> {
    let mut texts = vec![format!("{name}: {}", counts(progress))];
    let shown = || progress.pods.iter().take(PODS);
    let width = shown().map(|pod| pod.name.chars().count()).max().unwrap_or_default();
    for pod in shown() {
        let mark = if pod.ready { format!("{GREEN}✓{GREEN:#}") } else { format!("{DIM}·{DIM:#}") };
        texts.push(format!("{mark} {:<width$}  {DIM}{}{DIM:#}", plain(&pod.name), plain(&pod.words)));
    }
    if progress.pods.len() > PODS {
        texts.push(format!("{DIM}… {} more{DIM:#}", progress.pods.len() - PODS));
    }
    // What a Pod's own row says is not said again.
    if !shown().any(|pod| progress.waits_for.ends_with(&format!("{}: {}", pod.name, pod.words))) {
        texts.push(format!("{DIM}{}{DIM:#}", plain(&progress.waits_for)));
    }
    texts.extend(progress.newest.iter().map(|event| format!("{DIM}{}{DIM:#}", plain(event))));
    texts
}

fn counts(progress: &Progress) -> String {
    let Progress { wanted, updated, ready, available, old, .. } = progress;
    let old = if *old > 0 { format!(", {old} old") } else { String::new() };
    format!("{updated}/{wanted} updated, {ready} ready, {available} available{old}")
}

/// What has been told of a rollout in lines.
#[derive(Default)]
pub(super) struct Told {
    counts: String,
    pods: BTreeMap<String, String>,
    event: Option<String>,
}

impl Told {
    /// A line for each thing that is new. A state that only counts seconds is not.
    pub(super) fn news(&mut self, name: &str, progress: &Progress) -> Vec<String> {
        let mut lines = Vec::new();
        let counts = counts(progress);
        if self.counts != counts {
            lines.push(format!("→ {name}: {counts}"));
            self.counts = counts;
        }
        for pod in &progress.pods {
            let steady: String = pod.words.chars().filter(|c| !c.is_ascii_digit()).collect();
            if self.pods.get(&pod.name) != Some(&steady) {
                lines.push(format!("  {}: {}", plain(&pod.name), plain(&pod.words)));
                self.pods.insert(pod.name.clone(), steady);
            }
        }
        if progress.newest.is_some() && self.event != progress.newest {
            self.event.clone_from(&progress.newest);
            lines.extend(self.event.iter().map(|event| format!("  {DIM}{}{DIM:#}", plain(event))));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::PodState;

    #[test]
    fn rows_stand_in_columns_and_say_nothing_twice() {
        let pod =
            |name: &str, words: &str| PodState { ready: words == "ready", name: name.into(), words: words.into() };
        let pods = vec![pod("api-1", "starts"), pod("api-10", "ready")];
        let at = |waits_for: &str| Progress {
            wanted: 2,
            pods: pods.clone(),
            waits_for: waits_for.into(),
            ..Progress::default()
        };
        let rows = |waits_for: &str| -> Vec<String> {
            texts("api", &at(waits_for)).iter().map(|t| anstream::adapter::strip_str(t).to_string()).collect()
        };
        let counts = "api: 0/2 updated, 0 ready, 0 available";
        assert_eq!(rows("waits for Pod api-1: starts"), [counts, "· api-1   starts", "✓ api-10  ready"]);
        assert_eq!(rows("waits for the old Pods to end")[3], "waits for the old Pods to end");
    }

    #[test]
    fn a_line_is_said_once() {
        let pod = |words: &str| PodState { ready: false, name: "api-1".into(), words: words.into() };
        let at = |words: &str| Progress { wanted: 1, pods: vec![pod(words)], ..Progress::default() };
        let mut told = Told::default();
        assert_eq!(told.news("api", &at("still pulling x for 1 s")).len(), 2);
        assert!(told.news("api", &at("still pulling x for 2 s")).is_empty());
        assert_eq!(told.news("api", &at("ready\u{1b}[2J")), ["  api-1: ready"]);
    }
}
