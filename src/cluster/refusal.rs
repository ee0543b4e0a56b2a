//! A refusal: what an API server says no to, and why, in a form that can be mended.

use std::fmt;

use kube::core::Status;
use regex::Regex;

use super::object::Identity;

/// What was asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To say what is there.
    Read,
    /// To follow what changes.
    Watch,
    /// To say what would become of an object.
    DryRun,
    /// To take it.
    Apply,
    /// To go back to an earlier revision.
    RollBack,
    /// To take one away.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Watch => "watch",
            Self::DryRun | Self::Apply => "apply",
            Self::RollBack => "roll back",
            Self::Delete => "delete",
        })
    }
}

/// A field that somebody else manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    /// The field: `.spec.replicas`.
    pub field: String,
    /// Who manages it.
    pub manager: String,
}

/// Why the server said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Others manage fields of it.
    Conflict(Vec<FieldConflict>),
    /// A rule of RBAC is missing.
    Forbidden(Permission),
    /// It is there, and is not ours.
    Foreign {
        /// Who has written it.
        managers: Vec<String>,
    },
    /// Fields that its kind does not have, or that hold something else than they should.
    Schema(Vec<String>),
    /// Values that its kind does not take.
    Invalid(Vec<String>),
    /// It is not there.
    Absent {
        /// Those of its kind that are.
        known: Vec<String>,
    },
    /// It is paused: what is asked for would not be rolled out.
    Paused,
    /// It has no such revision.
    NoRevision {
        /// The one that was asked for; none where any earlier one would do.
        wanted: Option<u64>,
        /// Those that it has, the newest first.
        known: Vec<u64>,
    },
    /// The namespace is not there.
    NoNamespace,
    /// The namespace is going away.
    EndingNamespace,
    /// The cluster does not know the kind.
    UnknownKind,
    /// A policy, a webhook or a quota says so; its words.
    Policy(String),
    /// Something else; its words, with the status.
    Other(u16, String),
}

/// What a user may not do, as RBAC says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Who.
    pub user: String,
    /// `patch`, `create`, …
    pub verb: String,
    /// `deployments`, with a subresource where one is meant: `pods/log`.
    pub resource: String,
    /// The API group; empty for the core.
    pub group: String,
    /// In which namespace; none where it is the whole cluster.
    pub namespace: Option<String>,
}

impl Permission {
    /// Reads the words of the API server's authorizer, which are part of no API but stable since 1.6.
    fn read(message: &str) -> Option<Self> {
        let words = r#"User "([^"]*)" cannot (\S+) resource "([^"]*)" in API group "([^"]*)" (?:in the namespace "([^"]*)"|at the cluster scope)"#;
        let found = Regex::new(words).ok()?.captures(message)?;
        let text = |i: usize| found.get(i).map(|m| m.as_str().to_owned());
        Some(Self { user: text(1)?, verb: text(2)?, resource: text(3)?, group: text(4)?, namespace: text(5) })
    }

    /// The rule that would grant it.
    pub fn rule(&self) -> String {
        let Self { group, resource, verb, .. } = self;
        format!("{{apiGroups: [{group:?}], resources: [{resource:?}], verbs: [{verb:?}]}}")
    }
}

/// An object that the server did not take, or give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// What was asked.
    pub action: Action,
    /// Of which object.
    pub object: Identity,
    /// Why not.
    pub reason: Reason,
    /// What has become of the cluster by then, where anything has.
    pub standing: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, object, reason, .. } = self;
        match reason {
            Reason::Conflict(fields) => {
                let fields: Vec<_> = fields.iter().map(|c| format!("{} is {}'s", c.field, c.manager)).collect();
                write!(f, "{object} has fields that others manage: {}", fields.join(", "))?;
            }
            Reason::Forbidden(Permission { user, verb, resource, namespace, .. }) => {
                let place = namespace.as_ref().map_or("the whole cluster".into(), |n| format!("namespace {n}"));
                write!(f, "could not {action} {object}: {user} may not {verb} {resource} in {place}")?;
            }
            Reason::Foreign { managers } if managers.is_empty() => {
                write!(f, "{object} is there and is not pydeploy's")?;
            }
            Reason::Foreign { managers } => {
                write!(f, "{object} is there and is not pydeploy's, but of {}", managers.join(", "))?;
            }
            Reason::Absent { .. } => write!(f, "there is no {object}")?,
            Reason::Paused => write!(f, "{object} is paused: what is changed now is not rolled out")?,
            Reason::NoRevision { wanted: Some(wanted), .. } => write!(f, "{object} has no revision {wanted}")?,
            Reason::NoRevision { wanted: None, .. } => write!(f, "{object} has no earlier revision to go back to")?,
            Reason::Schema(lines) | Reason::Invalid(lines) => {
                write!(f, "the API server does not take {object}: {}", lines.join("; "))?;
            }
            Reason::NoNamespace => {
                write!(f, "there is no namespace {}", object.namespace.as_deref().unwrap_or_default())?;
            }
            Reason::EndingNamespace => {
                write!(f, "the namespace {} is being deleted", object.namespace.as_deref().unwrap_or_default())?;
            }
            Reason::UnknownKind => write!(f, "this cluster does not know the kind of {object}")?,
            Reason::Policy(message) => write!(f, "the cluster's rules refuse {object}: {message}")?,
            Reason::Other(code, message) => write!(f, "could not {action} {object}: {message} ({code})")?,
        }
        match &self.standing {
            Some(standing) => write!(f, "; {standing}"),
            None => Ok(()),
        }
    }
}

impl Refusal {
    /// What the server's answer comes to.
    pub(super) fn of(action: Action, object: &Identity, status: &Status) -> Box<Self> {
        Box::new(Self { action, object: object.clone(), reason: reason(status), standing: None })
    }

    /// What would mend it.
    pub fn hint(&self) -> Option<String> {
        Some(match &self.reason {
            Reason::Conflict(_) => {
                "leave those fields to them and out of the settings, or take them: --force-conflicts".to_owned()
            }
            Reason::Forbidden(permission) => {
                let role = match &permission.namespace {
                    Some(namespace) => format!("a Role in namespace {namespace}"),
                    None => "a ClusterRole".to_owned(),
                };
                let user = &permission.user;
                format!("this rule in {role}, bound to {user}, grants it: {}", permission.rule())
            }
            Reason::Foreign { .. } if self.action == Action::RollBack => {
                let Identity { name, namespace, .. } = &self.object;
                let place = namespace.as_ref().map(|n| format!(" -n {n}")).unwrap_or_default();
                format!("kubectl rollout undo deployment/{name}{place}, or take it over: --adopt")
            }
            Reason::Foreign { .. } => {
                "choose another name with `name` in the settings, or take it over: --adopt".to_owned()
            }
            Reason::Absent { known } if known.is_empty() => {
                "the namespace has none: `pydeploy deploy` makes one; or choose another namespace with -n".to_owned()
            }
            Reason::Absent { known } => {
                format!("the namespace has {}: choose one with --name, or another namespace with -n", some(known))
            }
            Reason::Paused => {
                let Identity { name, namespace, .. } = &self.object;
                let place = namespace.as_ref().map(|n| format!(" -n {n}")).unwrap_or_default();
                format!("kubectl rollout resume deployment/{name}{place}, then run again")
            }
            Reason::NoRevision { known, .. } => match known.as_slice() {
                [] => "it has none at all yet; see pydeploy status".to_owned(),
                [only] => format!("it has revision {only} alone"),
                known => {
                    let known: Vec<_> = known.iter().map(u64::to_string).collect();
                    format!("it has the revisions {}; see pydeploy status", some(&known))
                }
            },
            Reason::NoNamespace => {
                let name = self.object.namespace.as_deref().unwrap_or_default();
                format!("make it with --create-namespace, or `kubectl create namespace {name}`; or choose one with -n")
            }
            Reason::EndingNamespace => "wait until it is gone, or choose another with -n".to_owned(),
            Reason::UnknownKind => "it takes Kubernetes 1.30 or later; see `kubectl version`".to_owned(),
            Reason::Invalid(lines) if lines.iter().any(|l| l.contains("field is immutable")) => {
                let Identity { kind, name, .. } = &self.object;
                let place = self.object.namespace.as_ref().map(|n| format!(" -n {n}")).unwrap_or_default();
                format!("such a field can't change: `kubectl delete {kind} {name}{place}`, then run again")
            }
            Reason::Schema(_) => "the cluster may be older than the fields; see `kubectl version`".to_owned(),
            Reason::Policy(message) if message.contains("quota") => {
                "ask for less in deploy.resources, or see `kubectl describe quota`".to_owned()
            }
            Reason::Policy(_) => "whoever operates the cluster knows what it asks for".to_owned(),
            Reason::Invalid(_) | Reason::Other(..) => return None,
        })
    }
}

/// Names in a row, as many as one reads.
fn some(names: &[String]) -> String {
    const MOST: usize = 12;
    let more = names.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", "))
}

fn reason(status: &Status) -> Reason {
    let causes = status.details.as_ref().map(|d| d.causes.as_slice()).unwrap_or_default();
    let is_due_to = |reason: &str| causes.iter().any(|c| c.reason == reason);
    let kind = status.details.as_ref().map(|d| d.kind.as_str()).unwrap_or_default();
    let message = status.message.trim();
    match status.code {
        409 if is_due_to("FieldManagerConflict") => {
            let fields = causes.iter().map(|c| FieldConflict { field: c.field.clone(), manager: manager(&c.message) });
            Reason::Conflict(fields.collect())
        }
        403 if is_due_to("NamespaceTerminating") => Reason::EndingNamespace,
        403 => match Permission::read(message) {
            Some(permission) => Reason::Forbidden(permission),
            None => Reason::Policy(message.to_owned()),
        },
        404 if kind == "namespaces" => Reason::NoNamespace,
        404 if status.details.is_none() => Reason::UnknownKind,
        _ if is_schema(status) => Reason::Schema(schema(message)),
        422 if message.contains("ValidatingAdmissionPolicy") => Reason::Policy(message.to_owned()),
        422 if !causes.is_empty() => {
            Reason::Invalid(causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect())
        }
        _ if is_webhook(status) || message.contains("admission webhook") => Reason::Policy(message.to_owned()),
        400 | 422 => Reason::Invalid(vec![message.to_owned()]),
        code => Reason::Other(code, message.to_owned()),
    }
}

/// Server-side apply answers fields that it does not know with 500, as if that were its own fault.
pub(super) fn is_schema(status: &Status) -> bool {
    status.code == 500 && status.message.contains("failed to create typed patch object")
}

/// A webhook that fails the request is as much a no as one that denies it.
pub(super) fn is_webhook(status: &Status) -> bool {
    status.code == 500 && status.message.contains("failed calling webhook")
}

fn schema(message: &str) -> Vec<String> {
    let (_, rest) = message.split_once("): ").unwrap_or(("", message));
    rest.trim_start_matches("errors:").lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect()
}

/// `conflict with "kubectl-set" using apps/v1` names the manager.
fn manager(message: &str) -> String {
    message.split('"').nth(1).unwrap_or(message).to_owned()
}
