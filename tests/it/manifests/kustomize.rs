//! Kustomize: what it builds of the base and the overlays is what the settings say of each environment.

use std::path::Path;
use std::process::Command;

use pydeploy::manifests::kustomize;
use pydeploy::stages::write;
use serde_json::Value;

use super::{assert_same, everything, objects, typed};
use crate::sandbox::bed;

fn build(folder: &Path) -> Vec<Value> {
    let output = Command::new(bed("PYDEPLOY_TEST_KUBECTL")).arg("kustomize").arg(folder).output().unwrap();
    assert!(output.status.success(), "{}: {}", folder.display(), String::from_utf8_lossy(&output.stderr));
    objects(&String::from_utf8(output.stdout).unwrap())
}

#[test]
#[ignore = "needs the bed: kubectl"]
fn kustomize_builds_every_environment_of_every_fixture() {
    let mut overlays = 0;
    for (name, everywhere) in everything() {
        let folder = tempfile::tempdir().unwrap();
        write::write(folder.path(), &kustomize::files(&everywhere).unwrap()).unwrap();
        assert_same(&name, &build(&folder.path().join("base")), &typed(&everywhere.base));
        for (environment, workload) in &everywhere.each {
            let built = build(&folder.path().join("overlays").join(environment));
            assert_same(&format!("{name}, {environment}"), &built, &typed(workload));
            overlays += 1;
        }
    }
    assert!(overlays >= 3, "{overlays}");
}

#[test]
fn an_overlay_has_only_what_differs_and_the_digest_stands_once() {
    let (_, everywhere) = everything().into_iter().find(|(name, _)| name == "settings").unwrap();
    let files = kustomize::files(&everywhere).unwrap();
    let digest = everywhere.base.image.digest().to_string();
    let with_digest: Vec<_> = files.iter().filter(|f| f.text.contains(&digest)).map(|f| f.name.as_str()).collect();
    assert_eq!(with_digest, ["base/kustomization.yaml"]);
    let overlay: Vec<_> = files.iter().filter(|f| f.name.starts_with("overlays/")).collect();
    assert_eq!(
        overlay.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
        ["overlays/staging/deployment.yaml", "overlays/staging/kustomization.yaml",]
    );
    let patch: Value = serde_yaml::from_str(&overlay[0].text).unwrap();
    assert_eq!(patch, serde_json::json!([{"op": "replace", "path": "/spec/replicas", "value": 1}]));
}
