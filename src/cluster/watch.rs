//! A watch: all that changes about one Deployment's rollout, as it changes.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use kube::core::Selector;
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::connect::{Cluster, because};
use super::error::Error;
use super::object::Identity;
use super::refusal::{Action, Reason, Refusal};
use crate::rollout::{Change, Kind, Object};

/// Objects a page: <https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks>.
pub(super) const PAGE: u32 = 500;
/// Pages of events that are read of a namespace: they come in no order, and a verdict needs few.
pub(super) const PAGES: usize = 20;
/// A watch is begun anew so often, in seconds: it bounds how long a lost connection goes unnoticed.
const WATCH: u32 = 60;
/// What a server's own end of a watch may be late by.
const GRACE: Duration = Duration::from_secs(5);
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);
/// Changes that wait to be taken in, before the server is left to wait.
const WAITING: usize = 1000;

/// What a watch tells.
#[derive(Debug)]
pub(super) enum Told {
    /// Something was seen.
    Seen(Change),
    /// All of a kind that was there at first has been told.
    Begun(Kind),
    /// The server does not answer; the watch goes on when it does.
    Away(String),
    /// It answers again.
    Back,
    /// What may not be watched, though the verdict can do without.
    Blind(Error),
    /// What may not be watched, and must be.
    Refused(Error),
}

/// The watches of one rollout; they end when this is dropped.
pub(super) struct Watch {
    told: mpsc::Receiver<Told>,
    _tasks: JoinSet<()>,
}

impl Watch {
    /// Watches the Deployment of that name, with what its selector finds, and what is said of any of them.
    pub(super) fn begin(cluster: &Cluster, deployment: &Deployment) -> Self {
        let name = deployment.name_any();
        let labels = selector(deployment);
        let (sender, told) = mpsc::channel(WAITING);
        let mut tasks = JoinSet::new();
        let follower = |selection: Selection| Follower { cluster: cluster.clone(), selection, sender: sender.clone() };
        let fields = format!("metadata.name={name}");
        let only = Selection { labels: None, fields: Some(fields), prefix: None };
        tasks.spawn(follower(only).follow::<Deployment>());
        let ours = Selection { labels: Some(labels), fields: None, prefix: None };
        tasks.spawn(follower(ours.clone()).follow::<ReplicaSet>());
        tasks.spawn(follower(ours).follow::<Pod>());
        let said = Selection { labels: None, fields: None, prefix: Some(name) };
        tasks.spawn(follower(said).follow::<Event>());
        Self { told, _tasks: tasks }
    }

    /// What is told next; none once every watch has ended.
    pub(super) async fn next(&mut self) -> Option<Told> {
        self.told.recv().await
    }

    /// What has been told already, if anything.
    pub(super) fn ready(&mut self) -> Option<Told> {
        self.told.try_recv().ok()
    }
}

/// What finds the Deployment's Pods, in text.
pub(super) fn selector(deployment: &Deployment) -> String {
    let labels = deployment.spec.as_ref().map(|s| s.selector.clone()).unwrap_or_default();
    // What does not parse the API server has not taken either.
    Selector::try_from(labels).map(|selector| selector.to_string()).unwrap_or_default()
}

/// A kind that a rollout is seen by.
pub(super) trait Watched:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static
{
    const KIND: Kind;
    fn object(self) -> Object;

    /// Whether it is about a Deployment of that name, or about what is named after it.
    fn is_about(&self, _: &str) -> bool {
        true
    }
}

impl Watched for Deployment {
    const KIND: Kind = Kind::Deployment;
    fn object(self) -> Object {
        Object::Deployment(Box::new(self))
    }
}

impl Watched for ReplicaSet {
    const KIND: Kind = Kind::ReplicaSet;
    fn object(self) -> Object {
        Object::ReplicaSet(Box::new(self))
    }
}

impl Watched for Pod {
    const KIND: Kind = Kind::Pod;
    fn object(self) -> Object {
        Object::Pod(Box::new(self))
    }
}

impl Watched for Event {
    const KIND: Kind = Kind::Event;
    fn object(self) -> Object {
        Object::Event(Box::new(self))
    }

    /// Claims have names of their own.
    fn is_about(&self, name: &str) -> bool {
        let of = |kind: &str| self.involved_object.kind.as_deref() == Some(kind);
        of("PersistentVolumeClaim") || self.involved_object.name.as_deref().is_some_and(|n| n.starts_with(name))
    }
}

/// Which objects of a kind.
#[derive(Debug, Clone)]
struct Selection {
    labels: Option<String>,
    fields: Option<String>,
    prefix: Option<String>,
}

/// Follows the objects of one kind.
struct Follower {
    cluster: Cluster,
    selection: Selection,
    sender: mpsc::Sender<Told>,
}

/// Why a list or a watch came to its end.
enum Ended {
    /// Nobody listens any more.
    Unheard,
    /// What we know is too old: <https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses>.
    Expired,
    /// In the ordinary way, or for a reason that passes.
    Passing(Option<kube::Error>),
    /// For good.
    Refused(kube::Error),
}

impl From<kube::Error> for Ended {
    fn from(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) if status.code == 410 => Self::Expired,
            kube::Error::Api(status) if [401, 403, 404].contains(&status.code) => Self::Refused(error),
            _ => Self::Passing(Some(error)),
        }
    }
}

impl Follower {
    async fn follow<K: Watched>(self) {
        let api: Api<K> = Api::namespaced(self.cluster.client.clone(), &self.cluster.namespace);
        let mut version: Option<String> = None;
        let mut begun = false;
        let mut away = false;
        let mut pause = FIRST;
        loop {
            let ended = match &mut version {
                None => self.list(&api).await.map(|listed| version = Some(listed)),
                Some(version) => self.watch(&api, version, &mut away).await,
            };
            let ended = match ended {
                Ok(()) if !begun => {
                    begun = true;
                    if self.tell(Told::Begun(K::KIND)).await.is_err() {
                        return;
                    }
                    None
                }
                Ok(()) => None,
                Err(Ended::Passing(None)) => {
                    tokio::time::sleep(FIRST).await;
                    None
                }
                Err(Ended::Unheard) => return,
                Err(Ended::Expired) => {
                    version = None;
                    None
                }
                Err(Ended::Passing(Some(error))) => Some(error),
                // A server that has just come back may not have its rules at hand yet.
                Err(Ended::Refused(error)) if away => Some(error),
                Err(Ended::Refused(error)) => {
                    let _ = self.tell(self.refused::<K>(&error)).await;
                    return;
                }
            };
            let Some(error) = ended else {
                pause = FIRST;
                continue;
            };
            away = true;
            // What is over within a second is not worth a word.
            if pause >= LONGEST / 2 && self.tell(Told::Away(because(&error).0)).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// Tells all that is there; the version from which changes are to be watched.
    async fn list<K: Watched>(&self, api: &Api<K>) -> Result<String, Ended> {
        let mut params = ListParams { limit: Some(PAGE), ..ListParams::default() };
        params.label_selector.clone_from(&self.selection.labels);
        params.field_selector.clone_from(&self.selection.fields);
        let mut there = BTreeSet::new();
        let mut version = String::new();
        for _ in 0..PAGES {
            let answer = tokio::time::timeout(Duration::from_secs(30), api.list(&params)).await;
            let page = answer.map_err(|_| Ended::Passing(Some(slow())))??;
            version = page.metadata.resource_version.unwrap_or_default();
            for object in page.items {
                there.extend(object.uid());
                self.see(object).await?;
            }
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if params.continue_token.is_none() {
                break;
            }
        }
        if params.continue_token.is_none() {
            self.tell(Told::Seen(Change::Listed(K::KIND, there))).await?;
        }
        Ok(version)
    }

    /// Tells what changes, until the server ends the watch.
    async fn watch<K: Watched>(&self, api: &Api<K>, version: &mut String, away: &mut bool) -> Result<(), Ended> {
        let params = WatchParams {
            label_selector: self.selection.labels.clone(),
            field_selector: self.selection.fields.clone(),
            timeout: Some(WATCH),
            bookmarks: true,
            send_initial_events: false,
        };
        let whole = Duration::from_secs(WATCH.into()) + GRACE;
        let begun = tokio::time::timeout(whole, api.watch(&params, version)).await;
        let mut stream = begun.map_err(|_| Ended::Passing(Some(slow())))??.into_stream().boxed();
        if std::mem::take(away) {
            self.tell(Told::Back).await?;
        }
        let until = tokio::time::Instant::now() + whole;
        let mut heard = false;
        loop {
            let next = tokio::time::timeout_at(until, stream.next()).await;
            let Some(event) = next.map_err(|_| Ended::Passing(Some(slow())))? else { break };
            heard = true;
            match event? {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    *version = object.resource_version().unwrap_or_default();
                    self.see(object).await?;
                }
                WatchEvent::Deleted(object) => {
                    *version = object.resource_version().unwrap_or_default();
                    self.tell(Told::Seen(Change::Gone(object.object()))).await?;
                }
                WatchEvent::Bookmark(mark) => *version = mark.metadata.resource_version,
                WatchEvent::Error(status) => return Err(kube::Error::Api(status).into()),
            }
        }
        // A server that ends a watch at once is on its way down, or up.
        let early = tokio::time::Instant::now() + Duration::from_secs(WATCH.into()) / 2 < until;
        match (early, heard) {
            (true, false) => Err(Ended::Passing(Some(slow()))),
            (true, true) => Err(Ended::Passing(None)),
            (false, _) => Ok(()),
        }
    }

    async fn see<K: Watched>(&self, object: K) -> Result<(), Ended> {
        if self.selection.prefix.as_ref().is_some_and(|prefix| !object.is_about(prefix)) {
            return Ok(());
        }
        self.tell(Told::Seen(Change::Present(object.object()))).await
    }

    async fn tell(&self, told: Told) -> Result<(), Ended> {
        self.sender.send(told).await.map_err(|_| Ended::Unheard)
    }

    fn refused<K: Watched>(&self, error: &kube::Error) -> Told {
        let kind = K::kind(&()).into_owned();
        let object = Identity { kind, name: String::new(), namespace: Some(self.cluster.namespace.clone()) };
        let error = self.cluster.told(Action::Watch, &object, error);
        let forbidden = |r: &Refusal| matches!(r.reason, Reason::Forbidden(_));
        match &error {
            Error::Refused(refusal) if K::KIND == Kind::Event && forbidden(refusal) => Told::Blind(error),
            _ => Told::Refused(error),
        }
    }
}

fn slow() -> kube::Error {
    kube::Error::Service(Box::new(std::io::Error::from(std::io::ErrorKind::TimedOut)))
}
