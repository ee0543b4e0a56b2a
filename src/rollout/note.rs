//! A note: what is kept of an event.

use crate::plain;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;

/// A message may be this long, in bytes; the longest seen, of a refused Pod, has two thousand.
const LONGEST: usize = 4096;
/// What the events' recorder writes before a message once it counts several that are alike.
const COMBINED: &str = "(combined from similar events): ";

/// What is kept of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// The kind of what it is about.
    pub(super) kind: String,
    /// Its name.
    pub(super) name: String,
    /// Its uid; claims' are not known to Pods, hence the name.
    pub(super) uid: String,
    /// The container, where it is about one.
    pub(super) container: Option<String>,
    /// CamelCase.
    pub(super) reason: String,
    /// What it says.
    pub(super) message: String,
    /// Whether it is a Warning.
    pub(super) warns: bool,
    /// When the cluster saw it last, by its own clock.
    pub(super) last: Option<Timestamp>,
    /// How often.
    pub(super) count: i32,
    /// When we saw it first.
    pub(super) seen: Timestamp,
    /// Its version.
    pub(super) version: String,
}

impl Note {
    pub(super) fn of(event: Event, seen: Timestamp) -> Self {
        let series = event.series.unwrap_or_default();
        let last = series.last_observed_time.map(|t| t.0).or(event.last_timestamp.map(|t| t.0));
        let last = last.or(event.event_time.map(|t| t.0)).or(event.metadata.creation_timestamp.map(|t| t.0));
        let message = event.message.unwrap_or_default();
        let message = cut(&plain::text(message.strip_prefix(COMBINED).unwrap_or(&message)), LONGEST);
        Self {
            kind: event.involved_object.kind.unwrap_or_default(),
            name: event.involved_object.name.unwrap_or_default(),
            uid: event.involved_object.uid.unwrap_or_default(),
            container: event.involved_object.field_path.as_deref().and_then(container),
            reason: event.reason.unwrap_or_default(),
            message,
            warns: event.type_.as_deref() == Some("Warning"),
            last,
            count: event.count.or(series.count).unwrap_or(1).max(1),
            seen,
            version: event.metadata.resource_version.unwrap_or_default(),
        }
    }
}

/// `spec.containers{app}` → `app`.
fn container(path: &str) -> Option<String> {
    let (_, rest) = path.split_once('{')?;
    Some(rest.split_once('}')?.0.to_owned())
}

/// At most `most` bytes of a text.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}…", &text[..end])
}
