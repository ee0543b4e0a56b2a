//! The code: a project's own files as the last layer, compiled.

use super::assemble::Order;
use super::error::Error;
use super::ground::Ground;
use super::means::Means;
use crate::cache::Key;
use crate::image::assembly::Layer;

/// Where the code is, relative to the image's root.
pub const FOLDER: &str = "app";

pub(super) async fn layer(order: &Order<'_>, ground: &Ground, means: &Means<'_>) -> Result<Layer, Error> {
    let key = order.keyed(Key::new("code")).part("code", order.code.digest).part("ground", &ground.identity);
    means.layer(&key, "code", order.form, || Ok(order.code.tree.clone()))
}
