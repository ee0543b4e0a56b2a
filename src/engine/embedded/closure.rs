//! The closure: whether an image has every library that its packages need.

use super::assemble::Order;
use super::error::Error;
use super::ground::Ground;
use super::means::Means;
use super::reading::Reading;
use crate::dockerfile::Platform;
use crate::image::closure::{Inventory, Missing, Places, Subject, missing};

/// What these files lack on this ground, so that something fails.
pub(super) async fn lacks(
    order: &Order<'_>,
    ground: &Ground,
    own: &Inventory,
    platform: &Platform,
    means: &Means<'_>,
) -> Result<Vec<Missing>, Error> {
    let mut whole = match (order.base, &ground.base) {
        (Some(origin), Some(base)) => Reading { order, origin, base }.inventory(means).await?,
        _ => Inventory::default(),
    };
    whole.lay(ground.inventory.clone().unwrap_or_default());
    let base = whole.layers();
    whole.lay(own.clone());
    let library_path = ground.run.variable("LD_LIBRARY_PATH").unwrap_or_default();
    let subject =
        Subject { inventory: &whole, architecture: &platform.architecture, library_path, places: Places::Ours, base };
    Ok(missing(&subject).into_iter().filter(Missing::fails).collect())
}
