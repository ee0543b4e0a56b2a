//! Plain text: what a process, a server or a file says, without what a terminal would obey.

/// A text without escape sequences and control characters, but for line ends and tabs.
pub fn text(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => skip(&mut chars),
            '\u{9b}' => skip_to_end(&mut chars),
            '\n' | '\t' => kept.push(char),
            _ if char.is_control() || is_mark(char) => {}
            _ => kept.push(char),
        }
    }
    kept
}

/// The same on one line.
pub fn line(text: &str) -> String {
    let text = self::text(text);
    text.trim_end_matches('\n').replace(['\n', '\t'], " ")
}

/// The same with all that a terminal would obey shown instead: for what runs as it is written.
pub fn shown(text: &str) -> String {
    let show = |c: char| if c.is_control() || is_mark(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(show).collect()
}

/// What turns the direction of the text around it, so that it reads as something else than it is.
fn is_mark(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

type Chars<'t> = std::iter::Peekable<std::str::Chars<'t>>;

/// Skips an escape sequence (ECMA-48, 5.4): `ESC [ … letter`, `ESC ] … BEL`, or one character.
fn skip(chars: &mut Chars<'_>) {
    match chars.next() {
        Some('[') => skip_to_end(chars),
        Some(']' | 'P' | '_' | '^' | 'X') => {
            // A string, to its terminator or, of one that is cut off, to the end of the line.
            while let Some(char) = chars.next_if(|c| *c != '\n') {
                if char == '\u{7}' || char == '\u{9c}' {
                    return;
                }
                if char == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    return;
                }
            }
        }
        _ => {}
    }
}

/// Skips the rest of a control sequence: parameters, then a letter. A line's end is none of it.
fn skip_to_end(chars: &mut Chars<'_>) {
    while let Some(char) = chars.next_if(|c| *c != '\n') {
        if ('@'..='~').contains(&char) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_cursor_moves_are_left_out() {
        assert_eq!(text("\u{1b}[31mERROR\u{1b}[0m:\tno\r\n\u{7}way\u{1b}"), "ERROR:\tno\nway");
        assert_eq!(text("é \u{1b}[2J"), "é ");
        assert_eq!(text("a\u{9b}2Jb"), "ab");
    }

    #[test]
    fn titles_and_links_are_left_out() {
        assert_eq!(text("a\u{1b}]0;title\u{7}b"), "ab");
        assert_eq!(text("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\"), "link");
        assert_eq!(text("a\u{1b}]0;never ends\nb\u{1b}[1\nc"), "a\nb\nc");
    }

    #[test]
    fn what_turns_the_text_around_is_left_out() {
        assert_eq!(text("exe\u{202e}txt.\u{2066}"), "exetxt.");
    }

    #[test]
    fn what_is_shown_is_all_there() {
        assert_eq!(shown("curl\u{1b}[2J é\n"), "curl\\u{1b}[2J é\\n");
    }

    #[test]
    fn a_line_is_one() {
        assert_eq!(line("a\tb\r\nc\n"), "a b c");
    }
}
