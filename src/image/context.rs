//! The build context's rules: which of a project's files an engine may see, and why the others stay here.

use std::fmt;

use super::ignore;
use super::pattern::{ParentMatches, PatternError, PatternSet};
use super::selection::{Selection, SelectionError, Verdict, Walk};

/// What is never sent, whatever a .dockerignore says: it is a secret, or has no place in any image.
/// Only the setting `include` can send one of these.
const ALWAYS: &[(&str, Why)] = &[
    ("**/.git", Why::VersionControl),
    ("**/.hg", Why::VersionControl),
    ("**/.svn", Why::VersionControl),
    ("**/.env", Why::Secret),
    ("**/.env.*", Why::Secret),
    ("**/.envrc", Why::Secret),
    ("**/.netrc", Why::Secret),
    ("**/_netrc", Why::Secret),
    ("**/pip.conf", Why::Secret),
    ("**/.pypirc", Why::Secret),
    ("**/.npmrc", Why::Secret),
    ("**/.git-credentials", Why::Secret),
    ("**/.docker/config.json", Why::Secret),
    ("**/.dockercfg", Why::Secret),
    ("**/.aws", Why::Secret),
    ("**/.ssh", Why::Secret),
    ("**/.kube", Why::Secret),
    ("**/.gnupg", Why::Secret),
    ("**/kubeconfig", Why::Secret),
    ("**/credentials.json", Why::Secret),
    ("**/service-account*.json", Why::Secret),
    ("**/id_rsa", Why::Key),
    ("**/id_dsa", Why::Key),
    ("**/id_ecdsa", Why::Key),
    ("**/id_ed25519", Why::Key),
    ("**/*.key", Why::Key),
    ("**/*.p12", Why::Key),
    ("**/*.pfx", Why::Key),
    ("**/*.jks", Why::Key),
    ("**/*.keystore", Why::Key),
    ("**/*.kdbx", Why::Key),
    ("**/*.ppk", Why::Key),
    ("**/.venv", Why::VirtualEnvironment),
    ("**/venv", Why::VirtualEnvironment),
    ("**/__pycache__", Why::Cache),
    ("**/*.pyc", Why::Cache),
    ("**/*.pyo", Why::Cache),
    ("**/.mypy_cache", Why::Cache),
    ("**/.pytest_cache", Why::Cache),
    ("**/.ruff_cache", Why::Cache),
    ("**/.hypothesis", Why::Cache),
    ("**/.tox", Why::Cache),
    ("**/.nox", Why::Cache),
    ("**/.cache", Why::Cache),
    ("**/.coverage", Why::Cache),
    ("**/htmlcov", Why::Cache),
    ("**/*.egg-info", Why::Cache),
    ("**/.ipynb_checkpoints", Why::Cache),
    ("**/node_modules", Why::Cache),
    ("**/.DS_Store", Why::Cache),
    (".pydeploy", Why::Output),
    ("pydeploy.lock", Why::Output),
];

/// Of these, what pydeploy writes into the project's own folder.
const OWN: &[(&str, Why)] = &[(".pydeploy", Why::Output), ("pydeploy.lock", Why::Output)];

/// What a service seldom needs: left out of images that we write the Dockerfile for, unless the project's
/// .dockerignore takes it back with `!`. A project's own Dockerfile may copy any of it, so it does not hold there.
const SELDOM: &[(&str, Why)] = &[
    (".gitignore", Why::Seldom),
    (".gitattributes", Why::Seldom),
    (".gitmodules", Why::Seldom),
    (".github", Why::Seldom),
    (".gitlab-ci.yml", Why::Seldom),
    (".dockerignore", Why::Seldom),
    (".editorconfig", Why::Seldom),
    (".pre-commit-config.yaml", Why::Seldom),
    (".idea", Why::Seldom),
    (".vscode", Why::Seldom),
    ("Dockerfile*", Why::Seldom),
    ("docker-compose*.yml", Why::Seldom),
    ("docker-compose*.yaml", Why::Seldom),
    ("compose*.yml", Why::Seldom),
    ("compose*.yaml", Why::Seldom),
    ("tests", Why::Seldom),
    ("docs", Why::Seldom),
    ("**/*.md", Why::Seldom),
];

/// What stays here by its name alone, and why: what is never sent, then what `audience` seldom needs.
pub fn held(audience: Audience) -> impl Iterator<Item = (&'static str, Why)> {
    let seldom = if audience == Audience::Generated { SELDOM } else { &[] };
    ALWAYS.iter().chain(seldom).copied()
}

/// Files of this size and more are data, not code: 100 MiB, in bytes.
pub const LARGE: u64 = 100 << 20;

/// Endings of files in which a private key may lie beside a public certificate: their text decides.
const MAYBE_KEY: &[&str] = &[".pem", ".crt", ".cer", ".p8", ".asc"];

/// Why a file stays on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It holds credentials.
    Secret,
    /// It is, or may be, a private key.
    Key,
    /// It is larger than [`LARGE`].
    Large,
    /// It is not a file, folder or link.
    Special,
    /// The history of the project.
    VersionControl,
    /// Packages installed on this machine, for this machine.
    VirtualEnvironment,
    /// Made by a tool, and made again when needed.
    Cache,
    /// Written by pydeploy itself.
    Output,
    /// The project's .dockerignore says so.
    Dockerignore,
    /// Nothing that a running service reads, as a rule.
    Seldom,
    /// The project is a member of a workspace, and this is none of what it depends on.
    OtherMember,
}

impl Why {
    /// Whether a user should be told of each such file by name: it may be wanted, or should not be there at all.
    pub fn is_notable(self) -> bool {
        matches!(self, Self::Secret | Self::Key | Self::Large | Self::Special)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "may hold credentials",
            Self::Key => "may be a private key",
            Self::Large => "larger than 100 MiB",
            Self::Special => "not a regular file",
            Self::VersionControl => "version control",
            Self::VirtualEnvironment => "virtual environment",
            Self::Cache => "cache",
            Self::Output => "pydeploy's own output",
            Self::Dockerignore => ".dockerignore",
            Self::Seldom => "not needed at run time",
            Self::OtherMember => "not needed of the workspace",
        })
    }
}

/// Whose Dockerfile the context is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A Dockerfile that we wrote: it copies everything it sees.
    Generated,
    /// The project's own: it may copy tests, documents, anything.
    Own,
}

/// A project that is a part of what it is built from: a member of a workspace.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Its folder, relative to the context's root.
    pub folder: &'a str,
    /// The files and folders of the context that are needed, the project's own among them.
    pub needed: &'a [String],
    /// The text of the .dockerignore at the context's root.
    pub dockerignore: Option<&'a str>,
}

/// The rules, ready to be asked.
#[derive(Debug)]
pub struct ContextRules {
    always: PatternSet,
    reasons: Vec<Why>,
    include: PatternSet,
    selection: Selection,
    ignored: PatternSet,
    seldom: usize,
}

/// Why the rules could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A line of the .dockerignore is no pattern.
    #[error(".dockerignore, line {line}: {pattern:?} is not a pattern")]
    Dockerignore {
        /// The line, counted from 1.
        line: usize,
        /// Its text.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: PatternError,
    },
    /// A pattern of the setting `include` is none.
    #[error("could not read a pattern of the setting `include`")]
    Include(#[source] PatternError),
    /// The patterns can't be used together.
    #[error("could not use the patterns of .dockerignore and `include`")]
    Together(#[from] SelectionError),
}

impl ContextRules {
    /// `dockerignore` is the text of the project's .dockerignore; `include` are patterns that send what would
    /// otherwise never be sent; `keep` are files that the build itself reads (a README named by pyproject.toml);
    /// `held` are more paths that never are, relative to the context's root: build secrets, and the folder that
    /// manifests are written to.
    pub fn new(
        audience: Audience,
        dockerignore: Option<&str>,
        include: &[String],
        keep: &[String],
        held: &[(String, Why)],
    ) -> Result<Self, RulesError> {
        Self::of(None, audience, dockerignore, include, keep, held)
    }

    /// The same where the project is a part of its context. The rules for images are for its own files: what other
    /// members are built from, they may read.
    pub fn of(
        part: Option<Part<'_>>,
        audience: Audience,
        dockerignore: Option<&str>,
        include: &[String],
        keep: &[String],
        held: &[(String, Why)],
    ) -> Result<Self, RulesError> {
        let own = |pattern: &str| part.map_or_else(|| pattern.to_owned(), |part| below(part.folder, pattern));
        let include: Vec<String> = include.iter().map(|pattern| own(pattern)).collect();
        let never = ALWAYS.iter().map(|(p, why)| ((*p).to_owned(), *why));
        let never = never.chain(part.iter().flat_map(|_| OWN.iter().map(|(p, why)| (own(p), *why))));
        let (always, reasons): (Vec<_>, Vec<_>) = never.chain(held.iter().cloned()).unzip();
        let mut patterns = Vec::new();
        if audience == Audience::Generated {
            patterns.extend(SELDOM.iter().map(|&(p, _)| own(p)));
        }
        let seldom = patterns.len();
        let of_root = part.and_then(|part| part.dockerignore).unwrap_or_default();
        patterns.extend(ignored(of_root)?);
        patterns.extend(ignored(dockerignore.unwrap_or_default())?.iter().map(|pattern| own(pattern)));
        if audience == Audience::Generated {
            // What a build reads because pyproject.toml names it is there, though `*.md` is meant for the image.
            patterns.extend(keep.iter().map(|k| format!("!{}", own(k))));
        }
        patterns.extend(include.iter().map(|i| format!("!{i}")));
        let needed: Vec<String> = part.iter().flat_map(|part| part.needed).map(|path| below("", path)).collect();
        Ok(Self {
            always: PatternSet::new(always.iter().map(String::as_str)).map_err(RulesError::Include)?,
            reasons,
            include: PatternSet::new(include.iter().map(String::as_str)).map_err(RulesError::Include)?,
            selection: Selection::new(&needed, &patterns)?,
            ignored: PatternSet::new(patterns.iter().map(String::as_str)).map_err(RulesError::Include)?,
            seldom,
        })
    }

    /// A walk of the tree by these rules, from its root.
    pub fn walk(&self) -> RuleWalk<'_> {
        RuleWalk { rules: self, walk: self.selection.walk() }
    }

    /// Whether the setting `include` names this path or a folder above it.
    fn included(&self, path: &str) -> bool {
        self.include.matches_or_parent_matches(path)
    }
}

/// What a walk answers about one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is sent.
    Send,
    /// A folder that is sent once something in it is.
    SendIfChildSent,
    /// It stays here, with all that is below it.
    Leave(Why),
}

/// One walk through a tree, in the order of its sorted paths.
pub struct RuleWalk<'r> {
    rules: &'r ContextRules,
    walk: Walk<'r>,
}

impl RuleWalk<'_> {
    /// Decides about `path` (relative, `/` between parts) by its name alone.
    pub fn enter(&mut self, path: &str, is_dir: bool) -> Answer {
        let (held, _) = self.rules.always.matches_using_parent(path, &ParentMatches::default());
        if held && !self.rules.included(path) {
            let why = self.rules.always.decided_by(path).and_then(|i| self.rules.reasons.get(i));
            return Answer::Leave(why.copied().unwrap_or(Why::Secret));
        }
        match self.walk.enter(path, is_dir) {
            Verdict::Send => Answer::Send,
            Verdict::Skip | Verdict::SkipDir => Answer::Leave(self.why(path)),
            Verdict::SendIfChildSent => Answer::SendIfChildSent,
        }
    }

    fn why(&self, path: &str) -> Why {
        match self.rules.ignored.decided_by(path) {
            Some(index) if index < self.rules.seldom => Why::Seldom,
            Some(_) => Why::Dockerignore,
            None => Why::OtherMember,
        }
    }

    /// Decides about a file by its size in bytes; `head` gives its first bytes where the name alone doesn't settle
    /// whether it is a private key.
    pub fn inspect(&self, path: &str, bytes: u64, head: impl FnOnce() -> Vec<u8>) -> Option<Why> {
        if self.rules.included(path) {
            return None;
        }
        if bytes >= LARGE {
            return Some(Why::Large);
        }
        let ambiguous = MAYBE_KEY.iter().any(|e| path.ends_with(e));
        (ambiguous && is_private_key(&head())).then_some(Why::Key)
    }
}

/// The patterns of a .dockerignore.
fn ignored(text: &str) -> Result<Vec<String>, RulesError> {
    let read = |line: ignore::IgnoreLine| match PatternSet::new([line.pattern.as_str()]) {
        Ok(_) => Ok(line.pattern),
        Err(source) => Err(RulesError::Dockerignore { line: line.line, pattern: line.pattern, source }),
    };
    ignore::parse(text).into_iter().map(read).collect()
}

/// A pattern of a folder's as one of its root's; the folder's own name is no pattern.
fn below(folder: &str, pattern: &str) -> String {
    if folder.is_empty() {
        return escaped(pattern);
    }
    let (not, pattern) = pattern.strip_prefix('!').map_or(("", pattern), |pattern| ("!", pattern));
    format!("{not}{}/{}", escaped(folder), pattern.trim_start_matches('/'))
}

fn escaped(path: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']' | '^' | '\\');
    path.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn is_private_key(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    text.lines().any(|l| l.starts_with("-----BEGIN ") && l.contains("PRIVATE KEY"))
}

#[cfg(test)]
mod tests;
