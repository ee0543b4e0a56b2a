//! A lexer: a script's text as words and operators.

use super::{LONGEST, Piece, Unread, Word};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// `&&`, `;`, `(` and so on; the end of a line is `"\n"`.
    Operator(&'static str),
    /// `<`, `>>` and so on; the number before it, if any, is left out.
    Redirect(&'static str),
}

/// Longer ones first.
const OPERATORS: &[&str] = &["&&", "||", ";;&", ";;", ";&", ";", "|&", "|", "(", ")", "\n"];
const REDIRECTS: &[&str] = &["&>>", "&>", "<<<", "<<-", "<<", "<>", "<&", "<", ">>", ">|", ">&", ">"];

/// Reads a whole script.
pub(super) fn tokens(script: &str) -> Result<Vec<Token>, Unread> {
    if script.len() > LONGEST {
        return Err(Unread("it is too long"));
    }
    let mut lexer = Lexer { rest: script, tokens: Vec::new(), heredocs: Vec::new() };
    while lexer.step()? {}
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
    /// The ends of the here-documents that start after this line, and whether tabs before them don't count.
    heredocs: Vec<(String, bool)>,
}

impl Lexer<'_> {
    fn step(&mut self) -> Result<bool, Unread> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
        while let Some(rest) = self.rest.strip_prefix("\\\n") {
            self.rest = rest.trim_start_matches([' ', '\t']);
        }
        if self.rest.is_empty() {
            return Ok(false);
        }
        if self.rest.starts_with('#') {
            self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..];
            return Ok(true);
        }
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = digits > 0 && self.rest[digits..].starts_with(['<', '>']);
        let redirect = if number { &self.rest[digits..] } else { self.rest };
        if let Some(operator) = REDIRECTS.iter().find(|o| redirect.starts_with(**o)).copied() {
            // `<(…)` and `>(…)` are words of bash.
            if redirect.as_bytes().get(operator.len()) == Some(&b'(') && operator.len() == 1 {
                return Err(Unread("it has a process substitution"));
            }
            self.rest = &redirect[operator.len()..];
            self.tokens.push(Token::Redirect(operator));
            if operator == "<<" || operator == "<<-" {
                self.rest = self.rest.trim_start_matches([' ', '\t']);
                let end = super::literal(&self.word()?).ok_or(Unread("a here-document's end isn't plain"))?;
                self.tokens.push(Token::Word(vec![Piece::Text { text: end.clone(), quoted: true }]));
                self.heredocs.push((end, operator == "<<-"));
            }
            return Ok(true);
        }
        if let Some(operator) = OPERATORS.iter().find(|o| self.rest.starts_with(**o)).copied() {
            self.rest = &self.rest[operator.len()..];
            self.tokens.push(Token::Operator(operator));
            if operator == "\n" {
                self.skip_heredocs();
            }
        } else if let Some(rest) = self.rest.strip_prefix('&') {
            self.rest = rest;
            self.tokens.push(Token::Operator("&"));
        } else {
            let word = self.word()?;
            self.tokens.push(Token::Word(word));
        }
        Ok(true)
    }

    /// Their texts are input, not commands.
    fn skip_heredocs(&mut self) {
        for (end, tabs) in std::mem::take(&mut self.heredocs) {
            while !self.rest.is_empty() {
                let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
                self.rest = rest;
                if (if tabs { line.trim_start_matches('\t') } else { line }) == end {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> Result<Word, Unread> {
        let mut word = Word::new();
        let mut text = String::new();
        let plain = |text: &mut String, word: &mut Word, quoted| {
            if !text.is_empty() {
                word.push(Piece::Text { text: std::mem::take(text), quoted });
            }
        };
        while let Some(c) = self.rest.chars().next() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\\' => {
                    plain(&mut text, &mut word, false);
                    let mut after = self.rest[1..].chars();
                    match after.next() {
                        Some('\n') | None => {}
                        Some(c) => word.push(Piece::Text { text: c.to_string(), quoted: true }),
                    }
                    self.rest = after.as_str();
                }
                '\'' => {
                    plain(&mut text, &mut word, false);
                    let (inside, rest) = self.rest[1..].split_once('\'').ok_or(Unread("a quote isn't closed"))?;
                    word.push(Piece::Text { text: inside.to_owned(), quoted: true });
                    self.rest = rest;
                }
                '"' => {
                    plain(&mut text, &mut word, false);
                    self.rest = &self.rest[1..];
                    self.double_quoted(&mut word)?;
                }
                '$' | '`' => {
                    plain(&mut text, &mut word, false);
                    let piece = self.expansion(false)?;
                    word.push(piece);
                }
                c => {
                    text.push(c);
                    self.rest = &self.rest[c.len_utf8()..];
                }
            }
        }
        plain(&mut text, &mut word, false);
        Ok(word)
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Unread> {
        // Pushed even where it is empty: "" is a word.
        let mut text = String::new();
        let mut pushed = false;
        loop {
            let c = self.rest.chars().next().ok_or(Unread("a quote isn't closed"))?;
            match c {
                '"' => {
                    self.rest = &self.rest[1..];
                    if !text.is_empty() || !pushed {
                        word.push(Piece::Text { text, quoted: true });
                    }
                    return Ok(());
                }
                '\\' => {
                    let escaped = self.rest[1..].chars().next().ok_or(Unread("a quote isn't closed"))?;
                    match escaped {
                        '\n' => {}
                        '$' | '`' | '"' | '\\' => text.push(escaped),
                        other => text.extend(['\\', other]),
                    }
                    self.rest = &self.rest[1 + escaped.len_utf8()..];
                }
                '$' | '`' => {
                    if !text.is_empty() {
                        word.push(Piece::Text { text: std::mem::take(&mut text), quoted: true });
                    }
                    let piece = self.expansion(true)?;
                    word.push(piece);
                    pushed = true;
                }
                c => {
                    text.push(c);
                    self.rest = &self.rest[c.len_utf8()..];
                }
            }
        }
    }

    /// What starts with `$` or a backquote.
    fn expansion(&mut self, quoted: bool) -> Result<Piece, Unread> {
        if let Some(rest) = self.rest.strip_prefix('`') {
            let (script, rest) = rest.split_once('`').ok_or(Unread("a backquote isn't closed"))?;
            self.rest = rest;
            return Ok(Piece::Command { script: script.replace('\\', ""), quoted });
        }
        let rest = &self.rest[1..];
        if rest.starts_with("((") {
            let (_, rest) = rest.split_once("))").ok_or(Unread("an arithmetic isn't closed"))?;
            self.rest = rest;
            return Ok(Piece::Other { quoted });
        }
        if let Some(inside) = rest.strip_prefix('(') {
            let end = closing(inside, '(', ')').ok_or(Unread("a parenthesis isn't closed"))?;
            self.rest = &inside[end + 1..];
            return Ok(Piece::Command { script: inside[..end].to_owned(), quoted });
        }
        if let Some(inside) = rest.strip_prefix('{') {
            let end = closing(inside, '{', '}').ok_or(Unread("a brace isn't closed"))?;
            self.rest = &inside[end + 1..];
            let inside = &inside[..end];
            let name = identifier(inside);
            if name.is_empty() {
                return Ok(Piece::Other { quoted });
            }
            return Ok(Piece::Variable { name: name.to_owned(), after: inside[name.len()..].to_owned(), quoted });
        }
        let name = identifier(rest);
        if name.is_empty() {
            let special = rest.chars().next().filter(|c| "@*#?-$!0123456789'\"".contains(*c));
            return match special {
                Some('\'' | '"') if !quoted => Err(Unread("it has a quoting of bash's own")),
                Some(c) if c != '\'' && c != '"' => {
                    self.rest = &rest[1..];
                    Ok(Piece::Other { quoted })
                }
                _ => {
                    self.rest = rest;
                    Ok(Piece::Text { text: "$".to_owned(), quoted })
                }
            };
        }
        self.rest = &rest[name.len()..];
        Ok(Piece::Variable { name: name.to_owned(), after: String::new(), quoted })
    }
}

/// The name that a text starts with.
pub(super) fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) { "" } else { &text[..end] }
}

/// Where what was opened is closed, quotes and nesting heeded.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != Some('\'') {
            escaped = true;
        } else if let Some(q) = quote {
            if c == q {
                quote = None;
            }
        } else if c == '\'' || c == '"' {
            quote = Some(c);
        } else if c == open {
            depth += 1;
        } else if c == close {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    None
}
