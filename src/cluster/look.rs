//! A look: a Deployment's rollout as it is at one moment, whoever began it and when.

use std::fmt::Debug;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use serde::de::DeserializeOwned;

use super::connect::Cluster;
use super::error::Error;
use super::logs::{Fetched, Logs};
use super::object::Identity;
use super::refusal::{Action, Reason, Refusal};
use super::watch::{PAGE, PAGES, Watched, selector};
use crate::rollout::{Aim, Change, Observed, Progress, Revision, Tail, Verdict, history, progress, verdict};

/// What was seen.
#[derive(Debug, Clone)]
pub struct Look {
    /// The Deployment.
    pub deployment: Deployment,
    /// The revisions that can be gone back to, the newest first, with the one that is there now.
    pub revisions: Vec<Revision>,
    /// What else was seen.
    pub observed: Observed,
    aim: Aim,
    at: Timestamp,
}

impl Look {
    /// How its rollout stands. How long a state has lasted is read from the objects.
    pub fn verdict(&self) -> Verdict {
        verdict(&self.observed, &self.aim, self.at)
    }

    /// How far it is, whatever the verdict.
    pub fn progress(&self) -> Progress {
        progress(&self.observed, &self.aim, self.at)
    }

    /// The revision that the Deployment asks for now; none while it has no ReplicaSet.
    pub fn current(&self) -> Option<&Revision> {
        self.revisions.iter().find(|r| r.is_current)
    }
}

/// The Deployment's name and place.
pub(super) fn identity(cluster: &Cluster, name: &str) -> Identity {
    Identity { kind: "Deployment".into(), name: name.into(), namespace: Some(cluster.namespace.clone()) }
}

/// Looks at the Deployment of that name; `blind` is told what would help to judge it and may not be read.
pub async fn look(cluster: &Cluster, name: &str, mut blind: impl FnMut(&Error)) -> Result<Look, Error> {
    let deployments: Api<Deployment> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let object = identity(cluster, name);
    let Some(deployment) = cluster.ask(Action::Read, &object, || deployments.get_opt(name)).await? else {
        return Err(absent(cluster, object).await);
    };
    let labels = selector(&deployment);
    let (sets, pods, events) = futures_util::join!(
        list::<ReplicaSet>(cluster, Some(&labels)),
        list::<Pod>(cluster, Some(&labels)),
        list::<Event>(cluster, None),
    );
    let (sets, pods) = (sets?, pods?);
    let events = match events {
        Ok(events) => events,
        Err(error) if is_forbidden(&error) => {
            blind(&error);
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    // By the objects' own clock it began when it was made; nothing of it is from before.
    let begun = deployment.metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |t| t.0);
    let revisions = history(&deployment, &sets);
    let mut seen = Look {
        aim: Aim::of(&deployment, begun),
        observed: Observed::found(deployment.clone(), Timestamp::now()),
        deployment,
        revisions,
        at: Timestamp::now(),
    };
    let there = sets.into_iter().map(Watched::object).chain(pods.into_iter().map(Watched::object));
    let said = events.into_iter().filter(|event| event.is_about(name)).map(Watched::object);
    for object in there.chain(said) {
        seen.observed.take(Change::Present(object), seen.at);
    }
    read_logs(cluster, &mut seen, blind).await;
    Ok(seen)
}

/// Fetches the logs that the verdict wants, and those that it wants once it has these.
async fn read_logs(cluster: &Cluster, seen: &mut Look, mut blind: impl FnMut(&Error)) {
    let mut logs = Logs::new(cluster);
    let mut told = false;
    loop {
        seen.observed.logs_wanted(&seen.aim).into_iter().for_each(|wanted| logs.ask(wanted));
        if logs.is_idle() {
            return;
        }
        let tail = match logs.next().await {
            Fetched::Tail(tail) => tail,
            Fetched::Blind(run, error) => {
                if !std::mem::replace(&mut told, true) {
                    blind(&error);
                }
                Tail { run, text: String::new() }
            }
        };
        seen.observed.take(Change::Log(tail), seen.at);
    }
}

async fn absent(cluster: &Cluster, object: Identity) -> Error {
    // Who may not list them is not told which there are.
    let mut known: Vec<String> =
        list::<Deployment>(cluster, None).await.unwrap_or_default().iter().map(ResourceExt::name_any).collect();
    known.sort();
    let reason = Reason::Absent { known };
    Error::Refused(Box::new(Refusal { action: Action::Read, object, reason, standing: None }))
}

fn is_forbidden(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if matches!(refusal.reason, Reason::Forbidden(_)))
}

/// All objects of a kind in the namespace, in pages, up to as many as a verdict reads.
async fn list<K>(cluster: &Cluster, labels: Option<&str>) -> Result<Vec<K>, Error>
where
    K: Watched + DeserializeOwned + Debug,
{
    let api: Api<K> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let kind = K::kind(&()).into_owned();
    let all = Identity { kind, name: String::new(), namespace: Some(cluster.namespace.clone()) };
    let mut params =
        ListParams { limit: Some(PAGE), label_selector: labels.map(str::to_owned), ..ListParams::default() };
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let page = cluster.ask(Action::Read, &all, || api.list(&params)).await?;
        found.extend(page.items);
        params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
        if params.continue_token.is_none() {
            break;
        }
    }
    Ok(found)
}
