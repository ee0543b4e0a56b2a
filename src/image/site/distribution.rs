//! A distribution: one installed package, as a part of an image.

use oci_spec::image::Digest;
use sha2::{Digest as _, Sha256};

use crate::image::layer::Tree;

/// An installed package.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Its name, normalised.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its files, by their paths relative to the image's root.
    pub tree: Tree,
    /// Names its files' paths, modes and contents: equal where they are.
    pub identity: Digest,
    /// The size of its files, in bytes.
    pub size: u64,
}

/// The identity of files, while they are told one by one.
#[derive(Default)]
pub struct Identity {
    hasher: Sha256,
}

impl Identity {
    /// Tells the next file, in the order of their paths.
    pub fn file(&mut self, path: &str, mode: u32, size: u64, content: &[u8; 32]) {
        // The lengths keep one file's path from running into another's content.
        self.hasher.update((path.len() as u64).to_le_bytes());
        self.hasher.update(path.as_bytes());
        self.hasher.update(mode.to_le_bytes());
        self.hasher.update(size.to_le_bytes());
        self.hasher.update(content);
    }

    /// The identity of all that was told.
    pub fn digest(self) -> Result<Digest, oci_spec::OciSpecError> {
        format!("sha256:{}", hex::encode(self.hasher.finalize())).parse()
    }
}
