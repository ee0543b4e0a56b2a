//! A tar archive: the entries of a package's halves, as dpkg reads them.
//!
//! That is the GNU format alone: dpkg knows neither PAX headers nor sparse files, so neither is in a package.

use std::io::{self, Read};

use tar::EntryType;

use super::error::Fault;

/// The longest name, in bytes: Linux' own limit, and the NUL at its end.
const NAME: u64 = 4096;
/// The most entries: linux-image packages, the largest, have some ten thousand.
const ENTRIES: u64 = 500_000;

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// Relative to the root, with `/` between parts; empty for the root itself.
    pub(super) path: String,
    pub(super) kind: Kind,
    /// Permissions, as `chmod` takes them.
    pub(super) mode: u32,
    /// Of its content, in bytes.
    pub(super) size: u64,
    pub(super) user: Who,
    pub(super) group: Who,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Symlink(String),
    /// The same file as this path.
    Hardlink(String),
}

/// An owner: the name counts, where there is one.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) name: String,
    pub(super) id: u64,
}

/// Whatever names that special entries give the next one.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

/// Shows every entry, with its content, of an archive that may come to `most` bytes.
pub(super) fn each(
    source: impl Read,
    most: u64,
    visit: &mut dyn FnMut(Entry, &mut dyn Read) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut archive = tar::Archive::new(Bounded { source, left: most, most });
    let mut said = Said::default();
    let mut seen = 0;
    for entry in archive.entries().map_err(Fault::of)?.raw(true) {
        let mut entry = entry.map_err(Fault::of)?;
        seen += 1;
        if seen > ENTRIES {
            return Err(Fault::TooMuch { what: "entries", most: ENTRIES });
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => said.name = Some(text(&mut entry)?),
            EntryType::GNULongLink => said.link = Some(text(&mut entry)?),
            _ => {
                let read = read(entry.header(), std::mem::take(&mut said))?;
                visit(read, &mut entry)?;
            }
        }
    }
    Ok(())
}

fn text(entry: &mut impl Read) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    entry.take(NAME + 1).read_to_end(&mut text).map_err(Fault::of)?;
    if text.len() as u64 > NAME {
        return Err(Fault::TooMuch { what: "bytes in a name", most: NAME });
    }
    text.truncate(text.iter().position(|byte| *byte == 0).unwrap_or(text.len()));
    Ok(text)
}

fn read(header: &tar::Header, said: Said) -> Result<Entry, Fault> {
    let name = said.name.unwrap_or_else(|| header.path_bytes().into_owned());
    let path = inside(&name)?;
    let link = || {
        let link = said.link.clone().or_else(|| header.link_name_bytes().map(Into::into)).unwrap_or_default();
        // What no file can have is no link's target either.
        let sound = !link.is_empty() && !link.contains(&0) && link.len() as u64 <= NAME;
        String::from_utf8(link).ok().filter(|_| sound).ok_or_else(|| Fault::path(&name, "it is a link to nowhere"))
    };
    let kind = match header.entry_type() {
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => Kind::Symlink(link()?),
        EntryType::Link => Kind::Hardlink(inside(link()?.as_bytes())?),
        EntryType::Char | EntryType::Block | EntryType::Fifo => {
            return Err(Fault::path(&name, "devices and pipes have no place in an image"));
        }
        _ => return Err(Fault::path(&name, "it is of a kind that packages don't have")),
    };
    let number = |read: io::Result<u64>| read.map_err(Fault::of);
    let named = |read: Option<&[u8]>| String::from_utf8_lossy(read.unwrap_or_default()).into_owned();
    Ok(Entry {
        path,
        kind,
        mode: header.mode().map_err(Fault::of)? & 0o7777,
        size: number(header.size())?,
        user: Who { name: named(header.username_bytes()), id: number(header.uid())? },
        group: Who { name: named(header.groupname_bytes()), id: number(header.gid())? },
    })
}

/// A path of an entry, in the one way that it is written here: packages have `./usr/bin/` and the like.
fn inside(name: &[u8]) -> Result<String, Fault> {
    let text = std::str::from_utf8(name).map_err(|_| Fault::path(name, "its name is no UTF-8"))?;
    if text.starts_with('/') {
        return Err(Fault::path(name, "a package's paths are relative to the root"));
    }
    let parts: Vec<_> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err(Fault::path(name, "it leads out of the image"));
    }
    Ok(parts.join("/"))
}

/// Fails where more is read than there may be.
struct Bounded<R> {
    source: R,
    left: u64,
    most: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.left = match self.left.checked_sub(read as u64) {
            Some(left) => left,
            None => return Err(io::Error::other(Fault::TooMuch { what: "bytes", most: self.most })),
        };
        Ok(read)
    }
}
