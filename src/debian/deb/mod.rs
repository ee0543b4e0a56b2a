//! A .deb: a package as an archive has it, read without a byte of it being run or put on disk.
//!
//! ```text
//! ar: debian-binary, control.tar.* → Control, Scripts, checksums
//!                    data.tar.*    → Tree, its contents in a Store
//! ```
//!
//! Whatever it says is looked at first: paths stay inside the image, there are no devices, every owner is one that
//! Debian has from the start, and how much is read and kept in memory is bounded.

mod ar;
mod archive;
mod control;
mod error;
pub(super) mod owner;
mod store;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;
use std::io::{BufReader, Read};

use liblzma::stream::{CONCATENATED, Stream};

use self::ar::Ar;
use self::archive::{Entry, Kind, each};
pub use self::control::Control;
pub use self::error::{Error, Fault};
pub use self::store::{Memory, Store};
use crate::image::layer::{Node, Tree};

/// The most that a package's own description may come to, in bytes.
const CONTROL: u64 = 32 << 20;
/// The most that its files may come to, in bytes: the largest in Debian are a few GB.
const DATA: u64 = 8 << 30;
/// The memory that its decompression may take, in bytes: `xz -9` takes 65 MB.
const MEMORY: u64 = 128 << 20;
/// The same for zstd, as a power of two.
const WINDOW: u32 = 27;

/// A package, read.
#[derive(Debug, Clone)]
pub struct Deb {
    /// What it says of itself.
    pub control: Control,
    /// What it would run while it is installed.
    pub scripts: Scripts,
    /// MD5 sums of its files, by their paths as in `tree`; not of configuration files.
    pub sums: BTreeMap<String, String>,
    /// Its files, where the package has them.
    pub tree: Tree,
    /// Files that would run as somebody else. Here they don't: their mode has lost those bits.
    pub privileged: Vec<String>,
}

/// What a package would run while it is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scripts {
    /// Before its files are there.
    pub preinst: Option<String>,
    /// When they are.
    pub postinst: Option<String>,
}

impl Deb {
    /// Reads a package, called `what` until its own name is known.
    pub fn read(what: &str, source: impl Read, store: &mut dyn Store) -> Result<Self, Error> {
        read(source, store).map_err(|fault| Error { package: what.to_owned(), fault })
    }
}

fn read(source: impl Read, store: &mut dyn Store) -> Result<Deb, Fault> {
    let mut ar = Ar::new(BufReader::with_capacity(64 << 10, source))?;
    if ar.next()?.as_deref() != Some("debian-binary") {
        return Err(Fault::Ar("its first member is not debian-binary"));
    }
    let mut format = String::new();
    ar.by_ref().take(64).read_to_string(&mut format).map_err(Fault::of)?;
    if !format.starts_with("2.") {
        return Err(Fault::Format(format));
    }
    let control = next(&mut ar, "control.tar")?;
    let (control, scripts, sums) = description(decompress(&mut ar, &control)?)?;
    let data = next(&mut ar, "data.tar")?;
    let (tree, privileged) = files(decompress(&mut ar, &data)?, store)?;
    Ok(Deb { control, scripts, sums, tree, privileged })
}

/// The next member's name, which has to begin like that. Members with `_` are for others.
fn next<R: Read>(ar: &mut Ar<R>, wanted: &'static str) -> Result<String, Fault> {
    loop {
        match ar.next()? {
            Some(name) if name.starts_with('_') => {}
            Some(name) if name.starts_with(wanted) => return Ok(name),
            _ => return Err(Fault::Lacks(wanted)),
        }
    }
}

fn decompress<'r>(source: impl Read + 'r, name: &str) -> Result<Box<dyn Read + 'r>, Fault> {
    let compression = name.split_once(".tar").map(|(_, rest)| rest);
    Ok(match compression {
        Some("") => Box::new(source),
        Some(".gz") => Box::new(flate2::read::MultiGzDecoder::new(source)),
        Some(".xz") => {
            let stream = Stream::new_stream_decoder(MEMORY, CONCATENATED).map_err(|e| Fault::Unreadable(e.into()))?;
            Box::new(liblzma::read::XzDecoder::new_stream(source, stream))
        }
        Some(".zst") => {
            let mut decoder = zstd::Decoder::new(source).map_err(Fault::Unreadable)?;
            decoder.window_log_max(WINDOW).map_err(Fault::Unreadable)?;
            Box::new(decoder)
        }
        _ => return Err(Fault::Compression(name.to_owned())),
    })
}

type Description = (Control, Scripts, BTreeMap<String, String>);

fn description(source: impl Read) -> Result<Description, Fault> {
    let mut texts = BTreeMap::new();
    each(source, CONTROL, &mut |entry, content| {
        if entry.kind == Kind::File {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(Fault::of)?;
            texts.insert(entry.path, bytes);
        }
        Ok(())
    })?;
    let mut text = |name: &str| texts.remove(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let control = Control::read(&text("control").ok_or(Fault::Lacks("control file"))?)?;
    let scripts = Scripts { preinst: text("preinst"), postinst: text("postinst") };
    let sums = text("md5sums").unwrap_or_default();
    let sums = sums.lines().filter_map(|line| line.split_once("  "));
    let is_sum = |sum: &str| sum.len() == 32 && sum.bytes().all(|b| b.is_ascii_hexdigit());
    let sums = sums.filter(|(sum, _)| is_sum(sum)).map(|(sum, path)| (path.to_owned(), sum.to_owned())).collect();
    Ok((control, scripts, sums))
}

fn files(source: impl Read, store: &mut dyn Store) -> Result<(Tree, Vec<String>), Fault> {
    let (mut tree, mut privileged) = (Tree::default(), Vec::new());
    each(source, DATA, &mut |entry, content| {
        // The root itself is every package's.
        if entry.path.is_empty() {
            return Ok(());
        }
        let node = node(&entry, content, &tree, store)?;
        // Folders may be shared by a group, or be anybody's to write to but not to delete in.
        let kept = if entry.kind == Kind::Directory { 0o7777 } else { 0o777 };
        if node.mode & !kept != 0 {
            privileged.push(entry.path.clone());
        }
        tree.insert(&entry.path, Node { mode: node.mode & kept, ..node })?;
        Ok(())
    })?;
    Ok((tree, privileged))
}

fn node(entry: &Entry, content: &mut dyn Read, tree: &Tree, store: &mut dyn Store) -> Result<Node, Fault> {
    let mut node = match &entry.kind {
        Kind::Directory => Node::directory(),
        Kind::Symlink(target) => return Ok(Node::symlink(target.clone())),
        // A second name is a second file: which of them is the first is nothing that a layer has to keep.
        Kind::Hardlink(target) => {
            let first = tree.get(target).filter(|node| matches!(node.kind, crate::image::layer::Kind::File(_)));
            return first.cloned().ok_or_else(|| Fault::path(entry.path.as_bytes(), "the file that it is isn't there"));
        }
        Kind::File => {
            let size = entry.size;
            let kept = store.put(size, content).map_err(|fault| match fault.downcast::<Fault>() {
                Ok(fault) => fault,
                Err(source) => Fault::Keep { size, source },
            })?;
            Node::file(0o644, kept)
        }
    };
    node.mode = entry.mode;
    node.owner = owner::owner(&entry.path, &entry.user, &entry.group)?;
    Ok(node)
}
