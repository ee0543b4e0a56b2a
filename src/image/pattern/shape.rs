//! A shape: what one cleaned pattern comes down to when it is compared with a path.
//!
//! moby knows four kinds (exact, prefix, suffix, regular expression). The expressions of most patterns only say
//! something about whole components (`*.pyc`, `**/dist/*`, `src/**/test_?.py`), which is compared here without one.

use regex::Regex;

use super::dialect;

/// A path, whole and taken apart at its slashes.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'p> {
    /// The path.
    pub(super) text: &'p str,
    /// What stands between its slashes.
    pub(super) parts: &'p [&'p str],
}

/// What a pattern comes down to.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Components(Components),
    Expression(Regex),
    Never,
}

/// The kinds that moby tells apart while it writes the regular expression.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Exact,
    Prefix,
    Suffix,
    Expression,
}

/// A mark at a text's start that moby's reader of patterns passes over.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

impl Shape {
    /// The shape of a cleaned pattern; `None` if Go's `regexp` refuses the expression that moby makes of it.
    pub(super) fn of(pattern: &str) -> Option<Self> {
        let read = pattern.strip_prefix(BYTE_ORDER_MARK).unwrap_or(pattern);
        let (kind, expression) = expression_of(read);
        Some(match kind {
            Kind::Exact => Self::Exact(pattern.to_owned()),
            Kind::Prefix => Self::Prefix(pattern[..pattern.len() - 2].to_owned()),
            // moby cuts two bytes off the front, so that half a mark is left which no path ends with.
            Kind::Suffix if read.len() < pattern.len() => Self::Never,
            Kind::Suffix => Self::Suffix(pattern[2..].to_owned()),
            Kind::Expression => match Components::of(read) {
                Some(components) => Self::Components(components),
                None => Self::Expression(Regex::new(&dialect::translate(&expression)?).ok()?),
            },
        })
    }

    /// True if the pattern matches exactly this path, whatever lies above it.
    pub(super) fn matches(&self, path: View<'_>) -> bool {
        match self {
            Self::Exact(exact) => path.text == exact,
            Self::Prefix(prefix) => path.text.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => {
                path.text.ends_with(suffix.as_str()) || suffix.strip_prefix('/').is_some_and(|name| name == path.text)
            }
            Self::Components(components) => components.matches(path.parts),
            Self::Expression(regex) => regex.is_match(path.text),
            Self::Never => false,
        }
    }
}

/// The kind of a pattern and, for [`Kind::Expression`], its regular expression as moby would give it to Go.
fn expression_of(pattern: &str) -> (Kind, String) {
    let (mut kind, mut expression) = (Kind::Exact, String::from("^"));
    let mut characters = pattern.chars().peekable();
    let mut first = true;
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.next_if_eq(&'*').is_some() => {
                let _ = characters.next_if_eq(&'/');
                if characters.peek().is_some() {
                    expression.push_str("(.*/)?");
                    kind = Kind::Expression;
                } else if kind == Kind::Exact {
                    kind = Kind::Prefix;
                } else {
                    expression.push_str(".*");
                    kind = Kind::Expression;
                }
                if first {
                    kind = Kind::Suffix;
                }
            }
            '*' | '?' => {
                expression.push_str(if character == '*' { "[^/]*" } else { "[^/]" });
                kind = Kind::Expression;
            }
            // Not `{`, `|` and `}`, which moby means to escape too: its table has no room for them.
            '.' | '+' | '(' | ')' | '$' => expression.extend(['\\', character]),
            '\\' => {
                expression.push('\\');
                if let Some(escaped) = characters.next() {
                    expression.push(escaped);
                    kind = Kind::Expression;
                }
            }
            '[' | ']' => {
                expression.push(character);
                kind = Kind::Expression;
            }
            _ => expression.push(character),
        }
        first = false;
    }
    expression.push('$');
    (kind, expression)
}

/// A pattern that speaks about whole components: some at the front, then perhaps `**`, some more, then perhaps `**`.
#[derive(Debug, Clone)]
pub(super) struct Components {
    lead: Vec<Component>,
    deep: bool,
    tail: Vec<Component>,
    below: bool,
}

/// What one component of a path must look like.
#[derive(Debug, Clone)]
enum Component {
    Any,
    Exact(String),
    /// One `*` between two texts.
    Affix(String, String),
    /// Several `*`, or `?`.
    Wild(String),
}

impl Components {
    /// `None` if the pattern says something that only its regular expression can.
    fn of(pattern: &str) -> Option<Self> {
        if pattern.contains(['[', ']', '\\', '^', '{', '|']) {
            return None;
        }
        let mut shape = Self { lead: Vec::new(), deep: false, tail: Vec::new(), below: false };
        let parts: Vec<&str> = pattern.split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            match *part {
                "**" if at + 1 == parts.len() => shape.below = true,
                "**" if shape.tail.is_empty() => shape.deep = true,
                _ if part.contains("**") => return None,
                _ if shape.deep => shape.tail.push(Component::of(part)),
                _ => shape.lead.push(Component::of(part)),
            }
        }
        let nothing_named = if shape.deep { shape.tail.is_empty() } else { shape.lead.is_empty() };
        (!nothing_named).then_some(shape)
    }

    fn matches(&self, parts: &[&str]) -> bool {
        let (lead, tail) = (self.lead.len(), self.tail.len());
        if self.below {
            let ends = if self.deep { lead + tail..parts.len() } else { lead..parts.len().min(lead + 1) };
            return ends.into_iter().any(|end| self.fits(&parts[..end]) && spanned(&parts[end..]));
        }
        (parts.len() == lead + tail || (self.deep && parts.len() > lead + tail)) && self.fits(parts)
    }

    /// True if the front fits the lead, the end fits the tail, and `**` may span what is between; `parts` has enough.
    fn fits(&self, parts: &[&str]) -> bool {
        let (between, tail) = parts.split_at(parts.len() - self.tail.len());
        let (lead, between) = between.split_at(self.lead.len());
        self.tail.iter().zip(tail).rev().all(|(component, part)| component.matches(part))
            && self.lead.iter().zip(lead).rev().all(|(component, part)| component.matches(part))
            && spanned(between)
    }
}

/// True if `**` spans these components: its `.*` stops at a line's end.
fn spanned(parts: &[&str]) -> bool {
    parts.iter().all(|part| !part.contains('\n'))
}

impl Component {
    fn of(part: &str) -> Self {
        match part.split_once('*') {
            _ if part == "*" => Self::Any,
            _ if part.contains('?') => Self::Wild(part.to_owned()),
            None => Self::Exact(part.to_owned()),
            Some((before, after)) if !after.contains('*') => Self::Affix(before.to_owned(), after.to_owned()),
            Some(_) => Self::Wild(part.to_owned()),
        }
    }

    fn matches(&self, part: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => part == exact,
            Self::Affix(before, after) => {
                part.len() >= before.len() + after.len()
                    && part.ends_with(after.as_str())
                    && part.starts_with(before.as_str())
            }
            Self::Wild(wild) => wild_matches(wild, part),
        }
    }
}

/// `*` and `?` against one component: a star takes as little as will do, and only the last star is reconsidered.
fn wild_matches(wild: &str, part: &str) -> bool {
    let (mut wild, mut part) = (wild.chars(), part.chars());
    let mut retry = None;
    loop {
        let (want, before) = (wild.next(), part.clone());
        if want == Some('*') {
            retry = Some((wild.clone(), before));
            continue;
        }
        match (want, part.next()) {
            (None, None) => return true,
            (Some('?'), Some(_)) => continue,
            (Some(want), Some(found)) if want == found => continue,
            _ => {}
        }
        let Some((after_star, mut taken)) = retry.take() else { return false };
        if taken.next().is_none() {
            return false;
        }
        (wild, part) = (after_star.clone(), taken.clone());
        retry = Some((after_star, taken));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tells_the_kinds_apart_as_moby_does() {
        for (pattern, kind, expression) in [
            ("*", Kind::Expression, "^[^/]*$"),
            ("a*/b", Kind::Expression, "^a[^/]*/b$"),
            ("**", Kind::Suffix, ""),
            ("**/**", Kind::Expression, "^(.*/)?.*$"),
            ("dir/**", Kind::Prefix, ""),
            ("**/dir", Kind::Suffix, ""),
            ("**/dir2/*", Kind::Expression, "^(.*/)?dir2/[^/]*$"),
            ("**/dir2/**", Kind::Expression, "^(.*/)?dir2/.*$"),
            ("**file", Kind::Suffix, ""),
            ("**/**/*.txt", Kind::Expression, "^(.*/)?(.*/)?[^/]*\\.txt$"),
            ("a[b-d]e", Kind::Expression, "^a[b-d]e$"),
            ("abc.def", Kind::Exact, ""),
            ("abc?def", Kind::Expression, "^abc[^/]def$"),
            ("a.|)$(}+{bc", Kind::Exact, ""),
        ] {
            let (found, written) = expression_of(pattern);
            assert!(found == kind && (kind != Kind::Expression || written == expression), "{pattern} {written}");
        }
    }

    proptest! {
        #[test]
        fn components_say_what_the_expression_says(
            pattern in "(a|b|\\*|\\?|/|\\*\\*/|/\\*\\*|/\\*\\*/|☺|\\.){1,7}",
            path in "[ab☺./\n]{1,9}",
        ) {
            let pattern = super::super::path::clean(&pattern);
            let (kind, expression) = expression_of(&pattern);
            if let (Kind::Expression, Some(components)) = (kind, Components::of(&pattern)) {
                let parts: Vec<&str> = path.split('/').collect();
                let regex = Regex::new(&dialect::translate(&expression).unwrap()).unwrap();
                prop_assert_eq!(components.matches(&parts), regex.is_match(&path), "{} {}", pattern, expression);
            }
        }
    }
}
