//! A statement: one instruction as it is written, in its parts, with its place in the file.

use super::chars::{decode, is_blank, is_space_byte};
use super::error::{Error, Mark, Trouble};
use super::flags;
use super::heredoc::Heredoc;
use super::json::{NotStrings, strings};
use super::keyword::Keyword;
use super::problem::Problem;
use super::source::Source;
use super::words::{name_values, quoted_words};

/// Where in the file a part of a joined line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where the part begins in the joined line.
    pub(super) at: usize,
    /// Its line in the file, counted from 0.
    pub(super) line: usize,
    /// Its column there, in bytes.
    pub(super) column: usize,
}

/// An instruction's arguments, parted as its grammar says and not yet expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arguments {
    /// A JSON array: the exec form.
    Json(Vec<String>),
    /// Anything else: words, or one text, or none.
    Words(Vec<String>),
    /// `ENV` and `LABEL`.
    Pairs(Vec<(String, String)>),
    /// `HEALTHCHECK`: what stands before the command, and the command.
    Health(String, Box<Arguments>),
    /// `ONBUILD`: the instruction's name.
    Trigger(String),
}

/// An instruction as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Continued lines joined, comments between them left out.
    pub(super) text: String,
    pieces: Vec<Piece>,
    /// Its name, as written.
    pub(super) name: String,
    /// Its flags, their quotes taken off.
    pub(super) flags: Vec<String>,
    /// What follows them.
    rest: String,
    pub(super) heredocs: Vec<Heredoc>,
    /// The last line in the file that belongs to it, counted from 0.
    pub(super) last: usize,
}

impl Statement {
    pub(super) fn new(text: String, pieces: Vec<Piece>, escape: char) -> Self {
        let (name, flags, rest) = parts(&text, escape);
        let last = pieces.last().map_or(0, |piece| piece.line);
        Self { name, flags, rest, heredocs: Vec::new(), last, pieces, text }
    }

    /// Its line, counted from 1.
    pub(super) fn line(&self) -> usize {
        self.pieces.first().map_or(0, |piece| piece.line) + 1
    }

    /// Its arguments as its grammar parts them.
    pub(super) fn arguments(&self, escape: char) -> Result<Arguments, Trouble> {
        match Keyword::of(&self.name) {
            Some(keyword) => arguments(keyword, &self.rest, escape),
            None => Ok(Arguments::Words(Vec::new())),
        }
    }

    /// Whether heredocs may follow: in RUN, COPY and ADD, and in triggers of those, unless they are in exec form.
    pub(super) fn takes_heredocs(&self, escape: char) -> bool {
        let takes = |keyword| matches!(keyword, Some(Keyword::Run | Keyword::Copy | Keyword::Add));
        let exec = |rest: &str| strings(rest).is_ok();
        match Keyword::of(&self.name) {
            Some(Keyword::Onbuild) => {
                let (name, _, rest) = parts(&self.rest, escape);
                takes(Keyword::of(&name)) && !exec(&rest)
            }
            keyword => takes(keyword) && !exec(&self.rest),
        }
    }

    /// An error in it.
    pub(super) fn error(&self, source: &Source, trouble: impl Into<Trouble>) -> Error {
        let Trouble { problem, mark } = trouble.into();
        let whole = self.text.lines().next().unwrap_or_default().trim_end();
        let (at, width) = match &mark {
            Mark::Text(text) if !text.is_empty() => match self.find(text) {
                Some(at) => (at, text.chars().count()),
                None => (0, whole.chars().count()),
            },
            _ => (0, whole.chars().count()),
        };
        Error { place: self.place(source, at, width), problem }
    }

    /// Where a text stands: alone as a word, if it does, and not in the instruction's name, unless it is that.
    fn find(&self, text: &str) -> Option<usize> {
        if text == self.name {
            return self.text.find(text);
        }
        let start = self.text.find(&self.name)? + self.name.len();
        let rest = &self.text[start..];
        let alone = |at: &usize| {
            let (before, after) = (&rest[..*at], &rest[at + text.len()..]);
            before.ends_with(is_blank) && (after.is_empty() || after.starts_with(is_blank))
        };
        let mut found = rest.match_indices(text).map(|(at, _)| at).take(1000);
        let first = found.next()?;
        let word = if alone(&first) { first } else { found.find(alone).unwrap_or(first) };
        Some(start + word)
    }

    fn place(&self, source: &Source, at: usize, width: usize) -> super::source::Place {
        let index = self.pieces.partition_point(|piece| piece.at <= at).saturating_sub(1);
        match self.pieces.get(index) {
            Some(piece) => source.place(piece.line, piece.column + (at - piece.at), width),
            None => source.place(0, 0, width),
        }
    }
}

/// The name, the flags and the rest of an instruction.
fn parts(text: &str, escape: char) -> (String, Vec<String>, String) {
    let text = text.trim();
    let Some(end) = text.find(is_blank) else { return (text.to_owned(), Vec::new(), String::new()) };
    let rest = text[end..].trim_start_matches(is_blank).as_bytes();
    let (flags, at) = flags::take(rest, escape);
    (text[..end].to_owned(), flags, decode(&rest[at..]).trim().to_owned())
}

fn arguments(keyword: Keyword, rest: &str, escape: char) -> Result<Arguments, Trouble> {
    let one = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    let words = |text: &str| if text.is_empty() { Vec::new() } else { super::chars::words(text) };
    Ok(match keyword {
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => maybe_json(rest, one)?,
        Keyword::Copy | Keyword::Add | Keyword::Volume => maybe_json(rest, words)?,
        Keyword::Expose | Keyword::From => Arguments::Words(words(rest)),
        Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir => Arguments::Words(one(rest)),
        Keyword::Arg => Arguments::Words(quoted_words(rest, escape)),
        Keyword::Env | Keyword::Label => Arguments::Pairs(name_values(rest, keyword.name(), escape)?),
        Keyword::Onbuild | Keyword::Healthcheck if rest.is_empty() => Arguments::Words(Vec::new()),
        Keyword::Healthcheck => {
            // Its type ends at a byte that is white space, as flags do.
            let bytes = rest.as_bytes();
            let end = bytes.iter().position(|b| is_space_byte(*b)).unwrap_or(bytes.len());
            let start = bytes[end..].iter().position(|b| !is_space_byte(*b)).map_or(bytes.len(), |at| end + at);
            let command = maybe_json(&decode(&bytes[start..]), one)?;
            Arguments::Health(decode(&bytes[..end]), Box::new(command))
        }
        Keyword::Onbuild => {
            let trigger = Statement::new(rest.to_owned(), Vec::new(), escape);
            trigger.arguments(escape)?;
            Arguments::Trigger(trigger.name)
        }
    })
}

/// A JSON array of strings, or what `otherwise` makes of the text.
fn maybe_json(text: &str, otherwise: impl Fn(&str) -> Vec<String>) -> Result<Arguments, Trouble> {
    match strings(text) {
        Ok(strings) => Ok(Arguments::Json(strings)),
        Err(NotStrings::NotJson) => Ok(Arguments::Words(otherwise(text))),
        Err(NotStrings::Other) => Err(Trouble::new(Problem::NotStrings, text)),
    }
}
