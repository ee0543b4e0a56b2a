//! A tar archive of a tree, in blocks of a fixed size.

use std::collections::BTreeSet;
use std::io::{self, Read};

use tar::{EntryType, Header};

use super::tree::{Content, Kind, Node, Owner, Tree};
use super::write::WriteError;

/// The unit of an archive, in bytes.
const RECORD: usize = 512;
/// The longest name that has room in a header.
const NAME: usize = 100;

/// Takes the blocks of an archive, each of the full size but the last.
pub(super) type Emit<'e> = dyn FnMut(Vec<u8>) -> Result<(), WriteError> + 'e;

/// How large the archive of a tree is, about: what many folders that are merely implied take is not in it.
pub(super) fn estimate(tree: &Tree) -> u64 {
    let records: u64 = tree.iter().map(|_| 2 * RECORD as u64).sum();
    tree.size() + records
}

/// Cuts the archive of a tree into blocks of this many bytes.
pub(super) fn archive(tree: &Tree, time: u64, block: usize, emit: &mut Emit) -> Result<(), WriteError> {
    let mut archive = Archive { cut: Cut { block: Vec::new(), filled: 0, size: block, emit }, time };
    let mut made = BTreeSet::new();
    for (path, node) in tree.iter() {
        for (at, _) in path.match_indices('/') {
            if tree.get(&path[..at]).is_none() && made.insert(&path[..at]) {
                archive.entry(&path[..at], &Node::directory())?;
            }
        }
        archive.entry(path, node)?;
    }
    // Two empty records are the end.
    archive.cut.put(&[0; 2 * RECORD])?;
    archive.cut.end()
}

struct Archive<'e> {
    cut: Cut<'e>,
    time: u64,
}

impl Archive<'_> {
    fn entry(&mut self, path: &str, node: &Node) -> Result<(), WriteError> {
        let Node { kind, mode, owner } = node;
        match kind {
            Kind::Directory => self.header(EntryType::Directory, &format!("{path}/"), "", *mode, *owner, 0),
            // Links have no mode of their own; this is what systems show for them.
            Kind::Symlink(target) => self.header(EntryType::Symlink, path, target, 0o777, *owner, 0),
            Kind::File(content) => {
                self.header(EntryType::Regular, path, "", *mode, *owner, content.size())?;
                self.content(path, content)
            }
        }
    }

    fn header(
        &mut self,
        kind: EntryType,
        path: &str,
        target: &str,
        mode: u32,
        owner: Owner,
        size: u64,
    ) -> Result<(), WriteError> {
        self.long(EntryType::GNULongLink, target)?;
        self.long(EntryType::GNULongName, path)?;
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode & 0o7777);
        header.set_uid(owner.uid.into());
        header.set_gid(owner.gid.into());
        header.set_mtime(self.time);
        header.set_size(size);
        self.record(header, path, target)
    }

    /// What has no room in a header, before it.
    fn long(&mut self, kind: EntryType, text: &str) -> Result<(), WriteError> {
        if text.len() <= NAME {
            return Ok(());
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(text.len() as u64 + 1);
        self.record(header, "././@LongLink", "")?;
        self.cut.put(text.as_bytes())?;
        // As GNU tar has it: with a zero at its end.
        self.cut.put(&[0])?;
        self.pad(text.len() as u64 + 1)
    }

    fn record(&mut self, mut header: Header, path: &str, target: &str) -> Result<(), WriteError> {
        if let Some(fields) = header.as_gnu_mut() {
            set(&mut fields.name, path);
            set(&mut fields.linkname, target);
        }
        header.set_cksum();
        self.cut.put(header.as_bytes())
    }

    fn content(&mut self, path: &str, content: &Content) -> Result<(), WriteError> {
        let failed = |source| WriteError::Read { path: path.to_owned(), source };
        let changed = || WriteError::Changed { path: path.to_owned() };
        let mut source = content.open().map_err(failed)?;
        let mut left = content.size();
        while left > 0 {
            let room = self.cut.room()?;
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
            match read(&mut source, &mut room[..most]).map_err(failed)? {
                0 => return Err(changed()),
                count => {
                    self.cut.filled += count;
                    left -= count as u64;
                }
            }
        }
        // What became longer in the meantime is not what was meant either.
        if read(&mut source, &mut [0]).map_err(failed)? > 0 {
            return Err(changed());
        }
        self.pad(content.size())
    }

    fn pad(&mut self, size: u64) -> Result<(), WriteError> {
        let over = usize::try_from(size % RECORD as u64).unwrap_or_default();
        if over > 0 { self.cut.put(&[0; RECORD][over..]) } else { Ok(()) }
    }
}

fn set(field: &mut [u8; NAME], text: &str) {
    let length = text.len().min(NAME);
    field[..length].copy_from_slice(&text.as_bytes()[..length]);
}

fn read(source: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Cuts a stream into blocks.
struct Cut<'e> {
    block: Vec<u8>,
    filled: usize,
    size: usize,
    emit: &'e mut Emit<'e>,
}

impl Cut<'_> {
    /// Where the next bytes go: at least one has room.
    fn room(&mut self) -> Result<&mut [u8], WriteError> {
        if self.filled == self.block.len() {
            let next = vec![0; self.size];
            let full = std::mem::replace(&mut self.block, next);
            self.filled = 0;
            if !full.is_empty() {
                (self.emit)(full)?;
            }
        }
        Ok(&mut self.block[self.filled..])
    }

    fn put(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            let room = self.room()?;
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            self.filled += count;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    fn end(self) -> Result<(), WriteError> {
        let Self { mut block, filled, emit, .. } = self;
        block.truncate(filled);
        emit(block)
    }
}
