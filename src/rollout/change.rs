//! A change: one thing that was seen in the cluster, or of its logs.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};

/// What a rollout is seen by. Events are those of the whole namespace: which of them matter is decided here.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    /// The Deployment itself.
    Deployment(Box<Deployment>),
    /// One of its generations of Pods.
    ReplicaSet(Box<ReplicaSet>),
    /// One of its Pods.
    Pod(Box<Pod>),
    /// What a part of the cluster says about any of these, or about a claim that a Pod waits for.
    Event(Box<Event>),
}

/// The kinds of [`Object`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Deployments.
    Deployment,
    /// ReplicaSets.
    ReplicaSet,
    /// Pods.
    Pod,
    /// Events.
    Event,
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is there, in this state: a watch's ADDED and MODIFIED, and each item of a list.
    Present(Object),
    /// It is gone: a watch's DELETED.
    Gone(Object),
    /// All objects of a kind that a new list held, by uid: what is not among them has gone unseen.
    Listed(Kind, BTreeSet<String>),
    /// The log of a container that ended; an empty text where there is none to be had.
    Log(Tail),
}

/// One run of a container, between two starts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// The Pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
    /// How many runs went before it.
    pub restarts: i32,
}

/// A log that a verdict asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Whose.
    pub run: Run,
    /// What the API calls `previous`: a later run has begun.
    pub previous: bool,
}

/// The end of a run's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// Whose.
    pub run: Run,
    /// Its last lines.
    pub text: String,
}
