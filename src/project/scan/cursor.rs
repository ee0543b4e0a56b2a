//! A place in Python code that moves forward.

/// What is left of a text to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    /// The text from here on.
    pub(crate) rest: &'a str,
}

/// Whether a character can be in a Python name.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'a> Cursor<'a> {
    /// At the beginning of a text.
    pub(crate) fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    /// Over white space, then over `text`, if that is there.
    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(text);
        rest.inspect(|rest| self.rest = rest).is_some()
    }

    /// Over white space, then over the keyword, if that is there.
    pub(crate) fn keyword(&mut self, word: &str) -> bool {
        let before = *self;
        self.word() == Some(word) || {
            *self = before;
            false
        }
    }

    /// Over white space, then over a name.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        self.take(is_word).filter(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// Over white space, then over names joined by dots; leading dots too, as relative imports have.
    pub(crate) fn dotted(&mut self) -> Option<&'a str> {
        self.take(|c| is_word(c) || c == '.').filter(|name| !name.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn take(&mut self, part: impl Fn(char) -> bool) -> Option<&'a str> {
        let text = self.rest.trim_start();
        let end = text.find(|c| !part(c)).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }
}

/// What a line `NAME = CALLEE(`, also with an annotation, assigns.
pub(crate) fn assigned_call(line: &str) -> Option<(&str, &str)> {
    let mut cursor = Cursor::new(line);
    let name = cursor.word()?;
    if cursor.eat(":") {
        cursor.rest = cursor.rest.split_at_checked(cursor.rest.find('=')?)?.1;
    }
    if !cursor.eat("=") || cursor.rest.starts_with('=') {
        return None;
    }
    let callee = cursor.dotted()?;
    cursor.eat("(").then_some((name, callee))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_are_assigned() {
        assert_eq!(assigned_call("app = FastAPI()"), Some(("app", "FastAPI")));
        assert_eq!(assigned_call("app: f.FastAPI=f.FastAPI (x)"), Some(("app", "f.FastAPI")));
        for none in ["app == F()", "app = F", "app.x = F()", "app += F()", "return F()", "x = 1", "", "é"] {
            assert_eq!(assigned_call(none), None, "{none}");
        }
    }
}
