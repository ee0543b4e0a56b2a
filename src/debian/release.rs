//! A release: what an archive's signed index says of itself, and the checksums of its other indexes.
//!
//! <https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files>

use std::collections::BTreeMap;

use super::moment::Moment;
use super::sources::{Expiry, Source};
use super::stanza::Stanza;

/// How far an archive's clock may be ahead of ours, in seconds. Longer than that, ours is wrong, and whether the archive
/// is valid can't be told.
const AHEAD: u64 = 6 * 60 * 60;

/// What an archive says of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// `stable`, `stable-security`.
    pub suite: String,
    /// `trixie`, `trixie-security`.
    pub codename: String,
    /// When it was published.
    pub date: Moment,
    /// Until when it is valid, if it says so.
    pub valid_until: Option<Moment>,
    /// Whether indexes can be had by their checksum.
    pub by_hash: bool,
    indexes: BTreeMap<String, Listed>,
}

/// What is known of an index before it is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) sha256: [u8; 32],
    pub(super) size: u64,
}

/// Why an archive's index of a release is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseFault {
    /// Not what an index of a release looks like.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A date that can't be read.
    #[error("its {field} is {value:?}, which is no date")]
    Date {
        /// The field.
        field: &'static str,
        /// What is in it.
        value: String,
    },
    /// Another release.
    #[error("it is of the release {0}")]
    Other(String),
    /// It is too old.
    #[error("it was valid until {until}, and now it is {now}")]
    Expired {
        /// Until when.
        until: Moment,
        /// When it was looked at.
        now: Moment,
    },
    /// It is from the future.
    #[error("it is of {date}, and here it is {now}")]
    Future {
        /// When it says it was made.
        date: Moment,
        /// When it was looked at.
        now: Moment,
    },
}

impl Release {
    /// Reads the text of a release whose signature was verified.
    pub fn read(text: &str) -> Result<Self, ReleaseFault> {
        let stanza = Stanza::all(text).into_iter().next().unwrap_or_default();
        let date = |field: &'static str| {
            let read =
                |value: &str| Moment::parse(value).ok_or_else(|| ReleaseFault::Date { field, value: value.to_owned() });
            stanza.get(field).map(read).transpose()
        };
        let indexes: BTreeMap<_, _> = stanza.lines("SHA256").filter_map(listed).collect();
        if indexes.is_empty() {
            return Err(ReleaseFault::Missing("SHA256"));
        }
        Ok(Self {
            suite: stanza.get("Suite").unwrap_or_default().to_owned(),
            codename: stanza.get("Codename").unwrap_or_default().to_owned(),
            date: date("Date")?.ok_or(ReleaseFault::Missing("Date"))?,
            valid_until: date("Valid-Until")?,
            by_hash: stanza.get("Acquire-By-Hash").is_some_and(|value| value.eq_ignore_ascii_case("yes")),
            indexes,
        })
    }

    /// Whether it is what a source was asked for, and not out of its time.
    pub fn check(&self, source: &Source, now: Moment) -> Result<(), ReleaseFault> {
        if source.suite != self.suite && source.suite != self.codename {
            let name = if self.codename.is_empty() { &self.suite } else { &self.codename };
            return Err(ReleaseFault::Other(name.clone()));
        }
        if self.date.0 > now.0.saturating_add(AHEAD) {
            return Err(ReleaseFault::Future { date: self.date, now });
        }
        match self.valid_until {
            Some(until) if until < now && source.expiry == Expiry::Refused => Err(ReleaseFault::Expired { until, now }),
            _ => Ok(()),
        }
    }

    /// What is known of an index in this release, by its path in the release's folder.
    pub(super) fn listed(&self, path: &str) -> Option<Listed> {
        self.indexes.get(path).copied()
    }
}

/// ` 98f2…  1961125 main/Contents-all`
fn listed(line: &str) -> Option<(String, Listed)> {
    let mut words = line.split_ascii_whitespace();
    let mut sha256 = [0; 32];
    hex::decode_to_slice(words.next()?, &mut sha256).ok()?;
    let size = words.next()?.parse().ok()?;
    Some((words.next()?.to_owned(), Listed { sha256, size }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(rest: &str) -> String {
        let hash = "ab".repeat(32);
        format!(
            "Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 21 Nov 2026 09:15:44 UTC\n{rest}MD5Sum:\n \
             0 9 main/x\nSHA256:\n {hash} 12 main/binary-amd64/Packages.xz\n nonsense\n"
        )
    }

    #[test]
    fn a_release_is_read() {
        let release = Release::read(&text("Acquire-By-Hash: yes\n")).unwrap();
        assert_eq!((release.suite.as_str(), release.codename.as_str()), ("stable", "trixie"));
        assert!(release.by_hash);
        let listed = release.listed("main/binary-amd64/Packages.xz");
        assert_eq!(listed, Some(Listed { sha256: [0xab; 32], size: 12 }));
        assert_eq!(release.listed("main/x"), None);
        assert_eq!(Release::read(""), Err(ReleaseFault::Missing("SHA256")));
        assert!(matches!(Release::read(&text("Valid-Until: soon\n")), Err(ReleaseFault::Date { .. })));
    }

    #[test]
    fn it_is_of_its_name_and_time() {
        let source = |suite: &str| Source::new("http://archive.example/debian", suite, &["main"]);
        let release = Release::read(&text("Valid-Until: Sat, 28 Nov 2026 09:15:44 UTC\n")).unwrap();
        let date = release.date.0;
        let check = |source: &Source, now| release.check(source, Moment(now));
        assert_eq!(check(&source("trixie"), date), Ok(()));
        assert_eq!(check(&source("stable"), date + 7 * 86_400), Ok(()));
        assert_eq!(check(&source("bookworm"), date), Err(ReleaseFault::Other("trixie".into())));
        assert!(matches!(check(&source("trixie"), date + 7 * 86_400 + 1), Err(ReleaseFault::Expired { .. })));
        assert_eq!(check(&source("trixie"), date - AHEAD), Ok(()));
        assert!(matches!(check(&source("trixie"), date - AHEAD - 1), Err(ReleaseFault::Future { .. })));
        let past = Source::new("http://archive.example/debian/20261121T091544Z", "trixie", &["main"]);
        assert_eq!(check(&past, date + 700 * 86_400), Ok(()));
    }
}
