//! A selection: which image of a layout is meant.

use std::fmt;

use oci_spec::image::{Descriptor, Digest, ImageIndex};

/// What the specification has for an image's name, and what containerd and BuildKit have beside it.
const NAMES: &[&str] = &["org.opencontainers.image.ref.name", "io.containerd.image.name"];
/// How BuildKit marks what says where an image comes from.
const ATTESTATION: &str = "vnd.docker.reference.type";

/// Which image was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    /// The only one.
    Only,
    /// The one of that name.
    Tag(String),
    /// The one with this content.
    Digest(Digest),
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => Ok(()),
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => f.write_str(digest.as_ref()),
        }
    }
}

/// What a selector picks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice<'i> {
    One(&'i Descriptor),
    /// The layout's index is itself the index of one image's platforms.
    Whole,
    /// Several, called so.
    Many(Vec<String>),
    /// None of these.
    None(Vec<String>),
}

/// Picks from a layout's index.
pub(super) fn select<'i>(selector: &Selector, index: &'i ImageIndex) -> Choice<'i> {
    let mut images: Vec<&Descriptor> = index.manifests().iter().filter(|d| !is_attestation(d)).collect();
    let names = || images.iter().map(|d| shown(d)).collect::<Vec<_>>();
    let fits = |d: &&Descriptor| match selector {
        Selector::Only => true,
        Selector::Tag(tag) => NAMES.iter().any(|name| annotation(d, name) == Some(tag)),
        Selector::Digest(digest) => d.digest() == digest,
    };
    if !images.iter().any(fits) {
        return Choice::None(names());
    }
    images.retain(fits);
    // One image under several names is one.
    let mut digests: Vec<_> = images.iter().map(|d| d.digest()).collect();
    digests.sort_by_key(ToString::to_string);
    digests.dedup();
    if let (Some(first), 1) = (images.first(), digests.len()) {
        return Choice::One(first);
    }
    let name = |d: &Descriptor| annotation(d, NAMES[0]).map(str::to_owned);
    let same = images.windows(2).all(|two| name(two[0]) == name(two[1]));
    if same && images.iter().all(|d| d.platform().is_some()) {
        return Choice::Whole;
    }
    Choice::Many(images.iter().map(|d| shown(d)).collect())
}

pub(crate) fn is_attestation(descriptor: &Descriptor) -> bool {
    annotation(descriptor, ATTESTATION).is_some()
}

fn annotation<'d>(descriptor: &'d Descriptor, name: &str) -> Option<&'d str> {
    descriptor.annotations().as_ref()?.get(name).map(String::as_str)
}

fn shown(descriptor: &Descriptor) -> String {
    annotation(descriptor, NAMES[0]).map_or_else(|| descriptor.digest().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn index(entries: &[(char, Option<&str>, Option<&str>)]) -> ImageIndex {
        let manifests: Vec<_> = entries
            .iter()
            .map(|(digit, name, os)| {
                let mut entry = json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
                    "digest": format!("sha256:{}", digit.to_string().repeat(64))});
                if let Some(name) = name {
                    entry["annotations"] = json!({"org.opencontainers.image.ref.name": name});
                }
                if let Some(os) = os {
                    entry["platform"] = json!({"os": os, "architecture": "amd64"});
                }
                if *os == Some("unknown") {
                    entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
                }
                entry
            })
            .collect();
        serde_json::from_value(json!({"schemaVersion": 2, "manifests": manifests})).unwrap()
    }

    fn tag(name: &str) -> Selector {
        Selector::Tag(name.into())
    }

    #[test]
    fn one_image_needs_no_name() {
        let one = index(&[('a', Some("1.0"), None), ('b', None, Some("unknown"))]);
        for selector in
            [Selector::Only, tag("1.0"), Selector::Digest(format!("sha256:{}", "a".repeat(64)).parse().unwrap())]
        {
            assert_eq!(select(&selector, &one), Choice::One(&one.manifests()[0]), "{selector}");
        }
        assert_eq!(select(&tag("2"), &one), Choice::None(vec!["1.0".into()]));
        assert_eq!(select(&Selector::Only, &index(&[])), Choice::None(vec![]));
    }

    #[test]
    fn several_are_told_apart_by_name() {
        let two = index(&[('a', Some("1"), None), ('b', Some("2"), None)]);
        assert_eq!(select(&Selector::Only, &two), Choice::Many(vec!["1".into(), "2".into()]));
        assert_eq!(select(&tag("2"), &two), Choice::One(&two.manifests()[1]));
        let same = index(&[('a', Some("1"), None), ('a', Some("latest"), None)]);
        assert_eq!(select(&Selector::Only, &same), Choice::One(&same.manifests()[0]));
        let nameless = index(&[('a', None, None), ('b', None, None)]);
        assert!(matches!(select(&Selector::Only, &nameless), Choice::Many(names) if names[0].starts_with("sha256:a")));
    }

    #[test]
    fn an_index_may_be_of_one_image_and_its_platforms() {
        let platforms = index(&[('a', Some("1"), Some("linux")), ('b', Some("1"), Some("linux"))]);
        assert_eq!(select(&Selector::Only, &platforms), Choice::Whole);
        assert_eq!(select(&tag("1"), &platforms), Choice::Whole);
    }
}
