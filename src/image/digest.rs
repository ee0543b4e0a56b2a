//! A check: content held against its digest while it passes.

use oci_spec::image::{Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Content that is not what its digest says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it has the digest {actual}, and {expected} was promised")]
pub struct Mismatch {
    /// What was promised.
    pub expected: String,
    /// What came.
    pub actual: String,
}

/// Content held against its digest while it passes.
pub struct Check {
    expected: Digest,
    hasher: Hasher,
}

enum Hasher {
    Sha256(Sha256),
    Sha384(Box<Sha384>),
    Sha512(Box<Sha512>),
    /// An algorithm that we can't compute never agrees.
    Unknown,
}

impl Check {
    /// Expects content of this digest.
    pub fn new(expected: &Digest) -> Self {
        let hasher = match expected.algorithm() {
            DigestAlgorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            DigestAlgorithm::Sha384 => Hasher::Sha384(Box::default()),
            DigestAlgorithm::Sha512 => Hasher::Sha512(Box::default()),
            _ => Hasher::Unknown,
        };
        Self { expected: expected.clone(), hasher }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha384(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
            Hasher::Unknown => {}
        }
    }

    /// Whether what passed is what was expected.
    pub fn finish(self) -> Result<(), Mismatch> {
        let actual = match self.hasher {
            Hasher::Sha256(hasher) => hex::encode(hasher.finalize()),
            Hasher::Sha384(hasher) => hex::encode(hasher.finalize()),
            Hasher::Sha512(hasher) => hex::encode(hasher.finalize()),
            Hasher::Unknown => "of an algorithm that pydeploy does not have".to_owned(),
        };
        if actual == self.expected.digest() {
            return Ok(());
        }
        let actual = format!("{}:{actual}", self.expected.algorithm());
        Err(Mismatch { expected: self.expected.to_string(), actual })
    }

    /// Whether `bytes` as a whole are what `expected` names.
    pub fn whole(bytes: &[u8], expected: &Digest) -> Result<(), Mismatch> {
        let mut check = Self::new(expected);
        check.update(bytes);
        check.finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn content_is_what_its_digest_says_in_however_many_pieces() {
        let digest: Digest = EMPTY.parse().unwrap();
        let mut check = Check::new(&digest);
        check.update(b"{");
        check.update(b"}");
        check.finish().unwrap();
        let fault = Check::whole(b"{ }", &digest).unwrap_err();
        assert_eq!(fault.expected, EMPTY);
        let long = format!("sha512:{}", hex::encode(Sha512::digest(b"{}")));
        Check::whole(b"{}", &long.parse().unwrap()).unwrap();
    }

    #[test]
    fn an_unknown_algorithm_never_agrees() {
        assert!(Check::whole(b"{}", &"multihash:abc".parse().unwrap()).is_err());
    }
}
