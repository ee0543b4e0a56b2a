//! A gate: what does not let Pods be made.

use super::super::cause::{Cause, Gate};
use super::super::failure::{Evidence, Subject};
use super::super::generation;
use super::super::{mark, patience, quoted};
use super::{Scene, Sign};

/// The API server refuses to make Pods: the ReplicaSet's own condition says so at once.
pub(super) fn sign(scene: &Scene<'_>) -> Option<Sign> {
    let set = scene.set?;
    let conditions = set.object.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let condition = conditions.into_iter().find(|c| c.type_ == "ReplicaFailure" && c.status == "True")?;
    if condition.reason.as_deref() != Some("FailedCreate") {
        return None;
    }
    let message = condition.message.as_deref().unwrap_or_default();
    let by = read(message);
    let (waits, patience) = match &by {
        // What ends gives back what it used.
        Gate::Quota(_) => (generation::makes_room(scene.observed), patience::APPEARS),
        Gate::NoServiceAccount(_) => (false, patience::APPEARS),
        Gate::WebhookDown(_) | Gate::Other => (false, patience::PASSES),
        _ => (false, patience::NONE),
    };
    if waits {
        return None;
    }
    let name = set.object.metadata.name.clone().unwrap_or_default();
    let subject = Subject { kind: "ReplicaSet", name, container: None };
    let evidence = vec![Evidence::new(format!("{subject}, condition ReplicaFailure"), message)];
    Some(Sign {
        cause: Cause::Refused { by },
        subject,
        evidence,
        since: set.since(mark::REFUSED).unwrap_or(scene.now),
        patience,
    })
}

/// What a refusal's message says that refused.
pub(super) fn read(message: &str) -> Gate {
    let single = |before: &str| {
        let (_, rest) = message.split_once(before)?;
        quoted::between(rest, "'", "'").map(str::to_owned)
    };
    let double = |before: &str| quoted::after(message, before).map(str::to_owned).unwrap_or_default();
    if message.contains("failed calling webhook") {
        return Gate::WebhookDown(double("failed calling webhook"));
    }
    if message.contains("admission webhook") && message.contains("denied the request") {
        return Gate::Webhook(double("admission webhook"));
    }
    if let Some(name) = single("ValidatingAdmissionPolicy") {
        return Gate::Policy(name);
    }
    if let Some(quota) = quoted::between(message, "exceeded quota: ", ",") {
        return Gate::Quota(quota.to_owned());
    }
    if let Some((_, what)) = message.split_once("must specify ")
        && message.contains("failed quota: ")
    {
        return Gate::QuotaNeeds(what.split(" for:").next().unwrap_or(what).trim().to_owned());
    }
    if message.contains("violates PodSecurity") {
        return Gate::PodSecurity(double("violates PodSecurity"));
    }
    if message.contains("serviceaccount \"") && message.contains("not found") {
        return Gate::NoServiceAccount(double("serviceaccount"));
    }
    let limited = ["maximum ", "minimum "].iter().any(|m| message.contains(m)) && message.contains(" usage per ");
    if limited || message.contains("max limit to request ratio") {
        return Gate::LimitRange;
    }
    Gate::Other
}
