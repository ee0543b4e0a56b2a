//! A Django project, by its manage.py.

use super::entry::Entry;
use super::scan::syntax::{Expression, Scope};
use super::scan::{Module, Sources};
use super::{Decision, Error, Evidence, Framework, paths};

/// What manage.py gives away.
#[derive(Debug, Clone)]
pub(crate) struct Django {
    /// The folder of manage.py, from which the code is imported; empty for the root.
    folder: String,
    /// The settings' module, where manage.py names it.
    settings: Option<String>,
    /// The line that says that it is Django's.
    pub(crate) at: Evidence,
}

/// The module by which a server calls the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gateway {
    /// wsgi.py
    Wsgi,
    /// asgi.py
    Asgi,
}

impl Gateway {
    fn stem(self) -> &'static str {
        match self {
            Self::Wsgi => "wsgi",
            Self::Asgi => "asgi",
        }
    }
}

/// Finds Django's manage.py: other tools write files of that name too, without the settings.
pub(crate) fn find(sources: &Sources) -> Option<Django> {
    sources.modules.iter().filter(|module| paths::file_name(&module.path) == "manage.py").find_map(|module| {
        // Whoever works the settings out runs the command line all the same.
        let runs = || module.calls().find(|(_, call)| call.method() == "execute_from_command_line");
        let (line, value) = names_settings(module).or_else(|| Some((runs()?.1.line, None)))?;
        let settings = value.and_then(Expression::text).map(str::to_owned);
        let folder = paths::folder(&module.path).to_owned();
        Some(Django { folder, settings, at: module.line(line) })
    })
}

/// Where a module says which settings count: `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")`,
/// `os.environ["DJANGO_SETTINGS_MODULE"] = "proj.settings"`.
fn names_settings(module: &Module) -> Option<(usize, Option<&Expression>)> {
    const SETTINGS: &str = "DJANGO_SETTINGS_MODULE";
    let defaults =
        module.calls().filter(|(_, call)| call.positional.first().and_then(Expression::text) == Some(SETTINGS));
    let set = module.assigned().filter(|(_, target, _)| *target == "os.environ[DJANGO_SETTINGS_MODULE]");
    let defaults = defaults.map(|(_, call)| (call.line, call.positional.get(1)));
    let found = set.map(|(statement, _, value)| (statement.line, Some(value))).chain(defaults);
    // One that gives a value before one that only asks.
    found.min_by_key(|(_, value)| value.and_then(Expression::text).is_none())
}

/// The settings that the server uses by its gateway, where another module names others: a worker that imports that one
/// first would have those.
pub(crate) fn contested_settings(sources: &Sources, gateway: Option<&Module>) -> Option<String> {
    let of = |module: &Module| names_settings(module).and_then(|(_, value)| value?.text()).map(str::to_owned);
    let own = of(gateway?)?;
    sources.modules.iter().filter_map(of).any(|other| other != own).then_some(own)
}

/// How many modules of settings take each other in by `import *`.
const STARS: usize = 6;

/// A module behind those that it takes in by `import *`; each that a branch takes in is a way of its own.
fn ways<'a>(sources: &'a Sources, module: &'a Module, levels: usize) -> Vec<Vec<&'a Module>> {
    let Some(levels) = levels.checked_sub(1) else { return vec![vec![module]] };
    let stars = module.imports.iter().filter(|import| import.local == "*");
    let taken = stars.filter_map(|star| Some((star.scope, sources.module(module, &star.module)?)));
    let (always, perhaps): (Vec<_>, Vec<_>) = taken.partition(|(scope, _)| *scope == Scope::Module);
    let before: Vec<&Module> = always.into_iter().flat_map(|(_, of)| ways(sources, of, levels)).flatten().collect();
    let behind = |mut way: Vec<&'a Module>| {
        way.push(module);
        way
    };
    if perhaps.is_empty() {
        return vec![behind(before)];
    }
    let branches = perhaps.into_iter().flat_map(|(_, of)| ways(sources, of, levels));
    branches.map(|branch| behind(before.iter().copied().chain(branch).collect())).collect()
}

impl Django {
    /// The application that wsgi.py or asgi.py holds.
    pub(crate) fn entry(&self, sources: &Sources, gateway: Gateway) -> Result<Entry, Error> {
        let module = self.packages().into_iter().find_map(|package| {
            let folder = paths::join(&self.folder, &package);
            let base = paths::join(folder.trim_end_matches('/'), gateway.stem());
            sources.get(&format!("{base}.py")).or_else(|| sources.get(&format!("{base}/__init__.py")))
        });
        let module = module.or_else(|| self.only(sources, gateway)).ok_or_else(|| self.missing(gateway))?;
        let inside = module.path.strip_prefix(&self.folder).unwrap_or(&module.path).trim_start_matches('/');
        let assigned = module.assigned().find(|(_, target, _)| *target == "application");
        Ok(Entry {
            framework: Framework::Django,
            path: module.path.clone(),
            module: inside.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', "."),
            name: "application".to_owned(),
            factory: false,
            at: assigned.map_or_else(|| Evidence::file(&module.path), |(statement, ..)| module.line(statement.line)),
            root: self.root(),
        })
    }

    /// The only module of that name that makes the application, wherever it is.
    fn only<'a>(&self, sources: &'a Sources, gateway: Gateway) -> Option<&'a Module> {
        let makes = format!("get_{}_application", gateway.stem());
        let below = |module: &&Module| self.folder.is_empty() || module.path.starts_with(&format!("{}/", self.folder));
        let named = |module: &&Module| module.stem() == gateway.stem();
        let mut all = sources.modules.iter().filter(below).filter(named);
        let (only, more) = (all.next()?, all.next());
        let is_one = more.is_none() && only.calls().any(|(_, call)| call.method() == makes);
        is_one.then_some(only)
    }

    /// manage.py itself, for the development server.
    pub(crate) fn manage(&self) -> String {
        paths::join(&self.folder, "manage.py")
    }

    /// The folder that the code is imported from, if it is not the root.
    pub(crate) fn root(&self) -> Option<Decision<String>> {
        let manage = Evidence::file(self.manage());
        (!self.folder.is_empty()).then(|| Decision::seen(self.folder.clone(), "manage.py lies there", manage))
    }

    /// The project's urls.py.
    pub(crate) fn urls<'a>(&self, sources: &'a Sources) -> Option<&'a Module> {
        let folders = self.packages().into_iter().map(|package| paths::join(&self.folder, &package));
        folders.into_iter().find_map(|folder| sources.get(&paths::join(folder.trim_end_matches('/'), "urls.py")))
    }

    /// The settings that a server uses, each way that they may come about: the modules in the order in which they set
    /// things. `gateway` is the module by which a server calls the application: it may name others than manage.py.
    pub(crate) fn settings<'a>(&self, sources: &'a Sources, gateway: Option<&Module>) -> Vec<Vec<&'a Module>> {
        let named = gateway.and_then(names_settings).and_then(|(_, value)| value?.text());
        let Some(settings) = named.or(self.settings.as_deref()) else { return Vec::new() };
        let base = paths::join(&self.folder, &settings.replace('.', "/"));
        let module = sources.file(&base).and_then(|path| sources.get(path));
        module.map_or_else(Vec::new, |module| ways(sources, module, STARS))
    }

    /// The packages in which wsgi.py and urls.py can lie: those that hold the settings, the innermost first.
    fn packages(&self) -> Vec<String> {
        let mut parts: Vec<&str> = self.settings.as_deref().unwrap_or_default().split('.').collect();
        let mut packages = Vec::new();
        while parts.pop().is_some() {
            packages.push(parts.join("/"));
        }
        packages
    }

    fn missing(&self, gateway: Gateway) -> Error {
        let file = gateway.stem();
        let settings = self.settings.clone().unwrap_or_else(|| "that it does not name literally".to_owned());
        Error::NoEntry {
            framework: Framework::Django,
            near: Some(self.at.clone()),
            why: Some(format!("there is no {file}.py in a package of the settings {settings}")),
            example: ["gunicorn", "--bind", "0.0.0.0:8000", "proj.wsgi:application"].map(str::to_owned).to_vec(),
        }
    }
}
