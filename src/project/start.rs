//! How a project is started.

use super::dependencies::Dependencies;
use super::django::{Django, Gateway};
use super::entry::{self, Entry};
use super::health::{self, Health};
use super::launch::{Launch, Program};
use super::pyproject::Pyproject;
use super::scan::objects::{Form, Object};
use super::scan::{Sources, objects, routes};
use super::server::{self, Picked, Server};
use super::{Decision, Error, Evidence, Framework, Kind, Stated, django, elsewhere, port, suggestion};
use crate::source::SourceTree;

/// All that is decided about starting.
pub(crate) struct Start {
    pub(crate) framework: Option<Decision<Framework>>,
    pub(crate) kind: Decision<Kind>,
    pub(crate) command: Decision<Vec<String>>,
    pub(crate) port: Option<Decision<u16>>,
    pub(crate) health: Option<Decision<Health>>,
    pub(crate) import_root: Option<Decision<String>>,
}

/// What the decisions are made from.
pub(crate) struct Starter<'a> {
    pub(crate) tree: &'a SourceTree,
    pub(crate) sources: &'a Sources,
    pub(crate) pyproject: Option<&'a Pyproject>,
    pub(crate) dependencies: &'a Dependencies,
    pub(crate) stated: &'a Stated,
}

/// What is served.
enum Application {
    Entry(Entry),
    Django(Django),
}

impl Starter<'_> {
    /// Decides it all.
    pub(crate) fn decide(&self) -> Result<Start, Error> {
        let objects = objects::find(self.sources);
        if let Some(command) = &self.stated.command {
            return self.stated_command(command, &objects);
        }
        match self.application(&objects)? {
            Some(Application::Entry(entry)) => self.serve(entry, None),
            Some(Application::Django(django)) => self.serve_django(&django),
            None => Err(self.nothing_to_serve(&objects)),
        }
    }

    /// The frameworks among the dependencies: those that the project itself asks for, else any.
    fn frameworks(&self) -> Vec<Framework> {
        let find = |direct: bool| {
            let is = |f: &Framework| self.dependencies.get(f.as_str()).is_some_and(|d| d.direct || !direct);
            Framework::ALL.into_iter().filter(is).collect::<Vec<_>>()
        };
        let direct = find(true);
        if direct.is_empty() { find(false) } else { direct }
    }

    fn application(&self, objects: &[Object]) -> Result<Option<Application>, Error> {
        let installed = self.dependencies.installs_project();
        let among = |frameworks: &[Framework]| entry::choose(self.sources, objects, frameworks, installed);
        let frameworks = self.frameworks();
        let entry = match among(&frameworks)? {
            None => among(&Framework::ALL)?,
            found => found,
        };
        let django = django::find(self.sources).filter(|_| entry.is_none() || frameworks.contains(&Framework::Django));
        Ok(match (entry, django) {
            // Either may be the one: an ASGI application that mounts Django, or a small one beside it.
            (Some(entry), Some(django)) => {
                let other =
                    django.entry(self.sources, Gateway::Wsgi).or_else(|_| django.entry(self.sources, Gateway::Asgi));
                return Err(entry::several([Some(entry), other.ok()].into_iter().flatten().collect()));
            }
            (Some(entry), None) => Some(Application::Entry(entry)),
            (None, Some(django)) => Some(Application::Django(django)),
            (None, None) => None,
        })
    }

    fn nothing_to_serve(&self, objects: &[Object]) -> Error {
        let known = self.frameworks();
        let near = objects.iter().find(|o| known.is_empty() || known.contains(&o.framework));
        let framework = known.first().copied().or(near.map(|o| o.framework));
        let Some(framework) = framework else {
            return Error::NoCommand { example: suggestion::command(self.sources, self.dependencies) };
        };
        let why = near.map(|object| match object.form {
            Form::Uncallable => format!("a server can't call {} without arguments or awaiting it", object.name),
            Form::Hidden => "it is made inside a function that is not a factory".to_owned(),
            Form::Instance | Form::Factory => "its module can't be imported under a name of its own".to_owned(),
        });
        let script = near.filter(|o| o.form == Form::Hidden).map(|o| vec!["python".to_owned(), o.path.clone()]);
        let example = script.unwrap_or_else(|| {
            let words = match framework.interface() {
                super::Interface::Asgi => ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"].as_slice(),
                super::Interface::Wsgi => ["gunicorn", "--bind", "0.0.0.0:8000", "main:app"].as_slice(),
            };
            words.iter().map(|word| (*word).to_owned()).collect()
        });
        Error::NoEntry { framework, near: near.map(|o| o.at.clone()), why, example }
    }

    fn elsewhere(&self, framework: Framework) -> Result<Option<(String, Evidence)>, Error> {
        elsewhere::find(self.tree, self.pyproject, &server::packages(framework))
    }

    fn serve(&self, entry: Entry, closed: Option<Evidence>) -> Result<Start, Error> {
        let elsewhere = self.elsewhere(entry.framework)?;
        let picked = server::pick(entry.framework, entry.factory, self.dependencies, elsewhere.clone())?;
        let module = self.sources.get(&entry.path);
        let port = port::for_entry(self.tree, module, picked.server == Server::Gunicorn, self.stated)?;
        let mut words = picked.server.command(&entry, port.value);
        if picked.server == Server::Flask && self.debugs()? {
            words.extend(["--no-debugger", "--no-reload"].map(str::to_owned));
        }
        let because = served(&picked, entry.framework, elsewhere.as_ref());
        let routes = routes::find(self.sources, entry.framework);
        Ok(Start {
            framework: Some(self.framework(entry.framework, &entry.at)),
            kind: Decision::seen(Kind::Web, "a server is started", entry.at.clone()),
            command: Decision::seen(words, because, entry.at),
            health: Some(self.health(|| health::decide(&routes, closed))),
            port: Some(port),
            import_root: entry.root,
        })
    }

    fn serve_django(&self, django: &Django) -> Result<Start, Error> {
        let framework = Framework::Django;
        let elsewhere = self.elsewhere(framework)?;
        let picked = server::pick(framework, false, self.dependencies, elsewhere.clone())?;
        let entry = if picked.server.is_development() {
            let (path, root) = (django.manage(), django.root());
            let (module, name) = (String::new(), String::new());
            Entry { framework, path, module, name, factory: false, at: django.at.clone(), root }
        } else if picked.server.calls_asgi() && picked.server != Server::Granian {
            django.entry(self.sources, Gateway::Asgi)?
        } else {
            django.entry(self.sources, Gateway::Wsgi)?
        };
        let port = port::for_entry(self.tree, None, picked.server == Server::Gunicorn, self.stated)?;
        let routes = django.urls(self.sources).map(routes::django).unwrap_or_default();
        let closed = django.closed_hosts(self.sources);
        let because = served(&picked, framework, elsewhere.as_ref());
        Ok(Start {
            framework: Some(self.framework(framework, &django.at)),
            kind: Decision::seen(Kind::Web, "a server is started", entry.at.clone()),
            command: Decision::seen(picked.server.command(&entry, port.value), because, entry.at),
            health: Some(self.health(|| health::decide(&routes, closed))),
            port: Some(port),
            import_root: entry.root,
        })
    }

    fn stated_command(&self, command: &Decision<Vec<String>>, objects: &[Object]) -> Result<Start, Error> {
        let program = Launch::new(&command.value).kind();
        let seen = objects.iter().find(|o| o.form == Form::Instance).or(objects.first());
        let django = django::find(self.sources);
        let manage = django.as_ref().map(|django| (Framework::Django, django.at.clone()));
        let listed =
            self.frameworks().first().and_then(|f| Some((*f, self.dependencies.get(f.as_str())?.evidence.clone())));
        let framework = seen.map(|o| (o.framework, o.at.clone())).or(manage).or(listed);
        let framework = framework.map(|(framework, at)| self.framework(framework, &at));
        let mut port = port::of_command(self.tree, self.sources, command, self.stated)?;
        if port.is_none() && program != Program::Worker && (framework.is_some() || self.stated.health_path.is_some()) {
            port = Some(Decision::assumed(port::DEFAULT, "the default: the stated command names no port"));
        }
        // A worker of a web project shares its code, not its port.
        let port = port.filter(|_| program != Program::Worker || self.stated.port.is_some());
        let evidence = command.evidence.clone();
        let kind = match (&port, program) {
            (Some(_), Program::Worker) => {
                Decision { value: Kind::Web, because: "a port is stated".to_owned(), evidence }
            }
            (Some(port), _) => Decision {
                value: Kind::Web,
                because: format!("it listens on {}", port.value),
                evidence: port.evidence.clone(),
            },
            (None, _) => {
                Decision { value: Kind::Worker, because: "the stated command listens on no port".to_owned(), evidence }
            }
        };
        let routes = match (&framework, &django) {
            (Some(f), Some(django)) if f.value == Framework::Django => {
                django.urls(self.sources).map(routes::django).unwrap_or_default()
            }
            (Some(f), _) => routes::find(self.sources, f.value),
            (None, _) => Vec::new(),
        };
        let closed = django.and_then(|django| django.closed_hosts(self.sources));
        let health = port.is_some().then(|| self.health(|| health::decide(&routes, closed)));
        Ok(Start { framework, kind, command: command.clone(), port, health, import_root: None })
    }

    fn framework(&self, framework: Framework, code: &Evidence) -> Decision<Framework> {
        match self.dependencies.get(framework.as_str()) {
            Some(dependency) => Decision::seen(framework, "it is among the dependencies", dependency.evidence.clone()),
            None => Decision::seen(framework, "the code uses it", code.clone()),
        }
    }

    fn health(&self, seen: impl FnOnce() -> Decision<Health>) -> Decision<Health> {
        let stated = self.stated.health_path.clone();
        stated.map_or_else(seen, |stated| stated.map(|path| Health::Http { path: rooted(path) }))
    }

    /// Whether `flask run` would read from a file that it is to debug.
    fn debugs(&self) -> Result<bool, Error> {
        let text = self.tree.text(".flaskenv")?.unwrap_or_default();
        let sets = |line: &str| line.contains("FLASK_DEBUG") || line.contains("FLASK_ENV");
        Ok(text.lines().any(|line| !line.trim_start().starts_with('#') && sets(line)))
    }
}

fn rooted(path: String) -> String {
    if path.starts_with('/') { path } else { format!("/{path}") }
}

fn served(picked: &Picked<'_>, framework: Framework, elsewhere: Option<&(String, Evidence)>) -> String {
    let Some(dependency) = picked.brought_by else {
        let seen = elsewhere.map_or_else(String::new, |(what, at)| format!(" ({what}, {at})"));
        return format!(
            "{framework}'s DEVELOPMENT server, not made for production: add gunicorn to the dependencies{seen}"
        );
    };
    let server = picked.server.package();
    if dependency.name == server {
        format!("the {framework} application, served by {server} ({})", dependency.evidence)
    } else {
        format!(
            "the {framework} application, served by {server}, which {} brings ({})",
            dependency.name, dependency.evidence
        )
    }
}

#[cfg(test)]
#[path = "start_tests.rs"]
mod tests;
