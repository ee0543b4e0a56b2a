//! A shell script, as far as a check's text can be understood without running it.

mod expand;
mod lex;
mod parse;
#[cfg(test)]
mod tests;
mod walk;

pub(super) use expand::{Field, Scope, expand};
pub(super) use walk::{assigned, commands, variables};

/// Longer texts are not read: a check of this size is a program.
const LONGEST: usize = 64 * 1024;
/// How deep quotes, groups and substitutions may nest.
const DEEPEST: usize = 12;

/// Which shell reads a text. They differ in what some texts mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// dash, Debian's `/bin/sh`.
    Dash,
    /// busybox's ash, Alpine's `/bin/sh`.
    Ash,
    /// bash.
    Bash,
    /// Not known; read as bash would.
    Unknown,
}

/// Why a text is not understood, in words that follow "because".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unread(pub(super) &'static str);

/// Chains that run one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct List(pub(super) Vec<Item>);

/// One chain, and whether the shell waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) chain: Chain,
    pub(super) end: End,
}

/// How a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With `;`, a line's end, or nothing.
    Wait,
    /// With `&`.
    Background,
}

/// Pipelines that depend on one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Join, Pipeline)>,
}

/// When the next pipeline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// `&&`
    IfWell,
    /// `||`
    IfNot,
}

/// Commands whose output is the next one's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub(super) sense: Sense,
    pub(super) commands: Vec<Command>,
}

/// Whether a pipeline's outcome is turned round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// As it is.
    Plain,
    /// With `!` before it.
    Negated,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Simple(Simple),
    /// `( … )`: an `exit` in it ends only it.
    Subshell(List),
    /// `{ …; }`
    Group(List),
    /// `if …; then …; fi`: conditions with their branches, and what is done where none holds.
    If(Vec<(List, List)>, Option<List>),
    /// A loop, a `case`, a function: anything may come of it.
    Opaque(&'static str),
}

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Simple {
    pub(super) assignments: Vec<(String, Word)>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

/// Where a stream goes or comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) kind: RedirectKind,
    pub(super) target: Word,
}

/// What a redirection does with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RedirectKind {
    /// `<`
    Read,
    /// `>`, `>>`, `>|`, `<>`, `&>`
    Write,
    /// `>&`, `<&`
    Copy,
}

/// A word before expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word(pub(super) Vec<Part>);

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String, Quoting),
    Variable(Variable),
    /// `$(…)`, with what is in it where that was understood.
    Substitution(Option<List>),
    /// What can't be told beforehand: arithmetic, `$?`, a pattern of file names.
    Opaque,
}

/// Whether a part stands in quotes: only then it is never split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    Bare,
    Quoted,
}

/// A variable in a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) quoting: Quoting,
    pub(super) otherwise: Otherwise,
}

/// What a variable's braces say beside its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// Nothing: it is empty where it is not set.
    Empty,
    /// `${X-word}`, and `${X:-word}` where an empty one counts as not set; `=` alike.
    Default(Vec<Part>, Counts),
    /// `${X+word}` and `${X:+word}`.
    Instead(Vec<Part>, Counts),
}

/// What counts as set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// Any value.
    Set,
    /// Any that is not empty.
    Full,
}

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) list: List,
    /// What in it only bash understands.
    pub(super) bashisms: Vec<&'static str>,
}

/// Reads a text as a shell would, or says why not.
pub(super) fn read(text: &str, dialect: Dialect) -> Result<Script, Unread> {
    if text.len() > LONGEST {
        return Err(Unread("it is too long to be read"));
    }
    let (tokens, mut bashisms) = lex::lex(text, dialect, 0)?;
    let list = parse::parse(&tokens)?;
    if dialect == Dialect::Unknown || dialect == Dialect::Dash {
        bashisms.extend(walk::bashisms(&list));
        bashisms.dedup();
    } else if dialect == Dialect::Ash {
        bashisms = walk::bashisms(&list).into_iter().filter(|b| *b == "/dev/tcp").collect();
    } else {
        bashisms.clear();
    }
    Ok(Script { list, bashisms })
}
