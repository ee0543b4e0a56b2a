//! Tests of layouts, in folders and archives.

#![allow(clippy::unwrap_used)]

use std::io::Read;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;

/// A layout in a temporary folder.
struct Written(tempfile::TempDir);

impl Written {
    fn new() -> Self {
        let written = Self(tempfile::tempdir().unwrap());
        written.file("oci-layout", br#"{"imageLayoutVersion": "1.0.0"}"#);
        let manifest = json!({"schemaVersion": 2, "layers": [],
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": digest(b"{}")}});
        written.blob(b"{}");
        let mut descriptor = written.blob(manifest.to_string().as_bytes());
        descriptor["mediaType"] = json!("application/vnd.oci.image.manifest.v1+json");
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": "1.0"});
        written.file("index.json", json!({"schemaVersion": 2, "manifests": [descriptor]}).to_string().as_bytes());
        written
    }

    fn file(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn blob(&self, bytes: &[u8]) -> serde_json::Value {
        self.file(&format!("blobs/sha256/{}", &digest(bytes)[7..]), bytes);
        json!({"mediaType": "application/octet-stream", "size": bytes.len(), "digest": digest(bytes)})
    }

    fn text(&self, more: &str) -> String {
        format!("{}{more}", self.0.path().display())
    }

    fn open(&self) -> Layout {
        Layout::open(&self.text("")).unwrap()
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn descriptor(json: serde_json::Value) -> Descriptor {
    serde_json::from_value(json).unwrap()
}

#[test]
fn an_image_is_read_from_a_folder_and_from_an_archive_of_it() {
    let written = Written::new();
    let archive = written.0.path().with_extension("tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&archive).unwrap());
    tar.append_dir_all(".", written.0.path()).unwrap();
    tar.into_inner().unwrap();
    for text in
        [written.text(""), written.text(":1.0"), archive.display().to_string(), format!("{}:1.0", archive.display())]
    {
        let layout = Layout::open(&text).unwrap();
        let manifest = layout.manifest().unwrap();
        let crate::registry::Manifest::Image(image) = manifest.read().unwrap() else { unreachable!() };
        assert_eq!(layout.config(image.config()).unwrap(), b"{}", "{text}");
        let mut read = String::new();
        layout.blob(image.config()).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read, "{}");
    }
    std::fs::remove_file(archive).unwrap();
}

#[test]
fn what_is_no_layout_is_said_to_be_none() {
    let written = Written::new();
    let fault = Layout::open(&written.text("/none:1.0")).unwrap_err();
    assert!(fault.to_string().ends_with("/none"), "{fault}");
    let empty = tempfile::tempdir().unwrap();
    let fault = Layout::open(&empty.path().display().to_string()).unwrap_err();
    assert!(fault.to_string().contains("no oci-layout file"), "{fault}");
    std::fs::write(empty.path().join("x"), "no archive").unwrap();
    let fault = Layout::open(&empty.path().join("x").display().to_string()).unwrap_err();
    assert!(matches!(fault, Error::Archive { .. }), "{fault}");
    std::fs::write(empty.path().join("manifest.json"), "[]").unwrap();
    let fault = Layout::open(&empty.path().display().to_string()).unwrap_err();
    assert!(fault.hint().unwrap().contains("docker load"), "{fault}");
    written.file("oci-layout", br#"{"imageLayoutVersion": "2.0.0"}"#);
    assert!(Layout::open(&written.text("")).unwrap_err().to_string().contains("2.0.0"));
    written.file("oci-layout", br#"{"imageLayoutVersion": "1.0.0"}"#);
    written.file("index.json", b"[");
    assert!(matches!(written.open().manifest().unwrap_err(), Error::Index { .. }));
    let fault = Layout::open(&Written::new().text(":2.0")).unwrap().manifest().unwrap_err();
    assert!(fault.to_string().ends_with("no image 2.0; it has 1.0"), "{fault}");
}

#[test]
fn content_is_held_against_its_digest_and_size() {
    let written = Written::new();
    let mut blob = written.blob(b"content");
    written.file(&format!("blobs/sha256/{}", &digest(b"content")[7..]), b"c0ntent");
    let read = |blob: &serde_json::Value| {
        let mut bytes = Vec::new();
        let whole = written.open().config(&descriptor(blob.clone()));
        let stream = written.open().blob(&descriptor(blob.clone())).unwrap().read_to_end(&mut bytes);
        (whole.unwrap_err(), stream.unwrap_err().downcast::<Error>().unwrap())
    };
    assert!(matches!(read(&blob), (Error::Digest { .. }, Error::Digest { .. })));
    for size in [6, 8] {
        blob["size"] = json!(size);
        assert!(matches!(read(&blob), (Error::Size { .. }, Error::Size { .. })));
    }
    blob["size"] = json!(9 << 20);
    assert!(matches!(read(&blob).0, Error::TooLarge { .. }));
    blob["digest"] = json!("md5:x");
    assert!(matches!(written.open().blob(&descriptor(blob)), Err(Error::Read { .. })));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let written = Written::new();
    let path = written.0.path().join("index.json");
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    assert!(matches!(written.open().manifest(), Err(Error::Read { .. })));
}
