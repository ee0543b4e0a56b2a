//! The application that is started.

use super::import_root::{self, Importable};
use super::scan::Sources;
use super::scan::objects::{Form, Object};
use super::scan::scripts::Script;
use super::{Decision, Error, Evidence, Framework};

/// The names of modules that people start a server with, the likelier first.
pub(crate) const STEMS: [&str; 7] = ["main", "app", "api", "server", "asgi", "wsgi", "application"];
/// The names of objects that servers look for by themselves.
const NAMES: [&str; 2] = ["app", "application"];

/// What a server is told to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The framework.
    pub(crate) framework: Framework,
    /// The module's path.
    pub(crate) path: String,
    /// The module's name.
    pub(crate) module: String,
    /// The name in the module.
    pub(crate) name: String,
    /// Whether it is a function that makes the application.
    pub(crate) factory: bool,
    /// Where it stands.
    pub(crate) at: Evidence,
    /// The folder that the module is imported from.
    pub(crate) root: Option<Decision<String>>,
}

impl Entry {
    /// `main:app`
    pub(crate) fn target(&self) -> String {
        format!("{}:{}", self.module, self.name)
    }
}

/// Chooses among the applications of these frameworks; `None` where there is none that can be served.
pub(crate) fn choose(
    sources: &Sources,
    objects: &[Object],
    frameworks: &[Framework],
    installed: bool,
) -> Result<Option<Entry>, Error> {
    let usable = objects.iter().filter(|o| frameworks.contains(&o.framework));
    let usable = usable.filter(|o| matches!(o.form, Form::Instance | Form::Factory));
    let mut ranked: Vec<((bool, Form, usize), &Object, Importable)> = usable
        .filter_map(|object| {
            let importable = import_root::of(sources, sources.get(&object.path)?, installed)?;
            let rank = rank(&object.path);
            Some(((rank.is_none(), object.form, rank.unwrap_or_default()), object, importable))
        })
        .collect();
    ranked.sort_by(|a, b| (a.0, &a.1.at).cmp(&(b.0, &b.1.at)));
    let Some(best) = ranked.first().map(|(rank, ..)| *rank) else { return Ok(None) };
    ranked.retain(|(rank, ..)| *rank == best);
    for name in NAMES {
        let alone = ranked.iter().all(|(_, object, _)| object.path == ranked[0].1.path);
        if alone && ranked.iter().any(|(_, object, _)| object.name == name) {
            ranked.retain(|(_, object, _)| object.name == name);
        }
    }
    let mut entries = ranked.into_iter().map(|(_, object, importable)| entry(object, importable));
    match (entries.next(), entries.next()) {
        (Some(first), Some(second)) => Err(several(&[first, second].into_iter().chain(entries).collect::<Vec<_>>())),
        (first, _) => Ok(first),
    }
}

/// The error that lists entries and shows how to state one of them.
pub(crate) fn several(entries: &[Entry]) -> Error {
    let example = entries.first().map_or_else(Vec::new, example);
    Error::SeveralEntries { candidates: entries.iter().map(|e| (e.target(), e.at.clone())).collect(), example }
}

/// The error that an application and a program beside it could both be meant.
pub(crate) fn or_script(entry: &Entry, script: &Script) -> Error {
    let candidates = vec![(entry.target(), entry.at.clone()), (script.path.clone(), script.at.clone())];
    Error::SeveralEntries { candidates, example: example(entry) }
}

/// A command that would start an entry.
pub(crate) fn example(entry: &Entry) -> Vec<String> {
    super::server::usual(entry.framework).command(entry, 8000)
}

fn entry(object: &Object, importable: Importable) -> Entry {
    Entry {
        framework: object.framework,
        path: object.path.clone(),
        module: importable.module,
        name: object.name.clone(),
        factory: object.form == Form::Factory,
        at: object.at.clone(),
        root: importable.root,
    }
}

/// How likely a module is the one to start, from 0; `None` for a module that is not named like one.
pub(crate) fn rank(path: &str) -> Option<usize> {
    let parts: Vec<&str> = path.split('/').collect();
    let (file, folders) = parts.split_last()?;
    let stem = file.strip_suffix(".py")?;
    let named = STEMS.iter().position(|known| *known == stem);
    // main and app come before all others wherever they lie, then the package itself, then the other names.
    let (group, order) = match named {
        Some(order @ 0..=1) => (0, order),
        Some(order) => (1, order),
        None if stem == "__init__" && !folders.is_empty() => (0, 2),
        None => return None,
    };
    let place = match folders {
        [] => 0,
        ["app"] => 1,
        ["src"] => 2,
        ["src", _] => 3,
        [_] => 4,
        ["src", _, _] => 5,
        [_, _] => 6,
        _ => return None,
    };
    // A name at the root comes before folders of any other name.
    let late = usize::from(place >= 4);
    Some(late * 1000 + group * 100 + place * 10 + order)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::project::scan::objects;
    use crate::source::SourceTree;

    const FASTAPI: &str = "from fastapi import FastAPI\napp = FastAPI()\n";

    fn chosen(files: &[(&str, &str)]) -> Result<Option<String>, Error> {
        let sources = Sources::read(&SourceTree::in_memory("p", files.iter().copied())).unwrap();
        let entry = choose(&sources, &objects::find(&sources), &[Framework::FastApi, Framework::Flask], false)?;
        Ok(entry.map(|e| e.target()))
    }

    #[test]
    fn the_likeliest_module_is_taken() {
        let order = [
            "main.py",
            "app.py",
            "app/main.py",
            "app/__init__.py",
            "src/main.py",
            "src/pkg/main.py",
            "api.py",
            "server.py",
            "asgi.py",
            "wsgi.py",
            "pkg/main.py",
            "pkg/app.py",
            "zoo/deep/main.py",
            "tool.py",
        ];
        for pair in order.windows(2) {
            assert_eq!(
                chosen(&[(pair[0], FASTAPI), (pair[1], FASTAPI)]).unwrap(),
                chosen(&[(pair[0], FASTAPI)]).unwrap(),
                "{pair:?}"
            );
        }
        let factory = "from fastapi import FastAPI\ndef create_app():\n    return FastAPI()\n";
        let made = "from main import create_app\napi = create_app()\n";
        assert_eq!(chosen(&[("main.py", factory), ("asgi.py", made)]).unwrap().unwrap(), "asgi:api");
        assert_eq!(chosen(&[("main.py", factory), ("tool.py", FASTAPI)]).unwrap().unwrap(), "main:create_app");
        assert_eq!(chosen(&[("app.py", FASTAPI), ("app/__init__.py", FASTAPI)]).unwrap().unwrap(), "app:app");
        assert_eq!(chosen(&[("main.py", "x = 1")]).unwrap(), None);
    }

    #[test]
    fn several_of_equal_rank_are_listed() {
        let error = chosen(&[("a/main.py", FASTAPI), ("b/main.py", FASTAPI)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "several applications could be the one to start: a.main:app (a/main.py:2), b.main:app (b/main.py:2)"
        );
        assert_eq!(
            error.hint().unwrap(),
            r#"state it: command = ["uvicorn", "a.main:app", "--host", "0.0.0.0", "--port", "8000"]"#
        );
        let two = "from fastapi import FastAPI\npublic = FastAPI()\nprivate = FastAPI()\n";
        assert!(chosen(&[("main.py", two)]).is_err());
        assert_eq!(chosen(&[("main.py", &two.replace("private", "app"))]).unwrap().unwrap(), "main:app");
    }
}
