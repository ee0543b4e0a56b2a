//! Conversations with the bed's real registries about what is pushed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use oci_spec::image::{Descriptor, MediaType};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::bed::{Ca, open, password, protected, pushed, ship, variable};
use crate::registry::*;

/// Bytes that no other test has, and that compress badly.
fn bytes(name: &str, size: usize) -> Vec<u8> {
    let mut seed = digest::sha256(format!("{name}-{}", std::process::id()).as_bytes()).unwrap().to_string();
    let mut bytes = Vec::new();
    while bytes.len() < size {
        seed = digest::sha256(seed.as_bytes()).unwrap().to_string();
        bytes.extend_from_slice(seed.as_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn parcel(bytes: &[u8], kind: MediaType, source: BlobSource) -> Parcel {
    let descriptor = Descriptor::new(kind, bytes.len() as u64, digest::sha256(bytes).unwrap());
    Parcel { name: "layer of a test".into(), descriptor, source, presence: Presence::Likely }
}

/// An image of these layers, with a config of its own.
fn image(mut layers: Vec<Parcel>, name: &str) -> Shipment {
    let config = json!({"architecture": "amd64", "os": "linux", "author": name, "rootfs": {"type": "layers",
        "diff_ids": []}});
    let config = Bytes::from(config.to_string());
    let config = parcel(&config.clone(), MediaType::ImageConfig, BlobSource::Bytes(config));
    let descriptors: Vec<_> = layers.iter().map(|layer| layer.descriptor.clone()).collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::ImageManifest.to_string(),
        "config": config.descriptor, "layers": descriptors});
    layers.push(config);
    let manifests = vec![RawManifest::new(manifest.to_string().into(), MediaType::ImageManifest).unwrap()];
    Shipment { blobs: layers, manifests }
}

/// An image with a layer in a file.
fn filed(folder: &std::path::Path, name: &str, size: usize) -> Shipment {
    let bytes = bytes(name, size);
    let path = folder.join("layer");
    std::fs::write(&path, &bytes).unwrap();
    image(vec![parcel(&bytes, MediaType::ImageLayerGzip, BlobSource::File(path))], name)
}

fn tags() -> Vec<crate::image::reference::Tag> {
    vec!["1".parse().unwrap(), "latest".parse().unwrap()]
}

async fn read_back(registry: &Registry, repository: &str, shipment: &Shipment) {
    for tag in ["1", "latest"] {
        let manifest = registry.manifest(repository, &tag.parse().unwrap()).await.unwrap();
        assert_eq!(manifest, shipment.manifests[0]);
    }
    for parcel in &shipment.blobs {
        let mut blob = registry.blob(repository, &parcel.descriptor).await.unwrap();
        while blob.piece().await.unwrap().is_some() {}
    }
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn what_is_pushed_is_read_back_and_is_not_sent_twice() {
    let folder = tempfile::tempdir().unwrap();
    let ship = ship(&password());
    for (name, make) in [("plain", None), ("tls", Some(ship))] {
        let registry = || Arc::new(make.clone().map_or_else(open, |ship| protected(ship, &Ca::Given)));
        let repository = format!("registryroom/push-{name}-{}", std::process::id());
        let shipment = filed(folder.path(), name, 3 << 20);
        let sent = registry().push(&repository, &shipment, &tags(), &silent()).await.unwrap();
        assert_eq!((sent.uploaded_blobs, sent.existing), (2, 0));
        read_back(&registry(), &repository, &shipment).await;

        let again = registry();
        let sent = again.push(&repository, &shipment, &tags(), &silent()).await.unwrap();
        assert_eq!(sent, Sent { existing: 2, ..Sent::default() });
        assert_eq!(again.traffic().bytes_sent, 2 * shipment.manifests[0].bytes.len() as u64);
    }
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn a_bases_layers_are_mounted_or_copied() {
    let (registry, base) = (Arc::new(open()), pushed("base"));
    let manifest = registry.manifest(&base, &"1".parse().unwrap()).await.unwrap();
    let Manifest::Image(lower) = manifest.read().unwrap() else { panic!("docker pushes an image") };
    let layers = |registry: &Arc<Registry>| {
        let remote = |descriptor: &Descriptor| Parcel {
            name: "layer of the base".into(),
            descriptor: descriptor.clone(),
            source: BlobSource::Remote { registry: Arc::clone(registry), repository: base.clone() },
            presence: Presence::Likely,
        };
        lower.layers().iter().map(remote).collect::<Vec<_>>()
    };
    let (name, count) = (format!("registryroom/mounted-{}", std::process::id()), lower.layers().len());
    let shipment = image(layers(&registry), "mounted");
    let sent = registry.push(&name, &shipment, &tags(), &silent()).await.unwrap();
    assert_eq!((sent.mounted, sent.uploaded_blobs, sent.existing), (count, 1, 0));
    read_back(&registry, &name, &shipment).await;

    let other = Arc::new(protected(ship(&password()), &Ca::Given));
    let sent = other.push(&name, &shipment, &tags(), &silent()).await.unwrap();
    assert_eq!((sent.mounted, sent.uploaded_blobs), (0, count + 1));
    read_back(&other, &name, &shipment).await;
}

/// A way to the open registry that breaks once, after this many bytes.
async fn breaking(after: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let broken = Arc::new(AtomicBool::new(false));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (broken, registry) = (Arc::clone(&broken), variable("PYDEPLOY_TEST_REGISTRY"));
            tokio::spawn(async move {
                let server = TcpStream::connect(registry).await.unwrap();
                let ((mut up, mut answer), (mut down, mut ask)) = (client.into_split(), server.into_split());
                let back = tokio::spawn(async move { tokio::io::copy(&mut down, &mut answer).await });
                let (mut passed, mut buffer) = (0, vec![0; 64 << 10]);
                while let Ok(read @ 1..) = up.read(&mut buffer).await {
                    passed += read;
                    if passed > after && !broken.swap(true, Ordering::Relaxed) {
                        back.abort();
                        return;
                    }
                    if ask.write_all(&buffer[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn a_way_that_breaks_is_gone_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let host = breaking(2 << 20).await;
    let options = Options { host, security: Security::Tls, extra_ca: Vec::new(), user_agent: "pydeploy/test".into() };
    let registry = Arc::new(Registry::new(&options, Credentials::Anonymous).unwrap());
    let repository = format!("registryroom/broken-{}", std::process::id());
    let shipment = filed(folder.path(), "broken", 5 << 20);
    let sent = registry.push(&repository, &shipment, &tags(), &silent()).await.unwrap();
    assert_eq!(sent.uploaded_blobs, 2);
    assert!(registry.traffic().bytes_sent > 7 << 20, "{:?}", registry.traffic());
    read_back(&open(), &repository, &shipment).await;
}

#[tokio::test]
#[ignore = "needs the bed: docker registry"]
async fn many_pushes_of_one_image_at_once_are_well() {
    let folder = tempfile::tempdir().unwrap();
    let repository = &format!("registryroom/many-{}", std::process::id());
    let mut shipment = filed(folder.path(), "many", 1 << 20);
    shipment.blobs.iter_mut().for_each(|parcel| parcel.presence = Presence::Unlikely);
    let shipment = &shipment;
    let pushes = (0..6).map(|_| async move { Arc::new(open()).push(repository, shipment, &tags(), &silent()).await });
    futures_util::future::try_join_all(pushes).await.unwrap();
    read_back(&open(), repository, shipment).await;
}
