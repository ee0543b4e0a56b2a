#![allow(clippy::unwrap_used)]
use super::super::moment::Moment;
use super::*;

fn of(sources: &[Source]) -> Vec<(&str, &str)> {
    sources.iter().map(|source| (source.uri.as_str(), source.suite.as_str())).collect()
}

const STANZAS: &str = "Types: deb deb-src
# as it was
URIs: http://archive.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://archive.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie
Components: main

Types: deb-src
URIs: http://archive.example/debian
Suites: trixie
Components: main

Types: deb
URIs: https://other.example/debian
Suites: trixie
Components: main
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
";

#[test]
fn both_forms_are_read() {
    let lines = "
        # deb http://commented.example/debian trixie main
        deb [ arch=amd64,arm64 signed-by=/usr/share/keyrings/other.gpg ] https://other.example/ trixie main x # why
        deb-src http://archive.example/debian trixie main
        deb http://archive.example/debian trixie main
        deb [check-valid-until=no] http://past.example/debian trixie main
        deb http://archive.example/debian/20261121T091544Z/ trixie main
        deb http://flat.example/ ./
        deb cdrom:[Debian]/ trixie main
        deb file:/srv/debian trixie main";
    let read_lines = read(Form::Lines, lines).unwrap();
    assert_eq!(
        of(&read_lines),
        [
            ("https://other.example", "trixie"),
            ("http://archive.example/debian", "trixie"),
            ("http://past.example/debian", "trixie"),
            ("http://archive.example/debian/20261121T091544Z", "trixie")
        ]
    );
    assert_eq!(read_lines[0].architectures, ["amd64", "arm64"]);
    assert_eq!(read_lines[0].components, ["main", "x"]);
    assert_eq!(
        read_lines.iter().map(|source| (source.signer, source.expiry)).collect::<Vec<_>>(),
        [
            (Signer::Other, Expiry::Refused),
            (Signer::Unsaid, Expiry::Refused),
            (Signer::Unsaid, Expiry::Expected),
            (Signer::Unsaid, Expiry::Expected)
        ]
    );
    let stanzas = read(Form::Stanzas, STANZAS).unwrap();
    let signers: Vec<_> = stanzas.iter().map(|source| (source.suite.as_str(), source.signer)).collect();
    assert_eq!(
        signers,
        [
            ("bookworm", Signer::Debian),
            ("bookworm-updates", Signer::Debian),
            ("bookworm-security", Signer::Unsaid),
            ("trixie", Signer::Other)
        ]
    );
    assert_eq!(Form::of("debian.sources"), Some(Form::Stanzas));
    assert_eq!((Form::of("a.list"), Form::of("a.list.save"), Form::of("README")), (Some(Form::Lines), None, None));
}

#[test]
fn what_is_no_source_is_named() {
    for text in ["deb", "debian http://a trixie main", "deb [arch=amd64 http://a trixie main", "deb http://a"] {
        let fault = read(Form::Lines, text).unwrap_err();
        assert!(fault.to_string().contains(text), "{fault}");
    }
    assert!(read(Form::Stanzas, "Types: deb\nURIs: http://a\nComponents: main").is_err());
}

#[test]
fn a_release_comes_from_where_it_is_stated() {
    let lines = "deb http://a.example/debian trixie main\ndeb http://a.example/debian trixie-backports main
        deb http://s.example/security trixie-security main\ndeb http://a.example/debian bookworm main
        deb http://a.example/debian trixie main contrib\ndeb http://d.example/docker trixie stable";
    let sources = read(Form::Lines, lines).unwrap();
    assert_eq!(
        of(&choose(&sources, "trixie", "amd64")),
        [("http://a.example/debian", "trixie"), ("http://s.example/security", "trixie-security")]
    );
    assert!(choose(&[], "trixie", "amd64").is_empty());
}

#[test]
fn an_archive_of_another_release_has_it_too() {
    let sources = read(Form::Stanzas, STANZAS).unwrap();
    let main = "http://archive.example/debian";
    assert_eq!(
        of(&choose(&sources, "trixie", "arm64")),
        [(main, "trixie"), (main, "trixie-updates"), ("http://archive.example/debian-security", "trixie-security")]
    );
    assert_eq!(of(&choose(&sources, "sid", "arm64")), [(main, "sid")]);
}

#[test]
fn a_snapshot_is_of_a_moment() {
    let found = snapshots("trixie", Moment(1_795_252_544));
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|source| source.expiry == Expiry::Expected && source.uri.ends_with("/20261121T091544Z")));
    assert_eq!(found[2].suite, "trixie-security");
}
