//! A limit: how large the cache may be.

use std::fmt;
use std::str::FromStr;

/// How large the cache may be, in bytes: 10 GB, unless something else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub u64);

impl Default for Limit {
    fn default() -> Self {
        Self(10_000_000_000)
    }
}

/// A text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no size, such as 500MB or 2GB")]
pub struct LimitError(String);

impl FromStr for Limit {
    type Err = LimitError;

    /// `2GB`, `500 MB`, `1.5 GiB`; a bare number is bytes.
    fn from_str(text: &str) -> Result<Self, LimitError> {
        let wrong = || LimitError(text.to_owned());
        let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "t" | "tb" => 1_000_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return Err(wrong()),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        if part.is_empty() || part.len() > 9 {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let of = 10_u64.pow(u32::try_from(part.len()).map_err(|_| wrong())?);
        let part = u128::from(part.parse::<u64>().map_err(|_| wrong())?) * u128::from(unit) / u128::from(of);
        let bytes = whole.checked_mul(unit).and_then(|b| b.checked_add(u64::try_from(part).ok()?));
        bytes.map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let bytes = |text: &str| text.parse::<Limit>().map(|l| l.0).ok();
        assert_eq!(
            [bytes("0"), bytes("42"), bytes("2GB"), bytes("500 MB")].map(Option::unwrap_or_default),
            [0, 42, 2_000_000_000, 500_000_000]
        );
        assert_eq!(bytes("1.5GiB"), Some(3 << 29));
        for wrong in ["", "GB", "-1", "1.GB", ".5GB", "1,5GB", "2 parsecs", "1.2.3", "99999999999TB", "1.0000000001GB"]
        {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
