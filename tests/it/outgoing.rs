//! Images that go out, made of the base's layers and one of their own: loaded into the real engine, and written into
//! layouts that other tools read.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use oci_spec::image::{Descriptor, Digest, MediaType};
use pydeploy::engine::docker::{DockerEngine, Whereabouts};
use pydeploy::layout::{Layout, write};
use pydeploy::registry::{
    BlobSource, Credentials, Manifest, Options, Parcel, Passage, Presence, Progress, RawManifest, Registry, Security,
    Shipment, silent,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::sandbox::{bed, docker, repository};

fn registry() -> Arc<Registry> {
    let host = bed("PYDEPLOY_TEST_REGISTRY");
    let options = Options { host, security: Security::Tls, extra_ca: Vec::new(), user_agent: "pydeploy/test".into() };
    Arc::new(Registry::new(&options, Credentials::Anonymous).unwrap())
}

fn digest(bytes: &[u8]) -> Digest {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes))).parse().unwrap()
}

/// A layer with one file, and the digest of its archive.
fn layer(folder: &Path, text: &str) -> (Parcel, Digest) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(1);
    tar.append_data(&mut header, "app/main.py", text.as_bytes()).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    gzip.write_all(&tar).unwrap();
    let bytes = gzip.finish().unwrap();
    let path = folder.join(digest(&bytes).digest());
    std::fs::write(&path, &bytes).unwrap();
    let descriptor = Descriptor::new(MediaType::ImageLayerGzip, bytes.len() as u64, digest(&bytes));
    let parcel = Parcel {
        name: "layer of the code".into(),
        descriptor,
        source: BlobSource::File(path),
        presence: Presence::Unlikely,
    };
    (parcel, digest(&tar))
}

/// The engine's python:3.13-slim, in the registry, for one test.
fn base(test: &str) -> String {
    let name = repository(&format!("outgoing-base-{test}"));
    docker(&["tag", "python:3.13-slim", &format!("{name}:1")]);
    docker(&["push", "-q", &format!("{name}:1")]);
    docker(&["rmi", &format!("{name}:1")]);
    name.split_once('/').unwrap().1.to_owned()
}

/// An image that runs `text` on that base, whose layers stay in the registry until they are asked for.
async fn image(base: &str, folder: &Path, text: &str) -> Shipment {
    let registry = registry();
    let manifest = registry.manifest(base, &"1".parse().unwrap()).await.unwrap();
    let Manifest::Image(lower) = manifest.read().unwrap() else { panic!("docker pushes an image") };
    let mut config: Value = serde_json::from_slice(&registry.config(base, lower.config()).await.unwrap()).unwrap();
    let (own, diff) = layer(folder, text);
    config["config"]["Cmd"] = json!(["python", "/app/main.py"]);
    config["config"]["Entrypoint"] = Value::Null;
    config["config"]["User"] = json!("1000:1000");
    config["config"]["WorkingDir"] = json!("/app");
    config["config"]["Labels"] = json!({"made": "by a test"});
    config["rootfs"]["diff_ids"].as_array_mut().unwrap().push(json!(diff.to_string()));
    config["history"].as_array_mut().unwrap().push(json!({"created_by": "COPY code"}));
    let config = config.to_string().into_bytes();
    let config = Parcel {
        name: "image config".into(),
        descriptor: Descriptor::new(MediaType::ImageConfig, config.len() as u64, digest(&config)),
        source: BlobSource::Bytes(config.into()),
        presence: Presence::Unlikely,
    };
    let mut blobs: Vec<Parcel> = (lower.layers().iter())
        .map(|layer| Parcel {
            name: "layer of the base".into(),
            descriptor: Descriptor::new(MediaType::ImageLayerGzip, layer.size(), layer.digest().clone()),
            source: BlobSource::Remote { registry: Arc::clone(&registry), repository: base.to_owned() },
            presence: Presence::Likely,
        })
        .collect();
    blobs.push(own);
    let layers: Vec<_> = blobs.iter().map(|parcel| parcel.descriptor.clone()).collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::ImageManifest.to_string(),
        "config": config.descriptor, "layers": layers});
    blobs.push(config);
    let manifests = vec![RawManifest::new(manifest.to_string().into(), MediaType::ImageManifest).unwrap()];
    Shipment { blobs, manifests }
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// How many bytes of blobs were sent.
fn counting() -> (Progress, Arc<AtomicU64>) {
    let sum = Arc::new(AtomicU64::new(0));
    let (total, last) = (Arc::clone(&sum), Mutex::new(std::collections::BTreeMap::new()));
    let progress: Progress = Arc::new(move |passage| {
        if let Passage::Sending { parcel, bytes } = passage {
            let mut last = last.lock().unwrap();
            last.insert(parcel.descriptor.digest().to_string(), bytes);
            total.store(last.values().sum(), Ordering::Relaxed);
        }
    });
    (progress, sum)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the bed: docker registry base"]
async fn an_image_is_loaded_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let base = base("load");
    let engine = DockerEngine::connect(
        Whereabouts { host: Some(bed("DOCKER_HOST")), ..Whereabouts::default() }.resolve().unwrap(),
    )
    .await
    .unwrap();
    let name = format!("pydeploy-load-{}:1", std::process::id());
    let first = image(&base, folder.path(), "import os; print('one', os.getuid())").await;
    // The engine knows nothing of the base by a name that it is told.
    let (progress, sent) = counting();
    let id = engine.load(&first, std::slice::from_ref(&name), &[], &progress).await.unwrap();
    let config = &first.blobs.last().unwrap().descriptor;
    assert_eq!(&id, config.digest());
    assert_eq!(docker(&["inspect", "-f", "{{.Id}}", &name]), id.to_string());
    assert_eq!(docker(&["run", "--rm", &name]), "one 1000");
    assert_eq!(docker(&["run", "--rm", &name, "python", "-c", "print(6 * 7)"]), "42");
    let all: u64 = first.blobs.iter().map(|parcel| parcel.descriptor.size()).sum();
    assert_eq!(sent.load(Ordering::Relaxed), all - config.size());
    let BlobSource::Bytes(bytes) = &first.blobs.last().unwrap().source else { panic!("it is in memory") };
    let ours: Value = serde_json::from_slice(bytes).unwrap();
    let theirs: Value = serde_json::from_str(&docker(&["inspect", "-f", "{{json .Config}}", &name])).unwrap();
    for field in ["User", "Env", "Cmd", "WorkingDir", "Labels"] {
        assert_eq!(theirs[field], ours["config"][field], "{field}");
    }

    // The next image shares all layers but one.
    let second = image(&base, folder.path(), "print('two')").await;
    let (progress, sent) = counting();
    engine.load(&second, std::slice::from_ref(&name), &[], &progress).await.unwrap();
    let own = &second.blobs[second.blobs.len() - 2].descriptor;
    assert_eq!(sent.load(Ordering::Relaxed), own.size());
    assert_eq!(docker(&["run", "--rm", &name]), "two");

    // By its id alone, with what is said of its kin.
    let third = image(&base, folder.path(), "print('three')").await;
    let (progress, sent) = counting();
    let id = engine.load(&third, &[], &["python:3.13-slim".to_owned()], &progress).await.unwrap();
    assert_eq!(sent.load(Ordering::Relaxed), third.blobs[third.blobs.len() - 2].descriptor.size());
    assert_eq!(docker(&["run", "--rm", id.as_ref()]), "three");
    for image in [name.as_str(), config.digest().as_ref(), id.as_ref()] {
        docker(&["rmi", "-f", image]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the bed: docker registry base"]
async fn what_is_damaged_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Whereabouts { host: Some(bed("DOCKER_HOST")), ..Whereabouts::default() }.resolve().unwrap();
    let engine = DockerEngine::connect(endpoint).await.unwrap();
    let image = image(&base("damaged"), folder.path(), "print('never')").await;
    let own = &image.blobs[image.blobs.len() - 2];
    let BlobSource::File(path) = &own.source else { panic!("it is in a file") };
    let mut bytes = std::fs::read(path).unwrap();
    bytes[20] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let name = format!("pydeploy-damaged-{}:1", std::process::id());
    let fault = engine.load(&image, std::slice::from_ref(&name), &[], &silent()).await.unwrap_err();
    assert_eq!(fault.damaged(), Some(own.descriptor.digest()));
    assert!(engine.inspect(&name).await.is_err());
}

/// A layout of an image, under two tags.
async fn layout(test: &str, folder: &Path) -> (PathBuf, Shipment) {
    let image = image(&base(test), folder, "print('from a layout')").await;
    let layout = folder.join("layout");
    write(&layout, &image, &["1".parse().unwrap(), "latest".parse().unwrap()], &silent()).await.unwrap();
    (layout, image)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the bed: docker registry base skopeo"]
async fn skopeo_reads_a_layout() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, image) = layout("skopeo", folder.path()).await;
    let skopeo = bed("PYDEPLOY_TEST_SKOPEO");
    let source = format!("oci:{}:latest", layout.display());
    let said: Value = serde_json::from_str(&run(&skopeo, &["inspect", &source])).unwrap();
    assert_eq!(said["Digest"], image.manifests[0].digest.to_string());
    let config: Value = serde_json::from_str(&run(&skopeo, &["inspect", "--config", &source])).unwrap();
    assert_eq!(config["config"]["Cmd"], json!(["python", "/app/main.py"]));

    // Out of it, into a layout of its own and into a registry, with nothing changed.
    let policy = ["--insecure-policy", "copy", "--preserve-digests"];
    let copy = format!("oci:{}:1", folder.path().join("copy").display());
    run(&skopeo, &[&policy[..], &[&source, &copy]].concat());
    let copied = Layout::open(copy.strip_prefix("oci:").unwrap()).unwrap().manifest().unwrap();
    assert_eq!(copied.digest, image.manifests[0].digest);
    let name = repository("outgoing-skopeo");
    run(&skopeo, &[&policy[..], &["--dest-tls-verify=false", &source, &format!("docker://{name}:1")]].concat());
    let path = name.split_once('/').unwrap().1;
    let pushed = registry().manifest(path, &"1".parse().unwrap()).await.unwrap();
    assert_eq!(pushed, image.manifests[0]);

    // And into it: our tags stay, theirs can be read.
    run(&skopeo, &[&policy[..], &[&copy, &format!("oci:{}:theirs", layout.display())]].concat());
    write(&layout, &image, &["2".parse().unwrap()], &silent()).await.unwrap();
    for tag in ["1", "latest", "theirs", "2"] {
        let read = Layout::open(&format!("{}:{tag}", layout.display())).unwrap().manifest().unwrap();
        assert_eq!(read.digest, image.manifests[0].digest, "{tag}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the bed: docker registry base podman"]
async fn podman_pulls_from_a_layout() {
    let folder = tempfile::tempdir().unwrap();
    let (layout, image) = layout("podman", folder.path()).await;
    let stored = |name: &str| folder.path().join(name).display().to_string();
    let (root, state) = (stored("root"), stored("state"));
    // A store of its own, with nothing of it outside the folder, and no mount that stays.
    let store = ["--root", &root, "--runroot", &state, "--events-backend", "none", "--storage-driver", "overlay"];
    let store = [&store[..], &["--storage-opt", "overlay.skip_mount_home=true"]].concat();
    let podman = |arguments: &[&str]| {
        // It takes a path for a name, which has no capitals.
        let mut command = Command::new(bed("PYDEPLOY_TEST_PODMAN"));
        let output = command.args(&store).args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(layout.parent(), Some(folder.path()));
    let id = podman(&["pull", "--quiet", "oci:layout:latest"]);
    let config = image.blobs.last().unwrap().descriptor.digest().to_string();
    assert_eq!(format!("sha256:{}", id.trim()), config);
    let said: Value = serde_json::from_str(&podman(&["image", "inspect", id.trim()])).unwrap();
    assert_eq!(said[0]["Config"]["Cmd"], json!(["python", "/app/main.py"]));
    podman(&["image", "rm", id.trim()]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the bed: docker registry base crane"]
async fn crane_validates_a_layout_and_a_push() {
    let folder = tempfile::tempdir().unwrap();
    let image = image(&base("crane"), folder.path(), "print('validated')").await;
    let layout = folder.path().join("layout");
    // crane takes a layout of one image.
    write(&layout, &image, &["1".parse().unwrap()], &silent()).await.unwrap();
    let crane = bed("PYDEPLOY_TEST_CRANE");
    let name = format!("{}:1", repository("outgoing-crane"));
    let said = run(&crane, &["push", &layout.display().to_string(), &name]);
    assert!(said.contains(&image.manifests[0].digest.to_string()), "{said}");
    run(&crane, &["validate", "--remote", &name]);

    let name = repository("outgoing-pushed");
    let path = name.split_once('/').unwrap().1;
    let sent = registry().push(path, &image, &["1".parse().unwrap()], &silent()).await.unwrap();
    assert_eq!((sent.uploaded_blobs, sent.mounted), (2, image.blobs.len() - 2), "{sent:?}");
    run(&crane, &["validate", "--remote", &format!("{name}:1")]);
    assert_eq!(run(&crane, &["digest", &format!("{name}:1")]).trim(), image.manifests[0].digest.to_string());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the bed: docker registry base"]
async fn containerd_imports_a_layout() {
    // The engine's own containerd, where it is ours.
    let socket = bed("DOCKER_HOST")
        .trim_start_matches("unix://")
        .replace("docker.sock", "docker-exec/containerd/containerd.sock");
    assert!(Path::new(&socket).exists(), "the bed's engine runs a containerd at {socket}");
    let folder = tempfile::tempdir().unwrap();
    let (layout, image) = layout("containerd", folder.path()).await;
    let archive = folder.path().join("layout.tar").display().to_string();
    run("tar", &["-C", &layout.display().to_string(), "-cf", &archive, "."]);
    let name = format!("pydeploy.example/outgoing-{}", std::process::id());
    let ctr = ["-a", socket.as_str(), "-n", "pydeploy-test"];
    run("ctr", &[&ctr[..], &["images", "import", "--no-unpack", "--base-name", &name, &archive]].concat());
    let images = run("ctr", &[&ctr[..], &["images", "ls"]].concat());
    let digest = image.manifests[0].digest.to_string();
    let ours: Vec<_> = images.lines().filter(|line| line.contains(&name)).collect();
    assert!(ours.len() == 2 && ours.iter().all(|line| line.contains(&digest)), "{images}");
    let checked = run("ctr", &[&ctr[..], &["images", "check"]].concat());
    assert!(checked.lines().filter(|line| line.contains(&name)).all(|line| line.contains("complete")), "{checked}");
    run("ctr", &[&ctr[..], &["images", "rm", &format!("{name}:1"), &format!("{name}:latest")]].concat());
}
