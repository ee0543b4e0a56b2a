//! BuildKit as a workshop: a wheel built on the image's base, and brought here as a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::error::Error;
use super::{Place, Sdist, recipe};
use crate::engine::buildkit::{self, Daemon, Output};
use crate::engine::event::Events;
use crate::engine::{BuildInput, Cached, Dockerfile, SecretSource};
use crate::image::context::{Audience, ContextRules};
use crate::image::native::Family;
use crate::registry::Keychain;

/// The most that a wheel is taken to have, in bytes.
const LARGEST: u64 = 2 << 30;
/// Secrets that tools read as files, by id: where they look for them.
const FILES: &[(&str, &str)] = &[("pip.conf", "/etc/pip.conf"), ("netrc", "/root/.netrc")];
/// What installs packages of Debian, whose names follow.
const APT: &str = "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    \
                   --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\\n    rm -f \
                   /etc/apt/apt.conf.d/docker-clean \\\n && apt-get update \\\n && apt-get install -y \
                   --no-install-recommends ";

/// BuildKit as a workshop.
pub struct BuildKit<'w> {
    /// The daemon.
    pub daemon: &'w Daemon,
    /// The image to build on: the runtime's own base, or one of the same release with the same Python.
    pub base: &'w str,
    /// Its digest, where that is known: another base may give another wheel.
    pub digest: Option<&'w str>,
    /// Its operating system.
    pub family: Family,
    /// Compilers and headers: packages of the base's archive.
    pub packages: &'w [String],
    /// The platform to build for, as `linux/arm64`.
    pub platform: &'w str,
    /// What pip may read while it runs.
    pub secrets: &'w BTreeMap<String, SecretSource>,
    /// For the base's registry.
    pub keychain: Arc<Keychain>,
}

impl BuildKit<'_> {
    pub(super) fn identity(&self) -> Vec<String> {
        let mut all = vec![
            "buildkit".to_owned(),
            self.digest.unwrap_or(self.base).to_owned(),
            self.platform.to_owned(),
            format!("{:?}", self.family),
        ];
        all.extend(self.packages.iter().cloned());
        all
    }

    pub(super) async fn build(&self, sdist: &Sdist, into: &Path, events: &Events) -> Result<(), Error> {
        let scratch = tempfile::Builder::new().prefix("pydeploy-sdist-").tempdir();
        let scratch = scratch.map_err(Error::file("make a folder in", std::env::temp_dir()))?;
        let (context, archive) = (scratch.path().join("context"), scratch.path().join("wheels.tar"));
        std::fs::create_dir(&context).map_err(Error::file("make", &context))?;
        let no_rules = |error| Error::Ground { part: "an empty context".to_owned(), source: Box::new(error) };
        let input = BuildInput {
            root: context,
            rules: ContextRules::new(Audience::Generated, None, &[], &[], &[]).map_err(no_rules)?,
            audience: Audience::Generated,
            dockerfile: Dockerfile::Generated(dockerfile(self, sdist)),
            platform: Some(self.platform.to_owned()),
            cached: Cached::default(),
            labels: BTreeMap::new(),
            secrets: self.secrets.clone(),
        };
        let output = Output::Files(archive.clone());
        let built = buildkit::build(self.daemon, Arc::new(input), &output, Arc::clone(&self.keychain), events).await;
        built.map_err(|error| Error::of_engine(sdist, error))?;
        let into = into.to_owned();
        let unpacked = tokio::task::spawn_blocking(move || unpack(&archive, &into)).await;
        unpacked.unwrap_or_else(|crash| Err(Error::Start(std::io::Error::other(crash))))
    }
}

/// What is built: the wheel, and nothing around it.
pub(super) fn dockerfile(shop: &BuildKit<'_>, sdist: &Sdist) -> String {
    let mut packages: Vec<_> = shop.packages.iter().map(String::as_str).collect();
    if matches!(sdist.place, Place::Git { .. }) {
        packages.push("git");
    }
    let install = match shop.family {
        _ if packages.is_empty() => String::new(),
        Family::Debian => format!("{APT}{}\n", packages.join(" ")),
        Family::Alpine => format!("RUN apk add --no-cache {}\n", packages.join(" ")),
    };
    let (mut mounts, mut exports) = (Vec::new(), Vec::new());
    for id in shop.secrets.keys() {
        let mount = format!("--mount=type=secret,id={id},required=true");
        match FILES.iter().find(|(known, _)| known == id) {
            Some((_, target)) => mounts.push(format!("{mount},target={target} \\\n    ")),
            None => mounts.push(format!("{mount} \\\n    ")),
        }
        if is_variable(id) {
            exports.push(format!("export {id}=\"$(cat /run/secrets/{id})\"\n"));
        }
    }
    // The whole script as one word: a Dockerfile's line ends where a script's does not.
    let script = exports.concat() + &recipe::script(sdist, "python", "/wheels");
    let (base, mounts, run) = (shop.base, mounts.concat(), serde_json::json!(["sh", "-c", script]));
    format!("FROM {base} AS build\n{install}RUN {mounts}{run}\nFROM scratch\nCOPY --from=build /wheels /\n")
}

fn is_variable(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Takes the wheels out of what the build exported.
fn unpack(archive: &Path, into: &Path) -> Result<(), Error> {
    let failed = |source| Error::file("read", archive)(source);
    let mut archive = tar::Archive::new(File::open(archive).map_err(failed)?);
    for entry in archive.entries().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let is_wheel = !name.contains(['/', '\\']) && Path::new(&name).extension().is_some_and(|e| e == "whl");
        if !is_wheel || !entry.header().entry_type().is_file() {
            continue;
        }
        let to = into.join(name);
        let written = File::create(&to).and_then(|mut file| std::io::copy(&mut entry.take(LARGEST), &mut file));
        written.map_err(Error::file("write", to))?;
    }
    Ok(())
}
