//! A promise: what of an examined image a manifest can contradict.

use super::examine::Examined;
use crate::image::contract::User;
use crate::image::process::Process;
use crate::image::reference::ImageRef;
use crate::manifests::against::{Named, Promise, Promised, Runs};
use crate::workload::{Compiled, Probes, Who};

fn promised((process, probes): &(Process, Option<Probes>)) -> Promised {
    let Process { command, healthcheck, .. } = process.clone();
    Promised { args: command, healthcheck, probes: probes.clone() }
}

/// What a manifest can contradict. `asked` is what the image was asked for by, where it was by a reference.
pub fn promise(examined: &Examined, asked: Option<&ImageRef>) -> Promise {
    let shown = examined.shown();
    let user = match (&shown.contract.user, shown.compiled.identity) {
        (User::Numeric { .. }, Some(i)) => Runs::Numbers { uid: i.uid, gid: Some(i.gid) },
        (User::Numeric { uid, gid }, None) => Runs::Numbers { uid: *uid, gid: *gid },
        (User::Named(name), identity) => Runs::Name { name: name.clone(), numbers: identity.map(|i| (i.uid, i.gid)) },
        (User::Root(_), _) if matches!(shown.known.who, Who::OfBase | Who::Unknown(_)) => {
            Runs::Name { name: "of the base".to_owned(), numbers: None }
        }
        (User::Root(_), _) => Runs::Root,
    };
    Promise {
        image: examined.reference.as_ref().map(|reference| Named {
            path: reference.repository().path().to_owned(),
            selector: asked.map(|a| a.selector().to_owned()).unwrap_or_default(),
            digest: reference.digest().as_str().to_owned(),
        }),
        user,
        healthcheck: shown.contract.healthcheck.clone(),
        probes: shown.compiled.probes.clone(),
        question: Compiled::question(&shown.contract, &shown.known),
        ports: shown.contract.ports.clone(),
        stop_signal: shown.contract.stop_signal.clone(),
        processes: shown.compiled.processes.iter().map(promised).collect(),
    }
}
