//! A directive: `# syntax=`, `# escape=` or `# check=` at the very top of a Dockerfile.

use super::chars::lower;
use super::problem::Problem;

/// What a Dockerfile's directives say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directives {
    /// `syntax`: the frontend that it asks for, as written.
    pub syntax: Option<String>,
    /// `check`: which checks the frontend skips, and whether the others fail the build, as written.
    pub check: Option<String>,
    /// `escape`: `\` where it isn't stated.
    pub escape: char,
}

/// Reads directives until something else is met.
#[derive(Debug)]
pub(super) struct DirectiveReader {
    pub(super) found: Directives,
    seen: Vec<String>,
    over: bool,
}

/// Whether a line was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Directive,
    Other,
}

impl DirectiveReader {
    pub(super) fn new() -> Self {
        let found = Directives { syntax: None, check: None, escape: '\\' };
        Self { found, seen: Vec::new(), over: false }
    }

    /// Takes the next line, without its line break and leading white space. Any line that is no directive, an empty
    /// one too, ends them.
    pub(super) fn take(&mut self, line: &str) -> Result<Line, Problem> {
        if self.over {
            return Ok(Line::Other);
        }
        let Some((name, value)) = name_and_value(line) else {
            self.over = true;
            return Ok(Line::Other);
        };
        if self.seen.contains(&name) {
            return Err(Problem::RepeatedDirective(name));
        }
        match name.as_str() {
            "syntax" => self.found.syntax = Some(value),
            "check" => self.found.check = Some(value),
            _ => {
                self.found.escape = match value.as_str() {
                    "\\" => '\\',
                    "`" => '`',
                    _ => return Err(Problem::Escape(value)),
                };
            }
        }
        self.seen.push(name);
        Ok(Line::Directive)
    }
}

/// `# name = value` with a name that is known.
fn name_and_value(line: &str) -> Option<(String, String)> {
    let space = |c: char| matches!(c, '\t' | '\n' | '\u{c}' | '\r' | ' ');
    let (name, value) = line.strip_prefix('#')?.trim_start().split_once('=')?;
    let name = name.trim_end_matches(space);
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let name = lower(name);
    if !word || value.is_empty() || !matches!(name.as_str(), "syntax" | "escape" | "check") {
        return None;
    }
    let trimmed = value.trim_matches(space);
    // Where there is nothing but white space, the last of it is the value.
    let value = if trimmed.is_empty() { value.chars().next_back()?.to_string() } else { trimmed.to_owned() };
    Some((name, value))
}

/// Whether the frontend understands what `check` says, for it refuses the rest: `skip=…;experimental=…;error=BOOL`.
pub(super) fn check_is_valid(text: &str) -> bool {
    // Only what is before the first blank is read.
    let options = text.split(' ').next().unwrap_or_default();
    options.is_empty()
        || options.splitn(3, ';').all(|option| match option.split_once('=') {
            Some((name, value)) => match name.trim() {
                "skip" | "experimental" => true,
                "error" => super::flags::boolean(value.trim()).is_some(),
                _ => false,
            },
            None => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_stand_at_the_top_once_each() {
        let mut reader = DirectiveReader::new();
        assert_eq!(reader.take("# syntax = docker/dockerfile:1 "), Ok(Line::Directive));
        assert_eq!(reader.take("#ESCAPE=`"), Ok(Line::Directive));
        assert_eq!(reader.take("# escape=\\"), Err(Problem::RepeatedDirective("escape".into())));
        assert_eq!(reader.take("# words"), Ok(Line::Other));
        assert_eq!(reader.take("# check=skip=all"), Ok(Line::Other), "too late");
        assert_eq!((reader.found.syntax.as_deref(), reader.found.escape), (Some("docker/dockerfile:1"), '`'));
    }

    #[test]
    fn an_escape_is_one_of_two() {
        assert_eq!(DirectiveReader::new().take("# escape=x"), Err(Problem::Escape("x".into())));
        assert_eq!(DirectiveReader::new().take("# escape=  "), Err(Problem::Escape(" ".into())));
        assert_eq!(DirectiveReader::new().take("# escape="), Ok(Line::Other));
        assert_eq!(DirectiveReader::new().take(""), Ok(Line::Other));
    }

    #[test]
    fn checks() {
        for valid in ["", "skip=all", "skip=A,B;error=true", "error=false;experimental=all", "error=1 ; nonsense"] {
            assert!(check_is_valid(valid), "{valid}");
        }
        for invalid in ["all", "skip=all; error=true", "error=maybe", "skip=a;b", "x=y"] {
            assert!(!check_is_valid(invalid), "{invalid}");
        }
    }
}
