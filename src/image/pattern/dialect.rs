//! A dialect: the Go regular expressions that moby makes of patterns, translated for the `regex` crate.
//!
//! moby copies a pattern's brackets and backslashes into the expression as they stand, and means to escape `{`, `|` and
//! `}` but does not. So `[[:alpha:]]`, `\d`, `\Q`, `{2}` and `|` mean in a pattern what they mean to Go's `regexp`. The
//! two dialects differ inside brackets (`[` and `&&` are only special in Rust), in what classes such as `\d` span, and
//! in which repetitions may follow what. Left to Rust are the names in `\p{…}`, of which it knows more than Go.

use std::fmt::Write as _;

/// The class names that may stand in `[:name:]`, in both dialects for the same characters.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// What a repetition would apply to.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Nothing,
    Atom,
    Repetition,
}

/// The same expression in Rust's dialect; `None` where Go's `regexp` refuses it.
pub(super) fn translate(go: &str) -> Option<String> {
    let (mut out, mut rest) = (String::with_capacity(go.len() * 2), go);
    let mut last = Last::Nothing;
    while let Some(first) = rest.chars().next() {
        let behind = &rest[first.len_utf8()..];
        (last, rest) = match first {
            '[' => (Last::Atom, class(behind, &mut out)?),
            // Nothing is quoted: what stood before can be repeated, or repeated once more.
            '\\' if behind.starts_with("Q\\E") => {
                (if last == Last::Repetition { Last::Atom } else { last }, &behind[3..])
            }
            '\\' => (Last::Atom, escape(rest, &mut out)?),
            '{' if let Some((in_bounds, behind)) = repetition(behind) => {
                (last == Last::Atom && in_bounds).then_some(())?;
                out.push_str(&rest[..rest.len() - behind.len()]);
                (Last::Repetition, behind)
            }
            '(' => {
                out.push_str("(?:");
                (Last::Nothing, behind)
            }
            '|' | '*' | '?' | '^' | '$' | '.' | ')' => {
                out.push(first);
                let last = match first {
                    '|' => Last::Nothing,
                    '*' | '?' => Last::Repetition,
                    _ => Last::Atom,
                };
                (last, behind)
            }
            _ => {
                literal(first, &mut out);
                (Last::Atom, behind)
            }
        };
    }
    Some(out)
}

/// `2}`, `2,}` or `2,3}`: whether Go takes these numbers, and what follows. Anything else behind a `{` is a text.
fn repetition(go: &str) -> Option<(bool, &str)> {
    let (numbers, behind) = go.split_once('}')?;
    let (least, most) = numbers.split_once(',').map_or((numbers, Some(numbers)), |(least, most)| {
        let bounded = !most.is_empty();
        (least, bounded.then_some(most))
    });
    let number = |digits: &str| {
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        // Too large for the type is too large for Go.
        (plain && !digits.is_empty()).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let least = number(least)?;
    let most = most.map_or(Some(least.min(1000)), number)?;
    Some((least <= 1000 && most <= 1000 && least <= most, behind))
}

/// One character that stands for itself, inside and outside of brackets.
fn literal(character: char, out: &mut String) {
    if character.is_alphanumeric() {
        out.push(character);
    } else {
        // Writing to a String does not fail.
        let _ = write!(out, "\\x{{{:X}}}", u32::from(character));
    }
}

/// A backslash and what it escapes, outside of brackets; gives what follows.
fn escape<'g>(go: &'g str, out: &mut String) -> Option<&'g str> {
    let escaped = go[1..].chars().next()?;
    let rest = &go[1 + escaped.len_utf8()..];
    match escaped {
        'A' => out.push_str("\\A"),
        'z' => out.push_str("\\z"),
        'b' => out.push_str("(?-u:\\b)"),
        'B' => out.push_str("(?-u:\\B)"),
        'Q' => {
            let (quoted, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            quoted.chars().for_each(|character| literal(character, out));
            return Some(rest);
        }
        _ => {
            if let Some(rest) = shorthand(go, out) {
                return Some(rest);
            }
            let (character, rest) = character_escape(go)?;
            literal(character, out);
            return Some(rest);
        }
    }
    Some(rest)
}

/// `\d`, `\pL` and their like, and what follows; `None` for another escape.
fn shorthand<'g>(go: &'g str, out: &mut String) -> Option<&'g str> {
    let set = match go[1..].chars().next()? {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => "[\\t\\n\\x0C\\r ]",
        'S' => "[^\\t\\n\\x0C\\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        'p' | 'P' => {
            let (name, rest) = match go[2..].strip_prefix('{') {
                Some(named) => named.split_once('}')?,
                None => (go.get(2..3).filter(|category| "CLMNPSZclmnpsz".contains(category))?, &go[3..]),
            };
            let (turned, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
            let alone = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
            alone.then_some(())?;
            let _ = write!(out, "\\{}{{{name}}}", if turned == go.starts_with("\\p") { 'P' } else { 'p' });
            return Some(rest);
        }
        _ => return None,
    };
    out.push_str(set);
    Some(&go[2..])
}

/// An escape that means one character, and what follows it.
fn character_escape(go: &str) -> Option<(char, &str)> {
    let escaped = go.get(1..)?.chars().next()?;
    let rest = &go[1 + escaped.len_utf8()..];
    let character = match escaped {
        'a' => '\x07',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        'x' if let Some(braced) = rest.strip_prefix('{') => {
            let (digits, rest) = braced.split_once('}')?;
            let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let value = hexadecimal.then(|| u32::from_str_radix(digits, 16).ok())?;
            return Some((char::from_u32(value?)?, rest));
        }
        'x' => {
            let digits = rest.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            return Some((u8::from_str_radix(digits, 16).ok()?.into(), &rest[2..]));
        }
        '0'..='7' => {
            let digits = go[1..].bytes().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
            if escaped != '0' && digits == 1 {
                return None;
            }
            let value = u32::from_str_radix(&go[1..=digits], 8).ok()?;
            return Some((char::from_u32(value)?, &go[1 + digits..]));
        }
        _ if escaped.is_ascii() && !escaped.is_ascii_alphanumeric() => escaped,
        _ => return None,
    };
    Some((character, rest))
}

/// A bracket expression behind its `[`; gives what follows its `]`.
fn class<'g>(go: &'g str, out: &mut String) -> Option<&'g str> {
    out.push('[');
    let mut rest = go;
    if let Some(behind) = rest.strip_prefix('^') {
        out.push('^');
        rest = behind;
    }
    let mut first = true;
    loop {
        if !first && let Some(behind) = rest.strip_prefix(']') {
            out.push(']');
            return Some(behind);
        }
        first = false;
        if let Some((name, behind)) = rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
            NAMED.contains(&name.strip_prefix('^').unwrap_or(name)).then_some(())?;
            let _ = write!(out, "[:{name}:]");
            rest = behind;
            continue;
        }
        if rest.starts_with('\\')
            && let Some(behind) = shorthand(rest, out)
        {
            rest = behind;
            continue;
        }
        let (low, behind) = class_character(rest)?;
        literal(low, out);
        rest = behind;
        if let Some(behind) = rest.strip_prefix('-')
            && !behind.is_empty()
            && !behind.starts_with(']')
        {
            let (high, behind) = class_character(behind)?;
            (low <= high).then_some(())?;
            out.push('-');
            literal(high, out);
            rest = behind;
        }
    }
}

/// One character of a bracket expression, perhaps escaped, and what follows it.
fn class_character(go: &str) -> Option<(char, &str)> {
    let first = go.chars().next()?;
    if first == '\\' { character_escape(go) } else { Some((first, &go[first.len_utf8()..])) }
}
