//! Tests of inspecting images that are written for them, in layouts: what a registry gives is read by the same code.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::image::rootfs::LayerError;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A layout in a temporary folder.
struct Written {
    folder: tempfile::TempDir,
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive of files; a mode of 0 makes the content a link's target.
fn tar(files: &[(&str, &str, u32)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content, mode) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(*mode);
        if *mode == 0 {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, name, content).unwrap();
        } else {
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
    }
    tar.into_inner().unwrap()
}

impl Written {
    fn new() -> Self {
        let written = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(written.folder.path().join("blobs/sha256")).unwrap();
        std::fs::write(written.folder.path().join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
        written
    }

    /// Stores a blob, and gives its descriptor.
    fn blob(&self, kind: &str, bytes: &[u8]) -> Value {
        std::fs::write(self.at(&digest(bytes)), bytes).unwrap();
        json!({"mediaType": kind, "size": bytes.len(), "digest": digest(bytes)})
    }

    fn at(&self, digest: &str) -> std::path::PathBuf {
        self.folder.path().join("blobs/sha256").join(&digest[7..])
    }

    fn manifest(&self, config: &Value, layers: &[Value]) -> Value {
        let config = self.blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
        self.blob("application/vnd.oci.image.manifest.v1+json", manifest.to_string().as_bytes())
    }

    /// An image of these layers, uncompressed, the lowest first.
    fn image(&self, architecture: &str, layers: &[Vec<u8>]) -> Value {
        let diff_ids: Vec<_> = layers.iter().map(|tar| digest(tar)).collect();
        let config = json!({"os": "linux", "architecture": architecture, "config": {"User": architecture},
            "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        let layers: Vec<_> = layers.iter().map(|tar| self.blob(LAYER, &gzip(tar))).collect();
        self.manifest(&config, &layers)
    }

    fn index(&self, manifests: &[Value]) -> Value {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        self.blob("application/vnd.oci.image.index.v1+json", index.to_string().as_bytes())
    }

    async fn open(&self, descriptor: &Value) -> Result<Image, Error> {
        let index = json!({"schemaVersion": 2, "manifests": [descriptor]});
        std::fs::write(self.folder.path().join("index.json"), index.to_string()).unwrap();
        Image::from_layout(&self.folder.path().display().to_string()).await
    }

    async fn passwd(&self, descriptor: &Value) -> Result<Entry, Error> {
        let image = self.open(descriptor).await?;
        let mut files = image.files(&image.platforms[0], &["/etc/passwd"]).await?;
        Ok(files.remove("/etc/passwd").unwrap())
    }
}

fn on(mut descriptor: Value, platform: &str) -> Value {
    let mut parts = platform.split('/');
    descriptor["platform"] = json!({"os": parts.next(), "architecture": parts.next()});
    if let Some(variant) = parts.next() {
        descriptor["platform"]["variant"] = json!(variant);
    }
    descriptor
}

fn text(entry: &Entry) -> String {
    match entry {
        Entry::File { bytes, mode } => format!("{mode:o} {}", String::from_utf8_lossy(bytes)),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn files_and_programs_are_found_in_layers() {
    let written = Written::new();
    let base = tar(&[
        ("etc/passwd", "base", 0o644),
        ("bin", "usr/bin", 0),
        ("usr/bin/busybox", "ELF", 0o755),
        ("usr/bin/sh", "busybox", 0),
        ("usr/bin/notes", "text", 0o644),
        ("other/accounts", "far", 0o600),
    ]);
    let top = tar(&[("etc/passwd", "top", 0o640), ("etc/group", "../other/accounts", 0), ("app/run.sh", "#!", 0o755)]);
    let image = written.open(&written.image("amd64", &[base, top])).await.unwrap();
    let platform = &image.platforms[0];
    assert_eq!((platform.platform.as_str(), platform.config.config.user.as_str()), ("linux/amd64", "amd64"));
    let names = ["sh", "/bin/sh", "notes", "curl", "app/run.sh", ""];
    let found = image.programs(platform, &names, PATH).await.unwrap();
    let busybox = Presence::Executable("/usr/bin/busybox".into());
    assert_eq!((&found["sh"], &found["/bin/sh"]), (&busybox, &busybox));
    assert_eq!(found["notes"], Presence::NotExecutable("/usr/bin/notes".into()));
    assert_eq!(found["app/run.sh"], Presence::Executable("/app/run.sh".into()));
    assert_eq!((&found["curl"], &found[""]), (&Presence::Missing, &Presence::Missing));
    // The contents of passwd and group were kept though nobody had asked; what a link leads to is read once more.
    let found = image.files(platform, &["/etc/passwd", "/etc/group", "/etc", "/none"]).await.unwrap();
    let shown: Vec<_> = found.values().map(text).collect();
    assert_eq!(shown, ["Directory", "600 far", "640 top", "Missing"]);
}

#[tokio::test]
async fn all_platforms_are_read_and_nothing_else() {
    let written = Written::new();
    let image = |architecture: &str| written.image(architecture, &[]);
    let artifact = json!({"schemaVersion": 2, "artifactType": "application/x.sbom", "layers": [],
        "config": written.blob("application/vnd.oci.empty.v1+json", b"{}")});
    let artifact = written.blob("application/vnd.oci.image.manifest.v1+json", artifact.to_string().as_bytes());
    let inner = written.index(&[on(image("arm"), "linux/arm/v7"), image("riscv64")]);
    let index = written.index(&[
        on(image("amd64"), "linux/amd64"),
        on(image("other"), "linux/amd64"),
        on(image("arm64"), "linux/arm64/v8"),
        on(image("attestation"), "unknown/unknown"),
        on(image("amd64"), "windows/amd64"),
        artifact,
        inner,
    ]);
    let read = written.open(&index).await.unwrap();
    let platforms: Vec<_> = read.platforms.iter().map(|image| image.platform.as_str()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/riscv64"]);
    assert_eq!(read.platforms[0].config.config.user, "amd64");
    assert_eq!(read.others, ["windows/amd64", "application/x.sbom"]);
    assert_eq!(read.digest.to_string(), index["digest"]);
}

#[tokio::test]
async fn an_index_with_nothing_to_run_says_what_it_has() {
    let written = Written::new();
    let windows = on(written.image("amd64", &[]), "windows/amd64");
    let fault = written.open(&written.index(&[windows])).await.err().unwrap();
    assert!(fault.to_string().ends_with("has no image for Linux; it has windows/amd64"), "{fault}");
    let fault = written.open(&written.index(&[])).await.err().unwrap();
    assert!(matches!(fault, Error::NoPlatform { .. }), "{fault}");
    let fault = crate::fault::Fault::from(fault);
    assert_eq!((fault.class.code(), fault.hint.is_some()), (7, true));
    let many: Vec<_> = (0..33).map(|n| on(written.image("x", &[]), &format!("linux/x{n}"))).collect();
    let fault = written.open(&written.index(&many)).await.err().unwrap();
    assert!(matches!(fault, Error::TooManyPlatforms { .. }), "{fault}");
    let deep = (0..5).fold(written.image("amd64", &[]), |inner, _| written.index(&[inner]));
    assert!(matches!(written.open(&deep).await, Err(Error::Odd { .. })));
}

#[tokio::test]
async fn changed_content_is_refused_wherever_it_is() {
    let written = Written::new();
    let layer = tar(&[("etc/passwd", "x", 0o644)]);
    let image = written.image("amd64", std::slice::from_ref(&layer));
    let fault = |fault: Error| (fault.to_string(), crate::fault::Fault::from(fault).class.code());
    // The layer, in ways that leave a sound archive, break the archive, and break the compression.
    let stored = gzip(&layer);
    let mut broken = stored.clone();
    *broken.last_mut().unwrap() ^= 1;
    let other = gzip(&tar(&[("etc/passwd", "y", 0o644)]));
    let same_size = |mut bytes: Vec<u8>| {
        bytes.resize(stored.len(), 0);
        bytes
    };
    for bytes in [broken, same_size(other), same_size(b"no archive at all".to_vec())] {
        std::fs::write(written.at(&digest(&stored)), bytes).unwrap();
        let (text, code) = fault(written.passwd(&image).await.unwrap_err());
        assert!(text.contains("could not accept the blob"), "{text}");
        assert_eq!(code, 7);
    }
    written.blob(LAYER, &stored);
    assert_eq!(text(&written.passwd(&image).await.unwrap()), "644 x");
    // The config, and the manifest.
    let manifest = std::fs::read(written.at(image["digest"].as_str().unwrap())).unwrap();
    let config: Value = serde_json::from_slice(&manifest).unwrap();
    let config = written.at(config["config"]["digest"].as_str().unwrap());
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"User\":\"amd64\"", "\"User\":\"root0\"")).unwrap();
    let (text, _) = fault(written.passwd(&image).await.unwrap_err());
    assert!(text.contains("the image config"), "{text}");
    std::fs::write(written.at(image["digest"].as_str().unwrap()), vec![b' '; manifest.len()]).unwrap();
    let (text, _) = fault(written.passwd(&image).await.unwrap_err());
    assert!(text.contains("the manifest"), "{text}");
}

#[tokio::test]
async fn a_layer_that_the_config_does_not_know_is_refused() {
    let written = Written::new();
    let layer = gzip(&tar(&[("etc/passwd", "x", 0o644)]));
    let config = |diff_ids: Value| json!({"os": "linux", "rootfs": {"diff_ids": diff_ids}});
    let layers = [written.blob(LAYER, &layer)];
    let image = written.manifest(&config(json!([digest(b"other")])), &layers);
    assert!(matches!(written.passwd(&image).await, Err(Error::Digest { .. })));
    for diff_ids in [json!([]), json!(["x"]), json!([digest(b"a"), digest(b"b")])] {
        let image = written.manifest(&config(diff_ids), &layers);
        assert!(matches!(written.passwd(&image).await, Err(Error::Odd { .. })));
    }
}

#[tokio::test]
async fn layers_that_are_none_are_refused() {
    let written = Written::new();
    let passwd = async |kind: &str, stored: &[u8]| {
        let config = json!({"os": "linux", "rootfs": {"diff_ids": [digest(stored)]}});
        written.passwd(&written.manifest(&config, &[written.blob(kind, stored)])).await.unwrap_err()
    };
    let fault = passwd(LAYER, b"this is no tar, whatever it says to be").await;
    assert!(matches!(fault, Error::Layer { source: LayerError::NotTar { .. }, .. }), "{fault}");
    assert_eq!(crate::fault::Fault::from(fault).class.code(), 7);
    // A hundred gigabytes, as a header says them, and as zstd has them: neither is waited for.
    let mut header = tar::Header::new_gnu();
    header.set_path("zeros").unwrap();
    header.set_size(100_000_000_000);
    header.set_cksum();
    let fault = passwd(LAYER, &gzip(header.as_bytes())).await;
    assert!(matches!(fault, Error::Layer { source: LayerError::TooLarge { .. }, .. }), "{fault}");
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    assert!(matches!(passwd(foreign, b"x").await, Error::Foreign { .. }));
    let fault = passwd(LAYER, b"BZh9").await;
    assert!(matches!(fault, Error::Layer { source: LayerError::Compression("bzip2"), .. }), "{fault}");
}
