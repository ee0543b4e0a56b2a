//! An interpreter: a Python that runs on this machine, to compile for an image.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::dockerfile::Platform;
use crate::image::closure;

/// Where libraries are, below an image's root.
const LIBRARIES: [&str; 5] = ["usr/local/lib", "lib", "lib64", "usr/lib", "usr/lib64"];
/// The largest program that is looked into, in bytes.
const LARGEST: u64 = 128 << 20;

/// A Python that runs on this machine.
#[derive(Debug, Clone)]
pub struct Interpreter {
    program: PathBuf,
    before: Vec<OsString>,
    home: Option<PathBuf>,
}

/// Why an unpacked image's interpreter can't be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file, or it can't be read.
    #[error("could not read the interpreter {}", path.display())]
    Unreadable {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is no program.
    #[error("{} is no program", .0.display())]
    NoProgram(PathBuf),
    /// It is made for another machine than this one.
    #[error("{} is made for another machine than this one", .0.display())]
    OtherMachine(PathBuf),
    /// What loads its libraries was not unpacked with it.
    #[error("{} is loaded by {loader}, which is not there", path.display())]
    NoLoader {
        /// The interpreter.
        path: PathBuf,
        /// Its loader, as it names it.
        loader: String,
    },
}

impl Interpreter {
    /// One of this machine.
    pub fn host(program: PathBuf) -> Self {
        Self { program, before: Vec::new(), home: None }
    }

    /// An image's own, by its absolute path in the image, unpacked below `root`: it is run by its own loader, with its
    /// own libraries, and needs nothing of this machine.
    pub fn from_root(root: &Path, python: &str) -> Result<Self, Error> {
        let path = root.join(python.trim_start_matches('/'));
        let unreadable = |source| Error::Unreadable { path: path.clone(), source };
        if std::fs::metadata(&path).map_err(unreadable)?.len() > LARGEST {
            return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
        }
        let bytes = std::fs::read(&path).map_err(unreadable)?;
        let object = closure::object(&bytes.into()).map_err(unreadable)?;
        let object = object.ok_or_else(|| Error::NoProgram(path.clone()))?;
        if object.machine.name() != Platform::here().architecture {
            return Err(Error::OtherMachine(path));
        }
        let home = python.rsplit_once("/bin/").map(|(home, _)| root.join(home.trim_start_matches('/')));
        // Linked statically, it loads itself.
        let Some(loader) = object.interpreter else { return Ok(Self { program: path, before: Vec::new(), home }) };
        let folders = libraries(root);
        let name = loader.rsplit('/').next().unwrap_or(&loader);
        let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
        let no_loader = || Error::NoLoader { path: path.clone(), loader: loader.clone() };
        let program = found.ok_or_else(no_loader)?;
        let mut before = Vec::new();
        if name.starts_with("ld-linux") {
            before.push("--inhibit-cache".into());
        }
        before.push("--library-path".into());
        before.push(std::env::join_paths(&folders).map_err(|_| no_loader())?);
        before.push(path.into());
        Ok(Self { program, before, home })
    }

    /// What is started.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The command that runs a program's text in it, with nothing of this machine's settings.
    pub(super) fn command(&self, text: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.before).args(["-S", "-s", "-c", text]);
        command.env_clear().env("PYTHONHASHSEED", "0").env("PYTHONUTF8", "1");
        match &self.home {
            // It may keep the bytecode of its own first modules: the next start is quicker.
            Some(home) => command.env("PYTHONHOME", home),
            None => command.env("PYTHONDONTWRITEBYTECODE", "1"),
        };
        command.current_dir(std::env::temp_dir());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }
}

/// The folders of libraries that are there; on Debian most are in one that is named for the machine.
fn libraries(root: &Path) -> Vec<PathBuf> {
    let triplet = closure::Machine::of(&Platform::here().architecture).and_then(closure::Machine::multiarch);
    let triplet = triplet.unwrap_or_default();
    let folders = LIBRARIES.iter().flat_map(|folder| [root.join(folder).join(triplet), root.join(folder)]);
    folders.filter(|folder| folder.is_dir()).collect()
}
