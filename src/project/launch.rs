//! A stated command, as far as it tells what it starts.

use super::paths;
use super::scan::Sources;

/// Programs that listen, with the port that each takes by itself.
const SERVERS: &[(&str, u16)] = &[
    ("uvicorn", 8000),
    ("gunicorn", 8000),
    ("hypercorn", 8000),
    ("granian", 8000),
    ("daphne", 8000),
    ("fastapi", 8000),
    ("litestar", 8000),
    ("waitress-serve", 8080),
    ("flask", 5000),
    ("quart", 5000),
    ("sanic", 8000),
    ("streamlit", 8501),
];
/// Programs that take work from a queue or a clock.
const WORKERS: &[&str] = &["celery", "rq", "rqworker", "dramatiq", "arq", "huey_consumer", "taskiq", "faststream"];

/// The words of a command, without a shell around them.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    words: Vec<String>,
}

/// What sort of program a command starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// One that listens, with its own port.
    Server(u16),
    /// One that does not listen.
    Worker,
    /// That can't be told.
    Unknown,
}

impl Launch {
    /// Reads a command in exec form; of `sh -c "…"` the last of the joined commands.
    pub(crate) fn new(command: &[String]) -> Self {
        let shell = command.first().is_some_and(|word| matches!(paths::file_name(word), "sh" | "bash" | "dash"));
        let script = command.iter().position(|word| word.starts_with('-') && word.ends_with('c')).filter(|_| shell);
        let Some(text) = script.and_then(|at| command.get(at + 1)) else { return Self { words: command.to_vec() } };
        let last = text.rsplit(['&', ';', '\n']).find(|part| !part.trim().is_empty()).unwrap_or_default();
        Self { words: shlex::split(last).unwrap_or_default() }
    }

    /// The words, without those of a shell around them.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// The name of the program, behind `python -m`, `exec` and what else stands before it.
    pub(crate) fn program(&self) -> Option<(usize, &str)> {
        let mut words = self.words.iter().enumerate().peekable();
        while let Some((at, word)) = words.next() {
            let name = paths::file_name(word);
            match name {
                "exec" | "env" | "tini" | "dumb-init" | "--" | "nohup" => {}
                "uv" | "poetry" | "pdm" | "pipenv" => drop(words.next_if(|(_, next)| *next == "run")),
                _ if word
                    .split_once('=')
                    .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_uppercase() || c == '_')) => {}
                _ if name.starts_with("python") => {
                    while words.next_if(|(_, next)| next.starts_with('-') && *next != "-m").is_some() {}
                    return match words.next() {
                        Some((_, flag)) if flag == "-m" => words.next().map(|(at, module)| (at, module.as_str())),
                        Some((at, script)) => Some((at, script.as_str())),
                        None => Some((at, name)),
                    };
                }
                _ => return Some((at, name)),
            }
        }
        None
    }

    /// What sort of program it is.
    pub(crate) fn kind(&self) -> Program {
        let Some((at, program)) = self.program() else { return Program::Unknown };
        let server = SERVERS.iter().find(|(name, _)| *name == program).map(|(_, port)| Program::Server(*port));
        let worker = WORKERS.contains(&program).then_some(Program::Worker);
        let manage = paths::file_name(program) == "manage.py";
        let subcommand = self.words.get(at + 1).map(String::as_str);
        match (manage, subcommand) {
            (true, Some("runserver")) => Program::Server(8000),
            (true, _) => Program::Worker,
            _ => server.or(worker).unwrap_or(Program::Unknown),
        }
    }

    /// The module of the project that it runs as a script.
    pub(crate) fn script(&self, sources: &Sources) -> Option<String> {
        let (_, program) = self.program()?;
        let module = program.replace('.', "/");
        let paths =
            [program.trim_start_matches("./").to_owned(), format!("{module}.py"), format!("{module}/__main__.py")];
        paths.into_iter().find(|path| sources.get(path).is_some())
    }

    /// The module that it names for a server or a worker to import: `pkg.main` of `pkg.main:app` and `-m pkg.main`.
    pub(crate) fn module(&self) -> Option<&str> {
        let dotted = |text: &str| {
            let start = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            start && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        };
        let target = self.words.iter().filter_map(|word| word.split_once(':')).find(|(module, object)| {
            dotted(module) && object.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        });
        let after = |flag: &str| self.words.iter().skip_while(|word| *word != flag).nth(1).map(String::as_str);
        let named = target.map(|(module, _)| module).or_else(|| after("-A")).or_else(|| after("--app"));
        named
            .or_else(|| after("-m").filter(|module| !SERVERS.iter().any(|(name, _)| name == module)))
            .filter(|m| dotted(m))
    }

    /// The port that it names, and the word that does.
    pub(crate) fn port(&self) -> Option<(u16, String)> {
        let (start, program) = self.program()?;
        if self.kind() == Program::Worker {
            return None;
        }
        let mut words = self.words.iter().skip(start + 1).peekable();
        while let Some(word) = words.next() {
            let (flag, attached) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
                _ if word.len() > 2 && word.starts_with('-') && !word.starts_with("--") => {
                    word.split_at_checked(2).map_or((word.as_str(), None), |(flag, value)| (flag, Some(value)))
                }
                _ => (word.as_str(), None),
            };
            let value = attached.or_else(|| words.peek().map(|next| next.as_str()));
            let found = match flag {
                // gunicorn's -p is the file for its process id.
                "-p" if program == "gunicorn" => None,
                "--port" | "-p" | "--server.port" => value.and_then(literal),
                "--bind" | "-b" | "--listen" | "--http" | "--http-socket" => value.and_then(address),
                _ => None,
            };
            let positional = || (program.ends_with("manage.py") && word.contains(':')).then(|| address(word)).flatten();
            if let Some(port) = found.or_else(positional) {
                return Some((port, flag.to_owned()));
            }
        }
        None
    }
}

/// A number, or a variable that defaults to one: `${PORT:-8000}`.
fn literal(text: &str) -> Option<u16> {
    let default =
        text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).and_then(|rest| rest.split_once(":-"));
    default.map_or(text, |(_, default)| default).parse().ok().filter(|port| *port > 0)
}

/// The port of `HOST:PORT`, `:PORT` or a bare number; a URL or a socket has none.
pub(crate) fn address(text: &str) -> Option<u16> {
    if text.contains('/') {
        return None;
    }
    let variable = text.find("${").and_then(|at| text.get(at..)).and_then(literal);
    variable.or_else(|| literal(text.rsplit(':').next().unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(command: &str) -> Launch {
        Launch::new(&shlex::split(command).unwrap_or_default())
    }

    #[test]
    fn ports() {
        for (command, port) in [
            ("uvicorn main:app --port 9000", Some(9000)),
            ("uvicorn main:app --port=9000", Some(9000)),
            ("python -m uvicorn main:app --port 9000", Some(9000)),
            ("uv run uvicorn main:app --port 9000", Some(9000)),
            ("flask run -p 9000", Some(9000)),
            ("flask run -p9000", Some(9000)),
            ("gunicorn -b 0.0.0.0:9000 -p /run/x main:app", Some(9000)),
            ("gunicorn -p 17 main:app", None),
            ("gunicorn --bind :9000 main:app", Some(9000)),
            ("gunicorn --bind '[::]:9000' main:app", Some(9000)),
            ("gunicorn --bind unix:/run/x.sock main:app", None),
            ("waitress-serve --listen=*:9000 main:app", Some(9000)),
            ("celery -A x -b redis://h:6379 worker", None),
            ("streamlit run app.py --server.port=9000", Some(9000)),
            ("python manage.py runserver 0.0.0.0:9000", Some(9000)),
            ("sh -c 'alembic upgrade head && exec uvicorn main:app --port ${PORT:-9000}'", Some(9000)),
            ("uvicorn main:app --port $PORT", None),
            ("uvicorn main:app --port 0", None),
            ("uvicorn main:app --port 70000", None),
            ("", None),
        ] {
            assert_eq!(launch(command).port().map(|(port, _)| port), port, "{command}");
        }
    }

    #[test]
    fn modules() {
        for (command, module) in [
            ("uvicorn pkg.main:app --host 0.0.0.0", Some("pkg.main")),
            ("python -m gunicorn -b 0.0.0.0:80 main:create_app()", Some("main")),
            ("celery -A pkg.jobs worker", Some("pkg.jobs")),
            ("python -m pkg", Some("pkg")),
            ("gunicorn --bind unix:/x main", None),
            ("python bot.py", None),
        ] {
            assert_eq!(launch(command).module(), module, "{command}");
        }
    }

    #[test]
    fn programs() {
        for (command, kind) in [
            ("python3.12 -u -m gunicorn main:app", Program::Server(8000)),
            ("/usr/local/bin/waitress-serve main:app", Program::Server(8080)),
            ("celery -A x worker", Program::Worker),
            ("python manage.py rqworker", Program::Worker),
            ("python manage.py runserver", Program::Server(8000)),
            ("FLASK_DEBUG=0 flask run", Program::Server(5000)),
            ("python bot.py", Program::Unknown),
            ("exec", Program::Unknown),
        ] {
            assert_eq!(launch(command).kind(), kind, "{command}");
        }
    }
}
