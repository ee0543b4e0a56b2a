//! A Django project, by its manage.py.

use super::entry::Entry;
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

/// Finds Django's manage.py: other tools write files of that name too, without the settings.
pub(crate) fn find(sources: &Sources) -> Option<Django> {
    const SETTINGS: &str = "DJANGO_SETTINGS_MODULE";
    sources.modules.iter().filter(|module| paths::file_name(&module.path) == "manage.py").find_map(|module| {
        let (offset, _) = module.raw.match_indices(SETTINGS).next()?;
        // `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")`, `os.environ["…"] = "…"`
        let value = module.code.get(offset..)?.find([',', '=']).map(|at| offset + at + 1);
        let settings = value.and_then(|value| module.literal(value)).map(str::to_owned);
        let folder = paths::folder(&module.path).to_owned();
        Some(Django { folder, settings, at: module.at(offset) })
    })
}

impl Django {
    /// The application that wsgi.py or asgi.py holds.
    pub(crate) fn entry(&self, sources: &Sources, gateway: Gateway) -> Result<Entry, Error> {
        let file = match gateway {
            Gateway::Wsgi => "wsgi.py",
            Gateway::Asgi => "asgi.py",
        };
        let module = self.packages().into_iter().find_map(|package| {
            let folder = paths::join(&self.folder, &package);
            sources.get(&paths::join(folder.trim_end_matches('/'), file))
        });
        let module = module.ok_or_else(|| self.missing(file))?;
        let inside = module.path.strip_prefix(&self.folder).unwrap_or(&module.path).trim_start_matches('/');
        let assigned = module.top().find(|(_, line)| line.starts_with("application"));
        Ok(Entry {
            framework: Framework::Django,
            path: module.path.clone(),
            module: inside.trim_end_matches(".py").replace('/', "."),
            name: "application".to_owned(),
            factory: false,
            at: assigned.map_or_else(|| Evidence::file(&module.path), |(offset, _)| module.at(offset)),
            root: self.root(),
        })
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

    /// Where the settings name the hosts that are answered, if `*` is not among them: a probe names the Pod's address
    /// as the host, and Django answers all others with 400.
    /// <https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts>
    pub(crate) fn closed_hosts(&self, sources: &Sources) -> Option<Evidence> {
        let settings = self.settings.as_ref()?.replace('.', "/");
        let base = paths::join(&self.folder, &settings);
        let package = paths::folder(&base).to_owned() + "/";
        let is_settings = |module: &&Module| {
            let path = module.path.trim_end_matches(".py");
            path == base
                || (package.contains("settings/") && module.path.starts_with(&package))
                || path == format!("{base}/__init__")
        };
        let modules: Vec<&Module> = sources.modules.iter().filter(is_settings).collect();
        let lines = modules.iter().flat_map(|module| module.lines().map(move |line| (*module, line)));
        let hosts: Vec<_> = lines.filter(|(_, (_, line))| line.trim_start().starts_with("ALLOWED_HOSTS")).collect();
        let open = hosts.iter().any(|(module, (offset, line))| {
            let raw = module.raw.get(*offset..offset + line.len()).unwrap_or_default();
            raw.contains("\"*\"") || raw.contains("'*'")
        });
        let (module, (offset, _)) = hosts.first().filter(|_| !open)?;
        Some(module.at(*offset))
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

    fn missing(&self, file: &str) -> Error {
        let settings = self.settings.clone().unwrap_or_else(|| "that it does not name literally".to_owned());
        Error::NoEntry {
            framework: Framework::Django,
            near: Some(self.at.clone()),
            why: Some(format!("there is no {file} in a package of the settings {settings}")),
            example: ["gunicorn", "--bind", "0.0.0.0:8000", "proj.wsgi:application"].map(str::to_owned).to_vec(),
        }
    }
}
