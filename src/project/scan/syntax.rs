//! What is kept of a Python module: the statements and calls that can say how it is started, without the text.

/// A statement, with those inside of functions, classes and branches, in the order of the file.
#[derive(Debug, PartialEq)]
pub(crate) struct Statement {
    /// Its line, counted from 1.
    pub(crate) line: usize,
    /// What it stands in.
    pub(crate) scope: Scope,
    /// What it does.
    pub(crate) does: Does,
}

/// What a statement does, as far as it is kept.
#[derive(Debug, PartialEq)]
pub(crate) enum Does {
    /// `target = value`, `target: T = value` and `with value as target`; an item is written `target[KEY]`.
    Assign {
        /// What gets the value.
        target: String,
        /// The value.
        value: Expression,
    },
    /// `target += value`
    Extend {
        /// What gets more.
        target: String,
        /// What it gets.
        value: Expression,
    },
    /// `return value`
    Return(Expression),
    /// An expression by itself, or in the head of a compound statement.
    Evaluate(Expression),
    /// `while True:`, with nothing in it that ends it.
    Forever,
}

impl Does {
    /// The value that a statement gives, returns or works out.
    pub(crate) fn value(&self) -> Option<&Expression> {
        match self {
            Self::Assign { value, .. } | Self::Extend { value, .. } | Self::Return(value) | Self::Evaluate(value) => {
                Some(value)
            }
            Self::Forever => None,
        }
    }
}

/// What a statement stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The module: it is done whenever the module is imported.
    Module,
    /// A branch at the top of the module, which may not be taken: `if`, `try`.
    Branch,
    /// What is done only where the module is the program: `if __name__ == "__main__":`.
    Program,
    /// A function, by its index in the module.
    Function(usize),
    /// The body of a class.
    Class,
}

impl Scope {
    /// Whether what is done there defines names of the module when it is imported.
    pub(crate) fn is_top(self) -> bool {
        matches!(self, Self::Module | Self::Branch)
    }

    /// What a branch in it is.
    pub(super) fn branch(self) -> Self {
        if self == Self::Module { Self::Branch } else { self }
    }
}

/// An expression.
#[derive(Debug, PartialEq)]
pub(crate) enum Expression {
    /// A string whose content is written out.
    Text(String),
    /// A whole number.
    Number(u64),
    /// `True` or `False`.
    Flag(bool),
    /// A name, or names joined by dots.
    Name(String),
    /// A call.
    Call(Box<Call>),
    /// An attribute of what is not a name: `f().name`.
    Member(Box<Self>, String),
    /// A list, a tuple or a set.
    List(Vec<Self>),
    /// Anything else: the expressions in it, in their order.
    Other(Vec<Self>),
}

/// A call.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    /// Its line, counted from 1.
    pub(crate) line: usize,
    /// What is called.
    pub(crate) callee: Expression,
    /// The arguments without a keyword.
    pub(crate) positional: Vec<Expression>,
    /// The arguments with one; `**rest` has an empty one.
    pub(crate) keywords: Vec<Keyword>,
}

/// An argument with its keyword.
#[derive(Debug, PartialEq)]
pub(crate) struct Keyword {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The keyword.
    pub(crate) name: String,
    /// The value.
    pub(crate) value: Expression,
}

/// A function or a method.
#[derive(Debug, PartialEq)]
pub(crate) struct Function {
    /// The line of its `def`, counted from 1.
    pub(crate) line: usize,
    /// What it is defined in.
    pub(crate) scope: Scope,
    /// Its name.
    pub(crate) name: String,
    /// Whether what it gives must be awaited.
    pub(crate) is_async: bool,
    /// Whether it can't be called without arguments.
    pub(crate) needs_arguments: bool,
    /// What it is said to give.
    pub(crate) returns: Option<Expression>,
    /// The decorators, each with its line.
    pub(crate) decorators: Vec<(usize, Expression)>,
    /// The annotations and defaults of its parameters.
    pub(crate) parameters: Vec<Expression>,
}

/// A class.
#[derive(Debug, PartialEq)]
pub(crate) struct Class {
    /// The line of its `class`, counted from 1.
    pub(crate) line: usize,
    /// Its name.
    pub(crate) name: String,
    /// What it derives from.
    pub(crate) bases: Vec<Expression>,
}

/// One imported name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The module, with leading dots if relative.
    pub(crate) module: String,
    /// The name that is taken from it; `*` for all, `None` for the module itself.
    pub(crate) name: Option<String>,
    /// What it is called here.
    pub(crate) local: String,
    /// What it stands in.
    pub(crate) scope: Scope,
}

impl Import {
    /// The modules that it may stand for: what is taken from one can be a module in it.
    pub(crate) fn modules(&self) -> impl Iterator<Item = String> {
        let dot = if self.module.ends_with('.') { "" } else { "." };
        let inner = self.name.as_ref().filter(|name| *name != "*").map(|name| format!("{}{dot}{name}", self.module));
        inner.into_iter().chain([self.module.clone()])
    }

    /// The first part of the module's name; empty where it is relative.
    pub(crate) fn package(&self) -> &str {
        self.module.split('.').next().unwrap_or_default()
    }
}

impl Expression {
    /// A name, or names joined by dots.
    pub(crate) fn name(&self) -> Option<&str> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }

    /// A string whose content is written out.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A call.
    pub(crate) fn call(&self) -> Option<&Call> {
        if let Self::Call(call) = self { Some(call) } else { None }
    }

    /// This expression and every one in it, outermost first.
    pub(crate) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::Call(call) => {
                call.callee.walk(visit);
                let keywords = call.keywords.iter().map(|keyword| &keyword.value);
                call.positional.iter().chain(keywords).for_each(|part| part.walk(visit));
            }
            Self::Member(of, _) => of.walk(visit),
            Self::List(parts) | Self::Other(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Self::Text(_) | Self::Number(_) | Self::Flag(_) | Self::Name(_) => {}
        }
    }

    /// Every call in it.
    pub(crate) fn calls(&self) -> Vec<&Call> {
        let mut calls = Vec::new();
        self.walk(&mut |part| calls.extend(part.call()));
        calls
    }

    /// Every name in it, with what is called.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.walk(&mut |part| match part {
            Self::Name(name) | Self::Member(_, name) => names.push(name.as_str()),
            _ => {}
        });
        names
    }

    /// Every string in it.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        self.walk(&mut |part| texts.extend(part.text()));
        texts
    }
}

impl Call {
    /// The last part of what is called: `run` of `uvicorn.run`.
    pub(crate) fn method(&self) -> &str {
        match &self.callee {
            Expression::Name(name) => last(name),
            Expression::Member(_, name) => name,
            _ => "",
        }
    }

    /// What the method is called on: `uvicorn` of `uvicorn.run`.
    pub(crate) fn receiver(&self) -> Option<&str> {
        Some(self.callee.name()?.rsplit_once('.')?.0)
    }

    /// The argument with a keyword.
    pub(crate) fn keyword(&self, name: &str) -> Option<&Keyword> {
        self.keywords.iter().find(|keyword| keyword.name == name)
    }

    /// The argument at a position, or by its keyword.
    pub(crate) fn argument(&self, position: usize, keyword: &str) -> Option<&Expression> {
        self.keyword(keyword).map(|keyword| &keyword.value).or_else(|| self.positional.get(position))
    }

    /// Every argument.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Expression> {
        self.positional.iter().chain(self.keywords.iter().map(|keyword| &keyword.value))
    }
}

/// The last part of names that are joined by dots.
pub(crate) fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
