//! A version of a Debian package, and the order of versions.
//!
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>

use std::cmp::Ordering;

/// Which of two versions is newer, as dpkg sees it.
pub fn compare(one: &str, other: &str) -> Ordering {
    let ((one_epoch, one_upstream, one_revision), (epoch, upstream, revision)) = (parts(one), parts(other));
    numbers(one_epoch.as_bytes(), epoch.as_bytes())
        .then_with(|| part(one_upstream, upstream))
        .then_with(|| part(one_revision, revision))
}

/// Epoch, upstream version, revision.
fn parts(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

/// Pieces without digits and numbers take turns.
fn part(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while !one.is_empty() || !other.is_empty() {
        let order = words(take(&mut one, false), take(&mut other, false))
            .then_with(|| numbers(take(&mut one, true), take(&mut other, true)));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// Takes what is made of digits, or what is not, from the front.
fn take<'a>(from: &mut &'a [u8], digits: bool) -> &'a [u8] {
    let end = from.iter().position(|byte| byte.is_ascii_digit() != digits).unwrap_or(from.len());
    let (piece, rest) = from.split_at(end);
    *from = rest;
    piece
}

/// Letters before anything else, and `~` before all, even before the end.
fn words(one: &[u8], other: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    (0..one.len().max(other.len()))
        .map(|at| weight(one.get(at)).cmp(&weight(other.get(at))))
        .find(|order| *order != Ordering::Equal)
        .unwrap_or(Ordering::Equal)
}

/// Numbers of any length: dates with a time, or hashes, are longer than a machine's word.
fn numbers(one: &[u8], other: &[u8]) -> Ordering {
    let significant = |digits: &[u8]| digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    let (one, other) = (&one[significant(one)..], &other[significant(other)..]);
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From oldest to newest.
    const ASCENDING: &[&str] = &[
        "0~~",
        "0~~a",
        "0~",
        "0",
        "0a",
        "0+",
        "1.0~rc1-1",
        "1.0-0.1",
        "1.0-1",
        "1.0-1+b1",
        "1.0-1+deb12u1",
        "1.0-1.1",
        "1.0.1",
        "1.9",
        "1.10",
        "1.10a",
        "1.99999999999999999999999999999999999999999999",
        "1.100000000000000000000000000000000000000000000",
        "2",
        "3.13.5-2~deb13u1",
        "3.13.5-2",
        "1:0",
        "9:0",
        "10:0",
    ];

    #[test]
    fn versions_stand_in_dpkg_s_order() {
        for (at, one) in ASCENDING.iter().enumerate() {
            for (other_at, other) in ASCENDING.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&other_at), "{one} and {other}");
            }
        }
        for (one, other) in [("0:1", "1"), ("1", "1-0"), ("1.00", "1.0"), ("1-", "1"), ("00", "0")] {
            assert_eq!(compare(one, other), Ordering::Equal, "{one} and {other}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[0-9a-z.+~:-]{0,8}", b in "[0-9a-z.+~:-]{0,8}", c in "[0-9a-z.+~:-]{0,8}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            if compare(&a, &b) != Ordering::Greater && compare(&b, &c) != Ordering::Greater {
                prop_assert_ne!(compare(&a, &c), Ordering::Greater);
            }
        }
    }
}
