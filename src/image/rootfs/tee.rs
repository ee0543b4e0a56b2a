//! A tee: the bytes of a layer for several readers at once, since decompressing them is what costs.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::compression::decompress;
use super::error::LayerError;

/// How much is handed on at a time, in bytes: what is larger, allocators map and unmap anew each time.
const PIECE: usize = 64 << 10;
/// How many pieces the slowest reader may be behind.
const BEHIND: usize = 16;

/// A reader of a layer; what it makes of that, it keeps.
pub type Reader<'r> = Box<dyn FnOnce(&mut dyn Read) + Send + 'r>;

/// Hands the uncompressed bytes of `source` to all readers, each in a thread of its own. A reader that has seen enough
/// may end before they do; `source` is read to its end all the same, so that it can check its own digest. Its fault is
/// the answer, and for the readers the bytes break off.
pub fn tee(source: impl Read, readers: Vec<Reader<'_>>) -> Result<(), LayerError> {
    std::thread::scope(|scope| {
        let mut pipes = Vec::new();
        for reader in readers {
            let (sender, receiver) = sync_channel(BEHIND);
            pipes.push(Some(sender));
            scope.spawn(move || reader(&mut Pipe { receiver, piece: Arc::default(), at: 0, is_whole: false }));
        }
        pump(source, &mut pipes)
    })
}

fn pump(source: impl Read, pipes: &mut [Option<SyncSender<Piece>>]) -> Result<(), LayerError> {
    let mut source = decompress(source)?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        source.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(LayerError::of)?;
        // The last one is empty: without it, the bytes have broken off.
        let piece = Arc::new(piece);
        for pipe in pipes.iter_mut() {
            if pipe.as_ref().is_some_and(|to| to.send(Arc::clone(&piece)).is_err()) {
                *pipe = None;
            }
        }
        if piece.is_empty() {
            return Ok(());
        }
    }
}

type Piece = Arc<Vec<u8>>;

/// A reader's end.
struct Pipe {
    receiver: Receiver<Piece>,
    piece: Piece,
    at: usize,
    is_whole: bool,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() && !self.is_whole {
            self.piece = self.receiver.recv().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            self.at = 0;
            self.is_whole = self.piece.is_empty();
        }
        let count = (&self.piece[self.at..]).read(into)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::gzip;
    use super::*;

    #[test]
    fn each_reader_gets_all_bytes_and_may_leave_before_the_end() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let (mut whole, mut start, mut nothing) = (Vec::new(), [0; 10], false);
        let readers: Vec<Reader<'_>> = vec![
            Box::new(|from| assert!(from.read_to_end(&mut whole).is_ok())),
            Box::new(|from| from.read_exact(&mut start).unwrap()),
            Box::new(|_| nothing = true),
        ];
        tee(&gzip(&bytes)[..], readers).unwrap();
        assert!(whole == bytes && start == bytes[..10] && nothing);
        tee(&[][..], vec![Box::new(|from| assert_eq!(from.read(&mut [0; 8]).unwrap(), 0))]).unwrap();
        tee(&gzip(&bytes)[..], Vec::new()).unwrap();
    }

    #[test]
    fn a_fault_of_the_source_is_the_answer_and_no_reader_takes_it_for_the_end() {
        let bytes = gzip(&vec![7; 1_000_000]);
        let mut seen = None;
        let fault = tee(
            &bytes[..bytes.len() - 20],
            vec![Box::new(|from| seen = Some(from.read_to_end(&mut Vec::new()).map_err(|e| e.kind())))],
        );
        assert!(matches!(fault, Err(LayerError::Unreadable(_))), "{fault:?}");
        assert_eq!(seen, Some(Err(io::ErrorKind::UnexpectedEof)));
        let xz = [0xfd, b'7', b'z', b'X', b'Z', 0, 0, 0];
        assert!(matches!(tee(&xz[..], Vec::new()), Err(LayerError::Compression("xz"))));
    }
}
