//! A site: distributions as they lie unpacked in a folder.

mod error;
mod folder;
mod read;

use std::collections::BTreeSet;
use std::path::Path;

pub use self::error::Error;
use self::folder::Folder;
pub(super) use self::read::OnDisk;
use crate::image::site::{Distribution, Venv};

/// What to call the files that no distribution claims.
const UNCLAIMED: &str = "unclaimed files";

/// The distributions in a folder that was installed into, sorted by name, as they are in the image. A file that several
/// claim is the first one's.
pub fn distributions(folder: &Path, venv: &Venv) -> Result<Vec<Distribution>, Error> {
    read::read(&Folder::open(folder)?, venv)
}

/// The names of the distributions that bring a file which another brings with other content, sorted.
pub fn shared(folder: &Path) -> Result<Vec<String>, Error> {
    let folder = Folder::open(folder)?;
    let mut shared = BTreeSet::new();
    for claims in folder.claims()?.values() {
        let [(first, hash), others @ ..] = claims.as_slice() else { continue };
        // What states no hash may be anything.
        if others.iter().any(|(_, other)| other != hash || other.is_empty()) {
            shared.extend([first].into_iter().chain(others.iter().map(|(index, _)| index)).copied());
        }
    }
    Ok(shared.into_iter().filter_map(|index| Some(folder.installed.get(index)?.name.clone())).collect())
}

#[cfg(test)]
mod tests;
