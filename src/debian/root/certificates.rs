//! A bundle of certificates: what update-ca-certificates makes of the package's files.

use std::io::{self, Read};

use crate::image::layer::{Kind, Tree};

/// Where a Debian system has its bundle.
pub(super) const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
/// Where the certificates of authorities are.
const FOLDER: &str = "usr/share/ca-certificates";
/// The largest certificate, in bytes: they have a few thousand.
const LARGEST: u64 = 1 << 20;

/// The certificates of a package, in the order of their files' names, each with a newline at its end.
pub(super) fn bundle(tree: &Tree) -> io::Result<Vec<u8>> {
    let mut bundle = Vec::new();
    for (path, node) in tree.below(FOLDER) {
        let Kind::File(content) = &node.kind else { continue };
        if path.rsplit_once('.').is_some_and(|(_, end)| end == "crt") && content.size() <= LARGEST {
            content.open()?.read_to_end(&mut bundle)?;
            if bundle.last().is_some_and(|byte| *byte != b'\n') {
                bundle.push(b'\n');
            }
        }
    }
    Ok(bundle)
}
