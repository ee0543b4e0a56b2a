//! Tests of writing layouts.

#![allow(clippy::unwrap_used)]

use oci_spec::image::{Descriptor, MediaType};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::layout::Layout;
use crate::registry::{BlobSource, Manifest, Presence, silent};

fn digest(bytes: &[u8]) -> Digest {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes))).parse().unwrap()
}

fn parcel(bytes: &'static [u8], kind: MediaType) -> Parcel {
    let descriptor = Descriptor::new(kind, bytes.len() as u64, digest(bytes));
    let source = BlobSource::Bytes(bytes.into());
    Parcel { name: "part of a test".into(), descriptor, source, presence: Presence::Likely }
}

fn shipment(layer: &'static [u8]) -> Shipment {
    let blobs = vec![parcel(layer, MediaType::ImageLayer), parcel(b"{}", MediaType::ImageConfig)];
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::ImageManifest.to_string(),
        "config": blobs[1].descriptor, "layers": [blobs[0].descriptor]});
    let manifest = RawManifest::new(manifest.to_string().into(), MediaType::ImageManifest).unwrap();
    Shipment { blobs, manifests: vec![manifest] }
}

fn tags(names: &[&str]) -> Vec<Tag> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

async fn put(folder: &Path, shipment: &Shipment, names: &[&str]) -> Result<Sent, WriteError> {
    write(folder, shipment, &tags(names), &silent()).await
}

fn read(folder: &Path, selector: &str) -> Digest {
    Layout::open(&format!("{}{selector}", folder.display())).unwrap().manifest().unwrap().digest
}

fn index(folder: &Path) -> String {
    std::fs::read_to_string(folder.join(INDEX)).unwrap()
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("new/layout");
    let first = shipment(b"layer");
    let sent = put(&folder, &first, &["1", "latest"]).await.unwrap();
    assert_eq!(sent, Sent { uploaded: 7, uploaded_blobs: 2, ..Sent::default() });
    let layout = Layout::open(&format!("{}:1", folder.display())).unwrap();
    let manifest = layout.manifest().unwrap();
    assert_eq!(manifest, first.manifests[0]);
    let Manifest::Image(image) = manifest.read().unwrap() else { unreachable!() };
    let mut text = String::new();
    std::io::Read::read_to_string(&mut layout.blob(&image.layers()[0]).unwrap(), &mut text).unwrap();
    assert_eq!(text, "layer");
    // Nothing else is left, and what was there is not written again.
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["blobs", INDEX, MARKER]);
    let sent = put(&folder, &first, &["1"]).await.unwrap();
    assert_eq!(sent, Sent { existing: 2, ..Sent::default() });
}

#[tokio::test]
async fn other_tags_stay_and_the_same_one_moves() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (shipment(b"one"), shipment(b"two"));
    put(folder.path(), &first, &["1", "latest"]).await.unwrap();
    put(folder.path(), &second, &["latest", "2"]).await.unwrap();
    let (one, two) = (first.manifests[0].digest.clone(), second.manifests[0].digest.clone());
    assert_eq!((read(folder.path(), ":1"), read(folder.path(), ":2")), (one, two.clone()));
    assert_eq!((read(folder.path(), ":latest"), index(folder.path()).matches("latest").count()), (two, 1));
    // A digest alone is named once.
    let before = index(folder.path());
    put(folder.path(), &second, &[]).await.unwrap();
    assert_eq!(index(folder.path()), before);
}

#[tokio::test]
async fn what_others_wrote_into_the_index_stays() {
    let folder = tempfile::tempdir().unwrap();
    let first = shipment(b"one");
    put(folder.path(), &first, &["1"]).await.unwrap();
    let entry = format!(
        r#"{{"mediaType":"x/y","digest":"{}","size":1,"annotations":{{"{REF_NAME}":"old","a":"b"}},"platform":{{"os":"linux","architecture":"arm64"}}}}"#,
        digest(b"x")
    );
    let text = format!(r#"{{"schemaVersion":2,"annotations":{{"k":"v"}},"manifests":[{entry},{entry}]}}"#);
    std::fs::write(folder.path().join(INDEX), &text).unwrap();
    put(folder.path(), &first, &["new"]).await.unwrap();
    assert!(index(folder.path()).starts_with(&text[..text.len() - 2]), "{}", index(folder.path()));
    put(folder.path(), &first, &["old"]).await.unwrap();
    assert_eq!(read(folder.path(), ":old"), first.manifests[0].digest);
    assert_eq!(index(folder.path()).matches("\"old\"").count(), 1);
    std::fs::write(folder.path().join(INDEX), "[]").unwrap();
    let fault = put(folder.path(), &first, &["1"]).await.unwrap_err();
    assert!(matches!(fault, WriteError::Index { .. }), "{fault}");
}

#[tokio::test]
async fn a_folder_of_other_things_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.tex"), "x").unwrap();
    let fault = put(folder.path(), &shipment(b"one"), &["1"]).await.unwrap_err();
    assert!(matches!(fault, WriteError::Occupied { .. }) && fault.hint().is_some(), "{fault}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let fault = put(&folder.path().join("thesis.tex"), &shipment(b"one"), &["1"]).await.unwrap_err();
    assert!(matches!(fault, WriteError::Write { .. }), "{fault}");
}

#[tokio::test]
async fn damaged_bytes_leave_no_blob_and_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut shipment = shipment(b"layer");
    shipment.blobs[0].source = BlobSource::Bytes(b"lay3r"[..].into());
    let fault = put(folder.path(), &shipment, &["1"]).await.unwrap_err();
    assert_eq!(fault.damaged(), Some(&digest(b"layer")));
    assert!(!folder.path().join(INDEX).exists());
    assert!(!folder.path().join("blobs/sha256").join(digest(b"layer").digest()).exists());
}

#[tokio::test]
async fn many_at_once_lose_no_tag() {
    let folder = tempfile::tempdir().unwrap();
    let folder = &folder.path().join("layout");
    let image = &shipment(b"one");
    let names: Vec<String> = (0..16).map(|at| format!("t{at}")).collect();
    futures_util::future::try_join_all(names.iter().map(|name| async move { put(folder, image, &[name]).await }))
        .await
        .unwrap();
    for name in &names {
        assert_eq!(read(folder, &format!(":{name}")), image.manifests[0].digest);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_everyone_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &shipment(b"one"), &["1"]).await.unwrap();
    for name in [MARKER, INDEX] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "{name}");
    }
}
