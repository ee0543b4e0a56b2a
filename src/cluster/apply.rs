//! An application: what is in the cluster is made what it should be, once the server says that it would take it all.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{DynamicObject, Patch, PatchParams, ValidationDirective};
use serde_json::Value;

use super::MANAGER;
use super::connect::Cluster;
use super::error::Error;
use super::object::Target;
use super::refusal::{Action, Reason, Refusal};

/// What is to be applied, and how far it may go.
#[derive(Debug, Clone)]
pub struct Order {
    /// The objects, in the order in which they are applied.
    pub targets: Vec<Target>,
    /// The namespace, where it is to be made if it is missing.
    pub namespace: Namespace,
    /// What becomes of fields that others manage.
    pub conflicts: Conflicts,
    /// What becomes of objects that are there and are not ours.
    pub foreign: Foreign,
}

impl Order {
    /// The names of the Deployments among them, the application's own before those of its processes.
    pub fn deployments(&self) -> impl Iterator<Item = &str> {
        let all = self.targets.iter().map(|t| &t.identity);
        all.filter(|i| i.kind == "Deployment").map(|i| i.name.as_str())
    }
}

/// What becomes of a namespace that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// It is a fault.
    Required,
    /// It is made.
    Made,
}

/// What becomes of fields that others manage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflicts {
    /// They are refused.
    Refused,
    /// They are taken.
    Taken,
}

/// What becomes of objects that are there and are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// They are refused.
    Refused,
    /// They are taken over.
    Adopted,
}

/// What applying an object did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created,
    /// It was there, and differed.
    Changed,
    /// It was as it should be.
    Unchanged,
}

impl Change {
    /// As JSON and people have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// An object as the server has it now, or would have it.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Which it is.
    pub identity: super::Identity,
    /// What was done to it.
    pub change: Change,
    /// The whole of it as it was, where it was there.
    pub before: Option<DynamicObject>,
    /// The whole of it.
    pub object: DynamicObject,
}

impl Applied {
    /// The Deployment, where it is one.
    pub fn deployment(&self) -> Option<Deployment> {
        if self.identity.kind != "Deployment" {
            return None;
        }
        serde_json::to_value(&self.object).and_then(serde_json::from_value).ok()
    }
}

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// It is not there.
    Absent,
    /// We have written it, or it says that we have made it.
    Ours,
    /// Others have.
    Foreign {
        /// Their names as field managers.
        managers: Vec<String>,
    },
}

/// The label of everything that we emit.
const LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "pydeploy");

impl Ownership {
    /// Whose an object is that the server gave.
    pub fn of(object: Option<&DynamicObject>) -> Self {
        let Some(object) = object else { return Self::Absent };
        let labelled = object.metadata.labels.iter().flatten().any(|(k, v)| (k.as_str(), v.as_str()) == LABEL);
        let fields = object.metadata.managed_fields.iter().flatten();
        let mut managers: Vec<_> =
            fields.filter(|f| f.subresource.is_none()).filter_map(|f| f.manager.clone()).collect();
        managers.dedup();
        if labelled || managers.iter().any(|m| m == MANAGER) { Self::Ours } else { Self::Foreign { managers } }
    }
}

/// What the server would make of it all; nothing is changed. Without the namespace, only that is asked for.
pub async fn dry_run(cluster: &Cluster, order: &Order) -> Result<Vec<Applied>, Error> {
    let prepared = prepare(cluster, order).await?;
    match trial(cluster, order, &prepared).await {
        Err(error) if order.namespace == Namespace::Made && is_no_namespace(&error) => {
            let namespace = Target::namespace(&cluster.namespace);
            Ok(vec![one(cluster, &namespace, None, Action::DryRun, order).await?])
        }
        other => other,
    }
}

/// Applies it all, unless the server would refuse a part of it.
pub async fn apply(cluster: &Cluster, order: &Order, told: impl Fn(&Applied)) -> Result<Vec<Applied>, Error> {
    let mut prepared = prepare(cluster, order).await?;
    let mut applied = Vec::new();
    match trial(cluster, order, &prepared).await {
        Err(error) if order.namespace == Namespace::Made && is_no_namespace(&error) => {
            let namespace = Target::namespace(&cluster.namespace);
            one(cluster, &namespace, None, Action::DryRun, order).await?;
            let made = one(cluster, &namespace, None, Action::Apply, order).await?;
            told(&made);
            applied.push(made);
            // What may be in it only now can be asked.
            let tried = trial(cluster, order, &prepared).await;
            tried.map_err(|e| standing(e, &format!("the namespace {} was made, and is empty", cluster.namespace)))?;
        }
        other => drop(other?),
    }
    for (target, before) in prepared.drain(..) {
        let done = one(cluster, &target, before.as_ref(), Action::Apply, order).await;
        let done = done.map_err(|e| standing(e, &so_far(&applied)))?;
        told(&done);
        applied.push(done);
    }
    Ok(applied)
}

/// What has been done of an application that ends early.
fn so_far(applied: &[Applied]) -> String {
    let changed = applied.iter().filter(|a| a.change != Change::Unchanged);
    let names: Vec<_> = changed.map(|a| format!("{} {}", a.identity.kind, a.identity.name)).collect();
    match names.as_slice() {
        [] => "nothing was changed".to_owned(),
        names => format!("already applied: {}", names.join(", ")),
    }
}

/// Adds to a refusal what has become of the cluster.
fn standing(error: Error, text: &str) -> Error {
    match error {
        Error::Refused(mut refusal) => {
            refusal.standing = Some(text.to_owned());
            Error::Refused(refusal)
        }
        Error::Failing { what, address, source } => {
            Error::Failing { what: format!("{what} ({text})"), address, source }
        }
        other => other,
    }
}

fn is_no_namespace(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if refusal.reason == Reason::NoNamespace)
}

type Prepared = Vec<(Target, Option<DynamicObject>)>;

/// Looks at what is there: what is not ours is refused, and what an autoscaler is to decide from now on stays as it is.
async fn prepare(cluster: &Cluster, order: &Order) -> Result<Prepared, Error> {
    let looks = order.targets.iter().map(|target| async move {
        let (api, name) = (target.api(cluster), target.identity.name.as_str());
        let before = cluster.ask(Action::Read, &target.identity, || api.get_opt(name)).await?;
        match Ownership::of(before.as_ref()) {
            Ownership::Foreign { managers } if order.foreign == Foreign::Refused => {
                let (object, reason) = (target.identity.clone(), Reason::Foreign { managers });
                Err(Error::Refused(Box::new(Refusal { action: Action::Apply, object, reason, standing: None })))
            }
            _ => Ok((keep_scale(target, before.as_ref()), before)),
        }
    });
    try_join_all(looks).await
}

/// Where replicas were ours and are an autoscaler's from now on, leaving them out would put them back to one until it
/// has counted: <https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership>.
fn keep_scale(target: &Target, before: Option<&DynamicObject>) -> Target {
    let mut target = target.clone();
    let Some(before) = before.filter(|_| target.identity.kind == "Deployment") else { return target };
    let has = |o: &Value| o.pointer("/spec/replicas").is_some_and(|r| !r.is_null());
    let ours = before.metadata.managed_fields.iter().flatten().any(|f| {
        let owns = f.fields_v1.as_ref().is_some_and(|v| v.0.pointer("/f:spec/f:replicas").is_some());
        f.manager.as_deref() == Some(MANAGER) && f.operation.as_deref() == Some("Apply") && owns
    });
    if ours
        && !has(&target.value)
        && has(&before.data)
        && let (Some(count), Some(spec)) =
            (before.data.pointer("/spec/replicas"), target.value.get_mut("spec").and_then(Value::as_object_mut))
    {
        spec.insert("replicas".to_owned(), count.clone());
    }
    target
}

/// What the server would say to each, all at once; of several refusals the one of the first object is told.
async fn trial(cluster: &Cluster, order: &Order, prepared: &Prepared) -> Result<Vec<Applied>, Error> {
    let trials = prepared.iter().map(|(t, before)| one(cluster, t, before.as_ref(), Action::DryRun, order));
    futures_util::future::join_all(trials).await.into_iter().collect()
}

async fn one(
    cluster: &Cluster,
    target: &Target,
    before: Option<&DynamicObject>,
    action: Action,
    order: &Order,
) -> Result<Applied, Error> {
    let params = PatchParams {
        dry_run: action == Action::DryRun,
        force: order.conflicts == Conflicts::Taken,
        field_manager: Some(MANAGER.to_owned()),
        field_validation: Some(ValidationDirective::Strict),
    };
    let (api, name, patch) = (target.api(cluster), &target.identity.name, Patch::Apply(&target.value));
    let object = cluster.ask(action, &target.identity, || api.patch(name, &params, &patch)).await?;
    let change = match before {
        None => Change::Created,
        Some(before) if is_same(before, &object) => Change::Unchanged,
        Some(_) => Change::Changed,
    };
    Ok(Applied { identity: target.identity.clone(), change, before: before.cloned(), object })
}

/// Whether nothing but the server's own bookkeeping differs.
fn is_same(before: &DynamicObject, after: &DynamicObject) -> bool {
    let labels = |o: &DynamicObject| o.metadata.labels.clone().unwrap_or_default();
    let annotations =
        |o: &DynamicObject| -> BTreeMap<String, String> { o.metadata.annotations.clone().unwrap_or_default() };
    let rest = |o: &DynamicObject| {
        let mut data = o.data.clone();
        if let Some(fields) = data.as_object_mut() {
            fields.remove("status");
        }
        data
    };
    labels(before) == labels(after) && annotations(before) == annotations(after) && rest(before) == rest(after)
}
