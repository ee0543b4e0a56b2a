//! Logs: the ends of what containers have printed, each fetched once.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};
use tokio::task::JoinSet;

use super::connect::Cluster;
use super::error::Error;
use super::object::Identity;
use super::refusal::{Action, Refusal};
use crate::rollout::{Run, Tail, Wanted};

/// Lines of a log that are read, and bytes.
const LINES: i64 = 50;
const BYTES: i64 = 16 * 1024;
/// Logs that are read at most: of a hundred Pods that crash alike, a few tell.
const LOGS: usize = 64;
/// A kubelet that does not answer is not waited for.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(10);
/// What the API server answers in place of a log that the node no longer has, with status 200.
const NONE: &str = "unable to retrieve container logs for ";

/// Fetches logs beside everything else.
pub(super) struct Logs {
    cluster: Cluster,
    asked: Vec<Wanted>,
    tasks: JoinSet<Fetched>,
}

/// What came of a log.
#[derive(Debug)]
pub(super) enum Fetched {
    /// Its end; empty where there is none to be had.
    Tail(Tail),
    /// It may not be read.
    Blind(Run, Error),
}

impl Logs {
    /// Nothing yet.
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self { cluster: cluster.clone(), asked: Vec::new(), tasks: JoinSet::new() }
    }

    /// Asks for a log, unless it was asked for before.
    pub(super) fn ask(&mut self, wanted: Wanted) {
        if self.asked.contains(&wanted) || self.asked.len() >= LOGS {
            return;
        }
        self.asked.push(wanted.clone());
        self.tasks.spawn(fetch(self.cluster.clone(), wanted));
    }

    /// Whether everything that was asked for has come.
    pub(super) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// What comes next; waits for ever where nothing was asked.
    pub(super) async fn next(&mut self) -> Fetched {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(fetched)) => return fetched,
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }
}

async fn fetch(cluster: Cluster, wanted: Wanted) -> Fetched {
    let Wanted { run, previous } = wanted;
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let params = LogParams {
        container: Some(run.container.clone()),
        previous,
        tail_lines: Some(LINES),
        limit_bytes: Some(BYTES),
        ..LogParams::default()
    };
    let text = match tokio::time::timeout(ANSWER, api.logs(&run.pod, &params)).await {
        Ok(Ok(text)) if text.starts_with(NONE) => String::new(),
        Ok(Ok(text)) => text,
        Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
            let namespace = Some(cluster.namespace.clone());
            let object = Identity { kind: "the log of Pod".into(), name: run.pod.clone(), namespace };
            return Fetched::Blind(run, Error::Refused(Refusal::of(Action::Read, &object, &status)));
        }
        _ => String::new(),
    };
    Fetched::Tail(Tail { run, text })
}
