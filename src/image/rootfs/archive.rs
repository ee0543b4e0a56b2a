//! An archive: the entries of a tar stream, one after the other.

use std::io::{self, BufRead, Read};

use super::error::LayerError;
use super::header::{BLOCK, Header, records, text};

/// The longest name or PAX header, in bytes: what Go takes, too.
const SPECIAL: u64 = 1 << 20;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
    /// Permissions, as in `chmod`.
    pub(super) mode: u32,
    /// Of the content as it is stored, in bytes.
    pub(super) size: u64,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    /// A file whose content is stored with its holes left out.
    Sparse,
    Directory,
    Symlink(Vec<u8>),
    Hardlink(Vec<u8>),
    /// A device, a pipe, or what nobody knows.
    Other,
}

/// Reads a tar stream, of which it keeps no more than one entry's name in memory.
pub(super) struct Archive<R> {
    source: R,
    /// How far we are, in bytes.
    at: u64,
    /// What is left of the current entry's content, and the padding after it.
    content: u64,
    padding: u64,
    /// The most bytes that are read.
    limit: u64,
}

/// What special entries say of the next one.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Vec<u8>,
}

impl<R: BufRead> Archive<R> {
    /// Reads at most `limit` bytes.
    pub(super) fn new(source: R, limit: u64) -> Self {
        Self { source, at: 0, content: 0, padding: 0, limit }
    }

    /// The next entry; none at the archive's end.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, LayerError> {
        let mut said = Said::default();
        loop {
            self.pass()?;
            let Some(header) = self.header()? else { return Ok(None) };
            match header.kind {
                b'L' => said.name = Some(text(&self.special()?).to_vec()),
                b'K' => said.link = Some(text(&self.special()?).to_vec()),
                b'x' => said.pax = self.special()?,
                // Engines ignore what a PAX header says of all entries.
                b'g' => {}
                _ => return self.entry(header, said).map(Some),
            }
        }
    }

    /// Where in the archive the current entry's content is, in bytes.
    pub(super) fn place(&self) -> u64 {
        self.at
    }

    /// The current entry's content. Its size has been looked at by who asks.
    pub(super) fn body(&mut self) -> Result<Vec<u8>, LayerError> {
        let mut body = Vec::new();
        let read = (&mut self.source).take(self.content).read_to_end(&mut body).map_err(LayerError::of)?;
        self.at += read as u64;
        self.content -= read as u64;
        if self.content > 0 { Err(self.odd("it ends within an entry")) } else { Ok(body) }
    }

    /// Reads on in the current entry's content; 0 at its end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, LayerError> {
        let most = buffer.len().min(usize::try_from(self.content).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let read = self.source.read(&mut buffer[..most]).map_err(LayerError::of)?;
        self.at += read as u64;
        self.content -= read as u64;
        if read == 0 { Err(self.odd("it ends within an entry")) } else { Ok(read) }
    }

    /// Reads what is after the archive's end, too: digests are of all.
    pub(super) fn finish(mut self) -> Result<R, LayerError> {
        loop {
            let left = self.source.fill_buf().map_err(LayerError::of)?.len();
            if left == 0 {
                return Ok(self.source);
            }
            self.source.consume(left);
            self.at += left as u64;
            self.within(0)?;
        }
    }

    fn entry(&mut self, header: Header, said: Said) -> Result<Entry, LayerError> {
        let has_content = header.has_content();
        let Header { kind, mut name, mut link, mode, mut size, mut more } = header;
        let mut sparse = kind == b'S';
        for (key, value) in records(&said.pax).map_err(|why| self.odd(why))? {
            match key {
                // An empty value takes back what an earlier header said, of which there is none.
                _ if value.is_empty() => {}
                b"path" | b"GNU.sparse.name" => name = value.to_vec(),
                b"linkpath" => link = value.to_vec(),
                b"size" => size = decimal(value).ok_or_else(|| self.odd("a PAX header with no size"))?,
                b"GNU.sparse.major" | b"GNU.sparse.map" | b"GNU.sparse.numblocks" => sparse = true,
                _ => {}
            }
        }
        name = said.name.filter(|name| !name.is_empty()).unwrap_or(name);
        link = said.link.filter(|link| !link.is_empty()).unwrap_or(link);
        let kind = match kind {
            // The oldest format has no type for directories.
            0 if name.ends_with(b"/") => Kind::Directory,
            _ if sparse => Kind::Sparse,
            0 | b'0' | b'7' => Kind::File,
            b'1' => Kind::Hardlink(link),
            b'2' => Kind::Symlink(link),
            b'5' => Kind::Directory,
            _ => Kind::Other,
        };
        while more {
            let block = self.block()?.ok_or_else(|| self.odd("it ends within a sparse file's map"))?;
            more = block[504] != 0;
        }
        if !has_content {
            size = 0;
        }
        self.expect(size)?;
        Ok(Entry { kind, name, mode, size })
    }

    /// The next header; none at the end: two blocks of zeros, or no more blocks.
    fn header(&mut self) -> Result<Option<Header>, LayerError> {
        let Some(block) = self.block()? else { return Ok(None) };
        if is_zero(&block) {
            return match self.block()? {
                Some(second) if !is_zero(&second) => Err(self.odd("a block of zeros between entries")),
                _ => Ok(None),
            };
        }
        let header = Header::read(&block).map_err(|why| self.odd(why))?;
        self.expect(if header.has_content() { header.size } else { 0 })?;
        Ok(Some(header))
    }

    /// The content of an entry that is about the next one.
    fn special(&mut self) -> Result<Vec<u8>, LayerError> {
        if self.content > SPECIAL {
            return Err(LayerError::TooMuch { what: "text in one header" });
        }
        self.body()
    }

    /// Sets out for content of that size.
    fn expect(&mut self, size: u64) -> Result<(), LayerError> {
        self.within(size)?;
        self.content = size;
        self.padding = size.checked_next_multiple_of(BLOCK as u64).map_or(0, |end| end - size);
        Ok(())
    }

    /// Passes over what is left of the current entry.
    fn pass(&mut self) -> Result<(), LayerError> {
        while self.content + self.padding > 0 {
            let left = self.source.fill_buf().map_err(LayerError::of)?.len() as u64;
            if left == 0 {
                // Some writers leave the last padding out.
                if self.content == 0 {
                    self.padding = 0;
                    return Ok(());
                }
                return Err(self.odd("it ends within an entry"));
            }
            let passed = left.min(self.content + self.padding);
            self.source.consume(usize::try_from(passed).unwrap_or(usize::MAX));
            self.at += passed;
            let content = passed.min(self.content);
            self.content -= content;
            self.padding -= passed - content;
        }
        Ok(())
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, LayerError> {
        let mut block = [0; BLOCK];
        let mut read = 0;
        while read < BLOCK {
            match self.source.read(&mut block[read..]) {
                Ok(0) if read == 0 => return Ok(None),
                Ok(0) => return Err(self.odd("it ends within a header")),
                Ok(more) => read += more,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(LayerError::of(fault)),
            }
        }
        self.at += BLOCK as u64;
        self.within(0)?;
        Ok(Some(block))
    }

    /// Refuses what states to go on beyond the limit, before any of it is read.
    fn within(&self, size: u64) -> Result<(), LayerError> {
        let end = self.at.checked_add(size);
        if end.is_some_and(|end| end <= self.limit) { Ok(()) } else { Err(LayerError::TooLarge { limit: self.limit }) }
    }

    fn odd(&self, why: &'static str) -> LayerError {
        LayerError::NotTar { at: self.at, why }
    }
}

fn is_zero(block: &[u8; BLOCK]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
