//! A way back: the revision that was there before, for when what was deployed does not become ready.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Context;
use super::rollback::go_back;
use super::verdict::{self, Rollout, blind};
use crate::cli::ApplyArgs;
use crate::cluster::{self, Applied, Change, Cluster, Error, Foreign, Goal, Look, Order, Reason};
use crate::fault::{Class, Fault};
use crate::rollout::{Revision, Verdict};

/// What was there before.
pub(super) enum Before {
    /// Nothing: it is the first deployment.
    Nothing,
    /// A revision, and whether all of its Pods were ready.
    There(Revision, Health),
}

/// How a revision was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// All of its Pods were ready.
    Well,
    /// They were not.
    Unwell,
}

/// What was there before of each Deployment, by name.
pub(super) type Befores = Vec<(String, Before)>;

/// Looks what is there now, where a way back is asked for.
pub(super) async fn look(
    context: &Context<'_>,
    cluster: &Cluster,
    order: &Order,
    args: &ApplyArgs,
) -> Result<Befores, Fault> {
    let mut befores = Vec::new();
    for name in order.deployments().filter(|_| args.rollback_on_failure) {
        befores.push((name.to_owned(), Before::look(context, cluster, name).await?));
    }
    Ok(befores)
}

/// Goes back after the rollout of `failed` has failed, with every Deployment that was changed along with it; its fault,
/// with what became of that.
pub(super) async fn take(
    context: &Context<'_>,
    cluster: &Cluster,
    befores: Befores,
    applied: &[Applied],
    failed: &str,
    mut fault: Fault,
) -> Fault {
    if !matches!(fault.class, Class::Rollout | Class::Late) {
        return fault;
    }
    let is_well = |(_, before): &(String, Before)| matches!(before, Before::There(_, Health::Well));
    if befores.iter().any(is_well) {
        // Why the rollout has failed is told at the end; that it has, before the next one begins.
        context.report.warn(&fault.message);
    }
    let is_changed = |name: &str| {
        let mut all = applied.iter().filter(|a| a.identity.kind == "Deployment" && a.identity.name == name);
        all.any(|a| a.change == Change::Changed)
    };
    let (own, others): (Vec<_>, Vec<_>) = befores.into_iter().partition(|(name, _)| name == failed);
    for (name, before) in own {
        let (revision, document, text) = before.outcome(context, cluster, &name).await;
        fault = told(fault, revision, document, &text);
    }
    for (name, before) in others.into_iter().filter(|(name, _)| is_changed(name)) {
        let (.., text) = before.outcome(context, cluster, &name).await;
        fault.output.push(format!("rollback of {name}: {text}"));
    }
    fault
}

impl Before {
    async fn look(context: &Context<'_>, cluster: &Cluster, name: &str) -> Result<Self, Fault> {
        let look = match cluster::look(cluster, name, |error| blind(context, error)).await {
            Err(Error::Refused(refusal)) if matches!(refusal.reason, Reason::Absent { .. } | Reason::NoNamespace) => {
                return Ok(Self::Nothing);
            }
            look => look?,
        };
        let health = if matches!(look.verdict(), Verdict::Done(_)) { Health::Well } else { Health::Unwell };
        Ok(look.current().cloned().map_or(Self::Nothing, |revision| Self::There(revision, health)))
    }

    /// Goes back; to which revision, and what became of it, as `rollback{…}` and in words.
    async fn outcome(self, context: &Context<'_>, cluster: &Cluster, name: &str) -> (Option<u64>, Value, String) {
        match self {
            Self::Nothing => {
                let text = "there is no earlier revision to go back to, and nothing was deleted".to_owned();
                (None, json!({"verdict": "none"}), text)
            }
            Self::There(revision, Health::Unwell) => {
                let text = format!(
                    "revision {}, which was there before, was not ready either: nothing was rolled back",
                    revision.number
                );
                (None, json!({"verdict": "none"}), text)
            }
            Self::There(revision, Health::Well) => {
                let number = revision.number;
                let (document, text) = match Box::pin(back(context, cluster, name, &revision)).await {
                    Ok(Some(rollout)) => {
                        let now = &rollout["revision"];
                        let text = format!("revision {number} is there again, as revision {now}, and ready");
                        (json!({"verdict": rollout["verdict"], "now": now, "replicas": rollout["replicas"]}), text)
                    }
                    Ok(None) => {
                        let text = "somebody else has changed the Pods' template since: nothing was rolled back";
                        (json!({"verdict": "none"}), text.to_owned())
                    }
                    Err(other) => {
                        let text = format!("going back to revision {number} did not work: {}", other.message);
                        let verdict = other.rollout.as_ref().map_or_else(|| json!("refused"), |r| r["verdict"].clone());
                        (json!({"verdict": verdict, "hint": other.hint}), text)
                    }
                };
                (Some(number), document, text)
            }
        }
    }
}

/// The fault with what became of going back.
fn told(mut fault: Fault, revision: Option<u64>, document: Value, text: &str) -> Fault {
    let mut rollback = document;
    rollback["revision"] = json!(revision);
    rollback["message"] = json!(text);
    if let Some(rollout) = &mut fault.rollout {
        rollout["rollback"] = rollback;
    }
    fault.output.push(format!("rollback: {text}"));
    fault
}

/// Goes back and waits; `rollout{…}` of that, or none where it is somebody else's turn.
async fn back(context: &Context<'_>, cluster: &Cluster, name: &str, before: &Revision) -> Result<Option<Value>, Fault> {
    let look = cluster::look(cluster, name, |_| {}).await?;
    let Some(number) = number(&look, before) else { return Ok(None) };
    let rollback = cluster::plan(cluster, &look, Goal::Number(number), Foreign::Refused).await?;
    if !rollback.taken.is_empty() {
        return Ok(None);
    }
    if rollback.is_nothing() {
        // What was deployed had the very template that was there.
        let message = format!("what was deployed is what revision {number} is already");
        return Err(Fault::new(Class::Rollout, message, None));
    }
    let begun = Timestamp::now();
    let deployment = go_back(context, cluster, name, &rollback).await?;
    // What was well a moment ago gets its own time, however little was given to what has failed.
    let rollout = Rollout { deployment: &deployment, begun, what: "rollback", timeout: None };
    verdict::wait(context, cluster, rollout).await.map(Some)
}

/// The number that the revision has by now.
fn number(look: &Look, before: &Revision) -> Option<u64> {
    look.revisions.iter().find(|r| r.set == before.set).map(|r| r.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_stays_and_what_became_of_going_back_is_beside_it() {
        let fault = Fault { rollout: Some(json!({"verdict": "failed"})), ..Fault::new(Class::Rollout, "why", None) };
        let told = told(fault, Some(3), json!({"verdict": "done", "now": 5}), "revision 3 is there again");
        assert_eq!((told.class, told.message.as_str()), (Class::Rollout, "why"));
        assert_eq!(told.output, ["rollback: revision 3 is there again"]);
        let rollback = &told.rollout.unwrap_or_default()["rollback"];
        assert_eq!(
            (&rollback["revision"], &rollback["verdict"], &rollback["now"]),
            (&json!(3), &json!("done"), &json!(5))
        );
    }
}
