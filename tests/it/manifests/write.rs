//! Writing manifests: all or none, nobody's files but ours, and none left of another format.

use std::collections::BTreeMap;
use std::path::Path;

use pydeploy::manifests::yaml::File;
use pydeploy::manifests::{Format, tree};
use pydeploy::stages::write;

use super::everything;

fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.insert(format!("{name}/"), String::new());
            walk(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}

fn found(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found);
    found
}

fn files(format: Format) -> Vec<File> {
    let (_, everywhere) = everything().into_iter().find(|(name, _)| name == "operator").unwrap();
    tree::files(format, &everywhere.base, &everywhere).unwrap()
}

#[test]
fn one_format_takes_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    for format in [Format::Yaml, Format::Kustomize, Format::Helm, Format::Kustomize, Format::Yaml] {
        let files = files(format);
        let written = write::write(folder.path(), &files).unwrap();
        assert_eq!(written.len(), files.len());
        let expected: BTreeMap<_, _> = files.into_iter().map(|f| (f.name, f.text)).collect();
        let now: BTreeMap<_, _> = found(folder.path()).into_iter().filter(|(name, _)| !name.ends_with('/')).collect();
        assert!(now == expected, "{:?}", now.keys());
    }
    // Not even folders are left.
    assert!(found(folder.path()).keys().all(|name| !name.ends_with('/')), "{:?}", found(folder.path()).keys());
}

#[test]
fn what_is_not_ours_stays() {
    let folder = tempfile::tempdir().unwrap();
    write::write(folder.path(), &files(Format::Kustomize)).unwrap();
    // A copy of ours under a name that is none of ours, and files in folders of ours.
    let deployment = std::fs::read(folder.path().join("base/deployment.yaml")).unwrap();
    for name in ["old-deployment.yaml", "base/mine.yaml", "overlays/production/more.yaml"] {
        std::fs::write(folder.path().join(name), &deployment).unwrap();
    }
    std::fs::write(folder.path().join("base/service.yaml"), "mine").unwrap();
    write::write(folder.path(), &files(Format::Yaml)).unwrap();
    let left = found(folder.path());
    for name in ["old-deployment.yaml", "base/mine.yaml", "overlays/production/more.yaml", "base/service.yaml"] {
        assert!(left.contains_key(name), "{name}: {:?}", left.keys());
    }
    assert!(!left.contains_key("base/deployment.yaml") && !left.contains_key("overlays/staging/"));
}

#[test]
fn a_file_that_is_not_ours_is_met_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("templates")).unwrap();
    std::fs::write(folder.path().join("templates/service.yaml"), "mine").unwrap();
    let before = found(folder.path());
    let fault = write::write(folder.path(), &files(Format::Helm)).unwrap_err();
    assert_eq!(fault.class.code(), 3);
    assert!(fault.message.contains("templates/service.yaml"), "{}", fault.message);
    assert_eq!(found(folder.path()), before);
    let environments = ["staging".to_owned()];
    assert!(write::check(folder.path(), &tree::likely(Format::Helm, environments.iter())).is_err());
    assert!(write::check(folder.path(), &tree::likely(Format::Yaml, environments.iter())).is_ok());
}

#[test]
fn what_could_not_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Where a folder must be, there is a file.
    std::fs::write(folder.path().join("overlays"), "").unwrap();
    let fault = write::write(folder.path(), &files(Format::Kustomize)).unwrap_err();
    assert!(matches!(fault.class.code(), 3 | 4), "{}", fault.message);
    assert_eq!(found(folder.path()).into_keys().collect::<Vec<_>>(), ["overlays"]);
}

#[test]
fn every_file_bears_our_sign_at_its_head() {
    for format in [Format::Yaml, Format::Kustomize, Format::Helm] {
        for file in files(format) {
            let head: String = file.text.chars().take(200).collect();
            assert!(head.contains(pydeploy::manifests::yaml::SIGN), "{}: {head}", file.name);
            assert!(tree::may_be(&file.name), "{}", file.name);
        }
    }
}

#[test]
#[ignore = "needs the bed: docker registry base"]
fn ship_writes_a_kustomization_and_then_a_chart() {
    let repository = crate::sandbox::repository("formats");
    let settings = "[deploy]\nreplicas = 2\n[environments.live.deploy]\nreplicas = 6\n";
    let sandbox = crate::sandbox::Sandbox::tiny().file("pydeploy.toml", settings);
    let ship = |format: &str| {
        let words = ["ship", "--registry", &repository, "--tag", "1", "--insecure-registry", "--format", format];
        let document = sandbox.pydeploy(&words).json();
        let files = document["manifests"]["files"].as_array().unwrap_or_else(|| panic!("{document:#}")).clone();
        files.into_iter().map(|f| f.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let has = |files: &[String], end: &str| files.iter().any(|f| f.ends_with(end) && Path::new(f).is_file());
    let kustomization = ship("kustomize");
    assert!(has(&kustomization, "/.pydeploy/base/deployment.yaml"), "{kustomization:?}");
    assert!(has(&kustomization, "/.pydeploy/overlays/live/kustomization.yaml"), "{kustomization:?}");
    let chart = ship("helm");
    assert!(has(&chart, "/.pydeploy/Chart.yaml") && has(&chart, "/.pydeploy/values-live.yaml"), "{chart:?}");
    assert!(!sandbox.root().join(".pydeploy/base").exists());
    // Nothing listens, so there is nothing that an ingress could lead to.
    let settings = "[deploy]\ningress = { host = \"a.example\" }\n";
    let sandbox = sandbox.file("pydeploy.toml", settings);
    let image = format!("{repository}:1");
    let words = ["manifests", "--image", &image, "--insecure-registry"];
    sandbox.pydeploy(&words).fails(7).says(&["deploy.ingress", "add `EXPOSE 8000`"]);
}
