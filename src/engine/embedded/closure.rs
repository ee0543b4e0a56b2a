//! The closure: whether an image has every library that its packages need.

use super::base::Origin;
use super::error::Error;
use super::ground::{self, Ground};
use super::means::Means;
use crate::cache::{Key, Kind};
use crate::dockerfile::Platform;
use crate::image::closure::{Inventory, Missing, Places, Subject, missing};
use crate::image::rootfs::Limits;

/// What these files lack on this ground, so that something fails.
pub(super) async fn lacks(
    origin: Option<&Origin>,
    ground: &Ground,
    own: &Inventory,
    platform: &Platform,
    means: &Means<'_>,
) -> Result<Vec<Missing>, Error> {
    let mut whole = match origin {
        Some(origin) => of_base(origin, ground, means).await?,
        None => Inventory::default(),
    };
    whole.lay(ground.inventory.clone().unwrap_or_default());
    let base = whole.layers();
    whole.lay(own.clone());
    let library_path = ground.run.variable("LD_LIBRARY_PATH").unwrap_or_default();
    let subject =
        Subject { inventory: &whole, architecture: &platform.architecture, library_path, places: Places::Ours, base };
    Ok(missing(&subject).into_iter().filter(Missing::fails).collect())
}

/// What a loader may look at in a base: read once.
async fn of_base(origin: &Origin, ground: &Ground, means: &Means<'_>) -> Result<Inventory, Error> {
    let key = Key::new("inventory").part("base", &ground.identity);
    if let Some(found) = means.cache.find(Kind::Base, &key) {
        return Ok(found);
    }
    let blobs = ground::fetch(origin, &ground.base, means).await?;
    let image = origin.image.to_string();
    let reading = tokio::task::spawn_blocking(move || {
        let mut whole = Inventory::default();
        for blob in &blobs {
            let failed = |source| Error::BaseContent { image: image.clone(), source };
            let opened = blob.open().map_err(|e| failed(crate::image::rootfs::LayerError::Unreadable(e)))?;
            whole.lay(Inventory::of_archive(opened, &Limits::of(blob.size())).map_err(failed)?);
        }
        Ok::<_, Error>(whole)
    });
    let whole = reading.await.map_err(|e| Error::Crashed(e.to_string()))??;
    means.cache.keep(Kind::Base, &key, &whole)?;
    Ok(whole)
}
