#![allow(clippy::unwrap_used)]
use std::convert::Infallible;
use std::fs::{self, File, FileTimes};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use oci_spec::image::Digest;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;

fn cache() -> (TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    (folder, cache)
}

fn digest(bytes: &[u8]) -> Digest {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes))).parse().unwrap()
}

fn put(cache: &Cache, bytes: &[u8]) -> Digest {
    let written = cache.write_blob(|out| {
        out.write_all(bytes)?;
        Ok::<_, io::Error>((digest(bytes), digest(bytes)))
    });
    written.unwrap()
}

fn text(blob: &Blob) -> io::Result<String> {
    let mut text = String::new();
    blob.open()?.read_to_string(&mut text)?;
    Ok(text)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn age(path: &Path, days: u64) {
    let time = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[test]
fn a_blob_comes_back_as_it_went_in() {
    let (_folder, cache) = cache();
    let name = put(&cache, b"content");
    assert!(cache.has_blob(&name, 7) && !cache.has_blob(&name, 8) && !cache.has_blob(&digest(b"other"), 5));
    let blob = Cache::open(cache.root()).unwrap().blob(&name, 7).unwrap().unwrap();
    assert_eq!((text(&blob).unwrap().as_str(), blob.size()), ("content", 7));
    assert!(cache.blob(&digest(b"other"), 5).unwrap().is_none());
    assert!(cache.blob(&"md5:d41d8cd98f00b204e9800998ecf8427e".parse().unwrap(), 0).unwrap().is_none());
    assert_eq!(cache.notices(), []);
}

#[test]
fn a_damaged_blob_counts_as_missing_and_is_told_of() {
    let (_folder, cache) = cache();
    for damage in [&b"c0ntent"[..], b"conten", b"", b"contents"] {
        let name = put(&cache, b"content");
        let path = cache.blob(&name, 7).unwrap().unwrap().path().to_owned();
        fs::write(&path, damage).unwrap();
        // Another process: this one has seen it whole.
        let other = Cache::open(cache.root()).unwrap();
        assert!(other.blob(&name, 7).unwrap().is_none());
        assert_eq!(other.notices().len(), 1);
        assert!(!path.exists());
    }
}

#[test]
fn damage_is_seen_by_who_reads_however_it_is_read() {
    let (_folder, cache) = cache();
    for damage in [&b"c0ntent"[..], b"conten", b"contents"] {
        let name = put(&cache, b"content");
        let blob = cache.blob(&name, 7).unwrap().unwrap();
        fs::write(blob.path(), damage).unwrap();
        assert_eq!(text(&blob).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(cache.blob(&name, 7).unwrap().is_none());
        assert_eq!(cache.notices().len(), 1);
    }
    let name = put(&cache, b"content");
    let blob = cache.blob(&name, 7).unwrap().unwrap();
    fs::write(blob.path(), b"c0ntent").unwrap();
    // Who knows the size asks for no end.
    let fault = blob.open().unwrap().read_exact(&mut [0; 7]).unwrap_err();
    assert_eq!(fault.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn what_comes_from_elsewhere_is_kept_only_if_it_is_what_it_should_be() {
    let (_folder, cache) = cache();
    let name = digest(b"content");
    let receive = |pieces: &[&[u8]]| {
        let mut incoming = cache.receive(&name, 7)?;
        pieces.iter().try_for_each(|piece| incoming.push(piece))?;
        incoming.finish()
    };
    assert!(matches!(receive(&[b"c0ntent"]), Err(Error::Content { .. })));
    assert!(matches!(receive(&[b"content", b"s"]), Err(Error::Size { actual: 8, .. })));
    assert!(matches!(receive(&[b"conten"]), Err(Error::Size { actual: 6, .. })));
    assert_eq!(files(cache.root()).len(), 1, "the tag alone");
    assert_eq!(text(&receive(&[b"con", b"", b"tent"]).unwrap()).unwrap(), "content");
    assert!(matches!(cache.receive(&"md5:00".parse().unwrap(), 0), Err(Error::Algorithm(_))));
}

#[test]
fn a_maker_that_fails_leaves_nothing() {
    let (_folder, cache) = cache();
    let failed = cache.write_blob(|out| {
        out.write_all(&vec![1; 1_000_000])?;
        Err::<(Digest, ()), _>(io::Error::other("no more"))
    });
    assert!(matches!(failed, Err(Failed::Make(_))));
    assert_eq!(files(cache.root()).len(), 1);
}

#[test]
fn notes_are_found_whole_or_not_at_all() {
    let (_folder, cache) = cache();
    let key = Key::new("test").part("a", "b");
    assert_eq!(cache.find::<Vec<u32>>(Kind::Layer, &key), None);
    cache.keep(Kind::Layer, &key, &vec![1, 2, 3]).unwrap();
    assert_eq!(cache.find(Kind::Layer, &key), Some(vec![1, 2, 3]));
    assert_eq!(cache.find::<Vec<u32>>(Kind::Base, &key), None);
    // Of an older form: nobody's damage.
    assert_eq!(cache.find::<String>(Kind::Layer, &key), None);
    assert_eq!(cache.notices(), []);
    let path = cache.root().join("notes/layer").join(key.hex());
    let whole = fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(cache.find::<Vec<u32>>(Kind::Layer, &key), None, "{cut}");
        fs::write(&path, &whole).unwrap();
        let mut bytes = whole.clone();
        bytes[cut] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(cache.find::<Vec<u32>>(Kind::Layer, &key), None, "{cut}");
    }
    assert_eq!(cache.notices().len(), whole.len() * 2);
    let again = cache.note(Kind::Layer, &key, || {}, || Ok::<_, Infallible>(vec![4]));
    assert_eq!((again.unwrap(), cache.find(Kind::Layer, &key)), (vec![4], Some(vec![4])));
}

fn unpack(content: &Path) -> io::Result<()> {
    fs::create_dir(content.join("bin"))?;
    fs::write(content.join("bin/python"), "#!")?;
    std::os::unix::fs::symlink("bin", content.join("sbin"))
}

#[test]
fn a_folder_is_made_once_and_anew_when_it_is_damaged() {
    let (_folder, cache) = cache();
    let key = Key::new("test");
    let runs = AtomicUsize::new(0);
    let get = |cache: &Cache| {
        let make = |content: &Path| {
            runs.fetch_add(1, Ordering::Relaxed);
            unpack(content)
        };
        cache.folder(Kind::Interpreter, &key, || {}, make).unwrap()
    };
    let path = get(&cache).path().to_owned();
    get(&cache);
    // What an interpreter leaves beside its files is no damage.
    fs::write(path.join("bin/cache.pyc"), "x").unwrap();
    assert_eq!(get(&Cache::open(cache.root()).unwrap()).path(), path);
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    let damages: [&dyn Fn(); 4] = [
        &|| fs::remove_file(path.join("bin/python")).unwrap(),
        &|| fs::write(path.join("bin/python"), "").unwrap(),
        &|| fs::remove_file(path.join("sbin")).unwrap(),
        &|| fs::write(path.parent().unwrap().join("whole"), "{").unwrap(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        damage();
        let other = Cache::open(cache.root()).unwrap();
        get(&other);
        assert_eq!((runs.load(Ordering::Relaxed), other.notices().len()), (number + 2, 1));
        assert_eq!(fs::read_to_string(path.join("bin/python")).unwrap(), "#!");
    }
    let failed = cache.folder(
        Kind::Tool,
        &key,
        || {},
        |content| {
            unpack(content)?;
            Err(io::Error::other("no more"))
        },
    );
    assert!(matches!(failed, Err(Failed::Make(_))));
    assert!(cache.find_folder(Kind::Tool, &key).unwrap().is_none());
}

#[test]
fn of_many_at_once_one_makes_it() {
    let (_folder, cache) = cache();
    let (runs, waited) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let count = |number: &AtomicUsize| {
        number.fetch_add(1, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                // As another process would: by locks of its own.
                let cache = Cache::open(cache.root()).unwrap();
                let key = Key::new("test");
                let make = |content: &Path| {
                    count(&runs);
                    unpack(content)
                };
                let folder = cache.folder(Kind::Tool, &key, || count(&waited), make).unwrap();
                assert_eq!(fs::read_to_string(folder.path().join("bin/python")).unwrap(), "#!");
                let make = || {
                    count(&runs);
                    Ok::<_, Infallible>(String::from("x"))
                };
                assert_eq!(cache.note(Kind::Build, &key, || count(&waited), make).unwrap(), "x");
            });
        }
    });
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[test]
fn the_least_recently_used_goes_first() {
    let (_folder, cache) = cache();
    let names: Vec<_> = (0..4_u8).map(|n| put(&cache, &[n; 100])).collect();
    let path = |n: usize| cache.blob(&names[n], 100).unwrap().unwrap().path().to_owned();
    for (number, days) in [(0, 10), (1, 30), (2, 20), (3, 5)] {
        age(&path(number), days);
    }
    // Using it makes it young again.
    cache.blob(&names[1], 100).unwrap();
    let key = Key::new("test");
    drop(cache.folder(Kind::Interpreter, &key, || {}, unpack).unwrap());
    // What this process has used itself would stay.
    let root = cache.root().to_owned();
    drop(cache);
    let cache = Cache::open(&root).unwrap();
    let usage = cache.usage().unwrap();
    assert_eq!((usage.bytes(), usage.shares[0].what.as_str(), usage.shares[0].entries), (402, "blobs", 4));
    let pruned = cache.prune(Limit(250)).unwrap();
    assert_eq!(pruned, Pruned { entries: 2, bytes: 200, left: 202, held: 0 });
    let there: Vec<_> = names.iter().map(|name| cache.has_blob(name, 100)).collect();
    assert_eq!(there, [false, true, false, true]);
    assert!(cache.find_folder(Kind::Interpreter, &key).unwrap().is_some());
    assert_eq!(Cache::open(cache.root()).unwrap().trim(Limit(0)).unwrap(), None);
}

#[test]
fn what_is_in_use_stays() {
    let (_folder, cache) = cache();
    let name = put(&cache, b"content");
    let blob = cache.blob(&name, 7).unwrap().unwrap();
    let folder = cache.folder(Kind::Tool, &Key::new("test"), || {}, unpack).unwrap();
    let under_way = cache.receive(&digest(b"x"), 1).unwrap();
    let other = Cache::open(cache.root()).unwrap();
    let pruned = other.prune(Limit(0)).unwrap();
    assert_eq!((pruned.entries, pruned.held), (0, 2));
    assert_eq!(text(&blob).unwrap(), "content");
    assert!(folder.path().join("bin/python").is_file());
    // What was used once may be used again, as long as the run lasts.
    drop((blob, folder, under_way));
    assert_eq!(other.prune(Limit(0)).unwrap().held, 2);
    assert!(cache.has_blob(&name, 7));
    drop(cache);
    let pruned = other.prune(Limit(0)).unwrap();
    assert_eq!((pruned.entries, pruned.left, pruned.held), (2, 0, 0));
    assert_eq!(files(other.root()).len(), 1, "the tag alone");
}

#[test]
fn leftovers_of_the_killed_are_swept() {
    let (_folder, cache) = cache();
    let left = cache.root().join("temporary/left");
    fs::create_dir_all(left.join("a/b")).unwrap();
    fs::write(left.join("a/b/c"), [0; 1000]).unwrap();
    fs::set_permissions(left.join("a"), fs::Permissions::from_mode(0o555)).unwrap();
    let pruned = cache.prune(Limit::default()).unwrap();
    assert_eq!((pruned.bytes, left.exists()), (1000, false));
}
