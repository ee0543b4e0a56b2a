//! The JSON documents of the commands: scripts are written against their keys.

use serde_json::{Value, json};

use crate::cluster::{Applied, Cluster, Identity};
use crate::difference::Field;
use crate::engine::Engine;
use crate::image;
use crate::image::contract::User;
use crate::image::plan::{ImagePlan, SystemPackage};
use crate::manifests::objects;
use crate::project::{Decision, Process, Project};
use crate::rollout::Revision;
use crate::stages::examine::{Examined, Platform};
use crate::stages::push::Layer;
use crate::stages::{Blueprint, Prepared, Pushed};
use crate::workload::{Probes, Who};

/// `project{…}` of a plan.
pub(super) fn project(prepared: &Prepared) -> Value {
    let read = prepared.project.as_ref();
    json!({
        "root": prepared.root.display().to_string(),
        "name": prepared.name.value,
        "manager": read.map(|p| p.manager.value.to_string()),
        "lock": read.and_then(lock),
        "python": read.map(|p| json!({"version": p.python.value.to_string(), "from": from(&p.python)})),
        "framework": read.and_then(|p| p.framework.as_ref()).map(|f| f.value.to_string()),
        "kind": read.map(|p| p.kind.value.to_string()),
        "processes": prepared.processes.iter().map(process).collect::<Vec<_>>(),
    })
}

fn process(process: &Process) -> Value {
    let Process { name, kind, command, health } = process;
    json!({"name": name, "kind": kind, "command": command.value, "health": health})
}

/// The lock file, where there is one.
pub(super) fn lock(project: &Project) -> Option<String> {
    use crate::project::DependencySource;
    match &project.dependencies.source {
        DependencySource::UvLock { lock, member, .. } => {
            Some(member.as_ref().map_or_else(|| lock.clone(), |member| member.way(lock)))
        }
        DependencySource::Pylock { lock, .. } => Some(lock.clone()),
        DependencySource::Requirements { files, .. } | DependencySource::Lock { files, .. } => files.first().cloned(),
        _ => None,
    }
}

fn from<T>(decision: &Decision<T>) -> String {
    decision.evidence.as_ref().map_or_else(|| decision.because.clone(), ToString::to_string)
}

/// `image{…}` of a plan.
pub(super) fn image(prepared: &Prepared, engine: &Decision<Engine>) -> Value {
    let engine = json!({"engine": engine.value.to_string(), "engineReason": engine.because});
    let mut document = match &prepared.blueprint {
        // What it will be is known once it is built: `ship --json` has the contract.
        Blueprint::Own(path) => json!({
            "strategy": null, "dockerfile": path.value, "base": null, "command": [], "ports": [], "user": null,
            "healthcheck": null, "systemPackages": [],
        }),
        Blueprint::Generated { plan, .. } => generated(plan),
    };
    if let (Some(fields), Value::Object(engine)) = (document.as_object_mut(), engine) {
        fields.extend(engine);
    }
    document
}

fn generated(plan: &ImagePlan) -> Value {
    let packages =
        |all: &[SystemPackage]| all.iter().map(|p| json!({"name": p.name, "because": p.because})).collect::<Vec<_>>();
    json!({
        "strategy": plan.strategy.value.to_string(),
        "base": plan.base.value,
        "command": plan.command,
        "ports": plan.ports,
        "user": plan.account.as_ref().map(|a| json!({"name": a.name, "uid": a.uid, "gid": a.gid})),
        "healthcheck": plan.healthcheck.as_ref().map(|h| &h.value),
        "systemPackages": packages(&plan.run_packages),
        "buildPackages": packages(&plan.build_packages),
        "secrets": plan.secrets,
        "notes": plan.notes,
    })
}

/// What an image promises, and what that compiles to.
pub(super) fn contract(examined: &Examined) -> Value {
    let shown = examined.shown();
    let (contract, compiled) = (&shown.contract, &shown.compiled);
    // Root is a number too, although no identity that a manifest could state.
    let is_root = matches!((&contract.user, &shown.known.who), (User::Root(_), Who::Unlooked));
    let numbers = compiled.identity.map(|i| (i.uid, i.gid)).or(is_root.then_some((0, 0)));
    let user = json!({
        "name": user_name(shown),
        "uid": numbers.map(|n| n.0),
        "gid": numbers.map(|n| n.1),
        "from": examined.user_from(),
    });
    let process = |(process, asked): &(image::process::Process, Option<Probes>)| {
        let image::process::Process { name, kind, command, healthcheck } = process;
        let probes = probes(asked.as_ref());
        json!({"name": name, "kind": kind, "command": command, "healthcheck": healthcheck, "probes": probes})
    };
    json!({
        "source": {"kind": examined.kind.name(), "ref": examined.name},
        "platforms": examined.platforms.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        "user": user,
        "ports": contract.ports,
        "healthcheck": contract.healthcheck,
        "stopSignal": contract.stop_signal,
        "probes": probes(compiled.probes.as_ref()),
        "processes": compiled.processes.iter().map(process).collect::<Vec<_>>(),
        "probesBecause": compiled.probes.as_ref().map(|p| p.because.as_str()),
        "securityContext": compiled.identity.map(|i| json!({
            "pod": objects::pod_security(i, &contract.ports),
            "container": objects::container_security(i),
        })),
        "findings": examined.findings(),
    })
}

/// `probes{…}`, each as Kubernetes has it.
fn probes(probes: Option<&Probes>) -> Option<Value> {
    let [startup, readiness, liveness] = objects::probes(probes);
    probes.map(|_| json!({"startup": startup, "readiness": readiness, "liveness": liveness}))
}

/// The account's name: as USER states it, or as /etc/passwd has it.
fn user_name(shown: &Platform) -> Option<String> {
    match (&shown.known.who, &shown.contract.user) {
        (Who::Is(account), _) if account.name.is_some() => account.name.clone(),
        (_, User::Named(name)) => Some(name.split(':').next().unwrap_or_default().to_owned()),
        _ => None,
    }
}

/// `layers[…]` of an image.
pub(super) fn layers(all: &[Layer]) -> Vec<Value> {
    all.iter().map(|l| json!({"digest": l.digest, "size": l.size, "what": l.what})).collect()
}

/// `image{…}` of what was pushed.
pub(super) fn pushed(pushed: &Pushed, unpacked: Option<u64>) -> Value {
    json!({
        "reference": pushed.reference,
        "digest": pushed.reference.digest(),
        "tags": pushed.tags,
        "platforms": pushed.examined.platforms.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        "size": {"compressed": pushed.compressed(), "unpacked": unpacked},
        "layers": layers(&pushed.layers),
        "pushed": {"bytes": pushed.uploaded, "requests": pushed.requests},
    })
}

/// `cluster{…}`.
pub(super) fn cluster(cluster: &Cluster) -> Value {
    json!({
        "context": cluster.context,
        "address": cluster.address,
        "namespace": cluster.namespace,
        "version": cluster.version,
    })
}

/// One of `objects[…]`.
pub(super) fn applied(applied: &Applied) -> Value {
    let Identity { kind, name, namespace } = &applied.identity;
    json!({"kind": kind, "name": name, "namespace": namespace, "change": applied.change.name()})
}

/// `fields[…]` that differ.
pub(super) fn fields(all: &[Field]) -> Vec<Value> {
    all.iter().map(|f| json!({"path": f.path, "before": f.before, "after": f.after})).collect()
}

/// One of `revisions[…]`.
pub(super) fn revision(revision: &Revision) -> Value {
    let Revision { number, version, images, created, reason, pods, ready, is_current, .. } = revision;
    json!({
        "revision": number,
        "version": version,
        "images": images,
        "created": created.map(|t| t.to_string()),
        "reason": reason,
        "replicas": {"pods": pods, "ready": ready},
        "current": is_current,
    })
}
