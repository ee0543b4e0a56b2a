#![allow(clippy::unwrap_used)]
use super::*;

/// A stanza with what every package has.
fn stanza(name: &str, version: &str, rest: &str) -> String {
    let sum = "ab".repeat(32);
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: amd64\nDescription: none\n .\n Depends: none\n{rest}\
         Filename: pool/{name}.deb\nSize: 7\nSHA256: {sum}\n"
    )
}

fn index(stanzas: &[String]) -> Index {
    let mut index = Index::new("amd64");
    index.read("http://archive.example/debian", stanzas.join("\n").as_bytes()).unwrap();
    index
}

#[test]
fn a_package_is_read() {
    let rest = "Source: src (1:2-3)\nPre-Depends: a\nDepends: b,\n c (>= 1)\nPriority: standard\nTag: x::y\n";
    let index = index(&[stanza("one", "1.0", rest), stanza("two", "2", "Essential: yes\nPriority: required\n")]);
    let one = index.package("one").unwrap();
    assert_eq!((one.depends.as_str(), one.priority, one.size), ("a, b, c (>= 1)", Priority::Standard, 7));
    assert_eq!(one.source, ("src".to_owned(), "1:2-3".to_owned()));
    assert_eq!((one.uri.as_str(), one.filename.as_str()), ("http://archive.example/debian", "pool/one.deb"));
    assert_eq!(one.sha256.to_string(), format!("sha256:{}", "ab".repeat(32)));
    let two = index.package("two").unwrap();
    assert_eq!((two.depends.as_str(), two.priority), ("", Priority::Essential));
    assert_eq!(two.source, ("two".to_owned(), "2".to_owned()));
    assert_eq!((index.len(), index.package("Depends")), (2, None));
}

#[test]
fn the_newest_version_stays() {
    let mut index = index(&[stanza("one", "1.9", ""), stanza("one", "1.10", "")]);
    assert_eq!(index.package("one").unwrap().version, "1.10");
    let newer = [stanza("one", "1.10+deb13u1", ""), stanza("two", "1", "")].join("\n");
    index.read("http://security.example/debian", newer.as_bytes()).unwrap();
    let one = index.package("one").unwrap();
    assert_eq!((one.version.as_str(), one.uri.as_str()), ("1.10+deb13u1", "http://security.example/debian"));
    index.read("http://mirror.example/debian", newer.as_bytes()).unwrap();
    assert_eq!(index.package("one").unwrap().uri, "http://security.example/debian");
    assert_eq!(index.len(), 2);
}

#[test]
fn what_is_provided_is_found() {
    let index = index(&[
        stanza("b", "1", "Provides: v (= 2), w\n"),
        stanza("a", "1", "Provides: v\n"),
        stanza("c", "1", "Provides: vv, v:any\n"),
    ]);
    let found: Vec<_> = index.providers("v").map(|(id, relation)| format!("{} {relation}", index.name(id))).collect();
    assert_eq!(found, ["b v (= 2)", "a v", "c v"]);
    assert_eq!(index.providers("x").count(), 0);
    assert_eq!(index.nearest("vvv"), None);
}

#[test]
fn what_can_t_be_fetched_is_refused() {
    let sound = stanza("one", "1", "");
    for (from, to) in [
        ("Size: 7", "Size: many"),
        ("SHA256: ab", "SHA256: xy"),
        ("pool/one.deb", "../../etc/passwd"),
        ("pool/one.deb", "/etc/passwd"),
        ("Version: 1", "Version:"),
        ("Filename", "Other"),
    ] {
        let text = sound.replace(from, to);
        let fault = Index::new("amd64").read("http://archive.example", text.as_bytes()).unwrap_err();
        assert!(matches!(fault, IndexFault::Field { .. }), "{to}: {fault}");
    }
    let endless = std::io::BufReader::new(std::io::Read::take(std::io::repeat(b'a'), 8 << 20));
    assert!(matches!(Index::new("amd64").read("http://a", endless), Err(IndexFault::TooLarge)));
    assert!(Index::new("amd64").read("http://a", &b"\n\n\xff\xfe: \xff\n\n"[..]).is_err());
}
