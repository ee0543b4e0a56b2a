//! An ELF reader: from a file's bytes to what it asks of the loader.
//!
//! Only the header, the program headers, the dynamic section and the names that it points to are looked at: a few
//! kilobytes, however large the file is. Files come from strangers; every count is bounded, and what is odd is no
//! object. <https://gabi.xinuos.com/>,
//! <https://refspecs.linuxbase.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>

use std::io;

use super::bytes::Bytes;
use super::object::{Machine, Object, Paths, System, Wanted};

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Something else than a program or library.
    Other,
    /// A program or library that can't be understood.
    Odd,
    /// A program or library.
    Object(Box<Object>),
}

/// The first bytes of every ELF file.
const MARK: &[u8] = b"\x7fELF";
/// The most program headers. The kernel takes as many as fit in a page or so; linkers write ten.
const SEGMENTS: usize = 512;
/// The largest dynamic section, in bytes.
const DYNAMIC: usize = 64 << 10;
/// The longest name, in bytes.
const NAME: usize = 4096;
/// The most bytes of names of one file, and the most entries of its tables of versions.
const NAMES: usize = 1 << 20;
const VERSIONS: usize = 4096;

const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DT_VERDEF: u64 = 0x6fff_fffc;
const DT_VERDEFNUM: u64 = 0x6fff_fffd;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DT_VERNEEDNUM: u64 = 0x6fff_ffff;
const DF_1_NODEFLIB: u64 = 0x800;
const VER_FLG_WEAK: u64 = 2;

/// Reads a file.
pub fn read(bytes: &mut dyn Bytes) -> io::Result<Reading> {
    let head = bytes.read(0, 64)?;
    let Some(elf) = Elf::of(head, bytes) else { return Ok(Reading::Other) };
    match elf.object() {
        Ok(Some(object)) => Ok(Reading::Object(Box::new(object))),
        Ok(None) => Ok(Reading::Other),
        Err(Fault::Odd) => Ok(Reading::Odd),
        Err(Fault::Io(fault)) => Err(fault),
    }
}

/// Where the dynamic section of a file begins and ends that begins with these bytes.
pub(super) fn dynamic(mut head: &[u8]) -> Option<(u64, u64)> {
    let first = head.get(..64)?.to_vec();
    let mut elf = Elf::of(first.clone(), &mut head)?;
    let machine = elf.machine;
    let segments = elf.segments(&Record { bytes: first, machine }).ok()?;
    let (_, at, length, _) = segments.into_iter().find(|s| s.0 == PT_DYNAMIC)?;
    Some((at, at.checked_add(length.min(DYNAMIC as u64))?))
}

enum Fault {
    Odd,
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(fault: io::Error) -> Self {
        Self::Io(fault)
    }
}

type Read<T> = Result<T, Fault>;

/// A file that begins as ELF files do.
struct Elf<'b> {
    bytes: &'b mut dyn Bytes,
    head: Vec<u8>,
    machine: Machine,
    /// Which bytes of the file are where in memory: `(file, memory, length)`.
    loads: Vec<(u64, u64, u64)>,
    /// What may still be read of names, in bytes.
    left: usize,
}

/// A part of the file that was read, and how its numbers are written.
struct Record {
    bytes: Vec<u8>,
    machine: Machine,
}

impl Record {
    /// The number of so many bytes at that place; zero beyond the end, since records are read whole.
    fn number(&self, at: usize, size: usize) -> u64 {
        let bytes = self.bytes.get(at..at + size).unwrap_or_default();
        let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        if self.machine.little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) }
    }

    /// The same of a record that differs between 32 and 64 bits, where its places are these.
    fn either(&self, narrow: usize, wide: usize) -> u64 {
        if self.machine.bits == 64 { self.number(wide, 8) } else { self.number(narrow, 4) }
    }
}

/// The dynamic section, as far as we want to know.
#[derive(Default)]
struct Dynamic {
    strings: Option<u64>,
    needed: Vec<u64>,
    soname: Option<u64>,
    rpath: Vec<u64>,
    runpath: Vec<u64>,
    flags: u64,
    /// Where the tables of versions are, and how many entries they have.
    verneed: (u64, u64),
    verdef: (u64, u64),
}

impl<'b> Elf<'b> {
    fn of(head: Vec<u8>, bytes: &'b mut dyn Bytes) -> Option<Self> {
        let bits = match head.get(4)? {
            _ if !head.starts_with(MARK) => return None,
            1 => 32,
            2 => 64,
            _ => return None,
        };
        let little = match head.get(5)? {
            1 => true,
            2 => false,
            _ => return None,
        };
        let machine = Machine { number: 0, bits, little };
        Some(Self { bytes, head, machine, loads: Vec::new(), left: NAMES })
    }

    fn object(mut self) -> Read<Option<Object>> {
        let head = Record { bytes: std::mem::take(&mut self.head), machine: self.machine };
        if head.bytes.len() < if self.machine.bits == 64 { 64 } else { 52 } {
            return Err(Fault::Odd);
        }
        self.machine.number = u16::try_from(head.number(18, 2)).unwrap_or_default();
        // Neither a program nor a library: what a compiler left, or a crash.
        if !matches!(head.number(16, 2), 2 | 3) {
            return Ok(None);
        }
        let segments = self.segments(&head)?;
        let part = |kind: u64| segments.iter().find(|s| s.0 == kind).map(|s| (s.1, s.2));
        self.loads = segments.iter().filter(|s| s.0 == PT_LOAD).map(|s| (s.1, s.3, s.2)).collect();
        let interpreter = match part(PT_INTERP) {
            Some((at, length)) => Some(self.text(at, usize::try_from(length).unwrap_or(NAME).min(NAME))?),
            None => None,
        };
        let dynamic = match part(PT_DYNAMIC) {
            Some((at, length)) => self.dynamic(at, length)?,
            None => Dynamic::default(),
        };
        let system = if dynamic.flags & DF_1_NODEFLIB == 0 { System::Searched } else { System::Passed };
        let strings = match dynamic.strings {
            Some(strings) => self.place(strings)?,
            // It names nothing.
            None if dynamic.needed.is_empty() => 0,
            None => return Err(Fault::Odd),
        };
        Ok(Some(Object {
            machine: self.machine,
            interpreter,
            needed: self.names(strings, &dynamic.needed)?,
            soname: self.names(strings, dynamic.soname.as_slice())?.pop(),
            paths: Paths {
                rpath: self.folders(strings, &dynamic.rpath)?,
                runpath: self.folders(strings, &dynamic.runpath)?,
                system,
            },
            wants: self.wants(strings, dynamic.verneed)?,
            defines: self.defines(strings, dynamic.verdef)?,
        }))
    }

    /// The segments: kind, place in the file, length in the file, place in memory.
    fn segments(&mut self, head: &Record) -> Read<Vec<(u64, u64, u64, u64)>> {
        let at = head.either(28, 32);
        let (size, count) = if self.machine.bits == 64 { (54, 56) } else { (42, 44) };
        let (size, count) = (index(head.number(size, 2))?, index(head.number(count, 2))?);
        let least = if self.machine.bits == 64 { 56 } else { 32 };
        if count > SEGMENTS || size < least || size > 256 {
            return if count == 0 { Ok(Vec::new()) } else { Err(Fault::Odd) };
        }
        let table = self.record(at, size * count)?;
        let segment = |bytes: &[u8]| {
            let entry = Record { bytes: bytes.to_vec(), machine: self.machine };
            (entry.number(0, 4), entry.either(4, 8), entry.either(16, 32), entry.either(8, 16))
        };
        Ok(table.bytes.chunks(size).map(segment).collect())
    }

    fn dynamic(&mut self, at: u64, length: u64) -> Read<Dynamic> {
        let size = usize::from(self.machine.bits / 4);
        let length = usize::try_from(length).ok().filter(|l| *l <= DYNAMIC).ok_or(Fault::Odd)?;
        let table = self.record(at, length - length % size)?;
        let mut found = Dynamic::default();
        for bytes in table.bytes.chunks(size) {
            let entry = Record { bytes: bytes.to_vec(), machine: self.machine };
            // A sign that a 32-bit tag may have is nothing that we look for.
            let (tag, value) = (entry.either(0, 0), entry.either(4, 8));
            match tag {
                DT_NULL => break,
                DT_NEEDED => found.needed.push(value),
                DT_STRTAB => found.strings = Some(value),
                DT_SONAME => found.soname = Some(value),
                DT_RPATH => found.rpath.push(value),
                DT_RUNPATH => found.runpath.push(value),
                DT_FLAGS_1 => found.flags = value,
                DT_VERNEED => found.verneed.0 = value,
                DT_VERNEEDNUM => found.verneed.1 = value,
                DT_VERDEF => found.verdef.0 = value,
                DT_VERDEFNUM => found.verdef.1 = value,
                _ => {}
            }
        }
        Ok(found)
    }

    /// `DT_VERNEED`: libraries, and the versions that are wanted of each.
    fn wants(&mut self, strings: u64, (table, count): (u64, u64)) -> Read<Vec<Wanted>> {
        let mut found = Vec::new();
        let mut left = VERSIONS;
        let mut at = if count > 0 { self.place(table)? } else { 0 };
        for _ in 0..count {
            let entry = self.record(at, 16)?;
            let library = self.name(strings, entry.number(4, 4))?;
            let mut versions = Vec::new();
            let mut next = add(at, entry.number(8, 4))?;
            for _ in 0..entry.number(2, 2) {
                left = left.checked_sub(1).ok_or(Fault::Odd)?;
                let version = self.record(next, 16)?;
                if version.number(4, 2) & VER_FLG_WEAK == 0 {
                    versions.push(self.name(strings, version.number(8, 4))?);
                }
                match version.number(12, 4) {
                    0 => break,
                    far => next = add(next, far)?,
                }
            }
            left = left.checked_sub(1).ok_or(Fault::Odd)?;
            found.push(Wanted { library, versions });
            match entry.number(12, 4) {
                0 => break,
                far => at = add(at, far)?,
            }
        }
        Ok(found)
    }

    /// `DT_VERDEF`: the versions that it has.
    fn defines(&mut self, strings: u64, (table, count): (u64, u64)) -> Read<Vec<String>> {
        let mut found = Vec::new();
        let mut at = if count > 0 { self.place(table)? } else { 0 };
        for _ in 0..count {
            if found.len() == VERSIONS {
                return Err(Fault::Odd);
            }
            let entry = self.record(at, 20)?;
            // The first of its names is its own; the others are those of the versions that it follows on.
            let name = self.record(add(at, entry.number(12, 4))?, 8)?;
            found.push(self.name(strings, name.number(0, 4))?);
            match entry.number(16, 4) {
                0 => break,
                far => at = add(at, far)?,
            }
        }
        Ok(found)
    }

    fn names(&mut self, strings: u64, at: &[u64]) -> Read<Vec<String>> {
        at.iter().map(|at| self.name(strings, *at)).collect()
    }

    /// Lists of folders; an empty one would be the working directory, which no image means.
    fn folders(&mut self, strings: u64, at: &[u64]) -> Read<Vec<String>> {
        let lists = self.names(strings, at)?;
        Ok(lists.iter().flat_map(|l| l.split(':')).filter(|f| !f.is_empty()).map(str::to_owned).collect())
    }

    fn name(&mut self, strings: u64, at: u64) -> Read<String> {
        let at = add(strings, at)?;
        // Most names are short.
        let short = self.text(at, 64);
        if matches!(short, Err(Fault::Odd)) { self.text(at, NAME) } else { short }
    }

    /// The text at a place of the file, up to the byte zero that ends it.
    fn text(&mut self, at: u64, most: usize) -> Read<String> {
        let bytes = self.bytes.read(at, most)?;
        let end = bytes.iter().position(|b| *b == 0).ok_or(Fault::Odd)?;
        self.left = self.left.checked_sub(end + 1).ok_or(Fault::Odd)?;
        String::from_utf8(bytes[..end].to_vec()).map_err(|_| Fault::Odd)
    }

    fn record(&mut self, at: u64, length: usize) -> Read<Record> {
        let bytes = self.bytes.read(at, length)?;
        if bytes.len() < length { Err(Fault::Odd) } else { Ok(Record { bytes, machine: self.machine }) }
    }

    /// Where in the file that is what is at a place in memory.
    fn place(&self, memory: u64) -> Read<u64> {
        let inside =
            |(_, start, length): &&(u64, u64, u64)| memory.checked_sub(*start).is_some_and(|far| far < *length);
        let (file, start, _) = self.loads.iter().find(inside).ok_or(Fault::Odd)?;
        add(*file, memory - start)
    }
}

fn add(at: u64, far: u64) -> Read<u64> {
    at.checked_add(far).ok_or(Fault::Odd)
}

fn index(number: u64) -> Read<usize> {
    usize::try_from(number).map_err(|_| Fault::Odd)
}
