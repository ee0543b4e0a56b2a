//! Applications: what a server can be told to serve.

use super::cursor::{self, Cursor};
use super::{Module, Sources};
use crate::project::{Evidence, Framework, paths};

/// An application, or a function that makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// The module's path.
    pub(crate) path: String,
    /// The name in the module.
    pub(crate) name: String,
    /// What it is an application of.
    pub(crate) framework: Framework,
    /// Whether it is one, or makes one.
    pub(crate) form: Form,
    /// Where it stands.
    pub(crate) at: Evidence,
}

/// Whether something is an application or makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// An object at the top of a module.
    Instance,
    /// A function that a server can call without arguments.
    Factory,
    /// A function that needs arguments, or must be awaited.
    Uncallable,
    /// Made inside a function that is not a factory.
    Hidden,
}

/// Every application of a project. Those that are mounted in another one are not among them.
pub(crate) fn find(sources: &Sources) -> Vec<Object> {
    let mut objects: Vec<Object> = sources.modules.iter().flat_map(own).collect();
    let factories: Vec<(String, Framework)> = objects
        .iter()
        .filter(|o| o.form != Form::Instance && o.form != Form::Hidden)
        .map(|o| (o.name.clone(), o.framework))
        .collect();
    for module in &sources.modules {
        let made = module.top().filter_map(|(offset, line)| {
            let (name, callee) = cursor::assigned_call(line)?;
            let (_, framework) = factories.iter().find(|(factory, _)| *factory == original(module, callee))?;
            Some(object(module, name, *framework, Form::Instance, offset))
        });
        for made in made {
            if !objects.iter().any(|o| o.path == made.path && o.name == made.name) {
                objects.push(made);
            }
        }
    }
    let passed_on = passed_on(sources, &objects);
    objects.extend(passed_on);
    let mounted = mounted(sources);
    objects.retain(|o| !mounted.iter().any(|(stem, name)| *name == o.name && same_module(sources, &o.path, stem)));
    objects
}

/// The name that a callee has where it is defined.
pub(crate) fn original<'a>(module: &'a Module, callee: &'a str) -> &'a str {
    let last = callee.rsplit('.').next().unwrap_or(callee);
    let import = module.imports.iter().find(|import| import.local == callee);
    import.and_then(|import| import.name.as_deref()).unwrap_or(last)
}

pub(super) fn constructed(module: &Module, callee: &str) -> Option<Framework> {
    let name = original(module, callee);
    Framework::ALL.into_iter().find(|framework| framework.constructor() == Some(name))
}

fn object(module: &Module, name: &str, framework: Framework, form: Form, offset: usize) -> Object {
    Object { path: module.path.clone(), name: name.to_owned(), framework, form, at: module.at(offset) }
}

/// What a module defines itself.
fn own(module: &Module) -> Vec<Object> {
    let mut found: Vec<Object> = Vec::new();
    let mut within: Option<Factory<'_>> = None;
    for (offset, line) in module.lines() {
        let indented = line.starts_with([' ', '\t']);
        if !indented {
            found.extend(within.take().and_then(|factory| factory.done(module)));
            within = Factory::begin(module, offset, line);
        }
        match (indented, cursor::assigned_call(line)) {
            (false, Some((name, callee))) => {
                let known = found.iter().any(|o| o.name == name);
                let framework = constructed(module, callee).filter(|_| !known);
                found.extend(framework.map(|f| object(module, name, f, Form::Instance, offset)));
            }
            (true, call) => {
                let (name, framework) = match call.and_then(|(name, callee)| Some((name, constructed(module, callee)?)))
                {
                    Some((name, framework)) => (name, Some(framework)),
                    None => ("", returned(module, line)),
                };
                match (&mut within, framework) {
                    (Some(factory), Some(framework)) => {
                        factory.framework.get_or_insert(framework);
                    }
                    (None, Some(framework)) => found.push(object(module, name, framework, Form::Hidden, offset)),
                    (_, None) => {}
                }
            }
            (false, None) => {}
        }
    }
    found.extend(within.and_then(|factory| factory.done(module)));
    found
}

/// `return FastAPI(…)`
fn returned(module: &Module, line: &str) -> Option<Framework> {
    let mut cursor = Cursor::new(line);
    let callee = cursor.keyword("return").then(|| cursor.dotted())??;
    constructed(module, callee).filter(|_| cursor.eat("("))
}

struct Factory<'a> {
    name: &'a str,
    offset: usize,
    callable: bool,
    /// The framework that its annotation or its body names.
    framework: Option<Framework>,
}

impl<'a> Factory<'a> {
    fn begin(module: &Module, offset: usize, line: &'a str) -> Option<Self> {
        let mut cursor = Cursor::new(line);
        let awaited = cursor.keyword("async");
        let name = cursor.keyword("def").then(|| cursor.word()).flatten().filter(|name| is_factory(name))?;
        let (parameters, rest) = cursor.rest.trim_start().strip_prefix('(')?.rsplit_once(')')?;
        let needed = split_top(parameters).any(|parameter| {
            let parameter = parameter.trim();
            !parameter.is_empty() && !parameter.contains('=') && !parameter.starts_with(['*', '/'])
        });
        let returns = rest.trim_start().strip_prefix("->").and_then(|rest| Cursor::new(rest).dotted());
        let framework = returns.and_then(|returns| constructed(module, returns));
        Some(Self { name, offset, callable: !awaited && !needed, framework })
    }

    fn done(self, module: &Module) -> Option<Object> {
        let form = if self.callable { Form::Factory } else { Form::Uncallable };
        Some(object(module, self.name, self.framework?, form, self.offset))
    }
}

fn split_top(parameters: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    parameters.split(move |c| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
}

fn is_factory(name: &str) -> bool {
    let (verbs, nouns) =
        (["create", "make", "build", "get", "init"], ["app", "application", "api", "server", "asgi", "wsgi"]);
    let made = name
        .split_once('_')
        .is_some_and(|(verb, rest)| verbs.contains(&verb) && rest.split('_').any(|word| nouns.contains(&word)));
    made || ["app_factory", "application_factory", "factory"].contains(&name)
}

/// `from package import app` in a module that is named as an entry: servers are started with it.
fn passed_on(sources: &Sources, objects: &[Object]) -> Vec<Object> {
    let entries = sources.modules.iter().filter(|m| super::super::entry::STEMS.contains(&m.stem()));
    let taken = entries.flat_map(|module| module.imports.iter().filter(|i| i.top).map(move |import| (module, import)));
    let passed = taken.filter_map(|(module, import)| {
        let name = import.name.as_deref()?;
        let last = import.module.rsplit('.').next().unwrap_or_default();
        let from = objects.iter().find(|o| {
            o.form == Form::Instance && o.name == name && o.path != module.path && same_module(sources, &o.path, last)
        })?;
        let own = objects.iter().any(|o| o.path == module.path && o.form == Form::Instance);
        (!own).then(|| object(module, &import.local, from.framework, Form::Instance, import.offset))
    });
    passed.collect()
}

/// The last part of the module and the name of everything that is an argument of `.mount(…)`.
pub(super) fn mounted(sources: &Sources) -> Vec<(String, String)> {
    let mut mounted = Vec::new();
    for module in &sources.modules {
        for (_, open) in module.calls("mount") {
            let arguments = module.code.get(module.arguments(open)).unwrap_or_default();
            for word in words(arguments) {
                let import = module.imports.iter().find(|i| Some(i.local.as_str()) == word.split('.').next());
                let name = word.rsplit('.').next().unwrap_or(word);
                let stem = match import {
                    Some(import) if word.contains('.') => import.name.as_deref().unwrap_or(&import.module),
                    Some(import) => &import.module,
                    None => module.stem(),
                };
                let name = import.filter(|_| !word.contains('.')).and_then(|i| i.name.as_deref()).unwrap_or(name);
                mounted.push((stem.rsplit('.').next().unwrap_or(stem).to_owned(), name.to_owned()));
            }
        }
    }
    mounted
}

/// The names in arguments, without those of keywords.
fn words(arguments: &str) -> Vec<&str> {
    let part = |c: char| cursor::is_word(c) || c == '.';
    let mut words = Vec::new();
    let mut rest = arguments;
    while let Some(start) = rest.find(part) {
        let text = rest.get(start..).unwrap_or_default();
        let (word, after) = text.split_at(text.find(|c| !part(c)).unwrap_or(text.len()));
        if !after.trim_start().starts_with('=') {
            words.push(word);
        }
        rest = after;
    }
    words
}

/// Whether the module at `path` goes by `stem`, the last part of a dotted name; an empty one is a package's own.
fn same_module(sources: &Sources, path: &str, stem: &str) -> bool {
    let package = paths::file_name(path) == "__init__.py";
    sources.get(path).is_some_and(|module| module.stem() == stem) || (stem.is_empty() && package)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::SourceTree;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources = Sources::read(&SourceTree::in_memory("p", files.iter().copied())).unwrap();
        let show = |o: Object| format!("{}:{} {} {:?}", o.at, o.name, o.framework, o.form);
        find(&sources).into_iter().map(show).collect()
    }

    #[test]
    fn objects_in_every_form() {
        let text = "import fastapi as fa\nfrom fastapi import FastAPI as F\napp = F(\n  title='x',\n)\nb: fa.FastAPI = fa.FastAPI()\n\
                    # c = F()\nd = '''\ne = F()\n'''\nif True:\n    g = F()\n";
        assert_eq!(
            found(&[("m.py", text)]),
            ["m.py:3:app fastapi Instance", "m.py:6:b fastapi Instance", "m.py:12:g fastapi Hidden"]
        );
    }

    #[test]
    fn factories() {
        let text = "from flask import Flask\ndef create_app(config=None, *, debug: bool = False):\n    app = Flask(__name__)\n    return app\n\
                    def make_app(x) -> Flask: ...\nasync def get_app():\n    return Flask('x')\ndef helper():\n    app = Flask('y')\n";
        assert_eq!(
            found(&[("m.py", text), ("wsgi.py", "from m import create_app\napplication = create_app('x')\n")]),
            [
                "m.py:2:create_app flask Factory",
                "m.py:5:make_app flask Uncallable",
                "m.py:6:get_app flask Uncallable",
                "m.py:9:app flask Hidden",
                "wsgi.py:2:application flask Instance",
            ]
        );
    }

    #[test]
    fn mounted_applications_are_no_entries_and_imported_ones_are() {
        let files = [
            (
                "main.py",
                "from fastapi import FastAPI\nfrom admin import app as admin_app\nimport pub\napp = FastAPI()\nv1 = FastAPI()\napp.mount('/a', admin_app)\napp.mount('/v1', v1)\napp.mount('/p', pub.api)\n",
            ),
            ("admin.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
            ("pub.py", "from fastapi import FastAPI\napi = FastAPI()\n"),
            ("server.py", "from main import app as application\n"),
        ];
        assert_eq!(found(&files), ["main.py:4:app fastapi Instance", "server.py:1:application fastapi Instance"]);
    }
}
