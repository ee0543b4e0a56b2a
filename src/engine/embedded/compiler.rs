//! A compiler: the interpreter that makes the bytecode of an image.
//!
//! The base's own comes first, run from its unpacked files by its own loader: what it makes depends on the base alone,
//! and not on the machine that builds. Bytecode is the same on every processor, so an image for another one is compiled
//! by the base of this one. Where no base runs here, a Python of this machine does it, and where there is none, the first
//! start has to.

use std::path::Path;

use super::assemble::Order;
use super::bytecode::{self, Compiled};
use super::error::Error;
use super::interpreter::Interpreter;
use super::means::Means;
use super::reading::Reading;
use super::unpacked::{Unpacked, interpreter_needs};
use crate::cache::{Folder, Key, Kind};
use crate::dockerfile::Platform;
use crate::engine::Event;
use crate::image::layer::{Node, Tree};
use crate::project::PythonVersion;

/// The interpreter that makes the bytecode of an image.
pub(super) struct Compiler {
    interpreter: Interpreter,
    version: PythonVersion,
    /// For the keys of what it compiles.
    pub(super) identity: String,
    /// As long as it is held, nobody prunes what the interpreter is made of.
    _folder: Option<Folder>,
}

/// What no bytecode costs, as measured for FastAPI, uvicorn and psycopg: 2.6 s of processor time in place of 0.7.
const COST: &str = "each start compiles what it imports, some two seconds of processor time for a FastAPI service";

impl Compiler {
    /// The interpreter at this path of what is unpacked in a folder.
    pub(super) fn new(folder: Folder, python: &str, version: PythonVersion, identity: String) -> Result<Self, Error> {
        let interpreter = Interpreter::from_root(folder.path(), python).map_err(Error::Interpreter)?;
        Ok(Self { interpreter, version, identity, _folder: Some(folder) })
    }

    /// Whether it runs on this machine.
    fn works(&self, scratch: &Path) -> bool {
        let mut tree = Tree::default();
        let inserted = tree.insert("trial.py", Node::file(0o644, "pass\n"));
        inserted.is_ok() && self.compile(&tree, scratch).is_ok_and(|compiled| !compiled.tree.is_empty())
    }

    /// Compiles every source in a tree.
    pub(super) fn compile(&self, tree: &Tree, scratch: &Path) -> Result<Compiled, Error> {
        bytecode::compile(&self.interpreter, self.version, tree, scratch).map_err(Error::Bytecode)
    }
}

/// The interpreter of a base that is for this machine.
pub(super) async fn of_base(reading: &Reading<'_, '_>, python: &str, means: &Means<'_>) -> Result<Compiler, Error> {
    let identity = reading.base.digest.to_string();
    // A cache may come from another machine.
    let here = Platform::here().to_string();
    let key = Key::new("interpreter-works").part("base", &identity).part("python", python).part("here", here);
    let works: Option<bool> = means.cache.find(Kind::Base, &key);
    if works == Some(false) {
        return Err(Error::NoInterpreter);
    }
    let folder = reading.interpreter(means).await?;
    let compiler = Compiler::new(folder, python, reading.order.plan.python, identity)?;
    if works.is_none() {
        let scratch = means.cache.scratch()?;
        let works = tokio::task::block_in_place(|| compiler.works(scratch.path()));
        means.cache.keep(Kind::Base, &key, &works)?;
        if !works {
            return Err(Error::NoInterpreter);
        }
    }
    Ok(compiler)
}

/// A Python of this machine, where the base's own can't run; none where there is none. What that costs is told.
pub(super) async fn of_host(order: &Order<'_>, means: &Means<'_>) -> Result<Option<Compiler>, Error> {
    let (uv, version) = (means.uv(order).await?, order.plan.python);
    let warn = |text: String| (means.events)(&Event::Warning(text));
    let Some(path) = uv.python(version).await else {
        warn(format!("no Python {version} runs here, so the image gets no bytecode: {COST}"));
        return Ok(None);
    };
    let identity = format!("host {}", path.display());
    let compiler = Compiler { interpreter: Interpreter::host(path.clone()), version, identity, _folder: None };
    let scratch = means.cache.scratch()?;
    if !tokio::task::block_in_place(|| compiler.works(scratch.path())) {
        warn(format!(
            "{} does not compile for Python {version}, so the image gets no bytecode: {COST}",
            path.display()
        ));
        return Ok(None);
    }
    warn(format!(
        "bytecode is made by {}, since the base's own Python does not run here: digests depend on it",
        path.display()
    ));
    Ok(Some(compiler))
}

/// The interpreter in trees that make a root together.
pub(super) fn unpack<'t>(means: &Means<'_>, key: &Key, trees: impl Iterator<Item = &'t Tree>) -> Result<Folder, Error> {
    let unpack = |folder: &Path| {
        let mut unpacked = Unpacked::new(folder);
        for tree in trees {
            unpacked.tree(tree, interpreter_needs)?;
        }
        unpacked.finish()
    };
    Ok(means.cache.folder(Kind::Interpreter, key, || {}, unpack)?)
}
