//! An image: what is known of one that a cluster runs, and what its name alone says.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::image::reference::{Digest, ImageRef};
use crate::manifests::against::Promise;
use crate::workload::finding::{self, Finding};

/// What was read of images, by their names as manifests have them.
pub type Images = BTreeMap<String, Image>;

/// An image that a cluster runs.
#[derive(Debug, Clone)]
pub struct Image {
    /// What its registry says.
    pub reading: Reading,
    /// What its tag stands for, where a digest is stated beside it.
    pub tag: Tagged,
}

/// Whether an image could be read.
#[derive(Debug, Clone)]
pub enum Reading {
    /// It could.
    Read(Arc<Contract>),
    /// It couldn't.
    Unread {
        /// Why, in words.
        why: String,
        /// What would mend it.
        hint: Option<String>,
    },
}

/// What an image promises, as far as an audit asks.
#[derive(Debug)]
pub struct Contract {
    /// The digest of its manifest or index.
    pub digest: Digest,
    /// What a manifest can contradict.
    pub promise: Promise,
    /// What it is for: `linux/amd64`, `linux/arm/v7`.
    pub platforms: Vec<String>,
}

/// What a registry says of the tag beside a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagged {
    /// There is none, or nobody asked.
    Unasked,
    /// It stands for the digest, or for an index that lists it.
    Same,
    /// It stands for another image.
    Other(Digest),
    /// There is no such tag.
    Gone,
    /// The registry did not say.
    Unknown,
}

impl Image {
    /// One that can't be read.
    pub fn unread(why: impl Into<String>, hint: Option<String>) -> Self {
        Self { reading: Reading::Unread { why: why.into(), hint }, tag: Tagged::Unasked }
    }

    /// What it promises, where it was read.
    pub fn contract(&self) -> Option<&Contract> {
        match &self.reading {
            Reading::Read(contract) => Some(contract),
            Reading::Unread { .. } => None,
        }
    }
}

/// What its name says, and whether it could be read.
pub(super) fn findings(text: &str, image: &Image, place: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Reading::Unread { why, hint } = &image.reading {
        let found = Finding::of(&finding::UNREAD, format!("the image could not be read: {why}")).in_field(place);
        findings.push(match hint {
            Some(hint) => found.hint(hint),
            None => found,
        });
    }
    let Ok(named) = text.parse::<ImageRef>() else { return findings };
    match (&named.digest, &named.tag) {
        (None, _) => {
            let which = if named.selector() == "latest" && !text.ends_with(":latest") {
                "no tag, which means latest".to_owned()
            } else {
                format!("the tag {}", named.selector())
            };
            let message = format!("the manifest names {} by {which}, and by no digest", named.repository);
            let found = Finding::of(&finding::BY_TAG, message).in_field(place);
            findings.push(match image.contract() {
                Some(contract) => found.hint(format!(
                    "{}:{}@{} is what it is now",
                    named.repository,
                    named.selector(),
                    contract.digest
                )),
                None => found,
            });
        }
        (Some(digest), Some(tag)) => {
            let (message, hint) = match &image.tag {
                Tagged::Other(now) => (
                    format!("the tag {tag} stands for {} now, the manifest runs {}", short(now), short(digest)),
                    format!("{}:{tag}@{now} is what the tag is now", named.repository),
                ),
                Tagged::Gone => (
                    format!("{} has no tag {tag} any more, the manifest runs {}", named.repository, short(digest)),
                    "name a tag that this digest has, or the digest alone".to_owned(),
                ),
                _ => return findings,
            };
            findings.push(Finding::of(&finding::BEHIND_TAG, message).hint(hint).in_field(place));
        }
        (Some(_), None) => {}
    }
    findings
}

/// Enough of a digest to tell it from others.
fn short(digest: &Digest) -> &str {
    digest.as_str().get(..19).unwrap_or(digest.as_str())
}
