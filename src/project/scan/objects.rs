//! Applications: what a server can be told to serve.

use std::collections::BTreeMap;

use super::syntax::{Call, Does, Expression, Function, Scope, Statement, last};
use super::{Module, Referent, Sources};
use crate::project::{Evidence, Framework};

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
    /// Made inside a function that is not a factory, or only where the module is the program.
    Hidden,
}

/// How many times what factories make is looked for: factories call factories.
const ROUNDS: usize = 4;

/// Every application of a project. Those that are mounted in another one are not among them.
pub(crate) fn find(sources: &Sources) -> Vec<Object> {
    let mut objects: Vec<Object> = sources.modules.iter().flat_map(|module| own(sources, module)).collect();
    for _ in 0..ROUNDS {
        let made = made_by_factories(sources, &objects);
        if made.is_empty() {
            break;
        }
        objects.extend(made);
    }
    let (wrapping, wrapped) = wrapping(sources, &objects);
    objects.extend(wrapping);
    let passed_on = passed_on(sources, &objects);
    objects.extend(passed_on);
    let mut inner = mounted(sources);
    inner.extend(wrapped);
    objects.retain(|o| !inner.iter().any(|(path, name)| *path == o.path && *name == o.name));
    objects
}

/// The framework whose application a call of `callee` makes: by its class, or by one of the project that derives from it.
pub(crate) fn constructed(sources: &Sources, module: &Module, callee: &str) -> Option<Framework> {
    class(sources, module, callee, ROUNDS)
}

fn class(sources: &Sources, module: &Module, name: &str, depth: usize) -> Option<Framework> {
    let depth = depth.checked_sub(1)?;
    match sources.resolve(module, name) {
        Referent::Foreign(name) => Framework::of_class(&name),
        // Some classes have a name that is everybody's.
        Referent::Unknown => {
            let everybodys = [Framework::Aiohttp, Framework::Falcon];
            let mut known = Framework::ALL.into_iter().filter(|framework| !everybodys.contains(framework));
            known.find(|framework| framework.constructor() == Some(last(name)))
        }
        Referent::Own(of, name) => {
            let class = of.classes.iter().find(|class| class.name == name)?;
            class.bases.iter().find_map(|base| self::class(sources, of, base.name()?, depth))
        }
        Referent::Module => None,
    }
}

/// The framework whose application a value is made as.
pub(super) fn framework_of(sources: &Sources, module: &Module, value: &Expression) -> Option<Framework> {
    constructed(sources, module, value.call()?.callee.name()?)
}

/// The application that a dashboard is drawn by: `server = app.server`. <https://dash.plotly.com/deployment>
fn dashboard(sources: &Sources, module: &Module, value: &Expression) -> Option<Framework> {
    let (name, _) = value.name()?.rsplit_once('.').filter(|(_, attribute)| *attribute == "server")?;
    let Referent::Own(of, name) = sources.resolve(module, name) else { return None };
    let mut given = of.assigned().filter(|(_, target, _)| *target == name);
    let is_dash = |value: &Expression| framework_of(sources, of, value) == Some(Framework::Dash);
    given.any(|(.., value)| is_dash(value)).then_some(Framework::Flask)
}

fn object(module: &Module, name: &str, framework: Framework, form: Form, line: usize) -> Object {
    Object { path: module.path.clone(), name: name.to_owned(), framework, form, at: module.line(line) }
}

/// What a module defines itself.
fn own(sources: &Sources, module: &Module) -> Vec<Object> {
    let mut found: Vec<Object> = Vec::new();
    // What is made inside of each function: the name that it gets, and whether the function gives it.
    let mut inside: BTreeMap<usize, Vec<(&str, Framework, usize)>> = BTreeMap::new();
    for statement in &module.statements {
        let (name, value) = match &statement.does {
            Does::Assign { target, value } if !target.contains(['.', '[']) => (target.as_str(), value),
            Does::Assign { value, .. } | Does::Return(value) => ("", value),
            Does::Extend { .. } | Does::Evaluate(_) | Does::Forever => continue,
        };
        let made = dashboard(sources, module, value).or_else(|| framework_of(sources, module, value));
        // A dashboard is called by no server: its server is.
        let Some(framework) = made.filter(|framework| *framework != Framework::Dash) else { continue };
        match statement.scope {
            Scope::Module | Scope::Branch if name.is_empty() || found.iter().any(|o| o.name == name) => {}
            Scope::Module | Scope::Branch => {
                found.push(object(module, name, framework, Form::Instance, statement.line));
            }
            Scope::Function(at) => inside.entry(at).or_default().push((name, framework, statement.line)),
            Scope::Program | Scope::Class => {
                found.push(object(module, name, framework, Form::Hidden, statement.line));
            }
        }
    }
    for (at, function) in module.functions.iter().enumerate() {
        let made = inside.remove(&at).unwrap_or_default();
        match gives(sources, module, at, &made) {
            Some(framework) => {
                // `return app, limiter`: a server can't call what comes back.
                let of_several = |statement: &Statement| {
                    statement.scope == Scope::Function(at)
                        && matches!(statement.does, Does::Return(Expression::List(_)))
                };
                let several = module.statements.iter().any(of_several);
                let form = if several { Form::Uncallable } else { form(function) };
                found.push(object(module, &function.name, framework, form, function.line));
            }
            None => found.extend(
                made.iter().map(|(name, framework, line)| object(module, name, *framework, Form::Hidden, *line)),
            ),
        }
    }
    found.sort_by_key(|object| object.at.line);
    found
}

fn form(function: &Function) -> Form {
    if function.is_async || function.needs_arguments { Form::Uncallable } else { Form::Factory }
}

/// The framework whose application a function of a module gives, if it is one that a server could reach.
fn gives(sources: &Sources, module: &Module, at: usize, made: &[(&str, Framework, usize)]) -> Option<Framework> {
    let function = module.functions.get(at).filter(|function| function.scope.is_top())?;
    let returns = function.returns.as_ref().and_then(Expression::name);
    let stated = returns.and_then(|returns| constructed(sources, module, returns));
    // What it makes is given by name or at once; one that is called a factory may give it in a wrapping.
    let given = || {
        let names = module.statements.iter().filter(|s| s.scope == Scope::Function(at)).filter_map(|s| match &s.does {
            Does::Return(value) => Some(value.name().unwrap_or_default()),
            _ => None,
        });
        let names: Vec<&str> = names.collect();
        let factory = is_factory(&function.name);
        made.iter().find(|(name, ..)| factory || names.contains(name)).map(|(_, framework, _)| *framework)
    };
    stated.or_else(given)
}

/// Whether a function is called as one that makes an application.
fn is_factory(name: &str) -> bool {
    let (verbs, nouns) =
        (["create", "make", "build", "get", "init"], ["app", "application", "api", "server", "asgi", "wsgi"]);
    let made = name
        .split_once('_')
        .is_some_and(|(verb, rest)| verbs.contains(&verb) && rest.split('_').any(|word| nouns.contains(&word)));
    made || ["app_factory", "application_factory", "factory"].contains(&name)
}

/// `app = create_app()`, `app = asyncio.run(create_app())`, and functions that give what another one makes.
fn made_by_factories(sources: &Sources, objects: &[Object]) -> Vec<Object> {
    let known = |path: &str, name: &str| objects.iter().any(|o| o.path == path && o.name == name);
    let made = |module: &Module, value: &Expression| {
        let call = value.call()?;
        let awaited = matches!(call.method(), "run" | "run_until_complete");
        let call = call.positional.first().and_then(Expression::call).filter(|_| awaited).unwrap_or(call);
        let factory = factory(sources, module, call, objects)?;
        Some(factory.framework)
    };
    let mut found: Vec<Object> = Vec::new();
    for module in &sources.modules {
        for statement in &module.statements {
            let object = match (&statement.does, statement.scope) {
                (Does::Assign { target, value }, scope) if scope.is_top() && !target.contains(['.', '[']) => {
                    made(module, value).map(|f| object(module, target, f, Form::Instance, statement.line))
                }
                (Does::Return(value), Scope::Function(at)) => {
                    let function = module.functions.get(at).filter(|function| function.scope.is_top());
                    function.and_then(|function| {
                        let framework = made(module, value)?;
                        Some(object(module, &function.name, framework, form(function), function.line))
                    })
                }
                _ => None,
            };
            let new = object
                .filter(|o| !known(&o.path, &o.name) && !found.iter().any(|f| f.name == o.name && f.path == o.path));
            found.extend(new);
        }
    }
    found
}

/// The factory that a call calls.
fn factory<'a>(sources: &Sources, module: &Module, call: &Call, objects: &'a [Object]) -> Option<&'a Object> {
    let Referent::Own(of, name) = sources.resolve(module, call.callee.name()?) else { return None };
    let is = |o: &&Object| matches!(o.form, Form::Factory | Form::Uncallable) && o.path == of.path && o.name == name;
    objects.iter().find(is)
}

/// The applications that wrap another one under a name of their own, and those that they wrap:
/// `app = socketio.ASGIApp(sio, api)`, `application = ProxyFix(app)`.
fn wrapping(sources: &Sources, objects: &[Object]) -> (Vec<Object>, Vec<(String, String)>) {
    let (mut outer, mut inner) = (Vec::new(), Vec::new());
    for module in &sources.modules {
        for (statement, target, value) in module.assigned() {
            let Some(call) = value.call().filter(|_| statement.scope.is_top()) else { continue };
            let wraps =
                matches!(call.method(), "ASGIApp" | "WSGIApp" | "ProxyFix") || call.method().ends_with("Middleware");
            let argument = wraps.then(|| call.arguments().find_map(|value| instance(sources, module, value, objects)));
            if let Some(of) = argument.flatten().filter(|of| of.path != module.path || of.name != target) {
                inner.push((of.path.clone(), of.name.clone()));
                let known = objects.iter().any(|o| o.path == module.path && o.name == target);
                outer.extend((!known).then(|| object(module, target, of.framework, Form::Instance, statement.line)));
            }
        }
    }
    (outer, inner)
}

/// The application that a name stands for.
fn instance<'a>(sources: &Sources, module: &Module, value: &Expression, objects: &'a [Object]) -> Option<&'a Object> {
    let Referent::Own(of, name) = sources.resolve(module, value.name()?) else { return None };
    objects.iter().find(|o| o.form == Form::Instance && o.path == of.path && o.name == name)
}

/// `from package import app` in a module that is named as an entry: servers are started with it.
fn passed_on(sources: &Sources, objects: &[Object]) -> Vec<Object> {
    let entries = sources.modules.iter().filter(|m| super::super::entry::STEMS.contains(&m.stem()));
    let own = |module: &Module| objects.iter().any(|o| o.path == module.path && o.form == Form::Instance);
    let entries = entries.filter(|module| !own(module));
    let passed = entries.flat_map(|module| {
        let taken = module.imports.iter().filter(|import| import.scope.is_top() && import.name.is_some());
        taken.flat_map(move |import| {
            // `from models import *` takes all that it has, the application among it.
            let all =
                objects.iter().filter(|o| import.local == "*" && o.form == Form::Instance).map(|o| o.name.as_str());
            let names = all.chain((import.local != "*").then_some(import.local.as_str()));
            names.filter_map(move |name| {
                let of = instance(sources, module, &Expression::Name(name.to_owned()), objects)?;
                Some(object(module, name, of.framework, Form::Instance, import.line))
            })
        })
    });
    passed.collect()
}

/// The module's path and the name of everything that is served below a path of another application.
pub(super) fn mounted(sources: &Sources) -> Vec<(String, String)> {
    let mut mounted = Vec::new();
    for module in &sources.modules {
        let mounts = module
            .calls()
            .filter(|(_, call)| matches!(call.method(), "mount" | "Mount" | "add_subapp" | "mount_gradio_app"));
        for (_, call) in mounts {
            for name in call.arguments().flat_map(Expression::names) {
                if let Referent::Own(of, name) = sources.resolve(module, name) {
                    mounted.push((of.path.clone(), name));
                }
            }
        }
    }
    mounted
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
                    # c = F()\nd = '''\ne = F()\n'''\nif True:\n    g = F()\nif __name__ == '__main__':\n    h = F()\n\
                    class I(F): ...\nj = I()\n";
        assert_eq!(
            found(&[("m.py", text)]),
            [
                "m.py:3:app fastapi Instance",
                "m.py:6:b fastapi Instance",
                "m.py:12:g fastapi Instance",
                "m.py:14:h fastapi Hidden",
                "m.py:16:j fastapi Instance",
            ]
        );
        let other = "from mine import FastAPI\nfrom theirs import Flask\na = FastAPI()\nb = Flask()\n";
        assert!(found(&[("m.py", other), ("mine.py", "class FastAPI: ...\n")]).is_empty());
    }

    #[test]
    fn factories() {
        let text = "from flask import Flask\ndef create_app(config=None, *, debug: bool = False):\n    app = Flask(__name__)\n    return app\n\
                    def make_app(x) -> Flask: ...\nasync def get_app():\n    return Flask('x')\ndef helper():\n    app = Flask('y')\n\
                    def served():\n    return create_app()\nclass K:\n    def build_app(self):\n        return Flask('z')\n";
        let wsgi = "import asyncio, m\nfrom m import create_app\napplication = create_app('x')\nother = asyncio.run(m.get_app())\n";
        assert_eq!(
            found(&[("m.py", text), ("wsgi.py", wsgi)]),
            [
                "m.py:2:create_app flask Factory",
                "m.py:5:make_app flask Uncallable",
                "m.py:6:get_app flask Uncallable",
                "m.py:9:app flask Hidden",
                "m.py:14: flask Hidden",
                "m.py:10:served flask Factory",
                "wsgi.py:3:application flask Instance",
                "wsgi.py:4:other flask Instance",
            ]
        );
    }

    #[test]
    fn of_a_dashboard_it_is_its_server_that_is_called() {
        let text = "from dash import Dash\napp = Dash(__name__)\nserver = app.server\nother = thing.server\n";
        assert_eq!(found(&[("m.py", text)]), ["m.py:3:server flask Instance"]);
        let other = "from m import app\nserver = app.server\n";
        assert_eq!(
            found(&[("m.py", "import dash\napp = dash.Dash()\n"), ("run.py", other)]),
            ["run.py:2:server flask Instance"]
        );
    }

    #[test]
    fn names_that_are_everybodys_are_a_frameworks_by_its_package_alone() {
        let text = "import falcon\nimport falcon.asgi\nfrom mine import App\na = falcon.App()\nb = falcon.asgi.App()\nc = App()\n";
        assert_eq!(found(&[("m.py", text)]), ["m.py:4:a falcon Instance"]);
        let text = "import bottle\na = bottle.Bottle()\nb = bottle.default_app()\n";
        assert_eq!(found(&[("m.py", text)]), ["m.py:2:a bottle Instance", "m.py:3:b bottle Instance"]);
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
        let files = [
            ("models.py", "from flask import Flask\napp = Flask('x')\n"),
            ("main.py", "from models import *\n@app.get('/')\ndef h(): ...\n"),
        ];
        assert_eq!(found(&files), ["models.py:2:app flask Instance", "main.py:1:app flask Instance"]);
    }

    #[test]
    fn what_wraps_an_application_is_served_in_its_place() {
        let text = "import socketio\nfrom fastapi import FastAPI\nsio = socketio.AsyncServer()\napi = FastAPI()\n\
                    app = socketio.ASGIApp(sio, other_asgi_app=api)\n";
        assert_eq!(found(&[("main.py", text)]), ["main.py:5:app fastapi Instance"]);
        let same =
            "from flask import Flask\napp = Flask('x')\napp = ProxyFix(app)\napp.wsgi_app = ProxyFix(app.wsgi_app)\n";
        assert_eq!(found(&[("main.py", same)]), ["main.py:2:app flask Instance"]);
    }
}
