//! An edit: files of a user's own, changed all together or not at all.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::write::{Folders, readable};
use crate::fault::{Class, Fault};

/// A file as it is before an edit.
#[derive(Debug)]
pub struct Place {
    /// Its path as its user would name it.
    pub shown: String,
    /// Where it is, with no link on the way.
    at: PathBuf,
    /// Its text; `None` where there is no such file.
    pub before: Option<String>,
}

impl Place {
    /// Looks at `path` below `root`, which has to be canonical. A link that leads out of it is refused.
    pub fn look(root: &Path, path: &str) -> Result<Self, Fault> {
        let refused = |why: &str| {
            let message = format!("{path} is not written: {why}");
            Fault::new(Class::Project, message, "put a file of its own in that place, or move it away".to_owned())
        };
        let at = resolve(root, &root.join(path)).map_err(|e| unreadable(path, &e))?;
        let Some(at) = at else { return Err(refused("a link leads out of the project, or nowhere")) };
        if at.is_dir() {
            return Err(refused("it is a folder"));
        }
        let before = match fs::read(&at) {
            Ok(bytes) => Some(String::from_utf8(bytes).map_err(|_| refused("what is there is not UTF-8"))?),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) if e.kind() == ErrorKind::NotADirectory => {
                return Err(refused("a file is where a folder has to be"));
            }
            Err(e) => return Err(unreadable(path, &e)),
        };
        Ok(Self { shown: path.to_owned(), at, before })
    }
}

fn unreadable(path: &str, e: &io::Error) -> Fault {
    let fault = Fault::new(Class::Project, format!("could not read {path}"), None);
    Fault { causes: vec![e.to_string()], ..fault }
}

/// The path without links, if it stays below `root`. What is not there yet lies in the last folder that is.
fn resolve(root: &Path, path: &Path) -> io::Result<Option<PathBuf>> {
    for there in path.ancestors() {
        match there.symlink_metadata() {
            Ok(_) => {
                let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
                let real = match there.canonicalize() {
                    Ok(real) => real,
                    // A link to nothing: whoever follows it would make that.
                    Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
                    Err(e) => return Err(e),
                };
                let whole = if rest.as_os_str().is_empty() { real } else { real.join(rest) };
                return Ok(whole.starts_with(root).then_some(whole));
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(None)
}

/// Writes each text to its place. All are written beside their places first; what follows are renames, and where one
/// fails, those before it are taken back.
pub fn write(changes: &[(&Place, &str)]) -> Result<(), Fault> {
    let mut made = Folders::default();
    let mut staged = Vec::new();
    for (place, text) in changes {
        let temporary = stage(&mut made, place, text.as_bytes()).map_err(|e| failed(place, &e))?;
        staged.push((temporary, *place));
    }
    let mut done: Vec<&Place> = Vec::new();
    for (temporary, place) in staged {
        if let Err(e) = temporary.persist(&place.at) {
            for place in done {
                take_back(place);
            }
            return Err(failed(place, &e.error));
        }
        done.push(place);
    }
    made.keep();
    Ok(())
}

fn stage(made: &mut Folders, place: &Place, text: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let parent = place.at.parent().unwrap_or(Path::new("."));
    made.make(parent)?;
    let mut temporary = tempfile::Builder::new().prefix(".pydeploy-").tempfile_in(parent)?;
    temporary.write_all(text)?;
    temporary.as_file().sync_all()?;
    match fs::metadata(&place.at) {
        // Who may read it stays who may read it.
        Ok(there) => fs::set_permissions(temporary.path(), there.permissions())?,
        Err(_) => readable(temporary.path())?,
    }
    Ok(temporary)
}

/// What was there before, as far as that can still be had: the failure itself is what is told.
fn take_back(place: &Place) {
    let _ = match &place.before {
        Some(text) => super::write::replace(&place.at, text.as_bytes()),
        None => fs::remove_file(&place.at),
    };
}

fn failed(place: &Place, e: &io::Error) -> Fault {
    let message = format!("could not write {}; nothing was changed", place.shown);
    let hint = "see that this user may write there, and that the disk has space".to_owned();
    Fault { causes: vec![e.to_string()], ..Fault::new(Class::Environment, message, hint) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_are_followed_inside_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("project");
        fs::create_dir_all(root.join("real")).unwrap();
        fs::write(root.join("real/file"), "there").unwrap();
        symlink("real/file", root.join("inside")).unwrap();
        symlink("..", root.join("up")).unwrap();
        symlink("nothing", root.join("dangling")).unwrap();
        let place = Place::look(&root, "inside").unwrap();
        assert_eq!((place.at.clone(), place.before.as_deref()), (root.join("real/file"), Some("there")));
        for (path, says) in [
            ("up/file", "leads out"),
            ("dangling", "leads out"),
            ("dangling/file", "leads out"),
            ("real", "a folder"),
            ("real/file/x", "a file is where"),
        ] {
            let fault = Place::look(&root, path).unwrap_err();
            assert!(fault.message.contains(says), "{path}: {}", fault.message);
        }
        write(&[(&place, "new")]).unwrap();
        assert_eq!(fs::read_to_string(root.join("inside")).unwrap(), "new");
        assert!(root.join("inside").is_symlink());
    }

    #[test]
    fn a_files_mode_stays_and_what_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::write(root.join("a"), "old").unwrap();
        fs::set_permissions(root.join("a"), fs::Permissions::from_mode(0o600)).unwrap();
        let (a, b) = (Place::look(&root, "a").unwrap(), Place::look(&root, "x/y/b").unwrap());
        write(&[(&a, "new")]).unwrap();
        assert_eq!(fs::metadata(root.join("a")).unwrap().permissions().mode() & 0o777, 0o600);
        // Meanwhile somebody puts a folder where the second is to be.
        fs::create_dir_all(root.join("x/y/b/c")).unwrap();
        let again = Place::look(&root, "a").unwrap();
        let fault = write(&[(&again, "newer"), (&b, "text")]).unwrap_err();
        assert_eq!(fault.message, "could not write x/y/b; nothing was changed");
        assert_eq!(fs::read_to_string(root.join("a")).unwrap(), "new");
        let left: Vec<_> = fs::read_dir(root.join("x/y")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["b"]);
    }
}
