//! An ignore file: the text of a `.dockerignore`, read line by line as moby's `ignorefile` does.

use super::pattern::path;

/// One pattern and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreLine {
    /// The pattern, cleaned and without a leading slash; `!` stays in front.
    pub pattern: String,
    /// Its line, counted from 1.
    pub line: usize,
}

/// The patterns of a `.dockerignore`. A comment has its `#` in the first column; nothing is checked here, not even
/// that something follows a `!`.
pub fn parse(text: &str) -> Vec<IgnoreLine> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    text.split('\n')
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty())
        .map(|(at, line)| IgnoreLine { pattern: normalize(line.trim()), line: at + 1 })
        .collect()
}

/// Cleans what stands behind the `!`, if there is one, and makes an absolute path relative to the context.
fn normalize(pattern: &str) -> String {
    let (mark, rest) = match pattern.strip_prefix('!') {
        Some(rest) => ("!", rest.trim()),
        None => ("", pattern),
    };
    if rest.is_empty() {
        return mark.to_owned();
    }
    let cleaned = path::clean(rest);
    let relative = cleaned.strip_prefix('/').filter(|relative| !relative.is_empty()).unwrap_or(&cleaned);
    format!("{mark}{relative}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(text: &str) -> Vec<(String, usize)> {
        parse(text).into_iter().map(|line| (line.pattern, line.line)).collect()
    }

    #[test]
    fn reads_the_lines_of_mobys_own_test() {
        let text = "test1\n/test2\n/a/file/here\n\nlastfile\n# this is a comment\n! /inverted/abs/path\n!\n! ";
        let expected = [
            ("test1", 1),
            ("test2", 2),
            ("a/file/here", 3),
            ("lastfile", 5),
            ("!inverted/abs/path", 7),
            ("!", 8),
            ("!", 9),
        ];
        assert_eq!(patterns(text), expected.map(|(pattern, line)| (pattern.to_owned(), line)));
    }

    #[test]
    fn passes_over_a_mark_and_comments_but_not_an_indented_hash() {
        let text = "\u{FEFF}# comment\r\n  # no comment\r\n\u{FEFF}x\n\t\n";
        assert_eq!(patterns(text), [("# no comment".to_owned(), 2), ("\u{FEFF}x".to_owned(), 3)]);
        assert_eq!(patterns(""), []);
    }

    #[test]
    fn cleans_each_pattern() {
        for (line, expected) in [
            ("./a//b/", "a/b"),
            ("/", "/"),
            ("//", "/"),
            ("/../x", "x"),
            ("../x", "../x"),
            (".", "."),
            ("a/..", "."),
            ("!!a", "!!a"),
            ("!a/..", "!."),
            ("!/", "!/"),
            ("\u{a0}a b\u{85}", "a b"),
        ] {
            assert_eq!(patterns(line), [(expected.to_owned(), 1)], "{line:?}");
        }
    }
}
