//! The Pods of a workload, and the Deployment that makes them.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, ConfigMapKeySelector, Container, ContainerPort, EnvFromSource, EnvVar, EnvVarSource, Lifecycle,
    LifecycleHandler, LocalObjectReference, PodSpec, PodTemplateSpec, ResourceRequirements, SecretEnvSource,
    SecretKeySelector, SleepAction, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::network::{port_name, protocol};
use super::objects::{labels, metadata, selector};
use super::storage;
use crate::image::contract::Port;
use crate::workload::deploy::{self, EnvFrom, EnvValue, KeyOf, LabelKey, VariableName};
use crate::workload::{Step, Workload};

pub use super::probe::probes;
pub use super::security::{container_security, pod_security};

/// How long a Pod has to end once it is told to, in seconds: Kubernetes' default.
const GRACE: u32 = 30;

/// The Deployment. An autoscaler's number of Pods is not ours to reset with each apply.
pub(super) fn deployment(workload: &Workload) -> Deployment {
    let terms = &workload.terms;
    // While the old Pod holds its node's claim, a new one elsewhere would wait for ever.
    let strategy = (terms.is_tied_to_a_node() || workload.single)
        .then(|| DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None });
    Deployment {
        metadata: metadata(workload, &workload.name),
        spec: Some(DeploymentSpec {
            replicas: terms.autoscaler.is_none().then_some(terms.replicas),
            selector: selector(workload),
            strategy,
            template: PodTemplateSpec { metadata: Some(pod_metadata(workload)), spec: Some(pod(workload)) },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn pod_metadata(workload: &Workload) -> ObjectMeta {
    let annotations = &workload.terms.annotations;
    let annotations: BTreeMap<_, _> = annotations.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
    let mut labels = labels(workload);
    labels.extend(workload.terms.labels.iter().map(|(k, v)| (k.to_string(), v.to_string())));
    ObjectMeta {
        labels: Some(labels),
        annotations: (!annotations.is_empty()).then_some(annotations),
        ..ObjectMeta::default()
    }
}

fn pod(workload: &Workload) -> PodSpec {
    let terms = &workload.terms;
    let mut security = pod_security(workload.identity, &workload.ports);
    if terms.is_persistent() && workload.identity.gid != 0 {
        // A volume's files are of a group that is the container's; its owner is changed once, not at every start.
        security.fs_group = Some(i64::from(workload.identity.gid));
        security.fs_group_change_policy = Some("OnRootMismatch".to_owned());
    }
    let step = |step: &Step| program(workload, &step.name, &step.args);
    let secret = |name: &deploy::ObjectName| LocalObjectReference { name: name.to_string() };
    let account = terms.service_account.as_ref().map_or_else(|| workload.application().to_owned(), ToString::to_string);
    PodSpec {
        service_account_name: Some(account),
        automount_service_account_token: Some(false),
        // Each Service of the namespace would add variables such as APP_PORT, which settings libraries read.
        enable_service_links: Some(false),
        security_context: Some(security),
        init_containers: none_if_empty(workload.release.iter().map(step).collect()),
        containers: vec![container(workload)],
        image_pull_secrets: none_if_empty(terms.image_pull_secrets.iter().map(secret).collect()),
        // What the container has for itself stays what it was: the drain comes on top.
        termination_grace_period_seconds: terms.drain.map(|drain| i64::from(GRACE + drain)),
        topology_spread_constraints: none_if_empty(terms.topology_spread.iter().map(|k| spread(workload, k)).collect()),
        volumes: Some(storage::volumes(workload)),
        ..PodSpec::default()
    }
}

/// Each revision is spread by itself: the Pods that a rollout is about to remove don't count.
fn spread(workload: &Workload, key: &LabelKey) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: key.to_string(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(selector(workload)),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        ..TopologySpreadConstraint::default()
    }
}

/// The container. Its stop signal is the image's STOPSIGNAL, which runtimes honour: there is nothing to say about it.
fn container(workload: &Workload) -> Container {
    let terms = &workload.terms;
    let port = |(i, p): (usize, &Port)| ContainerPort {
        name: Some(port_name(i, *p)),
        container_port: i32::from(p.port),
        protocol: Some(protocol(p.protocol).to_owned()),
        ..ContainerPort::default()
    };
    let [startup, readiness, liveness] = probes(workload.probes.as_ref());
    let sleep = |seconds: u32| LifecycleHandler {
        sleep: Some(SleepAction { seconds: i64::from(seconds) }),
        ..LifecycleHandler::default()
    };
    Container {
        lifecycle: terms.drain.map(|drain| Lifecycle { pre_stop: Some(sleep(drain)), ..Lifecycle::default() }),
        ports: none_if_empty(workload.ports.iter().enumerate().map(port).collect()),
        startup_probe: startup,
        readiness_probe: readiness,
        liveness_probe: liveness,
        ..program(workload, &workload.name, &workload.args)
    }
}

/// What a container of the image is, whatever it is started for.
fn program(workload: &Workload, name: &str, args: &[String]) -> Container {
    let terms = &workload.terms;
    Container {
        name: name.to_owned(),
        image: Some(workload.image.to_string()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        args: none_if_empty(args.iter().map(|word| literal(word)).collect()),
        env: none_if_empty(terms.env.iter().map(variable).collect()),
        env_from: none_if_empty(terms.env_from.iter().map(variables).collect()),
        resources: Some(resources(&terms.resources)),
        security_context: Some(container_security(workload.identity)),
        volume_mounts: Some(storage::mounts(workload)),
        ..Container::default()
    }
}

fn variable((name, value): (&VariableName, &EnvValue)) -> EnvVar {
    let mut variable = EnvVar { name: name.to_string(), ..EnvVar::default() };
    match value {
        EnvValue::Value(text) => variable.value = Some(literal(text)),
        EnvValue::Secret(KeyOf { name, key }) => {
            let secret = SecretKeySelector { name: name.to_string(), key: key.to_string(), optional: None };
            variable.value_from = Some(EnvVarSource { secret_key_ref: Some(secret), ..EnvVarSource::default() });
        }
        EnvValue::ConfigMap(KeyOf { name, key }) => {
            let map = ConfigMapKeySelector { name: name.to_string(), key: key.to_string(), optional: None };
            variable.value_from = Some(EnvVarSource { config_map_key_ref: Some(map), ..EnvVarSource::default() });
        }
    }
    variable
}

/// A value that stays what it is: the kubelet expands `$(NAME)` in it and turns `$$` into `$`.
pub(super) fn literal(text: &str) -> String {
    if text.contains("$(") || text.contains("$$") { text.replace('$', "$$") } else { text.to_owned() }
}

fn variables(from: &EnvFrom) -> EnvFromSource {
    let mut source = EnvFromSource::default();
    match from {
        EnvFrom::Secret(name) => {
            source.secret_ref = Some(SecretEnvSource { name: name.to_string(), optional: None });
        }
        EnvFrom::ConfigMap(name) => {
            source.config_map_ref = Some(ConfigMapEnvSource { name: name.to_string(), optional: None });
        }
    }
    source
}

fn resources(resources: &deploy::Resources) -> ResourceRequirements {
    let quantities = |all: &BTreeMap<String, deploy::Quantity>| {
        let map: BTreeMap<_, _> = all.iter().map(|(k, v)| (k.clone(), Quantity(v.to_string()))).collect();
        (!map.is_empty()).then_some(map)
    };
    ResourceRequirements {
        requests: quantities(&resources.requests),
        limits: quantities(&resources.limits),
        ..ResourceRequirements::default()
    }
}

fn none_if_empty<T>(all: Vec<T>) -> Option<Vec<T>> {
    (!all.is_empty()).then_some(all)
}
