//! The accounts: who the service runs as, and the frame of its virtual environment, in a small layer that seldom changes.

use super::assemble::Order;
use super::error::Error;
use super::ground::Ground;
use super::means::Means;
use crate::cache::Key;
use crate::image::account::{AccountFiles, create};
use crate::image::assembly::Layer;
use crate::image::layer::Tree;

/// What the layer holds, in a word.
const WHAT: &str = "account";

pub(super) fn layer(order: &Order<'_>, ground: &Ground, means: &Means<'_>) -> Result<Option<Layer>, Error> {
    let venv = order.plan.install.runs();
    if order.plan.account.is_none() && !venv {
        return Ok(None);
    }
    let key = order
        .keyed(Key::new("account"))
        .part("ground", &ground.identity)
        .part("account", format!("{:?}", order.plan.account))
        .part("python", &ground.python)
        .part("venv", [u8::from(venv)]);
    means.layer(&key, WHAT, order.form, || tree(order, ground)).map(Some)
}

fn tree(order: &Order<'_>, ground: &Ground) -> Result<Tree, Error> {
    let [passwd, group, shadow, gshadow, subuid, subgid, login_defs] = AccountFiles::PATHS.map(|p| ground.files.get(p));
    let files = AccountFiles { passwd, group, shadow, gshadow, subuid, subgid, login_defs };
    let mut tree = match &order.plan.account {
        Some(account) => create(&files, account, order.plan.family)?,
        None => Tree::default(),
    };
    if order.plan.install.runs() {
        let frame = ground.venv(order).tree().map_err(|source| Error::Tree { what: WHAT.to_owned(), source })?;
        for (path, node) in frame.iter() {
            tree.insert(path, node.clone()).map_err(|source| Error::Tree { what: WHAT.to_owned(), source })?;
        }
    }
    Ok(tree)
}
