//! Plain text: what another program said, fit for one line of a message.

/// How much of another's words a message repeats, in characters.
const LONGEST: usize = 300;

/// One line that moves no cursor, cut to [`LONGEST`], and with no URL's query: it may hold a signature.
pub(super) fn plain(text: &str) -> String {
    let text = crate::plain::line(text);
    let mut line = text.split_whitespace().map(without_query).collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

fn without_query(word: &str) -> &str {
    match (word.find("://"), word.find('?')) {
        (Some(scheme), Some(query)) if scheme < query => &word[..query],
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_control_characters_go() {
        assert_eq!(plain("  a\n\tb\u{1b}[31m c\r\n"), "a b c");
    }

    #[test]
    fn queries_go_and_questions_stay() {
        assert_eq!(plain("GET https://a/b?X-Signature=1 failed. why?"), "GET https://a/b failed. why?");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(plain(&"ü".repeat(400)).chars().count(), LONGEST + 1);
    }
}
