//! Processes that are killed while they write to a cache, and those whose disk is full.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pydeploy::cache::{Cache, Error, Failed, Key, Kind, Limit};
use sha2::{Digest as _, Sha256};

/// Where the processes of these tests have their cache.
const ROOT: &str = "PYDEPLOY_TEST_CACHE";

/// This very program, to run the one test of that name.
fn this_test(name: &str, root: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("cache::killed::{name}"), "--ignored", "--nocapture", "--test-threads", "1"]);
    command.env(ROOT, root).stdout(Stdio::piped());
    command
}

fn content(number: u64) -> Vec<u8> {
    let size = number.wrapping_mul(7919) % 60_000;
    (0..size).map(|at| (at.wrapping_mul(number + 3) >> 5).to_le_bytes()[0]).collect()
}

fn digest(bytes: &[u8]) -> oci_spec::image::Digest {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes))).parse().unwrap()
}

fn fill(folder: &Path, number: u64) -> io::Result<()> {
    fs::create_dir(folder.join("lib"))?;
    (0..10).try_for_each(|file| fs::write(folder.join(format!("lib/{file}")), content(number + file)))
}

/// One of everything, by number.
fn write(cache: &Cache, number: u64) {
    let bytes = content(number);
    let written = cache.write_blob(|out| {
        bytes.chunks(10_000).try_for_each(|piece| out.write_all(piece))?;
        Ok::<_, io::Error>((digest(&bytes), ()))
    });
    written.unwrap();
    let bytes = content(number + 1);
    let mut incoming = cache.receive(&digest(&bytes), bytes.len() as u64).unwrap();
    bytes.chunks(10_000).for_each(|piece| incoming.push(piece).unwrap());
    incoming.finish().unwrap();
    let key = Key::new("test").part("number", number.to_string());
    cache.keep(Kind::Layer, &key, &(number, bytes)).unwrap();
    cache.folder(Kind::Tool, &key, || {}, |folder| fill(folder, number)).unwrap();
    if number.is_multiple_of(5) {
        cache.prune(Limit(1_000_000)).unwrap();
    }
}

#[test]
#[ignore = "is run by those that kill it"]
fn writes_on_and_on() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    // Each time as another process, which holds nothing of what there was.
    let write = |number| write(&Cache::open(Path::new(&root)).unwrap(), number);
    // Whenever it dies, something was written.
    write(0);
    println!("\nready");
    for number in 1.. {
        // Again and again the same, so that several want it at once.
        write(number % 40);
    }
}

/// Starts a process that writes, and waits until it does.
fn writer(root: &Path) -> Child {
    let mut child = this_test("writes_on_and_on", root).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map(Result::unwrap).any(|line| line == "ready"), "it has ended");
    child
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// Holds everything that can be read against what it must be; answers with how much that was.
fn check(root: &Path) -> usize {
    let cache = Cache::open(root).unwrap();
    let mut count = 0;
    for path in entries(&root.join("blobs/sha256")).iter().flat_map(|part| entries(part)) {
        let name = format!("sha256:{}", path.file_name().unwrap().to_str().unwrap()).parse().unwrap();
        let blob = cache.blob(&name, path.metadata().unwrap().len()).unwrap().unwrap();
        let mut bytes = Vec::new();
        blob.open().unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(digest(&bytes), name);
        count += 1;
    }
    for number in 0..40 {
        let key = Key::new("test").part("number", number.to_string());
        if let Some(note) = cache.find::<(u64, Vec<u8>)>(Kind::Layer, &key) {
            assert_eq!(note, (number, content(number + 1)));
            count += 1;
        }
        if let Some(folder) = cache.find_folder(Kind::Tool, &key).unwrap() {
            (0..10).for_each(|file| {
                assert_eq!(fs::read(folder.path().join(format!("lib/{file}"))).unwrap(), content(number + file));
            });
            count += 1;
        }
    }
    assert_eq!(cache.notices(), [], "being killed damages nothing");
    count
}

#[test]
fn a_hundred_deaths_leave_a_cache_whole() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    let mut found = 0;
    for round in 0..50_u64 {
        let mut pair = [writer(&root), writer(&root)];
        // Moments that are all over what they do.
        std::thread::sleep(Duration::from_micros(round * 7919 % 20_000));
        for child in &mut pair {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        if round % 10 == 9 {
            found += check(&root);
        }
    }
    assert!(found > 0, "there was something to look at");
    let cache = Cache::open(&root).unwrap();
    cache.prune(Limit::default()).unwrap();
    assert_eq!(entries(&root.join("temporary")), Vec::<PathBuf>::new());
    // It works as before.
    (0..40).for_each(|number| write(&cache, number));
    drop(cache);
    check(&root);
    let cache = Cache::open(&root).unwrap();
    cache.prune(Limit(0)).unwrap();
    assert_eq!(cache.usage().unwrap().bytes(), 0);
}

#[test]
#[ignore = "is run by the one that gives it a small disk"]
fn writes_too_much() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let cache = Cache::open(Path::new(&root)).unwrap();
    let (key, much) = (Key::new("test"), vec![7; 1_000_000]);
    let full = |error: Error| {
        assert!(error.to_string().contains(root.to_str().unwrap()), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("pydeploy cache prune")), "{error:?}");
    };
    let written = cache.write_blob(|out| {
        out.write_all(&much)?;
        Ok::<_, io::Error>((digest(&much), ()))
    });
    let Err(Failed::Cache(error)) = written else { panic!("{written:?}") };
    full(error);
    full(cache.keep(Kind::Layer, &key, &much).unwrap_err());
    let mut incoming = cache.receive(&digest(&much), 1_000_000).unwrap();
    full(incoming.push(&much).unwrap_err());
    drop(incoming);
    let made = cache.folder(Kind::Tool, &key, || {}, |folder| fs::write(folder.join("x"), &much));
    assert!(matches!(made, Err(Failed::Make(_))));
    assert_eq!((cache.usage().unwrap().bytes(), cache.notices()), (0, vec![]));
    assert_eq!(entries(&Path::new(&root).join("temporary")), Vec::<PathBuf>::new());
    println!("\nrefused");
}

#[test]
fn a_full_disk_is_told_of_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    let test = this_test("writes_too_much", &root);
    // A file that may grow no more is as near to a full disk as anyone comes who may not mount one.
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\"";
    let mut limited = Command::new("sh");
    limited.args(["-c", script]).arg(test.get_program()).args(test.get_args()).env(ROOT, &root);
    let done = crate::sandbox::Done::of(limited.output().unwrap());
    assert!(done.code == 0 && done.stdout.contains("\nrefused\n"), "{done}");
}
