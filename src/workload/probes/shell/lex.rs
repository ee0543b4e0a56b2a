//! A token: a word or an operator of a script.

use super::{Counts, DEEPEST, Dialect, Otherwise, Part, Quoting, Unread, Variable, Word, parse};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// `;`, `&`, `|`, `&&`, `||`, `(`, `)`, a line's end as `\n`.
    Operator(&'static str),
    /// `<`, `>`, `>>`, `>|`, `<>`, `>&`, `<&`, `&>`; a number before it is left out.
    Redirect(&'static str),
}

/// Longer ones first.
const OPERATORS: &[&str] = &["&&", "||", ";;", ";", "&", "|", "(", ")", "\n"];
const REDIRECTS: &[&str] = &["<<", "<>", "<&", ">>", ">&", ">|", "<", ">"];

struct Lexer {
    chars: Vec<char>,
    at: usize,
    dialect: Dialect,
    depth: usize,
    bashisms: Vec<&'static str>,
}

/// The tokens of a text, and what in it only bash understands.
pub(super) fn lex(text: &str, dialect: Dialect, depth: usize) -> Result<(Vec<Token>, Vec<&'static str>), Unread> {
    let mut lexer = Lexer::new(text, dialect, depth)?;
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    Ok((tokens, lexer.bashisms))
}

impl Lexer {
    fn new(text: &str, dialect: Dialect, depth: usize) -> Result<Self, Unread> {
        if depth > DEEPEST {
            return Err(Unread("it nests too deep to be read"));
        }
        if text.contains(['\0', '\r']) {
            return Err(Unread("it has a null byte or a carriage return"));
        }
        // A line that ends with a backslash goes on, but not in single quotes or a comment, nor where the backslash is
        // itself escaped: such texts are left alone.
        if text.contains("\\\n") && (text.contains(['\'', '#']) || text.contains("\\\\\n")) {
            return Err(Unread("it has a line that goes on after a backslash"));
        }
        let chars = text.replace("\\\n", "").chars().collect();
        Ok(Self { chars, at: 0, dialect, depth, bashisms: Vec::new() })
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn starts(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c))
    }

    fn token(&mut self) -> Result<Option<Token>, Unread> {
        while matches!(self.peek(0), Some(' ' | '\t')) {
            self.at += 1;
        }
        if self.peek(0) == Some('#') {
            while self.peek(0).is_some_and(|c| c != '\n') {
                self.at += 1;
            }
        }
        if self.peek(0).is_none() {
            return Ok(None);
        }
        if self.starts("&>") {
            self.bashisms.push("&>");
            if self.dialect != Dialect::Dash {
                self.at += 2;
                return Ok(Some(Token::Redirect("&>")));
            }
        }
        if let Some(redirect) = self.redirect()? {
            return Ok(Some(redirect));
        }
        if let Some(operator) = OPERATORS.iter().find(|o| self.starts(o)) {
            self.at += operator.len();
            return Ok(Some(Token::Operator(operator)));
        }
        let mut parts = Vec::new();
        while self.peek(0).is_some_and(|c| !" \t\n;&|()<>".contains(c)) {
            self.bare(&mut parts)?;
        }
        Ok(Some(Token::Word(Word(parts))))
    }

    /// A redirection, with the number of its stream before it.
    fn redirect(&mut self) -> Result<Option<Token>, Unread> {
        let digits = self.chars.iter().skip(self.at).take_while(|c| c.is_ascii_digit()).count();
        if !matches!(self.peek(digits), Some('<' | '>')) {
            return Ok(None);
        }
        self.at += digits;
        let Some(operator) = REDIRECTS.iter().find(|o| self.starts(o)) else { return Ok(None) };
        self.at += operator.len();
        if *operator == "<<" {
            return Err(Unread("it has a here-document"));
        }
        if self.peek(0) == Some('(') {
            return Err(Unread("it substitutes a process"));
        }
        Ok(Some(Token::Redirect(operator)))
    }

    /// One step outside of quotes.
    fn bare(&mut self, parts: &mut Vec<Part>) -> Result<(), Unread> {
        let Some(c) = self.peek(0) else { return Ok(()) };
        self.at += 1;
        match c {
            '\'' => {
                let text: String = self.chars.iter().skip(self.at).take_while(|c| **c != '\'').collect();
                self.at += text.chars().count();
                self.close('\'')?;
                push(parts, &text, Quoting::Quoted);
            }
            '"' => self.double(parts)?,
            '\\' => {
                let escaped = self.peek(0).map_or_else(|| "\\".to_owned(), String::from);
                self.at += 1;
                push(parts, &escaped, Quoting::Quoted);
            }
            '$' => self.dollar(parts, Quoting::Bare)?,
            '`' => self.backtick(parts)?,
            // No file is called `http://…`, so there the sign stands for itself.
            '?' if matches!(parts.first(), Some(Part::Text(text, _)) if text.contains("://")) => {
                push(parts, "?", Quoting::Bare);
            }
            '*' | '?' => parts.push(Part::Opaque),
            '~' if parts.is_empty() => parts.push(Part::Opaque),
            _ => push(parts, c.encode_utf8(&mut [0; 4]), Quoting::Bare),
        }
        Ok(())
    }

    fn close(&mut self, quote: char) -> Result<(), Unread> {
        if self.peek(0) != Some(quote) {
            return Err(Unread("a quote or brace in it is not closed"));
        }
        self.at += 1;
        Ok(())
    }

    /// What is in double quotes, after the first.
    fn double(&mut self, parts: &mut Vec<Part>) -> Result<(), Unread> {
        push(parts, "", Quoting::Quoted);
        while let Some(c) = self.peek(0).filter(|c| *c != '"') {
            self.quoted(c, parts)?;
        }
        self.close('"')
    }

    /// One step inside double quotes.
    fn quoted(&mut self, c: char, parts: &mut Vec<Part>) -> Result<(), Unread> {
        self.at += 1;
        match c {
            '$' => self.dollar(parts, Quoting::Quoted)?,
            '`' => self.backtick(parts)?,
            '\\' if matches!(self.peek(0), Some('$' | '`' | '"' | '\\')) => {
                let escaped = self.peek(0).map(String::from).unwrap_or_default();
                self.at += 1;
                push(parts, &escaped, Quoting::Quoted);
            }
            _ => push(parts, c.encode_utf8(&mut [0; 4]), Quoting::Quoted),
        }
        Ok(())
    }

    /// What follows a `$`.
    fn dollar(&mut self, parts: &mut Vec<Part>, quoting: Quoting) -> Result<(), Unread> {
        match self.peek(0) {
            Some('(') if self.peek(1) == Some('(') => {
                self.at += 1;
                self.balanced(')')?;
                parts.push(Part::Opaque);
            }
            Some('(') => {
                self.at += 1;
                let inner = self.balanced(')')?;
                parts.push(Part::Substitution(self.script(&inner)));
            }
            Some('{') => {
                self.at += 1;
                let inner = self.balanced('}')?;
                parts.push(self.braced(&inner, quoting)?);
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name: String = self.chars.iter().skip(self.at).take_while(|c| is_name(**c)).collect();
                self.at += name.len();
                parts.push(Part::Variable(Variable { name, quoting, otherwise: Otherwise::Empty }));
            }
            Some(c) if c.is_ascii_digit() || "?!$#@*-".contains(c) => {
                self.at += 1;
                parts.push(Part::Opaque);
            }
            Some('\'' | '"') if quoting == Quoting::Bare => return Err(Unread("it has one of bash's own quotes")),
            _ => push(parts, "$", quoting),
        }
        Ok(())
    }

    fn backtick(&mut self, parts: &mut Vec<Part>) -> Result<(), Unread> {
        let mut inner = String::new();
        while let Some(c) = self.peek(0).filter(|c| *c != '`') {
            self.at += 1;
            if c == '\\' && matches!(self.peek(0), Some('`' | '\\' | '$')) {
                inner.extend(self.peek(0));
                self.at += 1;
            } else {
                inner.push(c);
            }
        }
        self.close('`')?;
        parts.push(Part::Substitution(self.script(&inner)));
        Ok(())
    }

    fn script(&self, text: &str) -> Option<super::List> {
        let (tokens, _) = lex(text, self.dialect, self.depth + 1).ok()?;
        parse::parse(&tokens).ok()
    }

    /// The text up to the bracket that closes the one before, which is passed over.
    fn balanced(&mut self, close: char) -> Result<String, Unread> {
        let (from, mut stack) = (self.at, vec![close]);
        while let Some(c) = self.peek(0) {
            self.at += 1;
            let inside = stack.last().copied();
            match c {
                _ if inside == Some('\'') && c != '\'' => {}
                '\\' => self.at += 1,
                _ if inside == Some(c) => {
                    stack.pop();
                    if stack.is_empty() {
                        let end = self.at - 1;
                        return Ok(self.chars.get(from..end).unwrap_or_default().iter().collect());
                    }
                }
                '\'' if inside != Some('"') => stack.push('\''),
                '"' => stack.push('"'),
                '(' if inside == Some(')') || self.chars.get(self.at.wrapping_sub(2)) == Some(&'$') => stack.push(')'),
                '{' if self.chars.get(self.at.wrapping_sub(2)) == Some(&'$') => stack.push('}'),
                _ => {}
            }
        }
        Err(Unread("a quote or brace in it is not closed"))
    }

    /// `${…}` by what is in its braces.
    fn braced(&self, inner: &str, quoting: Quoting) -> Result<Part, Unread> {
        let end = inner.find(|c: char| !is_name(c)).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Part::Opaque);
        }
        let (counts, operator) = match rest.strip_prefix(':') {
            Some(rest) => (Counts::Full, rest),
            None => (Counts::Set, rest),
        };
        let mut chars = operator.chars();
        let otherwise = match chars.next() {
            None if rest.is_empty() => Otherwise::Empty,
            Some('-' | '=') => Otherwise::Default(self.part(chars.as_str(), quoting)?, counts),
            Some('+') => Otherwise::Instead(self.part(chars.as_str(), quoting)?, counts),
            Some('?') => Otherwise::Default(vec![Part::Opaque], counts),
            _ => return Ok(Part::Opaque),
        };
        Ok(Part::Variable(Variable { name: name.to_owned(), quoting, otherwise }))
    }

    /// A whole text as one word.
    fn part(&self, text: &str, quoting: Quoting) -> Result<Vec<Part>, Unread> {
        let mut lexer = Self::new(text, self.dialect, self.depth + 1)?;
        let mut parts = Vec::new();
        while let Some(c) = lexer.peek(0) {
            match quoting {
                Quoting::Quoted if c == '"' => return Err(Unread("it has quotes within quotes")),
                Quoting::Quoted => lexer.quoted(c, &mut parts)?,
                Quoting::Bare => lexer.bare(&mut parts)?,
            }
        }
        Ok(parts)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn push(parts: &mut Vec<Part>, text: &str, quoting: Quoting) {
    match parts.last_mut() {
        Some(Part::Text(last, q)) if *q == quoting => last.push_str(text),
        _ => parts.push(Part::Text(text.to_owned(), quoting)),
    }
}
