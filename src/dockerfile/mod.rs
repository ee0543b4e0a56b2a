//! A Dockerfile: read as BuildKit's frontend reads it, without running anything, and evaluated to the image config that
//! a build of it would give.
//!
//! The frontend is the one of BuildKit 0.34: <https://docs.docker.com/reference/dockerfile/>. What it refuses before it
//! runs anything is refused here, and what it takes is taken; `tests/data/dockerfiles/` holds the cases that show it.
//!
//! ```
//! use pydeploy::dockerfile::{self, Options};
//!
//! let text = b"FROM python:3.13-slim\nARG PORT=8000\nENV PORT=$PORT\nEXPOSE $PORT\nUSER 1000\n";
//! let image = dockerfile::parse(text, "Dockerfile")?.evaluate(&Options::new())?;
//! assert_eq!((image.config.user.as_str(), image.config.env), ("1000", vec!["PORT=8000".to_owned()]));
//! assert!(image.config.exposed_ports.contains_key("8000/tcp"));
//! # Ok::<(), dockerfile::Error>(())
//! ```

pub mod accounts;
mod base_name;
pub mod bases;
mod budget;
mod chars;
mod command;
mod directive;
mod error;
mod evaluate;
mod flags;
mod heredoc;
mod json;
mod keyword;
mod origin;
mod platform;
mod ports;
mod problem;
mod reader;
mod shell;
mod signal;
mod source;
mod statement;
#[cfg(test)]
mod tests;
mod words;

pub use command::Form;
pub use directive::Directives;
pub use error::Error;
pub use evaluate::{Action, Base, Copied, From, Image, Lines, Options, Origin, Step, Target, Unknown, Variable, What};
pub use heredoc::Heredoc;
pub use keyword::Keyword;
pub use platform::{NotAPlatform, Platform};
pub use problem::Problem;
pub use shell::Substitution;
pub use source::Place;

use command::Command;
use source::Source;
use statement::Statement;

/// A statement with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    statement: Statement,
    command: Command,
}

/// What stands between one FROM and the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stage {
    statement: Statement,
    from: command::From,
    nodes: Vec<Node>,
}

/// A Dockerfile whose grammar is known to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    source: Source,
    directives: Directives,
    /// The ARGs above the first FROM.
    globals: Vec<Node>,
    stages: Vec<Stage>,
}

/// An instruction as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// Its first line, counted from 1.
    pub line: usize,
    /// Its last line, with its heredocs.
    pub last_line: usize,
    /// Its name, as written.
    pub name: &'a str,
    /// Its text, continued lines joined.
    pub text: &'a str,
    /// Its heredocs.
    pub heredocs: &'a [Heredoc],
}

/// Reads a Dockerfile. `name` is what errors call it.
pub fn parse(text: &[u8], name: &str) -> Result<Dockerfile, Error> {
    let source = Source::new(name, if text.len() > source::LARGEST_FILE { b"" } else { text });
    if text.len() > source::LARGEST_FILE {
        return Err(Error { place: source.place(0, 0, 1), problem: Problem::TooLarge });
    }
    let (directives, statements) = reader::read(&source)?;
    let (mut globals, mut stages): (Vec<Node>, Vec<Stage>) = (Vec::new(), Vec::new());
    for statement in statements {
        let command = match Command::parse(&statement, directives.escape) {
            Ok(command) => command,
            Err(trouble) => return Err(statement.error(&source, trouble)),
        };
        match (command, stages.last_mut()) {
            (Command::From(from), _) => stages.push(Stage { statement, from, nodes: Vec::new() }),
            (command, Some(stage)) => stage.nodes.push(Node { statement, command }),
            (command @ Command::Arg(_), None) => globals.push(Node { statement, command }),
            (_, None) => {
                let problem = Problem::BeforeFrom(statement.name.clone());
                return Err(statement.error(&source, problem));
            }
        }
    }
    if stages.is_empty() {
        return Err(Error { place: source.place(0, 0, 1), problem: Problem::NoStage });
    }
    Ok(Dockerfile { source, directives, globals, stages })
}

impl Dockerfile {
    /// What its directives say.
    pub fn directives(&self) -> &Directives {
        &self.directives
    }

    /// The names of its stages, in their order; none for those without.
    pub fn stages(&self) -> impl Iterator<Item = Option<&str>> {
        self.stages.iter().map(|stage| stage.from.name.as_deref())
    }

    /// Its instructions, in their order.
    pub fn instructions(&self) -> impl Iterator<Item = Instruction<'_>> {
        let globals = self.globals.iter().map(|node| &node.statement);
        let stages = self
            .stages
            .iter()
            .flat_map(|stage| std::iter::once(&stage.statement).chain(stage.nodes.iter().map(|node| &node.statement)));
        globals.chain(stages).map(|statement| Instruction {
            line: statement.line(),
            last_line: statement.last + 1,
            name: &statement.name,
            text: &statement.text,
            heredocs: &statement.heredocs,
        })
    }

    /// The image that a build of it would give, as far as that can be told without running anything.
    pub fn evaluate(&self, options: &Options<'_>) -> Result<Image, Error> {
        evaluate::evaluate(self, options)
    }
}
