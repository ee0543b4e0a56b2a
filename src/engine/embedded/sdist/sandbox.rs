//! A sandbox as a workshop: a root file system of its own, in which a process of ours is alone and is root, without any
//! rights on this machine that its user does not have.
//!
//! Linux' user namespaces give that to everyone, unless the machine's administrator has said no; `unshare` asks for
//! them. <https://man7.org/linux/man-pages/man1/unshare.1.html>

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::{Mutex, OnceCell};

use super::error::Error;
use super::root::{AUTHORITIES, Ground, Root};
use super::{Sdist, recipe};
use crate::dockerfile::Platform;
use crate::engine::event::{End, Event, Events};

/// How long a build may take.
const TIME: Duration = Duration::from_mins(45);
/// How many of the last lines of a build are kept.
const LINES: usize = 40;
/// The longest line that is kept, in bytes.
const LINE: usize = 4 << 10;
/// Where programs are, in the sandbox and before it is entered.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What a new namespace is asked for.
const NAMESPACES: &[&str] = &["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"];

/// What is done in the new namespaces before the root is entered. Devices are the machine's own, a few; what can't be
/// mounted where others have hidden it is done without.
const ENTER: &str = "set -e\n\
cd \"$1\"\n\
shift\n\
for name in null zero full random urandom; do\n\
  [ -e \"dev/$name\" ] || : > \"dev/$name\"\n\
  mount --bind \"/dev/$name\" \"dev/$name\"\n\
done\n\
mkdir -p dev/shm\n\
mount -t tmpfs tmpfs dev/shm\n\
mount -t tmpfs tmpfs tmp\n\
mount -t proc proc proc 2>/dev/null || true\n\
exec chroot . \"$@\"\n";

/// A sandbox as a workshop. Its root is laid out when the first build needs it.
pub struct Sandbox<'w> {
    /// What it is made of.
    pub ground: &'w Ground,
    /// Variables that pip may know; see [`Sandbox::is_passed`].
    pub environment: &'w [(String, String)],
    /// Files of this machine that are copied in: where to, and from where. pip's configuration, a netrc.
    pub files: &'w [(String, PathBuf)],
    laid: OnceCell<(TempDir, Root)>,
    /// One build at a time: each has the root to itself.
    turn: Mutex<()>,
}

/// Whether there can be a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Available {
    /// There can.
    Yes,
    /// There can't, and why.
    No(String),
}

impl From<Available> for Result<(), String> {
    fn from(available: Available) -> Self {
        match available {
            Available::Yes => Ok(()),
            Available::No(why) => Err(why),
        }
    }
}

/// Tries whether there can be a sandbox for an image of this platform.
pub async fn is_available(platform: &str) -> Available {
    let mine = Platform::here().to_string();
    if !platform.starts_with(&mine) {
        return Available::No(format!("this machine is {mine}, and can't run what is made for {platform}"));
    }
    let mut command = Command::new("unshare");
    command.args(NAMESPACES).args(["--", "sh", "-c", "mount -t tmpfs tmpfs /tmp"]).env_clear().env("PATH", PATH);
    let tried = command.stdin(Stdio::null()).kill_on_drop(true).output();
    match tokio::time::timeout(Duration::from_secs(10), tried).await {
        Ok(Ok(output)) if output.status.success() => Available::Yes,
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or("unshare failed");
            Available::No(format!("user namespaces are not to be had here: {last}"))
        }
        Ok(Err(source)) => Available::No(format!("unshare can't be started: {source}")),
        Err(_) => Available::No("unshare did not come to an end".to_owned()),
    }
}

impl<'w> Sandbox<'w> {
    /// A sandbox that is made of that.
    pub fn new(ground: &'w Ground, environment: &'w [(String, String)], files: &'w [(String, PathBuf)]) -> Self {
        Self { ground, environment, files, laid: OnceCell::new(), turn: Mutex::new(()) }
    }

    /// Whether a variable of this machine is for pip, wherever that runs.
    pub fn is_passed(name: &str) -> bool {
        let proxy = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"];
        let ours = [
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "PIP_TRUSTED_HOST",
            "PIP_DEFAULT_TIMEOUT",
            "PIP_RETRIES",
            "PIP_PROXY",
        ];
        proxy.contains(&name.to_ascii_lowercase().as_str()) || ours.contains(&name)
    }

    pub(super) fn identity(&self) -> Vec<String> {
        let fixed = ["sandbox".to_owned(), self.ground.python.clone()];
        fixed.into_iter().chain(self.ground.identity.iter().cloned()).collect()
    }

    pub(super) async fn build(&self, sdist: &Sdist, into: &Path, events: &Events) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let (folder, root) = self.laid.get_or_try_init(|| self.lay()).await?;
        let wheels = folder.path().join("wheels");
        let failed = || Error::file("write to", folder.path());
        std::fs::remove_dir_all(&wheels).and_then(|()| std::fs::create_dir(&wheels)).map_err(failed())?;
        root.write("build.sh", &recipe::script(sdist, &self.ground.python, "/wheels")).map_err(failed())?;
        self.run(sdist, folder.path(), events).await?;
        for entry in std::fs::read_dir(&wheels).map_err(Error::file("read", &wheels))?.flatten() {
            // What a build leaves may be anything: only files are taken, and no links.
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                let to = into.join(entry.file_name());
                std::fs::copy(entry.path(), &to).map_err(Error::file("write", to))?;
            }
        }
        Ok(())
    }

    async fn lay(&self) -> Result<(TempDir, Root), Error> {
        let ground = self.ground.clone();
        let files = self.files.to_vec();
        let laid = tokio::task::spawn_blocking(move || {
            let folder = tempfile::Builder::new().prefix("pydeploy-sandbox-").tempdir();
            let folder = folder.map_err(Error::file("make a folder in", std::env::temp_dir()))?;
            let root = Root::lay(folder.path(), &ground)?;
            // The network is the machine's: so are its names, and whom its TLS trusts.
            for name in ["etc/resolv.conf", "etc/hosts", AUTHORITIES] {
                let from = Path::new("/").join(name);
                if from.is_file() {
                    root.copy(&from, name).map_err(Error::file("copy", &from))?;
                }
            }
            for (to, from) in &files {
                root.copy(from, to.trim_start_matches('/')).map_err(Error::file("copy", from))?;
            }
            Ok((folder, root))
        });
        laid.await.unwrap_or_else(|crash| Err(Error::Start(std::io::Error::other(crash))))
    }

    async fn run(&self, sdist: &Sdist, root: &Path, events: &Events) -> Result<(), Error> {
        let (id, name) = (format!("build {}", sdist.name), format!("build a wheel of {sdist}"));
        events(&Event::Started { id: id.clone(), name: name.clone() });
        let started = Instant::now();
        let authorities = ["PIP_CERT", "SSL_CERT_FILE"].map(|name| (name.to_owned(), format!("/{AUTHORITIES}")));
        let environment = authorities.into_iter().chain(self.environment.iter().cloned());
        let hears = |text: &str| events(&Event::Output { id: id.clone(), text: format!("{text}\n") });
        let ended = tokio::time::timeout(TIME, enter(root, &["/bin/sh", "/build.sh"], environment, hears)).await;
        let done = matches!(&ended, Ok(Ok((true, _))));
        let end = if done { End::Ran(started.elapsed()) } else { End::Failed };
        events(&Event::Finished { id, name, end });
        match ended {
            Ok(Ok((true, _))) => Ok(()),
            Ok(Ok((false, output))) => Err(Error::Build { sdist: sdist.to_string(), output }),
            Ok(Err(source)) => Err(Error::Start(source)),
            Err(_) => Err(Error::Timeout { sdist: sdist.to_string(), minutes: TIME.as_secs() / 60 }),
        }
    }
}

/// Runs a program in a root that is laid out there: whether it did what it was to do, and the last that it said.
pub(in crate::engine::embedded) async fn enter(
    root: &Path,
    command: &[&str],
    environment: impl IntoIterator<Item = (String, String)>,
    mut hears: impl FnMut(&str),
) -> std::io::Result<(bool, Vec<String>)> {
    let mut process = Command::new("sh");
    process.args(["-c", "exec 2>&1 unshare \"$@\"", "sh"]).args(NAMESPACES);
    process.args(["--", "sh", "-c", ENTER, "sh"]).arg(root).args(command);
    // Variables, and not arguments, which anyone on the machine may read.
    process.env_clear().env("PATH", PATH).env("HOME", "/root").env("NO_COLOR", "1").envs(environment);
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = process.spawn()?;
    let mut last = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).await? > 0 {
            line.truncate(LINE);
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            hears(&text);
            last.push(text);
            if last.len() > LINES {
                last.remove(0);
            }
            line.clear();
        }
    }
    Ok((child.wait().await?.success(), last))
}
