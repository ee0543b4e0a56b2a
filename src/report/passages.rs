//! Passages: what becomes of blobs that go out, told as the steps of a push.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::engine::event::{End, Event, Events};
use crate::registry::{Fate, Passage, Progress};

/// Tells of passages by events.
pub(super) fn told(events: Events) -> Progress {
    let begun: Mutex<HashMap<String, Instant>> = Mutex::default();
    Arc::new(move |passage: Passage<'_>| {
        let (Passage::Sending { parcel, .. } | Passage::Done { parcel, .. }) = passage;
        let id = parcel.descriptor.digest().to_string();
        let name = format!("push {}", parcel.name);
        let begin = || {
            let started = Event::Started { id: id.clone(), name: name.clone() };
            let Ok(mut begun) = begun.lock() else { return Instant::now() };
            *begun.entry(id.clone()).or_insert_with(|| {
                events(&started);
                Instant::now()
            })
        };
        match passage {
            Passage::Sending { bytes, .. } => {
                begin();
                events(&Event::Progress { id, current: bytes, total: Some(parcel.descriptor.size()) });
            }
            Passage::Done { fate: Fate::Uploaded, .. } => {
                let end = End::Ran(begin().elapsed());
                events(&Event::Finished { id, name, end });
            }
            Passage::Done { fate: Fate::Existing | Fate::Mounted, .. } => {
                events(&Event::Finished { id, name, end: End::Cached });
            }
        }
    })
}
