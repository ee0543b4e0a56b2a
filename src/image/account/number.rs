//! A number: a user or group id as a runtime reads it, that is by Go's `strconv.Atoi`.

use super::LARGEST_ID;

/// What a text is where a user or group id, or a name, may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// An id.
    Is(u32),
    /// A number that is no id.
    OutOfRange,
    /// No number.
    Name,
}

/// Decimal digits with at most one sign before them. No spaces, no underscores, no other bases.
pub(crate) fn number(text: &str) -> Number {
    match atoi(text) {
        Some(value) => u32::try_from(value).ok().filter(|n| *n <= LARGEST_ID).map_or(Number::OutOfRange, Number::Is),
        None => Number::Name,
    }
}

/// The number that an entry's field is: what is none counts as 0, what is too large as the largest there is.
pub(super) fn field(text: Option<&str>) -> i64 {
    text.and_then(atoi).unwrap_or(0)
}

fn atoi(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let saturated = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.strip_prefix('+').unwrap_or(text).parse().unwrap_or(saturated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_go_reads_as_numbers() {
        for (text, expected) in [
            ("0", Number::Is(0)),
            ("+7", Number::Is(7)),
            ("-0", Number::Is(0)),
            ("007", Number::Is(7)),
            ("2147483647", Number::Is(2_147_483_647)),
            ("2147483648", Number::OutOfRange),
            ("99999999999999999999999", Number::OutOfRange),
            ("-1", Number::OutOfRange),
            ("-99999999999999999999", Number::OutOfRange),
            ("", Number::Name),
            ("+", Number::Name),
            ("1_000", Number::Name),
            ("0x10", Number::Name),
            (" 1", Number::Name),
            ("\u{661}", Number::Name),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }
}
