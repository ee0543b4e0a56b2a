//! Pushing: from an image in an engine to one in a registry, confirmed by its digest.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use oci_spec::image::Descriptor;

use super::build::Local;
use super::examine::{Examined, Kind, Look, examine};
use super::libraries;
use crate::engine::buildkit::Daemon;
use crate::engine::docker::{DockerEngine, EnginePush};
use crate::engine::error::{Error as EngineError, PushFailure};
use crate::fault::{Class, Fault};
use crate::image::assembly::MADE_BY;
use crate::image::closure::Places;
use crate::image::config::ImageConfig;
use crate::image::contract::ImageContract;
use crate::image::reference::{Digest, DigestRef, ImageRef, Repository, Tag};
use crate::inspect::Image;
use crate::registry::{Keychain, Options, Pointer, RawManifest, Registry, Security};
use crate::report::Report;
use crate::settings::RegistrySecurity;
use crate::workload::probes::Assertions;

/// Waits before the second, third and fourth try of a push.
const BACK_OFF: &[Duration] = &[Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// An image in a registry.
#[derive(Debug)]
pub struct Pushed {
    /// Its name by content.
    pub reference: DigestRef,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// What it says of itself and promises, read back from the registry.
    pub examined: Examined,
    /// Its layers, the lowest first.
    pub layers: Vec<Layer>,
    /// How much was uploaded, in bytes, where that is known.
    pub uploaded: Option<u64>,
    /// Requests of ours to the registry.
    pub requests: u64,
    /// How long it took.
    pub time: Duration,
}

/// A layer in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its digest, compressed.
    pub digest: String,
    /// Its size, compressed, in bytes.
    pub size: u64,
    /// What made it.
    pub what: String,
}

impl Pushed {
    /// The size of all layers, compressed, in bytes.
    pub fn compressed(&self) -> u64 {
        self.layers.iter().map(|l| l.size).sum()
    }

    /// What it promises.
    pub fn contract(&self) -> &ImageContract {
        &self.examined.shown().contract
    }
}

/// The name by which the engine has an image of this repository.
pub fn engine_name(repository: &Repository, tag: &Tag) -> String {
    format!("{repository}:{tag}")
}

/// A client of the repository's registry.
pub async fn client(
    repository: &Repository,
    stated: &RegistrySecurity,
    keychain: &Keychain,
) -> Result<Arc<Registry>, Fault> {
    let credentials = keychain.lookup(repository.host()).await?;
    Ok(Arc::new(Registry::new(&options(repository.host(), stated), credentials)?))
}

/// What a client of that registry is made from.
pub fn options(host: &str, stated: &RegistrySecurity) -> Options {
    let mut extra_ca = docker_ca(host);
    extra_ca.extend(stated.ca.clone());
    Options {
        host: host.to_owned(),
        security: if stated.insecure { Security::InsecureAllowed } else { Security::Tls },
        extra_ca,
        user_agent: concat!("pydeploy/", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

/// The authorities that Docker trusts for a registry: <https://docs.docker.com/engine/security/certificates/>.
fn docker_ca(host: &str) -> Vec<PathBuf> {
    let folder = Path::new("/etc/docker/certs.d").join(host);
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|e| e.path());
    let mut files: Vec<_> = entries.filter(|p| p.extension().is_some_and(|e| e == "crt")).collect();
    files.sort();
    files
}

/// Where an image goes.
pub struct Destination<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The tags that it gets.
    pub tags: &'a [Tag],
    /// Its registry.
    pub registry: &'a Arc<Registry>,
    /// Who we are there.
    pub keychain: Arc<Keychain>,
    /// Where the files are whose libraries are looked for.
    pub places: Places,
}

/// Pushes what was built. The contract is checked first: what can't run is not given a tag.
pub async fn push(
    daemon: &Daemon,
    local: &Local,
    to: &Destination<'_>,
    stated: Assertions,
    report: &Report,
) -> Result<Pushed, Fault> {
    let Destination { repository, tags, registry, keychain, places } = to;
    let begun = Instant::now();
    let mut pushed = match daemon {
        Daemon::Engine(engine) => {
            let Some((first, others)) = tags.split_first() else {
                return Err(Fault::new(Class::Project, "there is no tag to push", None));
            };
            let auth = keychain.raw_docker_auth(repository.host()).await?;
            let sent = engine_push(engine, repository, first, auth.expose(), report).await?;
            let reference = DigestRef::confirmed((*repository).clone(), sent.digest.parse()?);
            let (manifest, mut pushed) = read_back(registry, &reference, stated).await?;
            tag(registry, repository, others, &manifest).await?;
            pushed.uploaded = Some(uploaded(&sent, &pushed));
            pushed
        }
        Daemon::Standalone(_) => {
            let digest: Digest = match &local.built.digest {
                Some(digest) => digest.parse()?,
                None => {
                    return Err(Fault::new(Class::Build, "the builder reported no digest for what it pushed", None));
                }
            };
            let reference = DigestRef::confirmed((*repository).clone(), digest);
            let (manifest, pushed) = read_back(registry, &reference, stated).await?;
            pushed.examined.check()?;
            let image = Image::from_manifest(Arc::clone(registry), reference, manifest.clone()).await?;
            libraries::check(&image, &image.name, *places).await?;
            tag(registry, repository, tags, &manifest).await?;
            pushed
        }
    };
    pushed.tags = tags.to_vec();
    pushed.requests = registry.traffic().requests;
    pushed.time = begun.elapsed();
    Ok(pushed)
}

/// The engine pushes; what may pass by itself is tried again.
async fn engine_push(
    engine: &DockerEngine,
    repository: &Repository,
    tag: &Tag,
    auth: &str,
    report: &Report,
) -> Result<EnginePush, Fault> {
    let mut waits = BACK_OFF.iter();
    loop {
        let result = engine.push(&repository.to_string(), tag.as_str(), auth, &report.events()).await;
        let again = matches!(&result, Err(EngineError::Push { failure: PushFailure::Unavailable, .. }));
        match (result, waits.next()) {
            (Err(error), Some(wait)) if again => {
                report.note(&format!("{error}; trying again"));
                tokio::time::sleep(*wait).await;
            }
            (result, _) => return Ok(result?),
        }
    }
}

/// Gives the manifest its tags; it goes last, so no tag ever names an image that isn't whole.
async fn tag(registry: &Registry, repository: &Repository, tags: &[Tag], manifest: &RawManifest) -> Result<(), Fault> {
    for tag in tags {
        registry.put_manifest(repository.path(), &Pointer::Tag(tag.as_str().to_owned()), manifest).await?;
    }
    Ok(())
}

/// An image as the registry has it, by tag or digest.
pub async fn read(registry: &Arc<Registry>, image: &ImageRef, stated: Assertions) -> Result<Pushed, Fault> {
    let pointer: Pointer = image.selector().parse()?;
    let manifest = registry.manifest(image.repository.path(), &pointer).await?;
    let reference = DigestRef::confirmed(image.repository.clone(), manifest.digest.to_string().parse()?);
    let mut pushed = describe(registry, reference, manifest, stated).await?;
    pushed.tags = image.tag.iter().cloned().collect();
    Ok(pushed)
}

async fn read_back(
    registry: &Arc<Registry>,
    reference: &DigestRef,
    stated: Assertions,
) -> Result<(RawManifest, Pushed), Fault> {
    let pointer: Pointer = reference.digest().as_str().parse()?;
    let manifest = registry.manifest(reference.repository().path(), &pointer).await?;
    let pushed = describe(registry, reference.clone(), manifest.clone(), stated).await?;
    Ok((manifest, pushed))
}

/// An image of an OCI layout, under the repository that it will be pushed to: its digest is that of its content.
pub async fn read_layout(layout: &str, repository: &Repository, stated: Assertions) -> Result<Pushed, Fault> {
    let image = Image::from_layout(layout).await?;
    let reference = DigestRef::confirmed(repository.clone(), image.digest.to_string().parse()?);
    let mut pushed = described(&image, Kind::Layout, reference, Look::Programs, stated).await?;
    pushed.examined.name.clone_from(&image.name);
    Ok(pushed)
}

async fn describe(
    registry: &Arc<Registry>,
    reference: DigestRef,
    manifest: RawManifest,
    stated: Assertions,
) -> Result<Pushed, Fault> {
    let image = Image::from_manifest(Arc::clone(registry), reference.clone(), manifest).await?;
    let pushed = described(&image, Kind::Registry, reference, Look::Accounts, stated).await?;
    Ok(Pushed { requests: registry.traffic().requests, ..pushed })
}

async fn described(
    image: &Image,
    kind: Kind,
    reference: DigestRef,
    look: Look,
    stated: Assertions,
) -> Result<Pushed, Fault> {
    let examined = examine(kind, image, look, stated).await?;
    let shown = examined.shown();
    let of_shown = image.platforms.iter().find(|p| p.platform == shown.name);
    let layers = of_shown.map(|p| layers(&p.layers, &shown.config)).unwrap_or_default();
    let (tags, uploaded, time) = (Vec::new(), None, Duration::ZERO);
    Ok(Pushed { reference, tags, examined, layers, uploaded, requests: 0, time })
}

fn layers(all: &[Descriptor], config: &ImageConfig) -> Vec<Layer> {
    let mut made = config.history.iter().filter(|h| !h.empty_layer).map(|h| what(&h.created_by));
    let layer = |descriptor: &Descriptor| Layer {
        digest: descriptor.digest().to_string(),
        size: descriptor.size(),
        what: made.next().unwrap_or_default(),
    };
    all.iter().map(layer).collect()
}

/// What a layer holds, from the instruction that made it.
pub(super) fn what(created_by: &str) -> String {
    if let Some(what) = created_by.strip_prefix(MADE_BY) {
        return what.to_owned();
    }
    let known: &[(&str, &str)] = &[
        ("COPY /opt/venv", "dependencies"),
        ("COPY /app /app", "code"),
        ("apt-get install", "system packages"),
        ("apk add", "system packages"),
        ("groupadd --gid", "account"),
        ("addgroup -g", "account"),
        ("WORKDIR", "folder"),
    ];
    if let Some((_, name)) = known.iter().find(|(mark, _)| created_by.contains(mark)) {
        return (*name).to_owned();
    }
    let plain = created_by.trim_start_matches("/bin/sh -c ").trim_start_matches("#(nop) ").trim();
    let short: String = plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(48).collect();
    if short.is_empty() { "base".to_owned() } else { short }
}

/// The engine names what it uploaded by the first digits of its uncompressed digest.
fn uploaded(sent: &EnginePush, pushed: &Pushed) -> u64 {
    let is_sent = |diff: &String| {
        let digits: String = diff.trim_start_matches("sha256:").chars().take(12).collect();
        sent.pushed.contains(&digits)
    };
    let diffs = pushed.examined.shown().config.rootfs.diff_ids.iter();
    diffs.zip(&pushed.layers).filter(|(diff, _)| is_sent(diff)).map(|(_, layer)| layer.size).sum()
}
