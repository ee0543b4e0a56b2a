//! The port that a project listens on.

use super::launch::{self, Launch, Program};
use super::scan::syntax::Expression;
use super::scan::{Module, Sources};
use super::{Decision, Error, Stated};
use crate::source::SourceTree;

/// What servers take where nothing says otherwise.
pub(crate) const DEFAULT: u16 = 8000;
/// Below it only root may listen on many clusters.
const UNPRIVILEGED: u16 = 1024;
/// How many names and calls are followed to a number.
const LEVELS: usize = 5;

/// The port of a stated command.
pub(crate) fn of_command(
    tree: &SourceTree,
    sources: &Sources,
    command: &Decision<Vec<String>>,
    whose: &str,
    stated: &Stated,
) -> Result<Option<Decision<u16>>, Error> {
    let launch = Launch::new(&command.value);
    if let Some(stated) = &stated.port {
        return match launch.port() {
            Some((port, flag)) if port != stated.value => Err(Error::TwoPorts { stated: stated.value, flag, port }),
            _ => Ok(Some(stated.clone())),
        };
    }
    if let Some((port, flag)) = launch.port() {
        let because = format!("{flag} of {whose}");
        return Ok(Some(Decision { value: port, because, evidence: command.evidence.clone() }));
    }
    let script = launch.script(sources).and_then(|path| sources.get(&path)).and_then(in_code);
    if script.is_some() {
        return Ok(script);
    }
    let Program::Server(own) = launch.kind() else { return Ok(None) };
    if command.value.iter().any(|word| word.contains("gunicorn"))
        && let Some(bound) = gunicorn(tree)?
    {
        return Ok(Some(bound));
    }
    Ok(Some(Decision::assumed(own, format!("what {whose} takes by itself"))))
}

/// The port for a command that pydeploy writes.
pub(crate) fn for_entry(
    tree: &SourceTree,
    module: Option<&Module>,
    is_gunicorn: bool,
    stated: &Stated,
) -> Result<Decision<u16>, Error> {
    if let Some(stated) = &stated.port {
        return Ok(stated.clone());
    }
    let found = match module.and_then(in_code) {
        None if is_gunicorn => gunicorn(tree)?,
        found => found,
    };
    Ok(match found {
        Some(Decision { value, evidence, .. }) if value < UNPRIVILEGED => Decision {
            value: DEFAULT,
            because: format!("the default: only root may listen on {value}, which the code names"),
            evidence,
        },
        Some(found) => found,
        None => Decision::assumed(DEFAULT, "the default: nothing names a port"),
    })
}

/// The port of a module that serves by itself; `own` is what it takes where it says nothing.
pub(crate) fn of_script(module: Option<&Module>, own: u16, stated: &Stated) -> Result<Decision<u16>, Error> {
    let found = module.and_then(in_code);
    match (&stated.port, found) {
        (Some(stated), Some(found)) if stated.value != found.value => {
            let flag = found.evidence.map_or_else(String::new, |at| at.to_string());
            Err(Error::TwoPorts { stated: stated.value, flag, port: found.value })
        }
        (Some(stated), _) => Ok(stated.clone()),
        (None, Some(found)) => Ok(found),
        (None, None) => Ok(Decision::assumed(own, "what it takes by itself")),
    }
}

/// `uvicorn.run(…, port=N)`, `app.run(port=N)`, `app.run("0.0.0.0", N)`, and Tornado's `app.listen(N)`.
fn in_code(module: &Module) -> Option<Decision<u16>> {
    const SERVE: [&str; 6] = ["run", "run_server", "serve", "run_app", "Config", "launch"];
    let tornado = module.imports.iter().any(|import| import.package() == "tornado");
    let mut calls = module.calls();
    calls.find_map(|(_, call)| {
        let listens = call.method() == "listen" && tornado;
        if !listens && !SERVE.contains(&call.method()) {
            return None;
        }
        let behind_host = call.positional.first().is_some_and(|host| host.text().is_some());
        let unnamed = match call.method() {
            "listen" => call.positional.first(),
            "run" if behind_host => call.positional.get(1),
            _ => None,
        };
        let keyword = call.keyword("port").or_else(|| call.keyword("server_port"));
        let (value, line) = keyword.map(|keyword| (&keyword.value, keyword.line)).or(unnamed.map(|v| (v, call.line)))?;
        let port = number(module, value, LEVELS)?;
        Some(Decision::seen(port, "the port that the code runs on by itself", module.line(line)))
    })
}

/// The port that a value comes to where nothing is set: `8000`, `int(os.environ.get("PORT", 8000))`, `PORT`.
fn number(module: &Module, value: &Expression, levels: usize) -> Option<u16> {
    let levels = levels.checked_sub(1)?;
    let number = |value: &Expression| self::number(module, value, levels);
    match value {
        Expression::Number(port) => u16::try_from(*port).ok().filter(|port| *port > 0),
        Expression::Text(text) => text.trim().parse().ok().filter(|port| *port > 0),
        Expression::Name(name) => module.assigned().find(|(_, target, _)| target == name).and_then(|(.., v)| number(v)),
        Expression::Call(call) if call.method() == "int" => number(call.positional.first()?),
        Expression::Call(call) if matches!(call.method(), "get" | "getenv" | "config" | "env") => {
            number(call.argument(1, "default")?)
        }
        // `os.environ.get("PORT") or 8000`: not a sum of two numbers.
        Expression::Other(parts) => match parts.as_slice() {
            [Expression::Call(_) | Expression::Name(_), default @ Expression::Number(_)] => number(default),
            _ => None,
        },
        _ => None,
    }
}

/// `bind = "0.0.0.0:N"` in gunicorn.conf.py
fn gunicorn(tree: &SourceTree) -> Result<Option<Decision<u16>>, Error> {
    const FILE: &str = "gunicorn.conf.py";
    let Some(text) = tree.text(FILE)? else { return Ok(None) };
    let module = Module::new(FILE, &text);
    let bound = module.assigned().filter(|(_, target, _)| *target == "bind").find_map(|(statement, _, value)| {
        let port = value.texts().into_iter().find_map(launch::address)?;
        Some(Decision::seen(port, "bound by gunicorn's configuration", module.line(statement.line)))
    });
    Ok(bound)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry(text: &str, gunicorn: &str) -> (u16, Option<String>) {
        let tree = SourceTree::in_memory("p", [("main.py", text), ("gunicorn.conf.py", gunicorn)]);
        let sources = Sources::read(&tree).unwrap();
        let port = for_entry(&tree, sources.get("main.py"), true, &Stated::default()).unwrap();
        (port.value, port.evidence.map(|at| at.to_string()))
    }

    fn command(words: &str, text: &str) -> Option<u16> {
        let tree = SourceTree::in_memory("p", [("main.py", text), ("gunicorn.conf.py", "bind = ['0.0.0.0:7000']")]);
        let sources = Sources::read(&tree).unwrap();
        let command = Decision::assumed(shlex::split(words).unwrap(), "stated");
        of_command(&tree, &sources, &command, "the stated command", &Stated::default()).unwrap().map(|port| port.value)
    }

    #[test]
    fn literals_in_code_then_gunicorns_file_then_the_default() {
        let code = "if __name__ == '__main__':\n    uvicorn.run(\n        'main:app',\n        port=9000,\n    )\n";
        assert_eq!(entry(code, "bind = '0.0.0.0:7000'"), (9000, Some("main.py:4".into())));
        assert_eq!(
            entry("app.run(port=int(os.environ['PORT']))", "x = 1\nbind = '0.0.0.0:7000'"),
            (7000, Some("gunicorn.conf.py:2".into()))
        );
        assert_eq!(entry("", "bind = f'0.0.0.0:{port}'"), (8000, None));
        assert_eq!(entry("app.run(port=80)", ""), (8000, Some("main.py:1".into())));
    }

    #[test]
    fn a_stated_command_says_its_port_or_its_program_does() {
        assert_eq!(command("uvicorn main:app --port 9000", ""), Some(9000));
        assert_eq!(command("uvicorn main:app", ""), Some(8000));
        assert_eq!(command("gunicorn main:app", ""), Some(7000));
        assert_eq!(command("flask run", ""), Some(5000));
        assert_eq!(command("python main.py", "web.run_app(app, port=9001)"), Some(9001));
        assert_eq!(command("python main.py", "app.run('0.0.0.0', 9002)"), Some(9002));
        assert_eq!(command("python main.py", "import tornado.web\napp.listen(9003)"), Some(9003));
        assert_eq!(command("python main.py", "sock.listen(5)\nsubprocess.run('ls')"), None);
        assert_eq!(command("python main.py", ""), None);
    }
}
