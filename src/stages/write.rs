//! Writing: manifests onto the disk, all of them or none.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::fault::{Class, Fault};
use crate::manifests::tree;
use crate::manifests::yaml::{File, SIGN};

/// Refuses a folder in which one of these paths belongs to a file that we did not make.
pub fn check(folder: &Path, paths: &[String]) -> Result<(), Fault> {
    paths.iter().try_for_each(|path| refuse_foreign(&folder.join(path)))
}

/// Writes the files into `folder`, each whole. A file that we did not make is never overwritten; one that we made
/// earlier and that has no successor is removed.
pub fn write(folder: &Path, files: &[File]) -> Result<Vec<PathBuf>, Fault> {
    files.iter().try_for_each(|file| refuse_foreign(&folder.join(&file.name)))?;
    let mut made = Folders::default();
    // All are written beside their places first: what follows are renames.
    let mut staged = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        let parent = path.parent().unwrap_or(folder);
        made.make(parent).map_err(|e| failed(parent, &e))?;
        let mut temporary =
            tempfile::Builder::new().prefix(".pydeploy-").tempfile_in(parent).map_err(|e| failed(&path, &e))?;
        temporary.write_all(file.text.as_bytes()).map_err(|e| failed(&path, &e))?;
        readable(temporary.path()).map_err(|e| failed(&path, &e))?;
        staged.push((temporary, path));
    }
    let mut written = Vec::new();
    for (temporary, path) in staged {
        temporary.persist(&path).map_err(|e| failed(&path, &e.error))?;
        written.push(path);
    }
    made.keep();
    remove_stale(folder, &files.iter().map(|f| f.name.as_str()).collect())?;
    Ok(written)
}

fn failed(path: &Path, e: &io::Error) -> Fault {
    let fault = Fault::from_error(Class::Environment, e, Some("choose another folder with --out".to_owned()));
    let message = format!("could not write the manifests to {}", path.display());
    Fault { message, causes: vec![e.to_string()], ..fault }
}

/// Folders that were made on the way; those that are still empty when this is dropped go again.
#[derive(Default)]
pub(super) struct Folders(Vec<PathBuf>);

impl Folders {
    /// They stay, also those that are empty.
    pub(super) fn keep(&mut self) {
        self.0.clear();
    }

    /// Makes a folder and those above it.
    pub(super) fn make(&mut self, folder: &Path) -> io::Result<()> {
        let missing = folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists());
        let mut missing: Vec<_> = missing.map(Path::to_path_buf).collect();
        fs::create_dir_all(folder)?;
        missing.reverse();
        self.0.extend(missing);
        Ok(())
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            // One that is not empty stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Removes what an earlier run has made and this one has not, and the folders that are empty then.
fn remove_stale(folder: &Path, kept: &BTreeSet<&str>) -> Result<(), Fault> {
    let mut folders = vec![String::new(), "base/".to_owned(), "templates/".to_owned()];
    folders.extend(names(&folder.join("overlays")).into_iter().map(|name| format!("overlays/{name}/")));
    for below in &folders {
        let here = folder.join(below);
        if !below.is_empty() && !fs::symlink_metadata(&here).is_ok_and(|m| m.is_dir()) {
            continue;
        }
        let mut removed = false;
        for name in names(&here) {
            let name = format!("{below}{name}");
            let path = folder.join(&name);
            if !kept.contains(name.as_str()) && tree::may_be(&name) && is_ours(&path).unwrap_or(false) {
                fs::remove_file(&path).map_err(|e| failed(&path, &e))?;
                removed = true;
            }
        }
        if removed && !below.is_empty() {
            // Whoever keeps files of their own there keeps the folder too.
            let _ = fs::remove_dir(&here);
            let _ = fs::remove_dir(folder.join("overlays"));
        }
    }
    Ok(())
}

/// What a folder holds; nothing where there is none.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether the file's head has our sign.
fn is_ours(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    fs::File::open(path)?.take(256).read_to_end(&mut head)?;
    Ok(head.windows(SIGN.len()).any(|window| window == SIGN.as_bytes()))
}

/// The folder that a project's manifests go to when nothing else is stated; git ignores it by itself.
pub fn default_folder(root: &Path) -> Result<PathBuf, Fault> {
    let folder = root.join(".pydeploy");
    let ignore = folder.join(".gitignore");
    let made =
        fs::create_dir_all(&folder).and_then(|()| if ignore.exists() { Ok(()) } else { fs::write(&ignore, "*\n") });
    made.map_err(|e| {
        let message = format!("could not write the manifests to {}", folder.display());
        let hint = "choose another folder with --out, or - for standard output".to_owned();
        Fault { causes: vec![e.to_string()], ..Fault::new(Class::Environment, message, hint) }
    })?;
    Ok(folder)
}

fn refuse_foreign(path: &Path) -> Result<(), Fault> {
    match is_ours(path) {
        Ok(true) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Err(Fault::new(
            Class::Project,
            format!("{} was not made by pydeploy, so it is not overwritten", path.display()),
            "choose another folder with --out, or move that file away".to_owned(),
        )),
    }
}

/// Temporary files are private; manifests are not.
#[cfg(unix)]
pub(super) fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
pub(super) fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Puts a file in place of the one that is there; `what` says which, for people.
pub fn put(path: &Path, what: &str, content: &[u8], hint: Option<String>) -> Result<(), Fault> {
    replace(path, content).map_err(|e| Fault {
        causes: vec![e.to_string()],
        ..Fault::new(Class::Environment, format!("could not write {what}"), hint)
    })
}

/// Puts a file in place of the one that is there, which is never half-written.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(content)?;
    readable(file.path())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
