//! What is known of one Deployment's rollout at a moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::change::{Change, Kind, Object, Run, Tail};
use super::mark;
use super::note::Note;
use crate::plain;

/// So many Pods are looked at; of a larger rollout these tell.
pub(super) const PODS: usize = 1000;
/// ReplicaSets: a Deployment keeps ten that are old, unless told to keep more.
const REPLICA_SETS: usize = 200;
/// Events: the newest, warnings before others.
const EVENTS: usize = 4000;
/// What has gone: a late word of it must not bring it back.
const GONE: usize = 4000;
/// Logs.
const TAILS: usize = 64;
/// The end of a log, in bytes.
const TAIL: usize = 16 * 1024;

/// An object, and since when each mark is on it.
#[derive(Debug, Clone)]
pub(super) struct Marked<T> {
    pub(super) object: T,
    pub(super) since: BTreeMap<String, Timestamp>,
}

impl<T> Marked<T> {
    /// When a mark was first seen without a break.
    pub(super) fn since(&self, mark: &str) -> Option<Timestamp> {
        self.since.get(mark).copied()
    }
}

/// What became of the Deployment.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// It is there.
    There(Box<Deployment>),
    /// It was deleted; another of its name may have taken its place.
    Gone,
}

/// What is known of one Deployment's rollout at a moment. What comes late, twice or out of order changes nothing.
#[derive(Debug, Clone)]
pub struct Observed {
    name: String,
    namespace: String,
    uid: String,
    pub(super) deployment: Subject,
    pub(super) replica_sets: BTreeMap<String, Marked<ReplicaSet>>,
    pub(super) pods: BTreeMap<String, Marked<Pod>>,
    pub(super) notes: BTreeMap<String, Note>,
    pub(super) tails: BTreeMap<Run, String>,
    gone: BTreeSet<String>,
    latest: Timestamp,
    by: Clock,
}

/// Whose time counts for how long a state has lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// Ours: a state begins when it is first seen.
    Ours,
    /// The cluster's, as far as its objects say since when they are as they are.
    Theirs,
}

impl Observed {
    /// What is known at first: the Deployment as the API server gave it back when it was applied.
    pub fn new(deployment: Deployment, at: Timestamp) -> Self {
        let mut deployment = deployment;
        lighten_but_managers(&mut deployment.metadata);
        let uid = uid(&deployment.metadata);
        let name = deployment.metadata.name.clone().unwrap_or_default();
        let namespace = deployment.metadata.namespace.clone().unwrap_or_default();
        Self {
            name,
            namespace,
            uid,
            deployment: Subject::There(Box::new(deployment)),
            replica_sets: BTreeMap::new(),
            pods: BTreeMap::new(),
            notes: BTreeMap::new(),
            tails: BTreeMap::new(),
            gone: BTreeSet::new(),
            latest: at,
            by: Clock::Ours,
        }
    }

    /// The same of a rollout that began before anyone looked: how long a state has lasted is read from the objects
    /// themselves.
    pub fn found(deployment: Deployment, at: Timestamp) -> Self {
        Self { by: Clock::Theirs, ..Self::new(deployment, at) }
    }

    /// The Deployment's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The Deployment, unless it has been deleted.
    pub fn deployment(&self) -> Option<&Deployment> {
        match &self.deployment {
            Subject::There(deployment) => Some(deployment),
            Subject::Gone => None,
        }
    }

    /// Takes in what was seen, at that moment.
    pub fn take(&mut self, change: Change, at: Timestamp) {
        // A clock that is set back makes nothing younger than what was seen before it.
        let at = at.max(self.latest);
        self.latest = at;
        match change {
            Change::Present(Object::Deployment(it)) => self.deployment_is(*it),
            Change::Present(Object::ReplicaSet(mut it)) => {
                lighten(&mut it.metadata);
                let own = (self.by == Clock::Theirs).then(|| mark::own_time_of_set(&it)).flatten();
                let since = |mark: String| (mark, own.unwrap_or(at).min(at));
                let marks = mark::replica_set(&it).into_iter().map(since).collect();
                put(&mut self.replica_sets, &self.gone, REPLICA_SETS, *it, |o| &o.metadata, marks);
            }
            Change::Present(Object::Pod(mut it)) => {
                lighten(&mut it.metadata);
                let own = |mark: &str| (self.by == Clock::Theirs).then(|| mark::own_time(&it, mark)).flatten();
                let since = |mark: String| (own(&mark).unwrap_or(at).min(at), mark);
                let marks = mark::pod(&it).into_iter().map(since).map(|(since, mark)| (mark, since)).collect();
                put(&mut self.pods, &self.gone, PODS, *it, |o| &o.metadata, marks);
            }
            Change::Present(Object::Event(it)) => self.event_is(*it, at),
            Change::Gone(Object::Deployment(it)) => self.goes(Kind::Deployment, uid(&it.metadata)),
            Change::Gone(Object::ReplicaSet(it)) => self.goes(Kind::ReplicaSet, uid(&it.metadata)),
            Change::Gone(Object::Pod(it)) => self.goes(Kind::Pod, uid(&it.metadata)),
            // An event ends an hour after it was seen, and stays true.
            Change::Gone(Object::Event(_)) | Change::Listed(Kind::Event, _) => {}
            Change::Listed(kind, there) => self.listed(kind, &there),
            Change::Log(tail) => self.log_is(tail),
        }
    }

    fn deployment_is(&mut self, mut it: Deployment) {
        if it.metadata.name.as_deref().unwrap_or_default() != self.name {
            return;
        }
        if uid(&it.metadata) != self.uid {
            // Another one of that name can only be there once ours has gone. A late word of an earlier one is older.
            let created = |d: &Deployment| d.metadata.creation_timestamp.clone();
            if let Subject::There(ours) = &self.deployment
                && created(&it) > created(ours)
            {
                self.deployment = Subject::Gone;
            }
            return;
        }
        let Subject::There(ours) = &mut self.deployment else { return };
        if is_newer(&ours.metadata, &it.metadata) {
            lighten_but_managers(&mut it.metadata);
            **ours = it;
        }
    }

    fn event_is(&mut self, event: Event, at: Timestamp) {
        let key = event.metadata.uid.clone().or_else(|| event.metadata.name.clone()).unwrap_or_default();
        let own = event.first_timestamp.as_ref().map(|t| t.0).or(event.event_time.as_ref().map(|t| t.0));
        let at = own.filter(|_| self.by == Clock::Theirs).unwrap_or(at).min(at);
        let mut note = Note::of(event, at);
        if let Some(old) = self.notes.get(&key) {
            if !is_later(&old.version, &note.version) {
                return;
            }
            note.seen = old.seen.min(note.seen);
        }
        self.notes.insert(key, note);
        if self.notes.len() > EVENTS {
            let oldest = self.notes.iter().min_by_key(|(key, n)| (n.warns, n.last, *key)).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.notes.remove(&key));
        }
    }

    fn log_is(&mut self, tail: Tail) {
        let text = tail.text;
        let from = text.len().saturating_sub(TAIL);
        let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        if self.tails.len() < TAILS || self.tails.contains_key(&tail.run) {
            self.tails.insert(tail.run, plain::text(&text[from..]));
        }
    }

    fn listed(&mut self, kind: Kind, there: &BTreeSet<String>) {
        let known: Vec<String> = match kind {
            Kind::Deployment => vec![self.uid.clone()],
            Kind::ReplicaSet => self.replica_sets.keys().cloned().collect(),
            Kind::Pod => self.pods.keys().cloned().collect(),
            Kind::Event => Vec::new(),
        };
        for uid in known.into_iter().filter(|uid| !there.contains(uid)) {
            self.goes(kind, uid);
        }
    }

    fn goes(&mut self, kind: Kind, uid: String) {
        match kind {
            Kind::Deployment if uid == self.uid => self.deployment = Subject::Gone,
            Kind::Deployment | Kind::Event => return,
            Kind::ReplicaSet => drop(self.replica_sets.remove(&uid)),
            Kind::Pod => drop(self.pods.remove(&uid)),
        }
        if self.gone.len() < GONE {
            self.gone.insert(uid);
        }
    }
}

fn put<T>(
    map: &mut BTreeMap<String, Marked<T>>,
    gone: &BTreeSet<String>,
    most: usize,
    object: T,
    metadata: fn(&T) -> &ObjectMeta,
    marks: BTreeMap<String, Timestamp>,
) {
    let uid = uid(metadata(&object));
    if gone.contains(&uid) {
        return;
    }
    if let Some(marked) = map.get_mut(&uid) {
        if is_newer(metadata(&marked.object), metadata(&object)) {
            renew(marked, marks, object);
        }
    } else if map.len() < most {
        map.insert(uid, Marked { object, since: marks });
    }
}

/// Puts a newer state in place of an older one; marks that stay keep their time.
fn renew<T>(marked: &mut Marked<T>, marks: BTreeMap<String, Timestamp>, object: T) {
    let since = |(mark, at): (String, Timestamp)| {
        let time = marked.since.get(&mark).copied().unwrap_or(at);
        (mark, time)
    };
    marked.since = marks.into_iter().map(since).collect();
    marked.object = object;
}

/// An object without a uid is known by its name.
fn uid(metadata: &ObjectMeta) -> String {
    metadata.uid.clone().or_else(|| metadata.name.clone()).unwrap_or_default()
}

fn is_newer(old: &ObjectMeta, new: &ObjectMeta) -> bool {
    let version = |m: &ObjectMeta| m.resource_version.clone().unwrap_or_default();
    is_later(&version(old), &version(new))
}

/// Whether a resource version is later than another. They are numbers that grow, since Kubernetes 1.35 by promise:
/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions>. Of others the one that came last
/// is.
fn is_later(old: &str, new: &str) -> bool {
    match (old.parse::<u64>(), new.parse::<u64>()) {
        (Ok(old), Ok(new)) => new > old,
        _ => true,
    }
}

/// What no verdict reads, and large objects have much of.
fn lighten(metadata: &mut ObjectMeta) {
    metadata.managed_fields = None;
}

/// Managers are read from a Deployment alone.
fn lighten_but_managers(metadata: &mut ObjectMeta) {
    if let Some(annotations) = &mut metadata.annotations {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}
