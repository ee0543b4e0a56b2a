//! A choice: the sources that a release of Debian comes from.

use super::super::moment::Moment;
use super::{Signer, Source};

/// What is added to a release's name for what came after it.
const AFTER: [&str; 3] = ["", "-updates", "-security"];
/// Releases that take what is newer themselves.
const ROLLING: [&str; 3] = ["sid", "unstable", "experimental"];
/// The service that keeps Debian's archives as they were at any time.
const SNAPSHOT: &str = "https://snapshot.debian.org/archive";

/// Those of these sources that a release comes from, its updates included, for an architecture. Where none has it, the
/// archives that have another release of Debian are asked for it: they have all of them. Empty where no archive of
/// Debian is among them.
pub fn choose(sources: &[Source], release: &str, architecture: &str) -> Vec<Source> {
    // Others have releases of these names, too, with packages for Debian's. What they sign is not Debian's.
    let of_debian = |source: &&Source| {
        let is_for = source.architectures.is_empty() || source.architectures.iter().any(|name| name == architecture);
        source.signer != Signer::Other && source.components.iter().any(|name| name == "main") && is_for
    };
    let ours: Vec<_> = sources.iter().filter(of_debian).filter(|source| split(&source.suite).is_some()).collect();
    let has_it = |source: &&&Source| split(&source.suite).is_some_and(|(name, _)| name == release);
    let as_it_is: Vec<_> = ours.iter().filter(has_it).map(|source| (**source).clone()).collect();
    // Updates alone are no release.
    if as_it_is.iter().any(|source| source.suite == release) {
        return distinct(as_it_is);
    }
    let other = ours.iter().filter_map(|source| {
        let (_, after) = split(&source.suite)?;
        let is_whole = after.is_empty() || !ROLLING.contains(&release);
        is_whole.then(|| Source { suite: format!("{release}{after}"), ..(**source).clone() })
    });
    distinct(other.collect())
}

/// The sources of a release as it was at some time, from Debian's own service.
pub fn snapshots(release: &str, at: Moment) -> Vec<Source> {
    let archive = |name: &str| format!("{SNAPSHOT}/{name}/{}", at.compact());
    let main = Source::new(&archive("debian"), release, &["main"]);
    if ROLLING.contains(&release) {
        return vec![main];
    }
    let updates = Source { suite: format!("{release}-updates"), ..main.clone() };
    let security = Source::new(&archive("debian-security"), &format!("{release}-security"), &["main"]);
    vec![main, updates, security]
}

/// A release's name and what is added to it; none where that is something else, such as backports.
fn split(suite: &str) -> Option<(&str, &str)> {
    let (name, after) = suite.find('-').map_or((suite, ""), |at| suite.split_at(at));
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_name && AFTER.contains(&after)).then_some((name, after))
}

fn distinct(sources: Vec<Source>) -> Vec<Source> {
    let mut kept: Vec<Source> = Vec::new();
    for source in sources {
        if !kept.iter().any(|other| other.uri == source.uri && other.suite == source.suite) {
            kept.push(source);
        }
    }
    kept
}
