//! Tests of reading layers, and the tapes that they are made from.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{Cursor, Read, Write};

use oci_spec::image::Digest;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

/// A tar archive that is written byte for byte as a test wants it.
#[derive(Clone, Default)]
pub(super) struct Tape(pub(super) Vec<u8>);

impl Tape {
    /// Any entry. Names that are too long for a header get one of their own before it.
    pub(super) fn entry(mut self, kind: u8, name: &str, link: &str, mode: u32, content: &[u8]) -> Self {
        for (kind, text) in [(b'L', name), (b'K', link)] {
            if text.len() > 100 {
                self = self.entry(kind, "././@LongLink", "", 0o644, &[text.as_bytes(), b"\0"].concat());
            }
        }
        let mut header = tar::Header::new_gnu();
        let put = |field: &mut [u8], text: &str| {
            let fits = text.len().min(field.len());
            field[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        };
        put(&mut header.as_old_mut().name, name);
        put(&mut header.as_old_mut().linkname, link);
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(super) fn file(self, name: &str, content: &str) -> Self {
        self.entry(b'0', name, "", 0o644, content.as_bytes())
    }

    pub(super) fn program(self, name: &str) -> Self {
        self.entry(b'0', name, "", 0o755, b"\x7fELF")
    }

    pub(super) fn folder(self, name: &str) -> Self {
        self.entry(b'5', name, "", 0o755, b"")
    }

    pub(super) fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(b'2', name, target, 0o777, b"")
    }

    pub(super) fn hardlink(self, name: &str, target: &str) -> Self {
        self.entry(b'1', name, target, 0o644, b"")
    }

    /// A PAX header for the next entry.
    pub(super) fn pax(self, records: &[(&str, &str)]) -> Self {
        let record = |(key, value): &(&str, &str)| {
            let rest = format!(" {key}={value}\n");
            let length = (1..1000).find(|n| n.to_string().len() + rest.len() <= *n).unwrap();
            format!("{length:0width$}{rest}", width = length - rest.len())
        };
        let text: String = records.iter().map(record).collect();
        self.entry(b'x', "PaxHeaders/x", "", 0o644, text.as_bytes())
    }

    /// The archive with its end.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

pub(super) fn digest(bytes: &[u8]) -> Digest {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes))).parse().unwrap()
}

pub(super) fn keep(names: &[&str]) -> Keep {
    Keep { names: names.iter().map(|name| name.as_bytes().to_vec()).collect(), ..Keep::default() }
}

pub(super) fn layer(tar: &[u8]) -> Result<Layer, LayerError> {
    read(tar, &digest(tar), &Limits::of(tar.len() as u64), &keep(&["passwd"]))
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn stack(layers: &[Tape]) -> Stack {
    let mut stack = Stack::new(layers.len());
    for tape in layers {
        stack.push(layer(&tape.clone().end()).unwrap());
    }
    stack
}

/// What the layers, the top one first, have at a path: a file's content, or a word.
fn seen(layers: &[Tape], path: &str) -> String {
    match stack(layers).resolve(path.as_bytes()) {
        Sight::Leaf { body: Some(body), .. } => String::from_utf8_lossy(&body).into_owned(),
        Sight::Leaf { what: What::Other(what), .. } => what.to_owned(),
        Sight::Leaf { path, .. } => String::from_utf8(path).unwrap(),
        other => format!("{other:?}"),
    }
}

fn passwd(layers: &[Tape]) -> String {
    seen(layers, "/etc/passwd")
}

fn tape() -> Tape {
    Tape::default()
}

#[test]
fn the_upper_layer_wins() {
    let lower = tape().folder("etc/").file("etc/passwd", "lower");
    assert_eq!(passwd(std::slice::from_ref(&lower)), "lower");
    assert_eq!(passwd(&[tape().file("etc/passwd", "upper"), lower.clone()]), "upper");
    assert_eq!(passwd(&[tape().file("etc/group", ""), lower]), "lower");
    // Within a layer, the last.
    assert_eq!(passwd(&[tape().file("etc/passwd", "first").file("./etc/passwd", "last")]), "last");
    assert_eq!(passwd(&[]), "Missing");
}

#[test]
fn names_come_in_many_forms() {
    for name in ["etc/passwd", "./etc/passwd", "/etc/passwd", "etc//passwd", "../etc/passwd", "x/../etc/passwd"] {
        assert_eq!(passwd(&[tape().file(name, "x")]), "x", "{name}");
    }
    let long = format!("{}/passwd", ["folder-with-a-long-name"; 10].join("/"));
    assert_eq!(seen(&[tape().file(&long, "gnu")], &long), "gnu");
    assert_eq!(seen(&[tape().pax(&[("path", &long)]).file("short", "pax")], &long), "pax");
    assert_eq!(passwd(&[tape().symlink("etc", &long).file(&format!("{long}/passwd"), "far")]), "far");
    // A PAX size goes before the header's, and a global header says nothing.
    let global = tape().entry(b'g', "pax_global_header", "", 0o644, b"17 path=elsewhere\n");
    assert_eq!(passwd(&[Tape([global.0, tape().file("etc/passwd", "x").0].concat())]), "x");
}

#[test]
fn whiteouts_hide_what_is_below() {
    let lower = tape().file("etc/passwd", "lower").file("etc/group", "");
    for name in ["etc/.wh.passwd", ".wh.etc", "etc/.wh..wh..opq", ".wh..wh..opq"] {
        assert_eq!(passwd(&[tape().file(name, ""), lower.clone()]), "Missing", "{name}");
        // And nothing of their own layer or of those above.
        assert_eq!(passwd(&[tape().file("etc/passwd", "own").file(name, ""), lower.clone()]), "own", "{name}");
        let upper = tape().file("etc/passwd", "upper");
        assert_eq!(passwd(&[upper, tape().file(name, ""), lower.clone()]), "upper", "{name}");
    }
    // A folder takes the place of its own whiteout, as in the engines.
    assert_eq!(passwd(&[tape().file(".wh.etc", "").folder("etc"), lower.clone()]), "lower");
    assert_eq!(passwd(&[tape().folder("etc").file(".wh.etc", ""), lower.clone()]), "Missing");
    assert_eq!(passwd(&[tape().file(".wh.etc", "").file("etc/x", ""), lower.clone()]), "Missing");
    for name in ["etc/.wh.group", "etc/.wh.", "etc/.wh..", "etc/.wh...", ".wh..wh.plnk", "usr/.wh..wh..opq"] {
        assert_eq!(passwd(&[tape().file(name, ""), lower.clone()]), "lower", "{name}");
    }
}

#[test]
fn a_folder_and_a_file_of_one_name_hide_each_other() {
    let lower = tape().file("etc/passwd", "lower");
    assert_eq!(passwd(&[tape().file("etc", "a file"), lower.clone()]), "Missing");
    assert_eq!(passwd(&[tape().file("etc/passwd/x", ""), lower.clone()]), "Directory");
    let between = [tape().folder("etc"), tape().file("etc", "a file"), lower];
    assert_eq!(passwd(&between), "Missing");
    // Replaced within one layer, with what was in it.
    let twice = tape().file("etc/passwd", "gone").file("etc", "a file").folder("etc");
    assert_eq!(passwd(&[twice]), "Missing");
}

#[test]
fn links_are_followed_inside_the_image() {
    let real = tape().file("usr/etc/passwd", "real");
    for (name, target) in
        [("etc", "usr/etc"), ("etc", "/usr/etc"), ("etc", "../../usr/./etc/"), ("etc", "usr/x/../etc")]
    {
        let layers = [tape().symlink(name, target).folder("usr/x"), real.clone()];
        assert_eq!(passwd(&layers), "real", "{target}");
    }
    let chain = tape().symlink("etc/passwd", "../a").symlink("a", "b").symlink("b", "usr/etc/passwd");
    assert_eq!(passwd(&[chain.clone(), real.clone()]), "real");
    // A link below is hidden by a folder above, even by one that is only implied.
    assert_eq!(passwd(&[tape().file("etc/x", ""), tape().symlink("etc", "usr/etc"), real.clone()]), "Missing");
    // Entries of one layer go through its own links.
    assert_eq!(passwd(&[tape().symlink("etc", "a/b").file("etc/passwd", "through")]), "through");
    assert_eq!(seen(&[tape().symlink("etc", "a/b").file("etc/passwd", "through")], "a/b/passwd"), "through");
    assert_eq!(passwd(&[tape().symlink("etc/passwd", "/nowhere"), real]), "Missing");
}

#[test]
fn a_link_out_of_the_image_stays_in_it() {
    let out = |target: &str| passwd(&[tape().symlink("etc/passwd", target), tape().file("root/passwd", "inside")]);
    assert_eq!(out("../../../../root/passwd"), "inside");
    assert_eq!(out("/../root/passwd"), "inside");
    assert_eq!(out("../../../../etc/passwd"), "Loop");
    assert_eq!(out("/proc/self/root/etc/passwd"), "Missing");
    assert_eq!(out("/"), "Directory");
    assert_eq!(out(""), "Missing");
}

#[test]
fn what_is_no_file_is_said_to_be_none() {
    assert_eq!(passwd(&[tape().folder("etc/passwd")]), "Directory");
    assert_eq!(passwd(&[tape().symlink("etc/passwd", "passwd")]), "Loop");
    assert_eq!(passwd(&[tape().symlink("etc/passwd", "p").symlink("etc/p", "passwd")]), "Loop");
    for kind in [b'3', b'4', b'6', b'Z'] {
        assert_eq!(passwd(&[tape().entry(kind, "etc/passwd", "", 0o644, b"")]), "a device or pipe");
    }
    // Forty links are followed, and no more.
    let chain = |n: u32| (0..n).fold(tape(), |t, i| t.symlink(&format!("l{i}"), &format!("l{}", i + 1)));
    assert_eq!(seen(&[chain(40).file("l40", "")], "l0"), "/l40");
    assert_eq!(seen(&[chain(41).file("l41", "")], "l0"), "Loop");
}

#[test]
fn hard_links_are_the_same_file() {
    let linked = tape().file("etc/passwd-", "one").hardlink("etc/passwd", "etc/passwd-").file("etc/passwd-", "two");
    let mut stack = Stack::new(1);
    let tar = linked.end();
    stack.push(layer(&tar).unwrap());
    let Sight::Leaf { what: What::File { size: 3, ordinal: 0, .. }, body: None, layer: 0, .. } =
        stack.resolve(b"etc/passwd")
    else {
        panic!("{:?}", stack.resolve(b"etc/passwd"))
    };
    // Its content has another name; a second reading has it by its number.
    let ordinals = Keep { ordinals: [0].into(), ..Keep::default() };
    stack.replace(0, read(&tar[..], &digest(&tar), &Limits::of(0), &ordinals).unwrap());
    assert!(matches!(stack.resolve(b"etc/passwd"), Sight::Leaf { body: Some(body), .. } if *body == *b"one"));
    assert!(layer(&tape().hardlink("etc/passwd", "etc/none").end()).is_err());
}

#[test]
fn the_answer_waits_for_the_layers_that_it_needs() {
    let upper = tape().file("etc/passwd", "x").program("usr/bin/env").symlink("bin", "usr/bin");
    let mut stack = Stack::new(2);
    assert_eq!(stack.resolve(b"/etc/passwd"), Sight::Unknown);
    stack.push(layer(&upper.file("opt/.wh..wh..opq", "").end()).unwrap());
    assert!(matches!(stack.resolve(b"/etc/passwd"), Sight::Leaf { layer: 0, .. }));
    assert!(matches!(stack.resolve(b"/bin/env"), Sight::Leaf { layer: 0, .. }));
    assert_eq!(stack.resolve(b"/bin/sh"), Sight::Unknown);
    assert_eq!(stack.resolve(b"/opt/tool"), Sight::Missing);
    assert_eq!(stack.resolve(b"/etc"), Sight::Directory);
    stack.push(layer(&tape().program("usr/bin/dash").symlink("usr/bin/sh", "dash").end()).unwrap());
    let Sight::Leaf { path, what: What::File { mode, .. }, .. } = stack.resolve(b"/bin/sh") else { panic!() };
    assert_eq!((path.as_slice(), mode), (&b"/usr/bin/dash"[..], 0o755));
}

#[test]
fn compressed_layers_are_read_as_they_are() {
    let tar = tape().file("etc/passwd", "x").end();
    for stored in [gzip(&tar), zstd::encode_all(&tar[..], 1).unwrap(), tar.clone()] {
        let layer = read(&stored[..], &digest(&tar), &Limits::of(0), &keep(&["passwd"])).unwrap();
        assert_eq!(layer.size().entries, 2);
        // One byte at a time is as good.
        let slow = Box::new(Slow(Cursor::new(stored)));
        read(slow, &digest(&tar), &Limits::of(0), &keep(&[])).unwrap();
    }
}

/// A source that gives one byte at a time.
struct Slow(Cursor<Vec<u8>>);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

#[test]
fn a_layer_is_what_the_config_says() {
    let tar = tape().file("etc/passwd", "x").end();
    let fault = read(&tar[..], &digest(b"other"), &Limits::of(0), &keep(&[])).unwrap_err();
    assert!(matches!(fault, LayerError::DiffId(_)), "{fault}");
    // What follows the archive's end is part of the content.
    let more = [&tar[..], &[0; 10240]].concat();
    read(&more[..], &digest(&more), &Limits::of(0), &keep(&[])).unwrap();
    assert!(read(&more[..], &digest(&tar), &Limits::of(0), &keep(&[])).is_err());
}

#[test]
fn what_is_no_tar_is_refused() {
    for bytes in [&b"<html>not found</html>"[..], &[b'x'; 512], &[b'x'; 4096], &[1; 513], b"\x1f\x8b but no gzip"] {
        assert!(layer(bytes).is_err(), "{bytes:?}");
    }
    let tar = tape().file("etc/passwd", "x").end();
    for end in [1, 511, 512] {
        assert!(layer(&tar[..end]).is_err(), "{end}");
    }
    // Without the padding and the blocks of zeros it is whole, though, and an archive may be empty.
    for end in [0, 513, 1024, 1536, 2048] {
        layer(&tar[..end]).unwrap();
    }
    let fault = layer(&[&tar[..1024], &[0; 512], &tar[..1024]].concat()).unwrap_err();
    assert!(matches!(fault, LayerError::NotTar { at: 2048, .. }), "{fault}");
}

#[test]
fn what_no_engine_could_unpack_is_refused() {
    let circle = tape().symlink("a", "b").symlink("b", "a").file("a/x", "");
    for bad in [
        tape().file("etc", "a file").file("etc/passwd", "x"),
        circle,
        tape().file(&"x".repeat(256), ""),
        tape().file(&"x/".repeat(2100), ""),
        tape().symlink("etc", &"x/".repeat(2100)),
        tape().hardlink("etc", "."),
    ] {
        let fault = layer(&bad.end()).unwrap_err();
        assert!(matches!(fault, LayerError::Misplaced { .. }), "{fault}");
    }
}

#[test]
fn a_layer_that_says_it_is_huge_is_refused_at_once() {
    let mut header = tar::Header::new_gnu();
    header.set_path("zeros").unwrap();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(100_000_000_000);
    header.set_cksum();
    let fault = layer(header.as_bytes()).unwrap_err();
    assert!(matches!(fault, LayerError::TooLarge { .. }), "{fault}");
}

#[test]
fn a_layer_that_expands_without_end_is_refused_at_its_limit() {
    // Many files of zeros in a few kilobytes; the limit stands for the real one.
    let limits = Limits { unpacked: 2 << 20, ..Limits::of(0) };
    let zeros = tape().entry(b'0', "zeros", "", 0o644, &vec![0; 64 << 10]);
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..100 {
        encoder.write_all(&zeros.0).unwrap();
    }
    let stored = encoder.finish().unwrap();
    assert!(stored.len() < 100_000, "{}", stored.len());
    let fault = read(&stored[..], &digest(b""), &limits, &keep(&["zeros"])).unwrap_err();
    assert!(matches!(fault, LayerError::TooLarge { limit } if limit == 2 << 20), "{fault}");
    // Zeros alone, after an archive's end or in place of one, are no way around it.
    let stored = zstd::encode_all(std::io::repeat(0).take(8 << 20), 1).unwrap();
    let fault = read(&stored[..], &digest(b""), &limits, &keep(&[])).unwrap_err();
    assert!(matches!(fault, LayerError::TooLarge { .. }), "{fault}");
}

#[test]
fn limits_grow_with_what_is_stored_and_end() {
    assert_eq!(Limits::of(0).unpacked, 2 << 30);
    assert_eq!(Limits::of(1 << 20).unpacked, (2 << 30) + 1100 * (1 << 20));
    assert_eq!(Limits::of(u64::MAX).unpacked, 16 << 30);
}

#[test]
fn names_without_end_are_refused() {
    let tar = (0..100).fold(tape(), |tape, n| tape.file(&format!("{n}"), "")).end();
    let with = |limits| read(&tar[..], &digest(&tar), &limits, &keep(&[]));
    with(Limits { entries: 100, names: 190, ..Limits::of(0) }).unwrap();
    for limits in [Limits { entries: 99, ..Limits::of(0) }, Limits { names: 189, ..Limits::of(0) }] {
        assert!(matches!(with(limits), Err(LayerError::TooMuch { .. })));
    }
    let mut stack = Stack::new(2);
    stack.push(with(Limits::of(0)).unwrap());
    assert_eq!(stack.limits(0).entries, Limits::of(0).entries - 100);
    // A name of 2 MiB is not even read.
    let long = tape().entry(b'L', "././@LongLink", "", 0o644, &vec![b'x'; 2 << 20]).file("x", "");
    assert!(matches!(layer(&long.end()), Err(LayerError::TooMuch { .. })));
}

#[test]
fn large_files_are_seen_and_not_kept() {
    let large = vec![b'x'; (4 << 20) + 1];
    let tar = tape().entry(b'0', "etc/passwd", "", 0o644, &large).end();
    let mut stack = Stack::new(1);
    stack.push(layer(&tar).unwrap());
    let seen = stack.resolve(b"etc/passwd");
    assert!(matches!(seen, Sight::Leaf { what: What::File { size: 4_194_305, .. }, body: None, .. }));
}

#[test]
fn sparse_files_are_passed_over() {
    let mut sparse = tape().entry(b'S', "sparse", "", 0o644, b"data").0;
    sparse[482] = 1;
    let sum: u32 =
        sparse[..512].iter().enumerate().map(|(i, b)| u32::from(if (148..156).contains(&i) { b' ' } else { *b })).sum();
    sparse[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let (header, content) = sparse.split_at(512);
    let tar = Tape([header, &[0; 512], content, &tape().file("etc/passwd", "after").0].concat());
    assert_eq!(passwd(std::slice::from_ref(&tar)), "after");
    assert_eq!(seen(&[tar], "sparse"), "a sparse file");
    let pax = tape().pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.name", "etc/passwd")]).file("x", "map");
    assert_eq!(passwd(&[pax]), "a sparse file");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let _ = layer(&bytes);
    }

    #[test]
    fn no_damage_makes_the_reader_panic(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut tar = tape().pax(&[("path", "etc/a"), ("size", "3")]).file("etc/passwd", "x").symlink("a", "../b")
            .hardlink("c", "a").entry(b'S', "s", "", 0o644, b"x").file(&"long/".repeat(30), "y").end();
        for (at, byte) in damage {
            let at = at.index(tar.len());
            tar[at] = byte;
            // So that more than the first damaged header is looked at.
            let start = at / 512 * 512;
            let header = tar::Header::from_byte_slice(&tar[start..start + 512]).clone();
            let mut sound = header;
            sound.set_cksum();
            tar[start..start + 512].copy_from_slice(sound.as_bytes());
        }
        let _ = layer(&tar[..end.index(tar.len())]);
        if let Ok(layer) = layer(&tar) {
            let mut stack = Stack::new(1);
            stack.push(layer);
            let _ = stack.resolve(b"/etc/passwd");
        }
    }
}
