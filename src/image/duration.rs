//! A duration as Go writes and reads it: `30s`, `1m30s`, `500ms`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A duration in Go's notation, which Dockerfiles and Docker's settings use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct GoDuration(pub Duration);

/// Why a text is no duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a duration such as 30s, 1m30s or 500ms")]
pub struct NotADuration(pub String);

const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl GoDuration {
    /// From whole seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// From nanoseconds as Docker stores them; a negative count is none.
    pub fn from_nanos(nanos: i64) -> Option<Self> {
        u64::try_from(nanos).ok().map(|n| Self(Duration::from_nanos(n)))
    }

    /// In seconds, rounded up.
    pub fn ceil_seconds(self) -> u64 {
        self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0)
    }
}

impl FromStr for GoDuration {
    type Err = NotADuration;

    /// Go's `time.ParseDuration`, without values below zero: <https://pkg.go.dev/time#ParseDuration>.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotADuration(text.to_owned());
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let nanos = nanoseconds(unsigned).ok_or_else(wrong)?;
        if nanos > 0 && text.starts_with('-') { Err(wrong()) } else { Ok(Self(Duration::from_nanos(nanos))) }
    }
}

/// At most 2^63-1 nanoseconds, without a sign.
fn nanoseconds(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let (mut rest, mut sum) = (text, 0_u64);
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let scale = UNITS.iter().find(|(u, _)| *u == unit).map(|(_, scale)| *scale)?;
        sum = sum.checked_add(scaled(number, scale)?).filter(|sum| i64::try_from(*sum).is_ok())?;
        rest = tail;
        if rest.is_empty() {
            return Some(sum);
        }
    }
}

fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    whole.checked_mul(scale)?.checked_add(part(fraction, scale))
}

/// A fraction of a unit. In floating point, and without the digits that an integer can't hold, as Go has it.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn part(fraction: &str, scale: u64) -> u64 {
    let (mut digits, mut divisor) = (0_u64, 1.0_f64);
    for digit in fraction.bytes().map(|b| u64::from(b - b'0')) {
        let Some(more) = digits.checked_mul(10).and_then(|d| d.checked_add(digit)).filter(|d| *d <= 1 << 63) else {
            break;
        };
        digits = more;
        divisor *= 10.0;
    }
    (digits as f64 * (scale as f64 / divisor)) as u64
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.write_str("0s");
        }
        if nanos < 1_000_000_000 {
            let (unit, scale) = match nanos {
                0..1_000 => ("ns", 1),
                1_000..1_000_000 => ("µs", 1_000),
                _ => ("ms", 1_000_000),
            };
            return write!(f, "{}{unit}", decimal(nanos, scale));
        }
        let (hours, minutes) = (nanos / 3_600_000_000_000, nanos / 60_000_000_000 % 60);
        let seconds = nanos % 60_000_000_000;
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 || (hours > 0 && seconds > 0) {
            write!(f, "{minutes}m")?;
        }
        if seconds > 0 {
            write!(f, "{}s", decimal(seconds, 1_000_000_000))?;
        }
        Ok(())
    }
}

fn decimal(nanos: u128, scale: u128) -> String {
    let width = scale.ilog10() as usize;
    let (whole, rest) = (nanos / scale, nanos % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let fraction = format!("{rest:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

impl serde::Serialize for GoDuration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_and_writes_gos_notation() {
        for (text, nanos, shown) in [
            ("30s", 30_000_000_000, "30s"),
            ("1m30s", 90_000_000_000, "1m30s"),
            ("90s", 90_000_000_000, "1m30s"),
            ("500ms", 500_000_000, "500ms"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("0", 0, "0s"),
            ("1h", 3_600_000_000_000, "1h"),
            ("1h0m5s", 3_605_000_000_000, "1h0m5s"),
            ("500us", 500_000, "500µs"),
            ("-0", 0, "0s"),
            (".0000007h", 2_520_000, "2.52ms"),
            ("0.3333333333333333333333s", 333_333_333, "333.333333ms"),
            ("00000000000000000000001s", 1_000_000_000, "1s"),
        ] {
            let duration: GoDuration = text.parse().unwrap();
            assert_eq!((duration.0.as_nanos(), duration.to_string().as_str()), (nanos, shown), "{text}");
        }
        for wrong in ["", "30", "s", "5 s", "-1s", "1x", "99999999999h", ".", "1.2.3s", "++1s", "-1ns"] {
            assert!(wrong.parse::<GoDuration>().is_err(), "{wrong}");
        }
    }
}
