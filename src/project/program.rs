//! What is started by running a module, or by the program of a queue.

#[cfg(test)]
use super::Stated;
use super::health::Health;
use super::import_root::{self, Importable};
use super::launch::{Launch, Program as Sort};
use super::process::writable;
use super::pyproject::Program;
use super::scan::scripts::{self, On, Queue, Runs, Script};
use super::server::Server;
use super::start::{Start, Starter};
use super::{Decision, Error, Framework, Kind, Process, ProcessKind, port, server};

/// The package that keeps Celery's times in Django's database: <https://django-celery-beat.readthedocs.io>
const STORED_TIMES: &str = "django-celery-beat";
/// Where the health of a Streamlit application is asked for: <https://docs.streamlit.io/deploy/tutorials/docker>
const STREAMLIT_HEALTH: &str = "/_stcore/health";

impl Starter<'_> {
    /// Starts a program that serves.
    pub(super) fn run(&self, script: &Script, framework: Framework, on: On, own: u16) -> Result<Start, Error> {
        if on == On::Loopback {
            return Err(Error::Loopback { framework, at: script.at.clone() });
        }
        let streamlit = framework == Framework::Streamlit;
        let module = self.sources.get(&script.path).filter(|_| !streamlit);
        let port = port::of_script(module, own, self.stated)?;
        let (python, import_root) = self.python(script);
        let (command, because) = if streamlit {
            let number = port.value.to_string();
            let words = ["streamlit", "run", &script.path, "--server.address", "0.0.0.0", "--server.port", &number];
            let quiet = ["--server.headless", "true", "--browser.gatherUsageStats", "false"];
            (
                words.into_iter().chain(quiet).map(str::to_owned).collect(),
                "a script that draws with Streamlit".to_owned(),
            )
        } else {
            let worked_out = if on == On::Unknown { ", on an address that it works out" } else { "" };
            let by = script.program.as_ref().map(|Program { name, at, .. }| format!(", by its program {name} ({at})"));
            let by = by.unwrap_or_default();
            (python, format!("the code serves its {framework} application itself{worked_out}{by}"))
        };
        let health = || {
            if streamlit {
                let path = STREAMLIT_HEALTH.to_owned();
                return Decision::seen(Health::Http { path, host: None }, "Streamlit's own", script.at.clone());
            }
            self.seen_health(framework, Some(&script.path))
        };
        // https://www.gradio.app/guides/environment-variables
        let env = match framework {
            Framework::Gradio => vec![
                ("GRADIO_SERVER_NAME".to_owned(), "0.0.0.0".to_owned()),
                ("GRADIO_SERVER_PORT".to_owned(), port.value.to_string()),
                ("GRADIO_ANALYTICS_ENABLED".to_owned(), "False".to_owned()),
            ],
            // https://dash.plotly.com/reference#app.run
            Framework::Dash => {
                vec![("HOST".to_owned(), "0.0.0.0".to_owned()), ("PORT".to_owned(), port.value.to_string())]
            }
            // What it keeps of its users it keeps in files: https://nicegui.io/documentation/storage
            Framework::NiceGui => vec![("NICEGUI_STORAGE_PATH".to_owned(), "/tmp/nicegui".to_owned())],
            _ => Vec::new(),
        };
        let dashboard = (framework == Framework::Dash).then(|| {
            "Dash's server is for development: write server = app.server below the application, and add gunicorn to the \
             dependencies"
                .to_owned()
        });
        Ok(Start {
            framework: Some(self.framework(framework, &script.at)),
            kind: Decision::seen(Kind::Web, "a server is started", script.at.clone()),
            command: Decision::seen(command, because, script.at.clone()),
            health: Some(self.health(health)),
            port: Some(port),
            import_root,
            env,
            processes: Vec::new(),
            static_files: None,
            notes: script.develops.iter().map(developing).chain(dashboard).collect(),
        })
    }

    /// How Python runs a module, and the folder that it is to import from.
    fn python(&self, script: &Script) -> (Vec<String>, Option<Decision<String>>) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let installed = self.dependencies.installs_project();
        let module = self.sources.get(&script.path).and_then(|module| import_root::of(self.sources, module, installed));
        match (&script.program, &module) {
            (Some(program), _) if installed => return (vec![program.name.clone()], None),
            // What an install would make a program of, without one.
            (Some(Program { function, .. }), Some(Importable { module, root })) => {
                let text = format!("import sys; from {module} import {function}; sys.exit({function}())");
                return (words(&["python", "-c", &text]), root.clone());
            }
            _ => {}
        }
        match module {
            // Python imports from the folder of the file that it runs, and with -m from where it is run.
            Some(module) if script.path.contains('/') && module.root.is_none() => {
                let root = Decision::seen(".".to_owned(), "the code is imported from there", script.at.clone());
                (words(&["python", "-m", &module.module]), (!installed).then_some(root))
            }
            Some(module) => (words(&["python", &script.path]), module.root),
            None => (words(&["python", &script.path]), None),
        }
    }

    /// What takes work instead of answering requests: the worker of a queue, or a bot.
    pub(super) fn work(&self, scripts: &[Script]) -> Result<Option<Start>, Error> {
        let bot = scripts.iter().any(|script| script.runs == Runs::Bot);
        if !bot && let Some((command, queue)) = self.queue()? {
            let mut because = format!("the code gives work to {}, and this takes it", queue.package);
            if queue.package == "rq" {
                because.push_str(" from the Redis that RQ_REDIS_URL names");
            }
            return Ok(Some(worker(command, because, &queue.at, self.root_of(&queue.path))));
        }
        let Some(bot) = one(scripts.iter().filter(|script| script.runs == Runs::Bot).collect())? else {
            return Ok(None);
        };
        let (command, import_root) = self.python(&bot);
        let because = "the code asks for messages until it is ended".to_owned();
        Ok(Some(worker(command, because, &bot.at, import_root)))
    }

    /// What does its work again and again: a program that lies where one is looked for.
    pub(super) fn looping(&self, scripts: &[Script]) -> Result<Option<Start>, Error> {
        let is_at_hand = |script: &&Script| {
            script.program.is_some() || !script.path.contains('/') || super::entry::rank(&script.path).is_some()
        };
        let all = scripts.iter().filter(|script| script.runs == Runs::Loop).filter(is_at_hand).collect();
        let Some(script) = one(all)? else { return Ok(None) };
        let (command, import_root) = self.python(&script);
        let because = "the code goes on until it is ended".to_owned();
        Ok(Some(worker(command, because, &script.at, import_root)))
    }

    /// The command that takes work from a queue.
    fn queue(&self) -> Result<Option<(Vec<String>, Queue)>, Error> {
        let queues = scripts::queues(self.sources);
        let installed = self.dependencies.installs_project();
        let listed = queues.into_iter().filter(|queue| self.dependencies.get(queue.package).is_some_and(|d| d.direct));
        let mut named = listed.filter_map(|queue| {
            let module = import_root::of(self.sources, self.sources.get(&queue.path)?, installed)?.module;
            let name = if queue.package == "rq" { queue.name.clone() } else { format!("{module}{}", queue.name) };
            Some((name, queue))
        });
        let Some((first, queue)) = named.next() else { return Ok(None) };
        let others: Vec<(String, Queue)> = named.filter(|(_, other)| other.package == queue.package).collect();
        let words: Vec<&str> = match queue.package {
            "celery" => vec!["celery", "-A", &first, "worker", "--loglevel", "INFO"],
            // Every module with actors has some of the work.
            "dramatiq" => {
                ["dramatiq", &*first].into_iter().chain(others.iter().map(|(name, _)| name.as_str())).collect()
            }
            // One worker takes from all of them, from the first before the next.
            "rq" => {
                let all: Vec<&str> =
                    [&*first].into_iter().chain(others.iter().map(|(name, _)| name.as_str())).collect();
                if all.contains(&"") {
                    let example = ["rq", "worker", "default"].map(str::to_owned).to_vec();
                    return Err(Error::NoCommand { example: Some(example) });
                }
                let mut words = vec!["rq", "worker"];
                for name in all {
                    if !words.iter().skip(2).any(|word| *word == name) {
                        words.push(name);
                    }
                }
                words
            }
            package => vec![package, &first],
        };
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        if !matches!(queue.package, "dramatiq" | "rq") && !others.is_empty() {
            let candidates = [(first.clone(), queue.at.clone())].into_iter();
            let candidates = candidates.chain(others.into_iter().map(|(name, other)| (name, other.at))).collect();
            return Err(Error::SeveralEntries { candidates, example: words });
        }
        Ok(Some((words, queue)))
    }

    /// What the code needs beside what is started: the worker of its queue, and what gives out work by the clock.
    pub(super) fn found_beside(&self, start: &mut Start) {
        // What is started may be the worker itself, or what asks for messages beside it.
        let (web, launch) = (start.kind.value == Kind::Web, Launch::new(&start.command.value));
        let is_worker = launch.kind() == Sort::Worker;
        let found = self.queue();
        if let (Err(error), true) = (&found, web) {
            start
                .notes
                .push(format!("what takes work from its queue does not run: {error}; [processes.worker] states it"));
        }
        let Ok(Some((mut command, queue))) = found else {
            start.notes.extend(self.unseen_queue(web));
            return;
        };
        let root = |root: &Option<Decision<String>>| root.as_ref().map(|root| root.value.clone());
        let (own, common) = (root(&self.root_of(&queue.path)), root(&start.import_root));
        let below = common.as_ref().filter(|folder| own.is_none() && queue.path.starts_with(&format!("{folder}/")));
        if let Some(folder) = below {
            // Nothing in the module says where it is imported from, and what is started does.
            let package = format!("{}.", folder.replace('/', "."));
            for word in &mut command {
                *word = word.replacen(&package, "", usize::from(word.starts_with(&package)));
            }
        } else if own != common {
            start.notes.push(format!(
                "what takes work from its queue ({}) does not run: its modules are imported from another folder than \
                 those of what is started; [processes.worker] states it",
                queue.at
            ));
            return;
        }
        let Queue { package, at, .. } = &queue;
        let is_own = !is_worker || start.command.value.first() == command.first();
        let schedules = ProcessKind::guess("", &start.command.value) == ProcessKind::Scheduler;
        if *package == "celery"
            && is_own
            && !schedules
            && let Some(times) = self.times()
        {
            let words = command.iter().map(|word| if word == "worker" { "beat".to_owned() } else { word.clone() });
            let because = "the code has work for the clock, and this gives it out".to_owned();
            let command = Decision::seen(self.keeping_times(words.collect()), because, times);
            start.processes.push(Process { name: "beat".into(), kind: ProcessKind::Scheduler, command, health: None });
        }
        if !is_worker {
            let because = format!("the code gives work to {package}, and this takes it");
            let command = Decision::seen(command, because, at.clone());
            start.processes.push(Process { name: "worker".into(), kind: ProcessKind::Worker, command, health: None });
        }
    }

    /// What is to be said of a queue that the project asks for, and of which nothing was found in a web application.
    fn unseen_queue(&self, web: bool) -> Option<String> {
        let package = self.dependencies.queue().filter(|_| web)?;
        let queues = scripts::queues(self.sources);
        queues.is_empty().then(|| {
            format!(
                "{package} is among the dependencies, and how its worker is started was not seen: if there is one, \
                 [processes.worker] states it"
            )
        })
    }

    /// What says that Celery has work for the clock.
    fn times(&self) -> Option<super::Evidence> {
        let stored = self.dependencies.get(STORED_TIMES).filter(|dependency| dependency.direct);
        scripts::times(self.sources).or_else(|| stored.map(|dependency| dependency.evidence.clone()))
    }

    /// A beat that can write down when it did what: in the database, where that is where its times are.
    fn keeping_times(&self, mut command: Vec<String>) -> Vec<String> {
        if self.dependencies.get(STORED_TIMES).is_some() {
            command.extend(["--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"].map(str::to_owned));
        }
        writable(command)
    }

    fn root_of(&self, path: &str) -> Option<Decision<String>> {
        let installed = self.dependencies.installs_project();
        import_root::of(self.sources, self.sources.get(path)?, installed)?.root
    }

    /// Whether the program that a command starts is installed; `None` where it is none that we know.
    pub(super) fn installs(&self, program: &str) -> Option<bool> {
        let package = if program == "waitress-serve" { "waitress" } else { program };
        let server = Server::of_package(package);
        let own = ["streamlit", "celery", "rq", "dramatiq", "arq", "flask"].contains(&package);
        let known = server.map(|server| server.is_among(self.dependencies));
        known.or_else(|| own.then(|| self.dependencies.get(package).is_some()))
    }
}

/// What a debugger and a reloader do to a service.
fn developing(at: &super::Evidence) -> String {
    format!(
        "the code serves for development ({at}): a debugger runs what it is told to, and a reloader starts a second process; \
         take that out, or let a variable decide it"
    )
}

fn worker(command: Vec<String>, because: String, at: &super::Evidence, import_root: Option<Decision<String>>) -> Start {
    Start {
        framework: None,
        kind: Decision::seen(Kind::Worker, "nothing listens on a port", at.clone()),
        command: Decision::seen(command, because, at.clone()),
        port: None,
        health: None,
        import_root,
        env: Vec::new(),
        processes: Vec::new(),
        static_files: None,
        notes: Vec::new(),
    }
}

/// Whether a program is one that no Python image has: a repository may have a front end, whose Procfile it is.
pub(super) fn is_foreign(program: &str) -> bool {
    [
        "bun",
        "bundle",
        "deno",
        "dotnet",
        "heroku",
        "java",
        "make",
        "nginx",
        "node",
        "npm",
        "npx",
        "php",
        "pnpm",
        "ruby",
        "supervisord",
        "yarn",
    ]
    .contains(&program)
}

/// The program that serves an application of one of these frameworks.
pub(super) fn serving(scripts: &[Script], frameworks: &[Framework]) -> Result<Option<Script>, Error> {
    let serves = |script: &&Script| frameworks.iter().any(|framework| script.serves(*framework));
    one(scripts.iter().filter(serves).collect())
}

/// A command that starts an application of a framework, as people write it.
pub(super) fn example(framework: Framework) -> Vec<String> {
    let words: &[&str] = match framework {
        Framework::Sanic => &["sanic", "main:app", "--host", "0.0.0.0", "--port", "8000"],
        Framework::Streamlit => &["streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.port", "8501"],
        Framework::Aiohttp | Framework::Gradio | Framework::Dash | Framework::NiceGui | Framework::Tornado => {
            &["python", "main.py"]
        }
        _ => match server::usual(framework) {
            Server::Uvicorn => &["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"],
            _ => &["gunicorn", "--bind", "0.0.0.0:8000", "main:app"],
        },
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The only program, or the likeliest by its name.
fn one(mut scripts: Vec<&Script>) -> Result<Option<Script>, Error> {
    let rank = |script: &Script| super::entry::rank(&script.path).unwrap_or(usize::MAX);
    scripts.sort_by_key(|script| rank(script));
    let best = scripts.first().map(|script| rank(script));
    scripts.retain(|script| Some(rank(script)) == best);
    match scripts.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some((*only).clone())),
        several => Err(Error::SeveralEntries {
            candidates: several.iter().map(|script| (script.path.clone(), script.at.clone())).collect(),
            example: match several {
                [Script { runs: Runs::Served { framework: Framework::Streamlit, .. }, path, .. }, ..] => {
                    ["streamlit", "run", path, "--server.address", "0.0.0.0"].map(str::to_owned).to_vec()
                }
                [first, ..] => vec!["python".to_owned(), first.path.clone()],
                [] => Vec::new(),
            },
        }),
    }
}

#[cfg(test)]
#[path = "program_tests.rs"]
mod tests;
