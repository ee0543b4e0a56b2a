//! A load: an image handed to the Docker Engine as `docker load` does it, as a stream.
//!
//! The archive is both of the forms that engines read: `manifest.json` of `docker save`, and an OCI layout.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use oci_spec::image::{Descriptor, Digest, ImageManifest};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::docker::DockerEngine;
use super::error::Error;
use crate::registry::{Error as RegistryError, Feed, Manifest, Parcel, Passage, Progress, RawManifest, Shipment};

/// The largest image config, in bytes.
const CONFIG: u64 = 8 << 20;
/// The first API of an engine that reads zstd: 23.0.
const ZSTD: (usize, usize) = (1, 42);
/// A tar archive's block, in bytes.
const BLOCK: usize = 512;

/// What is sent to the engine, piece by piece.
type Pieces = mpsc::Sender<Result<Frame<Bytes>, io::Error>>;

/// One platform's image, as it is to be loaded.
struct Cargo<'s> {
    manifest: &'s RawManifest,
    image: Box<ImageManifest>,
    parcels: BTreeMap<String, &'s Parcel>,
    names: &'s [String],
    progress: &'s Progress,
}

impl DockerEngine {
    /// Loads one platform's image, whose manifest is the shipment's only one, and gives it these names. Returns its id,
    /// which is its config's digest, or its manifest's where the engine keeps images in containerd.
    ///
    /// Layers that the engine has already, by what it says of the images that have these names or those in `kin`, are
    /// not sent again.
    pub async fn load(
        &self,
        shipment: &Shipment,
        names: &[String],
        kin: &[String],
        progress: &Progress,
    ) -> Result<Digest, Error> {
        let cargo = Cargo::new(shipment, names, progress)?;
        self.can_read(&cargo)?;
        let config = cargo.config().await?;
        let held = self.held_layers(&config, names.iter().chain(kin)).await;
        match self.send(&cargo, &config, held).await {
            // They are gone since, or were another's.
            Err(Error::Load { .. }) if held > 0 => self.send(&cargo, &config, 0).await?,
            result => result?,
        }
        let wanted = [cargo.image.config().digest(), &cargo.manifest.digest];
        for digest in wanted {
            match self.inspect(digest.as_ref()).await {
                Ok(found) if found.id.as_deref() == Some(digest.as_ref()) => return Ok(digest.clone()),
                Ok(_) | Err(Error::NoImage(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Err(Error::Load { message: format!("it has no image {} after that", wanted[0]) })
    }

    fn can_read(&self, cargo: &Cargo<'_>) -> Result<(), Error> {
        let zstd = cargo.image.layers().iter().any(|layer| layer.media_type().to_string().ends_with("zstd"));
        if zstd && self.api_number() < ZSTD {
            let message = format!("it is {}, and reads layers in zstd from 23.0 on", self.version);
            return Err(Error::Load { message });
        }
        Ok(())
    }

    /// How many of an image's lowest layers the engine has.
    async fn held_layers(&self, config: &Bytes, names: impl Iterator<Item = &String>) -> usize {
        #[derive(Deserialize)]
        struct Config {
            rootfs: Rootfs,
        }
        #[derive(Deserialize)]
        struct Rootfs {
            diff_ids: Vec<String>,
        }
        let Ok(Config { rootfs }) = serde_json::from_slice::<Config>(config) else { return 0 };
        if !self.keeps_layers_apart().await {
            return 0;
        }
        let mut held = 0;
        for name in names {
            let Ok(found) = self.inspect(name).await else { continue };
            let layers = found.root_fs.and_then(|root| root.layers).unwrap_or_default();
            let same = rootfs.diff_ids.iter().zip(&layers).take_while(|(ours, theirs)| ours == theirs).count();
            held = held.max(same);
        }
        held
    }

    /// Whether layers are the engine's own. In containerd, a manifest needs the blobs that it names, compressed.
    async fn keeps_layers_apart(&self) -> bool {
        let Ok(info) = self.docker.info().await else { return false };
        let containerd = |pair: &Vec<String>| pair.iter().any(|text| text.starts_with("io.containerd."));
        !info.driver_status.unwrap_or_default().iter().any(containerd)
    }

    async fn send(&self, cargo: &Cargo<'_>, config: &Bytes, held: usize) -> Result<(), Error> {
        let failed = self.conversation("take the image");
        let (sender, mut receiver) = mpsc::channel(4);
        let body = futures_util::stream::poll_fn(move |context| receiver.poll_recv(context));
        let request = hyper::Request::post("/images/load?quiet=1")
            .header("Host", "docker")
            .header("Content-Type", "application/x-tar")
            .body(StreamBody::new(body))
            .map_err(|fault| failed(Box::new(fault)))?;
        let answer = async {
            let response = self.request(request, "take the image").await?;
            let status = response.status();
            let body = response.into_body().collect().await.map_err(|fault| failed(Box::new(fault)))?;
            Ok::<_, Error>((status, body.to_bytes()))
        };
        let (written, answer) = tokio::join!(cargo.write(config, held, sender), answer);
        // A fault of ours breaks the engine's request, too.
        written?;
        let (status, body) = answer?;
        match complaint(&body) {
            None if status.is_success() => Ok(()),
            message => Err(Error::Load { message: message.unwrap_or_else(|| format!("it answered {status}")) }),
        }
    }
}

impl<'s> Cargo<'s> {
    fn new(shipment: &'s Shipment, names: &'s [String], progress: &'s Progress) -> Result<Self, Error> {
        let [manifest] = shipment.manifests.as_slice() else {
            return Err(Error::Load { message: "it takes one platform's image at a time".to_owned() });
        };
        let Manifest::Image(image) = manifest.read()? else {
            return Err(Error::Load { message: "it takes one platform's image, and no index".to_owned() });
        };
        let parcels = shipment.distinct().into_iter().map(|p| (p.descriptor.digest().to_string(), p)).collect();
        Ok(Self { manifest, image, parcels, names, progress })
    }

    fn parcel(&self, descriptor: &Descriptor) -> Result<&'s Parcel, Error> {
        let parcel = self.parcels.get(descriptor.digest().as_ref());
        let missing = || Error::Load { message: format!("the shipment lacks the blob {}", descriptor.digest()) };
        parcel.copied().ok_or_else(missing)
    }

    /// The image config, whole.
    async fn config(&self) -> Result<Bytes, Error> {
        let parcel = self.parcel(self.image.config())?;
        if parcel.descriptor.size() > CONFIG {
            return Err(RegistryError::TooLarge { what: parcel.name.clone(), limit: CONFIG }.into());
        }
        let mut feed = Feed::open(parcel, 0..parcel.descriptor.size());
        let mut whole = Vec::new();
        while let Some(piece) = feed.piece().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.into())
    }

    /// Writes the archive, but for the lowest `held` layers. That nobody takes it any more is for the engine to explain.
    async fn write(&self, config: &Bytes, held: usize, to: Pieces) -> Result<(), Error> {
        let result = self.write_files(config, held, &to).await;
        match result {
            Ok(()) | Err(Stop::Refused) => Ok(()),
            Err(Stop::Fault(fault)) => {
                let _ = to.send(Err(io::Error::other("its source failed"))).await;
                Err(fault)
            }
        }
    }

    async fn write_files(&self, config: &Bytes, held: usize, to: &Pieces) -> Result<(), Stop> {
        let layers: Vec<_> = self.image.layers().iter().map(|layer| path_of(layer.digest())).collect();
        let docker = json!([{"Config": path_of(self.image.config().digest()), "RepoTags": self.names,
            "Layers": layers}]);
        small(to, "manifest.json", &docker.to_string().into()).await?;
        small(to, "oci-layout", &Bytes::from_static(br#"{"imageLayoutVersion":"1.0.0"}"#)).await?;
        small(to, "index.json", &self.index().into()).await?;
        small(to, &path_of(&self.manifest.digest), &self.manifest.bytes).await?;
        small(to, &path_of(self.image.config().digest()), config).await?;
        let mut written = std::collections::BTreeSet::new();
        for layer in self.image.layers().iter().skip(held) {
            if written.insert(layer.digest().to_string()) {
                self.layer(self.parcel(layer)?, to).await?;
            }
        }
        send(to, Bytes::from_static(&[0; 2 * BLOCK])).await
    }

    /// The index of the same archive read as an OCI layout, with the name that containerd looks for.
    fn index(&self) -> String {
        let entry = |name: Option<&String>| {
            let mut entry = json!({"mediaType": self.manifest.media_type.to_string(),
                "digest": self.manifest.digest.to_string(), "size": self.manifest.bytes.len()});
            if let Some(name) = name {
                let tag = name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
                entry["annotations"] =
                    json!({"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag});
            }
            entry
        };
        let entries: Vec<_> = match self.names {
            [] => vec![entry(None)],
            names => names.iter().map(|name| entry(Some(name))).collect(),
        };
        json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries})
            .to_string()
    }

    async fn layer(&self, parcel: &Parcel, to: &Pieces) -> Result<(), Stop> {
        let size = parcel.descriptor.size();
        send(to, header(&path_of(parcel.descriptor.digest()), size)?).await?;
        let mut feed = Feed::open(parcel, 0..size);
        let mut bytes = 0;
        while let Some(piece) = feed.piece().await? {
            bytes += piece.len() as u64;
            send(to, piece).await?;
            (self.progress)(Passage::Sending { parcel, bytes });
        }
        send(to, padding(size)).await
    }
}

/// Why the archive isn't written on.
enum Stop {
    /// The engine takes no more, and has said why in its answer.
    Refused,
    Fault(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(fault: E) -> Self {
        Self::Fault(fault.into())
    }
}

async fn send(to: &Pieces, bytes: Bytes) -> Result<(), Stop> {
    to.send(Ok(Frame::data(bytes))).await.map_err(|_| Stop::Refused)
}

async fn small(to: &Pieces, path: &str, bytes: &Bytes) -> Result<(), Stop> {
    let size = bytes.len() as u64;
    send(to, header(path, size)?).await?;
    send(to, bytes.clone()).await?;
    send(to, padding(size)).await
}

fn path_of(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.digest())
}

fn header(path: &str, size: u64) -> Result<Bytes, Error> {
    let mut header = tar::Header::new_ustar();
    let odd = |fault: io::Error| Error::Load { message: format!("{path} fits no archive: {fault}") };
    header.set_path(path).map_err(odd)?;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    Ok(Bytes::copy_from_slice(header.as_bytes()))
}

/// What fills a file's last block.
fn padding(size: u64) -> Bytes {
    const ZEROS: &[u8] = &[0; BLOCK];
    let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    Bytes::from_static(&ZEROS[..(BLOCK - over) % BLOCK])
}

/// What the engine complains of in its answer, which is a success all the same.
fn complaint(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Line {
        error: Option<String>,
        message: Option<String>,
    }
    let lines = serde_json::Deserializer::from_slice(body).into_iter::<Line>();
    lines.map_while(Result::ok).find_map(|line| line.error.or(line.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_fills_whole_blocks() {
        for (size, wanted) in [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)] {
            assert_eq!(padding(size).len(), wanted, "{size}");
        }
    }

    #[test]
    fn complaints_are_found_in_what_looks_like_success() {
        let lines = b"{\"stream\":\"Loaded\"}\r\n{\"errorDetail\":{\"message\":\"x\"},\"error\":\"no space\"}\n";
        assert_eq!(complaint(lines).as_deref(), Some("no space"));
        assert_eq!(complaint(b"{\"message\":\"bad\"}").as_deref(), Some("bad"));
        assert_eq!(complaint(b"{\"stream\":\"Loaded\"}"), None);
    }
}
