//! An entry: what an image has at a path, as an answer.

use std::sync::Arc;

use crate::image::rootfs::{FILE, Sight, What};

/// What an image has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A regular file.
    File {
        /// Its content.
        bytes: Arc<[u8]>,
        /// Permissions, as in `chmod`.
        mode: u32,
    },
    /// A regular file of more than 4 MiB, which is not read.
    TooLarge(u64),
    /// Nothing, or a link to nothing.
    Missing,
    /// A folder.
    Directory,
    /// A circle of links, or more than the forty that the kernel follows.
    Loop,
    /// Something that is not for reading; what, in words: `a device or pipe`.
    Other(&'static str),
}

/// Whether a program is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is; where, in truth: absolute, without links.
    Executable(String),
    /// There is such a file, and nobody may execute it; where.
    NotExecutable(String),
    /// It isn't.
    Missing,
}

/// A program, and where it may be, in the order of search.
pub(super) type Candidates = Vec<(String, Vec<String>)>;

/// Where programs may be: what is named by a path is there, what isn't is in a folder of `path`. Relative ones start
/// from the working directory, as an empty part of `path` does.
pub(super) fn candidates(names: &[&str], path: &str, working_dir: &str) -> Candidates {
    let absolute = |text: String| if text.starts_with('/') { text } else { format!("/{working_dir}/{text}") };
    let places = |name: &str| match name {
        "" => Vec::new(),
        name if name.contains('/') => vec![absolute(name.to_owned())],
        name => path.split(':').map(|folder| absolute(format!("{}/{name}", or_here(folder)))).collect(),
    };
    names.iter().map(|name| ((*name).to_owned(), places(name))).collect()
}

fn or_here(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

impl Entry {
    /// From what layers have; none where content is still to be read.
    pub(super) fn seen(sight: Sight) -> Option<Self> {
        Some(match sight {
            Sight::Unknown => return None,
            Sight::Missing => Self::Missing,
            Sight::Loop => Self::Loop,
            Sight::Directory => Self::Directory,
            Sight::Leaf { what: What::Other(what), .. } => Self::Other(what),
            Sight::Leaf { what: What::File { size, .. }, .. } if size > FILE => Self::TooLarge(size),
            Sight::Leaf { what: What::File { mode, .. }, body, .. } => Self::File { bytes: body?, mode },
        })
    }
}

impl Presence {
    /// What a file of that mode is to who would execute it.
    pub(super) fn of(path: &[u8], mode: u32) -> Self {
        let path = String::from_utf8_lossy(path).into_owned();
        if mode & 0o111 == 0 { Self::NotExecutable(path) } else { Self::Executable(path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_looked_for_as_a_shell_does() {
        let places = |name: &str, path: &str, dir: &str| candidates(&[name], path, dir).remove(0).1;
        assert_eq!(places("curl", "/usr/bin:/bin", "/app"), ["/usr/bin/curl", "/bin/curl"]);
        assert_eq!(places("curl", ":bin", "/app"), ["//app/./curl", "//app/bin/curl"]);
        assert_eq!(places("/bin/sh", "/usr/bin", ""), ["/bin/sh"]);
        assert_eq!(places("./check.sh", "/usr/bin", "/app"), ["//app/./check.sh"]);
        assert!(places("", "/usr/bin", "").is_empty());
    }
}
