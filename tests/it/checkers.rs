//! Checkers: kube-score, kubeconform and checkov on the manifests of every fixture.
//!
//! What kube-score calls critical, whatever kubeconform finds and every rule of checkov that fails has to be mended, or
//! stands in `checkers/excused.toml` with the reason.

mod excuse;
mod fixtures;
mod tools;

use std::path::Path;

use excuse::Excuse;

/// A temporary folder that checkov looks into: it passes over those whose name begins with a dot.
fn visible_folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("pydeploy-").tempdir().unwrap()
}

#[test]
#[ignore = "needs the bed: docker registry base kube-score kubeconform checkov"]
fn every_finding_about_a_fixture_is_excused_and_every_excuse_is_needed() {
    let folder = visible_folder();
    let names = fixtures::ship_all(folder.path());
    assert_eq!(tools::kubeconform(folder.path()), Vec::<String>::new());
    let mut findings = tools::kube_score(folder.path());
    findings.append(&mut tools::checkov(folder.path()));
    let complaints = excuse::complaints(&findings, &Excuse::all(), &names);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
#[ignore = "needs the bed: kube-score kubeconform checkov"]
fn what_is_wrong_with_a_manifest_is_found() {
    let (typed, strange) = (visible_folder(), visible_folder());
    let good = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/example.yaml")).unwrap();
    let broken = |folder: &Path, name: &str, from: &str, to: &str| {
        assert!(good.contains(from), "{from}: {good}");
        std::fs::create_dir(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("all.yaml"), good.replace(from, to)).unwrap();
    };
    broken(typed.path(), "good", "kind", "kind");
    broken(typed.path(), "misspelt", "readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true");
    broken(strange.path(), "number", "failureThreshold: 3", "failureThreshold: three");
    broken(strange.path(), "kind", "kind: Deployment", "kind: Deploiment");
    let refused = [tools::kubeconform(typed.path()), tools::kubeconform(strange.path())].concat();
    for (name, says) in [
        ("misspelt: ", "additional properties 'readOnlyRootFileSystem' not allowed"),
        ("number: ", "failureThreshold': got string"),
        ("kind: ", "could not find schema for Deploiment"),
    ] {
        assert!(refused.iter().any(|r| r.starts_with(name) && r.contains(says)), "{name}{says}: {refused:#?}");
    }
    assert_eq!(refused.len(), 3, "{refused:#?}");
    let (graded, audited) = (tools::kube_score(typed.path()), tools::checkov(typed.path()));
    for (findings, rule) in
        [(graded, "kube-score container-security-context-readonlyrootfilesystem: "), (audited, "checkov CKV_K8S_22: ")]
    {
        let by: Vec<_> = findings.iter().filter(|f| f.text.starts_with(rule)).map(|f| &f.manifests).collect();
        assert_eq!(by, ["misspelt"], "{rule}: {findings:#?}");
    }
}
