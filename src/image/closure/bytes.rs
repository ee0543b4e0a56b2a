//! A file's bytes: looked at here and there, and never held as a whole where they are many.

use std::io::{self, Read};

use super::elf;
use crate::image::layer::Content;

/// Bytes that can be looked at in any place.
pub trait Bytes {
    /// What is at `at`: `length` bytes, or fewer where the file ends or its middle was not kept.
    fn read(&mut self, at: u64, length: usize) -> io::Result<Vec<u8>>;
}

/// How much of a file that only passes by is kept, at each end, in bytes. Linkers put the names that a loader needs into
/// the first pages, and patchelf moves them to the end.
const KEPT: u64 = 16 << 20;

/// What is kept of a file that passed by: of up to 32 MiB, all; of larger ones both ends, and the dynamic section, which
/// is somewhere in the middle where debugging tables follow it.
#[derive(Debug, Default)]
pub struct Ends {
    /// Parts, and where each begins.
    parts: Vec<(u64, Vec<u8>)>,
}

impl Ends {
    /// Reads a file of this size to its end.
    pub fn read(source: impl Read, size: u64) -> io::Result<Self> {
        Self::keeping(KEPT, source, size)
    }

    /// The same, keeping so much at each end.
    pub(super) fn keeping(kept: u64, mut source: impl Read, size: u64) -> io::Result<Self> {
        let both = 2 * kept;
        let mut head = Vec::new();
        source.by_ref().take(if size <= both { size } else { kept }).read_to_end(&mut head)?;
        let mut at = head.len() as u64;
        let middle = if size > both { elf::dynamic(&head) } else { None };
        let mut ends = Self { parts: vec![(0, head)] };
        if let Some((start, end)) = middle.filter(|(start, end)| *start >= at && *end <= size - kept) {
            io::copy(&mut source.by_ref().take(start - at), &mut io::sink())?;
            at = start;
            at += ends.keep(&mut source, at, end - start)?;
        }
        io::copy(&mut source.by_ref().take(size.saturating_sub(kept).saturating_sub(at)), &mut io::sink())?;
        ends.keep(&mut source, at.max(size.saturating_sub(kept)), kept)?;
        Ok(ends)
    }

    fn keep(&mut self, source: &mut impl Read, at: u64, length: u64) -> io::Result<u64> {
        let mut part = Vec::new();
        let read = source.take(length).read_to_end(&mut part)?;
        self.parts.push((at, part));
        Ok(read as u64)
    }
}

impl Bytes for Ends {
    fn read(&mut self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let within = |(start, part): &(u64, Vec<u8>)| {
            let start = usize::try_from(at.checked_sub(*start)?).ok().filter(|s| *s < part.len())?;
            Some(part[start..part.len().min(start.saturating_add(length))].to_vec())
        };
        Ok(self.parts.iter().find_map(within).unwrap_or_default())
    }
}

impl Bytes for &[u8] {
    fn read(&mut self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        Ok(rest[..rest.len().min(length)].to_vec())
    }
}

/// The unit in which a file is looked at, in bytes.
const PAGE: u64 = 32 << 10;
/// How many of them are kept in mind.
const PAGES: usize = 16;

/// A file that can be opened as often as needed.
pub struct Pages<'c> {
    content: &'c Content,
    /// The ones looked at last, the newest at the end.
    seen: Vec<(u64, Vec<u8>)>,
}

impl<'c> Pages<'c> {
    /// Looks at that content.
    pub fn new(content: &'c Content) -> Self {
        Self { content, seen: Vec::new() }
    }

    fn page(&mut self, number: u64) -> io::Result<&[u8]> {
        if let Some(at) = self.seen.iter().position(|(n, _)| *n == number) {
            return Ok(&self.seen[at].1);
        }
        let mut page = Vec::new();
        let start = number * PAGE;
        if start < self.content.size() {
            self.content.open_at(start)?.take(PAGE).read_to_end(&mut page)?;
        }
        if self.seen.len() == PAGES {
            self.seen.remove(0);
        }
        self.seen.push((number, page));
        Ok(self.seen.last().map(|(_, page)| page.as_slice()).unwrap_or_default())
    }
}

impl Bytes for Pages<'_> {
    fn read(&mut self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let here = at.saturating_add(bytes.len() as u64);
            let page = self.page(here / PAGE)?;
            let start = usize::try_from(here % PAGE).unwrap_or_default();
            let part = page.get(start..).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            bytes.extend_from_slice(&part[..part.len().min(length - bytes.len())]);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_ends_of_a_large_file_are_kept() {
        let file: Vec<u8> = (0..210).collect();
        let mut ends = Ends::keeping(100, &file[..], 210).unwrap();
        let mut seen = |at: u64, length: usize| ends.read(at, length).unwrap();
        for (at, length) in [(0, 64), (99, 1), (110, 5), (207, 3)] {
            assert_eq!(seen(at, length), &file[usize::try_from(at).unwrap()..][..length], "{at}");
        }
        assert_eq!([seen(105, 1), seen(210, 1), seen(u64::MAX, 1)], [b"", b"", b""]);
        assert_eq!(seen(95, 20), &file[95..100]);
    }

    #[test]
    fn pages_are_the_file() {
        let file: Vec<u8> = (0..3 * PAGE + 7).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let content = Content::from(file.clone());
        let mut pages = Pages::new(&content);
        for (at, length) in
            [(0, 10), (usize::try_from(PAGE).unwrap() - 3, 70_000), (file.len() - 2, 9), (file.len(), 1)]
        {
            let end = file.len().min(at + length);
            assert_eq!(pages.read(at as u64, length).unwrap(), &file[at..end]);
        }
        assert_eq!(pages.read(u64::MAX - 5, 9).unwrap(), b"");
    }
}
