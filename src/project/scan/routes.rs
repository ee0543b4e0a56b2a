//! Routes: paths that an application answers a GET request on.

use std::collections::BTreeSet;
use std::ops::Range;

use super::cursor::{self, Cursor};
use super::{Module, Sources};
use crate::project::{Evidence, Framework};

/// A path that is answered, and where that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// The path, with its leading slash.
    pub(crate) path: String,
    /// Where it stands.
    pub(crate) at: Evidence,
    /// Whether it seems to ask who is calling.
    pub(crate) guarded: bool,
}

/// Words in a route's decorators and parameters that say that a caller must be known.
const GUARDS: &[&str] = &["login_required", "current_user", "permission", "jwt", "token", "security(", "auth"];
/// What joins routes that are collected elsewhere to an application, and the keyword for what goes before their paths.
const INCLUDES: &[(&str, &str)] = &[("include_router", "prefix"), ("register_blueprint", "url_prefix")];
/// What collects routes.
const COLLECTORS: &[&str] = &["APIRouter", "Blueprint"];

/// Every GET route whose whole path is known, of the application that the module at `entry` holds.
pub(crate) fn find(sources: &Sources, framework: Framework, entry: Option<&str>) -> Vec<Route> {
    if framework == Framework::Django {
        return Vec::new();
    }
    let owner = Owner::new(sources, entry);
    let includes = includes(sources, &owner);
    let mut routes = Vec::new();
    for module in &sources.modules {
        let receivers = receivers(module, &owner, &includes);
        routes.extend(decorated(module, &receivers));
        routes.extend(added(module, &receivers));
        if framework == Framework::Starlette && module.calls("Mount").next().is_none() {
            routes.extend(module.calls("Route").filter_map(|(at, open)| listed(module, at, open)));
        }
    }
    routes
}

/// Routes in a Django project's urls.py.
pub(crate) fn django(module: &Module) -> Vec<Route> {
    let mut routes = Vec::new();
    for (name, is_pattern) in [("path", false), ("re_path", true), ("url", true)] {
        for (at, open) in module.calls(name) {
            let arguments = module.arguments(open);
            let Some(literal) = module.literal(arguments.start) else { continue };
            let text = module.code.get(arguments).unwrap_or_default();
            if text.contains("include") {
                continue;
            }
            let path = if is_pattern { literal.trim_start_matches('^').trim_end_matches(['$', '?']) } else { literal };
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            routes.push(Route { path, at: module.at(at), guarded: guarded(text) });
        }
    }
    routes
}

/// A call that joins a collection of routes to something.
struct Include {
    /// The last part of the module and the name of the collection.
    collection: (String, String),
    /// Whether the paths stay as they are: there is no prefix, and what they are joined to is an application.
    plain: bool,
}

fn includes(sources: &Sources, owner: &Owner<'_>) -> Vec<Include> {
    let mut found = Vec::new();
    for module in &sources.modules {
        let applications = owner.applications(module);
        for (call, prefix) in INCLUDES {
            for (at, open) in module.calls(call) {
                let arguments = module.arguments(open);
                let text = module.code.get(arguments.clone()).unwrap_or_default();
                let Some(written) = Cursor::new(text).dotted() else { continue };
                let receiver = module.code.get(..at).unwrap_or_default().trim_end_matches('.');
                let receiver = receiver.rsplit(|c| !cursor::is_word(c)).next().unwrap_or_default();
                let plain = module.keyword(arguments.clone(), prefix).is_none()
                    && module.keyword(arguments, "dependencies").is_none()
                    && applications.contains(receiver);
                found.push(Include { collection: resolve(module, written), plain });
            }
        }
    }
    found
}

/// The last part of the module and the name that a written name stands for.
fn resolve(module: &Module, written: &str) -> (String, String) {
    let (first, rest) = written.split_once('.').map_or((written, None), |(first, rest)| (first, Some(rest)));
    let import = module.imports.iter().find(|import| import.local == first);
    let last = |text: &str| text.rsplit('.').next().unwrap_or(text).to_owned();
    match (rest, import) {
        // `health.router`, `routers.health.router`
        (Some(rest), _) => {
            let stem = match (rest.rsplit_once('.'), import) {
                (Some((module, _)), _) => last(module),
                (None, Some(import)) => last(import.name.as_deref().unwrap_or(&import.module)),
                (None, None) => first.to_owned(),
            };
            (stem, last(rest))
        }
        (None, Some(import)) => (last(&import.module), import.name.clone().unwrap_or_default()),
        (None, None) => (module.stem().to_owned(), first.to_owned()),
    }
}

/// Which names hold the application.
struct Owner<'a> {
    /// The module that makes it; `None` where several make some and it is not known which one counts.
    module: Option<&'a Module>,
    /// Whether no other application is made anywhere.
    sole: bool,
    /// What is mounted below a path of another application.
    mounted: Vec<(String, String)>,
}

impl<'a> Owner<'a> {
    fn new(sources: &'a Sources, entry: Option<&str>) -> Self {
        let makes = |module: &&Module| made(module).next().is_some();
        let mut all = sources.modules.iter().filter(makes);
        let (first, second) = (all.next(), all.next());
        let sole = second.is_none();
        let module = if sole { first } else { entry.and_then(|path| sources.get(path)) };
        Self { module, sole, mounted: super::objects::mounted(sources) }
    }

    /// The names in a module that hold the application: made there, or handed in or imported under a telling name.
    fn applications<'m>(&self, module: &'m Module) -> BTreeSet<&'m str> {
        let mut names = BTreeSet::new();
        let here = self.module.is_some_and(|owner| owner.path == module.path);
        if here {
            let mounted = |name: &str| self.mounted.iter().any(|(m, n)| m == module.stem() && n == name);
            // An application whose every route asks who is calling has no route for a probe.
            names.extend(
                made(module).filter(|(name, line)| !mounted(name) && !line.contains("dependencies")).map(|m| m.0),
            );
            return names;
        }
        for name in ["app", "application"] {
            let import = module.imports.iter().find(|import| import.local == name);
            let from = import.map(|import| import.module.rsplit('.').next().unwrap_or_default());
            let owned =
                from.is_some_and(|from| from.is_empty() || self.module.is_some_and(|owner| owner.stem() == from));
            let assigned = module.lines().filter_map(|(_, line)| cursor::assigned_call(line));
            let other = assigned.into_iter().any(|(assigned, callee)| assigned == name && !callee.ends_with("_app"));
            if (owned || (self.sole && import.is_none())) && !other {
                names.insert(name);
            }
        }
        names
    }
}

/// The applications that a module makes: the name and the line.
fn made(module: &Module) -> impl Iterator<Item = (&str, &str)> {
    let assigned = module.lines().filter_map(|(_, line)| Some((cursor::assigned_call(line)?, line)));
    let made = assigned.filter(|((_, callee), _)| super::objects::constructed(module, callee).is_some());
    made.map(|((name, _), line)| (name, line))
}

/// The names whose routes have the path that their decorator says.
fn receivers<'a>(module: &'a Module, owner: &Owner<'_>, includes: &[Include]) -> BTreeSet<&'a str> {
    let mut names = owner.applications(module);
    for (offset, line) in module.top() {
        let Some((name, callee)) = cursor::assigned_call(line) else { continue };
        let collector = super::objects::original(module, callee);
        let Some(open) = line.find('(').filter(|_| COLLECTORS.contains(&collector)) else { continue };
        let arguments = module.arguments(offset + open);
        let keywords = ["prefix", "url_prefix", "dependencies"];
        let prefixed = keywords.iter().any(|keyword| module.keyword(arguments.clone(), keyword).is_some());
        let mine = |include: &&Include| include.collection.0 == module.stem() && include.collection.1 == name;
        let mut joined = includes.iter().filter(mine).peekable();
        if !prefixed && joined.peek().is_some() && joined.all(|include| include.plain) {
            names.insert(name);
        }
    }
    names
}

/// `@app.get("/health")`, `@app.route("/health")`
fn decorated(module: &Module, receivers: &BTreeSet<&str>) -> Vec<Route> {
    let lines: Vec<(usize, &str)> = module.lines().collect();
    let mut routes = Vec::new();
    for (index, (offset, line)) in lines.iter().enumerate() {
        let mut cursor = Cursor::new(line);
        if !cursor.eat("@") {
            continue;
        }
        let Some((receiver, method)) = cursor.dotted().and_then(|name| name.rsplit_once('.')) else { continue };
        if !receivers.contains(receiver) || !matches!(method, "get" | "route" | "api_route") {
            continue;
        }
        let Some(open) = line.find('(') else { continue };
        let arguments = module.arguments(offset + open);
        // The other decorators and the head of the function say whether a caller must be known.
        let rest = lines.get(index..).unwrap_or_default().iter().map(|(_, line)| *line);
        let until_def = rest.scan(false, |done, line| {
            let line = (!*done).then_some(line);
            *done |= line.is_some_and(|l| l.contains("def "));
            line
        });
        let text: Vec<&str> = until_def.take(8).collect();
        routes.extend(route(module, *offset, arguments, &text.concat()));
    }
    routes
}

/// `app.add_api_route("/health", …)`, `app.add_url_rule("/health", …)`
fn added(module: &Module, receivers: &BTreeSet<&str>) -> Vec<Route> {
    let calls = ["add_api_route", "add_url_rule", "add_route"].into_iter();
    let found = calls.flat_map(|name| module.calls(name)).filter_map(|(at, open)| {
        let before = module.code.get(..at)?.trim_end_matches('.');
        let receiver = before.rsplit(|c| !cursor::is_word(c)).next()?;
        let listed = || listed(module, at, open);
        receivers.contains(receiver).then(listed).flatten()
    });
    found.collect()
}

fn listed(module: &Module, at: usize, open: usize) -> Option<Route> {
    let arguments = module.arguments(open);
    let text = module.code.get(arguments.clone())?;
    route(module, at, arguments, text)
}

fn route(module: &Module, at: usize, arguments: Range<usize>, text: &str) -> Option<Route> {
    let path =
        module.literal(arguments.start).or_else(|| module.literal(module.keyword(arguments.clone(), "path")?))?;
    if let Some(methods) = module.keyword(arguments.clone(), "methods") {
        let raw = module.raw.get(methods..arguments.end)?;
        if !raw.contains("GET") && !raw.contains("get") {
            return None;
        }
    }
    let guarded = guarded(text) || module.keyword(arguments, "dependencies").is_some();
    path.starts_with('/').then(|| Route { path: path.to_owned(), at: module.at(at), guarded })
}

fn guarded(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    GUARDS.iter().any(|guard| text.contains(guard))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::SourceTree;

    fn found(framework: Framework, files: &[(&str, &str)]) -> Vec<String> {
        let sources = Sources::read(&SourceTree::in_memory("p", files.iter().copied())).unwrap();
        let show = |r: Route| format!("{} {}{}", r.at, r.path, if r.guarded { " guarded" } else { "" });
        find(&sources, framework, None).into_iter().map(show).collect()
    }

    #[test]
    fn decorators() {
        let text = "app = FastAPI()\n@app.get('/a')\ndef a(): ...\n@app.post('/b')\ndef b(): ...\n@other.get('/c')\ndef c(): ...\n\
                    @app.get(\n    '/d',\n)\nasync def d(user=Depends(get_current_user)): ...\n\
                    @app.api_route('/e', methods=['GET'])\n@app.api_route('/f', methods=['POST'])\ndef e(): ...\n\
                    # @app.get('/g')\nx = '''\n@app.get('/h')\n'''\napp.add_api_route('/i', a)\n@app.get(f'/j')\ndef j(): ...\n";
        assert_eq!(
            found(Framework::FastApi, &[("m.py", text)]),
            ["m.py:2 /a", "m.py:8 /d guarded", "m.py:12 /e", "m.py:19 /i"]
        );
    }

    #[test]
    fn routers_count_only_where_no_prefix_can_be() {
        let router = "router = APIRouter()\n@router.get('/health')\ndef h(): ...\n";
        let with =
            |main: &str, router: &str| found(Framework::FastApi, &[("main.py", main), ("api/health.py", router)]);
        let main = "from api import health\napp = FastAPI()\napp.include_router(health.router)\napp.include_router(u.router, prefix='/u')\n";
        assert_eq!(with(main, router), ["api/health.py:2 /health"]);
        let alias =
            "from api.health import router as r\ndef create_app():\n    app = FastAPI()\n    app.include_router(r)\n";
        assert_eq!(with(alias, router), ["api/health.py:2 /health"]);
        for main in [
            "app = FastAPI()\n",
            "from api import health\napp = FastAPI()\napp.include_router(health.router, prefix='/v1')\n",
            "from api import health\napi = APIRouter()\napi.include_router(health.router)\n",
        ] {
            assert!(with(main, router).is_empty(), "{main}");
        }
        assert!(with(main, &router.replace("()\n@", "(prefix='/x')\n@")).is_empty());
    }

    #[test]
    fn only_routes_of_the_application_count() {
        let mount = "app = FastAPI()\nv1 = FastAPI()\napp.mount('/v1', v1)\n@v1.get('/health')\ndef h(): ...\n";
        assert!(found(Framework::FastApi, &[("main.py", mount)]).is_empty());
        let other = ("other.py", "app = FastAPI()\n@app.get('/health')\ndef h(): ...\n");
        assert!(found(Framework::FastApi, &[("main.py", "app = FastAPI()\n"), other]).is_empty());
        let handed = ("routes.py", "def register(app):\n    @app.get('/health')\n    def h(): ...\n");
        let main = ("main.py", "app = FastAPI()\n");
        assert_eq!(found(Framework::FastApi, &[main, handed]), ["routes.py:2 /health"]);
        let imported = ("routes.py", "from main import app\n@app.get('/health')\ndef h(): ...\n");
        assert_eq!(found(Framework::FastApi, &[main, imported]), ["routes.py:2 /health"]);
        let typer = ("cli.py", "app = typer.Typer()\n@app.get('/health')\ndef h(): ...\n");
        assert!(found(Framework::FastApi, &[main, typer]).is_empty());
        let closed = "app = FastAPI(dependencies=[Depends(login)])\n@app.get('/health')\ndef h(): ...\n";
        assert!(found(Framework::FastApi, &[("main.py", closed)]).is_empty());
    }

    #[test]
    fn flask_starlette_and_django() {
        let flask = "app = Flask(__name__)\n@app.route('/a')\n@login_required\ndef a(): ...\n@app.route('/b', methods=['POST'])\n\
                     def b(): ...\n@app.route('/c', methods=['GET', 'POST'])\ndef c(): ...\n";
        assert_eq!(found(Framework::Flask, &[("m.py", flask)]), ["m.py:2 /a guarded", "m.py:7 /c"]);
        let starlette = "app = Starlette(routes=[Route('/a', a), Route('/b', b, methods=['POST'])])\n";
        assert_eq!(found(Framework::Starlette, &[("m.py", starlette)]), ["m.py:1 /a"]);
        let urls =
            "urlpatterns = [\n  path('health/', v),\n  re_path(r'^ping/?$', v),\n  path('a/', include('a.urls')),\n]\n";
        let module = Module::new("p/urls.py", urls.to_owned());
        let paths: Vec<_> = django(&module).into_iter().map(|r| format!("{} {}", r.at, r.path)).collect();
        assert_eq!(paths, ["p/urls.py:2 /health/", "p/urls.py:3 /ping/"]);
    }
}
