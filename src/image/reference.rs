//! A reference: the name of an image, as types that can only be made from well-formed text.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::named::Named;

/// Why a text is no image name, tag or digest.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// Not `[HOST[:PORT]/]REPOSITORY`.
    #[error("{0:?} is not a repository such as registry.example/team/api")]
    Repository(String),
    /// Not a tag.
    #[error("{0:?} is not a tag: up to 128 letters, digits, '_', '.' and '-', not starting with '.' or '-'")]
    Tag(String),
    /// Not a digest.
    #[error("{0:?} is not a digest such as sha256: and 64 hexadecimal digits")]
    Digest(String),
    /// Not an image reference.
    #[error("{0:?} is not an image reference such as registry.example/team/api:1.0")]
    Reference(String),
}

/// What was typed where a name belongs may be a URL with a password in it: that part is not repeated.
fn masked(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) if !rest.starts_with("sha256:") => format!("…@{rest}"),
        _ => text.to_owned(),
    }
}

/// A repository in a registry: `host[:port]/path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Repository {
    host: String,
    path: String,
}

impl Repository {
    /// The registry's host, with its port where one is stated.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path below the host.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// This repository on a registry that is stated as a bare `HOST:PORT`, or as `HOST:PORT/PATH`.
    pub fn at(registry: &str, name: &str) -> Result<Self, NameError> {
        let bare = registry.trim_end_matches('/');
        let is_host = !bare.contains('/') && (bare.contains(':') || bare.contains('.') || bare == "localhost");
        if is_host { format!("{bare}/{name}").parse() } else { bare.parse() }
    }
}

impl FromStr for Repository {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NameError::Repository(masked(text));
        let named = Named::read(text).filter(|named| named.tag.is_none() && named.digest.is_none());
        named.map(|named| Self { host: named.host(), path: named.path() }).ok_or_else(wrong)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Tag(String);

impl Tag {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if starts && text.len() <= 128 && text.chars().all(valid) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Tag(text.to_owned()))
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 digest: `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Digest(String);

impl Digest {
    /// Its text, with the algorithm before it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text.strip_prefix("sha256:").unwrap_or_default();
        let valid = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if valid { Ok(Self(text.to_owned())) } else { Err(NameError::Digest(text.to_owned())) }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An image by its content: what a registry confirmed, and the only name that a workload takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct DigestRef {
    repository: Repository,
    digest: Digest,
}

impl DigestRef {
    /// Made by whoever has seen the registry answer with this digest.
    pub fn confirmed(repository: Repository, digest: Digest) -> Self {
        Self { repository, digest }
    }

    /// Where it is.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// What it is.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl fmt::Display for DigestRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository, self.digest)
    }
}

impl From<DigestRef> for String {
    fn from(reference: DigestRef) -> Self {
        reference.to_string()
    }
}

/// An image as someone names it: by tag, by digest, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// Where it is.
    pub repository: Repository,
    /// The tag; `latest` where neither tag nor digest is stated.
    pub tag: Option<Tag>,
    /// The digest, which wins over the tag.
    pub digest: Option<Digest>,
}

impl ImageRef {
    /// What to ask a registry for.
    pub fn selector(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag.as_str(),
            (None, None) => "latest",
        }
    }
}

impl FromStr for ImageRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Named::read(text).ok_or_else(|| NameError::Reference(masked(text)))?;
        let repository = Repository { host: named.host(), path: named.path() };
        let tag = named.tag.map(str::parse).transpose()?;
        let digest: Option<Digest> = named.digest.map(str::parse).transpose()?;
        let tag = if digest.is_none() && tag.is_none() { Some(Tag("latest".to_owned())) } else { tag };
        Ok(Self { repository, tag, digest })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn repositories() {
        let shown = |t: &str| t.parse::<Repository>().map(|r| r.to_string());
        assert_eq!(shown("127.0.0.1:5000/team/api").unwrap(), "127.0.0.1:5000/team/api");
        assert_eq!(shown("team/api").unwrap(), "docker.io/team/api");
        for wrong in ["", "a/b:1", "a.example/UPPER", "x@sha256:00", "https://registry.example/a"] {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Repository::at("localhost:5000", "api").unwrap().to_string(), "localhost:5000/api");
        assert_eq!(Repository::at("registry.example/team", "api").unwrap().to_string(), "registry.example/team");
    }

    #[test]
    fn a_password_is_not_repeated() {
        let error = "https://user:hunter2@registry.example/a".parse::<Repository>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn tags_and_digests() {
        assert!("v1.0_x-y".parse::<Tag>().is_ok());
        for wrong in ["", ".a", "-a", "a b", "a/b"] {
            assert!(wrong.parse::<Tag>().is_err(), "{wrong}");
        }
        assert!(format!("sha256:{}", "a".repeat(64)).parse::<Digest>().is_ok());
        assert!(format!("sha256:{}", "A".repeat(64)).parse::<Digest>().is_err());
    }

    #[test]
    fn references_without_a_tag_mean_latest() {
        let reference: ImageRef = "registry.example/a".parse().unwrap();
        assert_eq!(reference.selector(), "latest");
    }
}
