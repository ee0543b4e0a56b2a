#![allow(clippy::unwrap_used)]
//! Conversations with a scripted archive.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::moment::Moment;
use super::super::release::ReleaseFault;
use super::super::trust::TrustFault;
use super::super::trust::hand::{Hand, Says};
use super::*;
use crate::engine::event::Event;

const DEB: &[u8] = b"a package";
const INDEX: &str = "main/binary-amd64/Packages.gz";

/// What is said to a request: a body, or 404. Given its path, and how often that was asked for before.
type Answer = dyn Fn(&str, usize) -> Option<Vec<u8>> + Send + Sync;

struct Script {
    uri: String,
    heard: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
}

impl Script {
    async fn serve(answer: impl Fn(&str, usize) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/debian", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept): (Arc<Answer>, _) = (Arc::new(answer), Arc::clone(&heard));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&answer), Arc::clone(&kept)));
            }
        });
        Self { uri, heard, folder: tempfile::tempdir().unwrap() }
    }

    /// What was asked for: the last part of each path.
    fn heard(&self) -> Vec<String> {
        let last = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        self.heard.lock().unwrap().iter().map(last).collect()
    }

    fn cache(&self) -> Cache {
        Cache::open(&self.folder.path().join("cache")).unwrap()
    }

    async fn open(&self) -> Result<Archive, Error> {
        let source = Source::new(&self.uri, "trixie", &["main"]);
        let trust = Hand::new(1).trusted(&Says::default(), &Says::default());
        Archive::open(&[source], &trust, &Http::new()?, &self.cache(), "amd64", &silent()).await
    }
}

async fn talk(mut stream: TcpStream, answer: Arc<Answer>, heard: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let path = String::from_utf8_lossy(&bytes).split(' ').nth(1).unwrap_or_default().to_owned();
    let before = {
        let mut heard = heard.lock().unwrap();
        heard.push(path.clone());
        heard.iter().filter(|other| **other == path).count() - 1
    };
    let (status, body) = match answer(&path, before) {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", Vec::new()),
    };
    // A body that ends too early is one with a word of how it should go on.
    let (body, missing) = match body.strip_suffix(b"...") {
        Some(cut) => (cut.to_vec(), 3),
        None => (body, 0),
    };
    let start = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len() + missing);
    let _ = stream.write_all(start.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    let _ = stream.shutdown().await;
}

fn silent() -> Events {
    Arc::new(|_| {})
}

fn sum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// An index with one package of this version.
fn packages(version: &str) -> Vec<u8> {
    index_of(version, DEB)
}

fn index_of(version: &str, deb: &[u8]) -> Vec<u8> {
    let (size, sum) = (deb.len(), sum(deb));
    let text = format!(
        "Package: one\nVersion: {version}\nArchitecture: all\nFilename: pool/one.deb\nSize: {size}\nSHA256: {sum}\n"
    );
    gzip(&text)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// A package with this one file.
fn deb(path: &str) -> Vec<u8> {
    let tar = |path: &str, content: &str| {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        tar.into_inner().unwrap()
    };
    let control = tar("control", "Package: one\nVersion: 1\nArchitecture: amd64\n");
    let mut deb = b"!<arch>\n".to_vec();
    for (name, bytes) in
        [("debian-binary", b"2.0\n".to_vec()), ("control.tar", control), ("data.tar", tar(path, "an ELF file"))]
    {
        deb.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, bytes.len()).into_bytes());
        deb.extend(&bytes);
        deb.extend(vec![b'\n'; bytes.len() % 2]);
    }
    deb
}

fn now() -> Moment {
    Moment(Moment::from(SystemTime::now()).0 - 60)
}

fn dated(moment: Moment) -> String {
    let compact = moment.compact();
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        [compact[4..6].parse::<usize>().unwrap() - 1];
    let (year, day) = (&compact[..4], &compact[6..8]);
    format!("{day} {month} {year} {}:{}:{} UTC", &compact[9..11], &compact[11..13], &compact[13..15])
}

/// A signed index of a release with this index of packages.
fn release(index: &[u8], fields: &str) -> Vec<u8> {
    let text = format!(
        "Suite: stable\nCodename: trixie\nDate: {}\n{fields}SHA256:\n {} {} {INDEX}\n",
        dated(now()),
        sum(index),
        index.len()
    );
    Hand::new(1).signed(&text, now()).into_bytes()
}

#[tokio::test]
async fn an_archive_is_opened_and_its_packages_fetched() {
    let script = Script::serve(|path, _| match path.strip_prefix("/debian/")? {
        "dists/trixie/InRelease" => Some(release(&packages("1"), "")),
        "dists/trixie/main/binary-amd64/Packages.gz" => Some(packages("1")),
        "pool/one.deb" => Some(DEB.to_vec()),
        _ => None,
    })
    .await;
    let archive = script.open().await.unwrap();
    assert_eq!(archive.suites()[0].release.codename, "trixie");
    let found = archive.closure(&["one"], &BTreeMap::new()).unwrap();
    let blobs = archive.fetch(&found, &silent()).await.unwrap();
    assert_eq!(std::fs::read(blobs[0].path()).unwrap(), DEB);
    assert_eq!(script.heard(), ["InRelease", "Packages.gz", "one.deb"]);
    // What is there isn't fetched again.
    let archive = script.open().await.unwrap();
    archive.fetch(&found, &silent()).await.unwrap();
    assert_eq!(script.heard()[3..], ["InRelease"]);
}

#[tokio::test]
async fn a_mirror_that_is_being_updated_is_waited_for() {
    // The old index under the new signature, then both new.
    let script = Script::serve(|path, before| match path.rsplit('/').next()? {
        "InRelease" => Some(release(&packages("2"), "")),
        "Packages.gz" => Some(packages(if before == 0 { "1" } else { "2" })),
        _ => None,
    })
    .await;
    let archive = script.open().await.unwrap();
    assert_eq!(archive.index().package("one").unwrap().version, "2");
    assert_eq!(script.heard(), ["InRelease", "Packages.gz", "InRelease", "Packages.gz"]);
}

#[tokio::test]
async fn a_mirror_that_stays_skewed_is_given_up() {
    let script = Script::serve(|path, _| match path.rsplit('/').next()? {
        "InRelease" => Some(release(&packages("2"), "")),
        _ => Some(packages("1")),
    })
    .await;
    let fault = script.open().await.err().unwrap();
    assert!(matches!(&fault, Error::Skewed { tries: 3, url } if url.ends_with(INDEX)), "{fault}");
    assert_eq!(script.heard().len(), 6);
}

#[tokio::test]
async fn an_index_is_asked_for_by_its_checksum() {
    let by_hash = || release(&packages("2"), "Acquire-By-Hash: yes\n");
    let script = Script::serve(move |path, _| match path.rsplit('/').next()? {
        "InRelease" => Some(by_hash()),
        name if name == sum(&packages("2")) => Some(packages("2")),
        _ => Some(packages("1")),
    })
    .await;
    assert_eq!(script.open().await.unwrap().index().package("one").unwrap().version, "2");
    assert_eq!(script.heard(), ["InRelease".to_owned(), sum(&packages("2"))]);
    // A mirror that has it by its name alone.
    let script = Script::serve(move |path, _| match path.rsplit('/').next()? {
        "InRelease" => Some(by_hash()),
        "Packages.gz" => Some(packages("2")),
        _ => None,
    })
    .await;
    script.open().await.unwrap();
    assert_eq!(script.heard().len(), 3);
}

#[tokio::test]
async fn what_is_not_signed_for_now_and_this_is_refused() {
    async fn fault(text: Vec<u8>) -> Error {
        let script = Script::serve(move |path, _| path.ends_with("InRelease").then(|| text.clone())).await;
        let fault = script.open().await.err().unwrap();
        assert_eq!(script.heard(), ["InRelease"]);
        fault
    }
    let good = String::from_utf8(release(&packages("1"), "")).unwrap();
    let forged = fault(good.replacen("Suite: stable", "Suite: stabbe", 1).into_bytes()).await;
    assert!(matches!(forged, Error::Untrusted { source: TrustFault::Refused(_), .. }), "{forged}");
    let other = Hand::new(2).signed("Suite: stable\n", now()).into_bytes();
    assert!(matches!(fault(other).await, Error::Untrusted { source: TrustFault::Refused(_), .. }));
    let page = fault(b"<html>log in first</html>".to_vec()).await;
    assert!(matches!(page, Error::Untrusted { source: TrustFault::NoText(_), .. }), "{page}");
    let until = format!("Valid-Until: {}\n", dated(now()));
    let expired = fault(release(&packages("1"), &until)).await;
    assert!(matches!(expired, Error::Release { source: ReleaseFault::Expired { .. }, .. }), "{expired}");
    let bookworm = Hand::new(1).signed(&good.replace("trixie", "bookworm").replace("stable", "old"), now());
    assert!(matches!(fault(bookworm.into_bytes()).await, Error::Release { .. }));
}

#[tokio::test]
async fn a_package_is_what_it_should_be_or_refused() {
    let script = Script::serve(|path, before| match path.rsplit('/').next()? {
        "short.deb" => Some(b"a pack".to_vec()),
        "other.deb" => Some(b"a peckage".to_vec()),
        "long.deb" => Some(b"a package and more".to_vec()),
        "mended.deb" => Some(if before == 0 { b"a peckage".to_vec() } else { DEB.to_vec() }),
        "broken.deb" => Some(if before == 0 { b"a pack...".to_vec() } else { DEB.to_vec() }),
        "good.deb" => Some(DEB.to_vec()),
        _ => None,
    })
    .await;
    let (http, cache) = (Http::new().unwrap(), script.cache());
    let wanted = |names: &[&str]| Wanted {
        what: "one 1".into(),
        urls: names.iter().map(|name| format!("{}/{name}.deb", script.uri)).collect(),
        size: DEB.len() as u64,
        sha256: format!("sha256:{}", sum(DEB)).parse().unwrap(),
    };
    for name in ["short", "other", "long"] {
        let fault = fetch(&[wanted(&[name])], &http, &cache, &silent()).await.err().unwrap();
        assert!(matches!(&fault, Error::Skewed { url, tries: 2 } if url.contains(name)), "{name}: {fault}");
    }
    let gone = fetch(&[wanted(&["none", "nothing"])], &http, &cache, &silent()).await.err().unwrap();
    assert!(gone.to_string().contains("one 1") && gone.to_string().contains("nothing.deb"), "{gone}");
    for names in [&["mended"][..], &["broken"], &["none", "other", "good"]] {
        let cache = Cache::open(&script.folder.path().join(names.concat())).unwrap();
        let blobs = fetch(&[wanted(names)], &http, &cache, &silent()).await.unwrap();
        assert_eq!(blobs[0].size(), DEB.len() as u64, "{names:?}");
    }
}

/// What `providers` says of a library by a list of contents with this line, where the package has this file, and how
/// often it warned.
async fn provided(path: &'static str, line: &'static str, signed: &'static str) -> (Option<String>, usize) {
    let script = Script::serve(move |asked, _| match asked.rsplit('/').next()? {
        "InRelease" => {
            let list = gzip(signed);
            let more = format!("SHA256:\n {} {} main/Contents-amd64.gz\n", sum(&list), list.len());
            let text = String::from_utf8(release(&index_of("1", &deb(path)), "")).unwrap();
            let text = text.split("\n\n").nth(1).unwrap().split("-----BEGIN").next().unwrap();
            Some(Hand::new(1).signed(&text.replace("SHA256:\n", &more), now()).into_bytes())
        }
        "Packages.gz" => Some(index_of("1", &deb(path))),
        "Contents-amd64.gz" => Some(gzip(line)),
        _ => Some(deb(path)),
    })
    .await;
    let archive = script.open().await.unwrap();
    let told = Arc::new(Mutex::new(0));
    let count = Arc::clone(&told);
    let events: Events =
        Arc::new(move |event| *count.lock().unwrap() += usize::from(matches!(event, Event::Warning(_))));
    let mut found = archive.providers(&["libone.so.1"], &events).await.unwrap();
    let told = *told.lock().unwrap();
    (found.remove("libone.so.1").map(|all| all[0].package.clone()), told)
}

#[tokio::test]
async fn an_unsigned_list_of_contents_is_held_against_packages() {
    let (path, other) = ("usr/lib/x86_64-linux-gnu/libone.so.1", "usr/lib/x86_64-linux-gnu/libtwo.so.1");
    let line = "lib/x86_64-linux-gnu/libone.so.1 libs/one,libs/none\n";
    assert_eq!(provided(path, line, line).await, (Some("one".into()), 0));
    assert_eq!(provided(path, line, "").await, (Some("one".into()), 1));
    assert_eq!(provided(other, line, "").await, (None, 2));
}

#[test]
fn a_password_is_not_shown() {
    assert_eq!(error::shown("https://me:s3cret@archive.example/debian"), "https://archive.example/debian");
    assert_eq!(error::shown("https://archive.example/debian"), "https://archive.example/debian");
}
