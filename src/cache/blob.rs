//! A blob in the cache: content under its digest.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oci_spec::image::{Digest, DigestAlgorithm};

use super::error::{Error, Failed};
use super::temporary::Temporary;
use super::{Cache, lock, usage};
use crate::image::digest::Check;

/// Their folder, and what they are called in [`Usage`](super::Usage).
pub const FOLDER: &str = "blobs";
/// How much is read at once.
const PIECE: usize = 256 << 10;

/// A blob that was held against its digest. As long as there is one, no process prunes it.
#[derive(Debug, Clone)]
pub struct Blob {
    cache: Cache,
    digest: Digest,
    size: u64,
    path: PathBuf,
    held: Arc<File>,
}

impl Blob {
    /// Its digest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its size, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where it is. It is not to be written to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it from its first byte. It is held against its digest once more: with the last byte comes an error of the
    /// kind `InvalidData` if it was damaged since.
    pub fn open(&self) -> io::Result<impl Read + Send + use<>> {
        Ok(Reader { check: Some(Check::new(&self.digest)), at: 0, blob: self.clone() })
    }
}

struct Reader {
    check: Option<Check>,
    at: u64,
    blob: Blob,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let count = read_at(&self.blob.held, into, self.at)?;
        self.at += count as u64;
        match &mut self.check {
            Some(check) if count > 0 => check.update(&into[..count]),
            _ => {}
        }
        // With the last byte, and not after it: who knows the size reads no further.
        let is_end = count == 0 || self.at == self.blob.size;
        match if is_end { self.check.take() } else { None }.map(Check::finish) {
            Some(Err(mismatch)) => {
                self.blob.cache.put_away(&self.blob.held, &self.blob.path, &self.blob.digest);
                Err(io::Error::new(io::ErrorKind::InvalidData, mismatch))
            }
            _ => Ok(count),
        }
    }
}

fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, into, at);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, into, at);
}

impl Cache {
    /// Whether there is a blob of this digest and size. Its content is not looked at.
    pub fn has_blob(&self, digest: &Digest, size: u64) -> bool {
        self.path(digest, size).is_some()
    }

    /// Where the blob of this digest and size is, unlooked at: for whoever holds it against its digest while it is read.
    pub fn path(&self, digest: &Digest, size: u64) -> Option<PathBuf> {
        let path = self.path_of(digest)?;
        let metadata = fs::metadata(&path).ok().filter(|m| m.is_file() && m.len() == size)?;
        usage::touch(&path, &metadata);
        Some(path)
    }

    /// Removes a blob of which it turned out on use that it is damaged.
    pub fn forget(&self, digest: &Digest) {
        if let Some(path) = self.path_of(digest)
            && let Ok(file) = File::open(&path)
        {
            self.put_away(&file, &path, digest);
        }
    }

    /// A blob, held against its digest and size, once in a process. One that is damaged is removed, counts as missing,
    /// and is told of by [`Cache::notices`].
    pub fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Blob>, Error> {
        let Some(path) = self.path_of(digest) else { return Ok(None) };
        let failed = |source| Error::read(&path, source);
        let Some(held) = lock::shared(&path).map_err(failed)? else { return Ok(None) };
        let held = Arc::new(held);
        let metadata = held.metadata().map_err(failed)?;
        if metadata.len() != size || !self.is_sound(digest, &held).map_err(failed)? {
            self.put_away(&held, &path, digest);
            return Ok(None);
        }
        usage::touch(&path, &metadata);
        Ok(Some(Blob { cache: self.clone(), digest: digest.clone(), size, path, held }))
    }

    /// Writes a blob, and keeps it under the digest that its maker gives.
    pub fn write_blob<T, E: std::error::Error + 'static>(
        &self,
        make: impl FnOnce(&mut (dyn Write + Send)) -> Result<(Digest, T), E>,
    ) -> Result<T, Failed<E>> {
        let temporary = Temporary::file(self)?;
        let mut out = Watched { out: temporary.open(), failed: None };
        let mut buffer = BufWriter::with_capacity(PIECE, &mut out);
        let answer = make(&mut buffer);
        let flushed = if answer.is_ok() { buffer.flush() } else { Ok(()) };
        // What is left of a failure is not to be written.
        drop(buffer.into_parts());
        // A disk that is full is the fault, whatever the maker makes of it.
        if let Some(source) = out.failed.or(flushed.err()) {
            return Err(Error::write(temporary.path(), source).into());
        }
        let (digest, answer) = answer.map_err(Failed::Make)?;
        self.take(temporary, &digest)?;
        Ok(answer)
    }

    /// Takes in a blob from elsewhere, piece by piece; it is kept only if it is what its digest and size say.
    pub fn receive(&self, digest: &Digest, size: u64) -> Result<Incoming, Error> {
        if self.path_of(digest).is_none() {
            return Err(Error::Algorithm(digest.to_string()));
        }
        let (cache, digest, check) = (self.clone(), digest.clone(), Check::new(digest));
        Ok(Incoming { temporary: Temporary::file(self)?, cache, digest, check, size, at: 0 })
    }

    fn take(&self, temporary: Temporary, digest: &Digest) -> Result<(PathBuf, Arc<File>), Error> {
        let Some(path) = self.path_of(digest) else { return Err(Error::Algorithm(digest.to_string())) };
        let folder = path.parent().unwrap_or(self.root());
        self.folder_of(folder)?;
        let held = Arc::new(temporary.moved(&path).map_err(|source| Error::write(&path, source))?);
        self.now_sound(digest.to_string(), Arc::clone(&held));
        Ok((path, held))
    }

    /// Where the blob of a digest is, if it can be here at all.
    fn path_of(&self, digest: &Digest) -> Option<PathBuf> {
        let algorithm = match digest.algorithm() {
            DigestAlgorithm::Sha256 => "sha256",
            DigestAlgorithm::Sha384 => "sha384",
            DigestAlgorithm::Sha512 => "sha512",
            _ => return None,
        };
        let hex = digest.digest();
        let is_hex = hex.len() >= 64 && hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        is_hex.then(|| self.root().join(FOLDER).join(algorithm).join(&hex[..2]).join(hex))
    }

    fn is_sound(&self, digest: &Digest, file: &Arc<File>) -> io::Result<bool> {
        if self.was_sound(digest.as_ref()) {
            return Ok(true);
        }
        let mut check = Check::new(digest);
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        loop {
            match read_at(file, &mut piece, at) {
                Ok(0) => break,
                Ok(count) => {
                    check.update(&piece[..count]);
                    at += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let is_sound = check.finish().is_ok();
        if is_sound {
            self.now_sound(digest.to_string(), Arc::clone(file));
        }
        Ok(is_sound)
    }

    /// Removes a damaged blob.
    fn put_away(&self, held: &File, path: &Path, digest: &Digest) {
        self.not_sound(digest.as_ref());
        // Another process may have made it anew already. Where it can't be removed, it is found damaged once more.
        if lock::is_at(held, path) {
            let _ = fs::remove_file(path);
        }
        self.damaged(digest.to_string());
    }
}

/// A blob that is on its way into the cache. Dropped before its end, it leaves nothing.
pub struct Incoming {
    cache: Cache,
    temporary: Temporary,
    digest: Digest,
    check: Check,
    size: u64,
    at: u64,
}

impl Incoming {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.at += piece.len() as u64;
        if self.at > self.size {
            return Err(self.other_size());
        }
        self.check.update(piece);
        let mut file = self.temporary.open();
        file.write_all(piece).map_err(|source| Error::write(self.temporary.path(), source))
    }

    /// Everything came: keeps it, if it is what it should be.
    pub fn finish(self) -> Result<Blob, Error> {
        if self.at != self.size {
            return Err(self.other_size());
        }
        let Self { cache, temporary, digest, check, size, .. } = self;
        check.finish().map_err(|source| Error::Content { digest: digest.to_string(), source })?;
        let (path, held) = cache.take(temporary, &digest)?;
        Ok(Blob { cache, digest, size, path, held })
    }

    fn other_size(&self) -> Error {
        Error::Size { digest: self.digest.to_string(), expected: self.size, actual: self.at }
    }
}

/// Remembers why it could not write.
struct Watched<W> {
    out: W,
    failed: Option<io::Error>,
}

impl<W: Write> Watched<W> {
    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            let again = error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
            self.failed.get_or_insert(again);
        }
        result
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.watch(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.watch(result)
    }
}
