//! A word of the shell: its quotes, escapes and variables, as BuildKit's frontend expands it. No shell is run.
//!
//! The frontend's own dialect, not POSIX: <https://docs.docker.com/reference/dockerfile/#environment-replacement>.

mod pattern;
mod reader;
#[cfg(test)]
mod tests;

use super::budget::{Budget, Spent};
use reader::Reader;

/// `${a:-${b:-…}}` may nest this deep. The frontend has no limit but its stack; nobody writes a tenth of this.
const DEEPEST: usize = 256;

/// What becomes of a word's quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// They are taken off.
    Strip,
    /// They stay, and still quote.
    Keep,
    /// They are ordinary characters.
    Ignore,
}

/// What becomes of an escape character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// It is taken off.
    Strip,
    /// It stays.
    Keep,
}

/// What becomes of a variable that is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unset {
    /// Nothing.
    Empty,
    /// The reference stays as it is.
    Keep,
}

/// How words are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// `\`, or what the `escape` directive says.
    pub(super) escape: char,
    /// Quotes.
    pub(super) quotes: Quotes,
    /// Escapes outside of `${}`'s patterns.
    pub(super) escapes: Escapes,
    /// Variables that are not set.
    pub(super) unset: Unset,
}

impl Dialect {
    /// How instructions' arguments are expanded.
    pub(super) fn arguments(escape: char) -> Self {
        Self { escape, quotes: Quotes::Strip, escapes: Escapes::Strip, unset: Unset::Empty }
    }

    /// How the content of a heredoc that is copied is expanded.
    pub(super) fn content() -> Self {
        Self { quotes: Quotes::Ignore, ..Self::arguments('\\') }
    }
}

/// What is known of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup<'a> {
    /// It has this value.
    Set(&'a str),
    /// It seems to have this value, which was made from something unknown.
    Doubtful(&'a str),
    /// It has none.
    Unset,
    /// Nothing here sets it, but something that can't be seen may.
    Unknown,
}

/// Where variables are looked up.
pub(super) trait Variables {
    /// What is known of one.
    fn look_up(&self, name: &str) -> Lookup<'_>;
}

/// No variables at all.
pub(super) struct Nothing;

impl Variables for Nothing {
    fn look_up(&self, _: &str) -> Lookup<'_> {
        Lookup::Unset
    }
}

/// What a word came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expansion {
    /// As one text.
    pub(super) text: String,
    /// Cut at white space that no quote or escape protects.
    pub(super) words: Vec<String>,
    /// The variables in it whose values are not certain.
    pub(super) doubts: Vec<String>,
}

/// Why a word can't be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Substitution {
    /// `${X` and no end.
    #[error("a '}}' is missing")]
    MissingBrace,
    /// `${X/p` and no second slash.
    #[error("a '/' is missing in a ${{…/…/…}}")]
    MissingSlash,
    /// `${}`, `${{…` or `${:…`.
    #[error("'${{' is followed by no name")]
    NoName,
    /// Something after the name that means nothing.
    #[error("${{…}} knows no modifier {0:?}")]
    Modifier(String),
    /// A quote that is not closed.
    #[error("a closing {0} is missing")]
    Quote(char),
    /// `${X?}` and `${X:?}` where X has no value.
    #[error("{name}: {message}")]
    Refused {
        /// The variable.
        name: String,
        /// What the Dockerfile says to that.
        message: String,
    },
    /// A pattern that escapes what needs no escape.
    #[error("the pattern {0:?} escapes something other than '*', '?' or '\\'")]
    Pattern(String),
    /// Too many `${…:-${…}}` in each other.
    #[error("variables are nested more than {DEEPEST} deep")]
    TooDeep,
    /// Variables that double each other.
    #[error("its variables expand to more than any image can hold")]
    TooMuch,
}

impl From<Spent> for Substitution {
    fn from(_: Spent) -> Self {
        Self::TooMuch
    }
}

/// Expands a word.
pub(super) fn expand(
    word: &str,
    dialect: Dialect,
    variables: &dyn Variables,
    budget: &Budget,
) -> Result<Expansion, Substitution> {
    let mut reader = Reader::new(word, dialect, variables, budget);
    let (text, words) = reader.all()?;
    Ok(Expansion { text, words, doubts: reader.into_doubts() })
}
