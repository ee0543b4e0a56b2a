//! A script: what `/bin/sh -c` is given, as a tree. It is read, never run.
//!
//! POSIX's grammar and what bash adds to it that Dockerfiles use. What is none of that is an [`Unread`], and the caller
//! then knows nothing of what the script does.

mod lexer;
mod parser;
#[cfg(test)]
mod tests;

pub(crate) use parser::read;

/// How deep commands may be nested, and how long a script may be, in bytes: more than people write.
const DEEPEST: usize = 40;
const LONGEST: usize = 1024 * 1024;

/// Why a script can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread(pub(crate) &'static str);

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text, as it is after quotes are taken off.
    Text { text: String, quoted: bool },
    /// `$name` or `${name}`, with what stands after the name in braces.
    Variable { name: String, after: String, quoted: bool },
    /// `$(…)` or backquotes: what is run to get it.
    Command { script: String, quoted: bool },
    /// What can't be known: arithmetic, positional parameters and the like.
    Other { quoted: bool },
}

/// A word.
pub(crate) type Word = Vec<Piece>;

/// The text of a word that nothing in it expands.
pub(crate) fn literal(word: &Word) -> Option<String> {
    word.iter().map(|piece| if let Piece::Text { text, .. } = piece { Some(text.as_str()) } else { None }).collect()
}

/// Where output or input goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) operator: &'static str,
    pub(crate) target: Word,
}

/// What joins two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    And,
    Or,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A program with its words.
    Simple { assignments: Vec<(String, Word)>, words: Vec<Word>, redirects: Vec<Redirect> },
    /// `a && b || c`.
    Chain(Box<Node>, Vec<(Join, Node)>),
    /// `! a`.
    Not(Box<Node>),
    /// `a | b`.
    Pipe(Vec<Node>),
    /// `a; b`.
    List(Vec<Node>),
    /// `{ a; }`, with where its output goes.
    Group(Box<Node>, Vec<Redirect>),
    /// `(a)` and `a &`: what it sets stays inside.
    Subshell(Box<Node>, Vec<Redirect>),
    /// `if`: conditions with their branches, and the last branch.
    If(Vec<(Node, Node)>, Option<Box<Node>>),
    /// `for`: the variable, and what may be run, any number of times.
    Each(String, Box<Node>),
    /// `while`, `until` and `case`: what may be run, any number of times.
    Perhaps(Vec<Node>),
    /// `name() { … }`: what is called, not what it is called with.
    Function(String, Box<Node>),
}
