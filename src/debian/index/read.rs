//! A reader of an archive's `Packages`, which keeps what is needed as it passes.

use std::io::{self, BufRead, Read};

use super::super::package::Priority;
use super::{Index, Record, Span};

/// The longest line, in bytes; Debian's longest is of 0.1 MB.
const LONGEST: u64 = 4 << 20;
/// The most text that is kept, in bytes; of Debian's main release it is 25 MB.
const MOST: usize = 1 << 30;

/// Why an index of packages can't be read.
#[derive(Debug, thiserror::Error)]
pub enum IndexFault {
    /// It can't be unpacked.
    #[error("it can't be read to its end")]
    Read(#[from] io::Error),
    /// It has no end.
    #[error("it is larger than an index of packages can be")]
    TooLarge,
    /// A package that can't be fetched.
    #[error("its package {package:?} has no sound {field}")]
    Field {
        /// The package's name, if it has one.
        package: String,
        /// What is missing, or wrong.
        field: &'static str,
    },
}

/// The fields of a package that are kept.
const KEPT: [&str; 14] = [
    "Package",
    "Version",
    "Architecture",
    "Pre-Depends",
    "Depends",
    "Provides",
    "Conflicts",
    "Breaks",
    "Source",
    "Filename",
    "Size",
    "SHA256",
    "Priority",
    "Essential",
];

impl Index {
    /// Reads the packages of a source, whose archive is at `uri`.
    pub fn read(&mut self, uri: &str, mut from: impl BufRead) -> Result<(), IndexFault> {
        let source = u16::try_from(self.sources.len()).map_err(|_| IndexFault::TooLarge)?;
        self.sources.push(uri.to_owned());
        let (mut line, mut fields, mut last) = (Vec::new(), Fields::default(), None);
        loop {
            line.clear();
            let length = (&mut from).take(LONGEST).read_until(b'\n', &mut line)? as u64;
            if length == LONGEST || self.text.len() > MOST {
                return Err(IndexFault::TooLarge);
            }
            match line.first() {
                None | Some(b'\n') => {
                    if fields.any {
                        self.take(source, &fields)?;
                        fields.clear();
                    }
                    last = None;
                    if line.is_empty() {
                        break;
                    }
                }
                // The rest of a field that began on an earlier line.
                Some(b' ' | b'\t') => {
                    if let Some(at) = last {
                        fields.push(at, &line);
                    }
                }
                Some(_) => {
                    last = fields.begin(&line);
                }
            }
        }
        self.sort();
        Ok(())
    }

    fn take(&mut self, source: u16, fields: &Fields) -> Result<(), IndexFault> {
        let [
            package,
            version,
            architecture,
            before,
            depends,
            provides,
            conflicts,
            breaks,
            from,
            filename,
            size,
            sum,
            priority,
            essential,
        ] = fields.texts();
        let wrong = |field| IndexFault::Field { package: package.to_owned(), field };
        let missing = [(package, "Package"), (version, "Version"), (filename, "Filename")];
        if let Some((_, field)) = missing.into_iter().find(|(value, _)| value.is_empty()) {
            return Err(wrong(field));
        }
        // It is joined to the archive's address.
        if filename.starts_with('/') || filename.split('/').any(|part| part == "..") {
            return Err(wrong("Filename"));
        }
        let mut sha256 = [0; 32];
        hex::decode_to_slice(sum, &mut sha256).map_err(|_| wrong("SHA256"))?;
        let record = Record {
            size: size.parse().map_err(|_| wrong("Size"))?,
            sha256,
            priority: Priority::of(essential, priority),
            source,
            name: self.keep(&[package]),
            version: self.keep(&[version]),
            architecture: self.same(architecture),
            depends: self.keep(&[before, depends]),
            provides: self.keep(&[provides]),
            conflicts: self.keep(&[conflicts, breaks]),
            from: self.keep(&[from]),
            filename: self.keep(&[filename]),
        };
        self.records.push(record);
        Ok(())
    }

    /// Keeps a list, of which there may be several parts.
    fn keep(&mut self, parts: &[&str]) -> Span {
        let start = self.text.len();
        for part in parts.iter().filter(|part| !part.is_empty()) {
            if self.text.len() > start {
                self.text.push_str(", ");
            }
            self.text.push_str(part);
        }
        // `MOST` is far below what 32 bits count.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { start: place(start), length: place(self.text.len() - start) }
    }

    /// Keeps what the record before has too.
    fn same(&mut self, text: &str) -> Span {
        let before = self.records.last().map(|record| record.architecture).filter(|span| self.at(*span) == text);
        before.unwrap_or_else(|| self.keep(&[text]))
    }
}

/// The fields of one package, whose memory serves for the next one.
#[derive(Default)]
struct Fields {
    any: bool,
    values: [String; KEPT.len()],
}

impl Fields {
    /// A line with a field's name; which one, if it is kept.
    fn begin(&mut self, line: &[u8]) -> Option<usize> {
        self.any = true;
        let colon = line.iter().position(|byte| *byte == b':')?;
        let at = KEPT.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(&line[..colon]))?;
        self.values[at].clear();
        self.push(at, &line[colon + 1..]);
        Some(at)
    }

    fn push(&mut self, at: usize, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        if !self.values[at].is_empty() {
            self.values[at].push(' ');
        }
        self.values[at].push_str(text.trim());
    }

    fn texts(&self) -> [&str; KEPT.len()] {
        self.values.each_ref().map(String::as_str)
    }

    fn clear(&mut self) {
        self.any = false;
        self.values.iter_mut().for_each(String::clear);
    }
}
