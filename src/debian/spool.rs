//! A spool: a file without a name that holds what was unpacked until its layers are written.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::deb::Store;
use crate::image::layer::{Content, Open};

/// How much is written at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// Keeps contents one after the other in a temporary file, which is gone when nobody reads it any more.
#[derive(Debug)]
pub struct Spool {
    file: Arc<Mutex<File>>,
    end: u64,
}

impl Spool {
    /// Makes one in this folder.
    pub fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: Arc::new(Mutex::new(tempfile::tempfile_in(folder)?)), end: 0 })
    }
}

impl Store for Spool {
    fn put(&mut self, size: u64, content: &mut dyn Read) -> io::Result<Content> {
        if size == 0 {
            return Ok(Vec::new().into());
        }
        let mut content = content.take(size);
        let mut left = size;
        let mut chunk = vec![0; usize::try_from(size).unwrap_or(CHUNK).min(CHUNK)];
        let at = self.end;
        while left > 0 {
            let read = content.read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Only for as long as one chunk takes: the contents that are here already may be read meanwhile.
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(self.end))?;
            file.write_all(&chunk[..read])?;
            self.end += read as u64;
            left -= read as u64;
        }
        Ok(Content::elsewhere(size, Arc::new(Slice { file: Arc::clone(&self.file), at, size })))
    }
}

struct Slice {
    file: Arc<Mutex<File>>,
    at: u64,
    size: u64,
}

impl Open for Slice {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Slice { file: Arc::clone(&self.file), at: self.at, size: self.size }))
    }
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.size).unwrap_or(usize::MAX).min(buffer.len());
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(&mut buffer[..most])?;
        self.at += read as u64;
        self.size -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_content_is_read_from_its_own_place() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path()).unwrap();
        let whole: Vec<Vec<u8>> = (0..5_u8).map(|n| vec![n; 3000 + usize::from(n) * 70_000]).collect();
        let kept: Vec<_> = whole.iter().map(|bytes| spool.put(bytes.len() as u64, &mut &bytes[..]).unwrap()).collect();
        let mut open: Vec<_> = kept.iter().map(|content| content.open().unwrap()).collect();
        for (reader, bytes) in open.iter_mut().zip(&whole) {
            let mut read = vec![0; 10];
            reader.read_exact(&mut read).unwrap();
            assert_eq!(read, bytes[..10]);
        }
        for (mut reader, bytes) in open.into_iter().zip(&whole) {
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, bytes[10..]);
        }
        assert!(spool.put(9_000, &mut &[0_u8; 8_000][..]).is_err());
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
