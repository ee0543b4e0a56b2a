//! An unpacked root: files of an image on this machine's disk, for its own loader to read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::image::layer::{Kind, Tree};

/// How many links a path may lead through.
const LINKS: usize = 40;

/// Files of an image on this machine's disk. No link of the image is ever one on disk, so that nothing can be written
/// or read through it: what links lead to is put in their place at the end.
#[derive(Debug)]
pub struct Unpacked {
    folder: PathBuf,
    links: BTreeMap<String, String>,
}

/// Why files could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A layer can't be read.
    #[error("could not read a layer")]
    Layer(#[source] io::Error),
    /// A file can't be written.
    #[error("could not unpack {path} into {}", folder.display())]
    Write {
        /// Its path in the image.
        path: String,
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Unpacked {
    /// Unpacks into an empty folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), links: BTreeMap::new() }
    }

    /// Unpacks what is wanted of a tree.
    pub fn tree(&mut self, tree: &Tree, wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        for (path, node) in tree.iter().filter(|(path, _)| wanted(path)) {
            match &node.kind {
                Kind::Directory => {}
                Kind::Symlink(target) => self.link(path, target)?,
                Kind::File(content) => {
                    let mut source = content.open().map_err(|source| self.fault(path, source))?;
                    self.file(path, node.mode, &mut source)?;
                }
            }
        }
        Ok(())
    }

    /// Unpacks what is wanted of a layer, an uncompressed tar archive, on top of those before it.
    pub fn layer(&mut self, layer: impl Read, wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        let mut archive = tar::Archive::new(layer);
        for entry in archive.entries().map_err(Error::Layer)? {
            let mut entry = entry.map_err(Error::Layer)?;
            let Some(path) = inside(&String::from_utf8_lossy(&entry.path_bytes())) else { continue };
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if let Some(gone) = name.strip_prefix(".wh.") {
                let gone = if gone == ".wh..opq" { folder.to_owned() } else { join(folder, gone) };
                // `.wh...` would take away what is above.
                if let Some(gone) = inside(&gone).and_then(|gone| self.at(&gone)) {
                    self.remove(&gone)?;
                }
                continue;
            }
            if !wanted(&path) {
                continue;
            }
            let target = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
            match (entry.header().entry_type(), target) {
                (tar::EntryType::Symlink, Some(target)) => self.link(&path, &target)?,
                (tar::EntryType::Link, Some(target)) => {
                    // The same file under another name: found at the end, as a link's target is.
                    self.link(&path, &format!("/{}", target.trim_start_matches("./").trim_start_matches('/')))?;
                }
                (kind, _) if kind.is_file() => {
                    let mode = entry.header().mode().unwrap_or(0o644);
                    self.file(&path, mode, &mut entry)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts the files that links lead to in their place. A link to a folder, to nowhere or around in a circle is left
    /// out.
    pub fn finish(self) -> Result<(), Error> {
        for path in self.links.keys() {
            let Some(real) = self.real(path) else { continue };
            let (from, to) = (self.folder.join(&real), self.folder.join(path));
            if !fs::symlink_metadata(&from).is_ok_and(|meta| meta.is_file()) {
                continue;
            }
            self.parents(path)?;
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop)).map_err(|e| self.fault(path, e))?;
        }
        Ok(())
    }

    fn file(&mut self, path: &str, mode: u32, content: &mut dyn Read) -> Result<(), Error> {
        let Some(path) = self.at(path) else { return Ok(()) };
        self.remove(&path)?;
        self.parents(&path)?;
        let at = self.folder.join(&path);
        let written = File::create_new(&at).and_then(|mut file| io::copy(content, &mut file));
        written.and_then(|_| executable(&at, mode)).map_err(|source| self.fault(&path, source))
    }

    fn link(&mut self, path: &str, target: &str) -> Result<(), Error> {
        let Some(path) = self.at(path) else { return Ok(()) };
        self.remove(&path)?;
        self.links.insert(path, target.to_owned());
        Ok(())
    }

    fn remove(&mut self, path: &str) -> Result<(), Error> {
        let below = format!("{path}/");
        self.links.retain(|link, _| link != path && !link.starts_with(&below));
        let at = self.folder.join(path);
        let gone = match fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(&at),
            Ok(_) => fs::remove_file(&at),
            Err(_) => Ok(()),
        };
        gone.map_err(|source| self.fault(path, source))
    }

    fn parents(&self, path: &str) -> Result<(), Error> {
        let Some((folder, _)) = path.rsplit_once('/') else { return Ok(()) };
        fs::create_dir_all(self.folder.join(folder)).map_err(|source| self.fault(path, source))
    }

    fn fault(&self, path: &str, source: io::Error) -> Error {
        Error::Write { path: path.to_owned(), folder: self.folder.clone(), source }
    }

    /// Where a path's own place is, its folders' links followed; `None` where they lead around in a circle.
    fn at(&self, path: &str) -> Option<String> {
        match path.rsplit_once('/') {
            Some((folder, name)) => Some(join(&self.real(folder)?, name)),
            None => Some(path.to_owned()),
        }
    }

    /// Where a path leads to, every link followed and none of them out of the folder.
    fn real(&self, path: &str) -> Option<String> {
        let mut rest: Vec<String> = parts(path);
        let (mut done, mut links): (Vec<String>, usize) = (Vec::new(), 0);
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "." => continue,
                ".." => {
                    done.pop();
                    continue;
                }
                _ => done.push(part),
            }
            if let Some(target) = self.links.get(&done.join("/")) {
                links += 1;
                if links > LINKS {
                    return None;
                }
                done.pop();
                if target.starts_with('/') {
                    done.clear();
                }
                rest.extend(parts(target));
            }
        }
        Some(done.join("/"))
    }
}

/// The parts of a path, the first one last.
fn parts(path: &str) -> Vec<String> {
    path.split('/').rev().filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A layer's path in the one way that it can be written; `None` where it leads elsewhere.
fn inside(path: &str) -> Option<String> {
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let sound = !parts.is_empty() && parts.iter().all(|part| *part != ".." && !part.contains('\0'));
    sound.then(|| parts.join("/"))
}

/// What a base image's interpreter needs to compile: itself, its libraries, and the codecs and first modules of the
/// standard library.
pub fn interpreter_needs(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return matches!(path, "lib" | "lib64" | "bin") };
    let in_python = folder.split_once("/python3.").and_then(|(_, rest)| rest.split_once('/'));
    match folder {
        "usr" => matches!(name, "lib" | "lib64" | "bin"),
        "bin" | "usr/bin" | "usr/local/bin" => name.starts_with("python"),
        _ if in_python.is_some_and(|(_, inside)| matches!(inside, "encodings" | "lib-dynload")) => true,
        _ if folder.contains("/lib/python3.") && in_python.is_none() => name.ends_with(".py"),
        _ if folder.contains("/python3.") => false,
        _ => {
            let library = name.contains(".so") || name.starts_with("ld-");
            let deep = folder.split('/').count();
            library
                && deep <= 3
                && (folder.starts_with("lib") || folder.starts_with("usr/lib") || folder.starts_with("usr/local/lib"))
        }
    }
}

#[cfg(unix)]
fn executable(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // Readable and writable by us, whatever it is in the image, so that it can be run and removed.
    fs::set_permissions(path, fs::Permissions::from_mode(0o644 | mode & 0o111))
}

#[cfg(not(unix))]
fn executable(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::image::layer::Node;

    fn unpack(layers: &[&[(&str, Option<&str>, &str)]]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/b/root");
        fs::create_dir_all(&root).unwrap();
        let mut unpacked = Unpacked::new(&root);
        for layer in layers {
            let mut tar = tar::Builder::new(Vec::new());
            for (path, link, text) in *layer {
                let mut header = tar::Header::new_gnu();
                header.set_size(text.len() as u64);
                header.set_mode(0o755);
                // Set by hand: the library refuses to write paths that lead out.
                let name = &mut header.as_gnu_mut().unwrap().name;
                name[..path.len()].copy_from_slice(path.as_bytes());
                if let Some(link) = link {
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.as_gnu_mut().unwrap().linkname[..link.len()].copy_from_slice(link.as_bytes());
                }
                header.set_cksum();
                tar.append(&header, text.as_bytes()).unwrap();
            }
            unpacked.layer(&tar.into_inner().unwrap()[..], |_| true).unwrap();
        }
        unpacked.finish().unwrap();
        folder
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind => {
                        assert!(kind.is_file());
                        found.push(entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
                    }
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn nothing_is_written_outside() {
        let folder = unpack(&[&[
            ("../../evil", None, "x"),
            ("/abs", None, "x"),
            ("out", Some("../../.."), ""),
            ("out/through", None, "x"),
            ("top", Some("/"), ""),
            ("top/through2", None, "x"),
            ("host", Some("/etc/hostname"), ""),
            ("circle", Some("circle"), ""),
            ("circle/x", None, "x"),
            ("dots/../../up", None, "x"),
            (".wh...", None, ""),
            ("abs/.wh...", None, ""),
        ]]);
        let found = files(folder.path());
        assert_eq!(found, ["a/b/root/abs", "a/b/root/through", "a/b/root/through2"]);
    }

    #[test]
    fn links_become_what_they_lead_to_and_later_layers_win() {
        let folder = unpack(&[
            &[
                ("lib", Some("usr/lib"), ""),
                ("usr/lib/libz.so.1.3", None, "z"),
                ("lib/libz.so.1", Some("libz.so.1.3"), ""),
            ],
            &[("lib/old", None, "x"), ("usr/lib/dir/gone", None, "x")],
            &[
                ("usr/lib/.wh.old", None, ""),
                ("usr/lib/dir/.wh..wh..opq", None, ""),
                ("usr/lib/libz.so.1.3", None, "new"),
            ],
        ]);
        assert_eq!(files(folder.path()), ["a/b/root/usr/lib/libz.so.1", "a/b/root/usr/lib/libz.so.1.3"]);
        assert_eq!(fs::read_to_string(folder.path().join("a/b/root/usr/lib/libz.so.1")).unwrap(), "new");
    }

    #[test]
    fn a_tree_is_unpacked_alike() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::default();
        tree.insert("usr/bin/python3.13", Node::file(0o755, "x")).unwrap();
        tree.insert("usr/bin/python3", Node::symlink("python3.13")).unwrap();
        let mut unpacked = Unpacked::new(folder.path());
        unpacked.tree(&tree, interpreter_needs).unwrap();
        unpacked.finish().unwrap();
        assert_eq!(files(folder.path()), ["usr/bin/python3", "usr/bin/python3.13"]);
    }

    #[test]
    fn an_interpreter_needs_little() {
        for path in [
            "lib",
            "lib64",
            "usr/lib64",
            "usr/local/bin/python3.13",
            "usr/local/lib/libpython3.13.so.1.0",
            "usr/lib/x86_64-linux-gnu/libc.so.6",
            "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "lib/ld-musl-x86_64.so.1",
            "usr/local/lib/python3.13/os.py",
            "usr/local/lib/python3.13/encodings/utf_8.py",
            "usr/lib/python3.13/lib-dynload/_codecs_jp.cpython-313-x86_64-linux-gnu.so",
        ] {
            assert!(interpreter_needs(path), "{path}");
        }
        for path in [
            "usr",
            "etc/passwd",
            "usr/bin/perl",
            "usr/local/lib/python3.13/asyncio/base_events.py",
            "usr/local/lib/python3.13/site-packages/pip/__init__.py",
            "usr/lib/x86_64-linux-gnu/perl/5.36/x.so",
            "usr/share/doc/x.so",
        ] {
            assert!(!interpreter_needs(path), "{path}");
        }
    }
}
