//! Storage: the volumes of a Pod, and the claims that are made for it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, EmptyDirVolumeSource, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource, SecretVolumeSource, Volume, VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::objects::metadata;
use crate::workload::Workload;
use crate::workload::deploy::{Label, Source};

/// Python's tempfile needs one writable folder, and so do uploads and gunicorn.
const TMP: (&str, &str) = ("tmp", "/tmp");

fn claim_name(workload: &Workload, volume: &Label) -> String {
    format!("{}-{volume}", workload.application())
}

/// The claims that are made along with the workload.
pub(super) fn claims(workload: &Workload) -> impl Iterator<Item = PersistentVolumeClaim> {
    workload.terms.volumes.iter().filter_map(|(name, volume)| {
        let Source::New { size, storage_class, access_mode } = &volume.source else { return None };
        let requests = BTreeMap::from([("storage".to_owned(), Quantity(size.to_string()))]);
        Some(PersistentVolumeClaim {
            metadata: metadata(workload, &claim_name(workload, name)),
            spec: Some(PersistentVolumeClaimSpec {
                access_modes: Some(vec![access_mode.name().to_owned()]),
                storage_class_name: storage_class.as_ref().map(ToString::to_string),
                resources: Some(VolumeResourceRequirements { requests: Some(requests), limits: None }),
                ..PersistentVolumeClaimSpec::default()
            }),
            ..PersistentVolumeClaim::default()
        })
    })
}

/// The Pod's volumes; without a limit, files in /tmp could fill the node's disk.
pub(super) fn volumes(workload: &Workload) -> Vec<Volume> {
    let empty = |limit: Option<String>| EmptyDirVolumeSource { size_limit: limit.map(Quantity), medium: None };
    let tmp = Volume {
        name: TMP.0.to_owned(),
        empty_dir: Some(empty(Some(workload.terms.tmp_size.to_string()))),
        ..Volume::default()
    };
    let claim = |claim_name: String| Some(PersistentVolumeClaimVolumeSource { claim_name, read_only: None });
    let volume = |(name, volume): (&Label, &crate::workload::deploy::Volume)| {
        let mut made = Volume { name: name.to_string(), ..Volume::default() };
        match &volume.source {
            Source::Claim(existing) => made.persistent_volume_claim = claim(existing.to_string()),
            Source::New { .. } => made.persistent_volume_claim = claim(claim_name(workload, name)),
            Source::ConfigMap(map) => {
                let source = ConfigMapVolumeSource { name: map.to_string(), ..ConfigMapVolumeSource::default() };
                made.config_map = Some(source);
            }
            Source::Secret(secret) => {
                let secret_name = Some(secret.to_string());
                made.secret = Some(SecretVolumeSource { secret_name, ..SecretVolumeSource::default() });
            }
            Source::EmptyDir { size_limit } => {
                made.empty_dir = Some(empty(size_limit.as_ref().map(ToString::to_string)));
            }
        }
        made
    };
    std::iter::once(tmp).chain(workload.terms.volumes.iter().map(volume)).collect()
}

/// Where the container finds them.
pub(super) fn mounts(workload: &Workload) -> Vec<VolumeMount> {
    let mount = |name: &str, path: &str| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        ..VolumeMount::default()
    };
    let volumes = workload.terms.volumes.iter().map(|(name, volume)| VolumeMount {
        read_only: volume.read_only.then_some(true),
        ..mount(name.as_str(), volume.path.as_str())
    });
    std::iter::once(mount(TMP.0, TMP.1)).chain(volumes).collect()
}
