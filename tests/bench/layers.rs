//! A bench of layers: what `tests/bench/layers` runs.
//!
//! ```text
//! layers write gzip|zstd FOLDER   writes the folder as one layer
//! layers floor gzip|zstd FOLDER   compresses and hashes the same archive, held in memory, and does nothing else
//! ```
//!
//! It prints seconds, bytes, and the most memory that it had.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use flate2::{Compress, FlushCompress};
use pydeploy::image::layer::{Compression, Content, Form, Node, Open, Tree, write};
use sha2::{Digest, Sha256};

struct OnDisk(PathBuf);

impl Open for OnDisk {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.0)?))
    }
}

fn add(tree: &mut Tree, root: &Path, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        let node = if metadata.is_dir() {
            Node::directory()
        } else if metadata.is_symlink() {
            Node::symlink(fs::read_link(&path).unwrap().to_str().unwrap())
        } else {
            Node::file(0o644, Content::elsewhere(metadata.len(), Arc::new(OnDisk(path.clone()))))
        };
        tree.insert(name, node).unwrap();
        if metadata.is_dir() {
            add(tree, root, &path);
        }
    }
}

/// Where the blob goes: a disk would be measured else.
fn out() -> File {
    File::options().write(true).open("/dev/null").unwrap()
}

/// The least that must be done: each block compressed by itself, on all cores, and the archive hashed beside that.
fn floor(compression: Compression, archive: &[u8]) {
    let size = if compression == Compression::Gzip { 1 << 20 } else { 4 << 20 };
    let blocks: Vec<_> = archive.chunks(size).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| std::hint::black_box(Sha256::digest(archive)));
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                while let Some(block) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    std::hint::black_box(match compression {
                        Compression::Gzip => {
                            let mut packed = Vec::with_capacity(block.len() + 65536);
                            let mut deflate = Compress::new(flate2::Compression::new(6), false);
                            deflate.compress_vec(block, &mut packed, FlushCompress::Sync).unwrap();
                            packed
                        }
                        Compression::Zstd => zstd::bulk::compress(block, 3).unwrap(),
                    });
                }
            });
        }
    });
}

/// What the processors have done for this process, in seconds. Other work of the machine is not in it.
fn worked() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the program's name, which may hold anything; in the hundredths of a second that Linux counts in.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() {
    let words: Vec<_> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let [what, compression, folder] = words.as_slice() else { panic!("write|floor gzip|zstd FOLDER") };
    let compression = if compression == "zstd" { Compression::Zstd } else { Compression::Gzip };
    let mut tree = Tree::default();
    add(&mut tree, Path::new(folder), Path::new(folder));
    let form = Form { compression, time: 0 };
    let (seconds, cpu) = match what.as_str() {
        "write" => {
            let (start, before) = (Instant::now(), worked());
            let written = write(&tree, form, &mut out()).unwrap();
            println!("digest {}\nsize {}", written.digest, written.size);
            (start.elapsed(), worked() - before)
        }
        "floor" => {
            let mut blob = Vec::new();
            // The archive is the same for both: zstd unpacks sooner.
            write(&tree, Form { compression: Compression::Zstd, ..form }, &mut blob).unwrap();
            let archive = zstd::decode_all(&blob[..]).unwrap();
            let (start, before) = (Instant::now(), worked());
            floor(compression, &archive);
            (start.elapsed(), worked() - before)
        }
        other => panic!("{other}"),
    };
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    println!(
        "seconds {:.4}\ncpu {cpu:.2}\nbytes {}\npeak {}",
        seconds.as_secs_f64(),
        tree.size(),
        peak.trim().trim_end_matches(" kB")
    );
}
