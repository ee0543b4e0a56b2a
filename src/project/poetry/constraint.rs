//! A constraint on versions as Poetry writes it: `^1.2`, `~1.2`, `1.*`, `>=1,<2 || ^3`.
//!
//! Source: <https://python-poetry.org/docs/dependency-specification/#version-constraints>.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

/// Ranges of which a version has to be in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constraint(Vec<VersionSpecifiers>);

impl Constraint {
    /// Reads a constraint; `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let ranges = text.split('|').map(str::trim).filter(|range| !range.is_empty());
        ranges.map(|range| VersionSpecifiers::from_str(&terms(range)?).ok()).collect::<Option<_>>().map(Self)
    }

    /// Whether a version is among those that are allowed.
    pub(crate) fn allows(&self, version: &Version) -> bool {
        self.0.is_empty() || self.0.iter().any(|range| range.contains(version))
    }

    /// The specifiers of PEP 440 that say the same; `None` where those can't: they know no `or`.
    pub(crate) fn specifiers(&self) -> Option<String> {
        match self.0.as_slice() {
            [] => Some(String::new()),
            [one] => Some(one.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
            _ => None,
        }
    }
}

/// One range in the terms of PEP 440; commas and blanks stand between its terms.
fn terms(range: &str) -> Option<String> {
    let mut terms = Vec::new();
    let mut rest = range.trim();
    while !rest.is_empty() {
        let (operator, after) = operator(rest);
        let after = after.trim_start();
        let end = after.find([',', ' ', '<', '>', '=', '!', '~', '^']).unwrap_or(after.len());
        let (version, after) = after.split_at(end);
        terms.extend(term(operator, version)?);
        rest = after.trim_start_matches([',', ' ']);
    }
    Some(terms.join(","))
}

fn operator(text: &str) -> (&str, &str) {
    const SIGNS: [&str; 11] = ["===", "==", "~=", "!=", "<=", ">=", "^", "~", "<", ">", "="];
    let sign = SIGNS.into_iter().find(|sign| text.starts_with(sign)).unwrap_or_default();
    text.split_at_checked(sign.len()).unwrap_or(("", text))
}

/// One term; empty where it allows all.
fn term(operator: &str, version: &str) -> Option<Vec<String>> {
    let version = version.trim().trim_start_matches('v');
    if version.is_empty() {
        return None;
    }
    if version == "*" {
        return Some(Vec::new());
    }
    let wildcard = version.trim_end_matches(['*', 'x', 'X']).trim_end_matches('.');
    let wild = wildcard.len() < version.len();
    Some(match operator {
        "^" => vec![format!(">={wildcard}"), format!("<{}", caret(wildcard)?)],
        "~" => vec![format!(">={wildcard}"), format!("<{}", tilde(wildcard)?)],
        "" | "=" | "==" if wild => vec![format!("=={wildcard}.*")],
        "!=" if wild => vec![format!("!={wildcard}.*")],
        "" | "=" => vec![format!("=={version}")],
        _ => vec![format!("{operator}{wildcard}")],
    })
}

/// The first version that `^` leaves out: the leftmost number that is not zero goes up.
fn caret(version: &str) -> Option<String> {
    let numbers = release(version)?;
    let at = numbers.iter().position(|n| *n > 0).unwrap_or(numbers.len() - 1);
    up(&numbers, at)
}

/// The first version that `~` leaves out: the minor number goes up, or the major one where it stands alone.
fn tilde(version: &str) -> Option<String> {
    let numbers = release(version)?;
    up(&numbers, usize::from(numbers.len() > 1))
}

fn release(version: &str) -> Option<Vec<u64>> {
    let numbers = Version::from_str(version).ok()?.release().to_vec();
    (!numbers.is_empty()).then_some(numbers)
}

fn up(numbers: &[u64], at: usize) -> Option<String> {
    let kept = numbers.get(..at)?.iter().copied();
    let next = numbers.get(at)?.checked_add(1)?;
    Some(kept.chain([next]).map(|n| n.to_string()).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_form_says_which_versions_it_allows() {
        for (text, inside, outside) in [
            ("^1.2.3", &["1.2.3", "1.9"][..], &["1.2.2", "2.0"][..]),
            ("^0.2.3", &["0.2.3", "0.2.9"], &["0.3"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4"]),
            ("^0", &["0.9"], &["1.0"]),
            ("^1", &["1.9"], &["2"]),
            ("~1.2.3", &["1.2.9"], &["1.3"]),
            ("~1.2", &["1.2.9"], &["1.3"]),
            ("~1", &["1.9"], &["2.0"]),
            ("~=1.2", &["1.9"], &["2.0"]),
            ("1.2.*", &["1.2.9"], &["1.3"]),
            ("!=1.2.*", &["1.3"], &["1.2.1"]),
            ("1.2", &["1.2.0"], &["1.2.1"]),
            ("==1.2", &["1.2"], &["1.2.1"]),
            ("*", &["0", "9"], &[]),
            ("", &["0", "9"], &[]),
            (">=1,<2 || ^3.1", &["1.5", "3.2"], &["2.0", "3.0"]),
            (">=1 <2", &["1.5"], &["2.0"]),
            (">=2.7,!=3.0.*,!=3.1.*", &["3.2"], &["3.0.1"]),
        ] {
            let constraint = Constraint::parse(text).unwrap();
            for version in inside {
                assert!(constraint.allows(&version.parse().unwrap()), "{text} allows {version}");
            }
            for version in outside {
                assert!(!constraint.allows(&version.parse().unwrap()), "{text} leaves out {version}");
            }
        }
        for none in ["^", "x", "latest", "^1.x.y.z-w", "<<2"] {
            assert_eq!(Constraint::parse(none), None, "{none}");
        }
    }
}
