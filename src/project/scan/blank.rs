//! Python code without the contents of its strings and comments.

use std::ops::Range;

/// Replaces every byte inside a string or a comment by a space. Quotes and line ends stay, so that every offset and line
/// is still what it was.
pub(super) fn strings_and_comments(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    while let Some(&byte) = out.get(at) {
        at = match byte {
            b'#' => blank(&mut out, at, |rest| rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())),
            b'"' | b'\'' => string(&mut out, at, byte),
            _ => at + 1,
        };
    }
    // Only whole characters were replaced, each byte by an ASCII one.
    String::from_utf8(out).unwrap_or_default()
}

/// Blanks from `from` for as many bytes as `length` says, and gives the offset behind them.
fn blank(out: &mut [u8], from: usize, length: impl Fn(&[u8]) -> usize) -> usize {
    let rest = out.get_mut(from..).unwrap_or_default();
    let length = length(rest).min(rest.len());
    for byte in rest.iter_mut().take(length).filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        *byte = b' ';
    }
    from + length
}

/// Blanks the string whose opening quote is at `from`, and gives the offset behind its closing one.
fn string(out: &mut [u8], from: usize, quote: u8) -> usize {
    let long = [quote; 3];
    let is_long = out.get(from..from + 3) == Some(&long[..]);
    let width = if is_long { 3 } else { 1 };
    let end = blank(out, from + width, |rest| {
        let mut at = 0;
        while let Some(&byte) = rest.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' if !is_long => return at,
                _ if byte == quote && (!is_long || rest.get(at..at + 3) == Some(&long[..])) => return at,
                _ => {}
            }
            at += 1;
        }
        rest.len()
    });
    // A string that its line leaves open ends there.
    if out.get(end) == Some(&quote) { end + width } else { end.max(from + 1) }
}

/// The statements' lines in blanked code: a line that ends inside brackets or with `\` goes on in the next one.
pub(super) fn logical_lines(code: &str) -> Vec<Range<usize>> {
    const STARTS: [&str; 6] = ["def ", "class ", "import ", "from ", "async def ", "@"];
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut depth = 0_usize;
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        // A bracket that was never closed must not swallow the rest of the file.
        if STARTS.iter().any(|start| line.starts_with(start))
            && let Some(start) = open.take()
        {
            lines.push(start..at);
            depth = 0;
        }
        let start = open.unwrap_or(at);
        for byte in line.bytes() {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        at += line.len();
        if depth > 0 || line.trim_end().ends_with('\\') {
            open = Some(start);
        } else {
            open = None;
            lines.push(start..at);
        }
    }
    lines.extend(open.map(|start| start..at));
    lines.retain(|range| code.get(range.clone()).is_some_and(|line| !line.trim().is_empty()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        let text = "a = 'x = \"1\"' # b = 2\nc = \"\"\"\nd = FastAPI()\n'''\"\"\"\ne = 'it\\'s é' + r\"\\\"q\"\nf = 'open\ng = 1\n";
        let code = strings_and_comments(text);
        assert_eq!(code.len(), text.len());
        let words: Vec<_> = code.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "a", "=", "'", "'", "c", "=", "\"\"\"", "\"\"\"", "e", "=", "'", "'", "+", "r\"", "\"", "f", "=", "'",
                "g", "=", "1"
            ]
        );
        for odd in ["'", "\"\"\"", "'\\", "#", "\"\"", "é'é"] {
            assert_eq!(strings_and_comments(odd).len(), odd.len());
        }
    }

    #[test]
    fn brackets_join_lines() {
        let lines =
            |code: &str| logical_lines(code).into_iter().map(|r| code[r].trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(lines("a = f(\n  1,\n)\n\nb = 1 + \\\n  2\n"), ["a = f(\n  1,\n)", "b = 1 + \\\n  2"]);
        assert_eq!(lines("a = (\ndef f():\n  pass"), ["a = (", "def f():", "  pass"]);
        assert_eq!(lines("a = ("), ["a = ("]);
    }
}
