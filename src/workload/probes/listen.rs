//! A server's address: where the image's command listens, as far as its words say.

use std::collections::BTreeSet;

use super::shell::{self, Command, Dialect, End, Field, List, Scope, expand};
use super::subject::{Environment, Value, base_name};

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listening {
    /// On every address.
    Everywhere {
        /// What says so: `uvicorn --host 0.0.0.0`.
        server: String,
        /// The port; `None` where it can't be told.
        port: Option<u16>,
    },
    /// Not on the Pod's address, or not for certain.
    Loopback {
        /// Why, in words.
        why: String,
        /// The port; `None` where it can't be told.
        port: Option<u16>,
    },
    /// The command does not say.
    Unknown(String),
}

impl Listening {
    /// The port that the command names.
    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Self::Everywhere { port, .. } | Self::Loopback { port, .. } => *port,
            Self::Unknown(_) => None,
        }
    }
}

/// Commands in commands are followed this far.
const DEEPEST: usize = 6;

/// Where the command of an image listens.
pub(super) fn read(entrypoint: &[String], cmd: &[String], env: &Environment) -> Listening {
    let argv: Vec<String> = entrypoint.iter().chain(cmd).cloned().collect();
    if argv.is_empty() {
        return Listening::Unknown("what the image starts is not known".to_owned());
    }
    follow(&argv, env, 0)
}

fn unknown(name: &str) -> Listening {
    Listening::Unknown(format!("where {name} listens can't be told from the image's command"))
}

fn follow(argv: &[String], env: &Environment, depth: usize) -> Listening {
    let Some((program, arguments)) = argv.split_first() else { return unknown("it") };
    let name = base_name(program);
    if depth > DEEPEST {
        return unknown(name);
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ("sh" | "bash" | "ash" | "dash", [flag, text, ..]) = (name, words.as_slice())
        && matches!(*flag, "-c" | "-lc" | "-ec")
    {
        return script(text, env, depth);
    }
    match unwrapped(name, &words) {
        Some(inner) => follow(&inner.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>(), env, depth + 1),
        None => server(name, &words, env),
    }
}

/// The last command of a script, if those before it come to an end.
fn script(text: &str, env: &Environment, depth: usize) -> Listening {
    let last = shell::read(text, Dialect::Unknown).ok().and_then(|script| last(&script.list, env));
    match last {
        Some(argv) => follow(&argv, env, depth + 1),
        None => Listening::Unknown("where the script that the image starts listens can't be told".to_owned()),
    }
}

fn last(list: &List, env: &Environment) -> Option<Vec<String>> {
    if list.0.iter().any(|item| item.end == End::Background) {
        return None;
    }
    let chain = &list.0.last()?.chain;
    if chain.rest.iter().any(|(join, _)| *join == shell::Join::IfNot) {
        return None;
    }
    let pipeline = chain.rest.last().map_or(&chain.first, |(_, pipeline)| pipeline);
    let [Command::Simple(simple)] = pipeline.commands.as_slice() else { return None };
    let assigned: BTreeSet<String> = shell::assigned(list);
    if !simple.assignments.is_empty() {
        return None;
    }
    let fields = expand(&simple.words, Scope { env, assigned: &assigned }).ok()?;
    let argv: Vec<String> = fields.into_iter().map(|Field { text, .. }| text).collect();
    match argv.split_first() {
        Some((exec, rest)) if exec == "exec" => Some(rest.to_vec()),
        _ => Some(argv),
    }
}

/// What a command runs that only sets something up before it.
fn unwrapped<'w>(name: &str, words: &[&'w str]) -> Option<Vec<&'w str>> {
    let after = |skip: &dyn Fn(&str) -> bool| {
        let start = words.iter().position(|w| !skip(w))?;
        let start = if words.get(start) == Some(&"--") { start + 1 } else { start };
        Some(words.get(start..)?.to_vec())
    };
    match (name, words) {
        ("tini" | "tini-static", _) => after(&|w| matches!(w, "-s" | "-g" | "-v" | "-vv")),
        ("dumb-init" | "catatonit" | "docker-init", _) => {
            after(&|w| matches!(w, "-c" | "-v" | "-g" | "--single-child" | "--verbose"))
        }
        ("uv", ["run", rest @ ..]) => {
            let start = rest.iter().position(|w| !is_switch_of_uv(w))?;
            let start = if rest.get(start) == Some(&"--") { start + 1 } else { start };
            Some(rest.get(start..)?.to_vec())
        }
        ("poetry" | "pipenv" | "pdm" | "hatch" | "rye", ["run", rest @ ..])
        | ("newrelic-admin", ["run-program", rest @ ..])
        | ("gosu" | "su-exec", [_, rest @ ..])
        | ("ddtrace-run" | "opentelemetry-instrument" | "nice" | "exec", rest)
            if !is_option(rest) =>
        {
            Some(rest.to_vec())
        }
        ("python" | "python3", ["-u", rest @ ..]) => {
            Some(std::iter::once("python").chain(rest.iter().copied()).collect())
        }
        (name, ["-m", module, rest @ ..]) if super::client::is_python(name) && *module != "http.server" => {
            let program = match *module {
                "waitress" => "waitress-serve",
                module => module,
            };
            Some(std::iter::once(program).chain(rest.iter().copied()).collect())
        }
        (name, [script, rest @ ..]) if super::client::is_python(name) && base_name(script) == "manage.py" => {
            Some(std::iter::once("manage.py").chain(rest.iter().copied()).collect())
        }
        _ => None,
    }
}

fn is_switch_of_uv(word: &str) -> bool {
    matches!(word, "--no-sync" | "--frozen" | "--locked" | "--no-dev" | "--offline" | "--no-cache" | "-q" | "--quiet")
}

fn is_option(words: &[&str]) -> bool {
    words.first().is_none_or(|w| w.starts_with('-'))
}

/// How a server is told its address.
struct Server {
    name: &'static str,
    /// Options for the host, and for the port.
    host: &'static [&'static str],
    port: &'static [&'static str],
    /// Options for both together, `host:port`.
    bind: &'static [&'static str],
    /// Options that lead elsewhere: a socket in the file system, a stream that is already open, a file of settings.
    otherwise: &'static [&'static str],
    /// The prefix of the variables that stand for its options.
    prefix: Option<&'static str>,
    /// Where it listens by itself.
    default: Default_,
}

enum Default_ {
    Host(&'static str, u16),
    /// A file of settings may say.
    File(&'static str),
}

/// The defaults are those of the servers' own documentation.
const SERVERS: &[Server] = &[
    Server {
        name: "uvicorn",
        host: &["--host"],
        port: &["--port"],
        bind: &[],
        otherwise: &["--uds", "--fd", "--ssl-keyfile"],
        prefix: Some("UVICORN_"),
        default: Default_::Host("127.0.0.1", 8000),
    },
    Server {
        name: "gunicorn",
        host: &[],
        port: &[],
        bind: &["-b", "--bind"],
        otherwise: &["--keyfile", "--certfile"],
        prefix: None,
        default: Default_::File("gunicorn listens on 127.0.0.1 unless its settings say otherwise"),
    },
    Server {
        name: "hypercorn",
        host: &[],
        port: &[],
        bind: &["-b", "--bind"],
        otherwise: &["--keyfile", "--certfile", "--insecure-bind", "--quic-bind"],
        prefix: None,
        default: Default_::File("hypercorn listens on 127.0.0.1 unless its settings say otherwise"),
    },
    Server {
        name: "granian",
        host: &["--host"],
        port: &["--port"],
        bind: &[],
        otherwise: &["--uds", "--ssl-keyfile"],
        prefix: Some("GRANIAN_"),
        default: Default_::Host("127.0.0.1", 8000),
    },
    Server {
        name: "daphne",
        host: &["-b", "--bind"],
        port: &["-p", "--port"],
        bind: &[],
        otherwise: &["-u", "--unix-socket", "-e", "--endpoint", "--fd"],
        prefix: None,
        default: Default_::Host("127.0.0.1", 8000),
    },
    Server {
        name: "waitress-serve",
        host: &["--host"],
        port: &["--port"],
        bind: &["--listen"],
        otherwise: &["--unix-socket"],
        prefix: None,
        default: Default_::Host("0.0.0.0", 8080),
    },
    Server {
        name: "flask",
        host: &["-h", "--host"],
        port: &["-p", "--port"],
        bind: &[],
        otherwise: &["--cert"],
        prefix: Some("FLASK_RUN_"),
        default: Default_::Host("127.0.0.1", 5000),
    },
    Server {
        name: "fastapi",
        host: &["--host"],
        port: &["--port"],
        bind: &[],
        otherwise: &[],
        prefix: None,
        default: Default_::Host("0.0.0.0", 8000),
    },
    Server {
        name: "sanic",
        host: &["-H", "--host"],
        port: &["-p", "--port"],
        bind: &[],
        otherwise: &["-u", "--unix", "--cert", "--tls"],
        prefix: None,
        default: Default_::Host("127.0.0.1", 8000),
    },
    Server {
        name: "streamlit",
        host: &["--server.address"],
        port: &["--server.port"],
        bind: &[],
        otherwise: &[],
        prefix: None,
        default: Default_::File("streamlit's address may be in its settings"),
    },
    Server {
        name: "uwsgi",
        host: &[],
        port: &[],
        bind: &["--http", "--http-socket"],
        otherwise: &["--ini", "--socket", "-s", "--yaml", "--json", "--https", "--xml"],
        prefix: None,
        default: Default_::File("uwsgi's address may be in its settings"),
    },
];

fn server(name: &str, words: &[&str], env: &Environment) -> Listening {
    match (name, words) {
        ("flask" | "fastapi" | "streamlit", words) if !words.contains(&"run") => return unknown(name),
        ("manage.py", ["runserver", rest @ ..]) => return runserver(rest),
        (name, ["-m", "http.server", rest @ ..]) if super::client::is_python(name) => return http_server(rest),
        _ => {}
    }
    let Some(server) = SERVERS.iter().find(|s| s.name == name) else { return unknown(name) };
    if words.iter().any(|w| server.otherwise.iter().any(|o| w == o || w.starts_with(&format!("{o}=")))) {
        return unknown(name);
    }
    let binds = values(words, server.bind);
    if !binds.is_empty() {
        return bound(server.name, &binds);
    }
    let fixed = |names: &[&str], variable: &str| -> Result<Option<String>, ()> {
        if let Some(value) = values(words, names).last() {
            return Ok(Some((*value).to_owned()));
        }
        let Some(prefix) = server.prefix else { return Ok(None) };
        match env.value(&format!("{prefix}{variable}")) {
            Value::Set(value) => Ok(Some(value.to_owned())),
            Value::Unset => Ok(None),
            Value::OfBase | Value::OfRuntime => Err(()),
        }
    };
    let stated = fixed(server.host, "HOST");
    let port = fixed(server.port, "PORT");
    let (host, number) = match (&server.default, stated) {
        (Default_::File(why), Ok(None) | Err(())) => {
            return Listening::Loopback { why: (*why).to_owned(), port: None };
        }
        (Default_::File(_), Ok(Some(host))) => (host, None),
        (Default_::Host(host, number), Ok(stated)) => (stated.unwrap_or_else(|| (*host).to_owned()), Some(*number)),
        (Default_::Host(..), Err(())) => return unknown(name),
    };
    let port = match port {
        Ok(Some(port)) => port.parse().ok(),
        Ok(None) => number,
        Err(()) => None,
    };
    at(server.name, &host, port)
}

/// The values of an option, in any of its forms: `--host H`, `--host=H`, `-bH`.
fn values<'w>(words: &[&'w str], names: &[&str]) -> Vec<&'w str> {
    let mut found = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        for name in names {
            let short = name.len() == 2;
            match word.strip_prefix(name) {
                Some("") => found.extend(rest.next()),
                Some(value) if value.starts_with('=') && !short => found.extend(value.get(1..)),
                Some(value) if short => found.push(value.strip_prefix('=').unwrap_or(value)),
                _ => {}
            }
        }
    }
    found
}

fn bound(server: &'static str, binds: &[&str]) -> Listening {
    let [bind] = binds else { return Listening::Unknown(format!("{server} listens at more than one place")) };
    let bind = bind.strip_prefix("tcp://").unwrap_or(bind);
    match bind.rsplit_once(':') {
        Some((host, port)) => at(server, host, port.parse().ok()),
        None => unknown(server),
    }
}

fn at(server: &'static str, host: &str, port: Option<u16>) -> Listening {
    let shown = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    match host {
        // With no host, gunicorn, waitress and uwsgi bind the socket as with 0.0.0.0.
        "0.0.0.0" | "0" => Listening::Everywhere { server: format!("{server} on {shown}"), port },
        "" | "*" if matches!(server, "gunicorn" | "waitress-serve" | "uwsgi") => {
            Listening::Everywhere { server: format!("{server} on {shown}"), port }
        }
        "[::]" if server == "gunicorn" => Listening::Everywhere { server: format!("{server} on {shown}"), port },
        "::" | "[::]" => Listening::Loopback {
            why: format!("{server} on {host} may take IPv6 alone, and the Pod's address may be IPv4"),
            port,
        },
        "localhost" => {
            Listening::Loopback { why: format!("{server} listens on {host} alone, where no kubelet gets"), port }
        }
        _ if host.starts_with("127.") || host == "::1" || host == "[::1]" => {
            let why = format!("{server} listens on {host} alone, where no kubelet gets");
            Listening::Loopback { why, port }
        }
        _ => unknown(server),
    }
}

/// Django's own: an address, a port, or both.
fn runserver(words: &[&str]) -> Listening {
    let name = "manage.py runserver";
    let plain: Vec<_> = words.iter().filter(|w| !w.starts_with('-')).collect();
    if words.iter().any(|w| matches!(*w, "-6" | "--ipv6" | "--settings" | "--pythonpath")) {
        return unknown(name);
    }
    match plain.as_slice() {
        [] => at(name, "127.0.0.1", Some(8000)),
        [one] => match one.rsplit_once(':') {
            Some((host, port)) => at(name, host, port.parse().ok()),
            None => at(name, "127.0.0.1", one.parse().ok()),
        },
        _ => unknown(name),
    }
}

/// Python's own: on all addresses unless it is told otherwise.
fn http_server(words: &[&str]) -> Listening {
    let hosts = values(words, &["-b", "--bind"]);
    let port = words.iter().find(|w| w.bytes().all(|b| b.is_ascii_digit())).map_or(Some(8000), |w| w.parse().ok());
    at("python -m http.server", hosts.last().copied().unwrap_or("0.0.0.0"), port)
}
