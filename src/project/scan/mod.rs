//! Python source text, as far as it can be told without running it.

mod blank;
pub(crate) mod cursor;
pub(crate) mod imports;
pub(crate) mod objects;
pub(crate) mod routes;

use std::ops::Range;

use self::imports::Import;
use super::{Error, Evidence, paths};
use crate::source::SourceTree;

/// Folders whose code is never what is started.
const ASIDE: &[&str] = &[
    "tests",
    "test",
    "testing",
    "docs",
    "doc",
    "examples",
    "example",
    "samples",
    "migrations",
    "benchmarks",
    "build",
    "dist",
];
/// Files of tests.
const TESTS: &[&str] = &["conftest.py", "tests.py"];
/// Files at the root that only tools read.
const TOOLS: &[&str] = &["setup.py", "noxfile.py", "dodo.py", "fabfile.py"];
/// As many modules as are looked at: those nearest to the root.
const MODULES: usize = 5_000;
/// Larger files are data or generated.
const LARGE: usize = 1 << 20;

/// A Python module.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its path.
    pub(crate) path: String,
    /// Its text.
    pub(crate) raw: String,
    /// Its text with every string and comment blanked, byte for byte.
    pub(crate) code: String,
    /// What it imports.
    pub(crate) imports: Vec<Import>,
    /// Where its logical lines begin and end.
    lines: Vec<Range<usize>>,
}

/// The modules of a project that can matter to how it is started.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The modules, nearest to the root first.
    pub(crate) modules: Vec<Module>,
    /// Whether there is any Python file at all, also one that is left aside.
    pub(crate) any: bool,
}

impl Sources {
    /// Reads every module that can matter.
    pub(crate) fn read(tree: &SourceTree) -> Result<Self, Error> {
        let mut files: Vec<&str> = tree.files().filter(|path| paths::has_extension(path, "py")).collect();
        let any = !files.is_empty();
        files.retain(|path| !is_aside(path));
        files.sort_by_key(|path| (path.matches('/').count(), *path));
        let mut modules = Vec::new();
        for path in files.into_iter().take(MODULES) {
            let raw = tree.text(path)?.unwrap_or_default();
            if raw.len() <= LARGE {
                modules.push(Module::new(path, raw));
            }
        }
        Ok(Self { modules, any })
    }

    /// The module at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.path == path)
    }
}

fn is_aside(path: &str) -> bool {
    let name = paths::file_name(path);
    let test = name.starts_with("test_") || name.ends_with("_test.py");
    let mut folders = paths::folder(path).split('/');
    test || TESTS.contains(&name)
        || TOOLS.contains(&path)
        || folders.any(|folder| ASIDE.contains(&folder) || folder.starts_with('.'))
}

impl Module {
    /// Reads a module's text.
    pub(crate) fn new(path: &str, raw: String) -> Self {
        let code = blank::strings_and_comments(&raw);
        let lines = blank::logical_lines(&code);
        let imports = imports::of(&code, &lines);
        Self { path: path.to_owned(), raw, code, imports, lines }
    }

    /// The name without folders and ending.
    pub(crate) fn stem(&self) -> &str {
        let name = paths::file_name(&self.path).trim_end_matches(".py");
        if name == "__init__" { paths::file_name(paths::folder(&self.path)) } else { name }
    }

    /// The place of an offset.
    pub(crate) fn at(&self, offset: usize) -> Evidence {
        let before = self.code.get(..offset).unwrap_or_default();
        Evidence::line(&self.path, 1 + before.matches('\n').count())
    }

    /// Every logical line, with where it begins: its text may span several lines of the file.
    pub(crate) fn lines(&self) -> impl DoubleEndedIterator<Item = (usize, &str)> {
        self.lines.iter().filter_map(|range| Some((range.start, self.code.get(range.clone())?)))
    }

    /// The logical lines that are not indented.
    pub(crate) fn top(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, line)| !line.starts_with([' ', '\t']))
    }

    /// The contents of the string literal that begins at or after white space from `offset`.
    pub(crate) fn literal(&self, offset: usize) -> Option<&str> {
        let code = self.code.get(offset..)?;
        // A prefix (r, b, u) says nothing of interest; f-strings are not literals.
        let body = code.trim_start().trim_start_matches(['r', 'b', 'u', 'R', 'B', 'U']);
        let quote = body.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let open = offset + code.len() - body.len() + 1;
        let length = self.code.get(open..)?.find(quote)?;
        self.raw.get(open..open + length)
    }

    /// The offsets between the parenthesis at `open` and the one that closes it.
    pub(crate) fn arguments(&self, open: usize) -> Range<usize> {
        let mut depth = 0_usize;
        for (at, c) in self.code.get(open..).unwrap_or_default().char_indices() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 {
                return open + 1..(open + at).max(open + 1);
            }
        }
        let end = self.code.len();
        (open + 1).min(end)..end
    }

    /// The offsets of the values of a keyword argument within the outermost level of `arguments`.
    pub(crate) fn keyword(&self, arguments: Range<usize>, name: &str) -> Option<usize> {
        let text = self.code.get(arguments.clone())?;
        let mut depth = 0_usize;
        let mut previous = ',';
        for (at, c) in text.char_indices() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            let begins = depth == 0 && !cursor::is_word(previous) && previous != '.';
            previous = c;
            let after = text.get(at..).filter(|_| begins).and_then(|rest| rest.strip_prefix(name));
            let value = after.map(str::trim_start).and_then(|rest| rest.strip_prefix('='));
            if let Some(value) = value.filter(|value| !value.starts_with('=')) {
                return Some(arguments.end - value.len());
            }
        }
        None
    }

    /// The number that stands at `offset`, if nothing but the number stands there.
    pub(crate) fn number(&self, offset: usize) -> Option<u16> {
        let text = self.code.get(offset..)?.trim_start();
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        let ends = rest.trim_start().chars().next().is_none_or(|c| matches!(c, ',' | ')' | '\n' | '\r' | ';'));
        digits.parse().ok().filter(|number| ends && *number > 0)
    }

    /// Every place where `name` is called, with the offset of the opening parenthesis.
    pub(crate) fn calls<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.code.match_indices(name).filter_map(move |(at, _)| {
            let before = self.code.get(..at)?.chars().next_back();
            let end = at + name.len();
            let rest = self.code.get(end..)?;
            let gap = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let whole = before.is_none_or(|c| !cursor::is_word(c));
            (whole && rest.get(gap..)?.starts_with('(')).then_some((at, end + gap))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn literals_arguments_and_keywords() {
        let text = "run(\"main:app\", host=\"0.0.0.0\",  # port=1\n    x=f(port=2), port=8_0, reload=True)\nrun(app, port = 9000)\n";
        let module = Module::new("main.py", text.to_owned());
        let opens: Vec<_> = module.calls("run").map(|(_, open)| open).collect();
        assert_eq!(opens.len(), 2);
        let first = module.arguments(opens[0]);
        assert_eq!(module.literal(first.start), Some("main:app"));
        assert_eq!(module.literal(module.keyword(first.clone(), "host").unwrap()), Some("0.0.0.0"));
        assert_eq!(module.number(module.keyword(first, "port").unwrap()), None);
        let second = module.arguments(opens[1]);
        assert_eq!(module.number(module.keyword(second.clone(), "port").unwrap()), Some(9000));
        assert_eq!(module.keyword(second.clone(), "app"), None);
        assert_eq!(module.at(second.start).to_string(), "main.py:3");
    }

    #[test]
    fn tests_and_tools_are_left_aside() {
        let tree = SourceTree::in_memory(
            "p",
            [
                ("a/b.py", ""),
                ("z.py", ""),
                ("tests/x.py", ""),
                ("a/test_b.py", ""),
                ("conftest.py", ""),
                ("setup.py", ""),
                (".x/y.py", ""),
            ],
        );
        let sources = Sources::read(&tree).unwrap();
        assert_eq!(sources.modules.iter().map(|m| m.path.as_str()).collect::<Vec<_>>(), ["z.py", "a/b.py"]);
        assert!(Sources::read(&SourceTree::in_memory("p", [("tests/x.py", "")])).unwrap().any);
    }
}
