//! Quoted words: how ARG, ENV and LABEL part their arguments, quotes left for later.

use super::chars::is_blank;
use super::error::Trouble;
use super::problem::Problem;

/// The words of a text. Quotes and escapes keep white space in a word, and stay in it.
pub(super) fn quoted_words(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return words;
        }
        let (mut word, mut quote, mut quoted) = (String::new(), None, false);
        while let Some(c) = rest.next() {
            if quote.is_none() && c.is_whitespace() {
                break;
            }
            match quote {
                None if matches!(c, '\'' | '"') => {
                    quote = Some(c);
                    quoted = true;
                }
                Some(open) if c == open => quote = None,
                _ => {}
            }
            // In single quotes nothing is escaped.
            if c == escape && quote != Some('\'') {
                let Some(escaped) = rest.next() else { break };
                word.push(c);
                word.push(escaped);
            } else {
                word.push(c);
            }
        }
        if quoted || !word.is_empty() {
            words.push(word);
        }
    }
}

/// Names and values: `a=b c="d e"`, or the old `a all the rest`.
pub(super) fn name_values(text: &str, what: &'static str, escape: char) -> Result<Vec<(String, String)>, Trouble> {
    let words = quoted_words(text, escape);
    let Some(first) = words.first() else { return Ok(Vec::new()) };
    if !first.contains('=') {
        let Some(end) = text.find(is_blank) else {
            return Err(Problem::Arguments { instruction: what, takes: "a name and a value" }.into());
        };
        let value = text[end..].trim_start_matches(is_blank);
        return Ok(vec![(text[..end].to_owned(), value.to_owned())]);
    }
    let pair = |word: &String| {
        let (name, value) = word.split_once('=').ok_or_else(|| Trouble::from(Problem::NotAPair(word.clone())))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    words.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn quotes_and_escapes_hold_words_together() {
        let text = r#"a="b c" d='e\' f=g\ h "" \"#;
        assert_eq!(quoted_words(text, '\\'), [r#"a="b c""#, r"d='e\'", r"f=g\ h", "\"\""]);
        assert_eq!(quoted_words("a` b", '`'), ["a` b"]);
        assert_eq!(quoted_words("'a b", '\\'), ["'a b"]);
    }

    #[test]
    fn pairs_are_of_the_new_or_the_old_form() {
        let pairs = |text| name_values(text, "ENV", '\\');
        assert_eq!(pairs("A=b=c D=").unwrap(), [("A".into(), "b=c".into()), ("D".into(), String::new())]);
        assert_eq!(pairs("A  b=c  d").unwrap(), [("A".into(), "b=c  d".into())]);
        assert_eq!(pairs("A=b C").unwrap_err().problem, Problem::NotAPair("C".into()));
        assert!(pairs("A").is_err() && pairs("").unwrap().is_empty());
    }
}
