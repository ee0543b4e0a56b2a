//! A build: a wheel of what lies in the project itself.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::{Step, Uv};
use crate::context::walk::{self, Entry, EntryKind, Request};
use crate::image::context::ContextRules;

/// 1980-01-01, before which a zip archive knows no time, in seconds since 1970.
const EPOCH: &str = "315532800";

impl Uv {
    /// Builds a wheel of the project in `source` into `out`, an empty folder. Builds leave traces: `source` is a copy.
    pub async fn build_wheel(&self, source: &Path, out: &Path) -> Result<PathBuf, Error> {
        let mut command = self.command(Some(source));
        command.args(["build", "--wheel", "--quiet", "--out-dir"]).arg(out).arg(source);
        if std::env::var_os("SOURCE_DATE_EPOCH").is_none() {
            command.env("SOURCE_DATE_EPOCH", EPOCH);
        }
        // Sets and directories are listed in an order that some backends write down.
        command.env("PYTHONHASHSEED", "0");
        self.run(command, Step { id: "build", doing: "build a wheel of the project" }, None).await?;
        let entries = fs::read_dir(out).map_err(Error::file("read", out))?;
        let mut wheels: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .collect();
        wheels.sort();
        let none = || Error::Failed {
            doing: "build a wheel of the project".to_owned(),
            output: vec!["the build ended well, and left no wheel".to_owned()],
        };
        wheels.into_iter().next().ok_or_else(none)
    }
}

/// Copies what a build may see of a project.
pub(super) fn copy(root: &Path, rules: &ContextRules, into: &Path) -> Result<(), Error> {
    fs::create_dir_all(into).map_err(Error::file("make", into))?;
    let mut failed = None;
    let walked = walk::walk(root, rules, &Request::default(), &mut |entry| {
        let copied = copy_entry(root, &entry, into);
        let went_well = copied.is_ok();
        failed = copied.err();
        went_well
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(walked.map(drop)?),
    }
}

fn copy_entry(root: &Path, entry: &Entry, into: &Path) -> Result<(), Error> {
    let to = into.join(&entry.path);
    match &entry.kind {
        EntryKind::Directory => fs::create_dir_all(&to).map_err(Error::file("make", &to)),
        EntryKind::File(_) => fs::copy(root.join(&entry.path), &to).map(drop).map_err(Error::file("copy to", &to)),
        EntryKind::Link(target) => link(target, &to).map_err(Error::file("link", &to)),
    }
}

#[cfg(unix)]
fn link(target: &str, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) -> std::io::Result<()> {
    Ok(())
}
