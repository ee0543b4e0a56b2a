//! A digest: the name of content by what is in it.

use std::str::FromStr;

use oci_spec::image::{Digest, Sha256Digest};
use sha2::{Digest as _, Sha256};

use super::error::Error;
use crate::image::digest::{Check, Mismatch};

/// The digest that the ecosystem names content by.
pub(super) fn sha256(bytes: &[u8]) -> Result<Digest, Error> {
    let hex = hex::encode(Sha256::digest(bytes));
    Sha256Digest::from_str(&hex).map(Digest::from).map_err(|_| Error::BadName { text: hex })
}

/// Whether `bytes` are what `expected` names; an algorithm that we can't compute never agrees.
pub(super) fn verify(what: &str, bytes: &[u8], expected: &Digest) -> Result<(), Error> {
    Check::whole(bytes, expected).map_err(|mismatch| differs(what, mismatch))
}

/// The fault in content that is not what it should be.
pub(super) fn differs(what: &str, mismatch: Mismatch) -> Error {
    Error::DigestMismatch { what: what.to_owned(), expected: mismatch.expected, actual: mismatch.actual }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn content_is_what_its_digest_says() {
        let digest = sha256(b"{}").unwrap();
        assert_eq!(digest.as_ref(), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        verify("it", b"{}", &digest).unwrap();
        let fault = verify("it", b"{ }", &digest).unwrap_err();
        assert!(matches!(fault, Error::DigestMismatch { .. }), "{fault}");
    }
}
