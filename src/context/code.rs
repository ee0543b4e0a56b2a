//! The code: a project's files as they go into a layer.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::walk::{self, Entry, EntryKind, Error, LeftOut, Request};
use crate::image::context::ContextRules;
use crate::image::layer::{Content, Kind, Node, Open, Owner, Tree, TreeError};

/// Files up to this size, in bytes, are kept in memory once they are read.
const SMALL: u64 = 1 << 20;
/// And so many bytes of them in all.
const HELD: u64 = 64 << 20;

/// A project's files, and the digest that stands for all of them.
#[derive(Debug)]
pub struct Code {
    /// Them, below the folder that was named. Modes are those of a fresh checkout: whoever runs the image can read its
    /// files, and nobody's umask is in a layer.
    pub tree: Tree,
    /// Over paths, modes and contents.
    pub digest: [u8; 32],
    /// What stays on this machine.
    pub left_out: Vec<LeftOut>,
    /// How many files they are.
    pub files: u64,
    /// Their size, in bytes.
    pub bytes: u64,
}

/// Why code could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// It could not be walked.
    #[error(transparent)]
    Walk(#[from] Error),
    /// It has a path that no image can have.
    #[error("the project's files can't be put into a layer")]
    Tree(#[from] TreeError),
}

/// Reads what the rules let through; each file once, for its digest and, if it is small, its content. Where the project
/// is a part of that, `part` is its folder, and only that gets into the tree: of the rest the digest tells.
pub fn read(root: &Path, rules: &ContextRules, part: Option<&str>, folder: &str) -> Result<Code, CodeError> {
    let mut reader =
        Reader { root, part, folder, tree: Tree::default(), hasher: Sha256::new(), files: 0, bytes: 0, held: 0 };
    let mut failed = None;
    let walked = walk::walk(root, rules, &Request::default(), &mut |entry| {
        reader.add(&entry).map_err(|error| failed = Some(error)).is_ok()
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let left_out = walked?;
    let Reader { tree, hasher, files, bytes, .. } = reader;
    Ok(Code { tree, digest: hasher.finalize().into(), left_out, files, bytes })
}

struct Reader<'r> {
    root: &'r Path,
    part: Option<&'r str>,
    folder: &'r str,
    tree: Tree,
    hasher: Sha256,
    files: u64,
    bytes: u64,
    held: u64,
}

impl Reader<'_> {
    fn add(&mut self, entry: &Entry) -> Result<(), CodeError> {
        // Lengths before texts: no two different trees give the same stream.
        self.text(&entry.path);
        let (kind, mode) = match &entry.kind {
            EntryKind::Directory => {
                self.hasher.update(b"d");
                (Kind::Directory, 0o755)
            }
            EntryKind::Link(target) => {
                self.hasher.update(b"l");
                self.text(target);
                (Kind::Symlink(target.clone()), 0o777)
            }
            EntryKind::File(size) => {
                let mode = if entry.mode & 0o100 == 0 { 0o644 } else { 0o755 };
                self.hasher.update(if mode == 0o755 { b"x" } else { b"f" });
                let at = self.root.join(&entry.path);
                let content = self.content(&at, *size);
                (Kind::File(content.map_err(|source| Error::Unreadable { path: at, source })?), mode)
            }
        };
        let own = match self.part {
            Some(part) => entry.path.strip_prefix(part).and_then(|rest| rest.strip_prefix('/')),
            None => Some(entry.path.as_str()),
        };
        let Some(own) = own else { return Ok(()) };
        if let Kind::File(content) = &kind {
            self.files += 1;
            self.bytes += content.size();
        }
        let path = format!("{}/{own}", self.folder);
        self.tree.insert(&path, Node { kind, mode, owner: Owner::default() })?;
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.hasher.update(text.len().to_le_bytes());
        self.hasher.update(text);
    }

    fn content(&mut self, at: &Path, size: u64) -> io::Result<Content> {
        let mut file = File::open(at)?;
        let (digest, content) = if size <= SMALL && self.held + size <= HELD {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            self.held += bytes.len() as u64;
            (Sha256::digest(&bytes), Content::from(bytes))
        } else {
            let (digest, size) = digest(&mut file)?;
            let pinned = Pinned { path: at.to_owned(), digest: digest.into() };
            (digest, Content::elsewhere(size, Arc::new(pinned)))
        };
        self.hasher.update(digest);
        Ok(content)
    }
}

fn digest(file: &mut File) -> io::Result<(sha2::digest::Output<Sha256>, u64)> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 64 << 10];
    let mut size = 0;
    while let count @ 1.. = file.read(&mut chunk)? {
        size += count as u64;
        hasher.update(chunk.get(..count).unwrap_or_default());
    }
    Ok((hasher.finalize(), size))
}

/// A file that must still be what it was when the code's digest was taken: that digest is what a layer is found again by.
struct Pinned {
    path: PathBuf,
    digest: [u8; 32],
}

impl Open for Pinned {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let file = File::open(&self.path)?;
        Ok(Box::new(Held { file, hasher: Sha256::new(), digest: self.digest, path: self.path.clone() }))
    }
}

struct Held {
    file: File,
    hasher: Sha256,
    digest: [u8; 32],
    path: PathBuf,
}

impl Read for Held {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        let changed = count == 0 && !buffer.is_empty() && self.hasher.clone().finalize()[..] != self.digest;
        if changed {
            return Err(io::Error::other(format!("{} changed while it was read", self.path.display())));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::image::context::Audience;

    fn code(root: &Path) -> Code {
        let rules = ContextRules::new(Audience::Generated, None, &[], &[], &[]).unwrap();
        read(root, &rules, None, "app").unwrap()
    }

    #[test]
    fn of_a_part_the_rest_counts_without_being_in_the_tree() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [("services/api/main.py", "x = 1\n"), ("services/apis/main.py", "y"), ("lib/x.py", "x")] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let rules = ContextRules::new(Audience::Generated, None, &[], &[], &[]).unwrap();
        let part = || read(folder.path(), &rules, Some("services/api"), "app").unwrap();
        let before = part();
        assert_eq!(before.tree.iter().map(|(path, _)| path).collect::<Vec<_>>(), ["app/main.py"]);
        assert_eq!((before.files, before.bytes), (1, 6));
        std::fs::write(folder.path().join("lib/x.py"), "z").unwrap();
        assert_ne!(part().digest, before.digest);
    }

    #[test]
    fn only_what_is_in_the_files_counts() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &two] {
            std::fs::create_dir(folder.path().join("pkg")).unwrap();
            std::fs::write(folder.path().join("pkg/main.py"), "x = 1\n").unwrap();
            std::fs::write(folder.path().join("large.bin"), vec![7; 2 << 20]).unwrap();
        }
        let (a, b) = (code(one.path()), code(two.path()));
        assert_eq!(a.digest, b.digest);
        assert_eq!((a.files, a.bytes), (2, (2 << 20) + 6));
        let paths: Vec<_> = a.tree.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["app/large.bin", "app/pkg", "app/pkg/main.py"]);
        std::fs::write(one.path().join("pkg/main.py"), "x = 2\n").unwrap();
        assert_ne!(code(one.path()).digest, b.digest);
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large.bin");
        std::fs::write(&large, vec![7; 2 << 20]).unwrap();
        let code = code(folder.path());
        std::fs::write(&large, vec![8; 2 << 20]).unwrap();
        let Kind::File(content) = &code.tree.get("app/large.bin").unwrap().kind else { unreachable!() };
        let error = content.open().unwrap().read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("changed while it was read"), "{error}");
    }
}
