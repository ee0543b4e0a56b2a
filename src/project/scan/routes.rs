//! Routes: paths that an application answers a GET request on.

use std::collections::BTreeMap;

use super::syntax::{Call, Expression, Function, last};
use super::{Module, Referent, Sources};
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

/// Parts of names in a route's decorators and parameters that say that a caller must be known.
const GUARDS: &[&str] = &["login_required", "current_user", "permission", "jwt", "token", "security", "auth"];
/// What collects routes, and the keyword for what goes before their paths.
const COLLECTORS: &[(&str, &str)] =
    &[("APIRouter", "prefix"), ("Blueprint", "url_prefix"), ("Router", "path"), ("RouteTableDef", "")];
/// What joins collected routes to an application, and the keyword for what goes before their paths.
const INCLUDES: &[(&str, &str)] = &[
    ("include_router", "prefix"),
    ("register_blueprint", "url_prefix"),
    ("blueprint", "url_prefix"),
    ("add_routes", ""),
];
/// How many collections are joined to each other before one is joined to the application.
const LEVELS: usize = 6;

/// What holds routes: the path of a module, and the name in it.
type Holder = (String, String);

/// Every GET route whose whole path is known, of the application that the module at `entry` holds.
pub(crate) fn find(sources: &Sources, framework: Framework, entry: Option<&str>) -> Vec<Route> {
    if framework == Framework::Django {
        return Vec::new();
    }
    let prefixes = Prefixes::of(sources, entry);
    let handlers = if framework == Framework::Litestar { handlers(sources) } else { Vec::new() };
    let mut routes = Vec::new();
    for module in &sources.modules {
        routes.extend(decorated(sources, module, &prefixes));
        routes.extend(added(sources, module, &prefixes));
        routes.extend(handed(module, &handlers));
        if framework == Framework::Starlette && !module.calls().any(|(_, call)| call.method() == "Mount") {
            let listed = module.calls().filter(|(_, call)| call.method() == "Route");
            routes.extend(listed.filter_map(|(_, call)| route(module, call.line, call, "")));
        }
    }
    routes.sort_by(|a, b| a.at.cmp(&b.at));
    routes
}

/// Routes in a Django project's urls.py.
pub(crate) fn django(module: &Module) -> Vec<Route> {
    let calls = module.calls().filter_map(|(_, call)| {
        let is_pattern = match call.method() {
            "path" => false,
            "re_path" | "url" => true,
            _ => return None,
        };
        let literal = call.argument(0, "route")?.text()?;
        let mut inner = call.arguments().flat_map(Expression::calls);
        if inner.any(|call| call.method() == "include") {
            return None;
        }
        let path = if is_pattern { literal.trim_start_matches('^').trim_end_matches(['$', '?']) } else { literal };
        let guarded = call.arguments().flat_map(Expression::names).any(is_guard);
        Some(Route { path: rooted(path), at: module.line(call.line), guarded })
    });
    calls.collect()
}

/// What goes before the paths of the routes that each holder has.
struct Prefixes<'a> {
    /// The holders that are joined to the application by written prefixes alone.
    known: BTreeMap<Holder, String>,
    /// The module that makes the application; `None` where several make some and it is not known which one counts.
    owner: Option<&'a Module>,
    /// Whether no other application is made anywhere.
    sole: bool,
}

impl<'a> Prefixes<'a> {
    fn of(sources: &'a Sources, entry: Option<&str>) -> Self {
        let mut all = sources.modules.iter().filter(|module| made(sources, module).next().is_some());
        let (first, second) = (all.next(), all.next());
        let sole = second.is_none();
        let owner = if sole { first } else { entry.and_then(|path| sources.get(path)) };
        let mounted = super::objects::mounted(sources);
        let mut known = BTreeMap::new();
        for (owner, (name, call)) in
            owner.into_iter().flat_map(|owner| made(sources, owner).map(move |made| (owner, made)))
        {
            let holder = (owner.path.clone(), name.to_owned());
            // An application whose every route asks who is calling has no route for a probe.
            if call.keyword("dependencies").is_none() && !mounted.contains(&holder) {
                known.insert(holder, String::new());
            }
        }
        let mut prefixes = Self { known, owner, sole };
        let own = collections(sources);
        for _ in 0..LEVELS {
            let joined = prefixes.joined(sources, &own);
            let before = prefixes.known.len();
            for (holder, prefix) in joined {
                prefixes.known.entry(holder).or_insert(prefix);
            }
            if prefixes.known.len() == before {
                break;
            }
        }
        prefixes
    }

    /// The collections that are joined to what is known already. `own` has the prefix of each collection's own.
    fn joined(&self, sources: &Sources, own: &BTreeMap<Holder, Option<String>>) -> Vec<(Holder, String)> {
        let mut joined = Vec::new();
        for module in &sources.modules {
            for (_, call) in module.calls() {
                let Some((_, keyword)) = INCLUDES.iter().find(|(name, _)| *name == call.method()) else { continue };
                let Some(base) = call.receiver().and_then(|on| self.before(sources, module, on)) else { continue };
                let Some(holder) = call.positional.first().and_then(|of| holder(sources, module, of.name()?)) else {
                    continue;
                };
                let Some(Some(of_collection)) = own.get(&holder) else { continue };
                // Who is asked for each of them, or under a prefix that is worked out, is in nobody's reach.
                let at = match call.keyword(keyword) {
                    None => Some(""),
                    Some(keyword) => keyword.value.text(),
                };
                let Some(at) = at.filter(|_| call.keyword("dependencies").is_none()) else { continue };
                // Flask's own word at the registration replaces that of the blueprint; the others are joined.
                let replaced = call.method() == "register_blueprint" && call.keyword(keyword).is_some();
                let of_collection = if replaced { "" } else { of_collection };
                joined.push((holder, format!("{base}{at}{of_collection}")));
            }
        }
        joined
    }

    /// What goes before the paths of routes on `receiver`; `None` where that is not known.
    fn before(&self, sources: &Sources, module: &Module, receiver: &str) -> Option<String> {
        // aiohttp's application has its routes on an object of its own.
        let receiver = receiver.strip_suffix(".router").unwrap_or(receiver);
        if let Some(prefix) = holder(sources, module, receiver).and_then(|holder| self.known.get(&holder)) {
            return Some(prefix.clone());
        }
        // An application that a function is handed, or that only names itself: telling where there is no other.
        let named = matches!(receiver, "app" | "application") && !module.imports.iter().any(|i| i.local == receiver);
        let other = |name: &str, value: &Expression| {
            name == receiver && value.call().is_some_and(|call| !call.method().ends_with("_app"))
        };
        let here = self.owner.is_some_and(|owner| owner.path == module.path);
        let taken = module.assigned().any(|(_, name, value)| other(name, value));
        (named && self.sole && !here && !taken && self.known.values().any(String::is_empty)).then(String::new)
    }
}

/// Where a name leads: to what is defined in a module at its top, or, where that is nowhere, in one of its functions.
fn holder(sources: &Sources, module: &Module, name: &str) -> Option<Holder> {
    match sources.resolve(module, name) {
        Referent::Own(of, name) => Some((of.path.clone(), name)),
        Referent::Unknown => {
            module.assigned().any(|(_, target, _)| target == name).then(|| (module.path.clone(), name.to_owned()))
        }
        Referent::Foreign(_) | Referent::Module => None,
    }
}

/// The applications that a module makes: the name and the call.
fn made<'a>(sources: &'a Sources, module: &'a Module) -> impl Iterator<Item = (&'a str, &'a Call)> {
    module.assigned().filter_map(|(_, name, value)| {
        let call = value.call()?;
        super::objects::constructed(sources, module, call.callee.name()?).map(|_| (name, call))
    })
}

/// Every collection of routes, with the prefix that it has of its own; `None` where that can't be told.
fn collections(sources: &Sources) -> BTreeMap<Holder, Option<String>> {
    let mut found = BTreeMap::new();
    for module in &sources.modules {
        for (_, name, value) in module.assigned() {
            let Some(call) = value.call() else { continue };
            let class = match call.callee.name().map(|callee| sources.resolve(module, callee)) {
                Some(Referent::Foreign(name)) => last(&name).to_owned(),
                _ => call.method().to_owned(),
            };
            let Some((_, keyword)) = COLLECTORS.iter().find(|(collector, _)| *collector == class) else { continue };
            let own = match call.keyword(keyword) {
                None => Some(String::new()),
                Some(keyword) => keyword.value.text().map(str::to_owned),
            };
            let open = own.filter(|_| call.keyword("dependencies").is_none());
            found.insert((module.path.clone(), name.to_owned()), open);
        }
    }
    found
}

/// `@app.get("/health")`, `@app.route("/health")`
fn decorated(sources: &Sources, module: &Module, prefixes: &Prefixes<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for function in &module.functions {
        for (line, call) in decorators(function) {
            let before = || prefixes.before(sources, module, call.receiver()?);
            let found = answers(call.method()).then(before).flatten();
            routes.extend(found.and_then(|prefix| route_of(module, function, line, call, &prefix)));
        }
    }
    routes
}

/// The functions that are handed to an application: `Litestar(route_handlers=[health])`
fn handlers(sources: &Sources) -> Vec<Holder> {
    let made = sources.modules.iter().flat_map(|of| made(sources, of).map(move |(_, call)| (of, call)));
    let lists = made.filter_map(|(of, call)| Some((of, call.argument(0, "route_handlers")?)));
    lists.flat_map(|(of, list)| list.names().into_iter().filter_map(move |name| holder(sources, of, name))).collect()
}

/// `@get("/health")` on a function that is handed to the application.
fn handed(module: &Module, handlers: &[Holder]) -> Vec<Route> {
    let decorated = module.functions.iter().filter(|f| handlers.contains(&(module.path.clone(), f.name.clone())));
    let routes = decorated.flat_map(|function| {
        let gets = decorators(function).filter(|(_, call)| call.method() == "get");
        gets.filter_map(move |(line, call)| route_of(module, function, line, call, ""))
    });
    routes.collect()
}

/// The decorators of a function that are calls, with their lines.
fn decorators(function: &Function) -> impl Iterator<Item = (usize, &Call)> {
    function.decorators.iter().filter_map(|(line, decorator)| Some((*line, decorator.call()?)))
}

/// The route that a decorator gives to a function.
fn route_of(module: &Module, function: &Function, line: usize, call: &Call, prefix: &str) -> Option<Route> {
    let route = route(module, line, call, prefix)?;
    Some(Route { guarded: route.guarded || asks(function), ..route })
}

/// `app.add_api_route("/health", …)`, `app.router.add_get("/health", …)`, `app.add_routes([web.get("/health", …)])`
fn added(sources: &Sources, module: &Module, prefixes: &Prefixes<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for (_, call) in module.calls() {
        let before = || prefixes.before(sources, module, call.receiver()?);
        match call.method() {
            "add_api_route" | "add_url_rule" | "add_route" | "add_get" => {
                routes.extend(before().and_then(|prefix| route(module, call.line, call, &prefix)));
            }
            "add_routes" => {
                let Some(prefix) = before() else { continue };
                let listed = call.positional.iter().flat_map(Expression::calls);
                let gets = listed.filter(|call| matches!(call.method(), "get" | "view"));
                routes.extend(gets.filter_map(|call| route(module, call.line, call, &prefix)));
            }
            _ => {}
        }
    }
    routes
}

/// Whether a decorator of this name makes a function answer GET requests.
fn answers(method: &str) -> bool {
    matches!(method, "get" | "route" | "api_route")
}

fn route(module: &Module, line: usize, call: &Call, prefix: &str) -> Option<Route> {
    let path = call.argument(0, "path").or_else(|| call.argument(0, "uri"))?.text()?;
    if let Some(methods) = call.keyword("methods")
        && !methods.value.texts().iter().any(|method| method.eq_ignore_ascii_case("get"))
    {
        return None;
    }
    let guarded = call.keyword("dependencies").is_some() || call.arguments().flat_map(Expression::names).any(is_guard);
    let path = format!("{prefix}{path}");
    path.starts_with('/').then(|| Route { path, at: module.line(line), guarded })
}

/// Whether a function wants to know who is calling.
fn asks(function: &Function) -> bool {
    let decorators = function.decorators.iter().map(|(_, decorator)| decorator);
    decorators.chain(&function.parameters).flat_map(Expression::names).any(is_guard)
}

fn is_guard(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    GUARDS.iter().any(|guard| name.contains(guard))
}

fn rooted(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
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
            "from api import health\napp = FastAPI()\napp.include_router(health.router, prefix=settings.V1)\n",
            "from api import health\napp = FastAPI()\napp.include_router(health.router, dependencies=[d])\n",
            "from api import health\napi = APIRouter()\napi.include_router(health.router)\n",
        ] {
            assert!(with(main, router).is_empty(), "{main}");
        }
    }

    #[test]
    fn prefixes_that_are_written_out_go_before_the_paths() {
        let found = |framework, main: &str, other: &str| found(framework, &[("main.py", main), ("api.py", other)]);
        let main = "from fastapi import FastAPI\nfrom api import all\napp = FastAPI()\napp.include_router(all, prefix='/v1')\n";
        let router = "from fastapi import APIRouter\nrouter = APIRouter(prefix='/up')\n@router.get('/health')\ndef h(): ...\n\
                      all = APIRouter(prefix='/x')\nall.include_router(router, prefix='/y')\n";
        assert_eq!(found(Framework::FastApi, main, router), ["api.py:3 /v1/x/y/up/health"]);
        let main = "from flask import Flask\nfrom api import bp, cp\ndef create_app():\n    app = Flask('x')\n\
                    app.register_blueprint(bp)\n    app.register_blueprint(cp, url_prefix='/z')\n";
        let main = main.replace("app.reg", "    app.reg").replace("        app.reg", "    app.reg");
        let blueprint = "from flask import Blueprint\nbp = Blueprint('b', 'n', url_prefix='/x')\n@bp.route('/ping')\ndef b(): ...\n\
                         cp = Blueprint('c', 'n', url_prefix='/y')\n@cp.route('/ping')\ndef c(): ...\n";
        assert_eq!(found(Framework::Flask, &main, blueprint), ["api.py:3 /x/ping", "api.py:6 /z/ping"]);
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
        let module = Module::new("p/urls.py", urls);
        let paths: Vec<_> = django(&module).into_iter().map(|r| format!("{} {}", r.at, r.path)).collect();
        assert_eq!(paths, ["p/urls.py:2 /health/", "p/urls.py:3 /ping/"]);
    }
}
