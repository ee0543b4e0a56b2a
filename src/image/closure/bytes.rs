//! A file's bytes: looked at here and there, and never held as a whole where they are many.

use std::io::{self, Read};

use crate::image::layer::Content;

/// Bytes that can be looked at in any place.
pub trait Bytes {
    /// What is at `at`: `length` bytes, or fewer where the file ends or its middle was not kept.
    fn read(&mut self, at: u64, length: usize) -> io::Result<Vec<u8>>;
}

/// How much of a file that only passes by is kept, at each end, in bytes. What a loader needs is in the first pages of
/// a library and in its last: linkers put names first and tables last, and patchelf moves names to the end.
const KEPT: usize = 16 << 20;

/// Both ends of a file that passed by; of up to 32 MiB, all of it.
#[derive(Debug, Default)]
pub struct Ends {
    head: Vec<u8>,
    tail: Vec<u8>,
    /// Where the tail begins.
    at: u64,
}

impl Ends {
    /// Reads a file of this size to its end.
    pub fn read(mut source: impl Read, size: u64) -> io::Result<Self> {
        let mut ends = Self::default();
        let (kept, both) = (KEPT as u64, 2 * KEPT as u64);
        source.by_ref().take(if size <= both { size } else { kept }).read_to_end(&mut ends.head)?;
        let passed = io::copy(&mut source.by_ref().take(size.saturating_sub(both)), &mut io::sink())?;
        ends.at = ends.head.len() as u64 + passed;
        source.take(kept).read_to_end(&mut ends.tail)?;
        Ok(ends)
    }
}

impl Bytes for Ends {
    fn read(&mut self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let from = |part: &[u8], start: u64| {
            let start = usize::try_from(start).ok().filter(|s| *s < part.len())?;
            Some(part[start..part.len().min(start.saturating_add(length))].to_vec())
        };
        let found = from(&self.head, at).or_else(|| from(&self.tail, at.checked_sub(self.at)?));
        Ok(found.unwrap_or_default())
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
        let size = 2 * KEPT as u64 + 10;
        let file: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let mut ends = Ends::read(&file[..], size).unwrap();
        let mut same = |at: u64, length: usize| {
            let start = usize::try_from(at).unwrap();
            assert_eq!(ends.read(at, length).unwrap(), &file[start..start + length], "{at}");
        };
        same(0, 64);
        same(KEPT as u64 - 1, 1);
        same(KEPT as u64 + 10, 5);
        same(size - 3, 3);
        assert_eq!(ends.read(KEPT as u64 + 5, 1).unwrap(), b"");
        assert_eq!(ends.read(size, 1).unwrap(), b"");
        assert_eq!(ends.read(u64::MAX, 1).unwrap(), b"");
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
