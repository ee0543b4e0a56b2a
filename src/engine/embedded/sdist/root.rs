//! A root on disk: the files of a sandbox, laid out from a base's layers and from Debian packages.
//!
//! Links are followed by our own rules, from the folder that will be the root, and never out of it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::debian::deb::{Deb, Memory};
use crate::image::layer::{Kind, Tree};
use crate::image::rootfs::{Limits, Met, Passed, Visited, Walk, visit};

/// What a sandbox is made of.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The layers of a base image, the lowest first: files on this machine.
    pub layers: Vec<PathBuf>,
    /// Debian packages: files on this machine. Theirs are laid over the layers.
    pub packages: Vec<PathBuf>,
    /// The digests of all of those.
    pub identity: Vec<String>,
    /// Its Python: `/usr/local/bin/python3.13`.
    pub python: String,
}

/// Folders that are links on every Debian of today: <https://wiki.debian.org/UsrMerge>.
const MERGED: &[&str] = &["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// What maintainer scripts would have linked, and a compilation calls: a name, and what it may lead to.
const LINKS: &[(&str, &[&str])] = &[
    ("usr/bin/sh", &["dash", "bash"]),
    ("usr/bin/cc", &["gcc"]),
    ("usr/bin/c++", &["g++"]),
    ("usr/bin/awk", &["mawk", "gawk"]),
];
/// Where the authorities that TLS trusts are looked for.
pub(super) const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";

/// A folder that will be a root.
pub(in crate::engine::embedded) struct Root {
    folder: PathBuf,
}

impl Root {
    /// Lays out all of a sandbox in an empty folder.
    pub(in crate::engine::embedded) fn lay(folder: &Path, ground: &Ground) -> Result<Self, Error> {
        let root = Self { folder: folder.to_owned() };
        if ground.layers.is_empty() {
            for name in MERGED {
                let file = Error::file("make", folder.join(name));
                root.link(name, &format!("usr/{name}"))
                    .and_then(|()| root.make(&format!("usr/{name}")))
                    .map_err(file)?;
            }
        }
        for layer in &ground.layers {
            root.layer(layer)?;
        }
        for package in &ground.packages {
            let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let file = File::open(package).map_err(Error::file("read", package))?;
            let deb = Deb::read(&name, file, &mut Memory)?;
            root.tree(&deb.tree).map_err(|source| Error::Ground { part: name, source: Box::new(source) })?;
        }
        root.furnish().map_err(Error::file("furnish", folder))?;
        Ok(root)
    }

    fn layer(&self, layer: &Path) -> Result<(), Error> {
        let file = File::open(layer).map_err(Error::file("read", layer))?;
        let stored = file.metadata().map_err(Error::file("read", layer))?.len();
        visit(file, &Limits::of(stored), &mut |passed, body| self.entry(&passed, body)).map_err(Error::layer)
    }

    fn entry(&self, passed: &Passed, body: &mut dyn Read) -> io::Result<()> {
        let path = passed.path.as_str();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name.is_empty() {
            return Ok(());
        }
        if let Some(hidden) = name.strip_prefix(".wh.") {
            // What an opaque folder hides does no harm here.
            let is_name = !hidden.is_empty() && !matches!(hidden, "." | "..") && !hidden.starts_with(".wh.");
            return if is_name { self.remove(&self.folder(folder)?.join(hidden)) } else { Ok(()) };
        }
        match &passed.what {
            Visited::File { mode, .. } => self.file(path, *mode, body),
            Visited::Folder => self.make(path),
            Visited::Link(target) => self.link(path, target),
            Visited::Same(other) => {
                let (folder, name) = other.rsplit_once('/').unwrap_or(("", other));
                let from = self.folder(folder)?.join(name);
                if !fs::symlink_metadata(&from)?.is_file() {
                    return Ok(());
                }
                let to = self.place(path)?;
                if from == to {
                    return Ok(());
                }
                self.remove(&to)?;
                fs::hard_link(from, to)
            }
            // Devices are the machine's own.
            Visited::Other => Ok(()),
        }
    }

    fn tree(&self, tree: &Tree) -> io::Result<()> {
        for (path, node) in tree.iter() {
            match &node.kind {
                Kind::Directory => self.make(path)?,
                Kind::Symlink(target) => self.link(path, target)?,
                Kind::File(content) => self.file(path, node.mode, &mut content.open()?)?,
            }
        }
        Ok(())
    }

    /// What maintainer scripts would have made, and what a process wants of any system.
    fn furnish(&self) -> io::Result<()> {
        for folder in ["dev", "proc", "tmp", "root", "etc/ssl/certs", "wheels"] {
            self.make(folder)?;
        }
        for (name, targets) in LINKS {
            let folder = self.folder(name.rsplit_once('/').map_or("", |(f, _)| f))?;
            let there = targets.iter().find(|target| folder.join(target).exists());
            let name = name.rsplit('/').next().unwrap_or(name);
            if let Some(target) = there.filter(|_| fs::symlink_metadata(folder.join(name)).is_err()) {
                symlink(target, &folder.join(name))?;
            }
        }
        self.unless_there("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")?;
        self.unless_there("etc/group", "root:x:0:\nnogroup:x:65534:\n")
    }

    fn unless_there(&self, path: &str, text: &str) -> io::Result<()> {
        let at = self.place(path)?;
        if fs::symlink_metadata(&at).is_ok() { Ok(()) } else { fs::write(at, text) }
    }

    /// Copies a file of this machine to a place that then is a file, and no link.
    pub(super) fn copy(&self, from: &Path, path: &str) -> io::Result<()> {
        self.file(path, 0o600, &mut File::open(from)?)
    }

    /// Puts a text at a place that then is a file, and no link.
    pub(super) fn write(&self, path: &str, text: &str) -> io::Result<()> {
        self.file(path, 0o644, &mut text.as_bytes())
    }

    fn make(&self, path: &str) -> io::Result<()> {
        let at = self.place(path)?;
        match fs::symlink_metadata(&at) {
            // A link to a folder stays, as it does for dpkg.
            Ok(there) if there.is_dir() || there.is_symlink() => Ok(()),
            Ok(_) => fs::remove_file(&at).and_then(|()| fs::create_dir(&at)),
            Err(_) => fs::create_dir(&at),
        }
    }

    fn link(&self, path: &str, target: &str) -> io::Result<()> {
        let at = self.place(path)?;
        if fs::symlink_metadata(&at).is_ok_and(|there| there.is_dir()) {
            return Ok(());
        }
        self.remove(&at)?;
        symlink(target, &at)
    }

    fn file(&self, path: &str, mode: u32, content: &mut dyn Read) -> io::Result<()> {
        let at = self.place(path)?;
        self.remove(&at)?;
        let mut file = File::create_new(&at)?;
        io::copy(content, &mut file)?;
        permit(&file, mode & 0o777 | 0o400)
    }

    fn remove(&self, at: &Path) -> io::Result<()> {
        match fs::symlink_metadata(at) {
            Ok(there) if there.is_dir() && at != self.folder => fs::remove_dir_all(at),
            Ok(there) if there.is_dir() => Ok(()),
            Ok(_) => fs::remove_file(at),
            Err(_) => Ok(()),
        }
    }

    /// Where on this machine a path of the root is; links on the way to it are followed, one that it is itself is not.
    fn place(&self, path: &str) -> io::Result<PathBuf> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(self.folder(folder)?.join(name))
    }

    /// Where on this machine a folder of the root is, which is made if it isn't there.
    fn folder(&self, path: &str) -> io::Result<PathBuf> {
        let mut walk = Walk::new(self.folder.clone(), path.as_bytes());
        while let Some(name) = walk.step() {
            let at = walk.here().join(String::from_utf8_lossy(&name).as_ref());
            let met = match fs::symlink_metadata(&at) {
                Err(_) => {
                    fs::create_dir(&at)?;
                    Met::Folder(at)
                }
                Ok(there) if there.is_dir() => Met::Folder(at),
                Ok(there) if there.is_symlink() => Met::Link(fs::read_link(&at)?.into_os_string().into_encoded_bytes()),
                Ok(_) => Met::Leaf,
            };
            if walk.meet(name, met).is_some() {
                return Err(io::Error::other(format!("{path} is not in a folder")));
            }
        }
        Ok(walk.here().clone())
    }
}

#[cfg(unix)]
fn symlink(target: &str, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(unix)]
fn permit(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn symlink(_: &str, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn permit(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, kind, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(0o755);
            let content = if kind.is_file() { text.as_bytes() } else { b"" };
            header.set_size(content.len() as u64);
            if !kind.is_file() && !text.is_empty() {
                header.set_link_name(text).unwrap();
            }
            tar.append_data(&mut header, path, content).unwrap();
        }
        tar.into_inner().unwrap()
    }

    #[test]
    fn nothing_is_written_outside() {
        use tar::EntryType::{Regular, Symlink};
        let scratch = tempfile::tempdir().unwrap();
        let (outside, inside) = (scratch.path().join("outside"), scratch.path().join("inside"));
        fs::create_dir(&outside).unwrap();
        fs::create_dir(&inside).unwrap();
        let layer = scratch.path().join("layer.tar");
        let to = outside.to_str().unwrap();
        let up = format!("../../../../..{to}");
        let entries = [
            ("a", Symlink, to),
            ("a/x", Regular, "x"),
            ("b", Symlink, &up),
            ("b/y", Regular, "y"),
            ("a", Regular, "z"),
        ];
        fs::write(&layer, archive(&entries)).unwrap();
        let ground = Ground {
            layers: vec![layer],
            packages: Vec::new(),
            identity: Vec::new(),
            python: "/usr/bin/python3".into(),
        };
        Root::lay(&inside, &ground).unwrap();
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        // They are where the links lead to from the root.
        assert_eq!(fs::read_to_string(inside.join(to.trim_start_matches('/')).join("y")).unwrap(), "y");
        assert_eq!(fs::read_to_string(inside.join("a")).unwrap(), "z");
    }

    #[test]
    fn layers_and_what_scripts_would_make() {
        use tar::EntryType::{Directory, Regular, Symlink};
        let scratch = tempfile::tempdir().unwrap();
        let inside = scratch.path().join("inside");
        fs::create_dir(&inside).unwrap();
        let write = |name: &str, bytes: Vec<u8>| {
            let path = scratch.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let lower = [("usr/bin/gcc", Regular, "1"), ("bin", Symlink, "usr/bin"), ("etc/x/gone", Regular, "")];
        let upper = [("bin", Directory, ""), ("bin/dash", Regular, "2"), ("etc/x/.wh.gone", Regular, "")];
        let layers = vec![write("1", archive(&lower)), write("2", archive(&upper))];
        let ground = Ground { layers, packages: Vec::new(), identity: Vec::new(), python: String::new() };
        Root::lay(&inside, &ground).unwrap();
        let read = |path: &str| fs::read_to_string(inside.join(path)).unwrap();
        assert_eq!(
            (read("usr/bin/dash").as_str(), read("usr/bin/sh").as_str(), read("usr/bin/cc").as_str()),
            ("2", "2", "1")
        );
        assert!(!inside.join("etc/x/gone").exists() && read("etc/passwd").starts_with("root:"));
    }
}
