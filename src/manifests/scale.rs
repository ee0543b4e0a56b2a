//! Scale: the objects that decide how many Pods there are, and how many must stay.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget,
    ResourceMetricSource,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::objects::{metadata, selector};
use crate::workload::Workload;
use crate::workload::deploy::{Budget, Count};

/// What decides how many Pods there are.
pub(super) fn autoscaler(workload: &Workload) -> Option<HorizontalPodAutoscaler> {
    let scaler = workload.terms.autoscaler.as_ref()?;
    let metric = |(name, percent): (&str, Option<i32>)| {
        let target = MetricTarget {
            type_: "Utilization".to_owned(),
            average_utilization: Some(percent?),
            ..MetricTarget::default()
        };
        let resource = Some(ResourceMetricSource { name: name.to_owned(), target });
        Some(MetricSpec { type_: "Resource".to_owned(), resource, ..MetricSpec::default() })
    };
    Some(HorizontalPodAutoscaler {
        metadata: metadata(workload, &workload.name),
        spec: Some(HorizontalPodAutoscalerSpec {
            min_replicas: Some(scaler.min),
            max_replicas: scaler.max,
            metrics: Some([("cpu", scaler.cpu), ("memory", scaler.memory)].into_iter().filter_map(metric).collect()),
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: "Deployment".to_owned(),
                name: workload.name.clone(),
            },
            ..HorizontalPodAutoscalerSpec::default()
        }),
        ..HorizontalPodAutoscaler::default()
    })
}

/// How many Pods may go at a time. One that is not ready serves nobody: it never stands in a drain's way.
pub(super) fn budget(workload: &Workload) -> Option<PodDisruptionBudget> {
    let count = |count: &Count| match count {
        Count::Number(number) => IntOrString::Int(*number),
        Count::Part(part) => IntOrString::String(part.to_string()),
    };
    let (min_available, max_unavailable) = match workload.terms.disruption_budget.as_ref()? {
        Budget::MinAvailable(least) => (Some(count(least)), None),
        Budget::MaxUnavailable(most) => (None, Some(count(most))),
    };
    Some(PodDisruptionBudget {
        metadata: metadata(workload, &workload.name),
        spec: Some(PodDisruptionBudgetSpec {
            min_available,
            max_unavailable,
            selector: Some(selector(workload)),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
        }),
        ..PodDisruptionBudget::default()
    })
}
