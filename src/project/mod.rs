//! What a Python project is: every decision with the evidence that it rests on.

mod companions;
pub mod decision;
mod dependencies;
mod django;
mod elsewhere;
mod entry;
mod era;
mod error;
mod framework;
mod health;
mod hosts;
mod import_root;
mod json;
mod launch;
mod lock;
mod manager;
mod manifest;
mod marker;
mod name;
mod paths;
mod pdm;
mod pin;
mod pipenv;
mod poetry;
mod port;
mod process;
mod procfile;
mod program;
mod pylock;
mod pyproject;
mod python;
mod requirement;
mod requirements;
mod scan;
mod server;
mod setup;
mod standard_library;
mod start;
mod static_files;
mod suggestion;
pub mod support;
mod toml_file;
mod unsupported;
mod uv_lock;
mod wheels;
mod workspace;

use std::collections::BTreeMap;
use std::fmt;

pub use self::companions::{Companion, companions};
pub use self::dependencies::{Dependencies, Dependency, DependencySource, IndexUse, Parts};
pub use self::error::Error;
pub use self::framework::{Framework, Interface};
pub use self::health::Health;
pub use self::manager::{Locker, Manager, UnknownManager};
pub use self::name::name;
pub use self::process::{Process, ProcessKind, StatedProcess, is_process_name, stated as stated_processes};
pub use self::python::{NotAVersion, PythonVersion};
pub use self::static_files::BuildStep;
pub use decision::{Decision, Evidence};
pub(crate) use marker::Target as Markers;
pub(crate) use process::titled;
pub use requirements::{Flat, Replacement, flatten};
pub use workspace::{Member, only_member};

use self::lock::{Lock, Of};
use self::manifest::Manifest;
use self::marker::Target;
use self::pyproject::Pyproject;
use self::scan::Sources;
use self::start::{Start, Starter};
use self::workspace::Workspace;
use crate::source::SourceTree;

/// What the user has stated, which beats anything detected.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// The project's name.
    pub name: Option<Decision<String>>,
    /// The version of Python.
    pub python: Option<Decision<PythonVersion>>,
    /// The manager whose file counts.
    pub manager: Option<Decision<Manager>>,
    /// The extras and groups that are installed.
    pub parts: Parts,
    /// The command that starts the project, in exec form.
    pub command: Option<Decision<Vec<String>>>,
    /// The port that it listens on.
    pub port: Option<Decision<u16>>,
    /// The path that a probe asks for.
    pub health_path: Option<Decision<String>>,
    /// What else it runs, by name.
    pub processes: BTreeMap<String, StatedProcess>,
    /// Whether a build gathers the static files; where it is not stated, it does where the settings of Django say where to.
    pub collect_static: Option<bool>,
}

/// Whether a project answers requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It listens on a port.
    Web,
    /// It does not.
    Worker,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Web => "web",
            Self::Worker => "worker",
        })
    }
}

/// A Python project, as far as it matters to its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name: a DNS label that begins with a letter.
    pub name: Decision<String>,
    /// Its version, where it is stated.
    pub version: Option<Decision<String>>,
    /// What it says of itself in one line.
    pub description: Option<String>,
    /// The manager of its dependencies.
    pub manager: Decision<Manager>,
    /// The Python that it runs on.
    pub python: Decision<PythonVersion>,
    /// What it depends on.
    pub dependencies: Dependencies,
    /// The web framework, if it is written with one.
    pub framework: Option<Decision<Framework>>,
    /// Whether it answers requests.
    pub kind: Decision<Kind>,
    /// What starts it, in exec form.
    pub command: Decision<Vec<String>>,
    /// The port that it listens on; `None` for a worker.
    pub port: Option<Decision<u16>>,
    /// What a probe checks; `None` for a worker.
    pub health: Option<Decision<Health>>,
    /// What it runs beside that, by name.
    pub processes: Vec<Process>,
    /// The command by which a build gathers its static files.
    pub static_files: Option<Decision<BuildStep>>,
    /// The folder that the code is imported from, where that is not the root and the project is not installed.
    pub import_root: Option<Decision<String>>,
    /// What the program that is started must find in its environment.
    pub env: Vec<(String, String)>,
    /// What a user should know of the way in which it is started, one sentence each.
    pub notes: Vec<String>,
}

impl Project {
    /// Decides everything from a project's files and from what is stated.
    pub fn read(tree: &SourceTree, stated: &Stated) -> Result<Self, Error> {
        let mut pyproject = Pyproject::read(tree)?;
        let workspace = Workspace::find(tree, pyproject.as_ref())?;
        let workspace = workspace.as_ref();
        // A lock that does not count need not be readable.
        let locks = Lock::all(tree, workspace, stated.manager.as_ref().map(|manager| manager.value))?;
        let locked = lock::python(tree, &locks)?;
        if let (Some(pyproject), Some((_, locked)), Some(_)) = (&mut pyproject, &locked, workspace) {
            pyproject.narrow_python(&locked.text);
        }
        let pyproject = pyproject.as_ref();
        let setuptools = setup::read(tree).ok().and_then(|setup| setup.python);
        let range = locked.as_ref().map(|(_, python)| python).or(setuptools.as_ref());
        let mut python = python::decide(tree, workspace, pyproject, range, stated)?;
        let choose = |python: PythonVersion| {
            let of = Of { tree, pyproject, workspace, parts: &stated.parts, target: Target::new(python) };
            Manifest { of, locks: &locks }.choose(stated)
        };
        let mut chosen = choose(python.value)?;
        if let Some(lacking) = wheels::lacks(&chosen.1, python.value) {
            let whole = |python: PythonVersion| {
                let chosen = choose(python).ok()?;
                wheels::lacks(&chosen.1, python).is_none().then_some((python, chosen))
            };
            // What has wheels for none of them is compiled for the newest.
            if let Some((earlier, whole)) = python::earlier(&python, pyproject, range)?.into_iter().find_map(whole) {
                python.because = format!("{}; {lacking}", python.because);
                python.value = earlier;
                chosen = whole;
            }
        }
        let (manager, dependencies) = chosen;
        if let Some((of, locked)) = locked.filter(|(of, _)| *of == manager.value)
            && !python::allows(&locked, python.value)?
        {
            let what = format!("it was made for python {}, and {} is used", locked.text, python.value);
            let lock = locks.iter().find(|lock| lock.manager() == of);
            return Err(lock.map_or(Error::StaleLock { manager: of, what: what.clone() }, |lock| lock.stale(what)));
        }
        // What takes the work of a queue need not be imported by what gives it.
        let is_plain = |found: &Start| {
            let lacks_worker = dependencies.queue().is_some() && found.processes.is_empty();
            dependencies.frameworks(true).count() < 2 && !found.is_django() && !lacks_worker
        };
        let start = |sources| Starter { tree, sources, pyproject, dependencies: &dependencies, stated }.decide();
        let near = Sources::near(tree)?;
        let start = match start(&near) {
            // Where several frameworks are asked for, there may be more than what lies near; and Django's settings and
            // routes are named by strings.
            Ok(found) if !near.is_partial || is_plain(&found) => found,
            found if !near.is_partial => found?,
            _ => start(&Sources::read(tree)?)?,
        };
        let Start { framework, kind, command, port, health, import_root, env, processes, static_files, notes } = start;
        let processes = process::stated(processes, &stated.processes)?;
        let version = pyproject.and_then(|p| p.version.clone());
        Ok(Self {
            name: name::decide(tree, pyproject, stated)?,
            version: version.map(|located| Decision::seen(located.text, "the version in pyproject.toml", located.at)),
            description: pyproject.and_then(|p| p.description.clone()),
            manager,
            python,
            dependencies,
            framework,
            kind,
            command,
            port,
            health,
            processes,
            static_files,
            import_root,
            env,
            notes,
        })
    }
}
