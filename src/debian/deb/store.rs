//! A store: where the content of unpacked files waits for its layer.

use std::io::{self, Read};

use crate::image::layer::Content;

/// Where the content of unpacked files is kept.
pub trait Store {
    /// Keeps what can be read, which has to be that many bytes.
    fn put(&mut self, size: u64, content: &mut dyn Read) -> io::Result<Content>;
}

/// Keeps it in memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory;

impl Store for Memory {
    fn put(&mut self, size: u64, content: &mut dyn Read) -> io::Result<Content> {
        let mut bytes = Vec::new();
        content.take(size).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == size { Ok(bytes.into()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
