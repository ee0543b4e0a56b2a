//! A manifest as it came: bytes, with the digest that they have.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use oci_spec::image::{Digest, ImageIndex, ImageManifest, MediaType};
use serde::Deserialize;

use super::digest;
use super::error::Error;

/// Everything that we can read, OCI's and Docker's, in the order of preference.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";
/// What Docker calls an image's manifest.
const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// What Docker calls an index.
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest as it came. The digest is always ours, computed over the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawManifest {
    /// The bytes, unchanged: one space more is another image.
    pub bytes: Bytes,
    /// What they are.
    pub media_type: MediaType,
    /// Their SHA-256, or the digest of another algorithm that they were asked for by.
    pub digest: Digest,
}

/// What a manifest describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// One image for one platform.
    Image(Box<ImageManifest>),
    /// Images for several platforms.
    Index(Box<ImageIndex>),
}

impl RawManifest {
    /// Names `bytes` by their SHA-256.
    pub fn new(bytes: Bytes, media_type: MediaType) -> Result<Self, Error> {
        Ok(Self { digest: digest::sha256(&bytes)?, bytes, media_type })
    }

    /// The image or index in it.
    pub fn read(&self) -> Result<Manifest, Error> {
        let name = self.media_type.as_ref();
        let read = if self.media_type == MediaType::ImageManifest || name == DOCKER_IMAGE {
            serde_json::from_slice(&self.bytes).map(Manifest::Image)
        } else if self.media_type == MediaType::ImageIndex || name == DOCKER_INDEX {
            serde_json::from_slice(&self.bytes).map(Manifest::Index)
        } else {
            return Err(self.odd(format!("{name} is neither an image nor an index")));
        };
        read.map_err(|fault| self.odd(fault.to_string()))
    }

    fn odd(&self, reason: String) -> Error {
        Error::BadManifest { digest: self.digest.to_string(), reason }
    }
}

/// What an answer's header says that it is, or else what the manifest says of itself.
pub(super) fn media_type(headers: &HeaderMap, bytes: &[u8]) -> Option<MediaType> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Itself {
        media_type: String,
    }
    let header = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match header.split(';').next().unwrap_or_default().trim() {
        "" | "application/json" | "text/plain" | "application/octet-stream" => {
            serde_json::from_slice::<Itself>(bytes).ok().map(|itself| itself.media_type.as_str().into())
        }
        name => Some(name.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const INDEX: &str =
        r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#;

    #[test]
    fn the_header_goes_before_the_content() {
        let headers = |value: &str| HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]);
        let of = |value: &str| media_type(&headers(value), INDEX.as_bytes());
        assert_eq!(of("application/vnd.oci.image.manifest.v1+json; charset=utf-8"), Some(MediaType::ImageManifest));
        assert_eq!(of("application/json"), Some(MediaType::ImageIndex));
        assert_eq!(media_type(&HeaderMap::new(), b"<html>"), None);
    }

    #[test]
    fn dockers_types_are_read_as_ocis() {
        let raw = RawManifest::new(INDEX.into(), DOCKER_INDEX.into()).unwrap();
        assert!(matches!(raw.read().unwrap(), Manifest::Index(_)));
        let raw = RawManifest::new(INDEX.into(), DOCKER_IMAGE.into()).unwrap();
        assert!(matches!(raw.read(), Err(Error::BadManifest { .. })));
        assert!(RawManifest::new(INDEX.into(), "text/html".into()).unwrap().read().is_err());
    }
}
