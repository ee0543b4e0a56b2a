//! A statement of Python, as tokens: only what one-line checks are made of.

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `http.client.HTTPConnection`, or `.status` after a bracket.
    Name(String),
    /// A string's value.
    Text(String),
    /// A number as written.
    Number(String),
    /// `(`, `==` and so on.
    Sign(&'static str),
}

const SIGNS: &[&str] =
    &["==", "!=", ">=", "<=", "(", ")", "[", "]", "{", "}", ",", ":", "=", "<", ">", "+", "-", "%", "*", "/", "|", "&"];
/// Longer programs are not read.
const LONGEST: usize = 8 * 1024;

/// The statements of a program, or `None` where there is something in it that isn't understood.
pub(super) fn statements(code: &str) -> Option<Vec<Vec<Token>>> {
    if code.len() > LONGEST {
        return None;
    }
    let mut statements = vec![Vec::new()];
    let mut rest = code.trim_matches(['\n', ' ']);
    let mut depth = 0usize;
    while let Some(c) = rest.chars().next() {
        if c == ' ' {
            rest = rest.trim_start_matches(' ');
            continue;
        }
        if c == ';' || c == '\n' {
            rest = rest.get(1..)?;
            // A line that begins with white space belongs to a block.
            if depth > 0 || (c == '\n' && rest.starts_with([' ', '\t'])) {
                return None;
            }
            statements.push(Vec::new());
            continue;
        }
        let (token, tail) = token(rest, c)?;
        match token {
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => depth = depth.checked_sub(1)?,
            _ => {}
        }
        statements.last_mut()?.push(token);
        rest = tail;
    }
    statements.retain(|s| !s.is_empty());
    (depth == 0).then_some(statements)
}

fn token(rest: &str, c: char) -> Option<(Token, &str)> {
    if c == '\'' || c == '"' {
        return string(rest, c);
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let (word, tail) = rest.split_at(end);
    if c.is_ascii_digit() {
        return word.bytes().all(|b| b.is_ascii_digit() || b == b'.').then(|| (Token::Number(word.to_owned()), tail));
    }
    if c.is_ascii_alphabetic() || c == '_' || c == '.' {
        // f'…', b'…' and r'…' are other strings.
        return (!tail.starts_with(['\'', '"'])).then(|| (Token::Name(word.to_owned()), tail));
    }
    let sign = SIGNS.iter().find(|s| rest.starts_with(**s))?;
    Some((Token::Sign(sign), rest.get(sign.len()..)?))
}

fn string(rest: &str, quote: char) -> Option<(Token, &str)> {
    let (mut text, mut chars) = (String::new(), rest.char_indices().skip(1));
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' => return None,
            '\\' => {
                let (_, escaped) = chars.next()?;
                let digits = match escaped {
                    '\\' | '\'' | '"' => {
                        text.push(escaped);
                        continue;
                    }
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => return None,
                };
                let code: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                text.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
            }
            _ if c == quote => {
                let tail = rest.get(at + 1..)?;
                // Strings side by side, and those of three quotes, are more than this.
                return (!tail.trim_start().starts_with(['\'', '"'])).then_some((Token::Text(text), tail));
            }
            _ => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn statements_are_cut() {
        let all = statements("import a.b, c; x = a.b.F('p\\'\\U0000002f', 8000)\nsys.exit(x().status >= 400)").unwrap();
        assert_eq!(all.len(), 3);
        assert!(all[1].contains(&Token::Text("p'/".into())) && all[2].contains(&Token::Name(".status".into())));
        for odd in ["f'{x}'", "a('x' 'y')", "try:\n  x()", "'''x'''", "a(", "a)", "x = 'a", "é", "0x1f", "a('\\q')"] {
            assert!(statements(odd).is_none(), "{odd}");
        }
    }
}
