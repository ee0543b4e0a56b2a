//! A moment, as archives date what they publish.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY: u64 = 24 * 60 * 60;

/// A moment: seconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Moment {
    /// Reads `Sat, 21 Nov 2026 09:15:44 UTC`. Archives use no other time zone.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_once(',').map_or(text, |(_, rest)| rest).split_ascii_whitespace();
        let day: u64 = words.next()?.parse().ok()?;
        let month = words.next().and_then(|name| MONTHS.iter().position(|month| *month == name))?;
        let year: u64 = words.next()?.parse().ok()?;
        let mut time = words.next()?.split(':').map(str::parse::<u64>);
        let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
        let zone = words.next()?;
        let is_sound = (1970..10_000).contains(&year)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60
            && time.next().is_none()
            && words.next().is_none()
            && matches!(zone, "UTC" | "GMT" | "+0000");
        let days = is_sound.then(|| days(year, month as u64 + 1, day))?;
        Some(Self(days * DAY + hour * 3600 + minute * 60 + second))
    }

    /// As snapshots of an archive are named: `20261121T091544Z`.
    pub fn compact(self) -> String {
        let ((year, month, day), time) = (date(self.0 / DAY), self.0 % DAY);
        format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", time / 3600, time / 60 % 60, time % 60)
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((year, month, day), time) = (date(self.0 / DAY), self.0 % DAY);
        write!(f, "{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", time / 3600, time / 60 % 60)
    }
}

/// Days since 1970. A year begins in March here, so that the day that not every year has is its last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Year, month, day.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 UTC", 0),
            ("Sat, 21 Nov 2026 09:15:44 UTC", 1_795_252_544),
            ("Thu, 29 Feb 2024 23:59:60 GMT", 1_709_251_200),
            ("1 Mar 2100 00:00:00 +0000", 4_107_542_400),
        ] {
            assert_eq!(Moment::parse(text), Some(Moment(seconds)), "{text}");
        }
        assert_eq!(Moment(1_795_252_544).compact(), "20261121T091544Z");
        assert_eq!(Moment(1_709_208_000).to_string(), "2024-02-29 12:00 UTC");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "now",
            "Sat, 21 Nov 2026",
            "Sat, 21 Nov 2026 09:15:44",
            "Sat, 21 Nov 2026 09:15:44 CET",
            "Sat, 0 Nov 2026 09:15:44 UTC",
            "Sat, 21 Nov 99999999999 09:15:44 UTC",
            "Sat, 21 Nov 2026 24:15:44 UTC",
            "Sat, 21 Nov 2026 09:15:44 UTC and more",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
