//! Tests of locks.

#![allow(clippy::unwrap_used)]

use super::*;

fn locked(version: &str, digit: char) -> Locked {
    let sha256 = format!("sha256:{}", digit.to_string().repeat(64)).parse().unwrap();
    Locked {
        version: version.to_owned(),
        sha256,
        size: 2_847_728,
        filename: "pool/main/a_1%3a2+b~1_all.deb".to_owned(),
    }
}

fn lock(packages: &[(&str, &str, char)]) -> Lock {
    let packages = packages.iter().map(|(name, version, digit)| ((*name).to_owned(), locked(version, *digit)));
    let sources = vec![
        Snapshot { suite: "trixie-security".to_owned(), date: "Sat, 15 Nov 2025 10:33:33 UTC".to_owned() },
        Snapshot { suite: "trixie".to_owned(), date: "a \"b\" \\ \u{1}".to_owned() },
    ];
    let set = Set { sources, packages: packages.collect() };
    Lock { architectures: BTreeMap::from([("amd64".to_owned(), set.clone()), ("arm64".to_owned(), set)]) }
}

#[test]
fn what_is_written_is_read_back() {
    let lock = lock(&[("libc6", "2.41-12", 'a'), ("zlib1g", "1:1.3+really-1~x", 'b')]);
    let text = lock.to_string();
    let mut read = Lock::read(&text).unwrap();
    assert_eq!(read.to_string(), text);
    for set in read.architectures.values_mut() {
        assert_eq!(set.sources[0].suite, "trixie");
        set.sources.reverse();
    }
    assert_eq!(read, lock);
    assert!(text.starts_with("# The Debian packages"));
    assert!(text.contains("--update"));
}

#[test]
fn the_text_is_for_people_too() {
    let mut lock = lock(&[("libc6", "2.41-12", 'a')]);
    lock.architectures.remove("arm64");
    lock.architectures.get_mut("amd64").unwrap().sources.truncate(1);
    let expected = format!(
        "version = 1\n\n[[architecture]]\nname = \"amd64\"\n\n[[architecture.source]]\nsuite = \"trixie-security\"\n\
         date = \"Sat, 15 Nov 2025 10:33:33 UTC\"\n\n[[architecture.package]]\nname = \"libc6\"\nversion = \"2.41-12\"\n\
         sha256 = \"{}\"\nsize = 2847728\nfilename = \"pool/main/a_1%3a2+b~1_all.deb\"\n",
        "a".repeat(64)
    );
    assert!(lock.to_string().ends_with(&expected), "{lock}");
}

#[test]
fn what_is_odd_is_named_with_its_line() {
    let good = lock(&[("libc6", "2.41-12", 'a')]).to_string();
    let line = |text: &str, of: &str| text.lines().position(|l| l.starts_with(of)).unwrap() + 1;
    for (from, to, what) in [
        ("sha256 = \"a", "sha256 = \"A", "`sha256` is no SHA-256 in hexadecimal"),
        ("size = 2847728", "size = -1", "`size` has to be a number of bytes"),
        ("filename = \"pool", "filename = \"../pool", "`filename` is no path in an archive"),
        ("filename = \"pool", "filename = \"/pool", "`filename` is no path in an archive"),
        ("filename = \"pool", "filename = \"pool?", "`filename` is no path in an archive"),
        ("version = \"2.41-12\"", "version = \"\"", "`version` has to be a text"),
        ("version = \"2.41-12\"", "version = 2", "`version` has to be a text"),
    ] {
        let text = good.replacen(from, to, 1);
        let odd = LockError::Odd { line: line(&text, to), what: what.to_owned() };
        assert_eq!(Lock::read(&text), Err(odd), "{to}");
    }
    assert_eq!(Lock::read(&good.replace("version = 1\n", "version = 2\n")), Err(LockError::Version(2)));
    assert!(matches!(Lock::read("version = 1\nx = "), Err(LockError::Toml { line: 2, .. })));
    assert!(matches!(Lock::read(""), Err(LockError::Odd { line: 1, .. })));
    assert!(matches!(Lock::read("version = 1\nextra = 2"), Err(LockError::Odd { line: 2, .. })));
    assert!(matches!(Lock::read("version = 1\narchitecture = 2"), Err(LockError::Odd { line: 2, .. })));
    let twice = format!("{good}{}", &good[good.find("[[architecture]]").unwrap()..]);
    assert!(Lock::read(&twice).unwrap_err().to_string().contains("amd64 is there twice"));
}

#[test]
fn a_difference_says_what_moved() {
    let old = lock(&[("a", "1", 'a'), ("b", "1", 'b'), ("c", "1", 'c'), ("d", "1", 'd')]);
    let mut new = lock(&[("b", "2", 'c'), ("c", "1", 'd'), ("d", "1", 'd'), ("e", "1", 'e')]);
    new.architectures.insert("arm64".to_owned(), old.architectures["arm64"].clone());
    let said: Vec<_> = Lock::diff(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["a 1 removed (amd64)", "b 1 → 2 (amd64)", "c 1 is another file (amd64)", "e 1 added (amd64)"]);
    assert_eq!(Lock::diff(&old, &old), []);
}
