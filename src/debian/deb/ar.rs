//! An ar archive: the members of a .deb, read from its first byte to its last.
//!
//! <https://manpages.debian.org/testing/dpkg-dev/deb.5.en.html>

use std::io::{self, Read};

use super::error::Fault;

const MAGIC: &[u8; 8] = b"!<arch>\n";
/// A member's header, in bytes.
const HEADER: usize = 60;

/// The archive; reading it reads the current member.
pub(super) struct Ar<R> {
    source: R,
    /// What is left of the current member, in bytes.
    left: u64,
    /// Members start at even places.
    padded: bool,
}

impl<R: Read> Ar<R> {
    pub(super) fn new(mut source: R) -> Result<Self, Fault> {
        let mut magic = [0; MAGIC.len()];
        match source.read_exact(&mut magic) {
            Ok(()) if magic == *MAGIC => Ok(Self { source, left: 0, padded: false }),
            Err(fault) if fault.kind() != io::ErrorKind::UnexpectedEof => Err(Fault::of(fault)),
            _ => Err(Fault::Ar("it does not begin as one")),
        }
    }

    /// The next member's name; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<String>, Fault> {
        io::copy(self, &mut io::sink()).map_err(Fault::of)?;
        if self.left > 0 {
            return Err(Fault::Ar("it ends within a member"));
        }
        let mut block = Vec::with_capacity(HEADER + 1);
        let wanted = HEADER as u64 + u64::from(self.padded);
        self.source.by_ref().take(wanted).read_to_end(&mut block).map_err(Fault::of)?;
        let header = if self.padded { block.get(1..).unwrap_or_default() } else { &block[..] };
        if header.is_empty() {
            return Ok(None);
        }
        if header.len() < HEADER || &header[58..] != b"`\n" {
            return Err(Fault::Ar("a member's header is broken"));
        }
        let field = |bytes: &[u8]| std::str::from_utf8(bytes).map(|text| text.trim_end_matches(' ').to_owned());
        let size = field(&header[48..58]).ok().filter(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()));
        self.left = size.and_then(|s| s.parse().ok()).ok_or(Fault::Ar("a member has no size"))?;
        self.padded = self.left % 2 == 1;
        let name = field(&header[..16]).map_err(|_| Fault::Ar("a member has no name"))?;
        Ok(Some(name.strip_suffix('/').unwrap_or(&name).to_owned()))
    }
}

impl<R: Read> Read for Ar<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.source.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}
