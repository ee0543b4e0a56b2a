//! A real Debian archive: what apt says of it is what we say. Where it is, this machine's apt sources tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use pydeploy::cache::Cache;
use pydeploy::debian::archive::{Archive, Http, Wanted, fetch, sources_of_machine};
use pydeploy::debian::lock::Locked;
use pydeploy::debian::sources::{Source, choose};
use pydeploy::debian::trust::Trust;
use pydeploy::debian::version;
use pydeploy::engine::event::Events;

/// A release that has Python 3.13.
const RELEASE: &str = "trixie";
/// What services ask for, alone and together.
const ASKED: &[&[&str]] = &[
    &["python3.13-minimal", "libpython3.13-stdlib", "ca-certificates", "tzdata", "netbase", "media-types"],
    &["libpq-dev"],
    &["gcc", "git"],
    &["build-essential", "pkgconf", "python3-dev"],
    &["ffmpeg"],
    &["libgl1", "libglib2.0-0t64"],
    &["postfix"],
    &["default-jre-headless"],
    &["weasyprint"],
    &["tesseract-ocr", "fonts-dejavu"],
    &["mariadb-client", "postgresql-client"],
    &["exim4"],
    &["libreoffice-writer-nogui"],
    &["chromium"],
];

fn silent() -> Events {
    Arc::new(|_| {})
}

fn sources(architecture: &str) -> Vec<Source> {
    let found = choose(&sources_of_machine(Path::new("/")).unwrap(), RELEASE, architecture);
    assert!(!found.is_empty(), "this machine's apt knows no archive of Debian");
    found
}

async fn open(cache: &Path, architecture: &str) -> Archive {
    let (trust, http) = (Trust::debian().unwrap(), Http::new().unwrap());
    let cache = Cache::open(cache).unwrap();
    Archive::open(&sources(architecture), &trust, &http, &cache, architecture, &silent()).await.unwrap()
}

/// An apt of its own, on a system without a package.
struct Apt {
    folder: tempfile::TempDir,
}

impl Apt {
    fn new(architecture: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let line = |source: &Source| format!("deb {} {} main\n", source.uri, source.suite);
        std::fs::write(folder.path().join("sources.list"), sources(architecture).iter().map(line).collect::<String>())
            .unwrap();
        for name in ["state/lists/partial", "cache/archives/partial", "parts"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("status"), "").unwrap();
        let apt = Self { folder };
        apt.run(architecture, &["update"]);
        apt
    }

    fn run(&self, architecture: &str, arguments: &[&str]) -> String {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let output = Command::new("apt-get")
            .args(["-o", &format!("Dir::State={}", at("state")), "-o", &format!("Dir::Cache={}", at("cache"))])
            .args(["-o", &format!("Dir::State::status={}", at("status"))])
            .args(["-o", &format!("Dir::Etc::sourcelist={}", at("sources.list"))])
            .args(["-o", &format!("Dir::Etc::sourceparts={}", at("parts"))])
            .args(["-o", &format!("APT::Architecture={architecture}"), "-o", "APT::Architectures="])
            .args(["-o", "APT::Sandbox::User=root", "-o", "APT::Install-Recommends=false"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Names and versions of what it would install.
    fn closure(&self, architecture: &str, roots: &[&str]) -> BTreeSet<String> {
        let text = self.run(architecture, &[&["--simulate", "install"], roots].concat());
        let packages = text.lines().filter_map(|line| line.strip_prefix("Inst ")).map(|line| {
            let (name, rest) = line.split_once(' ').unwrap();
            let version = rest.trim_start_matches('(').split(' ').next().unwrap();
            format!("{} {version}", name.split(':').next().unwrap())
        });
        packages.collect()
    }
}

#[tokio::test]
#[ignore = "needs the bed: a Debian archive"]
async fn the_closure_is_apt_s_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let (archive, apt) = (open(folder.path(), architecture).await, Apt::new(architecture));
        for roots in ASKED {
            let found = archive.closure(roots, &BTreeMap::new()).unwrap();
            let ours: BTreeSet<_> = found.iter().map(|p| format!("{} {}", p.name, p.version)).collect();
            let theirs = apt.closure(architecture, roots);
            if ours != theirs {
                let (more, less): (Vec<_>, Vec<_>) =
                    (ours.difference(&theirs).collect(), theirs.difference(&ours).collect());
                wrong.push(format!("{architecture} {roots:?} of {}: we add {more:?}, apt adds {less:?}", theirs.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
#[ignore = "needs the bed: a Debian archive"]
async fn libraries_are_found_and_packages_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path(), "amd64").await;
    let sonames = ["libpq.so.5", "libmariadb.so.3", "libGL.so.1", "libstdc++.so.6", "libnone.so.0"];
    let found = archive.providers(&sonames, &silent()).await.unwrap();
    let best: Vec<_> = found.iter().map(|(name, all)| format!("{name} {}", all[0].package)).collect();
    assert_eq!(
        best,
        ["libGL.so.1 libgl1", "libmariadb.so.3 libmariadb3", "libpq.so.5 libpq5", "libstdc++.so.6 libstdc++6"]
    );
    let packages = archive.closure(&["netbase", "media-types"], &BTreeMap::new()).unwrap();
    let blobs = archive.fetch(&packages, &silent()).await.unwrap();
    assert!(packages.iter().zip(&blobs).all(|(package, blob)| package.sha256 == *blob.digest()));
    assert!(std::fs::read(blobs[0].path()).unwrap().starts_with(b"!<arch>\n"));
    // By a lock, without an index.
    let (fresh, package) = (tempfile::tempdir().unwrap(), &packages[0]);
    let locked = Locked {
        version: package.version.clone(),
        sha256: package.sha256.clone(),
        size: package.size,
        filename: package.filename.clone(),
    };
    let (wanted, cache) =
        (Wanted::locked(&package.name, &locked, &sources("amd64")), Cache::open(fresh.path()).unwrap());
    assert_eq!(fetch(&[wanted], &Http::new().unwrap(), &cache, &silent()).await.unwrap().len(), 1);
}

#[test]
#[ignore = "needs the bed: dpkg"]
fn versions_stand_in_dpkg_s_order() {
    let versions = [
        "1.0",
        "1.0-1",
        "1.0-1+b1",
        "1.0~rc1-1",
        "1.0-0.1",
        "1:0.9",
        "0:1.0",
        "1.0a",
        "1.0+dfsg",
        "1.0.0",
        "1.00-01",
        "1.0-1~deb13u1",
        "20250101T101112",
        "1.0~~",
        "2.36-9+deb12u10",
    ];
    for one in versions {
        for other in versions {
            let is = |relation: &str| {
                let arguments = ["--compare-versions", one, relation, other];
                Command::new("dpkg").args(arguments).status().unwrap().success()
            };
            let order = version::compare(one, other);
            assert_eq!((is("lt"), is("eq")), (order.is_lt(), order.is_eq()), "{one} and {other}");
        }
    }
}
