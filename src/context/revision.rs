//! A revision: which state of the project's files this is.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sha2::{Digest as _, Sha256};

use super::walk::{self, Entry, EntryKind};
use crate::image::context::ContextRules;

/// Digits of a commit or of a content digest that go into a tag.
const DIGITS: usize = 12;

/// Which state of the project's files this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// A commit of git's.
    Commit {
        /// All of its digits.
        id: String,
        /// Files of the project differ from it.
        dirty: bool,
        /// Where the repository can be found, without credentials.
        url: Option<String>,
    },
    /// A digest over what the engine would be sent.
    Content(String),
    /// Not known, and not asked for: the tags are stated.
    Unknown,
}

impl Revision {
    /// The tag that stands for it.
    pub fn tag(&self) -> String {
        let short = |id: &str| id.chars().take(DIGITS).collect::<String>();
        match self {
            Self::Commit { id, dirty: false, .. } => short(id),
            Self::Commit { id, dirty: true, .. } => format!("{}-dirty", short(id)),
            Self::Content(digest) => short(digest),
            Self::Unknown => "latest".to_owned(),
        }
    }
}

/// The commit that `root` is at, or `None` outside of git, before the first commit, and without a git on PATH. Only what
/// differs from it in one of `paths` makes it dirty; all of the root where there are none.
pub fn commit(root: &Path, paths: &[String]) -> Option<Revision> {
    let in_git = || root.ancestors().any(|folder| folder.join(".git").exists());
    if !in_git() && std::env::var_os("GIT_DIR").is_none() {
        return None;
    }
    // All three run at once: each takes longer to start than to answer.
    let id = git(root, &["rev-parse", "HEAD"])?;
    let mut status = vec!["--literal-pathspecs", "status", "--porcelain", "--untracked-files=normal", "--"];
    status.extend(paths.iter().map(String::as_str));
    status.extend(paths.is_empty().then_some("."));
    let changed = git(root, &status)?;
    let url = git(root, &["config", "--get", "remote.origin.url"])?;
    let (id, changed, url) = (answer(id), answer(changed), answer(url));
    Some(Revision::Commit { id: id?, dirty: !changed?.is_empty(), url: url.and_then(|u| public_url(&u)) })
}

fn git(root: &Path, args: &[&str]) -> Option<Child> {
    let mut command = Command::new("git");
    // Optional locks would get in the way of an editor that runs git at the same time.
    command.arg("-C").arg(root).args(args).env("GIT_OPTIONAL_LOCKS", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()
}

/// What it says, if it succeeds.
fn answer(git: Child) -> Option<String> {
    let output = git.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// An address that may go into a label: tokens are often part of one.
fn public_url(url: &str) -> Option<String> {
    match url.split_once("://") {
        Some((scheme @ ("https" | "http"), rest)) => {
            let (authority, path) = rest.split_once('/')?;
            let host = authority.rsplit('@').next()?;
            Some(format!("{scheme}://{host}/{}", path.split(['?', '#']).next()?))
        }
        Some(("ssh", rest)) => Some(format!("ssh://{}", rest.split(['?', '#']).next()?)).filter(|u| !has_password(u)),
        Some(_) => None,
        // git@host:path
        None => url.split_once(':').filter(|(h, _)| h.contains('@')).map(|_| url.to_owned()),
    }
}

fn has_password(url: &str) -> bool {
    let authority = url.split("://").nth(1).and_then(|r| r.split('/').next()).unwrap_or_default();
    authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// A digest over the paths, modes and contents that the engine would be sent.
pub fn content(root: &Path, rules: &ContextRules) -> Result<Revision, walk::Error> {
    let mut hasher = Sha256::new();
    let mut failed = None;
    let walked = walk::walk(root, rules, &walk::Request::default(), &mut |entry| {
        let added = add(&mut hasher, root, &entry);
        added.map_err(|source| failed = Some(walk::Error::Unreadable { path: root.join(&entry.path), source })).is_ok()
    });
    if let Some(error) = failed {
        return Err(error);
    }
    walked?;
    Ok(Revision::Content(hex::encode(hasher.finalize())))
}

fn add(hasher: &mut Sha256, root: &Path, entry: &Entry) -> std::io::Result<()> {
    // Lengths before texts: no two different trees give the same stream.
    hasher.update(entry.path.len().to_le_bytes());
    hasher.update(&entry.path);
    match &entry.kind {
        EntryKind::Directory => hasher.update(b"d"),
        EntryKind::Link(target) => {
            hasher.update(b"l");
            hasher.update(target.len().to_le_bytes());
            hasher.update(target);
        }
        EntryKind::File(bytes) => {
            hasher.update(if entry.mode & 0o100 == 0 { b"f" } else { b"x" });
            hasher.update(bytes.to_le_bytes());
            let mut file = std::fs::File::open(root.join(&entry.path))?;
            let mut chunk = vec![0; 64 << 10];
            while let count @ 1.. = file.read(&mut chunk)? {
                hasher.update(chunk.get(..count).unwrap_or_default());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_credentials() {
        let url = |u| public_url(u);
        assert_eq!(url("https://user:token@git.example/a/b.git").as_deref(), Some("https://git.example/a/b.git"));
        assert_eq!(url("git@git.example:a/b.git").as_deref(), Some("git@git.example:a/b.git"));
        assert_eq!(url("ssh://u:p@git.example/a"), None);
        assert_eq!(url("/srv/git/a"), None);
    }

    #[test]
    fn tags() {
        let id = "0123456789abcdef".to_owned();
        let commit = Revision::Commit { id, dirty: true, url: None };
        assert_eq!(commit.tag(), "0123456789ab-dirty");
    }
}
