//! A pointer: which manifest of a repository is meant.

use std::fmt;
use std::str::FromStr;

use oci_spec::distribution::Reference;
use oci_spec::image::Digest;

use super::error::Error;

/// Which manifest of a repository is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pointer {
    /// The one that a tag stands for now.
    Tag(String),
    /// The one with this content.
    Digest(Digest),
}

impl FromStr for Pointer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::BadName { text: text.to_owned() };
        if text.contains(':') {
            return text.parse().map(Self::Digest).map_err(|_| bad());
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let sound =
            text.len() <= 128 && text.starts_with(word) && text.chars().all(|c| word(c) || c == '.' || c == '-');
        if sound { Ok(Self::Tag(text.to_owned())) } else { Err(bad()) }
    }
}

impl TryFrom<&Reference> for Pointer {
    type Error = Error;

    /// The digest where there is one: a tag beside it is a remark.
    fn try_from(reference: &Reference) -> Result<Self, Error> {
        reference.digest().or(reference.tag()).unwrap_or("latest").parse()
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => f.write_str(digest.as_ref()),
        }
    }
}

/// How people write `repository` with this pointer.
pub(super) fn written(repository: &str, pointer: &Pointer) -> String {
    let mark = if matches!(pointer, Pointer::Tag(_)) { ':' } else { '@' };
    format!("{repository}{mark}{pointer}")
}

/// Refuses what could lead a URL elsewhere.
pub(super) fn repository(name: &str) -> Result<&str, Error> {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'))
    };
    if name.split('/').all(part) { Ok(name) } else { Err(Error::BadName { text: name.to_owned() }) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_digests_are_told_apart() {
        let digest = format!("sha256:{}", "a".repeat(64));
        assert!(matches!(digest.parse(), Ok(Pointer::Digest(_))));
        assert_eq!("1.0-rc_1".parse::<Pointer>().unwrap(), Pointer::Tag("1.0-rc_1".into()));
        for text in ["", "-a", ".a", "a/b", "a?b", "sha256:short", "a b", &"a".repeat(129)] {
            assert!(text.parse::<Pointer>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_digest_goes_before_a_tag() {
        let reference: Reference = format!("a.example/b:1@sha256:{}", "a".repeat(64)).parse().unwrap();
        assert!(matches!(Pointer::try_from(&reference), Ok(Pointer::Digest(_))));
    }

    #[test]
    fn repositories_stay_where_they_are() {
        for name in ["a", "library/python", "a/b_c/d-e.f"] {
            assert_eq!(repository(name).unwrap(), name);
        }
        for name in ["", "/a", "a//b", "a/../b", "A", "a?b", "a#b", "a/"] {
            assert!(repository(name).is_err(), "{name}");
        }
    }
}
