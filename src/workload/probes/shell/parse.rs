//! A grammar: tokens to what a shell does with them.

use super::lex::Token;
use super::{
    Chain, Command, DEEPEST, End, Item, Join, List, Part, Pipeline, Quoting, Redirect, RedirectKind, Sense, Simple,
    Unread, Word,
};

/// Words that end a list where a command could begin.
const STOPS: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}"];
/// Words that begin what is not looked into.
const LOOPS: &[&str] = &["while", "until", "for", "case", "function", "select", "time", "coproc"];

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    rest: Rest,
}

/// Whether all tokens are accounted for.
#[derive(PartialEq, Eq)]
enum Rest {
    Read,
    /// A loop has taken all that follows it.
    Taken,
}

/// The list that these tokens are.
pub(super) fn parse(tokens: &[Token]) -> Result<List, Unread> {
    let mut parser = Parser { tokens, at: 0, depth: 0, rest: Rest::Read };
    let list = parser.list()?;
    if parser.at == tokens.len() { Ok(list) } else { Err(Unread("its grammar is not a shell's")) }
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn operator(&self) -> Option<&'static str> {
        match self.peek() {
            Some(Token::Operator(operator)) => Some(operator),
            _ => None,
        }
    }

    fn reserved(&self) -> Option<&'t str> {
        match self.peek() {
            Some(Token::Word(word)) => word.bare(),
            _ => None,
        }
    }

    fn newlines(&mut self) {
        while self.operator() == Some("\n") {
            self.at += 1;
        }
    }

    fn list(&mut self) -> Result<List, Unread> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Unread("it nests too deep to be read"));
        }
        let mut items = Vec::new();
        self.newlines();
        while self.peek().is_some() && self.operator() != Some(")") && !self.stops() {
            let chain = self.chain()?;
            let end = match self.operator() {
                Some("&") => End::Background,
                Some(";" | "\n") => End::Wait,
                _ => {
                    items.push(Item { chain, end: End::Wait });
                    break;
                }
            };
            self.at += 1;
            self.newlines();
            items.push(Item { chain, end });
        }
        self.depth -= 1;
        Ok(List(items))
    }

    /// A list that may not be empty.
    fn body(&mut self) -> Result<List, Unread> {
        let list = self.list()?;
        if list.0.is_empty() { Err(Unread("its grammar is not a shell's")) } else { Ok(list) }
    }

    fn stops(&self) -> bool {
        self.reserved().is_some_and(|word| STOPS.contains(&word))
    }

    fn chain(&mut self) -> Result<Chain, Unread> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let join = match self.operator() {
                Some("&&") => Join::IfWell,
                Some("||") => Join::IfNot,
                _ => return Ok(Chain { first, rest }),
            };
            self.at += 1;
            self.newlines();
            rest.push((join, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, Unread> {
        let mut sense = Sense::Plain;
        if self.reserved() == Some("!") {
            self.at += 1;
            sense = Sense::Negated;
        }
        let mut commands = vec![self.command()?];
        while self.operator() == Some("|") {
            self.at += 1;
            self.newlines();
            commands.push(self.command()?);
        }
        Ok(Pipeline { sense, commands })
    }

    fn command(&mut self) -> Result<Command, Unread> {
        if self.operator() == Some("(") {
            self.at += 1;
            let list = self.list()?;
            if self.operator() != Some(")") || list.0.is_empty() {
                return Err(Unread("a parenthesis in it is not closed"));
            }
            self.at += 1;
            self.redirects()?;
            return Ok(Command::Subshell(list));
        }
        match self.reserved() {
            Some("{") => {
                self.at += 1;
                let list = self.body()?;
                self.expect("}")?;
                self.redirects()?;
                Ok(Command::Group(list))
            }
            Some("if") => self.condition(),
            Some(word) if LOOPS.contains(&word) => {
                self.at = self.tokens.len();
                self.rest = Rest::Taken;
                Ok(Command::Opaque("it has a loop, a case or a function"))
            }
            Some(word) if STOPS.contains(&word) || word == "!" => Err(Unread("its grammar is not a shell's")),
            _ => self.simple().map(Command::Simple),
        }
    }

    fn expect(&mut self, word: &str) -> Result<(), Unread> {
        if self.reserved() != Some(word) {
            return Err(Unread("its grammar is not a shell's"));
        }
        self.at += 1;
        Ok(())
    }

    fn condition(&mut self) -> Result<Command, Unread> {
        let (mut branches, mut otherwise) = (Vec::new(), None);
        self.at += 1;
        loop {
            let condition = self.body()?;
            if self.rest == Rest::Taken {
                return Ok(Command::Opaque("it has a loop, a case or a function"));
            }
            self.expect("then")?;
            let branch = self.body()?;
            branches.push((condition, branch));
            match self.reserved() {
                Some("elif") => self.at += 1,
                Some("else") => {
                    self.at += 1;
                    otherwise = Some(self.body()?);
                    break;
                }
                _ => break,
            }
        }
        if self.rest == Rest::Taken {
            return Ok(Command::Opaque("it has a loop, a case or a function"));
        }
        self.expect("fi")?;
        self.redirects()?;
        Ok(Command::If(branches, otherwise))
    }

    fn redirects(&mut self) -> Result<Vec<Redirect>, Unread> {
        let mut redirects = Vec::new();
        while let Some(Token::Redirect(operator)) = self.peek() {
            self.at += 1;
            redirects.push(self.redirect(operator)?);
        }
        Ok(redirects)
    }

    fn redirect(&mut self, operator: &str) -> Result<Redirect, Unread> {
        let kind = match operator {
            "<" => RedirectKind::Read,
            ">&" | "<&" => RedirectKind::Copy,
            _ => RedirectKind::Write,
        };
        let Some(Token::Word(target)) = self.peek() else { return Err(Unread("its grammar is not a shell's")) };
        self.at += 1;
        Ok(Redirect { kind, target: target.clone() })
    }

    fn simple(&mut self) -> Result<Simple, Unread> {
        let mut simple = Simple::default();
        loop {
            match self.peek() {
                Some(Token::Redirect(operator)) => {
                    self.at += 1;
                    simple.redirects.push(self.redirect(operator)?);
                }
                Some(Token::Word(word)) => {
                    self.at += 1;
                    match word.assignment().filter(|_| simple.words.is_empty()) {
                        Some(assignment) => simple.assignments.push(assignment),
                        None => simple.words.push(word.clone()),
                    }
                }
                _ => break,
            }
        }
        if self.operator() == Some("(") {
            return Err(Unread("it has a function or an array"));
        }
        if simple == Simple::default() { Err(Unread("its grammar is not a shell's")) } else { Ok(simple) }
    }
}

impl Word {
    /// Its text where it is one part without quotes: only such words are the grammar's own.
    pub(in crate::workload::probes) fn bare(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Text(text, Quoting::Bare)] => Some(text),
            _ => None,
        }
    }

    /// Its text where it holds nothing but text.
    pub(in crate::workload::probes) fn text(&self) -> Option<String> {
        let text = |part: &Part| match part {
            Part::Text(text, _) => Some(text.clone()),
            _ => None,
        };
        self.0.iter().map(text).collect()
    }

    /// `NAME=value`
    fn assignment(&self) -> Option<(String, Word)> {
        let Some(Part::Text(text, Quoting::Bare)) = self.0.first() else { return None };
        let (name, value) = text.split_once('=')?;
        let first = name.chars().next()?;
        if first.is_ascii_digit() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        let value = (!value.is_empty()).then(|| Part::Text(value.to_owned(), Quoting::Bare));
        Some((name.to_owned(), Word(value.into_iter().chain(self.0.iter().skip(1).cloned()).collect())))
    }
}
