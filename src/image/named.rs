//! A named image: the text of a reference, taken apart.
//!
//! The grammar is that of <https://github.com/distribution/reference>. A regular expression for it takes longer to compile
//! than all else that a command does where nothing changed.

/// Where a name without a host is.
const HUB: &str = "docker.io";
/// What it was once called.
const HUB_BEFORE: &str = "index.docker.io";
/// The longest name, with its host, in bytes.
const LONGEST: usize = 255;

/// The parts of a reference. Tag and digest are texts as they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named<'a> {
    host: &'a str,
    path: &'a str,
    pub(super) tag: Option<&'a str>,
    pub(super) digest: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// Takes a reference apart; none where it is no reference.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let last = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest.get(last..)?.split_once(':') {
            // `localhost:5000` alone is a repository called localhost, with a tag.
            Some((before, tag)) => (rest.get(..last + before.len())?, Some(tag)),
            None => (rest, None),
        };
        let (host, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => (HUB, name),
        };
        let is_name = is_host(host) && path.split('/').all(is_component) && name.len() <= LONGEST;
        let host = if host == HUB_BEFORE { HUB } else { host };
        is_name.then_some(Self { host, path, tag, digest })
    }

    /// The registry's host.
    pub(super) fn host(&self) -> String {
        self.host.to_owned()
    }

    /// The repository below it; Docker Hub's own have a folder of theirs.
    pub(super) fn path(&self) -> String {
        if self.host == HUB && !self.path.contains('/') {
            format!("library/{}", self.path)
        } else {
            self.path.to_owned()
        }
    }
}

/// `registry.example`, `localhost:5000`.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        ends(label.chars().next())
            && ends(label.chars().last())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    name.split('.').all(is_label) && port.is_none_or(is_port)
}

/// Small letters and digits, with one `.`, one or two `_`, or any number of `-` between them.
fn is_component(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let ends = text.chars().next().is_some_and(is_word) && text.chars().last().is_some_and(is_word);
    let mut gaps = text.split(is_word).filter(|gap| !gap.is_empty());
    ends && gaps.all(|gap| matches!(gap, "." | "_" | "__") || gap.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use oci_spec::distribution::Reference;
    use proptest::prelude::*;

    use super::*;

    fn agree(text: &str) {
        // It takes `B/0` for a repository of Docker Hub, which has none with capitals, and `a.a_a` for a host.
        let is_one =
            |r: &Reference| !r.repository().contains(|c: char| c.is_ascii_uppercase()) && is_host(r.registry());
        let theirs = text.parse::<Reference>().ok().filter(is_one);
        let ours = Named::read(text);
        // Of tags and digests only the form that we take counts: their types are made from these texts.
        let (Some(ours), Some(theirs)) = (ours, theirs.as_ref()) else {
            let is_odd = |named: &Named<'_>| named.tag.is_some() || named.digest.is_some();
            assert!(theirs.is_none() && ours.as_ref().is_none_or(is_odd), "{text}: {ours:?}, {theirs:?}");
            return;
        };
        assert_eq!((ours.host().as_str(), ours.path().as_str()), (theirs.registry(), theirs.repository()), "{text}");
        if ours.tag.is_some() {
            assert_eq!(ours.tag, theirs.tag(), "{text}");
        }
        assert_eq!(ours.digest, theirs.digest(), "{text}");
    }

    #[test]
    fn the_usual_names() {
        let digest = format!("registry.example/a@sha256:{}", "a".repeat(64));
        for text in [
            "python",
            "python:3.13-slim",
            "team/api",
            "localhost/api",
            "localhost:5000/team/api:v1",
            "index.docker.io/python",
            "registry.example:443/a/b-c/d__e.f:latest",
            "127.0.0.1:5000/a",
            "a:1/b",
            &digest,
            "",
            "/a",
            "a/",
            "a//b",
            "UPPER",
            "a.example/UPPER",
            "a.-b/c",
            "a_-b",
            "a.a_a/0",
            "a...b",
            "https://registry.example/a",
            "user:password@registry.example/a",
        ] {
            agree(text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn names_are_read_as_others_read_them(text in "[aB0._:/-]{0,14}") {
            agree(&text);
        }
    }
}
