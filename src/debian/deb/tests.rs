//! Tests of reading packages, and the packages that they are made from.

#![allow(clippy::unwrap_used)]

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{Read, Write as _};

use super::*;
use crate::image::layer::{Kind as What, Owner};

/// A package that a test writes as it wants it.
#[derive(Clone, Default)]
pub(in crate::debian) struct Pack {
    control: String,
    more: Vec<(String, String)>,
    data: Vec<u8>,
}

impl Pack {
    /// A package for amd64 with these further fields.
    pub(in crate::debian) fn new(name: &str, fields: &str) -> Self {
        let control = format!("Package: {name}\nVersion: 1.0-1\nArchitecture: amd64\n{fields}Description: {name}\n");
        Self { control, ..Self::default() }
    }

    /// A file of its description (`postinst`, `md5sums`).
    pub(in crate::debian) fn with(mut self, name: &str, text: &str) -> Self {
        self.more.push((name.to_owned(), text.to_owned()));
        self
    }

    pub(in crate::debian) fn file(self, path: &str, text: &str) -> Self {
        self.entry(b'0', path, "", 0o644, text.as_bytes())
    }

    pub(in crate::debian) fn folder(self, path: &str, mode: u32) -> Self {
        self.entry(b'5', path, "", mode, b"")
    }

    pub(in crate::debian) fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(b'2', path, target, 0o777, b"")
    }

    /// Any entry of root's.
    pub(in crate::debian) fn entry(self, kind: u8, path: &str, link: &str, mode: u32, content: &[u8]) -> Self {
        self.owned(kind, path, link, (mode, "root", 0), content)
    }

    fn owned(mut self, kind: u8, path: &str, link: &str, of: (u32, &str, u64), content: &[u8]) -> Self {
        tape(&mut self.data, kind, path, link, of, content);
        self
    }

    /// The .deb, its halves compressed in this way.
    pub(in crate::debian) fn bytes(&self, compression: &str) -> Vec<u8> {
        let mut control = Vec::new();
        for (name, text) in [("control".to_owned(), self.control.clone())].iter().chain(&self.more) {
            tape(&mut control, b'0', &format!("./{name}"), "", (0o644, "root", 0), text.as_bytes());
        }
        let name = |half: &str| format!("{half}.tar{compression}");
        ar(&[
            ("debian-binary", b"2.0\n"),
            (&name("control"), &compress(&control, compression)),
            (&name("data"), &compress(&self.data, compression)),
        ])
    }

    pub(in crate::debian) fn read(&self) -> Result<Deb, Error> {
        Deb::read("a.deb", &self.bytes("")[..], &mut Memory)
    }
}

fn tape(out: &mut Vec<u8>, kind: u8, path: &str, link: &str, (mode, user, uid): (u32, &str, u64), content: &[u8]) {
    for (kind, text) in [(b'L', path), (b'K', link)] {
        if text.len() > 100 && !matches!(kind, b'x') {
            tape(out, kind, "././@LongLink", "", (0, "", 0), &[text.as_bytes(), b"\0"].concat());
        }
    }
    let mut header = tar::Header::new_gnu();
    let put = |field: &mut [u8], text: &str| {
        let fits = text.len().min(field.len());
        field[..fits].copy_from_slice(&text.as_bytes()[..fits]);
    };
    put(&mut header.as_old_mut().name, path);
    put(&mut header.as_old_mut().linkname, link);
    put(&mut header.as_gnu_mut().unwrap().uname, user);
    put(&mut header.as_gnu_mut().unwrap().gname, user);
    header.set_uid(uid);
    header.set_gid(uid);
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    header.set_cksum();
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(512), 0);
}

fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let mut header = String::new();
        writeln!(header, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, "100644", content.len()).unwrap();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    bytes
}

fn compress(bytes: &[u8], compression: &str) -> Vec<u8> {
    match compression {
        ".xz" => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        ".gz" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        ".zst" => zstd::encode_all(bytes, 1).unwrap(),
        _ => bytes.to_vec(),
    }
}

fn text(tree: &Tree, path: &str) -> String {
    let What::File(content) = &tree.get(path).unwrap().kind else { return String::new() };
    let mut text = String::new();
    content.open().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn pack() -> Pack {
    Pack::new("a", "")
}

/// Why a package is refused.
fn refused(pack: &Pack) -> String {
    pack.read().unwrap_err().source().unwrap().to_string()
}

#[test]
fn a_package_is_read_however_it_is_compressed() {
    let long = format!("./usr/share/{}file", "long/".repeat(40));
    let sum = "d41d8cd98f00b204e9800998ecf8427e";
    let pack = pack()
        .with("postinst", "#!/bin/sh\nexit 0\n")
        .with("md5sums", &format!("{sum}  usr/bin/a\nodd  usr/bin/b\n"))
        .folder("./", 0o755)
        .folder("./usr/", 0o755)
        .entry(b'0', "./usr/bin/a", "", 0o755, b"program")
        .entry(b'1', "./usr/bin/b", "./usr/bin/a", 0o755, b"")
        .symlink("./usr/bin/c", "../lib/c")
        .file(&long, "deep");
    for compression in ["", ".gz", ".xz", ".zst"] {
        let deb = Deb::read("a.deb", &pack.bytes(compression)[..], &mut Memory).unwrap();
        assert_eq!(deb.control.package(), "a");
        assert_eq!(deb.scripts.postinst.as_deref(), Some("#!/bin/sh\nexit 0\n"));
        assert_eq!(deb.scripts.preinst, None);
        assert_eq!(deb.sums, BTreeMap::from([("usr/bin/a".to_owned(), sum.to_owned())]));
        assert_eq!(text(&deb.tree, "usr/bin/a"), "program");
        assert_eq!(text(&deb.tree, "usr/bin/b"), "program");
        assert_eq!(deb.tree.get("usr/bin/b").unwrap().mode, 0o755);
        assert_eq!(text(&deb.tree, &long[2..]), "deep");
        assert!(matches!(&deb.tree.get("usr/bin/c").unwrap().kind, What::Symlink(to) if to == "../lib/c"));
    }
}

#[test]
fn no_path_leads_out_of_the_image() {
    for path in ["../etc/passwd", "./usr/../../etc/passwd", "/etc/passwd", "./usr/.."] {
        assert!(refused(&pack().file(path, "x")).contains("it has"), "{path}");
    }
    // Below a link, a file would be wherever that leads.
    let below = pack().symlink("./etc", "/").file("./etc/passwd", "x");
    assert!(refused(&below).contains("no folder"));
    let link = pack().file("./a", "x").entry(b'1', "./b", "../../etc/shadow", 0o644, b"");
    assert!(refused(&link).contains("leads out"));
    let link = pack().entry(b'1', "./b", "./not-there", 0o644, b"");
    assert!(refused(&link).contains("isn't there"));
}

#[test]
fn what_no_package_has_is_refused() {
    for kind in [b'3', b'4', b'6'] {
        assert!(refused(&pack().entry(kind, "./dev/x", "", 0o666, b"")).contains("devices"));
    }
    for kind in [b'x', b'g', b'S', b'V', b'7' + 1] {
        assert!(pack().entry(kind, "./a", "", 0o644, b"").read().is_err(), "{kind}");
    }
    assert!(refused(&pack().symlink("./a", "")).contains("nowhere"));
    let name = "n".repeat(5000);
    assert!(refused(&pack().file(&name, "x")).contains("bytes in a name"));
}

#[test]
fn owners_are_those_that_debian_has() {
    let pack = |user: &str, id| self::pack().owned(b'5', "./var/mail", "", (0o2775, user, id), b"");
    let owner = |pack: Pack| pack.read().map(|deb| deb.tree.get("var/mail").unwrap().owner);
    assert_eq!(owner(pack("mail", 4711)).unwrap(), Owner { uid: 8, gid: 8 });
    assert_eq!(owner(pack("", 8)).unwrap(), Owner { uid: 8, gid: 8 });
    assert!(refused(&pack("postgres", 0)).contains("belongs to postgres"));
    assert!(refused(&pack("", 1000)).contains("belongs to 1000"));
}

#[test]
fn nothing_runs_as_somebody_else() {
    let pack = pack()
        .entry(b'0', "./usr/bin/su", "", 0o4755, b"x")
        .entry(b'0', "./usr/bin/chage", "", 0o2755, b"x")
        .folder("./tmp", 0o1777);
    let deb = pack.read().unwrap();
    assert_eq!(deb.privileged, ["usr/bin/su", "usr/bin/chage"]);
    assert_eq!(deb.tree.get("usr/bin/su").unwrap().mode, 0o755);
    assert_eq!(deb.tree.get("tmp").unwrap().mode, 0o1777);
}

#[test]
fn a_broken_archive_is_an_error_wherever_it_ends() {
    let whole = pack().file("./usr/a", &"text".repeat(1000)).bytes(".xz");
    for end in (0..whole.len() - 2).step_by(7) {
        assert!(Deb::read("a.deb", &whole[..end], &mut Memory).is_err(), "{end}");
    }
    for odd in [
        ar(&[("control.tar", b"")]),
        ar(&[("debian-binary", b"3.0\n")]),
        ar(&[("debian-binary", b"2.0\n")]),
        ar(&[("debian-binary", b"2.0\n"), ("data.tar", b"")]),
        ar(&[("debian-binary", b"2.0\n"), ("control.tar.bz2", b"BZh")]),
        b"!<arch>\ndebian-binary   0           0     0     100644  -4        `\n2.0\n".to_vec(),
        b"!<arch>\ndebian-binary   0           0     0     100644  4         xx2.0\n".to_vec(),
        b"PK\x03\x04".to_vec(),
    ] {
        assert!(Deb::read("a.deb", &odd[..], &mut Memory).is_err());
    }
}

#[test]
fn what_expands_without_end_is_stopped() {
    // Much of nothing in little.
    struct Zeros(u64);
    impl Read for Zeros {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let most = usize::try_from(self.0).unwrap_or(usize::MAX).min(buffer.len());
            buffer[..most].fill(0);
            self.0 -= most as u64;
            Ok(most)
        }
    }
    let mut control = Vec::new();
    tape(&mut control, b'0', "./control", "", (0o644, "root", 0), b"");
    // The header's own word for its size is as much.
    let mut header = tar::Header::from_byte_slice(&control[..512]).clone();
    header.set_size(CONTROL * 2);
    header.set_cksum();
    let whole = header.as_bytes().chain(Zeros(CONTROL * 2));
    let bomb = zstd::encode_all(whole, 1).unwrap();
    let bomb = ar(&[("debian-binary", b"2.0\n"), ("control.tar.zst", &bomb)]);
    let fault = Deb::read("a.deb", &bomb[..], &mut Memory).unwrap_err();
    assert!(matches!(fault.fault, Fault::TooMuch { what: "bytes", most: CONTROL }), "{:?}", fault.fault);
}

#[test]
fn a_full_store_is_said_to_be() {
    struct Full;
    impl Store for Full {
        fn put(&mut self, _: u64, _: &mut dyn Read) -> std::io::Result<crate::image::layer::Content> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }
    let bytes = pack().file("./a", "text").bytes("");
    let fault = Deb::read("a.deb", &bytes[..], &mut Full).unwrap_err();
    assert!(matches!(fault.fault, Fault::Keep { size: 4, .. }));
}
