//! The reader: from lines to statements. Continued lines are joined, comments left out, heredocs taken.

use super::directive::{DirectiveReader, Directives, Line, check_is_valid};
use super::error::{Error, Mark, Trouble};
use super::heredoc::{self, Heredoc};
use super::problem::Problem;
use super::source::{LONGEST_LINE, Source};
use super::statement::{Piece, Statement};

/// Reads the whole file.
pub(super) fn read(source: &Source) -> Result<(Directives, Vec<Statement>), Error> {
    let mut reader = Reader { source, next: 0, directives: DirectiveReader::new() };
    let mut statements = Vec::new();
    check(source)?;
    while let Some(statement) = reader.statement()? {
        statements.push(statement);
    }
    if statements.is_empty() {
        return Err(Error { place: source.place(0, 0, 1), problem: Problem::Empty });
    }
    Ok((reader.directives.found, statements))
}

/// What `# check=` says is read apart from the rest, with rules of its own: behind a `#!` line too, but not when it is
/// indented; and a directive that is given twice ends it quietly.
fn check(source: &Source) -> Result<(), Error> {
    let shebang = source.line(0).is_some_and(|line| line.starts_with("#!"));
    let mut reader = DirectiveReader::new();
    for index in usize::from(shebang).. {
        let Some(line) = source.line(index) else { break };
        if !matches!(reader.take(line.trim_end_matches('\n')), Ok(Line::Directive)) {
            break;
        }
        if let Some(text) = reader.found.check.take_if(|text| !check_is_valid(text)) {
            let column = line.find(&text).unwrap_or(0);
            return Err(Error {
                place: source.place(index, column, text.chars().count()),
                problem: Problem::Check(text),
            });
        }
    }
    Ok(())
}

struct Reader<'a> {
    source: &'a Source,
    next: usize,
    directives: DirectiveReader,
}

/// A logical line: what its physical lines come to.
#[derive(Default)]
struct Joined {
    text: String,
    pieces: Vec<Piece>,
}

impl Joined {
    /// Adds a line, and says whether it is continued.
    fn add(&mut self, text: &str, line: usize, column: usize, escape: char) -> bool {
        let kept = continued(text, escape);
        self.pieces.push(Piece { at: self.text.len(), line, column });
        self.text.push_str(kept.unwrap_or(text));
        kept.is_some()
    }
}

impl Reader<'_> {
    fn escape(&self) -> char {
        self.directives.found.escape
    }

    /// The next line and its index.
    fn line(&mut self) -> Result<Option<(usize, &str)>, Error> {
        let index = self.next;
        let Some(line) = self.source.line(index) else { return Ok(None) };
        self.next += 1;
        if line.trim_end_matches('\n').len() > LONGEST_LINE {
            return Err(Error { place: self.source.place(index, 0, 1), problem: Problem::LongLine });
        }
        Ok(Some((index, line)))
    }

    fn statement(&mut self) -> Result<Option<Statement>, Error> {
        let Some(joined) = self.joined()? else { return Ok(None) };
        let escape = self.escape();
        let mut statement = Statement::new(joined.text, joined.pieces, escape);
        let trouble = |trouble: Trouble| statement.error(self.source, trouble);
        statement.arguments(escape).map_err(trouble)?;
        if statement.text.contains("<<") && statement.takes_heredocs(escape) {
            let found = heredoc::in_line(&statement.text).map_err(|why| {
                let text = statement.text.clone();
                statement
                    .error(self.source, Trouble { problem: Problem::Substitution { text, why }, mark: Mark::Whole })
            })?;
            for heredoc in found {
                let heredoc = self.content(heredoc, &statement)?;
                statement.heredocs.push(heredoc);
            }
            statement.last = statement.last.max(self.next.saturating_sub(1));
        }
        Ok(Some(statement))
    }

    /// The next logical line that is not empty.
    fn joined(&mut self) -> Result<Option<Joined>, Error> {
        let mut joined = Joined::default();
        loop {
            let source = self.source;
            let Some((index, _)) = self.line()? else { return Ok(None) };
            let line = source.line(index).unwrap_or_default().trim_end_matches(['\r', '\n']);
            let text = line.trim_start();
            self.directives.take(text).map_err(|problem| {
                let place = source.place(index, line.len() - text.len(), text.chars().count());
                Error { place, problem }
            })?;
            if is_comment(text) || text.is_empty() {
                continue;
            }
            if joined.add(text, index, line.len() - text.len(), self.escape()) {
                self.rest_of(&mut joined)?;
            }
            return Ok(Some(joined));
        }
    }

    /// The lines that continue it. Comments and empty lines between them are nothing; the others keep the white space
    /// at their front.
    fn rest_of(&mut self, joined: &mut Joined) -> Result<(), Error> {
        let (source, escape) = (self.source, self.escape());
        while let Some((index, _)) = self.line()? {
            let line = source.line(index).unwrap_or_default().trim_end_matches(['\r', '\n']);
            // A line alone with `\` is the first one only to this; no directive follows it.
            self.directives.take(line).map_err(|problem| Error { place: source.place(index, 0, 1), problem })?;
            if is_comment(line) || line.trim_start().is_empty() {
                continue;
            }
            if !joined.add(line, index, 0, escape) {
                break;
            }
        }
        Ok(())
    }

    /// Takes the lines up to the heredoc's word.
    fn content(&mut self, mut heredoc: Heredoc, statement: &Statement) -> Result<Heredoc, Error> {
        loop {
            let Some((_, line)) = self.line()? else {
                let problem = Problem::OpenHeredoc(heredoc.name.clone());
                return Err(statement.error(self.source, Trouble::new(problem, format!("<<{}", heredoc.name))));
            };
            let bare = line.trim_end_matches(['\r', '\n']);
            if heredoc.name == if heredoc.chomp { bare.trim_start_matches('\t') } else { bare } {
                return Ok(heredoc);
            }
            heredoc.content.push_str(line);
        }
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The line without the escape at its end that continues it. An escape behind an escape does not.
fn continued(line: &str, escape: char) -> Option<&str> {
    let kept = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!kept.ends_with(escape)).then_some(kept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        read(&Source::new("f", text.as_bytes())).unwrap().1.into_iter().map(|s| s.text).collect()
    }

    fn problem(text: &str) -> (Problem, usize) {
        let error = read(&Source::new("f", text.as_bytes())).unwrap_err();
        (error.problem, error.place.line)
    }

    #[test]
    fn lines_are_joined_as_they_are() {
        assert_eq!(texts("RUN a \\\n  b\\\n# no\n\n  # no\nc \n"), ["RUN a   bc "]);
        assert_eq!(texts("  RUN a\\  \n  b"), ["RUN a  b"]);
        assert_eq!(texts("RUN a\\\\\nRUN b"), ["RUN a\\\\", "RUN b"]);
        assert_eq!(texts("\\\nRUN a\r\nRUN b\\\r\n c\r\n"), ["RUN a", "RUN b c"]);
        assert_eq!(texts("# escape=`\nRUN a`\nb\\\nRUN c"), ["RUN ab\\", "RUN c"]);
        assert_eq!(texts("# a \\\nRUN b\\"), ["RUN b"]);
    }

    #[test]
    fn heredocs_take_lines() {
        let source = Source::new("f", b"RUN <<A <<-'B' cat\nUSER a\nA\n\tx\r\n\tB\r\nUSER b");
        let (_, statements) = read(&source).unwrap();
        let contents: Vec<_> = statements[0].heredocs.iter().map(|h| h.content.as_str()).collect();
        assert_eq!(contents, ["USER a\n", "\tx\r\n"]);
        assert_eq!((statements.len(), statements[0].last, statements[1].line()), (2, 4, 6));
        assert_eq!(texts("COPY [\"<<E\", \"/\"]\nUSER a"), ["COPY [\"<<E\", \"/\"]", "USER a"]);
        assert_eq!(texts("ONBUILD RUN <<E\nUSER a\nE\nCMD <<E"), ["ONBUILD RUN <<E", "CMD <<E"]);
    }

    #[test]
    fn files_that_are_none() {
        assert_eq!(problem("# nothing\n\n"), (Problem::Empty, 1));
        assert_eq!(problem("USER a\nRUN <<E\nx\n E\n"), (Problem::OpenHeredoc("E".into()), 2));
        assert_eq!(problem(&format!("USER a\n# {}", "x".repeat(1 << 20))), (Problem::LongLine, 2));
        assert_eq!(texts(&format!("USER {}", "x".repeat(LONGEST_LINE - 5))).len(), 1);
        assert_eq!(problem("# check=all\nUSER a"), (Problem::Check("all".into()), 1));
        assert_eq!(texts("  # check=all\nUSER a").len(), 1);
    }

    #[test]
    fn places_are_those_in_the_file() {
        let source = Source::new("f", b"ENV A=b \\\n    C=d \\\n  E");
        let error = read(&source).unwrap_err();
        assert_eq!((error.place.line, error.place.column, error.place.marked().as_str()), (3, 3, "E"));
    }
}
