//! The code: a project's own files as the last layer, compiled.

use super::assemble::Order;
use super::error::Error;
use super::ground::Ground;
use super::means::Means;
use crate::cache::Key;
use crate::image::assembly::Layer;

/// Where the code is, relative to the image's root.
pub const FOLDER: &str = "app";
/// What the layer holds, in a word.
const WHAT: &str = "code";

pub(super) fn layer(order: &Order<'_>, ground: &Ground, means: &Means<'_>) -> Result<Layer, Error> {
    let key = order
        .keyed(Key::new("code"))
        .part("code", order.code.digest)
        .part("python", &ground.python)
        .part("compiler", ground.compiled_by());
    // What is compiled is read from there while the layer is written.
    let mut held = None;
    means.layer(&key, WHAT, order.form, || {
        let mut tree = order.code.tree.clone();
        let Some(compiler) = &ground.compiler else { return Ok(tree) };
        let scratch = held.insert(means.cache.scratch()?);
        for (path, node) in compiler.compile(&tree, scratch.path())?.tree.iter() {
            // A __pycache__ that is a file of the project's own stays one.
            let _ = tree.insert(path, node.clone());
        }
        Ok(tree)
    })
}
