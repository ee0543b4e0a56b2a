//! The static files: what the project's own program gathers from all its applications, run once, in a sandbox that is the
//! image so far.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::assemble::Order;
use super::error::Error;
use super::means::Means;
use super::sdist::{self, Available, Root};
use super::site::OnDisk;
use crate::cache::{Blob, Key};
use crate::dockerfile::Platform;
use crate::engine::event::{End, Event};
use crate::image::assembly::Layer;
use crate::image::config::RunConfig;
use crate::image::dockerfile::VENV;
use crate::image::layer::{Content, Node, Tree};
use crate::project::BuildStep;

/// What the layer holds, in words.
const WHAT: &str = "static files";
/// How long it may take.
const TIME: Duration = Duration::from_mins(15);
/// Folders that a running system fills.
const SYSTEM: &[&str] = &["dev", "proc", "run", "sys", "tmp", "root", "var/tmp"];
/// A sandbox begins at its root, and an image has no shell that could go elsewhere first.
const GO: &str = "import os, sys; os.chdir('/app'); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])";

/// What an image is before its static files are gathered.
pub(super) struct SoFar<'a> {
    /// Its layers, the lowest first.
    pub(super) layers: Vec<&'a Layer>,
    /// Its interpreter, absolute.
    pub(super) python: &'a str,
    /// How it is started.
    pub(super) run: &'a RunConfig,
}

/// The key of what is gathered from an image as it is so far.
pub(super) fn key(order: &Order<'_>, step: &BuildStep, so_far: &SoFar<'_>) -> Key {
    order
        .keyed(Key::new("static-files"))
        .list("layers", so_far.layers.iter().map(|layer| layer.diff_id.to_string()))
        .list("command", &step.command)
        .list("variables", step.env.iter().map(|(name, value)| format!("{name}={value}")))
        .list("environment", &so_far.run.env)
}

/// Gathers them, as the layer that is found again by the key. `blobs` are those of all layers.
pub(super) async fn layer(
    order: &Order<'_>,
    key: &Key,
    step: &BuildStep,
    platform: &Platform,
    so_far: &SoFar<'_>,
    blobs: &[Blob],
    means: &Means<'_>,
) -> Result<Layer, Error> {
    if let Available::No(why) = sdist::is_available(&platform.to_string()).await {
        return Err(Error::NoSandbox { why });
    }
    let scratch = means.cache.scratch()?;
    let root = scratch.path().join("root");
    std::fs::create_dir(&root).map_err(|source| Error::Scratch { path: root.clone(), source })?;
    let ground = sdist::Ground {
        layers: blobs.iter().map(|blob| blob.path().to_owned()).collect(),
        packages: Vec::new(),
        identity: Vec::new(),
        python: so_far.python.to_owned(),
    };
    let before = tokio::task::block_in_place(|| {
        Root::lay(&root, &ground)?;
        seen(&root)
    })?;
    run(order, step, so_far, &root, means).await?;
    tokio::task::block_in_place(|| {
        let tree = gathered(&root, &before)?;
        means.make(key, WHAT, order.form, &tree)
    })
}

async fn run(
    order: &Order<'_>,
    step: &BuildStep,
    so_far: &SoFar<'_>,
    root: &Path,
    means: &Means<'_>,
) -> Result<(), Error> {
    let own = format!("{VENV}/bin/python");
    let python = if order.plan.install.runs() { own.as_str() } else { so_far.python };
    let words = step.command.iter().skip(1).map(String::as_str);
    let command: Vec<_> = [python, "-c", GO].into_iter().chain(words).collect();
    let variables = so_far.run.env.iter().filter_map(|line| line.split_once('='));
    let environment =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).chain(step.env.iter().cloned());
    let (id, name) = (WHAT.to_owned(), step.command.join(" "));
    (means.events)(&Event::Started { id: id.clone(), name: name.clone() });
    let started = Instant::now();
    let hears = |text: &str| (means.events)(&Event::Output { id: WHAT.to_owned(), text: format!("{text}\n") });
    let ended = tokio::time::timeout(TIME, sdist::enter(root, &command, environment, hears)).await;
    let is_done = matches!(&ended, Ok(Ok((true, _))));
    let end = if is_done { End::Ran(started.elapsed()) } else { End::Failed };
    (means.events)(&Event::Finished { id, name: name.clone(), end });
    match ended {
        Ok(Ok((true, _))) => Ok(()),
        Ok(Ok((false, output))) => Err(Error::Gather { command: name, output }),
        Ok(Err(source)) => Err(sdist::Error::Start(source).into()),
        Err(_) => {
            let output = vec![format!("it was ended after {} minutes", TIME.as_secs() / 60)];
            Err(Error::Gather { command: name, output })
        }
    }
}

/// What stands for a file that nobody has touched since.
type Sign = (u64, std::time::SystemTime);

fn sign(metadata: &Metadata) -> Sign {
    (metadata.len(), metadata.modified().unwrap_or(std::time::UNIX_EPOCH))
}

/// Every file below a root but those of a running system, with its sign.
fn seen(root: &Path) -> Result<BTreeMap<String, Sign>, Error> {
    let mut files = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        let unreadable = |source| Error::Gathered { path: at.clone(), source };
        for entry in std::fs::read_dir(&at).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // A name that is no text is none that Django gives.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let metadata = entry.metadata().map_err(unreadable)?;
            if metadata.is_dir() {
                folders.extend((!SYSTEM.contains(&path.as_str())).then_some(path));
            } else if metadata.is_file() {
                files.insert(path, sign(&metadata));
            }
        }
    }
    Ok(files)
}

/// What has come since, or was written anew; bytecode is no such thing.
fn gathered(root: &Path, before: &BTreeMap<String, Sign>) -> Result<Tree, Error> {
    let mut tree = Tree::default();
    let after = seen(root)?;
    let is_bytecode = |path: &str| path.split('/').any(|part| part == "__pycache__");
    for (path, sign) in after.iter().filter(|(path, sign)| before.get(*path) != Some(*sign) && !is_bytecode(path)) {
        let content = Content::elsewhere(sign.0, Arc::new(OnDisk(root.join(path))));
        // Who runs the image can read them, whatever the mask was here.
        let node = Node::file(0o644, content);
        tree.insert(path, node).map_err(|source| Error::Tree { what: path.clone(), source })?;
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_new_or_written_anew_is_gathered() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let at = root.path().join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, text).unwrap();
        };
        write("app/main.py", "1");
        write("app/static/old.css", "1");
        let before = seen(root.path()).unwrap();
        for path in ["app/static/new.css", "srv/www/a.css", "app/__pycache__/main.pyc", "tmp/a", "var/tmp/a"] {
            write(path, "2");
        }
        write("app/static/old.css", "longer");
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("app/static/link")).unwrap();
        let tree = gathered(root.path(), &before).unwrap();
        let paths: Vec<_> = tree.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["app/static/new.css", "app/static/old.css", "srv/www/a.css"]);
    }
}
