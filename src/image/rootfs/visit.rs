//! A visit: every entry of an archive passed by once, with a look at what is in the files that are asked for.

use std::io::{self, BufReader, Read};

use super::archive::{Archive, Entry, Kind};
use super::compression::{CHUNK, decompress};
use super::error::LayerError;
use super::name::{NAME, PATH, cleaned};
use super::read::Limits;

/// An entry that is passed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Its path relative to the root, as engines clean it. Names that are no UTF-8 are passed over.
    pub path: String,
    /// What it is.
    pub what: Visited,
}

/// What an entry that is passed by is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visited {
    /// A regular file.
    File {
        /// In bytes.
        size: u64,
        /// Permissions, as in `chmod`.
        mode: u32,
    },
    /// A folder.
    Folder,
    /// A symbolic link to this path, as it is written.
    Link(String),
    /// Another name for the file at this path.
    Same(String),
    /// Anything else.
    Other,
}

/// What is at hand while a file is passed by: its bytes.
struct Body<'a, R>(&'a mut Archive<R>);

impl<R: io::BufRead> Read for Body<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(io::Error::other)
    }
}

/// Shows each entry of a layer, or of a whole image as one archive, to `look`, with its bytes. The source is read to its
/// end, so that it can check its own digest; a fault of the source comes back as [`LayerError::Unreadable`].
pub fn visit(
    source: impl Read,
    limits: &Limits,
    look: &mut dyn FnMut(Passed, &mut dyn Read) -> io::Result<()>,
) -> Result<(), LayerError> {
    let mut archive = Archive::new(BufReader::with_capacity(CHUNK, decompress(source)?), limits.unpacked);
    let (mut entries, mut names) = (0, 0);
    while let Some(entry) = archive.next()? {
        let Some(passed) = Passed::of(entry)? else { continue };
        entries += 1;
        names += passed.path.len() as u64;
        if entries > limits.entries || names > limits.names {
            return Err(LayerError::TooMuch { what: "names" });
        }
        look(passed, &mut Body(&mut archive)).map_err(LayerError::of)?;
    }
    archive.finish().map(drop)
}

impl Passed {
    fn of(entry: Entry) -> Result<Option<Self>, LayerError> {
        let path = cleaned(&entry.name);
        if entry.name.len() > PATH || path.iter().any(|part| part.len() > NAME) {
            return Err(LayerError::misplaced(&entry.name, "its name is too long"));
        }
        let Ok(path) = String::from_utf8(path.join(&b'/')) else { return Ok(None) };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
        let what = match entry.kind {
            Kind::File => Some(Visited::File { size: entry.size, mode: entry.mode }),
            Kind::Directory => Some(Visited::Folder),
            Kind::Symlink(target) => text(target).map(Visited::Link),
            Kind::Hardlink(target) => text(cleaned(&target).join(&b'/')).map(Visited::Same),
            Kind::Sparse | Kind::Other => Some(Visited::Other),
        };
        Ok(what.map(|what| Self { path, what }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::Tape;
    use super::*;

    #[test]
    fn every_entry_is_shown_with_its_bytes() {
        let tar = Tape::default().folder("./usr/").file("usr/a", "one").symlink("b", "usr/a").hardlink("c", "./usr/a");
        let tar = tar.file("d", "two!").end();
        let mut seen = Vec::new();
        let limits = Limits::of(0);
        visit(&tar[..], &limits, &mut |passed, body| {
            let mut text = String::new();
            // What isn't read is passed over.
            if passed.path == "d" {
                body.read_to_string(&mut text)?;
            }
            seen.push((passed.path, passed.what, text));
            Ok(())
        })
        .unwrap();
        let row = |path: &str, what: Visited, text: &str| (path.to_owned(), what, text.to_owned());
        let expected = [
            row("usr", Visited::Folder, ""),
            row("usr/a", Visited::File { size: 3, mode: 0o644 }, ""),
            row("b", Visited::Link("usr/a".into()), ""),
            row("c", Visited::Same("usr/a".into()), ""),
            row("d", Visited::File { size: 4, mode: 0o644 }, "two!"),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_fault_of_who_looks_comes_through() {
        let tar = Tape::default().file("a", "one").end();
        let fault = visit(&tar[..], &Limits::of(0), &mut |_, _| Err(io::Error::other("no"))).unwrap_err();
        assert!(matches!(fault, LayerError::Unreadable(cause) if cause.to_string() == "no"));
        let few = Limits { entries: 0, ..Limits::of(0) };
        assert!(matches!(visit(&tar[..], &few, &mut |_, _| Ok(())), Err(LayerError::TooMuch { .. })));
    }
}
