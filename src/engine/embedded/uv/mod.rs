//! uv: the program that resolves, fetches and unpacks a project's dependencies.

mod build;
mod error;
mod find;
mod install;
mod lock;
mod output;
mod pip;
mod process;

use std::path::{Path, PathBuf};
use std::time::Instant;

pub use self::error::Error;
pub(in crate::engine::embedded) use self::error::alternative;
pub use self::find::Home;
pub use self::lock::Wanted;
use self::process::Ended;
use crate::engine::event::{End, Event, Events};
use crate::image::site::Target;
use crate::project::PythonVersion;

/// Variables by which a user's shell would change what is installed, and where.
const OTHERS: [&str; 17] = [
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_BREAK_SYSTEM_PACKAGES",
    "UV_TARGET",
    "UV_PREFIX",
    "UV_COMPILE_BYTECODE",
    "UV_LINK_MODE",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_NO_SYNC",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "UV_NO_BUILD",
    "UV_NO_BINARY",
    "UV_REQUIRE_HASHES",
];

/// A uv that is recent enough.
#[derive(Clone)]
pub struct Uv {
    program: PathBuf,
    version: String,
    /// The Python of this machine that uv works with, where one was found; else uv looks for one itself.
    host: Option<PathBuf>,
    /// Variables that tell it of pip's indexes, where it is for requirements. Their addresses may hold passwords.
    indexes: Vec<(&'static str, String)>,
    tell: Events,
}

impl Uv {
    /// Its version: `0.13.9`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// An interpreter of this version that is on this machine: uv's own, or one on PATH.
    pub async fn python(&self, version: PythonVersion) -> Option<PathBuf> {
        let mut command = self.command(None);
        command.args(["python", "find", "--no-project", "--quiet"]).arg(version.to_string());
        let ended = process::run(&mut command, None).await.ok().filter(|ended| ended.success)?;
        let path = PathBuf::from(ended.answer.trim());
        path.is_absolute().then_some(path)
    }

    /// The command of uv itself: the user's own configuration, cache and logins hold; what would change what is
    /// installed does not.
    fn command(&self, folder: Option<&Path>) -> tokio::process::Command {
        let mut command = process::command(&self.program);
        for name in OTHERS {
            command.env_remove(name);
        }
        command.env("UV_PYTHON_DOWNLOADS", "never").env("UV_NO_PROGRESS", "1").env("UV_PREVIEW_FEATURES", "pylock");
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        command
    }

    /// Runs a command, tells of it as a step, and answers with what it printed.
    async fn run(
        &self,
        mut command: tokio::process::Command,
        step: Step<'_>,
        target: Option<Target>,
    ) -> Result<String, Error> {
        if let Some(host) = &self.host {
            command.arg("--python").arg(host);
        }
        let (id, name) = (step.id.to_owned(), step.doing.to_owned());
        (self.tell)(&Event::Started { id: id.clone(), name: name.clone() });
        let started = Instant::now();
        let ended = process::run(&mut command, Some((&self.tell, step.id))).await;
        let failed = !ended.as_ref().is_ok_and(|ended| ended.success);
        let end = if failed { End::Failed } else { End::Ran(started.elapsed()) };
        (self.tell)(&Event::Finished { id, name, end });
        let Ended { success, answer, output } = ended?;
        if success { Ok(answer) } else { Err(Error::said(step.doing, &output, target)) }
    }
}

/// A step of uv's, for whoever shows progress.
#[derive(Clone, Copy)]
struct Step<'a> {
    id: &'a str,
    /// What it does, as a verb phrase.
    doing: &'a str,
}
