//! Programs: modules that serve, or take work, by being run themselves.

use super::syntax::{Call, Does, Expression, Function, Scope, last};
use super::{Module, Referent, Sources};
use crate::project::paths;
use crate::project::pyproject::Program;
use crate::project::{Evidence, Framework};

/// A module that is made to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    /// The module's path.
    pub(crate) path: String,
    /// The line that says so.
    pub(crate) at: Evidence,
    /// What it is run for.
    pub(crate) runs: Runs,
    /// The program of the project's that runs it, where there is one.
    pub(crate) program: Option<Program>,
    /// The line by which it serves for development: with a debugger, or with a reloader.
    pub(crate) develops: Option<Evidence>,
}

impl Script {
    /// Whether it serves an application of a framework.
    pub(crate) fn serves(&self, framework: Framework) -> bool {
        matches!(self.runs, Runs::Served { framework: of, .. } if of == framework)
    }
}

/// What a program is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// It serves an application.
    Served {
        /// The application's framework.
        framework: Framework,
        /// On which of the machine's addresses.
        on: On,
        /// The port that it takes where nothing else is said.
        port: u16,
    },
    /// It asks for messages, and answers them, until it is ended.
    Bot,
    /// It does the same again and again, until it is ended.
    Loop,
}

/// The addresses that a program listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// Every one.
    Every,
    /// The loopback address alone, where no probe reaches it.
    Loopback,
    /// What the code works out.
    Unknown,
}

/// Packages whose clients ask for messages.
const BOTS: &[&str] = &[
    "aiogram",
    "discord",
    "disnake",
    "nextcord",
    "pyrogram",
    "slack_bolt",
    "telebot",
    "telegram",
    "telethon",
    "twitchio",
];
/// The methods by which they do.
const POLLING: &[&str] =
    &["infinity_polling", "polling", "run", "run_polling", "run_until_disconnected", "start", "start_polling"];

/// Methods that give nothing back until they are ended, of schedulers and of clients of queues, and the class of one whose
/// `start` does so.
const LASTING: &[&str] = &["BlockingScheduler", "loop_forever", "run_forever", "start_consuming"];
/// Packages of what is used at a screen or a board: their loops are no services.
const AT_HAND: &[&str] = &[
    "PyQt5",
    "PyQt6",
    "PySide2",
    "PySide6",
    "RPi",
    "arcade",
    "board",
    "curses",
    "kivy",
    "machine",
    "pyautogui",
    "pygame",
    "pynput",
    "tkinter",
    "turtle",
];

/// The arguments of the calls that serve by which they do it for development.
const DEVELOPING: &[&str] = &["debug", "reload", "auto_reload", "use_reloader", "use_debugger"];

/// Every program of a project, also those that an install of it makes. Modules that another one imports are parts of it.
pub(crate) fn find(sources: &Sources, programs: &[Program]) -> Vec<Script> {
    let imported = |module: &Module| {
        let imports = sources.modules.iter().filter(|m| m.path != module.path);
        imports
            .flat_map(|m| m.imports.iter().map(move |import| (m, import)))
            // What a function imports when it is called may be the program that called it.
            .filter(|(_, import)| import.scope.is_top())
            .any(|(from, import)| import.modules().any(|name| sources.place(&from.path, &name) == Some(&*module.path)))
    };
    let scripts = sources.modules.iter().filter_map(|module| Some((module, of(sources, module, programs)?)));
    let is_own = |(module, script): &(&Module, Script)| script.program.is_some() || !imported(module);
    scripts.filter(is_own).map(|(_, script)| script).collect()
}

/// The program whose function a module has.
fn program<'p>(module: &Module, programs: &'p [Program]) -> Option<&'p Program> {
    programs.iter().find(|program| {
        let base = program.module.replace('.', "/");
        let paths = [format!("{base}.py"), format!("{base}/__init__.py")];
        let path = module.path.strip_prefix("src/").unwrap_or(&module.path);
        let has_function = || module.functions.iter().any(|function| function.name == program.function);
        paths.iter().any(|own| own == path) && has_function()
    })
}

fn of(sources: &Sources, module: &Module, programs: &[Program]) -> Option<Script> {
    // Streamlit runs every page from the one that it is given.
    let page = module.path.split('/').any(|folder| folder == "pages") || is_page(sources, module);
    let draws = |call: &Call| {
        let called = foreign(sources, module, call).unwrap_or_default();
        called.starts_with("streamlit.") && !called.starts_with("streamlit.testing.")
    };
    let line = (!page).then(|| module.calls().find(|(scope, call)| *scope != Scope::Class && draws(call))).flatten();
    if let Some((_, call)) = line {
        let runs = Runs::Served { framework: Framework::Streamlit, on: On::Every, port: 8501 };
        return Some(Script {
            path: module.path.clone(),
            at: module.line(call.line),
            runs,
            program: None,
            develops: None,
        });
    }
    // What a function does is done where the module calls functions when it is run.
    let runs = |scope: Scope, call: &Call| {
        let own = |function: &Function| call.callee.name() == Some(&*function.name);
        scope == Scope::Program || (scope.is_top() && module.functions.iter().any(own))
    };
    let program = program(module, programs);
    let is_program = program.is_some() || module.calls().any(|(scope, call)| runs(scope, call));
    let done = |scope: Scope| scope.is_top() || is_program;
    // What asks somebody at a terminal is a tool for whoever sets a bot up.
    let asks = || module.calls().any(|(_, call)| call.callee.name() == Some("input"));
    let found = module.calls().filter(|(scope, _)| done(*scope)).find_map(|(_, call)| {
        let polls = || polls(sources, module, call) && !asks();
        let runs = served(sources, module, call).or_else(|| polls().then_some(Runs::Bot))?;
        let develops = DEVELOPING.iter().find_map(|word| {
            let keyword = call.keyword(word).filter(|keyword| keyword.value == Expression::Flag(true))?;
            Some(module.line(keyword.line))
        });
        // https://nicegui.io/documentation/section_configuration_deployment: it reloads unless it is told not to.
        let reloads =
            matches!(runs, Runs::Served { framework: Framework::NiceGui, .. }) && call.keyword("reload").is_none();
        let develops = develops.or_else(|| reloads.then(|| module.line(call.line)));
        let (path, program) = (module.path.clone(), program.cloned());
        Some(Script { path, at: module.line(call.line), runs, program, develops })
    });
    found.or_else(|| {
        let at = lasting(module, program.map(|program| &*program.function)).filter(|_| !asks())?;
        let (path, program) = (module.path.clone(), program.cloned());
        Some(Script { path, at: module.line(at), runs: Runs::Loop, program, develops: None })
    })
}

/// How many functions lie between a program and its loop.
const CALLS: usize = 4;

/// The line from which a program goes on until it is ended, when it is run, or by the function that is its `entry`.
fn lasting(module: &Module, entry: Option<&str>) -> Option<usize> {
    if module.imports.iter().any(|import| AT_HAND.contains(&import.package())) {
        return None;
    }
    let mut called: Vec<&str> = entry.into_iter().collect();
    let is_done = |called: &[&str], scope: Scope| match scope {
        Scope::Module | Scope::Branch | Scope::Program => true,
        Scope::Function(at) => module.functions.get(at).is_some_and(|function| called.contains(&&*function.name)),
        Scope::Class => false,
    };
    for _ in 0..CALLS {
        let done = module.calls().filter(|(scope, _)| is_done(&called, *scope)).map(|(_, call)| call.method());
        called = done.chain(called.iter().copied()).collect();
        called.sort_unstable();
        called.dedup();
    }
    let mut loops = module.statements.iter().filter(|line| line.does == Does::Forever);
    let mut calls = module.calls().filter(|(_, call)| LASTING.contains(&call.method()));
    let by_loop = loops.find(|line| is_done(&called, line.scope)).map(|line| line.line);
    by_loop.or_else(|| calls.find(|(scope, _)| is_done(&called, *scope)).map(|(_, call)| call.line))
}

/// Whether another module names it as a page of its own: `st.Page("views/home.py")`
fn is_page(sources: &Sources, module: &Module) -> bool {
    sources.modules.iter().any(|of| {
        let mut pages = of.calls().filter(|(_, call)| call.method() == "Page");
        pages.any(|(_, call)| {
            let named = call.argument(0, "page").and_then(Expression::text);
            named.is_some_and(|named| paths::join(paths::folder(&of.path), named) == module.path)
        })
    })
}

/// The whole name of what is called, where it is another package's.
fn foreign(sources: &Sources, module: &Module, call: &Call) -> Option<String> {
    match sources.resolve(module, call.callee.name()?) {
        Referent::Foreign(name) => Some(name),
        _ => None,
    }
}

fn served(sources: &Sources, module: &Module, call: &Call) -> Option<Runs> {
    let called = foreign(sources, module, call).unwrap_or_default();
    let uses = |package: &str| module.imports.iter().any(|import| import.package() == package);
    // Where the host stands among the arguments without a keyword.
    let mut position = usize::MAX;
    let (framework, host, port) = match (called.as_str(), call.method()) {
        ("aiohttp.web.run_app", _) => (Framework::Aiohttp, On::Every, 8080),
        ("uvicorn.run", _) => (hidden(sources, module, call)?, On::Loopback, 8000),
        ("waitress.serve", _) => (hidden(sources, module, call)?, On::Every, 8080),
        ("bottle.run", _) => (Framework::Bottle, On::Loopback, 8080),
        ("nicegui.ui.run", _) => (Framework::NiceGui, On::Every, 8080),
        // Where it listens is told by the environment.
        (_, "launch") if uses("gradio") => (Framework::Gradio, On::Every, 7860),
        (_, "listen") if uses("tornado") && !call.positional.is_empty() => {
            position = 1;
            (Framework::Tornado, On::Every, 8888)
        }
        (_, "run" | "run_server") => {
            position = 0;
            match made(sources, module, call.receiver()?)? {
                framework @ Framework::Sanic => (framework, On::Loopback, 8000),
                framework @ (Framework::Flask | Framework::Quart) => (framework, On::Loopback, 5000),
                framework @ Framework::Bottle => (framework, On::Loopback, 8080),
                // By the variable HOST, where the code says nothing.
                framework @ Framework::Dash => (framework, On::Every, 8050),
                _ => return None,
            }
        }
        _ => return None,
    };
    let named = ["host", "server_name", "address"].iter().find_map(|name| call.keyword(name));
    let on = match named.map(|keyword| &keyword.value).or_else(|| call.positional.get(position)) {
        None => host,
        Some(Expression::Text(host)) if matches!(host.as_str(), "0.0.0.0" | "::" | "") => On::Every,
        Some(Expression::Text(host)) if matches!(host.as_str(), "127.0.0.1" | "localhost" | "::1") => On::Loopback,
        Some(_) => On::Unknown,
    };
    Some(Runs::Served { framework, on, port })
}

/// The framework of an application that the module makes, or has made, out of a server's reach.
fn hidden(sources: &Sources, module: &Module, serves: &Call) -> Option<Framework> {
    let assigned = module.assigned().find_map(|(_, name, _)| self::made(sources, module, name));
    let called =
        || module.calls().find_map(|(_, call)| super::objects::constructed(sources, module, call.callee.name()?));
    assigned.or_else(called).or_else(|| elsewhere(sources, module, serves.positional.first()?))
}

/// The framework of an application that another module's function makes of its arguments, or gives a name to.
fn elsewhere(sources: &Sources, module: &Module, value: &Expression) -> Option<Framework> {
    let name = match value {
        Expression::Call(call) => call.callee.name()?,
        Expression::Name(name) => {
            let given = module.assigned().find(|(_, target, _)| target == name).and_then(|(.., value)| value.call());
            given.map_or(Some(name.as_str()), |call| call.callee.name())?
        }
        _ => return None,
    };
    let Referent::Own(of, name) = sources.resolve(module, name) else { return None };
    let called = || {
        let mut calls = of.calls().filter(|(scope, _)| is_in(of, *scope, &name));
        calls.find_map(|(_, call)| super::objects::constructed(sources, of, call.callee.name()?))
    };
    made(sources, of, &name).or_else(called)
}

/// Whether what stands in a scope is done by the function of that name.
fn is_in(module: &Module, scope: Scope, name: &str) -> bool {
    matches!(scope, Scope::Function(at) if module.functions.get(at).is_some_and(|function| function.name == name))
}

/// The framework of what a name is given, in whatever part of the module.
fn made(sources: &Sources, module: &Module, name: &str) -> Option<Framework> {
    let mut given = module.assigned().filter(|(_, target, _)| *target == name);
    given.find_map(|(.., value)| super::objects::framework_of(sources, module, value))
}

/// Whether a call asks for messages.
fn polls(sources: &Sources, module: &Module, call: &Call) -> bool {
    let bots = || module.imports.iter().any(|import| BOTS.contains(&import.package()));
    if !POLLING.contains(&call.method()) || !bots() {
        return false;
    }
    // `run` and `start` are everybody's words: they must be the client's.
    if !matches!(call.method(), "run" | "start") {
        return true;
    }
    let client = |class: &str| match sources.resolve(module, class) {
        Referent::Foreign(name) => BOTS.contains(&name.split('.').next().unwrap_or_default()),
        Referent::Own(of, name) => {
            let class = of.classes.iter().find(|class| class.name == name);
            let bases = class.into_iter().flat_map(|class| class.bases.iter().filter_map(Expression::name));
            bases.into_iter().any(|base| match sources.resolve(of, base) {
                Referent::Foreign(name) => BOTS.contains(&name.split('.').next().unwrap_or_default()),
                _ => false,
            })
        }
        _ => false,
    };
    let Some(receiver) = call.receiver() else { return false };
    let mut given = module.assigned().filter(|(_, target, _)| *target == receiver);
    given.any(|(.., value)| value.call().and_then(|call| call.callee.name()).is_some_and(client))
}

/// What takes work from a queue: the words behind which its module goes, and the line that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    /// The package: its program has the same name.
    pub(crate) package: &'static str,
    /// The module's path.
    pub(crate) path: String,
    /// What the program is told behind the module's name: `.WorkerSettings`. Of RQ the queue's own name, which is all that
    /// it is told; empty where the code works that out.
    pub(crate) name: String,
    /// The line that says so.
    pub(crate) at: Evidence,
}

/// Every place from which work is taken: a Celery application, arq's settings, Dramatiq's actors, RQ's queues.
pub(crate) fn queues(sources: &Sources) -> Vec<Queue> {
    let mut found = Vec::new();
    for module in &sources.modules {
        let queue = |package, name: &str, line| Queue {
            package,
            path: module.path.clone(),
            name: name.to_owned(),
            at: module.line(line),
        };
        let celery = module.assigned().find(|(statement, _, value)| {
            statement.scope.is_top() && value.call().is_some_and(|call| is_celery(sources, module, call, LEVELS))
        });
        found.extend(celery.map(|(statement, name, _)| {
            let own = || queue("celery", &format!(":{name}"), statement.line);
            worker_of(sources, module, name).unwrap_or_else(own)
        }));
        let settings = module.classes.iter().find(|class| class.name == "WorkerSettings");
        found.extend(settings.map(|class| queue("arq", ".WorkerSettings", class.line)));
        let actor = module.functions.iter().find_map(|function| {
            function.decorators.iter().find_map(|(line, decorator)| {
                let name = decorator.name().or_else(|| decorator.call()?.callee.name())?;
                match sources.resolve(module, name) {
                    Referent::Foreign(name) if name == "dramatiq.actor" => Some(*line),
                    _ => None,
                }
            })
        });
        found.extend(actor.map(|line| queue("dramatiq", "", line)));
        found.extend(rq(sources, module).into_iter().map(|(name, line)| queue("rq", &name, line)));
    }
    found
}

/// The module that is made for a worker to start from, where there is one: it takes the application from where that is made,
/// and gives it what it needs to do its work.
fn worker_of(sources: &Sources, of: &Module, name: &str) -> Option<Queue> {
    const STEMS: [&str; 4] = ["celery_worker", "celery_app", "worker", "run_celery"];
    let made_for_it = sources.modules.iter().filter(|module| {
        STEMS.contains(&module.stem()) && paths::file_name(&module.path) != "__init__.py" && module.path != of.path
    });
    made_for_it.flat_map(|module| module.imports.iter().map(move |import| (module, import))).find_map(|(module, import)| {
        let taken = import.scope.is_top() && import.name.is_some();
        let is_it = || {
            matches!(sources.resolve(module, &import.local), Referent::Own(own, n) if own.path == of.path && n == name)
        };
        (taken && is_it()).then(|| Queue {
            package: "celery",
            path: module.path.clone(),
            name: format!(":{}", import.local),
            at: module.line(import.line),
        })
    })
}

/// How many classes and functions lie between a name and Celery's own class.
const LEVELS: usize = 4;

/// Whether a call makes an application of Celery's: by its class, by one that derives from it, or by a function that does.
fn is_celery(sources: &Sources, module: &Module, call: &Call, levels: usize) -> bool {
    let (Some(levels), Some(name)) = (levels.checked_sub(1), call.callee.name()) else { return false };
    let is_class = |name: &str| name.starts_with("celery.") && last(name) == "Celery";
    match sources.resolve(module, name) {
        Referent::Foreign(name) => is_class(&name),
        Referent::Own(of, name) => {
            let class = of.classes.iter().find(|class| class.name == name);
            let mut bases = class.into_iter().flat_map(|class| class.bases.iter().filter_map(Expression::name));
            let derives = bases.any(|base| matches!(sources.resolve(of, base), Referent::Foreign(b) if is_class(&b)));
            derives || of.calls().any(|(scope, call)| is_in(of, scope, &name) && is_celery(sources, of, call, levels))
        }
        _ => false,
    }
}

/// The line by which Celery has work for the clock:
/// <https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html>
pub(crate) fn times(sources: &Sources) -> Option<Evidence> {
    const NAMES: [&str; 3] = ["beat_schedule", "CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE"];
    sources.modules.iter().find_map(|module| {
        let mut assigned = module.assigned();
        let assigned =
            assigned.find(|(_, target, _)| NAMES.contains(&last(target.split('[').next().unwrap_or_default())));
        let called = || {
            let mut calls = module.calls();
            calls.find(|(_, call)| call.method() == "add_periodic_task" || call.keyword("beat_schedule").is_some())
        };
        let line = assigned.map(|(statement, ..)| statement.line).or_else(|| Some(called()?.1.line))?;
        Some(module.line(line))
    })
}

/// The queues of RQ that a module gives work to, each with its line: `Queue("mail")`, `@job("mail")`. The name may be left
/// out: <https://python-rq.org/docs/>
fn rq(sources: &Sources, module: &Module) -> Vec<(String, usize)> {
    let name = |call: &Call, keyword: &str| match call.argument(0, keyword) {
        None => "default".to_owned(),
        Some(name) => name.text().unwrap_or_default().to_owned(),
    };
    let is = |called: Option<String>, class: &str| {
        called.is_some_and(|called| called.starts_with("rq.") && last(&called) == class)
    };
    let made = module.calls().filter(|(_, call)| is(foreign(sources, module, call), "Queue"));
    let made = made.map(|(_, call)| (name(call, "name"), call.line));
    let decorators = module.functions.iter().flat_map(|function| &function.decorators);
    let decorated = decorators.filter_map(|(line, decorator)| {
        let call = decorator.call().filter(|call| is(foreign(sources, module, call), "job"))?;
        Some((name(call, "queue"), *line))
    });
    made.chain(decorated).collect()
}
