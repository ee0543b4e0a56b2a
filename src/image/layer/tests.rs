#![allow(clippy::unwrap_used, clippy::panic)]
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::write::{Work, write_by};
use super::*;
use crate::image::rootfs::{Keep, Limits, Sight, Stack, What, read};

const GZIP: Form = Form { compression: Compression::Gzip, time: 1_700_000_000 };
const ZSTD: Form = Form { compression: Compression::Zstd, time: 1_700_000_000 };

/// Content that comes in pieces of these sizes, again and again; of 0 bytes is an interruption.
struct Pieces(Arc<[u8]>, Vec<usize>);

struct Piecemeal {
    bytes: Arc<[u8]>,
    sizes: Vec<usize>,
    at: usize,
    turn: usize,
}

impl Open for Pieces {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Piecemeal { bytes: Arc::clone(&self.0), sizes: self.1.clone(), at: 0, turn: 0 }))
    }
}

impl Read for Piecemeal {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        if most == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = most.min(into.len()).min(self.bytes.len() - self.at);
        into[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

fn bytes(content: &Content) -> Vec<u8> {
    let mut bytes = Vec::new();
    content.open().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn written(tree: &Tree, form: Form, work: Work) -> (Vec<u8>, Written) {
    let mut bytes = Vec::new();
    let written = write_by(tree, form, work, &mut bytes).unwrap();
    (bytes, written)
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    // The first member must be all of it.
    let mut member = flate2::bufread::GzDecoder::new(bytes);
    member.read_to_end(&mut tar).unwrap();
    assert!(member.into_inner().is_empty());
    tar
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    format!("sha256:{}", hex::encode(sha2::Sha256::digest(bytes)))
}

/// What a tree holds, as another reader of archives sees it: path, kind, mode, owner, size or target, content.
type Seen = Vec<(String, u8, u32, (u64, u64), String, Vec<u8>)>;

fn seen(tar: &[u8]) -> Seen {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let seen = entries.map(|mut entry| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert_eq!(entry.header().mtime().unwrap(), GZIP.time);
        let owner = (entry.header().uid().unwrap(), entry.header().gid().unwrap());
        let target = entry.link_name_bytes().map(|target| text(&target)).unwrap_or_default();
        let (kind, mode) = (entry.header().entry_type().as_byte(), entry.header().mode().unwrap());
        (text(&entry.path_bytes()), kind, mode, owner, target, content)
    });
    seen.collect()
}

fn expected(tree: &Tree) -> Seen {
    let mut whole = tree.clone();
    for (path, _) in tree.iter() {
        for (at, _) in path.match_indices('/') {
            if whole.get(&path[..at]).is_none() {
                whole.insert(&path[..at], Node::directory()).unwrap();
            }
        }
    }
    let mut seen: Seen = whole
        .iter()
        .map(|(path, node)| {
            let owner = (node.owner.uid.into(), node.owner.gid.into());
            match &node.kind {
                Kind::Directory => (format!("{path}/"), b'5', node.mode, owner, String::new(), Vec::new()),
                Kind::Symlink(target) => (path.to_owned(), b'2', 0o777, owner, target.clone(), Vec::new()),
                Kind::File(content) => (path.to_owned(), b'0', node.mode, owner, String::new(), bytes(content)),
            }
        })
        .collect();
    seen.sort();
    seen
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-c.]{1,3}",
        2 => "[é-ö –a]{1,40}",
        1 => "[a-b]{95,130}",
        1 => Just("x".repeat(255)),
    ]
    .prop_filter("no part of a path", |name| name.len() <= 255 && !matches!(name.as_str(), "." | ".."))
}

fn node() -> impl Strategy<Value = Node> {
    let content = (any::<u8>(), 0..9000_usize).prop_map(|(seed, size)| {
        // Neither all the same nor all different.
        let bytes: Vec<u8> = (0..size).map(|n| ((n * n / 7) % 251).to_le_bytes()[0] ^ seed).collect();
        bytes
    });
    let kind = prop_oneof![
        Just(Kind::Directory),
        ("[a-c./]{1,9}|/[a-z/]{90,240}").prop_map(Kind::Symlink),
        content.prop_map(|bytes| Kind::File(bytes.into())),
    ];
    let id = prop_oneof![3 => Just(0), 3 => Just(1000), 1 => any::<u32>()];
    (kind, 0..0o10000_u32, id.clone(), id).prop_map(|(kind, mode, uid, gid)| Node {
        kind,
        mode,
        owner: Owner { uid, gid },
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    let path = prop::collection::vec(name(), 1..5).prop_map(|parts| parts.join("/"));
    prop::collection::vec((path, node()), 0..20).prop_map(|nodes| {
        let mut tree = Tree::default();
        // What would be below a file is not put in.
        for (path, node) in nodes {
            let _ = tree.insert(&path, node);
        }
        tree
    })
}

/// The same tree, whose contents come in pieces.
fn in_pieces(tree: &Tree, sizes: &[usize]) -> Tree {
    let mut same = Tree::default();
    for (path, node) in tree.iter() {
        let mut node = node.clone();
        if let Kind::File(content) = &node.kind {
            let pieces = Pieces(bytes(content).into(), sizes.to_vec());
            node.kind = Kind::File(Content::elsewhere(content.size(), Arc::new(pieces)));
        }
        same.insert(path, node).unwrap();
    }
    same
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_has_the_same_bytes_however_it_is_read_and_by_however_many(
        tree in tree(),
        block in prop::sample::select(vec![512_usize, 1000, 4096, 1 << 20]),
        threads in 2..6_usize,
        sizes in prop::collection::vec(0..700_usize, 1..4).prop_map(|mut sizes| { sizes.push(1); sizes }),
    ) {
        for form in [GZIP, ZSTD] {
            let once = written(&tree, form, Work { block, threads: 1 });
            prop_assert_eq!(&once, &written(&tree, form, Work { block, threads }));
            prop_assert_eq!(&once, &written(&in_pieces(&tree, &sizes), form, Work { block, threads }));
            prop_assert_eq!(once.1.size, once.0.len() as u64);
            prop_assert_eq!(once.1.digest.to_string(), sha256(&once.0));
        }
    }

    #[test]
    fn what_went_in_is_read_back(tree in tree(), block in prop::sample::select(vec![700_usize, 1 << 20])) {
        let (blob, gzip) = written(&tree, GZIP, Work { block, threads: 2 });
        let tar = gunzip(&blob);
        prop_assert_eq!(gzip.diff_id.to_string(), sha256(&tar));
        let mut seen = seen(&tar);
        seen.sort();
        prop_assert_eq!(seen, expected(&tree));
        let (blob, zstd) = written(&tree, ZSTD, Work { block, threads: 2 });
        prop_assert_eq!(zstd::decode_all(&blob[..]).unwrap(), tar);
        prop_assert_eq!(zstd.diff_id, gzip.diff_id);
    }

    #[test]
    fn the_reader_of_other_images_sees_the_same(tree in tree(), form in prop::sample::select(vec![GZIP, ZSTD])) {
        let (blob, written) = written(&tree, form, Work { block: 4096, threads: 2 });
        let keep = Keep { ordinals: (0..200).collect(), ..Keep::default() };
        let mut stack = Stack::new(1);
        stack.push(read(&blob[..], &written.diff_id, &Limits::of(written.size), &keep).unwrap());
        for (path, node) in tree.iter() {
            let Kind::File(content) = &node.kind else { continue };
            match stack.resolve(path.as_bytes()) {
                Sight::Leaf { what: What::File { mode, size, .. }, body: Some(body), .. } => {
                    prop_assert_eq!((mode, size), (node.mode, content.size()));
                    prop_assert_eq!(&body[..], &bytes(content)[..]);
                }
                other => prop_assert!(false, "{path}: {other:?}"),
            }
        }
    }
}

/// A small tree with something of everything.
fn sample() -> Tree {
    let mut tree = Tree::default();
    let mut put = |path: &str, node| tree.insert(path, node).unwrap();
    let appuser = Owner { uid: 1000, gid: 1000 };
    put("app", Node { owner: appuser, ..Node::directory() });
    put("app/main.py", Node::file(0o644, "print('hello')\n".repeat(100)));
    put("opt/venv/bin/python", Node::symlink("/usr/local/bin/python3.13"));
    put(&format!("opt/venv/lib/{}/__init__.py", "long".repeat(40)), Node::file(0o755, ""));
    put(
        "opt/venv/data.bin",
        Node::file(0o600, (0..3_000_000_u32).map(|n| (n.wrapping_mul(n) >> 9).to_le_bytes()[0]).collect::<Vec<_>>()),
    );
    put("tmp", Node { mode: 0o1777, ..Node::directory() });
    put("home/big", Node { owner: Owner { uid: 3_000_000_000, gid: 2_097_152 }, ..Node::file(0o640, "x") });
    tree
}

#[test]
fn these_bytes_are_the_same_on_every_machine_and_in_every_version() {
    let digests = |form| {
        let mut bytes = Vec::new();
        let written = write(&sample(), form, &mut bytes).unwrap();
        assert_eq!(written.unpacked, 3_001_501);
        [written.diff_id, written.digest].map(|digest| digest.digest()[..16].to_owned())
    };
    // Another backend, level or size of blocks gives every layer of every user another digest: that is a change to be
    // announced, and never one that an update of a dependency brings along.
    assert_eq!(digests(GZIP), ["ef7e082ed243a596", "3a5abbf62449d301"]);
    assert_eq!(digests(ZSTD), ["ef7e082ed243a596", "7bdd4edc490a670e"]);
}

/// What is in a file, and another thing than its size says.
struct Other(&'static str);

impl Open for Other {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        if self.0.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(Box::new(self.0.as_bytes())) }
    }
}

#[test]
fn a_file_that_changed_is_no_part_of_a_layer() {
    for threads in [1, 3] {
        let fault = |size, text| {
            let mut tree = sample();
            let content = Content::elsewhere(size, Arc::new(Other(text)));
            tree.insert("app/settings.py", Node::file(0o644, content)).unwrap();
            write_by(&tree, GZIP, Work { block: 4096, threads }, &mut io::sink()).unwrap_err()
        };
        for (size, text) in [(4, "abc"), (2, "abc"), (0, "abc"), (20_000_000_000, "abc")] {
            let fault = fault(size, text);
            assert!(matches!(&fault, WriteError::Changed { path } if path == "app/settings.py"), "{fault}");
        }
        assert!(matches!(fault(3, ""), WriteError::Read { .. }));
    }
}

/// A disk with room for so many bytes.
struct Small(usize);

impl io::Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_of_whoever_is_at_work() {
    let size = usize::try_from(written(&sample(), GZIP, Work { block: 4096, threads: 1 }).1.size).unwrap();
    for threads in [1, 2, 5] {
        for room in [0, 5, 10, 20, 1000, size / 2, size - 1] {
            let fault = write_by(&sample(), GZIP, Work { block: 4096, threads }, &mut Small(room)).unwrap_err();
            let WriteError::Write(cause) = fault else { panic!("{room}: {fault:?}") };
            assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
        }
        write_by(&sample(), GZIP, Work { block: 4096, threads }, &mut Small(size)).unwrap();
    }
}

/// A file of zeros that sees how many of them are read.
struct Zeros(Arc<AtomicU64>);

struct Counted {
    zeros: io::Take<io::Repeat>,
    read: Arc<AtomicU64>,
}

impl Open for Zeros {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Counted { zeros: io::repeat(0).take(100 * 4096), read: Arc::clone(&self.0) }))
    }
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.zeros.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// A slow disk, which sees how many blocks the reading is ahead of it.
struct Slow {
    read: Arc<AtomicU64>,
    writes: u64,
    ahead: u64,
}

impl io::Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        std::thread::sleep(std::time::Duration::from_millis(1));
        self.ahead = self.ahead.max((self.read.load(Ordering::Relaxed) / 4096).saturating_sub(self.writes));
        self.writes += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_more_is_in_memory_than_a_few_blocks_for_each_thread() {
    let read = Arc::new(AtomicU64::new(0));
    let mut tree = Tree::default();
    let content = Content::elsewhere(100 * 4096, Arc::new(Zeros(Arc::clone(&read))));
    tree.insert("zeros", Node::file(0o644, content)).unwrap();
    let mut slow = Slow { read, writes: 0, ahead: 0 };
    write_by(&tree, GZIP, Work { block: 4096, threads: 3 }, &mut slow).unwrap();
    // Those that wait to be written, the one that is, the one that can't be handed over yet, and the next.
    assert!(slow.writes > 100 && slow.ahead <= 3 + 1 + 3, "{}", slow.ahead);
}

#[test]
fn a_file_may_be_larger_than_eight_gigabytes() {
    let size = (8 << 30) + 1;
    let mut tree = Tree::default();
    let content = Content::elsewhere(size, Arc::new(Other("x")));
    tree.insert("data.bin", Node::file(0o644, content)).unwrap();
    let mut first = Vec::new();
    let fault = super::archive::archive(&tree, 0, 512, &mut |block| {
        first.extend(block);
        Ok(())
    });
    assert!(matches!(fault, Err(WriteError::Changed { .. })));
    assert_eq!(tar::Header::from_byte_slice(&first[..512]).entry_size().unwrap(), size);
}
