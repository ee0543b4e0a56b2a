//! A writer of layers: tar, digest and compression in one pass.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use flate2::write::GzEncoder;
use oci_spec::image::Digest;
use sha2::{Digest as _, Sha256};

use super::tree::{Kind, Node, Tree};

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// What every engine and registry reads.
    #[default]
    Gzip,
    /// Smaller and quicker; Docker Engine reads it from 23.0 on, containerd from 1.5.
    Zstd,
}

/// The form of a layer: beside its tree, all that its bytes depend on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form {
    /// How it is compressed.
    pub compression: Compression,
    /// When its files were changed last, in seconds since 1970.
    pub time: u64,
}

/// A layer that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its digest, compressed.
    pub digest: Digest,
    /// Its size, compressed, in bytes.
    pub size: u64,
    /// The digest of the tar archive in it.
    pub diff_id: Digest,
    /// The size of that archive's files, in bytes.
    pub unpacked: u64,
}

/// Writes a layer.
pub fn write(tree: &Tree, form: Form, out: &mut (dyn Write + Send)) -> io::Result<Written> {
    let blob = Hashed::new(out);
    let (diff, blob) = match form.compression {
        Compression::Gzip => {
            let mut tar = Hashed::new(GzEncoder::new(blob, flate2::Compression::new(6)));
            archive(tree, form.time, &mut tar)?;
            (tar.hasher, tar.out.finish()?)
        }
        Compression::Zstd => {
            let mut tar = Hashed::new(zstd::Encoder::new(blob, 3)?);
            archive(tree, form.time, &mut tar)?;
            (tar.hasher, tar.out.finish()?)
        }
    };
    Ok(Written { digest: digest(blob.hasher)?, size: blob.size, diff_id: digest(diff)?, unpacked: tree.size() })
}

fn archive(tree: &Tree, time: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(out);
    let mut made = BTreeSet::new();
    for (path, node) in tree.iter() {
        for (at, _) in path.match_indices('/') {
            if tree.get(&path[..at]).is_none() && made.insert(&path[..at]) {
                entry(&mut tar, &path[..at], &Node::directory(), time)?;
            }
        }
        entry(&mut tar, path, node, time)?;
    }
    tar.finish()
}

fn entry(tar: &mut tar::Builder<&mut dyn Write>, path: &str, node: &Node, time: u64) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(node.mode & 0o7777);
    header.set_uid(node.owner.uid.into());
    header.set_gid(node.owner.gid.into());
    header.set_mtime(time);
    header.set_size(0);
    match &node.kind {
        Kind::Directory => {
            header.set_entry_type(tar::EntryType::Directory);
            tar.append_data(&mut header, format!("{path}/"), io::empty())
        }
        Kind::Symlink(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            tar.append_link(&mut header, path, target)
        }
        Kind::File(content) => {
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(content.size());
            let mut source = content.open()?.take(content.size());
            tar.append_data(&mut header, path, &mut source)?;
            // A file that grew shorter under our hands would put all that follows out of place.
            if source.limit() > 0 { Err(io::Error::other(format!("{path} changed while it was read"))) } else { Ok(()) }
        }
    }
}

fn digest(hasher: Sha256) -> io::Result<Digest> {
    format!("sha256:{}", hex::encode(hasher.finalize())).parse().map_err(io::Error::other)
}

/// Passes bytes on, and counts and hashes them.
struct Hashed<W> {
    out: W,
    hasher: Sha256,
    size: u64,
}

impl<W> Hashed<W> {
    fn new(out: W) -> Self {
        Self { out, hasher: Sha256::new(), size: 0 }
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
