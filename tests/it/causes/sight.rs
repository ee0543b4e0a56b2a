//! A sight: when a case's cause was first to be seen in the API, by a watch of our own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use kube::api::{Api, ApiResource, DynamicObject, WatchEvent, WatchParams};
use kube::core::GroupVersionKind;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::case::Case;

const KINDS: &[(&str, &str, &str)] =
    &[("apps", "v1", "Deployment"), ("apps", "v1", "ReplicaSet"), ("", "v1", "Pod"), ("", "v1", "Event")];

/// When a case's cause was first to be seen.
pub(super) struct Sight {
    first: Arc<Mutex<Option<Instant>>>,
    is_well: bool,
    _watches: JoinSet<()>,
}

impl Sight {
    /// Watches a namespace from now on: what is applied after this is seen, however late the watches come about.
    pub(super) async fn begin(client: &kube::Client, namespace: &str, case: &Case) -> Self {
        let first = Arc::new(Mutex::new(None));
        let mut watches = JoinSet::new();
        for (group, version, kind) in KINDS {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
            let (first, case) = (Arc::clone(&first), case.clone());
            // What is there from an earlier rollout would be seen at once.
            let version = api.list(&kube::api::ListParams::default()).await.unwrap().metadata.resource_version;
            watches.spawn(async move {
                let stream = api.watch(&WatchParams::default(), &version.unwrap()).await.unwrap();
                let mut stream = std::pin::pin!(stream);
                while let Some(Ok(event)) = stream.next().await {
                    if shows(&event, kind, &case) {
                        first.lock().unwrap().get_or_insert(Instant::now());
                        return;
                    }
                }
            });
        }
        Self { first, is_well: case.is_healthy(), _watches: watches }
    }

    /// When it was first to be seen. Another watch may have had it a moment before this one, and a kubelet's event may come
    /// long after the status that says the same.
    pub(super) async fn visible(&self) -> Option<Instant> {
        for _ in 0..200 {
            let first = *self.first.lock().unwrap();
            if first.is_some() || self.is_well {
                return first;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        None
    }
}

fn shows(event: &WatchEvent<DynamicObject>, kind: &str, case: &Case) -> bool {
    let object = match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) => object,
        WatchEvent::Deleted(_) => return kind == "Deployment" && case.sign.as_deref() == Some("DELETED"),
        _ => return false,
    };
    let status = &object.data["status"];
    let said = if kind == "Event" { &object.data } else { status };
    let text = said.to_string().replace("\\\"", "\"").to_lowercase();
    let is_said = case.sign.as_ref().is_some_and(|sign| text.contains(&sign.to_lowercase()));
    is_said || kind == "Pod" && case.ends.is_some_and(|ends| ended(status) >= ends)
}

/// How often the container that ended most often has.
fn ended(status: &Value) -> i64 {
    let all = ["initContainerStatuses", "containerStatuses"].into_iter();
    let all = all.flat_map(|key| status[key].as_array().into_iter().flatten());
    let ends = |c: &Value| c["restartCount"].as_i64().unwrap_or(0) + i64::from(!c["state"]["terminated"].is_null());
    all.map(ends).max().unwrap_or(0)
}
