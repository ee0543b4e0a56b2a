//! Plain text: what a process or a server wrote, without what a terminal would obey.

/// A text without escape sequences and control characters, but for line ends and tabs.
pub(super) fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => skip(&mut chars),
            '\n' | '\t' => kept.push(char),
            _ if char.is_control() => {}
            _ => kept.push(char),
        }
    }
    kept
}

/// Skips an escape sequence: `ESC [ … letter`, or one character (ECMA-48, 5.4).
fn skip(chars: &mut std::str::Chars<'_>) {
    if chars.next() == Some('[') {
        chars.find(|c| ('@'..='~').contains(c));
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn colours_and_cursor_moves_are_left_out() {
        assert_eq!(plain("\u{1b}[31mERROR\u{1b}[0m:\tno\r\n\u{7}way\u{1b}"), "ERROR:\tno\nway");
        assert_eq!(plain("é \u{1b}[2J"), "é ");
    }
}
