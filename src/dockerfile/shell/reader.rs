//! A reader of one word: character by character, with what nests in it.

use std::iter::Peekable;
use std::str::Chars;

use crate::dockerfile::budget::Budget;
use crate::dockerfile::chars::{is_digit, is_letter};

use super::pattern::{Greed, Pattern, reversed};
use super::{DEEPEST, Dialect, Escapes, Lookup, Quotes, Substitution, Unset, Variables};

/// The words that are complete, and whether another has begun.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    inside: bool,
}

/// A word, and how far it is read.
pub(super) struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    dialect: Dialect,
    variables: &'a dyn Variables,
    budget: &'a Budget,
    /// Escapes stay.
    keep: bool,
    depth: usize,
    /// The word that is being gathered. One for all depths, as in the frontend: `80${X:-1}` forgets its `80` where
    /// words are asked for.
    word: String,
    doubts: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(word: &'a str, dialect: Dialect, variables: &'a dyn Variables, budget: &'a Budget) -> Self {
        let mut rest = word.chars().peekable();
        // The frontend's scanner takes a byte order mark off the front of every word.
        rest.next_if_eq(&'\u{feff}');
        let keep = dialect.escapes == Escapes::Keep;
        Self { rest, dialect, variables, budget, keep, depth: 0, word: String::new(), doubts: Vec::new() }
    }

    /// The whole, as one text and as words.
    pub(super) fn all(&mut self) -> Result<(String, Vec<String>), Substitution> {
        self.until(None, self.keep, false)
    }

    /// The variables that were met and are not certain.
    pub(super) fn into_doubts(self) -> Vec<String> {
        self.doubts
    }

    /// Reads to `stop`, or to the end. `doubled`: what is escaped stays so in a pattern, which is read once more.
    fn until(&mut self, stop: Option<char>, keep: bool, doubled: bool) -> Result<(String, Vec<String>), Substitution> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Substitution::TooDeep);
        }
        let outer = std::mem::replace(&mut self.keep, keep);
        let read = self.read_until(stop, doubled);
        self.keep = outer;
        self.depth -= 1;
        read
    }

    fn read_until(&mut self, stop: Option<char>, doubled: bool) -> Result<(String, Vec<String>), Substitution> {
        let (mut text, mut words) = (String::new(), Words::default());
        self.word.clear();
        while let Some(&c) = self.rest.peek() {
            if stop == Some(c) {
                self.rest.next();
                return Ok((text, self.end(words)));
            }
            let from = text.len();
            match c {
                '$' => {
                    let value = self.dollar()?;
                    value.chars().for_each(|c| self.gather(&mut words, c));
                    text.push_str(&value);
                }
                '<' => self.angle(&mut text, &mut words),
                '\'' | '"' if self.dialect.quotes != Quotes::Ignore => {
                    let quoted = if c == '"' { self.double_quoted(doubled)? } else { self.single_quoted(doubled)? };
                    self.gather_whole(&mut words, &quoted);
                    text.push_str(&quoted);
                }
                _ => {
                    if self.plain(&mut text, &mut words).is_none() {
                        break;
                    }
                }
            }
            self.budget.take(text.len() - from)?;
        }
        match stop {
            Some('}') => Err(Substitution::MissingBrace),
            Some(_) => Err(Substitution::MissingSlash),
            None => Ok((text, self.end(words))),
        }
    }

    /// One character, or an escaped one; none when the text ends in an escape.
    fn plain(&mut self, text: &mut String, words: &mut Words) -> Option<()> {
        let c = self.rest.next()?;
        if c != self.dialect.escape {
            self.gather(words, c);
            text.push(c);
            return Some(());
        }
        if self.keep {
            self.gather_raw(words, c);
            text.push(c);
        }
        let escaped = self.rest.next()?;
        self.gather_raw(words, escaped);
        text.push(escaped);
        Some(())
    }

    /// `<`, or `<<` with the white space behind it, which belongs to a heredoc's word.
    fn angle(&mut self, text: &mut String, words: &mut Words) {
        self.rest.next();
        let mut read = String::from("<");
        if self.rest.next_if_eq(&'<').is_some() {
            read.push('<');
            while let Some(space) = self.rest.next_if(|c| matches!(c, '\t' | '\r' | ' ')) {
                read.push(space);
            }
        }
        self.gather_whole(words, &read);
        text.push_str(&read);
    }

    fn gather(&mut self, words: &mut Words, c: char) {
        if !c.is_whitespace() {
            self.gather_raw(words, c);
        } else if words.inside && !self.word.is_empty() {
            words.done.push(std::mem::take(&mut self.word));
            words.inside = false;
        }
    }

    fn gather_raw(&mut self, words: &mut Words, c: char) {
        self.word.push(c);
        words.inside = true;
    }

    fn gather_whole(&mut self, words: &mut Words, text: &str) {
        self.word.push_str(text);
        words.inside = true;
    }

    fn end(&mut self, mut words: Words) -> Vec<String> {
        if !self.word.is_empty() {
            words.done.push(std::mem::take(&mut self.word));
        }
        words.done
    }

    fn single_quoted(&mut self, doubled: bool) -> Result<String, Substitution> {
        let mut text = self.quote();
        loop {
            match self.rest.next().ok_or(Substitution::Quote('\''))? {
                '\'' => {
                    text.extend((self.dialect.quotes == Quotes::Keep).then_some('\''));
                    return Ok(text);
                }
                c => {
                    text.extend((doubled && c == self.dialect.escape).then_some(c));
                    text.push(c);
                }
            }
        }
    }

    fn double_quoted(&mut self, doubled: bool) -> Result<String, Substitution> {
        let mut text = self.quote();
        loop {
            match *self.rest.peek().ok_or(Substitution::Quote('"'))? {
                '"' => {
                    text.push_str(&self.quote());
                    return Ok(text);
                }
                '$' => text.push_str(&self.dollar()?),
                c if c == self.dialect.escape => self.escaped_in_quotes(&mut text, doubled),
                c => {
                    self.rest.next();
                    text.push(c);
                }
            }
        }
    }

    /// Takes a quote, and gives what stays of it.
    fn quote(&mut self) -> String {
        self.rest.next().filter(|_| self.dialect.quotes == Quotes::Keep).into_iter().collect()
    }

    /// In double quotes only the quote, `$` and the escape itself are escaped; before others the escape stays.
    fn escaped_in_quotes(&mut self, text: &mut String, doubled: bool) {
        let escape = self.dialect.escape;
        self.rest.next();
        match self.rest.peek() {
            None => {}
            Some(&c) if c == '"' || c == '$' || c == escape => {
                text.extend(self.keep.then_some(escape));
                text.push(c);
                self.rest.next();
            }
            Some(_) => {
                text.extend((self.keep && (self.dialect.quotes != Quotes::Keep || doubled)).then_some(escape));
                text.push(escape);
            }
        }
    }

    fn dollar(&mut self) -> Result<String, Substitution> {
        self.rest.next();
        if self.rest.peek() != Some(&'{') {
            let name = self.name();
            return Ok(if name.is_empty() { "$".to_owned() } else { self.value(&name, || format!("${name}")) });
        }
        self.rest.next();
        match self.rest.peek() {
            None => return Err(Substitution::MissingBrace),
            Some('{' | '}' | ':') => return Err(Substitution::NoName),
            Some(_) => {}
        }
        let name = self.name();
        match self.rest.next() {
            Some('}') => Ok(self.value(&name, || format!("${{{name}}}"))),
            Some('/') => self.replacement(&name),
            Some(':') => match self.rest.next() {
                Some(c @ ('#' | '%')) => Err(Substitution::Modifier(format!(":{c}"))),
                Some(c) => self.default(&name, c, true),
                None => Err(Substitution::MissingBrace),
            },
            Some(c @ ('+' | '-' | '?')) => self.default(&name, c, false),
            Some(c @ ('#' | '%')) => self.trimmed(&name, c),
            Some(c) => Err(Substitution::Modifier(c.to_string())),
            None => Err(Substitution::MissingBrace),
        }
    }

    /// The value of a variable, and whether it is set; what is not certain is noted.
    fn look_up(&mut self, name: &str) -> (String, bool) {
        let found = self.variables.look_up(name);
        if matches!(found, Lookup::Unknown | Lookup::Doubtful(_)) && !self.doubts.iter().any(|d| d == name) {
            self.doubts.push(name.to_owned());
        }
        match found {
            Lookup::Set(value) | Lookup::Doubtful(value) => (value.to_owned(), true),
            Lookup::Unset | Lookup::Unknown => (String::new(), false),
        }
    }

    fn value(&mut self, name: &str, reference: impl Fn() -> String) -> String {
        let (value, set) = self.look_up(name);
        if !set && self.dialect.unset == Unset::Keep { reference() } else { value }
    }

    /// `${X:-y}` and its like; `null`: with the colon, an empty value counts as none.
    fn default(&mut self, name: &str, modifier: char, null: bool) -> Result<String, Substitution> {
        let (word, _) = self.until(Some('}'), false, false)?;
        let (value, set) = self.look_up(name);
        if !set && self.dialect.unset == Unset::Keep {
            return Ok(format!("${{{name}{}{modifier}{word}}}", if null { ":" } else { "" }));
        }
        let has = set && !(null && value.is_empty());
        match modifier {
            '-' => Ok(if has { value } else { word }),
            '+' => Ok(if has { word } else { String::new() }),
            '?' if has => Ok(value),
            '?' => {
                let what = if set { "is not allowed to be empty" } else { "is not allowed to be unset" };
                let message = if word.is_empty() { what.to_owned() } else { word };
                Err(Substitution::Refused { name: name.to_owned(), message })
            }
            unknown => Err(Substitution::Modifier(format!(":{unknown}"))),
        }
    }

    /// `${X#p}`, `${X##p}`, `${X%p}`, `${X%%p}`.
    fn trimmed(&mut self, name: &str, modifier: char) -> Result<String, Substitution> {
        let (word, _) = self.until(Some('}'), true, true)?;
        let (value, set) = self.look_up(name);
        if !set && self.dialect.unset == Unset::Keep {
            return Ok(format!("${{{name}{modifier}{word}}}"));
        }
        let (word, greed) = match word.strip_prefix(modifier) {
            Some(rest) => (rest, Greed::Longest),
            None => (word.as_str(), Greed::Shortest),
        };
        let wrong = |_| Substitution::Pattern(word.to_owned());
        if modifier == '#' {
            let pattern = Pattern::parse(&word.chars().collect::<Vec<_>>()).map_err(wrong)?;
            return Ok(pattern.trim_front(&value, greed, self.budget)?);
        }
        let pattern = Pattern::parse(&reversed(word)).map_err(wrong)?;
        let backwards: String = value.chars().rev().collect();
        Ok(pattern.trim_front(&backwards, greed, self.budget)?.chars().rev().collect())
    }

    /// `${X/p/r}` and `${X//p/r}`.
    fn replacement(&mut self, name: &str) -> Result<String, Substitution> {
        let all = self.rest.next_if_eq(&'/').is_some();
        let (pattern, _) = self.until(Some('/'), true, true)?;
        let (with, _) = self.until(Some('}'), true, false)?;
        let (value, set) = self.look_up(name);
        if !set && self.dialect.unset == Unset::Keep {
            return Ok(format!("${{{name}/{pattern}/{with}}}"));
        }
        let parsed = Pattern::parse(&pattern.chars().collect::<Vec<_>>());
        Ok(parsed.map_err(|_| Substitution::Pattern(pattern))?.replace(&value, &with, all, self.budget)?)
    }

    /// A name: letters, digits and `_`; or digits alone, or one of the shell's special parameters.
    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.rest.peek() {
            Some(&c) if is_digit(c) => {
                while let Some(digit) = self.rest.next_if(|c| is_digit(*c)) {
                    name.push(digit);
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => name.extend(self.rest.next()),
            _ => {
                while let Some(c) = self.rest.next_if(|c| is_letter(*c) || is_digit(*c) || *c == '_') {
                    name.push(c);
                }
            }
        }
        name
    }
}
