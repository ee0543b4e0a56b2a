//! The logical lines of a requirements file.

use crate::project::paths;

/// One or more lines of the file that count as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it begins, counted from 1.
    pub(super) number: usize,
    /// The text without comments.
    pub(super) text: String,
    /// The comments beside and right below it, in which pip-compile and uv say who asked for a package.
    pub(super) comment: String,
}

/// Splits a file as pip does: `\` at the end of a line joins the next one, then comments go, then empty lines.
/// <https://pip.pypa.io/en/stable/reference/requirements-file-format/>
pub(super) fn logical(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut begun: Option<(usize, String)> = None;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for (n, raw) in text.split('\n').enumerate() {
        let comment_only = raw.trim_start().starts_with('#');
        if let Some(part) = raw.strip_suffix('\\').filter(|_| !comment_only) {
            let (_, joined) = begun.get_or_insert_with(|| (n + 1, String::new()));
            joined.push_str(part.trim_end_matches('\\'));
            continue;
        }
        let (number, mut joined) = begun.take().unwrap_or((n + 1, String::new()));
        // A comment that ends a continued line must not grow together with the word before it.
        if comment_only {
            joined.push(' ');
        }
        joined.push_str(raw);
        push(&mut lines, number, &joined, comment_only);
    }
    if let Some((number, joined)) = begun {
        push(&mut lines, number, &joined, false);
    }
    lines
}

fn push(lines: &mut Vec<Line>, number: usize, joined: &str, comment_only: bool) {
    let (text, comment) = split_comment(joined);
    if !text.is_empty() {
        lines.push(Line { number, text: text.to_owned(), comment: comment.to_owned() });
    } else if comment_only && let Some(last) = lines.last_mut() {
        last.comment.push('\n');
        last.comment.push_str(comment);
    }
}

/// A `#` begins a comment at the start of a line or after white space, never inside a word such as a URL.
fn split_comment(line: &str) -> (&str, &str) {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            let (text, comment) = line.split_at(at);
            return (text.trim(), comment.trim_start_matches('#').trim());
        }
        before = c;
    }
    (line.trim(), "")
}

impl Line {
    /// Whether the project asks for the package itself; tools that lock write `# via` with those who ask.
    pub(super) fn direct(&self) -> bool {
        let mut words = self.comment.split_whitespace();
        if words.next() != Some("via") {
            return true;
        }
        let by_file = |word: &str| {
            matches!(word, "-r" | "-c") || paths::has_extension(word, "in") || word.contains("pyproject.toml")
        };
        self.comment.split_whitespace().any(by_file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(usize, String)> {
        logical(text).into_iter().map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn lines_are_joined_and_comments_go() {
        assert_eq!(
            texts("# top\r\na==1 \\\r\n    --hash=sha256:0 \\\n    --hash=sha256:1\n\nb # why\nc#d\n\n  # end\ne"),
            [
                (2, "a==1     --hash=sha256:0     --hash=sha256:1".to_owned()),
                (6, "b".to_owned()),
                (7, "c#d".to_owned()),
                (10, "e".to_owned()),
            ]
        );
        assert_eq!(texts("# no join \\\na\nb \\"), [(2, "a".to_owned()), (3, "b".to_owned())]);
        assert_eq!(texts("a \\\n# x\nb"), [(1, "a".to_owned()), (3, "b".to_owned())]);
        assert_eq!(texts("a\\"), [(1, "a".to_owned())]);
    }

    #[test]
    fn via_tells_who_asked() {
        let text = "a==1\n    # via b\nb==1\n    # via\n    #   -r requirements.in\n    #   c\nc==1  # via demo (pyproject.toml)\nd==1  # viable\n";
        assert_eq!(logical(text).iter().map(Line::direct).collect::<Vec<_>>(), [false, true, true, true]);
    }
}
