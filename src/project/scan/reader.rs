//! From the text of a module to what is kept of it, by its syntax tree.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{self as ast, Expr, PySourceType, Stmt};
use ruff_text_size::{Ranged, TextSize};

use super::syntax::{Call, Class, Does, Expression, Function, Import, Keyword, Scope, Statement};

/// How deep expressions are kept: deeper ones say nothing that a person has written by hand.
const DEPTH: usize = 40;
/// Strings are kept up to this length, in bytes: names, paths and addresses are short.
const TEXT: usize = 200;
/// Stack for each byte of text, in bytes. The tree of `----1` is as deep as its text is long, and is dropped recursively.
const STACK: usize = 1024;

/// What is kept of a module.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) statements: Vec<Statement>,
    pub(super) functions: Vec<Function>,
    pub(super) classes: Vec<Class>,
    pub(super) imports: Vec<Import>,
}

/// As many f-strings are read in one module: the parser takes quadratic time for those that are nested.
const FORMATTED: usize = 4_000;

/// Reads a module. What is no Python is passed over, as far as the parser finds its way behind it.
pub(super) fn read(text: &str) -> Read {
    let pairs = text.as_bytes().windows(2);
    let formatted = |pair: &[u8]| matches!(pair, [b'f' | b'F' | b't' | b'T' | b'r' | b'R', b'"' | b'\'']);
    if pairs.filter(|pair| formatted(pair)).count() > FORMATTED {
        return Read::default();
    }
    // Where the stack has room already, as inside of another call, none is made.
    stacker::maybe_grow(text.len() * STACK, with_room(text.len()), || {
        let parsed = ruff_python_parser::parse_unchecked_source(text, PySourceType::Python);
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        let mut reader = Reader { ends, read: Read::default() };
        reader.body(parsed.suite(), Scope::Module);
        reader.read
    })
}

/// Does `work` where the stack has room for modules of this length, in bytes: making it once is cheaper than for each.
pub(super) fn roomy<R>(length: usize, work: impl FnOnce() -> R) -> R {
    stacker::grow(with_room(length), work)
}

fn with_room(length: usize) -> usize {
    (1 << 20) + length * STACK
}

struct Reader {
    /// Where lines end.
    ends: Vec<usize>,
    read: Read,
}

impl Reader {
    fn line(&self, at: TextSize) -> usize {
        1 + self.ends.partition_point(|end| *end < at.to_usize())
    }

    fn body(&mut self, body: &[Stmt], scope: Scope) {
        for statement in body {
            self.statement(statement, scope);
        }
    }

    fn add(&mut self, line: usize, scope: Scope, does: Does) {
        self.read.statements.push(Statement { line, scope, does });
    }

    fn evaluate(&mut self, scope: Scope, expr: &Expr) {
        let value = self.expression(expr, DEPTH);
        // A name or a literal by itself does nothing: docstrings.
        if matches!(value, Expression::Call(_) | Expression::Member(..) | Expression::List(_) | Expression::Other(_)) {
            self.add(self.line(expr.start()), scope, Does::Evaluate(value));
        }
    }

    fn assign(&mut self, line: usize, scope: Scope, target: &Expr, value: &Expr) {
        let Some(target) = target_of(target) else { return self.evaluate(scope, value) };
        let value = self.expression(value, DEPTH);
        self.add(line, scope, Does::Assign { target, value });
    }

    fn statement(&mut self, statement: &Stmt, scope: Scope) {
        let line = self.line(statement.start());
        match statement {
            Stmt::FunctionDef(function) => self.function(function, scope),
            Stmt::ClassDef(class) => self.class(class, scope),
            Stmt::Return(ast::StmtReturn { value: Some(value), .. }) => {
                let value = self.expression(value, DEPTH);
                self.add(line, scope, Does::Return(value));
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assign(line, scope, target, &assign.value);
                }
            }
            Stmt::AnnAssign(ast::StmtAnnAssign { target, value: Some(value), .. }) => {
                self.assign(line, scope, target, value);
            }
            Stmt::AugAssign(extend) => {
                let value = self.expression(&extend.value, DEPTH);
                if let Some(target) = target_of(&extend.target) {
                    self.add(line, scope, Does::Extend { target, value });
                }
            }
            Stmt::Expr(expr) => self.evaluate(scope, &expr.value),
            Stmt::If(branch) => {
                let program = scope == Scope::Module && is_program(&branch.test);
                self.evaluate(scope, &branch.test);
                self.body(&branch.body, if program { Scope::Program } else { scope.branch() });
                for clause in &branch.elif_else_clauses {
                    clause.test.iter().for_each(|test| self.evaluate(scope, test));
                    self.body(&clause.body, scope.branch());
                }
            }
            Stmt::For(each) => {
                self.evaluate(scope, &each.iter);
                self.body(&each.body, scope);
                self.body(&each.orelse, scope);
            }
            Stmt::While(each) => {
                if is_always(&each.test) && !ends(&each.body, true) {
                    self.add(line, scope, Does::Forever);
                }
                self.evaluate(scope, &each.test);
                self.body(&each.body, scope.branch());
                self.body(&each.orelse, scope.branch());
            }
            Stmt::With(with) => {
                for item in &with.items {
                    match &item.optional_vars {
                        Some(target) => self.assign(line, scope, target, &item.context_expr),
                        None => self.evaluate(scope, &item.context_expr),
                    }
                }
                self.body(&with.body, scope);
            }
            Stmt::Try(attempt) => {
                let within = scope.branch();
                self.body(&attempt.body, within);
                for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    self.body(&handler.body, within);
                }
                self.body(&attempt.orelse, within);
                self.body(&attempt.finalbody, scope);
            }
            Stmt::Match(cases) => {
                self.evaluate(scope, &cases.subject);
                cases.cases.iter().for_each(|case| self.body(&case.body, scope.branch()));
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    // `import a.b` makes `a` known, `import a.b as c` makes `c` known.
                    let first = module.split('.').next().unwrap_or(module);
                    let local = alias.asname.as_ref().map_or(first, ast::Identifier::as_str);
                    self.import(line, module.to_owned(), None, local, scope);
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", ast::Identifier::as_str);
                let dots = ".".repeat(usize::try_from(import.level).unwrap_or_default().min(DEPTH));
                for alias in &import.names {
                    let (name, local) = (alias.name.as_str(), alias.asname.as_ref().unwrap_or(&alias.name));
                    self.import(line, format!("{dots}{module}"), Some(name.to_owned()), local, scope);
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, line: usize, module: String, name: Option<String>, local: &str, scope: Scope) {
        self.read.imports.push(Import { line, module, name, local: local.to_owned(), scope });
    }

    fn function(&mut self, function: &ast::StmtFunctionDef, scope: Scope) {
        let parameters = &function.parameters;
        let mut kept = Vec::new();
        for parameter in parameters.iter_non_variadic_params() {
            let parts = [parameter.annotation(), parameter.default()];
            kept.extend(parts.into_iter().flatten().map(|part| self.expression(part, DEPTH)));
        }
        // A method's first parameter is given by Python: methods are never called by a server.
        let needs_arguments = parameters.iter_non_variadic_params().any(|parameter| parameter.default().is_none());
        let decorators = function.decorator_list.iter();
        let decorators = decorators.map(|d| (self.line(d.start()), self.expression(&d.expression, DEPTH))).collect();
        self.read.functions.push(Function {
            line: self.line(function.name.start()),
            scope,
            name: function.name.to_string(),
            is_async: function.is_async,
            needs_arguments,
            returns: function.returns.as_ref().map(|returns| self.expression(returns, DEPTH)),
            decorators,
            parameters: kept,
        });
        self.body(&function.body, Scope::Function(self.read.functions.len() - 1));
    }

    fn class(&mut self, class: &ast::StmtClassDef, scope: Scope) {
        let bases = class.arguments.iter().flat_map(|arguments| arguments.args.iter());
        let bases = bases.map(|base| self.expression(base, DEPTH)).collect();
        let line = self.line(class.name.start());
        self.read.classes.push(Class { line, name: class.name.to_string(), bases });
        class.decorator_list.iter().for_each(|decorator| self.evaluate(scope, &decorator.expression));
        self.body(&class.body, Scope::Class);
    }

    fn expression(&self, expr: &Expr, depth: usize) -> Expression {
        let Some(depth) = depth.checked_sub(1) else { return Expression::Other(Vec::new()) };
        let all = |parts: &[Expr]| parts.iter().map(|part| self.expression(part, depth)).collect();
        match expr {
            Expr::StringLiteral(text) => match text.value.to_str() {
                text if text.len() <= TEXT => Expression::Text(text.to_owned()),
                _ => Expression::Other(Vec::new()),
            },
            Expr::NumberLiteral(ast::ExprNumberLiteral { value: ast::Number::Int(number), .. }) => {
                number.as_u64().map_or(Expression::Other(Vec::new()), Expression::Number)
            }
            Expr::BooleanLiteral(flag) => Expression::Flag(flag.value),
            Expr::Name(name) => Expression::Name(name.id.to_string()),
            Expr::Attribute(attribute) => match self.expression(&attribute.value, depth) {
                Expression::Name(name) => Expression::Name(format!("{name}.{}", attribute.attr)),
                of => Expression::Member(Box::new(of), attribute.attr.to_string()),
            },
            Expr::Call(call) => {
                let keyword = |keyword: &ast::Keyword| Keyword {
                    line: self.line(keyword.start()),
                    name: keyword.arg.as_ref().map(ast::Identifier::to_string).unwrap_or_default(),
                    value: self.expression(&keyword.value, depth),
                };
                Expression::Call(Box::new(Call {
                    line: self.line(expr.start()),
                    callee: self.expression(&call.func, depth),
                    positional: all(&call.arguments.args),
                    keywords: call.arguments.keywords.iter().map(keyword).collect(),
                }))
            }
            Expr::List(list) => Expression::List(all(&list.elts)),
            Expr::Tuple(tuple) => Expression::List(all(&tuple.elts)),
            Expr::Set(set) => Expression::List(all(&set.elts)),
            _ => {
                let mut children = Children(Vec::new());
                walk_expr(&mut children, expr);
                Expression::Other(children.0.into_iter().map(|child| self.expression(child, depth)).collect())
            }
        }
    }
}

/// The expressions that stand directly in another one.
struct Children<'a>(Vec<&'a Expr>);

impl<'a> Visitor<'a> for Children<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        self.0.push(expr);
    }
}

/// `name`, `a.b` or `a.b[KEY]`; `None` where several names are assigned at once.
fn target_of(target: &Expr) -> Option<String> {
    match target {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => Some(format!("{}.{}", dotted(&attribute.value)?, attribute.attr)),
        Expr::Subscript(item) => match &*item.slice {
            Expr::StringLiteral(key) => Some(format!("{}[{}]", dotted(&item.value)?, key.value.to_str())),
            _ => None,
        },
        _ => None,
    }
}

fn dotted(mut expr: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    while let Expr::Attribute(attribute) = expr {
        parts.push(attribute.attr.as_str());
        expr = &attribute.value;
    }
    let Expr::Name(name) = expr else { return None };
    parts.push(name.id.as_str());
    parts.reverse();
    Some(parts.join("."))
}

/// `True`, or the `1` of before there was one.
fn is_always(test: &Expr) -> bool {
    match test {
        Expr::BooleanLiteral(flag) => flag.value,
        Expr::NumberLiteral(ast::ExprNumberLiteral { value: ast::Number::Int(number), .. }) => {
            number.as_u64() == Some(1)
        }
        _ => false,
    }
}

/// Whether something in a loop's body ends it: a `return`, or a `break` that is the loop's `own`.
fn ends(body: &[Stmt], own: bool) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Break(_) => own,
        Stmt::Return(_) => true,
        Stmt::If(branch) => {
            let clauses = branch.elif_else_clauses.iter();
            ends(&branch.body, own) || clauses.into_iter().any(|clause| ends(&clause.body, own))
        }
        Stmt::With(with) => ends(&with.body, own),
        Stmt::Try(attempt) => {
            let handlers = attempt.handlers.iter();
            let mut handlers = handlers.map(|ast::ExceptHandler::ExceptHandler(handler)| &handler.body);
            let rest = [&attempt.body, &attempt.orelse, &attempt.finalbody];
            handlers.any(|body| ends(body, own)) || rest.into_iter().any(|body| ends(body, own))
        }
        Stmt::Match(cases) => cases.cases.iter().any(|case| ends(&case.body, own)),
        Stmt::For(each) => ends(&each.body, false) || ends(&each.orelse, own),
        Stmt::While(each) => ends(&each.body, false) || ends(&each.orelse, own),
        _ => false,
    })
}

/// `__name__ == "__main__"`
fn is_program(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let mut sides = std::iter::once(&*compare.left).chain(compare.comparators.iter());
    let name = |side: &Expr| matches!(side, Expr::Name(name) if name.id.as_str() == "__name__");
    sides.any(name) && compare.ops.first() == Some(&ast::CmpOp::Eq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_without_an_end() {
        for (text, forever) in [
            ("while True:\n    f()\n", true),
            ("while 1:\n    for a in b:\n        break\n", true),
            ("while True:\n    try:\n        f()\n    except E:\n        break\n", false),
            ("def f():\n    while True:\n        if g():\n            return\n", false),
            ("def f():\n    while True:\n        while h():\n            return\n", false),
            ("while True:\n    with a:\n        def g():\n            return 1\n", true),
            ("while running:\n    f()\n", false),
        ] {
            let statements = read(text).statements;
            assert_eq!(statements.iter().any(|line| line.does == Does::Forever), forever, "{text}");
        }
    }

    fn assigned(text: &str) -> Vec<(String, usize, Scope)> {
        let assigned = read(text).statements.into_iter().filter_map(|statement| match statement.does {
            Does::Assign { target, .. } => Some((target, statement.line, statement.scope)),
            _ => None,
        });
        assigned.collect()
    }

    #[test]
    fn what_is_assigned_and_in_what() {
        let text = "a = b = 1\nc: int = 2\nif x:\n    d = 3\nelse:\n    e.f = 4\n\ntry:\n    g['K'] = 5\nexcept E:\n    pass\n\
                    def f():\n    h = 6\n\n    async def i():\n        j = 7\nclass K:\n    l = 8\nwith m() as n:\n    pass\n\
                    if __name__ == '__main__':\n    o = 9\n# p = 10\nq = '''\nr = 11\n'''\ns, t = u\n";
        let (module, branch) = (Scope::Module, Scope::Branch);
        let expected = [
            ("a", 1, module),
            ("b", 1, module),
            ("c", 2, module),
            ("d", 4, branch),
            ("e.f", 6, branch),
            ("g[K]", 9, branch),
            ("h", 13, Scope::Function(0)),
            ("j", 16, Scope::Function(1)),
            ("l", 18, Scope::Class),
            ("n", 19, module),
            ("o", 22, Scope::Program),
            ("q", 24, module),
        ];
        let expected: Vec<_> = expected.map(|(name, line, scope)| (name.to_owned(), line, scope)).to_vec();
        assert_eq!(assigned(text), expected);
    }

    #[test]
    fn imports_of_every_form() {
        let text = "import a\nimport b.c, d as e\nfrom f import (\n    g,\n    h as i,\n)\nfrom . import j\nfrom ..k import *\n\
                    def l():\n    import m\n# import n\n";
        let show = |i: Import| format!("{} {}.{} {}", i.line, i.module, i.name.unwrap_or_default(), i.local);
        let imports: Vec<_> = read(text).imports.into_iter().map(show).collect();
        assert_eq!(imports, ["1 a. a", "2 b.c. b", "2 d. e", "3 f.g g", "3 f.h i", "7 ..j j", "8 ..k.* *", "10 m. m"]);
    }

    #[test]
    fn functions_say_whether_a_server_can_call_them() {
        let text = "def a(): ...\nasync def b(x=1, *, y: int = 2, **z): ...\n@c('/')\ndef d(e: Depends(f)): ...\n";
        let functions = read(text).functions;
        let show: Vec<_> = functions.iter().map(|f| (f.name.as_str(), f.line, f.is_async, f.needs_arguments)).collect();
        assert_eq!(show, [("a", 1, false, false), ("b", 2, true, false), ("d", 4, false, true)]);
        let names: Vec<_> = functions.iter().flat_map(|f| f.parameters.iter().flat_map(Expression::names)).collect();
        assert_eq!(names, ["int", "Depends", "f"]);
    }

    #[test]
    fn errors_and_old_syntax_are_passed_over() {
        assert_eq!(assigned("print 'x'\na = 1\n").len(), 1);
        assert_eq!(assigned("a = (\ndef f():\n    b = 2\nc = 3\n").last().map(|a| a.0.clone()), Some("c".to_owned()));
        assert_eq!(assigned("\u{feff}a = 1\r\nb = 2\r\n").len(), 2);
        for odd in ["'", "\"\"\"", "'\\", "é'é", "\0", "f'{", "match x:\n case", "@", "\t \tx", "if", "async"] {
            assigned(odd);
        }
    }

    #[test]
    fn no_depth_overflows_the_stack() {
        let n = 100_000;
        let times = |part: &str, end: &str| part.repeat(n / part.len()) + end;
        for text in [
            times("-", "1"),
            times("(", ""),
            times("[", ""),
            times("{1:", ""),
            times("f(", ""),
            times("f()", ""),
            times("1+", "1"),
            times("a.", "a"),
            times("a[0]", ""),
            times("not ", "a"),
            times("lambda:", "1"),
            times("await ", "a"),
            times("a if b else ", "c"),
            times("a**", "a"),
            times("a=", "1"),
            times("f'{", ""),
            times("f'a{F\"\"\"{", ""),
            times("with a:", ""),
            times("a<", "a"),
            times("@", ""),
            times("*", ""),
        ] {
            read(&text);
        }
    }
}
