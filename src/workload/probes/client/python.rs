//! A check in Python on the command line: `python -c "…"`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::tokens::{Token, statements};
use super::{Asks, Call, PYTHON_PROXIES, Remark, seconds};
use crate::workload::probes::outcome::Outcome;
use crate::workload::probes::shell::Field;
use crate::workload::probes::url::Address;

/// What a command line asks for.
pub(super) fn read(arguments: &[Field]) -> Call {
    let Some(code) = code(arguments.iter().map(|f| f.text.as_str())) else {
        return Call::other("python", "what the script does is known only when it runs");
    };
    let from = arguments.iter().flat_map(|f| f.from.clone()).collect::<Vec<_>>();
    let program = statements(code).and_then(|all| Program::read(&all));
    let call = program.as_ref().and_then(|p| p.http_client().or_else(|| p.connection()).or_else(|| p.fetch()));
    let Some(mut call) = call else {
        let mut call = Call::other("python", "what the program does beside asking is not understood");
        call.addresses = mentioned(code);
        return call;
    };
    if !from.is_empty() {
        call.obstacle("part of its program comes from a variable");
    }
    call
}

/// The program after `-c`, past options that change nothing here.
fn code<'a>(mut arguments: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let neutral =
        |a: &str| a.strip_prefix('-').is_some_and(|l| !l.is_empty() && l.chars().all(|c| "IEsuBSOP".contains(c)));
    let option = arguments.find(|a| !neutral(a))?;
    (option == "-c").then(|| arguments.next()).flatten()
}

/// What a program may come to, whatever the service does.
pub(super) fn outcome(arguments: &[&str]) -> Outcome {
    let Some(code) = code(arguments.iter().copied()) else { return Outcome::EITHER };
    let Some(all) = statements(code) else { return Outcome::EITHER };
    let mut may_break = false;
    for statement in &all {
        let Some((Token::Name(name), rest)) = statement.split_first() else { return Outcome::EITHER };
        match (name.as_str(), rest) {
            // Python's own are there; anything else may be missing or break as it is loaded.
            ("import", names) if names.iter().all(is_own) => {}
            ("import" | "from", _) => may_break = true,
            ("pass", _) | ("print", [Token::Sign("("), Token::Text(_) | Token::Number(_), Token::Sign(")")]) => {}
            ("exit" | "quit" | "sys.exit" | "os._exit", [Token::Sign("("), status @ .., Token::Sign(")")]) => {
                return match status {
                    _ if may_break => Outcome::EITHER,
                    [] => Outcome::PASSES,
                    [Token::Number(n) | Token::Name(n)] if matches!(n.as_str(), "0" | "None" | "False") => {
                        Outcome::PASSES
                    }
                    [Token::Number(_) | Token::Text(_)] => Outcome::FAILS,
                    _ => Outcome::EITHER,
                };
            }
            ("raise", _) => return Outcome::FAILS,
            _ => {
                let fields = arguments.iter().map(|t| Field { text: (*t).to_owned(), from: Vec::new() });
                let call = read(&fields.collect::<Vec<_>>());
                let fails = call.remarks.iter().any(|r| matches!(r, Remark::Fails(_)));
                return if fails { Outcome::FAILS } else { Outcome::EITHER };
            }
        }
    }
    if may_break { Outcome::EITHER } else { Outcome::PASSES }
}

fn is_own(token: &Token) -> bool {
    match token {
        Token::Name(name) => {
            let root = name.split('.').next().unwrap_or_default();
            matches!(root, "sys" | "os" | "socket" | "urllib" | "http" | "json" | "time")
        }
        token => *token == Token::Sign(","),
    }
}

/// The addresses that a text names, for what can be told of them alone.
fn mentioned(code: &str) -> Vec<Address> {
    let pieces = code.split(['\'', '"']).skip(1).step_by(2).take(64);
    pieces.filter(|p| p.starts_with("http")).filter_map(|p| Address::read(p).ok()).collect()
}

/// A program: what it imports, and what it then does.
struct Program {
    /// By the name that the program uses.
    imports: BTreeMap<String, String>,
    body: Vec<Vec<Token>>,
}

impl Program {
    fn read(statements: &[Vec<Token>]) -> Option<Self> {
        let (mut imports, mut body) = (BTreeMap::new(), Vec::new());
        for statement in statements {
            let (module, names) = match statement.as_slice() {
                [Token::Name(import), names @ ..] if import == "import" => (None, names),
                [Token::Name(from), Token::Name(module), Token::Name(import), names @ ..]
                    if from == "from" && import == "import" =>
                {
                    (Some(module), names)
                }
                _ => {
                    body.push(statement.clone());
                    continue;
                }
            };
            for name in names.split(|t| *t == Token::Sign(",")) {
                let [Token::Name(name)] = name else { return None };
                let whole = module.map_or_else(|| name.clone(), |m| format!("{m}.{name}"));
                imports.insert(name.clone(), whole);
            }
        }
        Some(Self { imports, body })
    }

    /// A name in full, if it is imported.
    fn resolve(&self, name: &str) -> Option<String> {
        if let Some(whole) = self.imports.get(name) {
            return Some(whole.clone());
        }
        let known = |(alias, whole): (&String, &String)| {
            let rest = name.strip_prefix(alias.as_str())?.strip_prefix('.')?;
            Some(format!("{whole}.{rest}"))
        };
        self.imports.iter().find_map(known)
    }

    fn cursor<'t>(&'t self, statement: &'t [Token]) -> Cursor<'t> {
        Cursor { program: self, rest: statement }
    }

    /// `c = http.client.HTTPConnection(host, port); c.request('GET', path); sys.exit(c.getresponse().status >= 400)`
    fn http_client(&self) -> Option<Call> {
        let [connect, request, verdict] = self.body.as_slice() else { return None };
        let mut call = Call::new("python's http.client", Asks::Http);
        let mut cursor = self.cursor(connect);
        let variable = cursor.any_name()?;
        cursor.sign("=")?;
        cursor.call_of(&["http.client.HTTPConnection"])?;
        let (host, port) = (cursor.text()?, cursor.comma()?.port()?);
        call.step = cursor.timeout()?;
        cursor.sign(")")?.end()?;

        let mut cursor = self.cursor(request);
        cursor.name(&format!("{variable}.request"))?.sign("(")?;
        let method = cursor.text()?;
        let path = cursor.comma()?.text()?;
        let headers = cursor.headers()?;
        cursor.sign(")")?.end()?;

        let mut cursor = self.cursor(verdict);
        cursor.call_of(&["sys.exit"])?;
        cursor.name(&format!("{variable}.getresponse"))?.sign("(")?.sign(")")?.name(".status")?;
        cursor.sign(">=")?.number("400")?.sign(")")?.end()?;

        if !path.starts_with('/') {
            call.obstacle("its path does not begin with /");
        }
        if method != "GET" {
            call.obstacle("it sends another method than GET");
        }
        let address = Address { scheme: Some("http".to_owned()), path, ..Address::pair(&host, port) };
        if port == 80 {
            call.host = Some(host);
        }
        call.addresses.push(address);
        for (name, value) in headers {
            if super::super::url::is_secret(&name) {
                call.obstacle(format!("its header {name} is not for a manifest"));
            } else if name.eq_ignore_ascii_case("host") {
                call.host = Some(value);
            } else {
                call.headers.push((name, value));
            }
        }
        Some(call)
    }

    /// `socket.create_connection((host, port), 5).close()`
    fn connection(&self) -> Option<Call> {
        let [connect] = self.body.as_slice() else { return None };
        let mut call = Call::new("python's socket", Asks::Connect);
        let mut cursor = self.cursor(connect);
        let direct = cursor.call_of(&["socket.create_connection"]).is_some();
        if !direct {
            cursor = self.cursor(connect);
            cursor.call_of(&["socket.socket"])?.sign(")")?.name(".connect")?.sign("(")?;
        }
        cursor.sign("(")?;
        let (host, port) = (cursor.text()?, cursor.comma()?.port()?);
        cursor.sign(")")?;
        if direct {
            call.limit = match cursor.rest {
                [Token::Sign(","), Token::Number(n), ..] => {
                    let limit = seconds(n)?;
                    cursor.rest = cursor.rest.get(2..)?;
                    Some(limit)
                }
                _ => cursor.timeout()?,
            };
        }
        cursor.sign(")")?;
        if cursor.name(".close").is_some() {
            cursor.sign("(")?.sign(")")?;
        }
        cursor.end()?;
        call.addresses.push(Address::pair(&host, port));
        Some(call)
    }

    /// `urllib.request.urlopen(url)`, `requests.get(url)`, `httpx.get(url)`, and what asks the answer whether it is well.
    fn fetch(&self) -> Option<Call> {
        let (first, then) = self.body.split_first()?;
        let mut cursor = self.cursor(first);
        let mut variable = None;
        if let [Token::Name(name), Token::Sign("="), rest @ ..] = first.as_slice() {
            (variable, cursor.rest) = (Some(name), rest);
        }
        let function = cursor.any_name()?;
        let function = self.resolve(&function)?;
        let mut call = match function.as_str() {
            "urllib.request.urlopen" => Call::new("python's urlopen", Asks::Http),
            "requests.get" | "httpx.get" => Call::new(&format!("python's {function}"), Asks::Http),
            _ => return None,
        };
        call.proxies = PYTHON_PROXIES;
        cursor.sign("(")?;
        let url = cursor.text()?;
        call.step = cursor.timeout()?;
        cursor.sign(")")?;
        let raises = "raise_for_status";
        let asked = match (variable, then) {
            (None, []) => cursor.name(&format!(".{raises}")).is_some(),
            (Some(_), []) => false,
            (Some(variable), [then]) => {
                cursor.end()?;
                cursor = self.cursor(then);
                cursor.name(&format!("{variable}.{raises}"))?;
                true
            }
            _ => return None,
        };
        if asked {
            cursor.sign("(")?.sign(")")?;
        }
        for method in [".read", ".close"] {
            if cursor.name(method).is_some() {
                cursor.sign("(")?.sign(")")?;
            }
        }
        cursor.end()?;
        Self::judged(&function, asked, &url, call)
    }

    fn judged(function: &str, asked: bool, url: &str, mut call: Call) -> Option<Call> {
        call.ask(&Field { text: url.to_owned(), from: Vec::new() });
        let bare = call.addresses.first().is_some_and(|a| a.scheme.is_none());
        match (function, asked) {
            ("urllib.request.urlopen", true) => return None,
            ("urllib.request.urlopen", false) => {}
            (_, false) => {
                call.remarks.push(Remark::ErrorsPass);
                call.obstacles.insert(0, format!("{function} without raise_for_status calls an error page well"));
            }
            ("httpx.get", true) => call.obstacle("httpx passes 200 to 299 only, and a kubelet up to 399"),
            _ => {}
        }
        let mut call = call.asked();
        if bare {
            call.remarks.retain(|r| *r != Remark::NoScheme);
            call.remarks.push(Remark::Fails("an address without http:// is none for Python"));
        }
        Some(call)
    }
}

/// A place in a statement.
struct Cursor<'t> {
    program: &'t Program,
    rest: &'t [Token],
}

impl Cursor<'_> {
    fn next(&mut self, wanted: impl Fn(&Token) -> bool) -> Option<&mut Self> {
        let (first, rest) = self.rest.split_first()?;
        if !wanted(first) {
            return None;
        }
        self.rest = rest;
        Some(self)
    }

    fn sign(&mut self, sign: &str) -> Option<&mut Self> {
        self.next(|t| matches!(t, Token::Sign(s) if *s == sign))
    }

    fn comma(&mut self) -> Option<&mut Self> {
        self.sign(",")
    }

    fn name(&mut self, name: &str) -> Option<&mut Self> {
        self.next(|t| matches!(t, Token::Name(n) if n == name))
    }

    fn number(&mut self, number: &str) -> Option<&mut Self> {
        self.next(|t| matches!(t, Token::Number(n) if n == number))
    }

    fn any_name(&mut self) -> Option<String> {
        let Some(Token::Name(name)) = self.rest.first() else { return None };
        self.rest = self.rest.get(1..)?;
        Some(name.clone())
    }

    /// One of these functions, imported, and the bracket after it.
    fn call_of(&mut self, functions: &[&str]) -> Option<&mut Self> {
        let Some(Token::Name(name)) = self.rest.first() else { return None };
        let whole = self.program.resolve(name)?;
        if !functions.contains(&whole.as_str()) {
            return None;
        }
        self.rest = self.rest.get(1..)?;
        self.sign("(")
    }

    fn text(&mut self) -> Option<String> {
        let Some(Token::Text(text)) = self.rest.first() else { return None };
        self.rest = self.rest.get(1..)?;
        Some(text.clone())
    }

    fn port(&mut self) -> Option<u16> {
        let Some(Token::Number(number)) = self.rest.first() else { return None };
        self.rest = self.rest.get(1..)?;
        number.parse().ok().filter(|p| *p > 0)
    }

    /// `, timeout=5`, where there is one.
    #[allow(clippy::option_option)]
    fn timeout(&mut self) -> Option<Option<Duration>> {
        match self.rest {
            [Token::Sign(","), Token::Name(name), Token::Sign("="), Token::Number(number), ..] if name == "timeout" => {
                let limit = seconds(number)?;
                self.rest = self.rest.get(4..)?;
                Some(Some(limit))
            }
            _ => Some(None),
        }
    }

    /// `, headers={'name': 'value'}`, where there are some.
    fn headers(&mut self) -> Option<Vec<(String, String)>> {
        let mut headers = Vec::new();
        if self.comma().is_none() {
            return Some(headers);
        }
        self.name("headers")?.sign("=")?.sign("{")?;
        while self.sign("}").is_none() {
            let name = self.text()?;
            let value = self.sign(":")?.text()?;
            headers.push((name, value));
            self.comma();
        }
        Some(headers)
    }

    fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}
