//! Tests of the closure, and the ELF files that they are made from.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::bytes::Ends;
use super::*;
use crate::image::layer::{Node, Tree};
use crate::image::rootfs::Limits;

/// An ELF file that a test asks for.
#[derive(Clone, Default)]
struct Elf {
    narrow: bool,
    big: bool,
    machine: u16,
    interpreter: &'static str,
    needed: Vec<&'static str>,
    soname: &'static str,
    rpath: &'static str,
    runpath: &'static str,
    wants: Vec<(&'static str, &'static str)>,
    defines: Vec<&'static str>,
}

/// Where the parts of such a file are.
const SEGMENTS: usize = 64;
const DYNAMIC: usize = 1024;
const VERSIONS: usize = 3072;
const STRINGS: usize = 8192;
const INTERPRETER: usize = 12288;
const SIZE: usize = 12544;
/// Where the file's first byte is in memory.
const BASE: usize = 0x40_0000;

impl Elf {
    fn amd64() -> Self {
        Self { machine: 62, ..Self::default() }
    }

    fn needs(libraries: &[&'static str]) -> Self {
        Self { needed: libraries.to_vec(), ..Self::amd64() }
    }

    fn number(&self, at: usize, size: usize, value: usize, file: &mut [u8]) {
        let bytes = (value as u64).to_le_bytes();
        file[at..at + size].copy_from_slice(&bytes[..size]);
        if self.big {
            file[at..at + size].reverse();
        }
    }

    /// A number that is as wide as an address.
    fn wide(&self, at: usize, value: usize, file: &mut [u8]) {
        self.number(at, if self.narrow { 4 } else { 8 }, value, file);
    }

    fn bytes(&self) -> Vec<u8> {
        let mut file = vec![0; SIZE];
        file[..4].copy_from_slice(b"\x7fELF");
        file[4] = if self.narrow { 1 } else { 2 };
        file[5] = if self.big { 2 } else { 1 };
        self.number(16, 2, 3, &mut file);
        self.number(18, 2, self.machine.into(), &mut file);
        self.wide(if self.narrow { 28 } else { 32 }, SEGMENTS, &mut file);
        let (entry, sizes) = if self.narrow { (32, 42) } else { (56, 54) };
        self.number(sizes, 2, entry, &mut file);
        self.number(sizes + 2, 2, if self.interpreter.is_empty() { 2 } else { 3 }, &mut file);
        self.segment(0, 1, 0, SIZE, &mut file);
        let mut strings = vec![0];
        let mut name = |text: &str| {
            strings.extend_from_slice(text.as_bytes());
            strings.push(0);
            strings.len() - text.len() - 1
        };
        let mut dynamic: Vec<(usize, usize)> = self.needed.iter().map(|n| (1, name(n))).collect();
        for (tag, text) in [(14, self.soname), (15, self.rpath), (29, self.runpath)] {
            if !text.is_empty() {
                dynamic.push((tag, name(text)));
            }
        }
        dynamic.push((5, BASE + STRINGS));
        let mut at = VERSIONS;
        if !self.wants.is_empty() {
            dynamic.extend([(0x6fff_fffe, BASE + at), (0x6fff_ffff, self.wants.len())]);
        }
        for (number, (library, version)) in self.wants.iter().enumerate() {
            self.number(at + 2, 2, 1, &mut file);
            self.number(at + 4, 4, name(library), &mut file);
            self.number(at + 8, 4, 16, &mut file);
            self.number(at + 12, 4, if number + 1 < self.wants.len() { 32 } else { 0 }, &mut file);
            self.number(at + 16 + 8, 4, name(version), &mut file);
            at += 32;
        }
        if !self.defines.is_empty() {
            dynamic.extend([(0x6fff_fffc, BASE + at), (0x6fff_fffd, self.defines.len())]);
        }
        for (number, version) in self.defines.iter().enumerate() {
            self.number(at + 12, 4, 20, &mut file);
            self.number(at + 16, 4, if number + 1 < self.defines.len() { 28 } else { 0 }, &mut file);
            self.number(at + 20, 4, name(version), &mut file);
            at += 28;
        }
        let step = if self.narrow { 4 } else { 8 };
        for (number, (tag, value)) in dynamic.iter().enumerate() {
            self.wide(DYNAMIC + 2 * number * step, *tag, &mut file);
            self.wide(DYNAMIC + (2 * number + 1) * step, *value, &mut file);
        }
        self.segment(1, 2, DYNAMIC, 2 * (dynamic.len() + 1) * step, &mut file);
        file[STRINGS..STRINGS + strings.len()].copy_from_slice(&strings);
        if !self.interpreter.is_empty() {
            file[INTERPRETER..INTERPRETER + self.interpreter.len()].copy_from_slice(self.interpreter.as_bytes());
            self.segment(2, 3, INTERPRETER, self.interpreter.len() + 1, &mut file);
        }
        file
    }

    fn segment(&self, number: usize, kind: usize, at: usize, length: usize, file: &mut [u8]) {
        let places = if self.narrow { [32, 0, 4, 8, 16] } else { [56, 0, 8, 16, 32] };
        let [size, kind_at, file_at, memory_at, length_at] = places;
        let start = SEGMENTS + number * size;
        self.number(start + kind_at, 4, kind, file);
        self.wide(start + file_at, at, file);
        self.wide(start + memory_at, BASE + at, file);
        self.wide(start + length_at, length, file);
    }
}

fn object(bytes: &[u8]) -> Reading {
    read(&mut Ends::read(bytes, bytes.len() as u64).unwrap()).unwrap()
}

#[test]
fn all_kinds_of_machines_are_read() {
    for (narrow, big) in [(false, false), (false, true), (true, false), (true, true)] {
        let elf = Elf {
            narrow,
            big,
            interpreter: "/lib64/ld-linux-x86-64.so.2",
            needed: vec!["liba.so.1", "libb.so.2"],
            soname: "libself.so.0",
            rpath: "/x:$ORIGIN/lib",
            runpath: "/y",
            wants: vec![("liba.so.1", "A_1.0"), ("libb.so.2", "B_2.0")],
            defines: vec!["libself.so.0", "SELF_1"],
            ..Elf::amd64()
        };
        let Reading::Object(object) = object(&elf.bytes()) else { unreachable!() };
        assert_eq!(object.machine, Machine { number: 62, bits: if narrow { 32 } else { 64 }, little: !big });
        assert_eq!(object.interpreter.as_deref(), Some(elf.interpreter));
        assert_eq!((object.needed, object.soname.as_deref()), (elf.needed.map_all(), Some("libself.so.0")));
        assert_eq!(
            (object.paths.rpath, object.paths.runpath),
            (vec!["/x", "$ORIGIN/lib"].map_all(), vec!["/y"].map_all())
        );
        let wants: Vec<_> = object.wants.iter().map(|w| (w.library.as_str(), w.versions[0].as_str())).collect();
        assert_eq!((wants, object.defines), (elf.wants, elf.defines.map_all()));
    }
}

trait MapAll {
    fn map_all(self) -> Vec<String>;
}

impl MapAll for Vec<&str> {
    fn map_all(self) -> Vec<String> {
        self.into_iter().map(str::to_owned).collect()
    }
}

#[test]
fn what_is_no_program_is_none() {
    assert_eq!(object(b""), Reading::Other);
    assert_eq!(object(b"GROUP ( libc.so.6 )"), Reading::Other);
    assert_eq!(object(b"\x7fELF\x02\x01"), Reading::Odd);
    let mut relocatable = Elf::amd64().bytes();
    relocatable[16] = 1;
    assert_eq!(object(&relocatable), Reading::Other);
    // A name without an end.
    let elf = Elf::needs(&["libz.so.1"]);
    assert_eq!(object(&elf.bytes()[..STRINGS + 4]), Reading::Odd);
}

#[test]
fn a_large_file_is_read_while_it_passes_by() {
    let elf = Elf::needs(&["libz.so.1"]);
    let mut bytes = elf.bytes();
    let whole = object(&bytes);
    // Its dynamic section in the middle, as where debugging tables follow it.
    let (middle, length) = (80 << 10, 64);
    let dynamic = bytes[DYNAMIC..DYNAMIC + length].to_vec();
    bytes.resize(200 << 10, 0);
    bytes[middle..middle + length].copy_from_slice(&dynamic);
    elf.segment(1, 2, middle, length, &mut bytes);
    let passed = |bytes: &[u8]| read(&mut Ends::keeping(16 << 10, bytes, bytes.len() as u64).unwrap()).unwrap();
    assert_eq!(passed(&bytes), whole);
    // What was not kept is not guessed.
    elf.segment(1, 2, middle, 100 << 10, &mut bytes);
    assert_eq!(passed(&bytes), Reading::Odd);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_is_too_odd(
        narrow: bool,
        big: bool,
        changes in prop::collection::vec((0..SIZE, any::<u8>()), 0..40),
        dense in prop::collection::vec((0..DYNAMIC + 256, any::<u8>()), 0..20),
        cut in 0..=SIZE,
    ) {
        let wants = vec![("liba.so.1", "A_1.0"), ("libb.so.2", "B_2.0")];
        let elf = Elf { narrow, big, wants, defines: vec!["X"], soname: "s", ..Elf::needs(&["liba.so.1"]) };
        let mut bytes = elf.bytes();
        for (at, byte) in changes.into_iter().chain(dense) {
            bytes[at] = byte;
        }
        object(&bytes[..cut]);
        object(&bytes);
    }
}

/// Where packages are in these tests.
const SITE: &str = "opt/venv/lib/python3.13/site-packages";

/// An image: Python on glibc 2.36, and what a test adds.
struct Image(Tree);

impl Image {
    fn glibc() -> Self {
        let libc = Elf { soname: "libc.so.6", defines: vec!["GLIBC_2.2.5", "GLIBC_2.36"], ..Elf::amd64() };
        let python =
            Elf { interpreter: "/lib64/ld-linux-x86-64.so.2", ..Elf::needs(&["libpython3.13.so.1.0", "libc.so.6"]) };
        Self(Tree::default())
            .link("lib", "usr/lib")
            .link("lib64", "usr/lib64")
            .elf("usr/lib/x86_64-linux-gnu/libc.so.6", &libc)
            .elf("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", &Elf::amd64())
            .link("usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
            .text("etc/ld.so.conf.d/libc.conf", "/usr/local/lib\n")
            .elf("usr/local/lib/libpython3.13.so.1.0", &Elf::needs(&["libc.so.6"]))
            .elf("usr/local/bin/python3.13", &python)
            .link("opt/venv/bin/python", "/usr/local/bin/python3.13")
    }

    fn elf(mut self, path: &str, elf: &Elf) -> Self {
        self.0.insert(path, Node::file(0o755, elf.bytes())).unwrap();
        self
    }

    fn link(mut self, path: &str, target: &str) -> Self {
        self.0.insert(path, Node::symlink(target)).unwrap();
        self
    }

    fn text(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path, Node::file(0o644, text)).unwrap();
        self
    }

    /// A distribution, with the tag of its wheel and its files.
    fn wheel(self, name: &str, tag: &str, files: &[(&str, Elf)]) -> Self {
        let record: String = files.iter().map(|(file, _)| format!("{file},,\n")).collect();
        let image = self
            .text(&format!("{SITE}/{name}.dist-info/RECORD"), &record)
            .text(&format!("{SITE}/{name}.dist-info/WHEEL"), &format!("Tag: {tag}\n"));
        files.iter().fold(image, |image, (file, elf)| image.elf(&format!("{SITE}/{file}"), elf))
    }

    fn missing(&self) -> Vec<Missing> {
        let inventory = Inventory::of_tree(&self.0).unwrap();
        missing(&Subject {
            inventory: &inventory,
            architecture: "amd64",
            library_path: "/opt/oracle",
            places: Places::Ours,
            base: 0,
        })
    }

    fn verdicts(&self) -> Vec<(String, Verdict)> {
        self.missing().into_iter().map(|m| (m.library, m.verdict)).collect()
    }
}

const HERE: &str = "cp313-cp313-linux_x86_64";
const PORTABLE: &str = "cp313-cp313-manylinux_2_28_x86_64";

#[test]
fn what_was_compiled_elsewhere_in_the_image_lacks_its_library() {
    let module = "psycopg2/_psycopg.cpython-313-x86_64-linux-gnu.so";
    let psycopg2 = [(module, Elf::needs(&["libpq.so.5", "libc.so.6"]))];
    let image = Image::glibc().wheel("psycopg2-2.9.10", HERE, &psycopg2);
    let missing = image.missing();
    assert_eq!(missing.len(), 1);
    assert!(missing[0].fails() && missing[0].kind == Kind::Library);
    assert_eq!(missing[0].needed_by[0].file, format!("/{SITE}/{module}"));
    let text = format!("psycopg2 2.9.10 needs libpq.so.5, which the image does not have (/{SITE}/{module})");
    assert_eq!(missing[0].to_string(), text);
    // Half of the mend is none: what the library itself needs is looked for as well.
    let libpq = "usr/lib/x86_64-linux-gnu/libpq.so.5.15";
    let image = image
        .elf(libpq, &Elf::needs(&["libldap-2.5.so.0"]))
        .link("usr/lib/libpq.so.5", "x86_64-linux-gnu/libpq.so.5.15");
    let missing = image.missing();
    assert_eq!(missing.len(), 1);
    assert_eq!(
        (missing[0].library.as_str(), missing[0].needed_by[0].file.as_str()),
        ("libldap-2.5.so.0", "/usr/lib/x86_64-linux-gnu/libpq.so.5.15")
    );
    assert_eq!(image.elf("usr/local/lib/libldap-2.5.so.0", &Elf::amd64()).missing(), []);
}

#[test]
fn libraries_are_looked_for_as_the_loader_does() {
    let module = |elf: Elf| ("p/_m.abi3.so", elf);
    let found = |elf: Elf, library: &str| {
        let image = Image::glibc().wheel("p-1", HERE, &[module(elf)]).elf(library, &Elf::amd64());
        image.missing().is_empty()
    };
    let path = |rpath, runpath| Elf { rpath, runpath, ..Elf::needs(&["libx.so.1"]) };
    let beside = format!("{SITE}/p.libs/libx.so.1");
    assert!(found(path("$ORIGIN/../p.libs", ""), &beside));
    assert!(found(path("", "${ORIGIN}/../p.libs"), &beside));
    assert!(found(path("/usr/$LIB", ""), "usr/lib/x86_64-linux-gnu/libx.so.1"));
    assert!(found(path("", ""), "opt/oracle/libx.so.1"), "LD_LIBRARY_PATH");
    assert!(found(path("", ""), "usr/local/lib/libx.so.1"), "ld.so.conf.d");
    assert!(!found(path("", ""), "usr/local/share/libx.so.1"));
    assert!(!found(path("/nowhere", ""), "usr/local/share/libx.so.1"));
    // Beside a RUNPATH, an RPATH means nothing.
    assert!(!found(path("/elsewhere", "/nowhere"), "elsewhere/libx.so.1"));
    assert!(found(Elf::needs(&["/elsewhere/libx.so.1"]), "elsewhere/libx.so.1"));
}

#[test]
fn an_rpath_is_inherited_and_a_runpath_is_not() {
    let image = |rpath, runpath| {
        let module = Elf { rpath, runpath, ..Elf::needs(&["liba.so.1"]) };
        let (a, b) = (Elf { soname: "liba.so.1", ..Elf::needs(&["libb.so.1"]) }, Elf::amd64());
        Image::glibc()
            .wheel("p-1", HERE, &[("p/_m.abi3.so", module)])
            .elf("elsewhere/liba.so.1", &a)
            .elf("elsewhere/libb.so.1", &b)
    };
    assert_eq!(image("/elsewhere", "").missing(), []);
    assert_eq!(image("", "/elsewhere").verdicts(), [("libb.so.1".to_owned(), Verdict::Fails)]);
}

#[test]
fn a_library_for_another_machine_is_passed_over() {
    let arm = Elf { machine: 183, ..Elf::amd64() };
    let image = Image::glibc().wheel("p-1", HERE, &[("p/_m.abi3.so", Elf::needs(&["libx.so.1"]))]);
    let image = image.elf("usr/local/lib/libx.so.1", &arm);
    assert_eq!(image.verdicts(), [("libx.so.1".to_owned(), Verdict::Fails)]);
    assert_eq!(image.elf("usr/lib/libx.so.1", &Elf::amd64()).missing(), []);
}

#[test]
fn a_module_for_another_machine_is_missed_unless_another_stands_in() {
    let arm = Elf { machine: 183, ..Elf::amd64() };
    let image = Image::glibc().wheel("p-1", PORTABLE, &[("p/_m.cpython-313-aarch64-linux-gnu.so", arm.clone())]);
    let missing = image.missing();
    assert_eq!(missing[0].kind, Kind::Machine { is: "arm64".into(), wanted: "amd64".into() });
    assert!(missing[0].to_string().starts_with("p 1 is for arm64, and the image is for amd64 ("));
    assert_eq!(image.elf(&format!("{SITE}/p/_m.cpython-313-x86_64-linux-gnu.so"), &Elf::amd64()).missing(), []);
    // Data for debuggers and the like.
    assert_eq!(Image::glibc().wheel("p-1", PORTABLE, &[("p/attach_arm64.so", arm)]).missing(), []);
}

#[test]
fn older_libraries_are_missed_by_version() {
    let wants = |version| Elf { wants: vec![("libc.so.6", version)], ..Elf::needs(&["libc.so.6"]) };
    let image = |version| Image::glibc().wheel("p-1", PORTABLE, &[("p/_m.abi3.so", wants(version))]);
    assert_eq!(image("GLIBC_2.36").missing(), []);
    let missing = image("GLIBC_2.38").missing();
    assert_eq!((missing[0].kind.clone(), missing[0].fails()), (Kind::Version("GLIBC_2.38".into()), true));
    assert!(missing[0].to_string().starts_with("p 1 needs GLIBC_2.38 of libc.so.6, and the image's is older ("));
}

#[test]
fn what_may_be_well_is_doubted() {
    let module = |needs| vec![("p/_m.abi3.so", Elf::needs(needs)), ("p/other.abi3.so", Elf::amd64())];
    let verdict = |tag, files: &[(&str, Elf)]| Image::glibc().wheel("p-1", tag, files).verdicts();
    let doubtful = |library: &str, doubt| vec![(library.to_owned(), Verdict::Doubtful(doubt))];
    let fails = |library: &str| vec![(library.to_owned(), Verdict::Fails)];
    // What every system should have, the wheel counts on; anything else it was meant to do without.
    assert_eq!(verdict(PORTABLE, &module(&["libGL.so.1"])), fails("libGL.so.1"));
    assert_eq!(verdict(PORTABLE, &module(&["libtbb.so.12"])), doubtful("libtbb.so.12", Doubt::Optional));
    assert_eq!(verdict(HERE, &module(&["libtbb.so.12"])), fails("libtbb.so.12"));
    assert_eq!(verdict(HERE, &module(&["libcuda.so.1"])), doubtful("libcuda.so.1", Doubt::Driver));
    // The only library of its package is what the package is for.
    assert_eq!(verdict(PORTABLE, &[("p/lib_p.so", Elf::needs(&["libgomp.so.1"]))]), fails("libgomp.so.1"));
    let plugin = [("p/libplugin.so", Elf::needs(&["libodd.so"])), ("p/_m.abi3.so", Elf::amd64())];
    assert_eq!(verdict(HERE, &plugin), doubtful("libodd.so", Doubt::Unreached));
    // What its one module can't load, it can't do without; nor what stands beside something that it counts on.
    let needs = [("p/_m.abi3.so", Elf::needs(&["libxcb.so.1"])), ("p/libq.so", Elf::amd64())];
    assert_eq!(verdict(PORTABLE, &needs), fails("libxcb.so.1"));
    let both = verdict(PORTABLE, &module(&["libGL.so.1", "libxcb.so.1"]));
    assert_eq!(both, [fails("libGL.so.1"), fails("libxcb.so.1")].concat());
    let sibling = Image::glibc().wheel("p-1", PORTABLE, &module(&["libq.so.1"])).wheel(
        "q-1",
        PORTABLE,
        &[("q/lib/libq-123.so", Elf { soname: "libq.so.1", ..Elf::amd64() })],
    );
    assert_eq!(sibling.verdicts(), doubtful("libq.so.1", Doubt::Sibling));
}

#[test]
fn what_python_has_loaded_is_there() {
    let module = [("p/_m.abi3.so", Elf::needs(&["libpython3.13.so.1.0"]))];
    let image = |python: Elf| {
        Image(Tree::default())
            .elf("opt/python/bin/python3.13", &python)
            .elf("opt/python/lib/libpython3.13.so.1.0", &Elf::amd64())
            .wheel("p-1", HERE, &module)
    };
    let needs = Elf::needs(&["libpython3.13.so.1.0"]);
    assert_eq!(image(Elf { runpath: "$ORIGIN/../lib", ..needs.clone() }).missing(), []);
    assert_eq!(image(Elf::amd64()).verdicts(), [("libpython3.13.so.1.0".to_owned(), Verdict::Fails)]);
}

#[test]
fn musl_is_its_own_c_library() {
    let module =
        [("p/_m.abi3.so", Elf { runpath: "$ORIGIN/../p.libs", ..Elf::needs(&["libc.so", "libz.so.1", "libx.so"]) })];
    let x = Elf::needs(&["liby.so"]);
    let image = Image(Tree::default())
        .elf("usr/bin/python3.13", &Elf { interpreter: "/lib/ld-musl-x86_64.so.1", ..Elf::amd64() })
        .elf("lib/ld-musl-x86_64.so.1", &Elf::amd64())
        .elf("usr/lib/libz.so.1", &Elf::amd64())
        // Its search path is inherited, whatever it is called.
        .elf(&format!("{SITE}/p.libs/libx.so"), &x)
        .elf(&format!("{SITE}/p.libs/liby.so"), &Elf::amd64())
        .wheel("p-1", HERE, &module);
    assert_eq!(image.missing(), []);
    let elsewhere = image.text("etc/ld-musl-x86_64.path", "/elsewhere\n");
    assert_eq!(elsewhere.verdicts(), [("libz.so.1".to_owned(), Verdict::Fails)]);
}

#[test]
fn programs_are_judged_with_the_loader_that_they_ask_for() {
    let uwsgi = Elf { interpreter: "/lib/ld-other.so", ..Elf::needs(&["libxml2.so.2"]) };
    let image = Image::glibc().elf("opt/venv/bin/uwsgi", &uwsgi);
    let fails = |library: &str| (library.to_owned(), Verdict::Fails);
    assert_eq!(image.verdicts(), [fails("/lib/ld-other.so"), fails("libxml2.so.2")]);
}

#[test]
fn what_the_base_brings_is_not_judged() {
    let path = "usr/local/lib/python3.13/site-packages/p/_m.abi3.so";
    let base = Inventory::of_tree(&Image::glibc().elf(path, &Elf::needs(&["libx.so"])).0).unwrap();
    let upper = Image(Tree::default()).wheel("q-1", HERE, &[("q/_m.abi3.so", Elf::needs(&["libz.so.1"]))]);
    let mut whole = base.clone();
    whole.lay(Inventory::of_tree(&upper.0).unwrap());
    assert_eq!(whole.layers(), 2);
    let judge = |inventory: &Inventory, base: usize| {
        let subject = Subject { inventory, architecture: "amd64", library_path: "", places: Places::Packages, base };
        missing(&subject).into_iter().map(|m| m.library).collect::<Vec<_>>()
    };
    assert_eq!(judge(&whole, 1), ["libz.so.1"]);
    assert_eq!(judge(&whole, 0), ["libx.so", "libz.so.1"]);
    // An inventory is the same once it was kept.
    let kept: Inventory = serde_json::from_str(&serde_json::to_string(&whole).unwrap()).unwrap();
    assert_eq!(kept, whole);
}

/// A layer as an archive.
fn layer(entries: &[(&str, tar::EntryType, &str, &[u8])]) -> Inventory {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, kind, link, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        header.set_size(bytes.len() as u64);
        if !link.is_empty() {
            header.set_link_name(link).unwrap();
        }
        tar.append_data(&mut header, path, *bytes).unwrap();
    }
    Inventory::of_archive(&tar.into_inner().unwrap()[..], &Limits::of(0)).unwrap()
}

#[test]
fn layers_hide_what_is_below_them() {
    use tar::EntryType::{Directory, Link, Regular, Symlink};
    let elf = Elf::amd64().bytes();
    let base = layer(&[
        ("usr/lib/liba.so", Regular, "", &elf),
        ("usr/lib/libb.so", Link, "usr/lib/liba.so", b""),
        ("usr/share/x/libc.so", Regular, "", &elf),
        ("opt/x/libd.so", Regular, "", &elf),
        ("lib", Symlink, "usr/lib", b""),
        ("lib/libe.so", Regular, "", &elf),
        ("lib64", Symlink, "usr/lib", b""),
    ]);
    let has = |inventory: &Inventory, path: &str| inventory.find(path).map(|(at, _)| at);
    assert_eq!(has(&base, "lib/libb.so").as_deref(), Some("usr/lib/libb.so"));
    assert_eq!(has(&base, "/lib64/libe.so").as_deref(), Some("usr/lib/libe.so"));
    let upper = layer(&[
        ("usr/lib/.wh.liba.so", Regular, "", b""),
        ("usr/share/x/.wh..wh..opq", Regular, "", b""),
        ("usr/share/x/libf.so", Regular, "", &elf),
        ("opt/.wh.x", Regular, "", b""),
        ("lib64", Directory, "", b""),
    ]);
    let mut whole = base;
    whole.lay(upper);
    for gone in ["usr/lib/liba.so", "usr/share/x/libc.so", "opt/x/libd.so", "lib64/libe.so"] {
        assert_eq!(has(&whole, gone), None, "{gone}");
    }
    for there in ["usr/lib/libb.so", "usr/lib/libe.so", "usr/share/x/libf.so"] {
        assert_eq!(has(&whole, there).as_deref(), Some(there));
    }
    // A file in a folder's place takes away what was in it.
    whole.lay(layer(&[("usr/lib", Symlink, "/opt", b"")]));
    assert_eq!(has(&whole, "usr/lib/libb.so"), None);
}
