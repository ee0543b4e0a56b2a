//! A search for uv: on PATH, in pydeploy's own cache, and through pip.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Uv;
use super::error::Error;
use super::output::Output;
use super::{pip, process};
use crate::engine::event::{End, Event, Events};
use crate::image::install::UV;

/// The oldest uv whose `export`, `pip compile` and `pip install` take what we ask of them.
const LEAST: [u32; 3] = [0, 8, 0];
/// The names of Python on PATH.
const PYTHONS: [&str; 3] = ["python3", "python", "py"];

/// Where uv may be, and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    /// The one that the user names; it is used, or nothing is.
    pub named: Option<&'a Path>,
    /// The folder that one is installed into if PATH has none.
    pub cache: &'a Path,
    /// The project whose requirements are written for pip: pip's own settings say where they are from.
    pub pip_of: Option<&'a Path>,
}

impl Uv {
    /// The uv that was named, else the one on PATH if it is recent enough, else one of our own, which pip brings the
    /// first time.
    pub async fn find(home: Home<'_>, tell: &Events) -> Result<Self, Error> {
        let host = host().await;
        let found = async {
            match existing(home).await? {
                Some(found) => Ok(found),
                None => install(home.cache, host.as_deref(), tell).await,
            }
        };
        let indexes = async {
            match (home.pip_of, &host) {
                (Some(root), Some(python)) => pip::indexes(python, root).await,
                _ => Vec::new(),
            }
        };
        let (found, indexes) = tokio::join!(found, indexes);
        let (program, version) = found?;
        Ok(Self { program, version, host, indexes, tell: tell.clone() })
    }
}

async fn existing(home: Home<'_>) -> Result<Option<(PathBuf, String)>, Error> {
    if let Some(program) = home.named {
        let fit = version(program).await.filter(|version| recent(version));
        let unfit = || Error::Unfit { program: program.to_path_buf(), least: LEAST.map(|n| n.to_string()).join(".") };
        return fit.map(|version| Some((program.to_path_buf(), version))).ok_or_else(unfit);
    }
    for program in [PathBuf::from("uv"), own(home.cache)] {
        if let Some(version) = version(&program).await.filter(|version| recent(version)) {
            return Ok(Some((program, version)));
        }
    }
    Ok(None)
}

/// Where our own is.
fn own(cache: &Path) -> PathBuf {
    cache.join(UV).join("bin").join(format!("uv{}", std::env::consts::EXE_SUFFIX))
}

/// What it says its version is; `None` where it does not run.
async fn version(program: &Path) -> Option<String> {
    let mut command = process::command(program);
    let ended = process::run(command.arg("--version"), None).await.ok().filter(|ended| ended.success)?;
    let mut words = ended.answer.split_whitespace();
    (words.next() == Some("uv")).then(|| words.next().map(str::to_owned))?
}

fn recent(version: &str) -> bool {
    let mut numbers = version.split('.').map(|n| n.chars().take_while(char::is_ascii_digit).collect::<String>());
    let mut next = || numbers.next().and_then(|n| n.parse::<u32>().ok()).unwrap_or_default();
    [next(), next(), next()] >= LEAST
}

/// A Python 3.8 or newer of this machine.
async fn host() -> Option<PathBuf> {
    for name in PYTHONS {
        if let Some(python) = python(name).await {
            return Some(python);
        }
    }
    None
}

/// The Python 3.8 or newer that a name on PATH stands for: it may be a shim for one that is not there.
async fn python(name: &str) -> Option<PathBuf> {
    const ASK: &str = "import sys; assert sys.version_info >= (3, 8); print(sys.executable)";
    let mut command = process::command(Path::new(name));
    let ended = process::run(command.args(["-I", "-c", ASK]), None).await.ok().filter(|ended| ended.success)?;
    Some(PathBuf::from(ended.answer.trim())).filter(|path| path.is_absolute())
}

/// Installs our own through pip, whose configuration knows this machine's index.
async fn install(cache: &Path, host: Option<&Path>, tell: &Events) -> Result<(PathBuf, String), Error> {
    let (id, name) = ("uv".to_owned(), format!("install uv {UV} with pip, once, into {}", cache.display()));
    tell(&Event::Started { id: id.clone(), name: name.clone() });
    let started = Instant::now();
    let installed = with_pip(cache, host, tell, &id).await;
    let end = if installed.is_ok() { End::Ran(started.elapsed()) } else { End::Failed };
    tell(&Event::Finished { id, name, end });
    installed?;
    let program = own(cache);
    let unfit = Error::Unfit { program: program.clone(), least: UV.to_owned() };
    version(&program).await.map(|version| (program, version)).ok_or(unfit)
}

async fn with_pip(cache: &Path, host: Option<&Path>, tell: &Events, id: &str) -> Result<(), Error> {
    std::fs::create_dir_all(cache).map_err(Error::file("make", cache))?;
    // Whole, and then in its place: who is stopped half-way, or runs beside another, leaves no half of one there.
    let folder = tempfile::Builder::new().prefix(".uv-").tempdir_in(cache).map_err(Error::file("write to", cache))?;
    let mut tried: Vec<PathBuf> = Vec::new();
    let mut absent = Output::default();
    let mut next = host.map(Path::to_path_buf);
    let mut names = PYTHONS.into_iter();
    let installed = loop {
        let Some(pip) = next.take() else {
            // The first Python may be one without pip.
            let Some(name) = names.next() else { break false };
            next = python(name).await.filter(|python| !tried.contains(python));
            continue;
        };
        let mut command = process::command(&pip);
        command.args(["-m", "pip", "install", "--no-deps", "--no-input", "--no-user", "--disable-pip-version-check"]);
        command.args(["--no-compile", "--only-binary", ":all:", "--progress-bar", "off", "--target"]);
        command.arg(folder.path()).arg(format!("uv=={UV}"));
        // A setting that keeps pip out of the system's packages has nothing to say of a folder of ours.
        command.env("PIP_REQUIRE_VIRTUALENV", "0");
        let ended = process::run(&mut command, Some((tell, id))).await?;
        if ended.success {
            break true;
        }
        let lines = ended.output.lines();
        if !lines.iter().any(|line| line.contains("No module named pip")) {
            return Err(Error::Pip { version: UV.to_owned(), output: lines });
        }
        for line in lines {
            absent.push(&format!("{}: {line}", pip.display()));
        }
        tried.push(pip);
    };
    if !installed {
        return Err(Error::Absent { output: absent.lines() });
    }
    let target = cache.join(UV);
    match std::fs::rename(folder.path(), &target) {
        Ok(()) => Ok(()),
        // Another run was first, or what is there does not run.
        Err(_) if version(&own(cache)).await.is_some() => Ok(()),
        Err(_) => {
            std::fs::remove_dir_all(&target).map_err(Error::file("replace", &target))?;
            std::fs::rename(folder.path(), &target).map_err(Error::file("write", &target))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for (version, fit) in
            [("0.13.9", true), ("0.8.0", true), ("1.0", true), ("0.8.0rc1", true), ("0.7.22", false), ("x", false)]
        {
            assert_eq!(recent(version), fit, "{version}");
        }
    }
}
