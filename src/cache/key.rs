//! A key: what something was made from, as one short name.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// What something was made from: named parts, in an order. Equal parts give equal keys, on any machine.
#[derive(Clone)]
pub struct Key {
    hasher: Sha256,
}

impl Key {
    /// A key for this purpose; keys for others are different, whatever their parts.
    pub fn new(purpose: &str) -> Self {
        Self { hasher: Sha256::new() }.part("pydeploy.key/1", purpose)
    }

    /// With another part.
    #[must_use]
    pub fn part(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.add(name.as_bytes());
        self.add(value.as_ref());
        self
    }

    /// With a list as another part.
    #[must_use]
    pub fn list<V: AsRef<[u8]>>(mut self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        // The whole list as one part, so that no list runs into what comes after it.
        let mut list = Self { hasher: Sha256::new() };
        values.into_iter().for_each(|value| list.add(value.as_ref()));
        self.add(name.as_bytes());
        self.add(&list.hasher.finalize());
        self
    }

    fn add(&mut self, bytes: &[u8]) {
        // Behind its length: no two series of parts come to the same bytes.
        self.hasher.update((bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
    }

    /// Its name: 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex::encode(self.hasher.clone().finalize())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.hex())
    }
}

/// What a note or a folder of the cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A package archive's index: which packages it has, and which has which file.
    Archive,
    /// A base image: its manifest and config, what is known of its files.
    Base,
    /// What was built from an sdist.
    Build,
    /// What a lock's dependencies come to: their distributions and layers.
    Dependencies,
    /// An image that was laid together: its manifest, config and layers.
    Image,
    /// A Python interpreter that runs on this machine.
    Interpreter,
    /// A layer: its digest, diff ID and size.
    Layer,
    /// What a tree of files was when it was read last.
    Scan,
    /// A program that pydeploy runs, such as uv.
    Tool,
}

impl Kind {
    /// Its folder's name, and its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Base => "base",
            Self::Build => "build",
            Self::Dependencies => "dependencies",
            Self::Image => "image",
            Self::Interpreter => "interpreter",
            Self::Layer => "layer",
            Self::Scan => "scan",
            Self::Tool => "tool",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_parts_and_their_borders() {
        let key = |parts: &[(&str, &str)]| parts.iter().fold(Key::new("x"), |k, (n, v)| k.part(n, v)).hex();
        assert_eq!(key(&[("a", "bc")]), key(&[("a", "bc")]));
        assert_ne!(key(&[("a", "bc")]), key(&[("ab", "c")]));
        assert_ne!(key(&[("a", "b"), ("c", "d")]), key(&[("c", "d"), ("a", "b")]));
        assert_ne!(Key::new("x").hex(), Key::new("y").hex());
        let list = |values: &[&str], after: &str| Key::new("x").list("l", values).part("a", after).hex();
        assert_ne!(list(&["a", "b"], "c"), list(&["a"], "c"));
        assert_ne!(list(&["ab"], "c"), list(&["a", "b"], "c"));
        assert_ne!(list(&[], ""), Key::new("x").part("l", "").part("a", "").hex());
    }

    #[test]
    fn a_key_is_the_same_in_every_version() {
        let key = Key::new("layer").part("python", "3.13").list("files", ["a", "b"]);
        assert_eq!(key.hex(), "7d84d4a180ee7c4e614fbd56418f0d0da7b855c0703a9a09a31bcb68762990cc");
    }
}
