//! A store: a layout's files, wherever they are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use oci_spec::image::{Descriptor, DigestAlgorithm};

use super::error::Error;
use crate::image::digest::Check;
use crate::image::rootfs::contents;

/// A layout's files.
#[derive(Debug)]
pub(super) enum Store {
    /// In a folder.
    Folder(PathBuf),
    /// In an uncompressed tar archive: where each begins, and its size.
    Archive(PathBuf, BTreeMap<String, (u64, u64)>),
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let missing = |source| Error::Missing { path: path.to_owned(), source };
        let metadata = std::fs::metadata(path).map_err(missing)?;
        let store = if metadata.is_dir() {
            Self::Folder(path.to_owned())
        } else if metadata.is_file() {
            let file = BufReader::with_capacity(64 << 10, File::open(path).map_err(missing)?);
            let files = contents(file, metadata.len());
            Self::Archive(path.to_owned(), files.map_err(|source| Error::Archive { path: path.to_owned(), source })?)
        } else {
            return Err(store_fault(path, "it is neither a folder nor a file"));
        };
        store.check()?;
        Ok(store)
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Archive(path, _) => path,
        }
    }

    /// Whether this says to be a layout, of a version that we know.
    fn check(&self) -> Result<(), Error> {
        let marker =
            self.file("oci-layout", 64 << 10).map_err(|_| store_fault(self.path(), "it has no oci-layout file"))?;
        let json: serde_json::Value = serde_json::from_slice(&marker).unwrap_or_default();
        match json.get("imageLayoutVersion").and_then(serde_json::Value::as_str) {
            Some(version) if version.starts_with("1.") => Ok(()),
            version => {
                let version = version.unwrap_or("none");
                Err(store_fault(self.path(), &format!("its version is {version}, and 1.0.0 is what there is")))
            }
        }
    }

    /// A small file of the layout, whole.
    pub(super) fn file(&self, name: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let what = || format!("{name} of the OCI layout {}", self.path().display());
        let failed = |source| Error::Read { path: self.path().to_owned(), what: what(), source };
        let mut bytes = Vec::new();
        self.source(name).map_err(failed)?.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit { Err(Error::TooLarge { what: what(), limit }) } else { Ok(bytes) }
    }

    /// A blob's bytes, unchecked.
    pub(super) fn raw(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, Error> {
        let digest = descriptor.digest();
        let what = || format!("blob {digest} of the OCI layout {}", self.path().display());
        let failed = |source| Error::Read { path: self.path().to_owned(), what: what(), source };
        // Only of these is it known that they are no way out of the folder.
        if matches!(digest.algorithm(), DigestAlgorithm::Other(_)) {
            return Err(failed(io::Error::other("pydeploy does not have its algorithm")));
        }
        self.source(&format!("blobs/{}/{}", digest.algorithm(), digest.digest())).map_err(failed)
    }

    /// A blob, held against its digest and size.
    pub(super) fn blob(&self, descriptor: &Descriptor) -> Result<Blob, Error> {
        let what = format!("the blob {} in {}", descriptor.digest(), self.path().display());
        let source = self.raw(descriptor)?;
        Ok(Blob {
            source,
            what,
            left: descriptor.size(),
            size: descriptor.size(),
            check: Some(Check::new(descriptor.digest())),
        })
    }

    fn source(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Folder(path) => {
                let path = path.join(name);
                // To open a pipe would wait for who writes to it.
                if !std::fs::metadata(&path)?.is_file() {
                    return Err(io::Error::other("it is not a file"));
                }
                Ok(Box::new(File::open(path)?))
            }
            Self::Archive(path, files) => {
                let (at, size) = *files.get(name).ok_or(io::ErrorKind::NotFound)?;
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(at))?;
                Ok(Box::new(file.take(size)))
            }
        }
    }
}

fn store_fault(path: &Path, why: &str) -> Error {
    Error::NoLayout { path: path.to_owned(), why: why.to_owned() }
}

/// A blob of a layout. Its end is only reached when its size and digest are as they should be; else there is an error,
/// in which is the layout's [`Error`].
pub struct Blob {
    source: Box<dyn Read + Send>,
    what: String,
    size: u64,
    left: u64,
    check: Option<Check>,
}

impl Read for Blob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.source.read(buffer)?;
        let fits = self.left.checked_sub(read as u64);
        let Some(left) = fits.filter(|left| read > 0 || *left == 0) else {
            return Err(io::Error::other(Error::Size { what: self.what.clone(), expected: self.size }));
        };
        self.left = left;
        if read == 0 {
            let verdict = self.check.take().map_or(Ok(()), Check::finish);
            verdict.map_err(|source| io::Error::other(Error::Digest { what: self.what.clone(), source }))?;
        } else if let Some(check) = &mut self.check {
            check.update(&buffer[..read]);
        }
        Ok(read)
    }
}
