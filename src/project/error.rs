//! Why a project could not be understood.

mod hint;

use super::{Evidence, Framework, Manager, PythonVersion};
use crate::source;

/// What stands in the way of deciding. Each is a fault of the project or of what was stated about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the project could not be read.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// A file is not TOML.
    #[error("could not read {at} as TOML: {message}")]
    Toml {
        /// The file and line.
        at: Evidence,
        /// What the parser said.
        message: String,
    },
    /// A key holds something that it can't.
    #[error("{key} in {at} should be {expected}")]
    Key {
        /// The dotted key.
        key: String,
        /// Where it stands.
        at: Evidence,
        /// What it should be.
        expected: String,
    },
    /// A line of a requirements file, or an entry of a list of dependencies, is not a requirement.
    #[error("could not read the requirement `{text}` ({at}): {reason}")]
    Requirement {
        /// The file and line.
        at: Evidence,
        /// The text, without credentials.
        text: String,
        /// What is wrong with it.
        reason: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A requirements file names an option that pip does not read there.
    #[error("unknown option {option} in {at}")]
    UnknownOption {
        /// The file and line.
        at: Evidence,
        /// The option.
        option: String,
        /// The nearest option that exists.
        nearest: Option<String>,
    },
    /// A file or folder that another one names is not there.
    #[error("{at} names {path}, which is not in the project")]
    MissingPath {
        /// Where it is named.
        at: Evidence,
        /// What is missing, relative to the root.
        path: String,
    },
    /// A path leads out of the project, so that it can't be part of the build context.
    #[error("{at} names {path}, which lies outside the build context")]
    OutsideContext {
        /// Where it is named.
        at: Evidence,
        /// The path as it is written.
        path: String,
    },
    /// Requirements files include each other in a circle, or hundreds deep.
    #[error("{at} includes {path}, which includes it in turn")]
    IncludeCycle {
        /// The line that closes the circle.
        at: Evidence,
        /// The file that it names.
        path: String,
    },
    /// Nothing in the directory is a Python project.
    #[error("nothing that looks like a Python project in {root}")]
    NothingFound {
        /// The name of the root folder.
        root: String,
        /// Folders below it that state dependencies.
        below: Vec<String>,
    },
    /// There is Python code that imports what nothing installs.
    #[error("nothing says what the project depends on, and {at} imports {module}")]
    NothingStated {
        /// The import.
        at: Evidence,
        /// What it imports.
        module: String,
        /// Folders below the root that state dependencies.
        below: Vec<String>,
    },
    /// Several files could be the one that states the dependencies.
    #[error("which requirements file is installed is not clear: {}", files.join(", "))]
    WhichRequirements {
        /// The files.
        files: Vec<String>,
    },
    /// A manager or a manifest that can't be built from yet.
    #[error("{what} are not supported yet ({at})")]
    Unsupported {
        /// What, in the plural.
        what: String,
        /// What gives it away.
        at: Evidence,
        /// The way out.
        mend: String,
    },
    /// What a process runs is neither stated nor found.
    #[error("the process {name} has no command")]
    ProcessCommand {
        /// Its name, as stated.
        name: String,
        /// The processes that there are beside it.
        known: Vec<String>,
    },
    /// The setting names a manager whose file is not there.
    #[error("the manager is stated to be {manager}, but there is no {file}")]
    ManagerFileMissing {
        /// The stated manager.
        manager: Manager,
        /// The file that it reads.
        file: String,
        /// The way out.
        mend: String,
    },
    /// Two manifests say different things.
    #[error("{what}")]
    WhichManager {
        /// How they differ.
        what: String,
        /// The managers that can be stated.
        managers: Vec<Manager>,
    },
    /// A pylock that can't be used, or no longer is of what is stated.
    #[error("could not use {file}: {what}")]
    Pylock {
        /// The lock.
        file: String,
        /// What is wrong.
        what: String,
        /// The way out.
        mend: String,
    },
    /// Several locks could be the one to install from.
    #[error("several locks could be the one to install from: {}", files.join(", "))]
    WhichPylock {
        /// Their files.
        files: Vec<String>,
    },
    /// Extras and groups are chosen of what has none that pydeploy can choose.
    #[error(
        "the settings choose extras or groups, and the dependencies are those that {manager} installs from its files"
    )]
    NoParts {
        /// The manager.
        manager: Manager,
    },
    /// An extra or a group is chosen that nothing states.
    #[error("the settings choose the {part}, which pyproject.toml does not state")]
    NoPart {
        /// It, with its kind.
        part: String,
        /// Those of its kind that are stated.
        known: Vec<String>,
    },
    /// The root of a workspace is no project, and several of its members could be meant.
    #[error("the root of a workspace is no project itself, and {}", of_members(members, able))]
    WhichMember {
        /// The folders of all its members.
        members: Vec<String>,
        /// Those that could be started.
        able: Vec<String>,
    },
    /// The lock was made for other dependencies than are stated.
    #[error("{} does not match {}: {what}", lock(*manager), manager.manifest())]
    StaleLock {
        /// Whose lock.
        manager: Manager,
        /// The difference.
        what: String,
    },
    /// The stated command listens elsewhere than the stated port.
    #[error("the setting `port` is {stated}, but the stated command listens on {port} ({flag})")]
    TwoPorts {
        /// The port of the setting.
        stated: u16,
        /// The command's flag.
        flag: String,
        /// Its port.
        port: u16,
    },
    /// Something that only a lock can answer.
    #[error("{what}, and there is no {}", lock(*manager))]
    NeedsLock {
        /// Whose lock.
        manager: Manager,
        /// What needs it.
        what: String,
    },
    /// A lock that this version can't read.
    #[error("could not use {}: {what}", lock(*manager))]
    Lock {
        /// Whose lock.
        manager: Manager,
        /// What is wrong.
        what: String,
        /// The way out.
        mend: String,
    },
    /// What states the Python version can't be read as one.
    #[error("could not read `{text}` ({at}) as a Python version")]
    PythonUnreadable {
        /// What it says.
        text: String,
        /// Where.
        at: Evidence,
    },
    /// No supported Python is what is asked for.
    #[error("python {text} is not supported{}", place(at.as_ref()))]
    PythonUnsupported {
        /// What is asked for.
        text: String,
        /// Where.
        at: Option<Evidence>,
        /// What would be accepted instead, where that can be told.
        mend: Option<String>,
    },
    /// Two places ask for different Pythons.
    #[error("{first_at} asks for python {first}, but {second_at} allows only {second}")]
    PythonContradiction {
        /// The first version.
        first: PythonVersion,
        /// Where.
        first_at: Evidence,
        /// What the other allows.
        second: String,
        /// Where.
        second_at: Evidence,
    },
    /// A stated name can't name a Deployment.
    #[error("`{name}` can't name a project: names are at most 63 of a-z, 0-9 and -, and start with a letter")]
    Name {
        /// The stated name.
        name: String,
        /// A name that would do.
        suggestion: String,
    },
    /// The application object was not found.
    #[error("found no {framework} application to start{}", place(near.as_ref()))]
    NoEntry {
        /// The framework.
        framework: Framework,
        /// A place that comes near, if there is one.
        near: Option<Evidence>,
        /// Why that place is not it.
        why: Option<String>,
        /// A ready value for the setting.
        example: Vec<String>,
    },
    /// Several applications could be the one to start.
    #[error("several applications could be the one to start: {}", list(candidates))]
    SeveralEntries {
        /// What is written for the server, and where it stands.
        candidates: Vec<(String, Evidence)>,
        /// A ready value for the setting.
        example: Vec<String>,
    },
    /// The code that serves the application listens where nothing reaches it.
    #[error(
        "the {framework} application listens on 127.0.0.1 alone ({at}), where nothing outside of its container reaches it"
    )]
    Loopback {
        /// The framework.
        framework: Framework,
        /// Where it is made to listen.
        at: Evidence,
    },
    /// No installed server can serve the application.
    #[error("no server for the {framework} application is among the dependencies{}", seen(elsewhere.as_ref()))]
    NoServer {
        /// The framework.
        framework: Framework,
        /// A server that is only stated for development or in an extra, and where.
        elsewhere: Option<(String, Evidence)>,
        /// The server to add.
        add: &'static str,
    },
    /// Only a server that can't serve this kind of application is installed.
    #[error("{server} alone can't serve a {framework} application ({at})")]
    WrongServer {
        /// The server.
        server: String,
        /// The framework.
        framework: Framework,
        /// Where the server is stated.
        at: Evidence,
        /// The server to add.
        add: &'static str,
    },
    /// Static files are to be gathered, and nothing can do it.
    #[error("collect-static is true, and there is no manage.py of Django's, which gathers static files")]
    NoManage,
    /// Nothing says what is to be run.
    #[error("nothing says which command starts the project")]
    NoCommand {
        /// A ready value for the setting, where one suggests itself.
        example: Option<Vec<String>>,
    },
}

fn of_members(members: &[String], able: &[String]) -> String {
    match able {
        [] => format!("none of its members says how it is started ({})", members.join(", ")),
        [one] => format!("its member {one} has settings of its own"),
        several => format!("several of its members can be started ({})", several.join(", ")),
    }
}

fn lock(manager: Manager) -> &'static str {
    manager.lock().unwrap_or("the lock")
}

fn place(at: Option<&Evidence>) -> String {
    at.map_or_else(String::new, |at| format!(" ({at})"))
}

fn list(candidates: &[(String, Evidence)]) -> String {
    candidates.iter().map(|(name, at)| format!("{name} ({at})")).collect::<Vec<_>>().join(", ")
}

fn seen(elsewhere: Option<&(String, Evidence)>) -> String {
    elsewhere.map_or_else(String::new, |(what, at)| format!("; {what} ({at})"))
}
