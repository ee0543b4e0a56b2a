//! A pin: what a lock installs of one package, as a line of a requirements file.

use std::fmt::Write as _;

use super::{Error, Evidence, Manager, paths, requirement};

/// A package in the one version that a lock has of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pin<'a> {
    /// Whose lock it is.
    pub(crate) manager: Manager,
    /// Where the lock has it.
    pub(crate) at: &'a Evidence,
    /// Its name.
    pub(crate) name: &'a str,
    /// Its version; `None` where only its place says.
    pub(crate) version: Option<&'a str>,
    /// Where it comes from.
    pub(crate) place: Place<'a>,
    /// The only machine that needs it, by its `platform_machine`.
    pub(crate) only: Option<&'a str>,
}

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// An index.
    Index,
    /// A folder or an archive of the project.
    Local(&'a str),
    /// A repository of source code.
    Git {
        /// Its URL.
        url: &'a str,
        /// The commit.
        commit: &'a str,
        /// The folder in it; `None` for its root.
        folder: Option<&'a str>,
    },
    /// An archive somewhere.
    Url(&'a str),
}

impl<'a> Pin<'a> {
    /// The path of what lies in the project, relative to its root.
    pub(crate) fn local(&self) -> Result<Option<String>, Error> {
        let Place::Local(path) = self.place else { return Ok(None) };
        paths::resolve("", path, self.at).map(Some)
    }

    /// The line. A lock is written by others, and uv reads the line: nothing in it may begin another.
    pub(crate) fn line(&self, hashes: impl IntoIterator<Item = &'a str>) -> Result<String, Error> {
        let Self { name, at, .. } = *self;
        let version = self.version.unwrap_or_default();
        if requirement::name_of(name).is_none() || !plain(name) {
            return Err(self.refuse(format!("{at} is no package of a name")));
        }
        let place = match self.place {
            Place::Index => {
                if version.parse::<pep440_rs::Version>().is_err() {
                    return Err(self.refuse(format!("{at} has no version")));
                }
                format!("=={version}")
            }
            Place::Local(_) => String::new(),
            Place::Git { url, commit, folder } => {
                let folder = folder.map(|folder| format!("#subdirectory={folder}")).unwrap_or_default();
                format!("git+{}@{commit}{folder}", git(url))
            }
            Place::Url(url) => url.to_owned(),
        };
        let local = self.local()?;
        if !place.is_empty() && !plain(&place) || local.as_deref().is_some_and(|path| path.contains(['\n', '\r'])) {
            return Err(self.refuse(format!("{at} names a place that can't be read")));
        }
        let mut line = match (self.place, local) {
            (_, Some(path)) => format!("./{path}"),
            (Place::Index, None) => format!("{name}{place}"),
            (_, None) => format!("{name} @ {place}"),
        };
        if let Some(machine) = self.only {
            let _ = write!(line, " ; platform_machine == '{machine}'");
        }
        // What is cloned or built here has no archive that could have a digest.
        let archive = matches!(self.place, Place::Index | Place::Url(_));
        for hash in hashes.into_iter().filter(|_| archive) {
            if !plain(hash) {
                return Err(self.refuse(format!("{at} has a hash that is none")));
            }
            let _ = write!(line, " --hash={hash}");
        }
        Ok(line)
    }

    fn refuse(&self, what: String) -> Error {
        Error::Lock { manager: self.manager, what, mend: format!("run: {}", self.manager.relock()) }
    }
}

fn plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

/// `git@host:path` in the form of a URL.
fn git(url: &str) -> String {
    match url.split_once(':') {
        Some((host, path)) if !url.contains("://") => format!("ssh://{host}/{path}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn line(name: &str, version: &str, place: Place<'_>, hashes: &[&str]) -> Result<String, Error> {
        let at = Evidence::line("poetry.lock", 3);
        let version = Some(version).filter(|version| !version.is_empty());
        let hashes: Vec<String> = hashes.iter().map(|hash| (*hash).to_owned()).collect();
        Pin { manager: Manager::Poetry, at: &at, name, version, place, only: None }
            .line(hashes.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn a_line_for_each_place() {
        let git = |url, folder| Place::Git { url, commit: "0123", folder };
        for (place, expected) in [
            (Place::Index, "a==1.0 --hash=sha256:aa"),
            (Place::Local("libs/../lib"), "./lib"),
            (git("https://git.example/a.git", Some("x")), "a @ git+https://git.example/a.git@0123#subdirectory=x"),
            (git("git@git.example:team/a.git", None), "a @ git+ssh://git@git.example/team/a.git@0123"),
            (Place::Url("https://index.example/a-1.whl"), "a @ https://index.example/a-1.whl --hash=sha256:aa"),
        ] {
            assert_eq!(line("a", "1.0", place, &["sha256:aa"]).unwrap(), expected);
        }
    }

    #[test]
    fn nothing_in_a_lock_begins_a_line_of_its_own() {
        for (name, version, place, hash) in [
            ("a\n--index-url x", "1", Place::Index, "sha256:aa"),
            ("--pre", "1", Place::Index, "sha256:aa"),
            ("a", "1\n--pre", Place::Index, "sha256:aa"),
            ("a", "", Place::Index, "sha256:aa"),
            ("a", "1", Place::Index, "sha256:aa\n--pre"),
            ("a", "1", Place::Index, "sha256:aa --pre"),
            ("a", "1", Place::Url("https://x/a b"), "sha256:aa"),
            ("a", "1", Place::Local("a\nb"), "sha256:aa"),
            ("a", "1", Place::Local("../a"), "sha256:aa"),
        ] {
            assert!(line(name, version, place, &[hash]).is_err(), "{name:?} {version:?} {place:?} {hash:?}");
        }
    }
}
