//! Characters, classed as BuildKit's frontend does: by Go's tables where they are not Rust's.

use std::sync::LazyLock;

use regex::Regex;

static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{L}$").ok());
static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Nd}$").ok());

/// A letter of any script: part of a variable's name.
pub(super) fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { of(LETTER.as_ref(), c) }
}

/// A decimal digit of any script.
pub(super) fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { of(DIGIT.as_ref(), c) }
}

fn of(class: Option<&Regex>, c: char) -> bool {
    class.is_some_and(|class| class.is_match(c.encode_utf8(&mut [0; 4])))
}

/// What parts an instruction from its arguments, and arguments from each other: no other white space does.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// A byte that is white space when taken for a character of its own, as flags are read.
pub(super) fn is_space_byte(byte: u8) -> bool {
    char::from(byte).is_whitespace()
}

/// Lower case, one character for one: `İ` becomes `i`, not two characters.
pub(super) fn lower(text: &str) -> String {
    text.chars().map(|c| if c == 'İ' { 'i' } else { single(c.to_lowercase(), c) }).collect()
}

/// Upper case, one character for one.
pub(super) fn upper(text: &str) -> String {
    text.chars().map(|c| single(c.to_uppercase(), c)).collect()
}

fn single(mut mapped: impl Iterator<Item = char>, c: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The text of bytes, each byte that is not UTF-8 replaced by U+FFFD: what the frontend's JSON makes of it in the end.
pub(super) fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Words between blanks. Blanks at an end leave an empty word there, as Go's `regexp.Split` has it.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_blank) {
        words.push(rest[..start].to_owned());
        rest = rest[start..].trim_start_matches(is_blank);
    }
    words.push(rest.to_owned());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_for_one() {
        assert_eq!(lower("STOPSİGNAL"), "stopsignal");
        assert_eq!(lower("WOR\u{212a}DIR"), "workdir");
        assert_eq!(upper("straße"), "STRAßE");
    }

    #[test]
    fn bytes_that_are_no_text_are_marked_one_by_one() {
        assert_eq!(decode(b"a\xff\xfeb\xe2\x82"), "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}");
    }

    #[test]
    fn only_blanks_part_words() {
        assert_eq!(words("a  b\tc\u{a0}d"), ["a", "b", "c\u{a0}d"]);
        assert_eq!(words(" a"), ["", "a"]);
        assert!(is_letter('é') && is_digit('٣') && !is_letter('٣') && !is_letter('ⅷ'));
    }
}
