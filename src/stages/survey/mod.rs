//! A survey: the contracts of many images, each read once from its registry.

mod doors;
mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures_util::{StreamExt, stream};

pub use self::doors::Doors;
use self::reader::Reader;
use super::examine::Look;
use crate::audit::{Image, Images};
use crate::engine::event::End;
use crate::engine::{Event, Events};
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

/// Reads them all. What can't be read is said so in its place.
pub async fn survey(
    doors: &Doors<'_>,
    wanted: &Wanted,
    secrets: &BTreeMap<SecretName, PullSecret>,
    look: Look,
    events: &Events,
) -> Images {
    let (named, mut images) = sorted(wanted);
    let (reader, total) = (Reader::new(doors, look), named.len());
    let mut reads = Vec::new();
    for named in &named {
        let secrets: Vec<_> = named.secrets.iter().filter_map(|name| secrets.get(*name)).collect();
        let reader = &reader;
        reads.push(async move { (named, reader.image(&named.image, &secrets).await) });
    }
    let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
    let (id, name) = ("survey".to_owned(), format!("read {total} image{}", if total == 1 { "" } else { "s" }));
    let begun = Instant::now();
    events(&Event::Started { id: id.clone(), name: name.clone() });
    for count in 1.. {
        let Some((named, image)) = reads.next().await else { break };
        events(&Event::Output { id: id.clone(), text: format!("{count} of {total}: {}\n", named.image) });
        images.extend(named.texts.iter().map(|text| ((*text).to_owned(), image.clone())));
    }
    events(&Event::Finished { id, name, end: End::Ran(begun.elapsed()) });
    images
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
