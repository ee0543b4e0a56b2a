//! How a project is started.

use super::dependencies::Dependencies;
use super::django::{Django, Gateway};
use super::entry::{self, Entry};
use super::health::{self, Health};
use super::hosts::Hosts;
use super::launch::{Launch, Program};
use super::procfile::{self, Procfile};
use super::pyproject::Pyproject;
use super::scan::objects::{Form, Object};
use super::scan::scripts::{self, Runs, Script};
use super::scan::{Module, Sources, objects, routes};
use super::server::{self, Picked, Server};
use super::{
    BuildStep, Decision, Error, Evidence, Framework, Kind, Process, Stated, django, elsewhere, hosts, import_root,
    paths, port, program, static_files, suggestion,
};
use crate::source::SourceTree;

/// All that is decided about starting.
pub(crate) struct Start {
    pub(crate) framework: Option<Decision<Framework>>,
    pub(crate) kind: Decision<Kind>,
    pub(crate) command: Decision<Vec<String>>,
    pub(crate) port: Option<Decision<u16>>,
    pub(crate) health: Option<Decision<Health>>,
    pub(crate) import_root: Option<Decision<String>>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) processes: Vec<Process>,
    pub(crate) static_files: Option<Decision<BuildStep>>,
    pub(crate) notes: Vec<String>,
}

impl Start {
    /// Whether it is a project of Django's.
    pub(crate) fn is_django(&self) -> bool {
        self.framework.as_ref().is_some_and(|framework| framework.value == Framework::Django)
    }
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
    Script(Script),
}

impl Starter<'_> {
    /// Decides it all.
    pub(crate) fn decide(&self) -> Result<Start, Error> {
        let objects = objects::find(self.sources);
        let procfile = procfile::read(self.tree, self.stated)?;
        let mut start = match (&self.stated.command, &procfile) {
            (Some(command), _) => self.commanded(command, "the stated command", &objects)?,
            (None, Some(procfile)) => self.processed(&procfile.main, &objects)?,
            (None, None) => self.detected(&objects)?,
        };
        match procfile {
            Some(procfile) => self.beside(procfile, &mut start),
            None => self.found_beside(&mut start),
        }
        start.static_files = self.static_files(&start)?;
        Ok(start)
    }

    /// How the static files are gathered, where that is wanted.
    fn static_files(&self, start: &Start) -> Result<Option<Decision<BuildStep>>, Error> {
        let stated = self.stated.collect_static;
        if stated == Some(false) || (stated.is_none() && !start.is_django()) {
            return Ok(None);
        }
        let Some(django) = django::find(self.sources) else {
            return if stated.is_some() { Err(Error::NoManage) } else { Ok(None) };
        };
        let launch = Launch::new(&start.command.value);
        let gateway = launch.module().and_then(|module| self.module(module));
        let gateway = gateway.and_then(|path| self.sources.get(&path));
        Ok(static_files::gathering(&django, self.sources, gateway, stated.is_some()))
    }

    fn processed(&self, process: &Process, objects: &[Object]) -> Result<Start, Error> {
        let Some(program) = self.missing(&process.command.value) else { return self.process(process, objects) };
        // A Procfile is easily left behind by the code. One that names what a dependency may bring is believed.
        match self.detected(objects) {
            Ok(mut start) => {
                let left = format!("; not by {program}, as the Procfile says: nothing installs it");
                start.command.because.push_str(&left);
                Ok(start)
            }
            Err(_) if !self.dependencies.is_complete() && !program::is_foreign(&program) => {
                self.process(process, objects)
            }
            Err(error) => Err(error),
        }
    }

    /// The program of a command, where nothing installs it, or its file is not in the project.
    fn missing(&self, command: &[String]) -> Option<String> {
        let launch = Launch::new(command);
        let (at, program) = launch.program()?;
        let written = launch.words().get(at)?.trim_start_matches("./");
        // A shell may have gone into another folder before.
        let is_plain = launch.words() == command;
        let is_file = is_plain && written.contains('/') && !written.starts_with('/') && !written.contains('$');
        let missing = is_file && !self.tree.contains(written) && !paths::is_folder(self.tree, written);
        (missing || program::is_foreign(program) || self.installs(program) == Some(false)).then(|| program.to_owned())
    }

    /// What the Procfile runs beside what is started, as far as it can run.
    fn beside(&self, procfile: Procfile, start: &mut Start) {
        let mut note = |name: &str, why: String| {
            start.notes.push(format!("the process {name} of the Procfile does not run: {why}"));
        };
        for process in procfile.others {
            match self.missing(&process.command.value) {
                Some(program) => note(&process.name, format!("nothing installs {program}")),
                None => start.processes.push(process),
            }
        }
        for name in procfile.unread {
            note(&name, "its name or its command can't be taken; [processes.NAME] states it".to_owned());
        }
    }

    fn process(&self, process: &Process, objects: &[Object]) -> Result<Start, Error> {
        let mut start = self.commanded(&process.command, "the Procfile", objects)?;
        if process.name == "web" && start.port.is_none() {
            // The platform's word: what is called web listens on the variable PORT.
            start.port = Some(Decision::assumed(port::DEFAULT, "the default: the Procfile's web listens on PORT"));
            start.kind.value = Kind::Web;
            start.health = Some(self.health(|| health::decide(&[], Hosts::Open)));
        }
        start.env.extend(start.port.iter().map(|port| ("PORT".to_owned(), port.value.to_string())));
        Ok(start)
    }

    fn detected(&self, objects: &[Object]) -> Result<Start, Error> {
        let scripts = scripts::find(self.sources, self.pyproject.map_or(&[], |pyproject| &pyproject.programs));
        match self.application(objects, &scripts)? {
            Some(Application::Entry(entry)) => self.serve(entry),
            Some(Application::Django(django)) => self.serve_django(&django),
            Some(Application::Script(script)) => match script.runs {
                Runs::Served { framework, on, port } => self.run(&script, framework, on, port),
                Runs::Bot | Runs::Loop => Err(self.nothing_to_serve(objects, &scripts)),
            },
            None => {
                // An application that no server can reach is what is meant all the same.
                let known = self.frameworks(objects, &scripts);
                let unreached = objects.iter().any(|o| o.form == Form::Uncallable && known.contains(&o.framework));
                let work = if unreached { None } else { self.work(&scripts)? };
                let looping = || if known.is_empty() { self.looping(&scripts) } else { Ok(None) };
                let work = if work.is_none() { looping()? } else { work };
                work.ok_or_else(|| self.nothing_to_serve(objects, &scripts))
            }
        }
    }

    /// The frameworks among the dependencies: those that the project itself asks for, else any.
    fn frameworks(&self, objects: &[Object], scripts: &[Script]) -> Vec<Framework> {
        // Most who have aiohttp ask others with it.
        let serves = |framework: Framework| {
            objects.iter().any(|o| o.framework == framework) || scripts.iter().any(|s| s.serves(framework))
        };
        let used = |framework: &Framework| *framework != Framework::Aiohttp || serves(*framework);
        let find = |direct: bool| self.dependencies.frameworks(direct).filter(used).collect::<Vec<_>>();
        let direct = find(true);
        let mut found = if direct.is_empty() { find(false) } else { direct };
        // A dashboard is drawn by an application of Flask's.
        if found.contains(&Framework::Dash) && !found.contains(&Framework::Flask) {
            found.push(Framework::Flask);
        }
        found
    }

    fn application(&self, objects: &[Object], scripts: &[Script]) -> Result<Option<Application>, Error> {
        let installed = self.dependencies.installs_project();
        let known = self.frameworks(objects, scripts);
        // Without a lock, what no dependency is known to bring may come with another one, if nothing else is named.
        let unknown = known.is_empty() && !self.dependencies.is_complete();
        let frameworks = if unknown { &Framework::ALL } else { &*known };
        // A server of its own needs no other program, and the applications of some have it in their script.
        let by_script = |framework: Framework| {
            let lacks = |package: &&str| self.dependencies.get(package).is_none();
            matches!(framework, Framework::Aiohttp | Framework::Bottle)
                && scripts.iter().any(|script| script.serves(framework))
                && server::packages(framework).iter().all(lacks)
        };
        let served: Vec<Framework> = frameworks.iter().copied().filter(|framework| !by_script(*framework)).collect();
        let entry = entry::choose(self.sources, objects, &served, installed)?;
        let django = django::find(self.sources);
        let django = django.filter(|_| known.contains(&Framework::Django) || (unknown && entry.is_none()));
        match (entry, django) {
            // Either may be the one: an ASGI application beside Django, or one that has Django in it.
            (Some(entry), Some(django)) if !self.holds_django(&entry) => {
                let other =
                    django.entry(self.sources, Gateway::Wsgi).or_else(|_| django.entry(self.sources, Gateway::Asgi));
                Err(entry::several(&[Some(entry), other.ok()].into_iter().flatten().collect::<Vec<_>>()))
            }
            (Some(entry), _) => {
                // What draws pages beside an application that answers requests may be meant as well.
                let draws = |framework: &Framework| {
                    matches!(framework, Framework::Streamlit | Framework::Gradio | Framework::NiceGui)
                };
                let own: Vec<Framework> = known.iter().copied().filter(draws).collect();
                match program::serving(scripts, &own)? {
                    Some(script) => Err(entry::or_script(&entry, &script)),
                    None => Ok(Some(Application::Entry(entry))),
                }
            }
            (None, Some(django)) => Ok(Some(Application::Django(django))),
            (None, None) => Ok(program::serving(scripts, frameworks)?.map(Application::Script)),
        }
    }

    /// Whether the module of an application has Django's in it: `app.mount("/", get_asgi_application())`
    fn holds_django(&self, entry: &Entry) -> bool {
        let module = self.sources.get(&entry.path);
        let mut calls = module.into_iter().flat_map(Module::calls);
        calls.any(|(_, call)| matches!(call.method(), "get_asgi_application" | "get_wsgi_application"))
    }

    fn nothing_to_serve(&self, objects: &[Object], scripts: &[Script]) -> Error {
        let known = self.frameworks(objects, scripts);
        let unknown = known.is_empty() && !self.dependencies.is_complete();
        let near = objects.iter().find(|o| unknown || known.contains(&o.framework));
        // A framework that only another package needs says nothing about the project.
        let named = known.into_iter().find(|f| self.dependencies.get(f.as_str()).is_some_and(|d| d.direct));
        let framework = named.or(near.map(|o| o.framework));
        let Some(framework) = framework else {
            return Error::NoCommand { example: suggestion::command(self.sources, self.dependencies) };
        };
        let why = near.map(|object| match object.form {
            Form::Uncallable => format!("a server can't call {} without arguments or awaiting it", object.name),
            Form::Hidden => "it is made inside a function that is not a factory".to_owned(),
            Form::Instance | Form::Factory => "its module can't be imported under a name of its own".to_owned(),
        });
        let script = near.filter(|o| o.form == Form::Hidden).map(|o| vec!["python".to_owned(), o.path.clone()]);
        let example = script.unwrap_or_else(|| program::example(framework));
        Error::NoEntry { framework, near: near.map(|o| o.at.clone()), why, example }
    }

    fn elsewhere(&self, framework: Framework) -> Result<Option<(String, Evidence)>, Error> {
        elsewhere::find(self.tree, self.pyproject, &server::packages(framework))
    }

    fn serve(&self, entry: Entry) -> Result<Start, Error> {
        let elsewhere = self.elsewhere(entry.framework)?;
        let picked = server::pick(entry.framework, entry.factory, self.dependencies, elsewhere.clone())?;
        let module = self.sources.get(&entry.path);
        let port = port::for_entry(self.tree, module, picked.server == Server::Gunicorn, self.stated)?;
        let mut words = picked.server.command(&entry, port.value);
        if picked.server == Server::Flask && self.debugs()? {
            words.extend(["--no-debugger", "--no-reload"].map(str::to_owned));
        }
        let because = served(&picked, entry.framework, elsewhere.as_ref());
        Ok(Start {
            framework: Some(self.framework(entry.framework, &entry.at)),
            kind: Decision::seen(Kind::Web, "a server is started", entry.at.clone()),
            command: Decision::seen(words, because, entry.at),
            health: Some(self.health(|| self.seen_health(entry.framework, Some(&entry.path)))),
            port: Some(port),
            import_root: entry.root,
            env: Vec::new(),
            processes: Vec::new(),
            static_files: None,
            notes: Vec::new(),
        })
    }

    fn serve_django(&self, django: &Django) -> Result<Start, Error> {
        let framework = Framework::Django;
        let elsewhere = self.elsewhere(framework)?;
        let picked = server::pick(framework, false, self.dependencies, elsewhere.clone())?;
        let picked = self.with_gateway(django, picked);
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
        let because = served(&picked, framework, elsewhere.as_ref());
        Ok(Start {
            framework: Some(self.framework(framework, &django.at)),
            kind: Decision::seen(Kind::Web, "a server is started", entry.at.clone()),
            command: Decision::seen(picked.server.command(&entry, port.value), because, entry.at),
            health: Some(self.health(|| self.django_health(django, Some(&entry.path)))),
            port: Some(port),
            import_root: entry.root,
            env: self.django_env(Some(&entry.path)),
            processes: Vec::new(),
            static_files: None,
            notes: Vec::new(),
        })
    }

    /// The server that can call what the project has: where there is no wsgi.py, one that takes an asgi.py, if it is there.
    fn with_gateway<'p>(&'p self, django: &Django, picked: Picked<'p>) -> Picked<'p> {
        let lacks = |gateway| django.entry(self.sources, gateway).is_err();
        let uvicorn = self.dependencies.get(Server::Uvicorn.package());
        let wsgi = !picked.server.is_development() && !picked.server.calls_asgi();
        if wsgi && uvicorn.is_some() && lacks(Gateway::Wsgi) && !lacks(Gateway::Asgi) {
            return Picked { server: Server::Uvicorn, brought_by: uvicorn };
        }
        picked
    }

    /// The settings that every process has to have, where the code names several.
    fn django_env(&self, gateway: Option<&str>) -> Vec<(String, String)> {
        let gateway = gateway.and_then(|path| self.sources.get(path));
        let settings = django::contested_settings(self.sources, gateway);
        settings.map(|settings| ("DJANGO_SETTINGS_MODULE".to_owned(), settings)).into_iter().collect()
    }

    /// What a command starts, which `whose` says.
    fn commanded(&self, command: &Decision<Vec<String>>, whose: &str, objects: &[Object]) -> Result<Start, Error> {
        let launch = Launch::new(&command.value);
        let program = launch.kind();
        let django = django::find(self.sources);
        let framework = self.framework_of_stated(objects, django.as_ref());
        let mut port = port::of_command(self.tree, self.sources, command, whose, self.stated)?;
        let listens = framework.is_some() && self.may_listen(&launch, objects) || self.stated.health_path.is_some();
        if port.is_none() && program != Program::Worker && listens {
            port = Some(Decision::assumed(port::DEFAULT, format!("the default: {whose} names no port")));
        }
        // A worker of a web project shares its code, not its port.
        let port = port.filter(|_| program != Program::Worker || self.stated.port.is_some());
        let because = match &port {
            Some(port) => format!("{whose} listens on {}", port.value),
            None => format!("{whose} listens on no port"),
        };
        let value = if port.is_some() { Kind::Web } else { Kind::Worker };
        let evidence = port.as_ref().map_or(&command.evidence, |port| &port.evidence).clone();
        let health = port.is_some().then(|| {
            self.health(|| match (&framework, &django) {
                (Some(f), django) => {
                    let entry = launch.module().and_then(|module| self.module(module));
                    match django.as_ref().filter(|_| f.value == Framework::Django) {
                        Some(django) => self.django_health(django, entry.as_deref()),
                        None => self.seen_health(f.value, entry.as_deref()),
                    }
                }
                (None, _) => health::decide(&[], Hosts::Open),
            })
        });
        let installed = self.dependencies.installs_project();
        let gateway = || launch.module().and_then(|module| self.module(module));
        let env = match &framework {
            Some(framework) if framework.value == Framework::Django => self.django_env(gateway().as_deref()),
            _ => Vec::new(),
        };
        let module = launch.module().filter(|_| !installed);
        let import_root = module.and_then(|module| import_root::of_stated(self.sources, module));
        Ok(Start {
            framework,
            kind: Decision { value, because, evidence },
            command: command.clone(),
            port,
            health,
            import_root,
            env,
            processes: Vec::new(),
            static_files: None,
            notes: Vec::new(),
        })
    }

    fn framework_of_stated(&self, objects: &[Object], django: Option<&Django>) -> Option<Decision<Framework>> {
        let seen = objects.iter().find(|o| o.form == Form::Instance).or(objects.first());
        let seen = seen.map(|o| (o.framework, o.at.clone()));
        let manage = django.map(|django| (Framework::Django, django.at.clone()));
        let listed = || {
            let framework = *self.frameworks(objects, &[]).first()?;
            Some((framework, self.dependencies.get(framework.as_str())?.evidence.clone()))
        };
        let (framework, at) = seen.or(manage).or_else(listed)?;
        Some(self.framework(framework, &at))
    }

    /// Whether what a command runs could be the application: a script that has nothing to do with it is not.
    fn may_listen(&self, launch: &Launch, objects: &[Object]) -> bool {
        let Some(module) = launch.script(self.sources).and_then(|path| self.sources.get(&path)) else { return true };
        let web = |package: &str| {
            Framework::ALL.into_iter().any(|f| f.as_str() == package || server::usual(f).package() == package)
        };
        let holds = |path: &str| objects.iter().any(|object| object.path == path);
        let imported = |name: &str| self.sources.module(module, name).is_some_and(|m| holds(&m.path));
        holds(&module.path) || module.imports.iter().any(|i| web(i.package()) || imported(&i.module))
    }

    /// The path of a module of the project.
    fn module(&self, name: &str) -> Option<String> {
        let base = name.replace('.', "/");
        let paths =
            ["", "src/"].into_iter().flat_map(|root| [format!("{root}{base}.py"), format!("{root}{base}/__init__.py")]);
        paths.into_iter().find(|path| self.sources.get(path).is_some())
    }

    /// What is known of the health of an application: by its routes, and by the hosts that it answers.
    pub(super) fn seen_health(&self, framework: Framework, entry: Option<&str>) -> Decision<Health> {
        let routes = routes::find(self.sources, framework, entry);
        health::decide(&routes, hosts::of_middleware(self.sources))
    }

    fn django_health(&self, django: &Django, gateway: Option<&str>) -> Decision<Health> {
        let routes = django.urls(self.sources).map(routes::django).unwrap_or_default();
        let gateway = gateway.and_then(|path| self.sources.get(path));
        health::decide(&routes, hosts::of_django(&django.settings(self.sources, gateway)))
    }

    pub(super) fn framework(&self, framework: Framework, code: &Evidence) -> Decision<Framework> {
        match self.dependencies.get(framework.as_str()) {
            Some(dependency) => Decision::seen(framework, "it is among the dependencies", dependency.evidence.clone()),
            None => Decision::seen(framework, "the code uses it", code.clone()),
        }
    }

    pub(super) fn health(&self, seen: impl FnOnce() -> Decision<Health>) -> Decision<Health> {
        let stated = self.stated.health_path.clone();
        stated.map_or_else(seen, |stated| {
            let hosts = match django::find(self.sources) {
                Some(django) => hosts::of_django(&django.settings(self.sources, None)),
                None => hosts::of_middleware(self.sources),
            };
            let host = if let Hosts::Named(host, _) = hosts { Some(host) } else { None };
            stated.map(|path| Health::Http { path: rooted(path), host })
        })
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
