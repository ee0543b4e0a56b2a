//! The aim of a rollout: what was applied.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::observed::Observed;

/// What was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Aim {
    /// The Deployment's uid: one of the same name may take its place.
    pub uid: String,
    /// Its generation as applied: a status of an earlier one tells of an earlier rollout.
    pub generation: i64,
    /// The Pods that are wanted, as the API server gave the template back.
    pub template: PodTemplateSpec,
    /// When it was applied, by our clock.
    pub begun: Timestamp,
}

impl Aim {
    /// The aim of a Deployment as the API server gave it back when it was applied, or as it is found.
    pub fn of(applied: &Deployment, begun: Timestamp) -> Self {
        Self {
            uid: applied.metadata.uid.clone().unwrap_or_default(),
            generation: applied.metadata.generation.unwrap_or_default(),
            template: applied.spec.as_ref().map(|s| s.template.clone()).unwrap_or_default(),
            begun,
        }
    }

    /// What was changed by others meanwhile, in a line each.
    pub fn notes(&self, observed: &Observed) -> Vec<String> {
        let Some(deployment) = observed.deployment() else { return Vec::new() };
        let Some(spec) = &deployment.spec else { return Vec::new() };
        let mut notes = Vec::new();
        if spec.template != self.template {
            let who = manager(deployment).map_or_else(|| "another manager".to_owned(), |m| format!("{m:?}"));
            let (ours, theirs) = (images(&self.template), images(&spec.template));
            notes.push(if ours == theirs {
                format!("{who} changed the Pod template after it was applied; the rollout is the changed one's")
            } else {
                format!(
                    "{who} changed the image from {ours} to {theirs} after it was applied; the rollout is the \
                    changed one's"
                )
            });
        }
        if spec.paused == Some(true) {
            notes.push(format!("the Deployment is paused: kubectl rollout resume deployment/{}", observed.name()));
        }
        notes
    }
}

fn images(template: &PodTemplateSpec) -> String {
    let containers = template.spec.iter().flat_map(|s| &s.containers);
    containers.map(|c| c.image.clone().unwrap_or_default()).collect::<Vec<_>>().join(", ")
}

/// Who wrote to the Deployment's spec last.
fn manager(deployment: &Deployment) -> Option<&str> {
    let fields = deployment.metadata.managed_fields.iter().flatten();
    let spec = fields.filter(|f| f.subresource.as_deref().unwrap_or_default().is_empty());
    let of_template = spec.filter(|f| {
        let fields = f.fields_v1.as_ref().map(|f| &f.0);
        fields.and_then(|f| f.get("f:spec")).is_some_and(|s| s.get("f:template").is_some())
    });
    of_template.max_by_key(|f| f.time.clone())?.manager.as_deref()
}
