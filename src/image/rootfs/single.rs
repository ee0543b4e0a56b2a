//! A single archive: one that is no layer, but holds one file, or the files of an image.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::archive::{Archive, Kind};
use super::error::LayerError;
use super::name::cleaned;
use super::read::FILE;

/// The most files of an archive that holds an image. The largest images have a few hundred.
const ENTRIES: usize = 100_000;

/// The one file that an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Single {
    /// A regular file's content.
    File(Vec<u8>),
    /// A symbolic link's target.
    Link(Vec<u8>),
    /// Something else, or nothing.
    Other,
}

impl Single {
    /// Reads the first entry of an archive.
    pub fn read(archive: &[u8]) -> Result<Self, LayerError> {
        let mut archive = Archive::new(archive, archive.len() as u64);
        let Some(entry) = archive.next()? else { return Ok(Self::Other) };
        Ok(match entry.kind {
            Kind::File if entry.size <= FILE => Self::File(archive.body()?),
            Kind::Symlink(target) => Self::Link(target),
            _ => Self::Other,
        })
    }
}

/// Where an uncompressed archive of so many bytes has its regular files: by name, the place of the first byte and the
/// size of each.
pub fn contents(archive: impl BufRead, size: u64) -> Result<BTreeMap<String, (u64, u64)>, LayerError> {
    let mut archive = Archive::new(archive, size);
    let mut found = BTreeMap::new();
    while let Some(entry) = archive.next()? {
        if entry.kind == Kind::File {
            let name = String::from_utf8_lossy(&cleaned(&entry.name).join(&b'/')).into_owned();
            found.insert(name, (archive.place(), entry.size));
        }
        if found.len() > ENTRIES {
            return Err(LayerError::TooMuch { what: "names" });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::Tape;
    use super::*;

    #[test]
    fn one_file_or_link_is_read() {
        let read = |tape: Tape| Single::read(&tape.end()).unwrap();
        assert_eq!(read(Tape::default().file("passwd", "x")), Single::File(b"x".to_vec()));
        assert_eq!(read(Tape::default().symlink("bin", "usr/bin")), Single::Link(b"usr/bin".to_vec()));
        assert_eq!(read(Tape::default().folder("etc")), Single::Other);
        assert_eq!(read(Tape::default()), Single::Other);
    }

    #[test]
    fn files_are_where_the_archive_says() {
        let tar = Tape::default().folder("blobs").file("./a", "one").file("b", "two!").end();
        let found = contents(&tar[..], tar.len() as u64).unwrap();
        let text = |name: &str| {
            let (at, size) = found[name];
            &tar[usize::try_from(at).unwrap()..usize::try_from(at + size).unwrap()]
        };
        assert_eq!((found.len(), text("a"), text("b")), (2, &b"one"[..], &b"two!"[..]));
    }
}
