//! Images read from wherever they are, and the real engine's own word on what they hold.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use pydeploy::engine::docker::{DockerEngine, Whereabouts};
use pydeploy::inspect::{Entry, Image, Presence};
use pydeploy::registry::{Credentials, Options, Registry, Security};

use crate::sandbox::{bed, docker, repository};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What is looked at in every image: some of it is nowhere.
const FILES: &[&str] = &[
    "/etc/passwd",
    "/etc/group",
    "/etc/os-release",
    "/etc/shadow",
    "/bin",
    "/gone/file",
    "/kept/file",
    "/opaque/old",
    "/opaque/sub/old",
    "/opaque/sub/new",
    "/replaced",
    "/link/file",
    "/circle",
    "/out",
    "/hard",
    "/proc-like/pipe",
    "/.././../etc/passwd",
];
const PROGRAMS: &[&str] = &["sh", "/bin/sh", "python3", "curl", "tool", "plain", "./tool", "/kept"];

/// Each line is a way for layers to hide, replace or lead elsewhere.
const DOCKERFILE: &str = r"FROM python:3.13-slim
RUN mkdir -p /gone /kept /opaque/sub /replaced /real && for d in gone kept opaque opaque/sub replaced; do echo low >/$d/file; done && echo old >/opaque/old && echo old >/opaque/sub/old
RUN rm -r /gone && echo high >/kept/file && rm -r /opaque && mkdir -p /opaque/sub && echo new >/opaque/sub/new
RUN rm -r /replaced && echo a file >/replaced && mkfifo /real/pipe && ln -s real /proc-like
RUN echo real >/real/file && ln -s /real /link && ln -s circle /circle && ln -s ../../../../etc/passwd /out && ln /real/file /hard
RUN useradd --uid 4321 app && printf '#!/bin/sh\n' >/usr/local/bin/tool && chmod 4755 /usr/local/bin/tool && echo text >/usr/local/bin/plain && ln -s usr/local/bin/tool /tool
USER app
";

fn registry() -> Arc<Registry> {
    let host = bed("PYDEPLOY_TEST_REGISTRY");
    let options = Options { host, security: Security::Tls, extra_ca: Vec::new(), user_agent: "pydeploy/test".into() };
    Arc::new(Registry::new(&options, Credentials::Anonymous).unwrap())
}

async fn engine() -> DockerEngine {
    let host = std::env::var("DOCKER_HOST").ok();
    DockerEngine::connect(Whereabouts { host, ..Whereabouts::default() }.resolve().unwrap()).await.unwrap()
}

/// An image in the engine and in the registry; the engine's is removed when this is dropped.
struct Built(String);

impl Drop for Built {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

/// Builds with the bed's engine and pushes to its registry.
fn built(name: &str, dockerfile: &str) -> Built {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    let reference = format!("{}:a", repository(name));
    docker(&["build", "-q", "-t", &reference, &folder.path().display().to_string()]);
    docker(&["push", "-q", &reference]);
    Built(reference)
}

/// Builds the same with the bed's buildkitd, into a layout or a registry.
fn buildctl(dockerfile: &str, output: &str, more: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    let context = folder.path().display();
    let done = Command::new(bed("PYDEPLOY_TEST_BUILDCTL"))
        .args(["--addr", &bed("PYDEPLOY_TEST_BUILDKIT"), "build", "--frontend", "dockerfile.v0"])
        .args(["--local", &format!("context={context}"), "--local", &format!("dockerfile={context}")])
        .args(["--output", output])
        .args(more)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The containers of an image, running or not.
fn containers(reference: &str) -> String {
    docker(&["ps", "-aq", "--filter", &format!("ancestor={reference}")])
}

async fn seen(image: &Image) -> (BTreeMap<String, String>, BTreeMap<String, Presence>) {
    let platform = &image.platforms[0];
    let files = image.files(platform, FILES).await.unwrap();
    let files = files.into_iter().map(|(path, entry)| {
        let shown = match entry {
            Entry::File { bytes, mode } => format!("{mode:o} {}", String::from_utf8_lossy(&bytes)),
            other => format!("{other:?}"),
        };
        (path, shown)
    });
    (files.collect(), image.programs(platform, PROGRAMS, PATH).await.unwrap())
}

#[tokio::test]
#[ignore = "needs the bed: docker registry base buildkit"]
async fn an_image_is_the_same_wherever_it_is_read_from() {
    let built = built("reading", DOCKERFILE);
    let reference = built.0.as_str();
    let image = Image::from_registry(registry(), &reference.parse().unwrap()).await.unwrap();
    let (files, programs) = seen(&image).await;
    // What the engine itself says of it.
    for (path, shown) in &files {
        let said = Command::new("docker")
            // To read a pipe would wait for who writes to it.
            .args(["run", "--rm", "--user", "0", reference, "sh", "-c", "test -f \"$0\" && cat \"$0\"", path])
            .output()
            .unwrap();
        let content = String::from_utf8(said.stdout).unwrap();
        let ours = shown.split_once(' ').filter(|_| said.status.success() || shown.starts_with(char::is_numeric));
        assert_eq!(ours.map(|(_, ours)| ours).unwrap_or_default(), content, "{path}: {shown}");
        assert_eq!(said.status.success(), shown.starts_with(char::is_numeric), "{path}: {shown}");
    }
    assert!(files["/etc/passwd"].contains("app:x:4321:"), "{}", files["/etc/passwd"]);
    assert_eq!((files["/opaque/old"].as_str(), files["/opaque/sub/old"].as_str()), ("Missing", "Missing"));
    assert_eq!((files["/opaque/sub/new"].as_str(), files["/circle"].as_str()), ("644 new\n", "Loop"));
    assert_eq!(programs["tool"], Presence::Executable("/usr/local/bin/tool".into()));
    assert_eq!(programs["./tool"], Presence::Executable("/usr/local/bin/tool".into()));
    assert_eq!(programs["sh"], Presence::Executable("/usr/bin/dash".into()));
    assert_eq!(programs["plain"], Presence::NotExecutable("/usr/local/bin/plain".into()));
    assert_eq!((&programs["curl"], &programs["/kept"]), (&Presence::Missing, &Presence::Missing));

    // In the engine, through a container of which nothing is left.
    let inside = Image::from_engine(engine().await, reference).await.unwrap();
    assert_eq!(inside.platforms[0].config.config, image.platforms[0].config.config);
    assert_eq!(inside.platforms[0].config.rootfs, image.platforms[0].config.rootfs);
    let (mut there, programs_there) = seen(&inside).await;
    // The engine makes this one anew for every container.
    there.insert("/proc-like/pipe".to_owned(), files["/proc-like/pipe"].clone());
    assert_eq!((there, programs_there), (files.clone(), programs.clone()));
    assert_eq!(containers(reference), "");

    // In a layout, whose layers are those of the registry, with either compression.
    let folder = tempfile::tempdir().unwrap();
    let plain = format!("FROM {reference}\n");
    for (name, how) in [("gzip", "compression=gzip"), ("zstd", "compression=zstd,oci-mediatypes=true")] {
        let dest = folder.path().join(name);
        buildctl(&plain, &format!("type=oci,dest={},tar=false,force-compression=true,{how}", dest.display()), &[]);
        let layout = Image::from_layout(&dest.display().to_string()).await.unwrap();
        let kind = layout.platforms[0].layers[0].media_type().to_string();
        assert!(kind.ends_with(name), "{kind}");
        assert_eq!(seen(&layout).await, (files.clone(), programs.clone()), "{name}");
    }
    let archive = folder.path().join("image.tar");
    buildctl(&plain, &format!("type=oci,dest={}", archive.display()), &[]);
    let archive = Image::from_layout(&archive.display().to_string()).await.unwrap();
    assert_eq!(seen(&archive).await, (files, programs));
}

#[tokio::test]
#[ignore = "needs the bed: docker registry base buildkit"]
async fn every_platform_of_an_index_is_read() {
    let name = repository("reading-platforms");
    let text = "FROM scratch\nARG TARGETARCH\nUSER user-$TARGETARCH\nCOPY Dockerfile /\n";
    let output = format!("type=image,name={name}:a,push=true,registry.insecure=true");
    buildctl(text, &output, &["--opt", "platform=linux/amd64,linux/arm64,linux/arm/v7", "--opt", "attest:provenance="]);
    let image = Image::from_registry(registry(), &format!("{name}:a").parse().unwrap()).await.unwrap();
    let read: Vec<_> = image.platforms.iter().map(|p| (p.platform.as_str(), p.config.config.user.as_str())).collect();
    assert_eq!(read, [("linux/amd64", "user-amd64"), ("linux/arm64", "user-arm64"), ("linux/arm/v7", "user-arm")]);
    assert!(image.others.is_empty(), "{:?}", image.others);
}

#[tokio::test]
#[ignore = "needs the bed: docker registry base"]
async fn a_small_layer_on_a_large_one_is_all_that_is_fetched() {
    // A hundred megabytes that no compression makes smaller.
    let text = "FROM python:3.13-slim\nRUN head -c 100000000 /dev/urandom >/large && true\nRUN useradd app\nUSER app\n";
    let built = built("reading-large", text);
    let reference = built.0.as_str();
    let registry = registry();
    let image = Image::from_registry(Arc::clone(&registry), &reference.parse().unwrap()).await.unwrap();
    let stored: u64 = image.platforms[0].layers.iter().map(oci_spec::image::Descriptor::size).sum();
    assert!(stored > 100_000_000, "{stored}");
    let config_alone = registry.traffic();
    let files = image.files(&image.platforms[0], &["/etc/passwd", "/etc/group"]).await.unwrap();
    assert!(files.values().all(|entry| matches!(entry, Entry::File { .. })), "{files:?}");
    let traffic = registry.traffic();
    println!("{config_alone:?}, then {traffic:?}");
    assert!(traffic.bytes_received < 1_000_000, "{traffic:?}");
    // The protocol found out, the manifest, the config, one layer: and no more for a second question.
    assert_eq!((config_alone.requests, traffic.requests), (3, 4));
    image.files(&image.platforms[0], &["/etc/passwd"]).await.unwrap();
    assert_eq!(registry.traffic().requests, 4);
}

#[tokio::test]
#[ignore = "needs the bed: docker base"]
async fn nothing_is_left_of_a_reading_that_was_broken_off() {
    let built = built("reading-broken-off", "FROM python:3.13-slim\nLABEL only=here\n");
    let image = Image::from_engine(engine().await, &built.0).await.unwrap();
    // At every moment of it: before the container is there, while it is made, and while its files are read.
    for moment in 0..20 {
        let reading = image.files(&image.platforms[0], FILES);
        let _ = tokio::time::timeout(std::time::Duration::from_millis(moment * 10), reading).await;
    }
    assert_eq!(containers(&built.0), "");
    let fault = Image::from_engine(engine().await, "no-such-image").await.err().unwrap();
    assert!(fault.to_string().contains("no image no-such-image"), "{fault}");
}
