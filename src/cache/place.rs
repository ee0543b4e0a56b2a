//! The place of the cache: its folder, and the sign that it is ours.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::error::Error;

/// The sign by which backups know what need not be kept: <https://bford.info/cachedir/>.
const TAG: &str = "CACHEDIR.TAG";
/// What it says in ours. Another layout has another number.
const SIGN: &str = "\
Signature: 8a477f597d28d172789f06886806bc55
# pydeploy.cache/1
# What pydeploy made or fetched once. It may be deleted at any time, best with `pydeploy cache prune --all`.
";

/// Where the cache is when nothing is said: the platform's folder for caches.
pub fn default_root(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    // A relative one is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = match (cfg!(target_os = "macos"), absolute("XDG_CACHE_HOME")) {
        (_, Some(folder)) => folder,
        (true, None) => absolute("HOME")?.join("Library/Caches"),
        (false, None) => absolute("HOME")?.join(".cache"),
    };
    Some(caches.join("pydeploy"))
}

/// Makes the cache's folder, or sees whether what is there is one.
pub(super) fn prepare(root: &Path) -> Result<(), Error> {
    let tag = root.join(TAG);
    match File::open(&tag) {
        Ok(file) => {
            safe(root)?;
            check(root, file)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(root),
        Err(source) => Err(Error::read(&tag, source)),
    }
}

fn check(root: &Path, file: File) -> Result<(), Error> {
    let tag = root.join(TAG);
    let mut text = Vec::new();
    // A few bytes more than ours has: what is longer is another's.
    let limit = SIGN.len() as u64 + 1;
    file.take(limit).read_to_end(&mut text).map_err(|source| Error::read(&tag, source))?;
    if text == SIGN.as_bytes() {
        return Ok(());
    }
    // As a process that was killed in the midst of it leaves it, or one that is writing it right now.
    if SIGN.as_bytes().starts_with(&text) {
        return fs::write(&tag, SIGN).map_err(|source| Error::write(&tag, source));
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Err(if text.contains("# pydeploy.cache/") {
        Error::Version(root.to_owned())
    } else {
        Error::Foreign(root.to_owned())
    })
}

fn make(root: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    // What is in it says what this user's images are made of: nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(root).map_err(|source| Error::write(root, source))?;
    safe(root)?;
    let tag = root.join(TAG);
    let is_empty = fs::read_dir(root).map_err(|source| Error::read(root, source))?.next().is_none();
    if !is_empty {
        // Another process may have come first; the tag is what it makes first.
        return match File::open(&tag) {
            Ok(file) => check(root, file),
            Err(_) => Err(Error::Foreign(root.to_owned())),
        };
    }
    match OpenOptions::new().write(true).create_new(true).open(&tag) {
        Ok(mut file) => file.write_all(SIGN.as_bytes()).map_err(|source| Error::write(&tag, source)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(Error::write(&tag, source)),
    }
}

/// Whether not just anybody may write to it.
fn safe(root: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(root).map_err(|source| Error::read(root, source))?.permissions().mode();
        if mode & 0o002 != 0 {
            return Err(Error::Open(root.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_platform_says_where_caches_are() {
        let root = |variables: &[(&str, &str)]| {
            default_root(|name| variables.iter().find(|v| v.0 == name).map(|v| v.1.to_owned()))
        };
        let (home, xdg) = (("HOME", "/home/me"), ("XDG_CACHE_HOME", "/var/caches"));
        let own = if cfg!(target_os = "macos") { "Library/Caches/pydeploy" } else { ".cache/pydeploy" };
        assert_eq!(root(&[home]), Some(Path::new("/home/me").join(own)));
        assert_eq!(root(&[home, xdg]), Some("/var/caches/pydeploy".into()));
        assert_eq!(root(&[home, ("XDG_CACHE_HOME", "caches")]), Some(Path::new("/home/me").join(own)));
        assert_eq!(root(&[]), None);
    }

    #[test]
    fn only_an_empty_folder_becomes_a_cache() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/b");
        prepare(&root).unwrap();
        prepare(&root).unwrap();
        fs::write(root.join(TAG), &SIGN[..20]).unwrap();
        prepare(&root).unwrap();
        assert_eq!(fs::read_to_string(root.join(TAG)).unwrap(), SIGN);
        fs::write(root.join(TAG), SIGN.replace("cache/1", "cache/2")).unwrap();
        assert!(matches!(prepare(&root), Err(Error::Version(_))));
        fs::write(root.join(TAG), "Signature: 8a477f597d28d172789f06886806bc55\n# of another program\n").unwrap();
        assert!(matches!(prepare(&root), Err(Error::Foreign(_))));
        fs::remove_file(root.join(TAG)).unwrap();
        fs::write(root.join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(prepare(&root), Err(Error::Foreign(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_everyone_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        mode(0o777);
        assert!(matches!(prepare(folder.path()), Err(Error::Open(_))));
        mode(0o770);
        prepare(folder.path()).unwrap();
        mode(0o1777);
        assert!(matches!(prepare(folder.path()), Err(Error::Open(_))));
    }
}
