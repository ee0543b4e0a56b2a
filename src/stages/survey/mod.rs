//! A survey: the contracts of many images, each read once from its registry.

mod doors;
mod reader;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

pub use self::doors::Doors;
use self::reader::Reader;
use super::examine::Look;
use crate::audit::{Image, Images};
use crate::image::reference::ImageRef;
use crate::registry::PullSecret;

/// How many images are read at a time, of whatever registry.
const AT_ONCE: usize = 32;

/// What is to be read: images by their names as manifests have them, each with the pull secrets of those who run it.
pub type Wanted = BTreeMap<String, BTreeSet<SecretName>>;

/// A pull secret's namespace and name.
pub type SecretName = (String, String);

/// One image to be read.
struct Named<'w> {
    image: ImageRef,
    /// The texts that name it: `api` and `docker.io/library/api:latest` are one.
    texts: Vec<&'w str>,
    /// The pull secrets of all who run it.
    secrets: BTreeSet<&'w SecretName>,
}

/// Reads them all. What can't be read is said so in its place; `done` is told how many are done, after each.
pub async fn survey(
    doors: &Doors<'_>,
    wanted: &Wanted,
    secrets: &BTreeMap<SecretName, PullSecret>,
    look: Look,
    done: impl Fn(usize),
) -> Images {
    let (named, mut images) = sorted(wanted);
    let reader = Reader::new(doors, look);
    let mut reads = Vec::new();
    for named in &named {
        let secrets: Vec<_> = named.secrets.iter().filter_map(|name| secrets.get(*name)).collect();
        let reader = &reader;
        reads.push(async move { (named, reader.image(&named.image, &secrets).await) });
    }
    let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
    let mut count = 0;
    while let Some((named, image)) = reads.next().await {
        count += 1;
        done(count);
        images.extend(named.texts.iter().map(|text| ((*text).to_owned(), image.clone())));
    }
    images
}

/// How many images a survey of these reads.
pub fn count(wanted: &Wanted) -> usize {
    sorted(wanted).0.len()
}

/// Names that are one image's together, and what is no image's name.
fn sorted(wanted: &Wanted) -> (Vec<Named<'_>>, Images) {
    let (mut named, mut nameless) = (BTreeMap::<String, Named<'_>>::new(), Images::new());
    for (text, secrets) in wanted {
        match text.parse::<ImageRef>() {
            Ok(image) => {
                let entry = named.entry(image.to_string()).or_insert_with(|| Named {
                    image,
                    texts: Vec::new(),
                    secrets: BTreeSet::new(),
                });
                entry.texts.push(text);
                entry.secrets.extend(secrets);
            }
            Err(error) => {
                nameless.insert(text.clone(), Image::unread(error.to_string(), None));
            }
        }
    }
    (named.into_values().collect(), nameless)
}
