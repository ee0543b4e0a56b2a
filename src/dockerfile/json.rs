//! A JSON array of strings: the exec form. What Go's decoder takes is taken, so that the same text becomes shell form.

/// Brackets may nest this deep, as in Go.
const DEEPEST: usize = 10_000;

/// Why a text is no array of strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotStrings {
    /// It is no JSON array: the frontend silently takes it for shell form.
    NotJson,
    /// It is one, and holds something else than strings: the frontend refuses it.
    Other,
}

/// Reads an array of strings that is the whole text.
pub(super) fn strings(text: &str) -> Result<Vec<String>, NotStrings> {
    let text = text.trim_start();
    if !text.starts_with('[') {
        return Err(NotStrings::NotJson);
    }
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, infinite: false };
    let (items, others) = scanner.array(text).ok_or(NotStrings::NotJson)?;
    match (scanner.infinite, others) {
        // Go can't hold such a number, which is an error of another kind than that of a wrong type.
        (true, _) => Err(NotStrings::NotJson),
        (false, true) => Err(NotStrings::Other),
        (false, false) => Ok(items),
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// A number was too large.
    infinite: bool,
}

/// What a value is.
enum Value {
    Text(usize, usize),
    Other,
    Opens(u8),
}

impl Scanner<'_> {
    /// The strings of the outer array, and whether it holds anything else. Nesting is kept in a list: no text is deep
    /// enough to overflow anything.
    fn array(&mut self, text: &str) -> Option<(Vec<String>, bool)> {
        let (mut items, mut others) = (Vec::new(), false);
        let mut open: Vec<u8> = Vec::new();
        self.at = 1;
        open.push(b'[');
        let mut first = true;
        while let Some(&bracket) = open.last() {
            if self.peek() == Some(if bracket == b'[' { b']' } else { b'}' }) {
                self.at += 1;
                open.pop();
                first = false;
                continue;
            }
            if !first {
                self.byte(b',')?;
            }
            first = false;
            if bracket == b'{' {
                self.peek().filter(|b| *b == b'"')?;
                self.string()?;
                self.byte(b':')?;
            }
            match self.value()? {
                Value::Text(start, end) if open.len() == 1 => items.push(unescape(text.get(start..end)?)),
                Value::Text(..) => {}
                Value::Other => others |= open.len() == 1,
                Value::Opens(bracket) => {
                    others |= open.len() == 1;
                    open.push(bracket);
                    first = true;
                    if open.len() > DEEPEST {
                        return None;
                    }
                }
            }
            // A comma must be followed by a value.
            let comma = !first && self.peek() == Some(b',');
            if comma && matches!(self.after_comma(), Some(b']' | b'}') | None) {
                return None;
            }
        }
        (self.peek().is_none() && self.at == self.bytes.len()).then_some((items, others))
    }

    /// The next byte that is no white space, left where it is.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn after_comma(&mut self) -> Option<u8> {
        let at = self.at;
        self.at += 1;
        let next = self.peek();
        self.at = at;
        next
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.peek().filter(|b| *b == byte)?;
        self.at += 1;
        Some(())
    }

    fn value(&mut self) -> Option<Value> {
        match self.peek()? {
            b'"' => self.string().map(|(start, end)| Value::Text(start, end)),
            bracket @ (b'[' | b'{') => {
                self.at += 1;
                Some(Value::Opens(bracket))
            }
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Option<Value> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())?;
        Some(Value::Other)
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        self.at += usize::from(self.bytes.get(self.at) == Some(&b'-'));
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        let text = str::from_utf8(&self.bytes[start..self.at]).ok()?;
        self.infinite |= text.parse::<f64>().is_ok_and(f64::is_infinite);
        Some(Value::Other)
    }

    /// Where a string's text starts and ends; its escapes are checked, not yet read.
    fn string(&mut self) -> Option<(usize, usize)> {
        self.at += 1;
        let start = self.at;
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some((start, self.at - 1));
                }
                b'\\' => {
                    let width = match self.bytes.get(self.at + 1)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                        b'u' => 6,
                        _ => return None,
                    };
                    let escape = self.bytes.get(self.at..self.at + width)?;
                    (width == 2 || escape[2..].iter().all(u8::is_ascii_hexdigit)).then_some(())?;
                    self.at += width;
                }
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }
}

/// The text of a string whose escapes are known to be well-formed. Half a surrogate pair becomes U+FFFD.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        rest = rest.get(at + 2..).unwrap_or_default();
        out.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (c, taken) = unicode(rest);
                rest = rest.get(taken..).unwrap_or_default();
                c
            }
            other => char::from(other),
        });
    }
    out.push_str(rest);
    out
}

/// The character of four hexadecimal digits, or of a pair of them, and how many bytes behind `\u` it takes.
fn unicode(rest: &str) -> (char, usize) {
    let code = |at: usize| rest.get(at..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let high = code(0).unwrap_or(0xfffd);
    if let Some(c) = char::from_u32(high) {
        return (c, 4);
    }
    let low = rest.get(4..6).filter(|text| *text == "\\u").and_then(|_| code(6));
    match low.filter(|low| high < 0xdc00 && (0xdc00..0xe000).contains(low)) {
        Some(low) => {
            let c = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            (c.unwrap_or(char::REPLACEMENT_CHARACTER), 10)
        }
        None => (char::REPLACEMENT_CHARACTER, 4),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn arrays_of_strings() {
        for (text, items) in [
            ("[]", vec![]),
            (" [ ] ", vec![]),
            (r#"["a", "b c"]"#, vec!["a", "b c"]),
            (r#"["\u0041\ud83d\ude00\n\/", ""]"#, vec!["A😀\n/", ""]),
            (r#"["\ud83dx", "\ude00"]"#, vec!["\u{fffd}x", "\u{fffd}"]),
        ] {
            assert_eq!(strings(text).unwrap(), items, "{text}");
        }
    }

    #[test]
    fn other_arrays_are_told_from_no_arrays() {
        for text in ["[1]", "[null]", r#"["a", true]"#, r#"["a", ["b"]]"#, r#"[{"a": [1.5e-3, false]}]"#, "[-0]"] {
            assert_eq!(strings(text), Err(NotStrings::Other), "{text}");
        }
        for text in [
            "",
            "a",
            "['a']",
            r#"["a"] || b"#,
            r#"["a",]"#,
            "[,]",
            "[",
            r#"["a"#,
            r#"["a" "b"]"#,
            "[01]",
            "[1e999]",
            r#"["\x"]"#,
            "[\"\t\"]",
            r#"[{"a"}]"#,
            r#"[{"a":1,}]"#,
            "[nul]",
            "[1.]",
            r#"["\u12"]"#,
            "[]]",
            "\u{a0}[}",
        ] {
            assert_eq!(strings(text), Err(NotStrings::NotJson), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(strings(&"[".repeat(1 << 20)), Err(NotStrings::NotJson));
        assert_eq!(strings(&format!("{}{}", "[".repeat(9_000), "]".repeat(9_000))), Err(NotStrings::Other));
    }
}
