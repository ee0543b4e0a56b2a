//! A feed: a parcel's bytes, piece by piece, the last of which comes only when all were what they should be.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use oci_spec::image::Descriptor;
use tokio::sync::mpsc;

use super::client::Registry;
use super::error::Error;
use super::shipment::{BlobSource, Parcel};
use crate::image::digest::Check;

/// How much is read at once, in bytes.
const PIECE: usize = 256 << 10;
/// How many pieces wait for who takes them.
const WAITING: usize = 2;

/// A parcel's bytes. Whoever has not got the last piece has not got the blob: wrong content ends in an error before it.
pub(crate) struct Feed(mpsc::Receiver<Result<Bytes, Error>>);

impl Feed {
    /// The bytes of that range. What goes to the end is held against the digest, for which all before it is read too.
    pub(crate) fn open(parcel: &Parcel, range: Range<u64>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let (descriptor, name) = (parcel.descriptor.clone(), parcel.name.clone());
        let gate = Gate { descriptor, name, skip: range.start, end: range.end, sender };
        match parcel.source.clone() {
            BlobSource::File(path) => {
                tokio::task::spawn_blocking(move || gate.file(path));
            }
            BlobSource::Bytes(bytes) => {
                tokio::spawn(async move { gate.bytes(bytes).await });
            }
            BlobSource::Remote { registry, repository } => {
                tokio::spawn(async move { gate.remote(registry, repository).await });
            }
        }
        Self(receiver)
    }

    /// The next piece; none after the last.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.recv().await.transpose()
    }

    /// The same, for a thread that may wait.
    pub(crate) fn blocking_piece(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.blocking_recv().transpose()
    }
}

/// What stands between a source and who takes its bytes.
struct Gate {
    descriptor: Descriptor,
    name: String,
    /// How much isn't wanted at the start.
    skip: u64,
    /// Where it ends.
    end: u64,
    sender: mpsc::Sender<Result<Bytes, Error>>,
}

impl Gate {
    /// The part of a piece that is wanted.
    fn wanted(&mut self, mut piece: Bytes) -> Bytes {
        let known = self.skip.min(piece.len() as u64);
        self.skip -= known;
        piece.split_off(usize::try_from(known).unwrap_or(usize::MAX))
    }

    fn file(mut self, path: PathBuf) {
        let mut held = None;
        let result = self.read_file(&path, &mut held);
        let last = result.map_err(|fault| fault.about(&self, path)).map(|()| held.unwrap_or_default());
        let _ = self.sender.blocking_send(last);
    }

    /// Sends all pieces but the last, which is left in `held` when the file is what it should be.
    fn read_file(&mut self, path: &Path, held: &mut Option<Bytes>) -> Result<(), Flaw> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() != self.descriptor.size() {
            return Err(Flaw::Size);
        }
        let mut check = (self.end >= self.descriptor.size()).then(|| Check::new(self.descriptor.digest()));
        let mut left = self.end.min(self.descriptor.size());
        if check.is_none() {
            file.seek(SeekFrom::Start(self.skip))?;
            left = left.saturating_sub(std::mem::take(&mut self.skip));
        }
        while left > 0 {
            let mut piece = BytesMut::zeroed(PIECE.min(usize::try_from(left).unwrap_or(PIECE)));
            file.read_exact(&mut piece)?;
            left -= piece.len() as u64;
            if let Some(check) = &mut check {
                check.update(&piece);
            }
            let piece = self.wanted(piece.freeze());
            if let Some(before) = held.replace(piece).filter(|piece| !piece.is_empty())
                && self.sender.blocking_send(Ok(before)).is_err()
            {
                return Ok(());
            }
        }
        check.map_or(Ok(()), Check::finish).map_err(Flaw::Content)
    }

    async fn bytes(mut self, mut bytes: Bytes) {
        let sound = if bytes.len() as u64 == self.descriptor.size() {
            Check::whole(&bytes, self.descriptor.digest()).map_err(Flaw::Content)
        } else {
            Err(Flaw::Size)
        };
        let last = match sound {
            Ok(()) => {
                bytes.truncate(usize::try_from(self.end).unwrap_or(usize::MAX));
                Ok(self.wanted(bytes))
            }
            Err(flaw) => Err(flaw.about(&self, PathBuf::new())),
        };
        let _ = self.sender.send(last).await;
    }

    async fn remote(mut self, registry: Arc<Registry>, repository: String) {
        let mut held = None;
        let result = self.read_remote(&registry, &repository, &mut held).await;
        let _ = self.sender.send(result.map(|()| held.unwrap_or_default())).await;
    }

    async fn read_remote(&mut self, registry: &Registry, repo: &str, held: &mut Option<Bytes>) -> Result<(), Error> {
        let mut blob = registry.blob(repo, &self.descriptor).await?;
        let mut left = self.end;
        // The blob checks itself when it is asked for what comes after its last piece.
        while let Some(mut piece) = blob.piece().await? {
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= piece.len() as u64;
            let piece = self.wanted(piece);
            if let Some(before) = held.replace(piece).filter(|piece| !piece.is_empty())
                && self.sender.send(Ok(before)).await.is_err()
            {
                return Ok(());
            }
            if left == 0 && self.end < self.descriptor.size() {
                break;
            }
        }
        Ok(())
    }
}

/// What is wrong with bytes of ours.
enum Flaw {
    Read(io::Error),
    Size,
    Content(crate::image::digest::Mismatch),
}

impl From<io::Error> for Flaw {
    fn from(fault: io::Error) -> Self {
        Self::Read(fault)
    }
}

impl Flaw {
    fn about(self, gate: &Gate, path: PathBuf) -> Error {
        let (what, digest) = (gate.name.clone(), gate.descriptor.digest().clone());
        match self {
            // Cut off or gone: as good as damaged.
            Self::Read(fault) if matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => {
                Error::Damaged { what, digest, source: fault.into() }
            }
            Self::Read(source) => Error::Unreadable { what, digest, path, source },
            Self::Size => {
                let why = format!("it does not have the {} bytes that it should", gate.descriptor.size());
                Error::Damaged { what, digest, source: why.into() }
            }
            Self::Content(mismatch) => Error::Damaged { what, digest, source: mismatch.into() },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use oci_spec::image::MediaType;

    use super::super::digest::sha256;
    use super::super::shipment::Presence;
    use super::*;

    fn parcel(content: &[u8], source: BlobSource) -> Parcel {
        let descriptor = Descriptor::new(MediaType::ImageLayerGzip, content.len() as u64, sha256(content).unwrap());
        Parcel { name: "layer of tests".into(), descriptor, source, presence: Presence::Unlikely }
    }

    async fn read(parcel: &Parcel, range: Range<u64>) -> (Vec<u8>, Option<Error>) {
        let (mut feed, mut bytes) = (Feed::open(parcel, range), Vec::new());
        loop {
            match feed.piece().await {
                Ok(Some(piece)) => bytes.extend_from_slice(&piece),
                Ok(None) => return (bytes, None),
                Err(fault) => return (bytes, Some(fault)),
            }
        }
    }

    fn content() -> Vec<u8> {
        (0..2 * PIECE + 7).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_file_comes_whole_or_from_a_byte_on() {
        let (folder, content) = (tempfile::tempdir().unwrap(), content());
        let path = folder.path().join("blob");
        std::fs::write(&path, &content).unwrap();
        for source in [BlobSource::File(path), BlobSource::Bytes(content.clone().into())] {
            let parcel = parcel(&content, source);
            for from in [0, 1, PIECE, PIECE + 1, 2 * PIECE + 6, content.len()] {
                for end in [from, PIECE + 3, content.len()].into_iter().filter(|end| *end >= from) {
                    let (bytes, fault) = read(&parcel, from as u64..end as u64).await;
                    assert!(fault.is_none() && bytes == content[from..end], "{from}..{end}");
                }
            }
        }
        let empty = parcel(b"", BlobSource::Bytes(Bytes::new()));
        assert!(matches!(read(&empty, 0..0).await, (bytes, None) if bytes.is_empty()));
    }

    #[tokio::test]
    async fn what_is_damaged_never_comes_to_its_end() {
        let (folder, content) = (tempfile::tempdir().unwrap(), content());
        let path = folder.path().join("blob");
        let mut other = content.clone();
        other[3] ^= 1;
        let longer = [content.clone(), vec![0]].concat();
        for bytes in [other, longer, content[..5].to_vec(), Vec::new()] {
            std::fs::write(&path, &bytes).unwrap();
            for source in [BlobSource::File(path.clone()), BlobSource::Bytes(bytes.clone().into())] {
                let parcel = parcel(&content, source);
                let (came, fault) = read(&parcel, 0..content.len() as u64).await;
                assert!(came.len() < content.len(), "{}", came.len());
                assert_eq!(fault.unwrap().damaged(), Some(parcel.descriptor.digest()));
            }
        }
        std::fs::remove_file(&path).unwrap();
        let gone = parcel(&content, BlobSource::File(path));
        assert!(read(&gone, 0..5).await.1.unwrap().damaged().is_some());
    }
}
