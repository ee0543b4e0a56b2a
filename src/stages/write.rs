//! Writing: manifests onto the disk, all of them or none.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::fault::{Class, Fault};
use crate::manifests::yaml::{File, MARK};

/// Every file that manifests are written to.
const NAMES: &[&str] = &["serviceaccount.yaml", "deployment.yaml", "service.yaml"];

/// Refuses a folder in which one of our names belongs to a file that we did not make.
pub fn check(folder: &Path) -> Result<(), Fault> {
    NAMES.iter().try_for_each(|name| refuse_foreign(&folder.join(name)))
}

/// Writes the files into `folder`, each whole. A file that we did not make is never overwritten; one that we made
/// earlier and that has no successor is removed.
pub fn write(folder: &Path, files: &[File]) -> Result<Vec<PathBuf>, Fault> {
    check(folder)?;
    let failed = |path: &Path, e: &io::Error| {
        let fault = Fault::from_error(Class::Environment, e, Some("choose another folder with --out".to_owned()));
        Fault {
            message: format!("could not write the manifests to {}", path.display()),
            causes: vec![e.to_string()],
            ..fault
        }
    };
    fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
    // All are written beside their places first: what follows are renames.
    let mut staged = Vec::new();
    for file in files {
        let path = folder.join(&file.name);
        let mut temporary =
            tempfile::Builder::new().prefix(".pydeploy-").tempfile_in(folder).map_err(|e| failed(&path, &e))?;
        temporary.write_all(file.text.as_bytes()).map_err(|e| failed(&path, &e))?;
        readable(temporary.path()).map_err(|e| failed(&path, &e))?;
        staged.push((temporary, path));
    }
    let mut written = Vec::new();
    for (temporary, path) in staged {
        temporary.persist(&path).map_err(|e| failed(&path, &e.error))?;
        written.push(path);
    }
    for name in NAMES.iter().filter(|n| files.iter().all(|f| f.name != **n)) {
        let path = folder.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(|e| failed(&path, &e))?;
        }
    }
    Ok(written)
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
    match fs::read(path) {
        Ok(bytes) if bytes.starts_with(MARK.as_bytes()) => Ok(()),
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
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}
