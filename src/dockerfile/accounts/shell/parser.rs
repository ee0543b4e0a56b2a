//! A parser: a script's tokens as a tree of commands.

use super::lexer::{Token, identifier, tokens};
use super::{DEEPEST, Join, Node, Piece, Redirect, Unread, Word, literal};

/// Reads a script.
pub(crate) fn read(script: &str) -> Result<Node, Unread> {
    let mut parser = Parser { tokens: tokens(script)?, at: 0, depth: 0 };
    let node = parser.list(&[])?;
    if parser.at < parser.tokens.len() { Err(Unread("a part of it doesn't fit")) } else { Ok(node) }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// The words that end a list, or may not start a command.
const RESERVED: &[&str] = &["then", "elif", "else", "fi", "do", "done", "esac", "}"];

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn operator(&mut self, operator: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Operator(found)) if *found == operator);
        self.at += usize::from(is);
        is
    }

    /// The unquoted word that is next.
    fn keyword(&self) -> Option<&str> {
        match self.peek() {
            Some(Token::Word(word)) => match word.as_slice() {
                [Piece::Text { text, quoted: false }] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    fn accept(&mut self, keyword: &str) -> bool {
        let is = self.keyword() == Some(keyword);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, keyword: &str, else_: &'static str) -> Result<(), Unread> {
        if self.accept(keyword) { Ok(()) } else { Err(Unread(else_)) }
    }

    fn newlines(&mut self) {
        while self.operator("\n") {}
    }

    /// Commands up to the end, a `)`, a `;;` or one of those words.
    fn list(&mut self, ends: &[&str]) -> Result<Node, Unread> {
        let mut nodes = Vec::new();
        loop {
            while self.operator("\n") || self.operator(";") {}
            match self.peek() {
                None | Some(Token::Operator(")" | ";;" | ";&" | ";;&")) => break,
                _ if self.keyword().is_some_and(|word| ends.contains(&word)) => break,
                _ => {}
            }
            let node = self.chain()?;
            if self.operator("&") {
                nodes
                    .push(Node::Subshell(Box::new(Node::Chain(Box::new(node), vec![(Join::Or, truth())])), Vec::new()));
            } else {
                nodes.push(node);
                if !matches!(self.peek(), None | Some(Token::Operator("\n" | ";" | ")" | ";;" | ";&" | ";;&"))) {
                    return Err(Unread("a part of it doesn't fit"));
                }
            }
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::List(nodes) })
    }

    fn chain(&mut self) -> Result<Node, Unread> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let join = if self.operator("&&") {
                Join::And
            } else if self.operator("||") {
                Join::Or
            } else {
                break;
            };
            self.newlines();
            rest.push((join, self.pipeline()?));
        }
        Ok(if rest.is_empty() { first } else { Node::Chain(Box::new(first), rest) })
    }

    fn pipeline(&mut self) -> Result<Node, Unread> {
        let mut not = false;
        while self.accept("!") {
            not = !not;
        }
        let mut nodes = vec![self.command()?];
        while self.operator("|") || self.operator("|&") {
            self.newlines();
            nodes.push(self.command()?);
        }
        let node = if nodes.len() == 1 { nodes.remove(0) } else { Node::Pipe(nodes) };
        Ok(if not { Node::Not(Box::new(node)) } else { node })
    }

    fn command(&mut self) -> Result<Node, Unread> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Unread("its commands are nested too deep"));
        }
        let node = self.any_command()?;
        self.depth -= 1;
        Ok(node)
    }

    fn any_command(&mut self) -> Result<Node, Unread> {
        if self.operator("(") {
            if self.operator("(") {
                return Err(Unread("it has arithmetic of bash's"));
            }
            let body = self.list(&[])?;
            if !self.operator(")") {
                return Err(Unread("a parenthesis isn't closed"));
            }
            return Ok(Node::Subshell(Box::new(body), self.redirects()?));
        }
        match self.keyword() {
            Some("{") => {
                self.at += 1;
                let body = self.list(&["}"])?;
                self.expect("}", "a brace isn't closed")?;
                Ok(Node::Group(Box::new(body), self.redirects()?))
            }
            Some("if") => {
                self.at += 1;
                let node = self.branches()?;
                Ok(Node::Group(Box::new(node), self.redirects()?))
            }
            Some("while" | "until") => {
                self.at += 1;
                let condition = self.list(&["do"])?;
                let body = self.body()?;
                Ok(Node::Group(Box::new(Node::Perhaps(vec![condition, body])), self.redirects()?))
            }
            Some("for" | "select") => self.each(),
            Some("case") => self.case(),
            Some("[[") => self.condition(),
            Some("function") => Err(Unread("it has a function of bash's")),
            Some(word) if RESERVED.contains(&word) => Err(Unread("a part of it doesn't fit")),
            _ => self.simple(),
        }
    }

    fn branches(&mut self) -> Result<Node, Unread> {
        let mut branches = Vec::new();
        loop {
            let condition = self.list(&["then"])?;
            self.expect("then", "an if has no then")?;
            branches.push((condition, self.list(&["elif", "else", "fi"])?));
            if self.accept("elif") {
                continue;
            }
            let last = if self.accept("else") { Some(Box::new(self.list(&["fi"])?)) } else { None };
            self.expect("fi", "an if has no fi")?;
            return Ok(Node::If(branches, last));
        }
    }

    fn body(&mut self) -> Result<Node, Unread> {
        self.expect("do", "a loop has no do")?;
        let body = self.list(&["done"])?;
        self.expect("done", "a loop has no done")?;
        Ok(body)
    }

    fn each(&mut self) -> Result<Node, Unread> {
        self.at += 1;
        let name = self.keyword().unwrap_or_default().to_owned();
        while !matches!(self.peek(), None | Some(Token::Operator(";" | "\n"))) && self.keyword() != Some("do") {
            self.at += 1;
        }
        while self.operator(";") || self.operator("\n") {}
        let body = self.body()?;
        Ok(Node::Group(Box::new(Node::Each(name, Box::new(body))), self.redirects()?))
    }

    fn case(&mut self) -> Result<Node, Unread> {
        self.at += 2;
        self.newlines();
        self.expect("in", "a case has no in")?;
        let mut bodies = Vec::new();
        loop {
            self.newlines();
            if self.accept("esac") {
                return Ok(Node::Group(Box::new(Node::Perhaps(bodies)), self.redirects()?));
            }
            while !self.operator(")") {
                if self.peek().is_none() {
                    return Err(Unread("a case has no esac"));
                }
                self.at += 1;
            }
            bodies.push(self.list(&["esac"])?);
            let _ = self.operator(";;") || self.operator(";&") || self.operator(";;&");
        }
    }

    /// `[[ … ]]`, whose operators are no commands'.
    fn condition(&mut self) -> Result<Node, Unread> {
        let mut words = Vec::new();
        while let Some(token) = self.peek().cloned() {
            self.at += 1;
            if let Token::Word(word) = token {
                let end = literal(&word).as_deref() == Some("]]");
                words.push(word);
                if end {
                    return Ok(Node::Simple { assignments: Vec::new(), words, redirects: self.redirects()? });
                }
            }
        }
        Err(Unread("a [[ has no ]]"))
    }

    fn redirects(&mut self) -> Result<Vec<Redirect>, Unread> {
        let mut redirects = Vec::new();
        while let Some(Token::Redirect(operator)) = self.peek() {
            let operator = *operator;
            self.at += 1;
            redirects.push(Redirect { operator, target: self.word()? });
        }
        Ok(redirects)
    }

    fn word(&mut self) -> Result<Word, Unread> {
        match self.peek().cloned() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(Unread("a redirection has no target")),
        }
    }

    fn simple(&mut self) -> Result<Node, Unread> {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            match self.peek().cloned() {
                Some(Token::Redirect(_)) => redirects.extend(self.redirects()?),
                Some(Token::Word(word)) => {
                    self.at += 1;
                    match assignment(&word).filter(|_| words.is_empty()) {
                        Some(assignment) => assignments.push(assignment),
                        None => words.push(word),
                    }
                }
                Some(Token::Operator("(")) if words.len() == 1 && assignments.is_empty() => {
                    self.at += 1;
                    if !self.operator(")") {
                        return Err(Unread("a part of it doesn't fit"));
                    }
                    self.newlines();
                    let body = Box::new(self.command()?);
                    return Ok(Node::Function(words.first().and_then(literal).unwrap_or_default(), body));
                }
                _ => break,
            }
        }
        if assignments.is_empty() && words.is_empty() && redirects.is_empty() {
            return Err(Unread("a part of it doesn't fit"));
        }
        Ok(Node::Simple { assignments, words, redirects })
    }
}

/// `true`.
fn truth() -> Node {
    let word = vec![Piece::Text { text: "true".to_owned(), quoted: false }];
    Node::Simple { assignments: Vec::new(), words: vec![word], redirects: Vec::new() }
}

/// `NAME=value`.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let [Piece::Text { text, quoted: false }, rest @ ..] = word.as_slice() else { return None };
    let name = identifier(text);
    let value = text[name.len()..].strip_prefix('=').filter(|_| !name.is_empty())?;
    let first = Piece::Text { text: value.to_owned(), quoted: false };
    let value = std::iter::once(first).filter(|_| !value.is_empty()).chain(rest.iter().cloned()).collect();
    Some((name.to_owned(), value))
}
