//! A source: the text of a Dockerfile, line by line, and where its places are.

use std::fmt;

use super::chars::decode;

/// The longest line that the frontend's scanner takes, in bytes without the line break.
pub(super) const LONGEST_LINE: usize = (1 << 16) - 1;
/// The largest file that BuildKit hands to its frontend, in bytes.
pub(super) const LARGEST_FILE: usize = 16 << 20;
/// How much of a line is shown, in characters.
const SHOWN: usize = 160;

/// The text of a Dockerfile under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) name: String,
    text: String,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl Source {
    /// Takes bytes for text: what is not UTF-8 is marked, as the frontend does.
    pub(super) fn new(name: &str, bytes: &[u8]) -> Self {
        let text = decode(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at < text.len());
        let starts = std::iter::once(0).chain(breaks).collect();
        Self { name: name.to_owned(), text, starts }
    }

    /// A line, counted from 0, with its line break.
    pub(super) fn line(&self, index: usize) -> Option<&str> {
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        self.text.get(start..end).filter(|line| !line.is_empty())
    }

    /// The place of `width` characters from a column, in bytes, of a line, counted from 0.
    pub(super) fn place(&self, line: usize, column: usize, width: usize) -> Place {
        let text = self.line(line).unwrap_or_default().trim_end_matches(['\r', '\n']);
        let before = text.get(..column).map_or(0, |before| before.chars().count());
        // A long line is shown from a little before the place.
        let from = if before + width.min(SHOWN / 2) > SHOWN { before - before.min(SHOWN / 4) } else { 0 };
        let shown: String = text.chars().skip(from).take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let left = shown.chars().count().saturating_sub(before - from);
        let place = Place { file: self.name.clone(), line: line + 1, column: before + 1, text: shown, from, width: 0 };
        Place { width: width.min(left).max(1), ..place }
    }
}

/// A place in a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, in characters, counted from 1.
    pub column: usize,
    /// The line's text, or the part of a long one that holds the place; control characters are blanks.
    text: String,
    /// How many characters were left off the text's front.
    from: usize,
    /// How many characters are meant.
    width: usize,
}

impl Place {
    /// The text that is meant.
    pub fn marked(&self) -> String {
        self.text.chars().skip(self.column - 1 - self.from).take(self.width).collect()
    }

    /// The line with the text marked under it, as a compiler shows it; three lines without a line break at the end.
    pub fn snippet(&self) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(self.column - 1 - self.from + usize::from(self.from > 0));
        let cut = if self.from > 0 { "…" } else { "" };
        let marks = "^".repeat(self.width);
        format!("{margin} |\n{number} | {cut}{}\n{margin} | {indent}{marks}", self.text)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_breaks() {
        let source = Source::new("f", b"\xef\xbb\xbfa\r\n\nb");
        let lines: Vec<_> = (0..).map_while(|i| source.line(i)).collect();
        assert_eq!(lines, ["a\r\n", "\n", "b"]);
        assert_eq!(Source::new("f", b"").line(0), None);
        assert_eq!(Source::new("f", b"a\n").line(1), None);
    }

    #[test]
    fn a_place_shows_its_line() {
        let source = Source::new("Dockerfile", "FROM é\nUSER  app\tx\n".as_bytes());
        let place = source.place(1, 6, 3);
        assert_eq!((place.to_string().as_str(), place.marked().as_str()), ("Dockerfile:2:7", "app"));
        assert_eq!(place.snippet(), "  |\n2 | USER  app x\n  |       ^^^");
        assert_eq!(source.place(0, 5, 99).marked(), "é");
        assert_eq!(source.place(7, 5, 9).snippet(), "  |\n8 | \n  | ^");
    }

    #[test]
    fn of_a_long_line_only_a_part_is_shown() {
        let long = format!("{}here{}", "x".repeat(10_000), "y".repeat(10_000));
        let place = Source::new("f", long.as_bytes()).place(0, 10_000, 4);
        assert_eq!(place.marked(), "here");
        assert!(place.snippet().len() < 500, "{}", place.snippet());
    }
}
