//! A compiler: the interpreter that makes the bytecode of an image.
//!
//! The base's own comes first, run from its unpacked files by its own loader: what it makes depends on the base alone,
//! and not on the machine that builds. Bytecode is the same on every processor, so an image for another one is compiled
//! by the base of this one.

use std::io;
use std::path::Path;

use super::base::{Base, Origin};
use super::bytecode::{self, Compiled};
use super::error::Error;
use super::ground;
use super::interpreter::Interpreter;
use super::means::Means;
use super::unpacked::{Error as UnpackError, Unpacked};
use crate::cache::{Folder, Key, Kind};
use crate::image::layer::Tree;
use crate::image::rootfs::compression::decompress;
use crate::project::PythonVersion;

/// The interpreter that makes the bytecode of an image.
pub(super) struct Compiler {
    interpreter: Interpreter,
    version: PythonVersion,
    /// For the keys of what it compiles.
    pub(super) identity: String,
    /// As long as it is held, nobody prunes what the interpreter is made of.
    _folder: Folder,
}

impl Compiler {
    /// The interpreter at this path of what is unpacked in a folder.
    pub(super) fn new(folder: Folder, python: &str, version: PythonVersion, identity: String) -> Result<Self, Error> {
        let interpreter = Interpreter::from_root(folder.path(), python).map_err(Error::Interpreter)?;
        Ok(Self { interpreter, version, identity, _folder: folder })
    }

    /// Compiles every source in a tree.
    pub(super) fn compile(&self, tree: &Tree, scratch: &Path) -> Result<Compiled, Error> {
        bytecode::compile(&self.interpreter, self.version, tree, scratch).map_err(Error::Bytecode)
    }
}

/// The interpreter of a base that is for this machine.
pub(super) async fn of_base(
    origin: &Origin,
    base: &Base,
    python: &str,
    version: PythonVersion,
    means: &Means<'_>,
) -> Result<Compiler, Error> {
    let identity = base.digest.to_string();
    let key = Key::new("interpreter").part("base", &identity).part("python", python);
    let folder = if let Some(folder) = means.cache.find_folder(Kind::Interpreter, &key)? {
        folder
    } else {
        let blobs = ground::fetch(origin, &base.layers, means).await?;
        let unpack = |folder: &Path| {
            let mut unpacked = Unpacked::new(folder);
            for blob in &blobs {
                let opened = blob.open().map_err(UnpackError::Layer)?;
                let tar = decompress(opened).map_err(|e| UnpackError::Layer(io::Error::other(e)))?;
                unpacked.layer(tar, |path| is_needed(path, python))?;
            }
            unpacked.finish()
        };
        tokio::task::block_in_place(|| means.cache.folder(Kind::Interpreter, &key, || {}, unpack))?
    };
    Compiler::new(folder, python, version, identity)
}

/// The interpreter in trees that make a root together.
pub(super) fn unpack(means: &Means<'_>, key: &Key, trees: &[Tree], python: &str) -> Result<Folder, Error> {
    let unpack = |folder: &Path| {
        let mut unpacked = Unpacked::new(folder);
        for tree in trees {
            unpacked.tree(tree, |path| is_needed(path, python))?;
        }
        unpacked.finish()
    };
    Ok(means.cache.folder(Kind::Interpreter, key, || {}, unpack)?)
}

/// What an interpreter reads to start and to compile: itself, the C library, and the library's few modules that are not
/// in it.
fn is_needed(path: &str, python: &str) -> bool {
    let library = python.replace("/bin/python", "/lib/python");
    let library = library.trim_start_matches('/');
    let in_library = path.strip_prefix(library).and_then(|p| p.strip_prefix('/'));
    if let Some(rest) = in_library {
        return rest.starts_with("encodings/") || (!rest.contains('/') && rest.ends_with(".py"));
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    path == python.trim_start_matches('/') || (name.contains(".so") && !path.contains("/python3"))
}
