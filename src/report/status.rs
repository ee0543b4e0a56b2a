//! A status, as people read it: where a rollout stands, its Pods, its revisions.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{BOLD, DIM, GREEN, RED, YELLOW};
use crate::plain::line as plain;
use crate::rollout::{PodState, Progress, Revision};

/// A fact with its name.
#[derive(Debug, Clone)]
pub struct Row {
    name: &'static str,
    text: String,
}

impl Row {
    /// A fact.
    pub fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into() }
    }
}

/// The title with the state, and the facts below it.
pub fn head(title: &str, state: &str, why: &str, rows: &[Row]) -> String {
    let color = match state {
        "done" => GREEN,
        "failed" => RED,
        _ => YELLOW,
    };
    let mut text = format!("{BOLD}{title}{BOLD:#}: {color}{state}{color:#}, {}\n", plain(why));
    for Row { name, text: fact } in rows {
        let _ = writeln!(text, "  {DIM}{name:<12}{DIM:#} {}", plain(fact));
    }
    text
}

/// How many Pods are how far.
pub fn counts(progress: &Progress) -> String {
    let Progress { wanted, updated, ready, available, old, .. } = progress;
    let old = if *old > 0 { format!(", {old} of earlier revisions") } else { String::new() };
    format!("{wanted} wanted, {updated} updated, {ready} ready, {available} available{old}")
}

/// A line for each Pod.
pub fn pods(pods: &[PodState]) -> String {
    let mut text = if pods.is_empty() { String::new() } else { format!("\n{DIM}Pods{DIM:#}\n") };
    let width = pods.iter().map(|p| p.name.chars().count()).max().unwrap_or_default();
    for PodState { ready, name, words } in pods {
        let mark = if *ready { format!("{GREEN}✓{GREEN:#}") } else { format!("{YELLOW}·{YELLOW:#}") };
        let _ = writeln!(text, "  {mark} {:<width$}  {}", plain(name), plain(words));
    }
    text
}

/// A line for each revision, the newest first.
pub fn revisions(revisions: &[Revision], now: Timestamp) -> String {
    if revisions.is_empty() {
        return String::new();
    }
    let cells = |revision: &Revision| -> [String; 5] {
        let Revision { number, version, images, created, pods, .. } = revision;
        let pods = match pods {
            0 => String::new(),
            1 => "1 Pod".to_owned(),
            more => format!("{more} Pods"),
        };
        let images = images.iter().map(|image| short(image)).collect::<Vec<_>>().join(", ");
        let age = created.map(|at| age(at, now)).unwrap_or_default();
        [number.to_string(), age, pods, plain(version.as_deref().unwrap_or_default()), images]
    };
    let rows: Vec<_> = revisions.iter().map(cells).collect();
    let width = |at: usize| rows.iter().map(|cells| cells[at].chars().count()).max().unwrap_or_default();
    let [one, two, three, four] = [0, 1, 2, 3].map(width);
    let mut text = format!("\n{DIM}Revisions{DIM:#}\n");
    for (revision, [number, age, pods, version, images]) in revisions.iter().zip(&rows) {
        let mark = if revision.is_current { format!("{GREEN}→{GREEN:#}") } else { " ".to_owned() };
        let reason = revision.reason.as_ref().map(|r| format!("  {DIM}{}{DIM:#}", plain(r))).unwrap_or_default();
        let version = if four == 0 { String::new() } else { format!("{version:<four$}  ") };
        let _ = writeln!(text, "{mark} {number:>one$}  {age:>two$}  {pods:<three$}  {version}{images}{reason}");
    }
    text
}

/// An image's name with as much of its digest as tells it from others.
pub fn short(image: &str) -> String {
    const DIGITS: usize = 12;
    let image = plain(image);
    let Some((name, digest)) = image.split_once("@sha256:") else { return image };
    format!("{name}@sha256:{}", digest.chars().take(DIGITS).collect::<String>())
}

/// How long ago, to two digits or so: `45 s`, `12 min`, `7 h`, `3 d`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at).as_secs().max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_stand_in_columns() {
        let now = Timestamp::from_second(1_000_000).unwrap_or_default();
        let revision = |number, seconds: i64, is_current| Revision {
            number,
            set: format!("api-{number}"),
            version: (number == 10).then(|| "v2".to_owned()),
            images: vec![format!("r/api@sha256:{number:064}")],
            created: Timestamp::from_second(1_000_000 - seconds).ok(),
            reason: (number == 9).then(|| "a new\u{1b}[2J route".to_owned()),
            pods: i32::from(is_current) * 3,
            ready: 0,
            is_current,
        };
        let text = revisions(&[revision(10, 30, true), revision(9, 90_000, false)], now);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            text,
            "\nRevisions\n→ 10  30 s  3 Pods  v2  r/api@sha256:000000000000\n   9  25 h              r/api@sha256:000000000000  a new route\n"
        );
    }

    #[test]
    fn pods_stand_in_columns() {
        let pod = |name: &str, ready| PodState { ready, name: name.into(), words: "runs".into() };
        let text = pods(&[pod("api-1", false), pod("api-10", true)]);
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), "\nPods\n  · api-1   runs\n  ✓ api-10  runs\n");
    }
}
