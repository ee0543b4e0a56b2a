//! Flags: `--name=value` between an instruction and its arguments.

use std::collections::BTreeMap;

use super::chars::{is_space_byte, lower};
use super::problem::Problem;

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing, or `=true` or `=false`.
    Truth,
    /// A value, once.
    Text,
    /// A value, any number of times.
    Texts,
}

/// The flags of an instruction, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Flags(BTreeMap<&'static str, Vec<String>>);

impl Flags {
    /// Checks flags as written against those that an instruction knows.
    pub(super) fn check(written: &[String], known: &[(&'static str, Takes)]) -> Result<Self, Problem> {
        let mut flags = Self::default();
        for flag in written {
            let (name, value) = flag.split_once('=').map_or((flag.as_str(), None), |(n, v)| (n, Some(v)));
            let bare = name.strip_prefix("--").unwrap_or(name);
            let Some((key, takes)) = known.iter().find(|(k, _)| *k == bare) else {
                let nearest = known.iter().map(|(k, _)| *k).filter(|k| strsim::damerau_levenshtein(k, bare) <= 2);
                return Err(Problem::UnknownFlag { flag: name.to_owned(), near: nearest.map(str::to_owned).next() });
            };
            let values = flags.0.entry(key).or_default();
            if !values.is_empty() && *takes != Takes::Texts {
                return Err(Problem::RepeatedFlag(name.to_owned()));
            }
            values.push(match (takes, value) {
                (Takes::Truth, None) => "true".to_owned(),
                (Takes::Truth, Some(value)) if matches!(lower(value).as_str(), "true" | "false") => lower(value),
                (Takes::Truth, Some(_)) => return Err(Problem::FlagNotBoolean(flag.clone())),
                (_, None) => return Err(Problem::FlagWithoutValue(name.to_owned())),
                (_, Some(value)) => value.to_owned(),
            });
        }
        Ok(flags)
    }

    /// The value of a flag that may be given once; empty where it isn't given.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts(name).first().map_or("", String::as_str)
    }

    /// The values of a flag that may be given often.
    pub(super) fn texts(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a flag without a value says, where it is given.
    pub(super) fn truth(&self, name: &str) -> Option<bool> {
        self.texts(name).first().map(|value| value == "true")
    }
}

/// Go's `strconv.ParseBool`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Takes the flags off the front of what follows an instruction's name: they, and where the arguments begin. They are
/// read byte by byte, as the frontend does: what is not ASCII in them does not survive it.
pub(super) fn take(text: &[u8], escape: char) -> (Vec<String>, usize) {
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].iter().take_while(|b| is_space_byte(**b)).count();
        if !text[at..].starts_with(b"--") {
            return (flags, at);
        }
        let (word, end) = word(text, at, escape);
        at = end;
        if word == "--" {
            return (flags, at);
        }
        flags.push(word);
    }
}

/// One word with its quotes and escapes taken off, and where it ends.
fn word(text: &[u8], start: usize, escape: char) -> (String, usize) {
    let (mut word, mut quote, mut at) = (String::new(), None, start);
    while let Some(&byte) = text.get(at) {
        let c = char::from(byte);
        at += 1;
        match quote {
            None if c.is_whitespace() => return (word, at - 1),
            None if matches!(c, '\'' | '"') => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ if c == escape => match text.get(at) {
                Some(escaped) => {
                    word.push(char::from(*escaped));
                    at += 1;
                }
                None => quote = None,
            },
            _ => word.push(c),
        }
    }
    (word, at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn flags_end_where_words_begin() {
        let text = br#"--a=1  --b='x y' --c\ d "--e" f"#;
        let (flags, at) = take(text, '\\');
        assert_eq!(flags, ["--a=1", "--b=x y", "--c d"]);
        assert_eq!(&text[at..], br#""--e" f"#);
        assert_eq!(take(b"--a -- --b c", '\\'), (vec!["--a".into()], 6));
        assert_eq!(take("--a=é\u{1801}x".as_bytes(), '\\').0, ["--a=Ã©á"]);
        assert_eq!(take(b"--a\\", '\\').0, ["--a"]);
    }

    #[test]
    fn flags_are_known_once_and_have_values() {
        let known = [("link", Takes::Truth), ("from", Takes::Text), ("mount", Takes::Texts)];
        let check = |flags: &[&str]| Flags::check(&flags.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>(), &known);
        let flags = check(&["--link=FALSE", "--from=", "--mount=a", "--mount=b=c"]).unwrap();
        assert_eq!((flags.truth("link"), flags.text("from"), flags.texts("mount").len()), (Some(false), "", 2));
        let near = Some("from".to_owned());
        assert_eq!(check(&["--form=x"]), Err(Problem::UnknownFlag { flag: "--form".into(), near }));
        assert_eq!(check(&["--link", "--link"]), Err(Problem::RepeatedFlag("--link".into())));
        assert_eq!(check(&["--link="]), Err(Problem::FlagNotBoolean("--link=".into())));
        assert_eq!(check(&["--from"]), Err(Problem::FlagWithoutValue("--from".into())));
    }
}
