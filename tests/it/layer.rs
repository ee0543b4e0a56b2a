//! Layers, as other programs read them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::process::Command;

use pydeploy::image::layer::{Compression, Form, Kind, Node, Owner, Tree, Written, write};

use crate::sandbox::{Sandbox, docker};

const LONG: &str =
    "long-name-of-a-folder-that-has-no-room-in-the-header-of-an-archive-long-name-of-a-folder-that-has-none";

/// A tree with something of everything, and more than one block of content.
fn tree() -> Tree {
    let mut tree = Tree::default();
    let mut put = |path: &str, node| tree.insert(path, node).unwrap();
    put("app/main.py", Node { owner: Owner { uid: 1000, gid: 1000 }, ..Node::file(0o644, "print()") });
    put(&format!("opt/{LONG}/é.py"), Node::file(0o755, "x"));
    put("opt/link", Node::symlink(format!("../usr/{LONG}/{LONG}")));
    put(
        "opt/data.bin",
        Node::file(0o600, (0..5_000_000_u32).map(|n| (n.wrapping_mul(n) >> 9).to_le_bytes()[0]).collect::<Vec<_>>()),
    );
    put("opt/empty", Node { owner: Owner { uid: 3_000_000_000, gid: 70_000 }, ..Node::file(0o640, "") });
    put("tmp", Node { mode: 0o1777, ..Node::directory() });
    tree
}

fn written(compression: Compression) -> (Vec<u8>, Written) {
    let mut blob = Vec::new();
    let written = write(&tree(), Form { compression, time: 1_700_000_000 }, &mut blob).unwrap();
    (blob, written)
}

/// What is at each path of an archive: mode, owner, size, and a link's target.
fn seen(archive: impl Read) -> BTreeMap<String, (u32, u64, u64, u64, String)> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let seen = entries.map(|entry| {
        let header = entry.header();
        let (uid, gid) = (header.uid().unwrap(), header.gid().unwrap());
        let target = entry.link_name_bytes().map(|t| String::from_utf8_lossy(&t).into_owned()).unwrap_or_default();
        let path = String::from_utf8_lossy(&entry.path_bytes()).trim_end_matches('/').to_owned();
        (path, (header.mode().unwrap() & 0o7777, uid, gid, header.size().unwrap(), target))
    });
    seen.collect()
}

#[test]
#[ignore = "needs the bed: docker"]
fn a_real_engine_unpacks_what_was_written() {
    let sandbox = Sandbox::empty();
    let (blob, written) = written(Compression::Gzip);
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        written.diff_id
    );
    let name = format!("pydeploy-layer-{}:a", std::process::id());
    let manifest = format!(r#"[{{"Config":"config.json","RepoTags":["{name}"],"Layers":["layer.tar"]}}]"#);
    let mut image = tar::Builder::new(fs::File::create(sandbox.beside("image.tar")).unwrap());
    let files: [(&str, &[u8]); 3] =
        [("config.json", config.as_bytes()), ("manifest.json", manifest.as_bytes()), ("layer.tar", &blob)];
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        image.append_data(&mut header, path, bytes).unwrap();
    }
    image.into_inner().unwrap().flush().unwrap();
    docker(&["load", "-q", "-i", sandbox.beside("image.tar").to_str().unwrap()]);
    let container = crate::sandbox::Container(docker(&["create", &name, "none"]));
    let export = sandbox.beside("export.tar");
    docker(&["export", "-o", export.to_str().unwrap(), &container.0]);
    let unpacked = seen(fs::File::open(export).unwrap());
    drop(container);
    docker(&["rmi", &name]);
    for (path, expected) in seen(flate2::read::GzDecoder::new(&blob[..])) {
        assert_eq!(unpacked.get(&path), Some(&expected), "{path}");
    }
}

#[test]
#[ignore = "needs the bed: docker"]
fn python_and_gzip_read_what_was_written() {
    let sandbox = Sandbox::empty();
    let (blob, written) = written(Compression::Gzip);
    let path = sandbox.beside("layer.tar.gz");
    fs::write(&path, &blob).unwrap();
    // Both check the sum and the size that stand at the end.
    let script = "import gzip, hashlib, io, sys, tarfile\n\
                  tar = gzip.open(sys.argv[1]).read()\n\
                  print('sha256:' + hashlib.sha256(tar).hexdigest())\n\
                  print(len([m for m in tarfile.open(fileobj=io.BytesIO(tar)) if m.isfile()]))";
    let python = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
    let files = tree().iter().filter(|(_, node)| matches!(node.kind, Kind::File(_))).count();
    assert_eq!(String::from_utf8(python.stdout).unwrap(), format!("{}\n{files}\n", written.diff_id));
    assert!(Command::new("gzip").arg("-t").arg(&path).status().unwrap().success());
}
