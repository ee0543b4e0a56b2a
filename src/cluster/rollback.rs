//! A rollback: a Deployment whose Pods are made after an earlier revision again.
//!
//! It is applied as a deployment is, by the same field manager: what we own of the object as it is, with the earlier
//! revision's Pod template in place of the present one. A patch by any other name would own the fields that it changes,
//! and the next deployment would be refused for it. Others' fields in the present template can't be taken away by an
//! application, which removes only what its manager owned: they are made ours first, in a change of the object's
//! bookkeeping alone that starts no rollout.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
use kube::api::{Api, DynamicObject, Patch, PatchParams, ValidationDirective};
use serde_json::{Map, Value, json};

use super::apply::{Foreign, Ownership};
use super::connect::Cluster;
use super::error::Error;
use super::look::{Look, identity};
use super::object::{DEPLOYMENT, REPLICA_SET};
use super::refusal::{Action, Reason, Refusal};
use super::{MANAGER, owned};
use crate::difference::{self, Field};
use crate::rollout::Revision;

/// Which revision is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The newest but the present one.
    Previous,
    /// The one of that number.
    Number(u64),
}

/// What a rollback would do.
#[derive(Debug, Clone)]
pub struct Rollback {
    /// The revision that is there now; none while the Deployment's newest template has no ReplicaSet.
    pub from: Option<Revision>,
    /// The one to go back to.
    pub to: Revision,
    /// The fields that change; none where it is what is there now.
    pub fields: Vec<Field>,
    /// Other field managers whose part of the Pod template goes.
    pub taken: Vec<String>,
    name: String,
    body: Value,
}

/// The label whose text of the template is the Deployment's own as well.
const VERSION: &str = "/metadata/labels/app.kubernetes.io~1version";
/// The label by which a ReplicaSet tells its Pods from others.
const HASH: &str = "pod-template-hash";
/// Somebody else may write between our reading and writing, but not for ever.
const TRIES: usize = 5;

/// Finds out what going back would change, and asks the server whether it would take it.
pub async fn plan(cluster: &Cluster, look: &Look, goal: Goal, foreign: Foreign) -> Result<Rollback, Error> {
    let name = look.deployment.metadata.name.clone().unwrap_or_default();
    let refused = |reason| refused(cluster, &name, reason);
    let to = choose(&look.revisions, goal).map_err(refused)?.clone();
    let live = read(cluster, &name).await?;
    if let (Ownership::Foreign { managers }, Foreign::Refused) = (Ownership::of(Some(&live)), foreign) {
        return Err(refused(Reason::Foreign { managers }));
    }
    let from = look.current().cloned();
    if to.is_current {
        return Ok(Rollback { from, to, fields: Vec::new(), taken: Vec::new(), name, body: Value::Null });
    }
    if look.deployment.spec.as_ref().is_some_and(|s| s.paused == Some(true)) {
        return Err(refused(Reason::Paused));
    }
    let template = template(cluster, &to.set).await?;
    let taken = others(&live);
    let body = body(&live, &name, &cluster.namespace, &template);
    let now = serde_json::to_value(&live).unwrap_or_default();
    let fields = difference::fields(&now, &after(&now, &body, &template));
    let rollback = Rollback { from, to, fields, taken, name, body };
    rollback.apply(cluster, Action::DryRun).await?;
    Ok(rollback)
}

impl Rollback {
    /// Whether it is what is there now.
    pub fn is_nothing(&self) -> bool {
        self.to.is_current
    }

    /// Goes back; the Deployment as it is then.
    pub async fn run(&self, cluster: &Cluster) -> Result<Deployment, Error> {
        if !self.taken.is_empty() {
            take(cluster, &self.name).await?;
        }
        self.apply(cluster, Action::RollBack).await
    }

    async fn apply(&self, cluster: &Cluster, action: Action) -> Result<Deployment, Error> {
        let dry_run = action == Action::DryRun;
        let params = PatchParams {
            dry_run,
            // By then all of the template is ours, unless somebody has written to it in this very moment.
            force: dry_run && !self.taken.is_empty(),
            field_manager: Some(MANAGER.to_owned()),
            field_validation: Some(ValidationDirective::Strict),
        };
        let api: Api<Deployment> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
        let patch = Patch::Apply(&self.body);
        let object = identity(cluster, &self.name);
        cluster.ask(action, &object, || api.patch(&self.name, &params, &patch)).await
    }
}

fn refused(cluster: &Cluster, name: &str, reason: Reason) -> Error {
    let object = identity(cluster, name);
    Error::Refused(Box::new(Refusal { action: Action::RollBack, object, reason, standing: None }))
}

/// The revision that is meant.
fn choose(revisions: &[Revision], goal: Goal) -> Result<&Revision, Reason> {
    let (wanted, found) = match goal {
        Goal::Number(number) => (Some(number), revisions.iter().find(|r| r.number == number)),
        Goal::Previous => (None, revisions.iter().find(|r| !r.is_current)),
    };
    found.ok_or_else(|| Reason::NoRevision { wanted, known: revisions.iter().map(|r| r.number).collect() })
}

async fn read(cluster: &Cluster, name: &str) -> Result<DynamicObject, Error> {
    let api = DEPLOYMENT.api(cluster);
    cluster.ask(Action::Read, &identity(cluster, name), || api.get(name)).await
}

/// The Pod template of a ReplicaSet as it was before the controller marked it; as JSON, so that no field is lost that we
/// don't know.
async fn template(cluster: &Cluster, set: &str) -> Result<Value, Error> {
    let api = REPLICA_SET.api(cluster);
    let object = super::Identity { kind: "ReplicaSet".into(), name: set.to_owned(), ..identity(cluster, set) };
    let set = cluster.ask(Action::Read, &object, || api.get(set)).await?;
    let mut template = set.data.pointer("/spec/template").cloned().unwrap_or_default();
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, value| key != "creationTimestamp" || !value.is_null());
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            labels.shift_remove(HASH);
        }
    }
    Ok(template)
}

/// Whether an entry is what we have applied.
fn is_ours(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(MANAGER)
        && entry.operation.as_deref() == Some("Apply")
        && entry.subresource.as_deref().unwrap_or_default().is_empty()
}

fn template_fields(entry: &ManagedFieldsEntry) -> Option<&Value> {
    entry.fields_v1.as_ref()?.0.pointer("/f:spec/f:template")
}

/// Who else has a part of the Pod template.
fn others(live: &DynamicObject) -> Vec<String> {
    let entries = live.metadata.managed_fields.iter().flatten();
    let others = entries.filter(|e| !is_ours(e) && template_fields(e).is_some());
    let mut names: Vec<_> = others.map(|e| e.manager.clone().unwrap_or_default()).collect();
    names.sort();
    names.dedup();
    names
}

/// What is to be applied: ours as it is, but for the template.
fn body(live: &DynamicObject, name: &str, namespace: &str, template: &Value) -> Value {
    let object = serde_json::to_value(live).unwrap_or_default();
    let ours = live.metadata.managed_fields.iter().flatten().find(|e| is_ours(e));
    let fields =
        ours.and_then(|e| e.fields_v1.as_ref()).map(|f| &f.0).filter(|f| f.as_object().is_some_and(|m| !m.is_empty()));
    let mut part = match fields {
        Some(fields) => owned::part(&object, fields),
        None => Value::Object(Map::new()),
    };
    // The version that the Deployment says it runs is the Pods'.
    if let (Some(label), Some(version)) = (part.pointer_mut(VERSION), template.pointer(VERSION)) {
        *label = version.clone();
    }
    part["apiVersion"] = json!("apps/v1");
    part["kind"] = json!("Deployment");
    part["metadata"]["name"] = json!(name);
    part["metadata"]["namespace"] = json!(namespace);
    part["spec"]["template"] = template.clone();
    part
}

/// The object as it will be.
fn after(now: &Value, body: &Value, template: &Value) -> Value {
    let mut after = now.clone();
    after["spec"]["template"] = template.clone();
    if let (Some(label), Some(version)) = (after.pointer_mut(VERSION), body.pointer(VERSION)) {
        *label = version.clone();
    }
    after
}

/// Makes all of the Pod template ours: who manages what changes, and nothing else.
async fn take(cluster: &Cluster, name: &str) -> Result<(), Error> {
    let (api, object) = (DEPLOYMENT.api(cluster), identity(cluster, name));
    let params = PatchParams::apply(MANAGER);
    for _ in 1..TRIES {
        let live = read(cluster, name).await?;
        let patch = Patch::Merge(json!({"metadata": {
            "resourceVersion": live.metadata.resource_version,
            "managedFields": taken(live.metadata.managed_fields.clone().unwrap_or_default()),
        }}));
        // Who was faster is not asked again with what is known to be old.
        let done = cluster.ask(Action::RollBack, &object, || async {
            match api.patch(name, &params, &patch).await {
                Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
                other => other.map(|_| true),
            }
        });
        if done.await? {
            return Ok(());
        }
    }
    let source = super::error::Because("somebody else goes on writing to it".to_owned());
    Err(Error::Failing { what: format!("{} {object}", Action::RollBack), address: cluster.address.clone(), source })
}

fn taken(entries: Vec<ManagedFieldsEntry>) -> Vec<ManagedFieldsEntry> {
    let mut all = Value::Object(Map::new());
    let mut kept = Vec::new();
    for mut entry in entries {
        let Some(fields) = template_fields(&entry).cloned() else {
            kept.push(entry);
            continue;
        };
        all = owned::union(&all, &fields);
        if !is_ours(&entry)
            && let Some(spec) = entry.fields_v1.as_mut().and_then(|f| f.0.get_mut("f:spec")?.as_object_mut())
        {
            spec.shift_remove("f:template");
        }
        let left = entry.fields_v1.as_mut().map(|f| &mut f.0);
        if let Some(left) = left.and_then(Value::as_object_mut) {
            left.retain(|name, below| name != "f:spec" || below.as_object().is_some_and(|b| !b.is_empty()));
            if left.is_empty() {
                continue;
            }
        }
        kept.push(entry);
    }
    if !kept.iter().any(is_ours) {
        kept.push(ManagedFieldsEntry {
            api_version: Some("apps/v1".into()),
            fields_type: Some("FieldsV1".into()),
            fields_v1: Some(FieldsV1(json!({}))),
            manager: Some(MANAGER.into()),
            operation: Some("Apply".into()),
            ..ManagedFieldsEntry::default()
        });
    }
    for entry in kept.iter_mut().filter(|e| is_ours(e)) {
        let fields = &mut entry.fields_v1.get_or_insert_with(|| FieldsV1(json!({}))).0;
        fields["f:spec"]["f:template"] = all.clone();
    }
    kept
}

#[cfg(test)]
mod tests;
