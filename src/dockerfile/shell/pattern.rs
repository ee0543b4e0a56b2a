//! A pattern: what `${X#p}`, `${X%p}` and `${X/p/r}` look for in a value.

use crate::dockerfile::budget::{Budget, Spent};

/// What a pattern is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// This character.
    Literal(char),
    /// `?`: any one but a line break.
    One,
    /// `*`: any number of them.
    Any,
}

/// How much of a value a `*` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greed {
    /// As little as fits.
    Shortest,
    /// As much as fits.
    Longest,
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

impl Pattern {
    /// Reads a pattern; the error is the character that must not be escaped, none at its end.
    pub(super) fn parse(text: &[char]) -> Result<Self, Option<char>> {
        let mut tokens = Vec::with_capacity(text.len());
        let mut rest = text.iter().copied().peekable();
        while let Some(c) = rest.next() {
            tokens.push(match c {
                '*' => Token::Any,
                '?' => Token::One,
                // In `${}` these two need the escape only to get past its own syntax.
                '\\' if matches!(rest.peek(), Some('}' | '/')) => continue,
                '\\' => match rest.next() {
                    Some(escaped @ ('*' | '?' | '\\')) => Token::Literal(escaped),
                    other => return Err(other),
                },
                literal => Token::Literal(literal),
            });
        }
        Ok(Self(tokens))
    }

    /// How many characters at the front of a value fit.
    fn prefix(&self, value: &[char], greed: Greed, budget: &Budget) -> Result<Option<usize>, Spent> {
        let end = self.0.len();
        let mut reached = vec![false; end + 1];
        reached[0] = true;
        let mut found = None;
        for length in 0..=value.len() {
            budget.take(end + 1)?;
            for at in 0..end {
                if reached[at] && self.0[at] == Token::Any {
                    reached[at + 1] = true;
                }
            }
            if reached[end] {
                found = Some(length);
            }
            let Some(c) = value.get(length) else { break };
            if (found.is_some() && greed == Greed::Shortest) || !reached.contains(&true) {
                break;
            }
            for at in (0..=end).rev() {
                let stays = reached[at] && self.0.get(at) == Some(&Token::Any) && *c != '\n';
                let comes = at > 0 && reached[at - 1] && fits(self.0[at - 1], *c);
                reached[at] = stays || comes;
            }
        }
        Ok(found)
    }

    /// The value without what fits at its front.
    pub(super) fn trim_front(&self, value: &str, greed: Greed, budget: &Budget) -> Result<String, Spent> {
        let chars: Vec<char> = value.chars().collect();
        let taken = self.prefix(&chars, greed, budget)?.unwrap_or(0);
        Ok(chars[taken..].iter().collect())
    }

    /// The value with what fits replaced: the first of it, or all. In `all`, `$` refers to what was found, as in Go's
    /// `regexp.Expand`.
    pub(super) fn replace(&self, value: &str, with: &str, all: bool, budget: &Budget) -> Result<String, Spent> {
        let chars: Vec<char> = value.chars().collect();
        let (mut out, mut from, mut last_end) = (String::new(), 0, 0);
        let mut copied = 0;
        while let Some((start, end)) = self.find(&chars, from, budget)? {
            out.extend(&chars[copied..start]);
            copied = end;
            if !all {
                out.push_str(with);
                break;
            }
            // Nothing is put for nothing that was found right behind a find.
            if end > last_end || start == 0 {
                template(with, &chars[start..end], &mut out);
                budget.take(with.len())?;
            }
            last_end = end;
            from = if end > from { end } else { from + 1 };
            if from > chars.len() {
                break;
            }
        }
        out.extend(&chars[copied..]);
        Ok(out)
    }

    fn find(&self, value: &[char], from: usize, budget: &Budget) -> Result<Option<(usize, usize)>, Spent> {
        for start in from..=value.len() {
            if let Some(length) = self.prefix(&value[start..], Greed::Longest, budget)? {
                return Ok(Some((start, start + length)));
            }
        }
        Ok(None)
    }
}

fn fits(token: Token, c: char) -> bool {
    match token {
        Token::Literal(literal) => literal == c,
        Token::One => c != '\n',
        Token::Any => false,
    }
}

/// Go's template of a replacement: `$0` and `${0}` are what was found, `$$` is a dollar, any other name is nothing.
fn template(with: &str, found: &[char], out: &mut String) {
    let mut rest = with;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let (body, after) = if let Some(inside) = rest.strip_prefix('{') {
            inside.split_once('}').map_or((None, rest), |(name, after)| (Some(name), after))
        } else {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (Some(&rest[..length]), &rest[length..])
        };
        match body.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')) {
            Some(name) if name.bytes().all(|b| b == b'0') && name.len() == 1 => out.extend(found),
            Some(_) => {}
            None => {
                out.push('$');
                continue;
            }
        }
        rest = after;
    }
    out.push_str(rest);
}

/// A pattern read from its end, for suffixes; escaped pairs stay in order.
pub(super) fn reversed(pattern: &str) -> Vec<char> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut pieces = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let width = if chars[at] == '\\' && at + 1 < chars.len() { 2 } else { 1 };
        pieces.push(&chars[at..at + width]);
        at += width;
    }
    pieces.into_iter().rev().flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(&text.chars().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn prefixes() {
        let budget = Budget::new();
        for (text, value, shortest, longest) in [
            ("*a", "xaya", "ya", ""),
            ("a?", "abc", "c", "c"),
            ("", "abc", "abc", "abc"),
            ("*", "abc", "abc", ""),
            ("b", "abc", "abc", "abc"),
            (r"\*a", "*ab", "b", "b"),
        ] {
            assert_eq!(pattern(text).trim_front(value, Greed::Shortest, &budget).unwrap(), shortest, "{text}");
            assert_eq!(pattern(text).trim_front(value, Greed::Longest, &budget).unwrap(), longest, "{text}");
        }
        assert_eq!(Pattern::parse(&['\\', 'a']), Err(Some('a')));
        assert_eq!(Pattern::parse(&['\\']), Err(None));
    }

    #[test]
    fn replacements() {
        let budget = Budget::new();
        for (text, value, with, one, all) in [
            ("a", "banana", "o", "bonana", "bonono"),
            ("", "ab", "-", "-ab", "-a-b-"),
            ("*", "ab", "-", "-", "-"),
            ("n*", "banana", "$0$0", "ba$0$0", "banananana"),
            ("a", "a", "$1${x}$$", "$1${x}$$", "$"),
        ] {
            assert_eq!(pattern(text).replace(value, with, false, &budget).unwrap(), one, "{text}");
            assert_eq!(pattern(text).replace(value, with, true, &budget).unwrap(), all, "{text}");
        }
    }
}
