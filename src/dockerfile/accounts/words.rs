//! A word's value: what a shell makes of a word, where the variables in it are known.

use super::options::Arg;
use super::shell::{Piece, Word};

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Its value.
    Is(String),
    /// It isn't set.
    Unset,
    /// Nothing.
    Unknown,
}

/// The words that a word becomes; `None` where even their number isn't known.
pub(super) fn fields(word: &Word, variable: &impl Fn(&str) -> Value) -> Option<Vec<Arg>> {
    let mut fields = Vec::new();
    // The field that is being put together: nothing yet, or its text, which may not be known.
    let mut field: Option<Option<String>> = None;
    let add = |field: &mut Option<Option<String>>, text: &str| {
        if let Some(known) = field.get_or_insert_with(|| Some(String::new())) {
            known.push_str(text);
        }
    };
    for piece in word {
        match (piece, value(piece, variable)) {
            (Piece::Text { text, quoted: false }, _) if braces(text) => return None,
            (Piece::Text { text, .. }, _) => add(&mut field, text),
            (piece, Some(text)) if quoted(piece) => add(&mut field, &text),
            (_, Some(text)) => {
                let mut parts = text.split([' ', '\t', '\n']).peekable();
                while let Some(part) = parts.next() {
                    if !part.is_empty() {
                        add(&mut field, part);
                    }
                    if parts.peek().is_some() {
                        fields.extend(field.take());
                    }
                }
            }
            (piece, None) if quoted(piece) => field = Some(None),
            (_, None) => return None,
        }
    }
    fields.extend(field);
    Some(fields.into_iter().map(|field| field.map_or(Arg::Unknown, Arg::Known)).collect())
}

/// The one text that a word becomes where nothing splits it, as in an assignment.
pub(super) fn text(word: &Word, variable: &impl Fn(&str) -> Value) -> Option<String> {
    word.iter().map(|piece| value(piece, variable)).collect()
}

fn quoted(piece: &Piece) -> bool {
    match piece {
        Piece::Text { quoted, .. }
        | Piece::Variable { quoted, .. }
        | Piece::Command { quoted, .. }
        | Piece::Other { quoted } => *quoted,
    }
}

/// `{a,b}` is two words to bash and one to other shells.
fn braces(text: &str) -> bool {
    text.contains('{') && (text.contains(',') || text.contains("..")) && text.contains('}')
}

fn value(piece: &Piece, variable: &impl Fn(&str) -> Value) -> Option<String> {
    let (name, after) = match piece {
        Piece::Text { text, .. } => return Some(text.clone()),
        Piece::Variable { name, after, .. } => (name, after.as_str()),
        Piece::Command { .. } | Piece::Other { .. } => return None,
    };
    let value = variable(name);
    if after.is_empty() {
        return match value {
            Value::Is(text) => Some(text),
            Value::Unset => Some(String::new()),
            Value::Unknown => None,
        };
    }
    let (colon, rest) = after.strip_prefix(':').map_or((false, after), |rest| (true, rest));
    let operator = rest.chars().next()?;
    let default = Some(&rest[operator.len_utf8()..]).filter(|text| !text.contains(['$', '`', '"', '\'', '\\']));
    let set = match &value {
        Value::Unknown => return None,
        Value::Unset => false,
        Value::Is(text) => !(colon && text.is_empty()),
    };
    match (operator, value) {
        ('-' | '=' | '?', Value::Is(text)) if set => Some(text),
        ('-' | '=', _) => default.map(str::to_owned),
        ('+', _) if set => default.map(str::to_owned),
        ('+', _) => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::shell::{Node, read};
    use super::*;

    fn variable(name: &str) -> Value {
        match name {
            "A" => Value::Is("app".into()),
            "TWO" => Value::Is(" x  y ".into()),
            "E" => Value::Is(String::new()),
            "NO" => Value::Unset,
            _ => Value::Unknown,
        }
    }

    fn run(script: &str) -> Option<Vec<String>> {
        let Node::Simple { words, .. } = read(script).unwrap() else { return None };
        let text = |arg: Arg| arg.text().unwrap_or("?").to_owned();
        let fields: Option<Vec<_>> = words.iter().map(|word| fields(word, &variable)).collect();
        fields.map(|fields| fields.into_iter().flatten().map(text).collect())
    }

    #[test]
    fn words_become_what_a_shell_makes_of_them() {
        for (script, expected) in [
            ("$A-x \"$A\" '$A'", &["app-x", "app", "$A"][..]),
            ("a$TWO'b'", &["a", "x", "y", "b"]),
            ("\"a$TWO\"b", &["a x  y b"]),
            ("$E $NO \"$E\" \"\"", &["", ""]),
            ("${A:-d} ${NO:-d} ${E:-d} ${E-d}", &["app", "d", "d"]),
            ("${A:+p} \"${NO+p}\" ${E:+p}", &["p", ""]),
            ("\"$X\" \"a$X\" \"$(b)\" b", &["?", "?", "?", "b"]),
        ] {
            assert_eq!(run(script).unwrap(), expected, "{script}");
        }
        for script in ["$X", "a$X", "$(b)", "{a,b}", "${A#a}", "${X:-d}", "$1"] {
            assert_eq!(run(script), None, "{script}");
        }
    }
}
