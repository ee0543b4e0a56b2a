//! A tree: every file that manifests of a format are, and may have been before.

use super::objects::Manifests;
use super::yaml::{self, File, YamlError};
use super::{Format, chart, kustomize};
use crate::workload::Workload;
use crate::workload::deploy::Everywhere;

/// The kinds of objects that there are one of, as their files are called.
const KINDS: &[&str] = &[
    "serviceaccount",
    "networkpolicy",
    "deployment",
    "service",
    "ingress",
    "horizontalpodautoscaler",
    "poddisruptionbudget",
];

/// The kinds of which there may be several, whose files have the object's name as well.
const SEVERAL: &[&str] = &["deployment", "networkpolicy", "persistentvolumeclaim"];

/// The files of a workload in this format: as it is in the chosen environment, or everywhere.
pub fn files(format: Format, chosen: &Workload, everywhere: &Everywhere<Workload>) -> Result<Vec<File>, YamlError> {
    match format {
        Format::Yaml => yaml::files(&Manifests::of(chosen)),
        Format::Kustomize => kustomize::files(everywhere),
        Format::Helm => chart::files(everywhere),
    }
}

/// The paths that files of this format are sure to have, or likely, before the image is known.
pub fn likely<'e>(format: Format, environments: impl Iterator<Item = &'e String>) -> Vec<String> {
    let kinds = |folder: &str| KINDS.iter().map(|kind| format!("{folder}{kind}.yaml")).collect::<Vec<_>>();
    match format {
        Format::Yaml => kinds(""),
        Format::Kustomize => {
            let mut all = kinds("base/");
            all.push("base/kustomization.yaml".to_owned());
            all.extend(environments.map(|name| format!("overlays/{name}/kustomization.yaml")));
            all
        }
        Format::Helm => {
            let mut all: Vec<_> = chart::names().map(str::to_owned).collect();
            all.extend(environments.map(|name| format!("values-{name}.yaml")));
            all
        }
    }
}

/// Whether a file of ours may have this path, in any format.
pub fn may_be(path: &str) -> bool {
    let is_object = |name: &str| {
        let stem = name.strip_suffix(".yaml").unwrap_or_default();
        let named = |kind: &str| stem.strip_prefix(kind).is_some_and(|rest| rest.starts_with('-'));
        KINDS.contains(&stem) || SEVERAL.iter().any(|kind| named(kind))
    };
    let is_values = |name: &str| name.starts_with("values-") && name.strip_suffix(".yaml").is_some();
    let parts: Vec<_> = path.split('/').collect();
    match parts.as_slice() {
        [name] => is_object(name) || is_values(name) || chart::names().any(|n| n == *name),
        ["base", name] | ["overlays", _, name] => is_object(name) || *name == "kustomization.yaml",
        ["templates", _] => chart::names().any(|n| n == path),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_likely_is_ours_and_little_else() {
        let environments = ["staging".to_owned()];
        for format in [Format::Yaml, Format::Kustomize, Format::Helm] {
            for path in likely(format, environments.iter()) {
                assert!(may_be(&path), "{path}");
            }
        }
        assert!(
            may_be("persistentvolumeclaim-api-data.yaml")
                && may_be("base/deployment-api-worker.yaml")
                && may_be("overlays/x/deployment.yaml")
        );
        for other in ["deployment", "my-deployment.yaml", "a/deployment.yaml", "README.md", "templates/mine.yaml", ""] {
            assert!(!may_be(other), "{other}");
        }
    }
}
