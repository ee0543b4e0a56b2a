//! Pruning: objects of an application that it no longer has.

use kube::api::{DeleteParams, DynamicObject, ListParams, Preconditions};

use super::connect::Cluster;
use super::error::Error;
use super::object::{Identity, KINDS, Kind, Target};
use super::refusal::Action;
use crate::manifests::PART_OF;

/// An object that the application no longer has.
#[derive(Debug, Clone)]
pub struct Stale {
    /// Which it is.
    pub identity: Identity,
    kind: Kind,
    uid: Option<String>,
}

impl Stale {
    /// Whether it holds data, and therefore stays until somebody deletes it by name.
    pub fn is_kept(&self) -> bool {
        self.kind.name == "PersistentVolumeClaim"
    }
}

/// What is in the cluster's namespace with our label for the application `name` or for a process of it, of the kinds that
/// we emit, and not among `targets`.
pub async fn stale(cluster: &Cluster, name: &str, targets: &[Target]) -> Result<Vec<Stale>, Error> {
    let params = ["app.kubernetes.io/name", PART_OF]
        .map(|label| ListParams::default().labels(&format!("app.kubernetes.io/managed-by=pydeploy,{label}={name}")));
    let lists = KINDS.iter().flat_map(|kind| params.iter().map(move |params| (kind, params)));
    let lists = lists.map(|(kind, params)| async move {
        let namespace = Some(cluster.namespace.clone());
        let all = Identity { kind: kind.name.into(), name: String::new(), namespace };
        let api = kind.api(cluster);
        let found = cluster.ask(Action::Read, &all, || api.list(params)).await?;
        Ok::<_, Error>(found.items.into_iter().filter_map(|object| told(*kind, cluster, object)).collect::<Vec<_>>())
    });
    let found = futures_util::future::try_join_all(lists).await?;
    let mut stale: Vec<Stale> = Vec::new();
    for one in found.into_iter().flatten() {
        let is_wanted = targets.iter().any(|target| target.identity == one.identity);
        if !is_wanted && stale.iter().all(|other| other.identity != one.identity) {
            stale.push(one);
        }
    }
    Ok(stale)
}

fn told(kind: Kind, cluster: &Cluster, object: DynamicObject) -> Option<Stale> {
    let namespace = Some(cluster.namespace.clone());
    let identity = Identity { kind: kind.name.into(), name: object.metadata.name?, namespace };
    Some(Stale { identity, kind, uid: object.metadata.uid })
}

/// Takes these away. What has been replaced since it was looked at stays; what holds data does too.
pub async fn prune(cluster: &Cluster, stale: &[Stale]) -> Result<(), Error> {
    for Stale { identity, kind, uid } in stale.iter().filter(|s| !s.is_kept()) {
        let preconditions = Some(Preconditions { uid: uid.clone(), resource_version: None });
        let params = DeleteParams { preconditions, ..DeleteParams::background() };
        let (api, name) = (kind.api(cluster), identity.name.as_str());
        let deleted = cluster.ask(Action::Delete, identity, || async {
            match api.delete(name, &params).await {
                Ok(_) => Ok(()),
                // Gone, or another one by the same name.
                Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => Ok(()),
                Err(error) => Err(error),
            }
        });
        deleted.await?;
    }
    Ok(())
}
