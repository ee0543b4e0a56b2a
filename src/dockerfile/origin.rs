//! An origin: where a source of COPY or ADD comes from, as its text tells.

use std::sync::LazyLock;

use regex::Regex;

use super::flags::boolean;

/// `user@host:path`, which git takes for SSH.
static SCP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:(.*?)(?:\?(.*?))?(?:#(.*))?$").ok());

/// Where a source comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The build context, a stage or an image.
    Local,
    /// A server.
    Http,
    /// A git repository.
    Git(Git),
}

/// What the URL of a git repository says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Git {
    /// `?keep-git-dir=`.
    pub(super) keep: Option<bool>,
    /// `?checksum=`; empty where it isn't stated.
    pub(super) checksum: String,
}

impl Origin {
    /// Reads a source; the error says what is wrong with the URL of a git repository.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let http = text.starts_with("http://") || text.starts_with("https://");
        let plain = if http { Self::Http } else { Self::Local };
        if text.starts_with("./") || text.starts_with("../") {
            return Ok(plain);
        }
        if text.starts_with("github.com/") {
            // Not distinguishable from a path, and taken for one; its query is read all the same.
            if let Some(url) = Url::parse(text) {
                url.git()?;
            }
            return Ok(plain);
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let is_scheme = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric());
        match scheme.as_deref().filter(|s| is_scheme(s)) {
            Some(scheme @ ("http" | "https" | "git" | "ssh")) => match Url::parse(text) {
                Some(url) if !scheme.starts_with("http") || url.path.strip_suffix(".git").is_some() => {
                    Ok(Self::Git(url.git()?))
                }
                _ => Ok(plain),
            },
            Some(_) => Ok(plain),
            None => match SCP.as_ref().and_then(|scp| scp.captures(text)) {
                Some(found) => {
                    let part = |i| found.get(i).map_or("", |m: regex::Match<'_>| m.as_str()).to_owned();
                    let url = Url { path: part(1), query: part(2), fragment: part(3) };
                    if url.pairs().is_none() { Ok(plain) } else { Ok(Self::Git(url.git()?)) }
                }
                None => Ok(plain),
            },
        }
    }
}

/// The parts of a URL that matter here.
struct Url {
    path: String,
    query: String,
    fragment: String,
}

impl Url {
    fn parse(text: &str) -> Option<Self> {
        if text.chars().any(|c| c.is_ascii_control()) {
            return None;
        }
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let path = match text.split_once("://") {
            Some((_, rest)) => {
                let at = rest.find('/').unwrap_or(rest.len());
                let host = rest[..at].rsplit('@').next().unwrap_or_default();
                let port = host.rsplit(']').next().unwrap_or_default().rsplit_once(':').map_or("", |(_, port)| port);
                if host.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|', '}'])
                    || !port.bytes().all(|b| b.is_ascii_digit())
                {
                    return None;
                }
                &rest[at..]
            }
            None => text,
        };
        let path = unescaped(path, false)?;
        Some(Self { path, query: query.to_owned(), fragment: unescaped(fragment, false)? })
    }

    /// The query's names and values; none where they can't be read.
    fn pairs(&self) -> Option<Vec<(String, String)>> {
        let parts = self.query.split('&').filter(|part| !part.is_empty());
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if part.contains(';') { None } else { Some((unescaped(name, true)?, unescaped(value, true)?)) }
        };
        parts.map(pair).collect()
    }

    /// What its query and its fragment say, as far as they agree.
    fn git(&self) -> Result<Git, String> {
        let (mut git, mut tag, mut branch) = (Git::default(), None, None);
        let (reference, folder) = self.fragment.split_once(':').unwrap_or((&self.fragment, ""));
        let (mut reference, folder) = (reference.to_owned(), folder.trim_matches('/').to_owned());
        let pairs = self.pairs().unwrap_or_default();
        for (name, value) in &pairs {
            if pairs.iter().filter(|(other, _)| other == name).count() > 1 {
                return Err(format!("its query says {name} more than once"));
            }
            let flag = matches!(name.as_str(), "submodules" | "keep-git-dir" | "fetch-by-commit");
            if value.is_empty() && !flag {
                return Err(format!("its query says {name} without a value"));
            }
            let truth = || if value.is_empty() { Some(true) } else { boolean(value) };
            match name.as_str() {
                "ref" if reference.is_empty() || reference == *value => value.clone_into(&mut reference),
                "subdir" if folder.is_empty() || folder == *value => {}
                "tag" => tag = Some(full(value, "refs/tags/")),
                "branch" => branch = Some(full(value, "refs/heads/")),
                "checksum" | "commit" => value.clone_into(&mut git.checksum),
                "keep-git-dir" if truth().is_some() => git.keep = truth(),
                "submodules" | "fetch-by-commit" if truth().is_some() => {}
                "mtime" if matches!(value.as_str(), "checkout" | "commit") => {}
                _ => return Err(format!("its query says {name}={value}, which is unknown or contradicts the rest")),
            }
        }
        if tag.is_some() && branch.is_some() {
            return Err("it names both a tag and a branch".to_owned());
        }
        match tag.or(branch) {
            Some(named) if !reference.is_empty() && reference != named => {
                Err("its reference is not the tag or branch that it names".to_owned())
            }
            _ => Ok(git),
        }
    }
}

fn full(name: &str, prefix: &str) -> String {
    if name.starts_with(prefix) { name.to_owned() } else { format!("{prefix}{name}") }
}

/// Text without its `%` escapes; none where one is malformed.
fn unescaped(text: &str, plus: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            b'+' if plus => b' ',
            other => other,
        });
    }
    Some(super::chars::decode(&bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn origins() {
        for local in ["app", "./x.git", "github.com/a/b", "ftp://h/x", "a@b", "/a:b", "http:/x"] {
            assert_eq!(Origin::of(local).unwrap(), Origin::Local, "{local}");
        }
        for http in ["http://h/x", "https://h/x.git/y", "https://h:x/y.git"] {
            assert_eq!(Origin::of(http).unwrap(), Origin::Http, "{http}");
        }
        for git in ["https://h/x.git", "HTTPS://h/x.git#v1:sub", "git://h/x", "ssh://g@h/x", "git@h.org:a/b.git#main"] {
            assert!(matches!(Origin::of(git).unwrap(), Origin::Git(_)), "{git}");
        }
        let git = Git { keep: Some(true), checksum: "abc".into() };
        assert_eq!(Origin::of("https://h/x.git?keep-git-dir&commit=abc").unwrap(), Origin::Git(git));
        for wrong in
            ["https://h/x.git?x=1", "https://h/x.git?ref=a#b", "git@h:x?tag=a&branch=b", "https://h/x.git?ref="]
        {
            assert!(Origin::of(wrong).is_err(), "{wrong}");
        }
    }
}
