//! The server that serves an application.

use super::dependencies::{Dependencies, Dependency};
use super::entry::Entry;
use super::framework::Interface;
use super::{Error, Evidence, Framework};

/// A program that serves an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Uvicorn,
    Hypercorn,
    Granian,
    Daphne,
    Gunicorn,
    Waitress,
    Sanic,
    /// Flask's own, for development.
    Flask,
    /// Django's own, for development.
    Runserver,
}

const ASGI: [Server; 4] = [Server::Uvicorn, Server::Hypercorn, Server::Granian, Server::Daphne];
const WSGI: [Server; 3] = [Server::Gunicorn, Server::Waitress, Server::Granian];
/// Django speaks both; what serves nothing else comes first.
const DJANGO: [Server; 6] =
    [Server::Gunicorn, Server::Waitress, Server::Uvicorn, Server::Hypercorn, Server::Daphne, Server::Granian];

/// A server, and the dependency that brings it.
#[derive(Debug, Clone)]
pub(crate) struct Picked<'a> {
    pub(crate) server: Server,
    pub(crate) brought_by: Option<&'a Dependency>,
}

/// The server that people expect for a framework.
pub(crate) fn usual(framework: Framework) -> Server {
    match framework.interface() {
        Interface::Asgi => Server::Uvicorn,
        Interface::Own if framework == Framework::Sanic => Server::Sanic,
        Interface::Wsgi | Interface::Own => Server::Gunicorn,
    }
}

/// The names of the packages that can serve a framework.
pub(crate) fn packages(framework: Framework) -> Vec<&'static str> {
    servers(framework).iter().map(|server| server.package()).collect()
}

fn servers(framework: Framework) -> &'static [Server] {
    match (framework, framework.interface()) {
        (Framework::Django, _) => &DJANGO,
        (_, Interface::Asgi) => &ASGI,
        (_, Interface::Wsgi) => &WSGI,
        (Framework::Sanic, _) => &[Server::Sanic],
        (Framework::Aiohttp, _) => &[Server::Gunicorn],
        (_, Interface::Own) => &[],
    }
}

/// Picks a server among the dependencies for an application, or a factory of it. `elsewhere` is one that is stated without being installed.
pub(crate) fn pick(
    framework: Framework,
    factory: bool,
    dependencies: &Dependencies,
    elsewhere: Option<(String, Evidence)>,
) -> Result<Picked<'_>, Error> {
    // Daphne alone can't be given a function that makes the application.
    let servers = servers(framework).iter().filter(|server| !factory || **server != Server::Daphne);
    let found = servers.into_iter().find_map(|server| Some((*server, server.brought_by(dependencies)?)));
    if let Some((server, dependency)) = found {
        return Ok(Picked { server, brought_by: Some(dependency) });
    }
    let development = |server| Ok(Picked { server, brought_by: None });
    match framework {
        Framework::Flask => development(Server::Flask),
        Framework::Django => development(Server::Runserver),
        _ => Err(match dependencies.get("gunicorn") {
            Some(gunicorn) => Error::WrongServer {
                server: gunicorn.name.clone(),
                framework,
                at: gunicorn.evidence.clone(),
                add: "uvicorn",
            },
            None => Error::NoServer { framework, elsewhere, add: usual(framework).package() },
        }),
    }
}

impl Server {
    /// The package that has it.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Uvicorn => "uvicorn",
            Self::Hypercorn => "hypercorn",
            Self::Granian => "granian",
            Self::Daphne => "daphne",
            Self::Gunicorn => "gunicorn",
            Self::Waitress => "waitress",
            Self::Sanic => "sanic",
            Self::Flask => "flask",
            Self::Runserver => "django",
        }
    }

    /// Whether it is one for development only.
    pub(crate) fn is_development(self) -> bool {
        matches!(self, Self::Flask | Self::Runserver)
    }

    /// Whether it calls Django by asgi.py.
    pub(crate) fn calls_asgi(self) -> bool {
        ASGI.contains(&self)
    }

    /// The server that a package has, if it is one that we know.
    pub(crate) fn of_package(package: &str) -> Option<Self> {
        let known = ASGI.into_iter().chain(WSGI).chain([Self::Sanic]);
        known.into_iter().find(|server| server.package() == package)
    }

    /// Whether it is installed.
    pub(crate) fn is_among(self, dependencies: &Dependencies) -> bool {
        self.brought_by(dependencies).is_some()
    }

    /// The dependency that installs it: the package itself, or one that is known to need it.
    fn brought_by(self, dependencies: &Dependencies) -> Option<&Dependency> {
        let with = |name: &str, extras: &[&str]| {
            let extra = |d: &&Dependency| extras.is_empty() || d.extras.iter().any(|e| extras.contains(&e.as_str()));
            dependencies.get(name).filter(extra)
        };
        dependencies.get(self.package()).or_else(|| match self {
            Self::Uvicorn => with("fastapi", &["standard", "all"])
                .or_else(|| with("fastapi-cli", &[]))
                .or_else(|| with("litestar", &["standard", "full"])),
            Self::Hypercorn => with("quart", &[]),
            _ => None,
        })
    }

    /// The command that serves an entry on every interface.
    pub(crate) fn command(self, entry: &Entry, port: u16) -> Vec<String> {
        let target = entry.target();
        let called = if entry.factory { format!("{target}()") } else { target.clone() };
        let address = format!("0.0.0.0:{port}");
        let listen = format!("--listen={address}");
        let port = port.to_string();
        let mut words: Vec<&str> = match self {
            Self::Uvicorn => vec!["uvicorn", &target, "--host", "0.0.0.0", "--port", &port],
            Self::Hypercorn => vec!["hypercorn", &called, "--bind", &address],
            Self::Granian if entry.framework.interface() == Interface::Asgi || entry.module.ends_with("asgi") => {
                vec!["granian", "--interface", "asgi", "--host", "0.0.0.0", "--port", &port, &target]
            }
            Self::Granian => vec!["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", &port, &target],
            Self::Daphne => vec!["daphne", "-b", "0.0.0.0", "-p", &port, &target],
            // The heartbeat file must lie in memory: https://docs.gunicorn.org/en/stable/faq.html#blocking-os-fchmod
            Self::Gunicorn => {
                // https://docs.aiohttp.org/en/stable/deployment.html#start-gunicorn: it calls a function by itself
                let aiohttp = entry.framework == Framework::Aiohttp;
                let worker = ["--worker-class", "aiohttp.GunicornWebWorker"].into_iter().filter(|_| aiohttp);
                let words = ["gunicorn", "--bind", &address, "--worker-tmp-dir", "/dev/shm"].into_iter().chain(worker);
                words.chain([if aiohttp { &*target } else { &*called }]).collect()
            }
            Self::Sanic => vec!["sanic", &target, "--host", "0.0.0.0", "--port", &port],
            Self::Waitress if entry.factory => vec!["waitress-serve", &listen, "--call", &target],
            Self::Waitress => vec!["waitress-serve", &listen, &target],
            Self::Flask => {
                let app = if entry.name == "app" { &entry.module } else { &target };
                vec!["flask", "--app", app, "run", "--host", "0.0.0.0", "--port", &port]
            }
            Self::Runserver => vec!["python", &entry.path, "runserver", &address, "--noreload"],
        };
        if entry.factory && matches!(self, Self::Uvicorn | Self::Granian | Self::Sanic) {
            words.push("--factory");
        }
        words.into_iter().map(str::to_owned).collect()
    }
}
