//! `cache`: what is kept between runs, and its pruning.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::Context;
use crate::cache::{self, Cache, Limit, Pruned, Share, Usage};
use crate::cli::{CacheAction, CacheArgs, ImageArgs, ProjectArg};
use crate::fault::Fault;
use crate::report::{Bar, draw, size};

pub(super) fn run(context: &Context<'_>, args: &CacheArgs) -> Result<(), Fault> {
    // The project's settings may name another folder.
    let settings = context.settings(&ProjectArg { project: ".".into() }, &ImageArgs::default(), None)?;
    let root = settings.layers.cache.map_or_else(|| context.machine.cache(), Ok)?;
    let cache = Cache::open(&root)?;
    let pruned = match &args.action {
        None => None,
        Some(CacheAction::Prune(prune)) => {
            let limit = if prune.all { Limit(0) } else { prune.keep.unwrap_or_default() };
            Some(cache.prune(limit)?)
        }
    };
    let usage = cache.usage()?;
    context.report.answer(&match &pruned {
        None => text(&cache, &usage),
        Some(pruned) => pruned_text(pruned, &usage),
    });
    context.report.document(&json!({
        "schema": "pydeploy.cache/1",
        "root": cache.root().display().to_string(),
        "limit": Limit::default().0,
        "bytes": usage.bytes(),
        "entries": usage.shares.iter().map(|share| json!({
            "what": share.what,
            "entries": share.entries,
            "bytes": share.bytes,
            "lastUsed": time(share.last),
            "oldestUse": time(share.oldest),
        })).collect::<Vec<_>>(),
        "pruned": pruned.map(|p| json!({"entries": p.entries, "bytes": p.bytes, "inUse": p.held})),
    }));
    Ok(())
}

fn text(cache: &Cache, usage: &Usage) -> String {
    let entries: u64 = usage.shares.iter().map(|share| share.entries).sum();
    let rows = [
        ("where", cache.root().display().to_string()),
        ("size", format!("{} in {entries} entr{}", size(usage.bytes()), if entries == 1 { "y" } else { "ies" })),
        ("limit", format!("{}: beyond it, what is used least goes first", size(Limit::default().0))),
    ];
    let now = SystemTime::now();
    let bars: Vec<_> =
        usage.shares.iter().map(|share| Bar::bytes(share.bytes, what(share), used(share, now))).collect();
    let rows = rows.map(|(name, value)| (name.to_owned(), value));
    // A blank line is for what stands above a picture; nothing does here.
    draw("Cache", &rows, &bars).trim_start_matches('\n').to_owned()
}

fn pruned_text(pruned: &Pruned, usage: &Usage) -> String {
    let Pruned { entries, bytes, held, .. } = pruned;
    let plural = |count: u64| if count == 1 { "entry" } else { "entries" };
    let held = match held {
        0 => String::new(),
        held => format!("; {held} {} stay, since a running process uses them", plural(*held)),
    };
    format!("removed {entries} {}, {}; {} are left{held}\n", plural(*entries), size(*bytes), size(usage.bytes()))
}

/// What a share is, in words.
fn what(share: &Share) -> String {
    let words = match share.what.as_str() {
        cache::BLOBS => "layers and downloads",
        "archive" => "package archives",
        "base" => "base images",
        "build" => "wheels that were built",
        "dependencies" => "dependencies",
        "image" => "images",
        "interpreter" => "Python interpreters",
        "layer" => "notes on layers",
        "scan" => "notes on files",
        "tool" => "programs",
        other => other,
    };
    words.to_owned()
}

fn used(share: &Share, now: SystemTime) -> String {
    let days = |time| now.duration_since(time).unwrap_or(Duration::ZERO).as_secs() / (24 * 60 * 60);
    // A use is written down once a day.
    let when = |time| match days(time) {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    };
    let (last, oldest) = (when(share.last), when(share.oldest));
    let since = if last == oldest { String::new() } else { format!(", the oldest {oldest}") };
    format!("({}) used {last}{since}", share.entries)
}

fn time(time: SystemTime) -> Option<String> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let second = i64::try_from(since.as_secs()).ok()?;
    Some(jiff::Timestamp::from_second(second).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_told_by_the_day() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let ago = |hours: u64| now - Duration::from_hours(hours);
        let share = |last, oldest| {
            let (last, oldest) = (ago(last), ago(oldest));
            used(&Share { what: "tool".into(), entries: 3, bytes: 9, last, oldest }, now)
        };
        assert_eq!(share(0, 23), "(3) used today");
        assert_eq!(share(25, 100), "(3) used yesterday, the oldest 4 days ago");
        assert_eq!(time(now).as_deref(), Some("2027-01-15T08:00:00Z"));
    }
}
