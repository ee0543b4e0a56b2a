//! A relation between packages: `Depends: libc6 (>= 2.38), debconf (>= 0.5) | debconf-2.0`.
//!
//! <https://www.debian.org/doc/debian-policy/ch-relationships.html>

use std::cmp::Ordering;
use std::fmt;

use super::version;

/// How a version must stand to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

/// One name in a relation, with what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relation<'a> {
    pub(super) name: &'a str,
    /// After a colon: `any`, `native`, or an architecture.
    pub(super) qualifier: Option<&'a str>,
    pub(super) version: Option<(Operator, &'a str)>,
}

impl<'a> Relation<'a> {
    /// What must all hold, each by one of its alternatives.
    pub(super) fn groups(field: &'a str) -> impl Iterator<Item = &'a str> {
        field.split(',').map(str::trim).filter(|group| !group.is_empty())
    }

    /// The alternatives of a group, or the names in a list without alternatives.
    pub(super) fn alternatives(group: &'a str) -> impl Iterator<Item = Self> {
        group.split('|').filter_map(Self::parse)
    }

    /// Reads one; none where it is no relation.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (name, rest) = match text.find(['(', '[', '<']) {
            Some(at) => (text[..at].trim(), text[at..].trim()),
            None => (text.trim(), ""),
        };
        let (name, qualifier) = name.split_once(':').map_or((name, None), |(name, after)| (name, Some(after)));
        let version = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((inner, _)) => Some(constraint(inner.trim())?),
            None if rest.starts_with('(') => return None,
            None => None,
        };
        (!name.is_empty()).then_some(Self { name, qualifier, version })
    }

    /// Whether this version is one that is asked for.
    pub(super) fn admits(&self, version: &str) -> bool {
        self.version.is_none_or(|(operator, wanted)| operator.admits(version::compare(version, wanted)))
    }

    /// Whether it is about packages for this architecture.
    pub(super) fn concerns(&self, architecture: &str) -> bool {
        self.qualifier.is_none_or(|qualifier| matches!(qualifier, "any" | "native") || qualifier == architecture)
    }
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.version {
            Some((operator, version)) => write!(f, " ({} {version})", operator.sign()),
            None => Ok(()),
        }
    }
}

impl Operator {
    fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterOrEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Earlier => "<<",
            Self::EarlierOrEqual => "<=",
            Self::Equal => "=",
            Self::LaterOrEqual => ">=",
            Self::Later => ">>",
        }
    }
}

fn constraint(text: &str) -> Option<(Operator, &str)> {
    let end = text.find(|c| !matches!(c, '<' | '=' | '>'))?;
    let operator = match &text[..end] {
        "<<" => Operator::Earlier,
        // The single signs are obsolete, and mean this.
        "<=" | "<" => Operator::EarlierOrEqual,
        "=" => Operator::Equal,
        ">=" | ">" => Operator::LaterOrEqual,
        ">>" => Operator::Later,
        _ => return None,
    };
    let version = text[end..].trim();
    (!version.is_empty()).then_some((operator, version))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read() {
        let read: Vec<Vec<String>> = Relation::groups("a (>= 1:2~) ,b|c:any (<<3), , d [amd64]")
            .map(|group| Relation::alternatives(group).map(|relation| relation.to_string()).collect())
            .collect();
        assert_eq!(read, [vec!["a (>= 1:2~)"], vec!["b", "c (<< 3)"], vec!["d"]]);
        assert_eq!(Relation::parse("python3:any").unwrap().qualifier, Some("any"));
        for text in ["", " ", "(>= 1)", "a (1)", "a (>=)", "a (~ 1)", "a (>= 1", "a (= "] {
            assert_eq!(Relation::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_version_is_admitted_or_not() {
        let admits = |text: &str, version| Relation::parse(text).unwrap().admits(version);
        for (text, earlier, equal, later) in [
            ("a (<< 2)", true, false, false),
            ("a (<= 2)", true, true, false),
            ("a (= 2)", false, true, false),
            ("a (>= 2)", false, true, true),
            ("a (>> 2)", false, false, true),
            ("a", true, true, true),
        ] {
            assert_eq!(
                (admits(text, "2~1"), admits(text, "2"), admits(text, "2+1")),
                (earlier, equal, later),
                "{text}"
            );
        }
    }

    #[test]
    fn a_foreign_architecture_is_not_meant() {
        let concerns = |text: &str| Relation::parse(text).unwrap().concerns("arm64");
        assert!(concerns("a") && concerns("a:any") && concerns("a:arm64") && !concerns("a:i386"));
    }
}
