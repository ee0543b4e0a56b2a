//! Copying: `COPY` and `ADD`.

use crate::dockerfile::error::Trouble;
use crate::dockerfile::flags::{Flags, Takes};
use crate::dockerfile::heredoc::{self, Heredoc};
use crate::dockerfile::keyword::Keyword;
use crate::dockerfile::problem::Problem;
use crate::dockerfile::statement::Statement;

/// What COPY takes.
pub(super) const COPY: &[(&str, Takes)] = &[
    ("chown", Takes::Text),
    ("from", Takes::Text),
    ("chmod", Takes::Text),
    ("link", Takes::Truth),
    ("exclude", Takes::Texts),
    ("parents", Takes::Truth),
];
/// What ADD takes.
pub(super) const ADD: &[(&str, Takes)] = &[
    ("chown", Takes::Text),
    ("chmod", Takes::Text),
    ("link", Takes::Truth),
    ("keep-git-dir", Takes::Truth),
    ("checksum", Takes::Text),
    ("unpack", Takes::Truth),
    ("exclude", Takes::Texts),
];

/// `COPY` or `ADD`, not yet expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dockerfile) struct Copying {
    /// Paths and URLs.
    pub(in crate::dockerfile) sources: Vec<String>,
    /// Files whose content stands in the Dockerfile.
    pub(in crate::dockerfile) contents: Vec<Heredoc>,
    pub(in crate::dockerfile) destination: String,
    /// `--from`; empty for the build context.
    pub(in crate::dockerfile) from: String,
    pub(in crate::dockerfile) chown: String,
    pub(in crate::dockerfile) chmod: String,
    pub(in crate::dockerfile) checksum: String,
    pub(in crate::dockerfile) link: bool,
    pub(in crate::dockerfile) keep_git: Option<bool>,
}

impl Copying {
    pub(super) fn parse(statement: &Statement, mut words: Vec<String>, keyword: Keyword) -> Result<Self, Trouble> {
        let takes = "at least one source, and a destination";
        let few = Problem::Arguments { instruction: keyword.name(), takes };
        let destination = words.pop().filter(|_| !words.is_empty()).ok_or(few)?;
        let flags = Flags::check(&statement.flags, if keyword == Keyword::Add { ADD } else { COPY })?;
        // A word that is almost a heredoc is a path.
        if heredoc::in_word(&destination).is_ok_and(|found| found.is_some()) {
            return Err(Trouble::new(Problem::HeredocDestination, destination));
        }
        let (mut sources, mut contents) = (Vec::new(), Vec::new());
        for word in words {
            match heredoc::in_word(&word) {
                Ok(Some(found)) => contents.push(with_content(found, statement)),
                _ => sources.push(word),
            }
        }
        Ok(Self {
            sources,
            contents,
            destination,
            from: flags.text("from").to_owned(),
            chown: flags.text("chown").to_owned(),
            chmod: flags.text("chmod").to_owned(),
            checksum: flags.text("checksum").to_owned(),
            link: flags.truth("link") == Some(true),
            keep_git: flags.truth("keep-git-dir"),
        })
    }
}

/// The heredoc of that name, the last of several; in exec form there are none, and it is empty.
fn with_content(found: Heredoc, statement: &Statement) -> Heredoc {
    let content = statement.heredocs.iter().rev().find(|heredoc| heredoc.name == found.name);
    let content = content.map(|heredoc| heredoc.content.clone()).unwrap_or_default();
    let content = Heredoc { content, ..found.clone() }.chomped();
    Heredoc { content, ..found }
}
