//! An OCI layout: images in a folder, or in a tar archive of one.
//!
//! <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>

mod error;
mod select;
mod store;
mod write;

use std::io::Read;
use std::path::{Path, PathBuf};

use oci_spec::image::{Descriptor, ImageIndex};

pub use self::error::Error;
use self::select::Selector;
pub(crate) use self::select::is_attestation;
pub use self::store::Blob;
use self::store::Store;
pub use self::write::{WriteError, write};
use crate::image::digest::Check;
use crate::registry::RawManifest;

/// The largest index or manifest: what registries take, at most.
const MANIFEST: u64 = 4 << 20;
/// The largest image config.
const CONFIG: u64 = 8 << 20;

/// An OCI layout, and which of its images is meant.
#[derive(Debug)]
pub struct Layout {
    store: Store,
    selector: Selector,
}

impl Layout {
    /// Opens `PATH`, `PATH:TAG` or `PATH@DIGEST`. The tag is what the layout calls an image (its annotation
    /// `org.opencontainers.image.ref.name`), and a path that exists with a `:` in its name is one.
    pub fn open(text: &str) -> Result<Self, Error> {
        let (path, selector) = split(text);
        let store = Store::open(&path)?;
        Ok(Self { store, selector })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.store.path()
    }

    /// The image that is meant, or the index of its platforms.
    pub fn manifest(&self) -> Result<RawManifest, Error> {
        let bytes = self.store.file("index.json", MANIFEST)?;
        let odd = |source| Error::Index { path: self.path().to_owned(), source };
        let index: ImageIndex = serde_json::from_slice(&bytes).map_err(odd)?;
        match select::select(&self.selector, &index) {
            select::Choice::One(descriptor) => self.read(descriptor),
            select::Choice::Whole => Ok(RawManifest::new(bytes.into(), oci_spec::image::MediaType::ImageIndex)?),
            select::Choice::Many(names) => Err(Error::Many { path: self.path().to_owned(), names }),
            select::Choice::None(names) => {
                Err(Error::NoImage { path: self.path().to_owned(), wanted: self.selector.to_string(), names })
            }
        }
    }

    /// The manifest of that descriptor.
    pub fn read(&self, descriptor: &Descriptor) -> Result<RawManifest, Error> {
        let bytes = self.whole("manifest", descriptor, MANIFEST)?;
        let mut manifest = RawManifest::new(bytes.into(), descriptor.media_type().clone())?;
        manifest.digest = descriptor.digest().clone();
        Ok(manifest)
    }

    /// The image config of that descriptor.
    pub fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        self.whole("image config", descriptor, CONFIG)
    }

    /// A blob, which is held against its digest while it is read.
    pub fn blob(&self, descriptor: &Descriptor) -> Result<Blob, Error> {
        self.store.blob(descriptor)
    }

    fn whole(&self, kind: &str, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, Error> {
        let what = || format!("the {kind} {} in {}", descriptor.digest(), self.path().display());
        if descriptor.size() > limit {
            return Err(Error::TooLarge { what: what(), limit });
        }
        let mut bytes = Vec::new();
        let blob = self.store.raw(descriptor)?;
        // One byte more than there should be shows that there is one more.
        let read = blob.take(descriptor.size() + 1).read_to_end(&mut bytes);
        read.map_err(|source| Error::Read { path: self.path().to_owned(), what: what(), source })?;
        if bytes.len() as u64 != descriptor.size() {
            return Err(Error::Size { what: what(), expected: descriptor.size() });
        }
        Check::whole(&bytes, descriptor.digest()).map_err(|source| Error::Digest { what: what(), source })?;
        Ok(bytes)
    }
}

/// Where the path ends and the selector begins: as late as something exists there.
fn split(text: &str) -> (PathBuf, Selector) {
    if let Some((path, digest)) = text.rsplit_once('@')
        && let Ok(digest) = digest.parse()
    {
        return (path.into(), Selector::Digest(digest));
    }
    let colons = text.rmatch_indices(':').map(|(at, _)| (&text[..at], Some(&text[at + 1..])));
    let readings: Vec<_> = std::iter::once((text, None)).chain(colons).collect();
    let first = readings.iter().find(|(path, _)| Path::new(path).exists());
    // Where none exists, what is missing is told by the name before a tag.
    let (path, tag) = first.or(readings.last()).copied().unwrap_or((text, None));
    (path.into(), tag.filter(|tag| !tag.is_empty()).map_or(Selector::Only, |tag| Selector::Tag(tag.to_owned())))
}

#[cfg(test)]
mod tests;
