//! A compiler: the interpreter that makes the bytecode of an image.
//!
//! The base's own comes first, run from its unpacked files by its own loader: what it makes depends on the base alone,
//! and not on the machine that builds. Bytecode is the same on every processor, so an image for another one is compiled
//! by the base of this one.

use std::io;
use std::path::Path;

use super::assemble::Order;
use super::base::Origin;
use super::bytecode::{self, Compiled};
use super::error::Error;
use super::ground::{self, Ground};
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
    /// Compiles every source in a tree.
    pub(super) fn compile(&self, tree: &Tree, scratch: &Path) -> Result<Compiled, Error> {
        bytecode::compile(&self.interpreter, self.version, tree, scratch).map_err(Error::Bytecode)
    }
}

/// The interpreter of the ground's own base, as it is for this machine.
pub(super) async fn of_base(
    order: &Order<'_>,
    origin: &Origin,
    here: &Ground,
    means: &Means<'_>,
) -> Result<Compiler, Error> {
    let key = Key::new("interpreter").part("base", &here.identity).part("python", &here.python);
    let found = means.cache.find_folder(Kind::Interpreter, &key)?;
    let folder = match found {
        Some(folder) => folder,
        None => {
            let blobs = ground::fetch(origin, &here.base, means).await?;
            let (cache, python) = (means.cache.clone(), here.python.clone());
            let making = tokio::task::spawn_blocking(move || {
                cache.folder(
                    Kind::Interpreter,
                    &key,
                    || {},
                    |folder| {
                        let mut unpacked = Unpacked::new(folder);
                        for blob in &blobs {
                            let opened = blob.open().map_err(UnpackError::Layer)?;
                            let tar = decompress(opened).map_err(|e| UnpackError::Layer(io::Error::other(e)))?;
                            unpacked.layer(tar, |path| is_needed(path, &python))?;
                        }
                        unpacked.finish()
                    },
                )
            });
            making.await.map_err(|e| Error::Crashed(e.to_string()))??
        }
    };
    let interpreter = Interpreter::from_root(folder.path(), &here.python).map_err(Error::Interpreter)?;
    Ok(Compiler { interpreter, version: order.plan.python, identity: here.identity.clone(), _folder: folder })
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
