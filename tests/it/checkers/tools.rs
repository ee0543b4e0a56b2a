//! The tools: each on a folder that has one folder for the manifests of each fixture.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::excuse::Finding;
use crate::sandbox::bed;

/// kube-score's grade for what it calls critical.
const CRITICAL: u64 = 1;

/// What kube-score calls critical.
pub(crate) fn kube_score(folder: &Path) -> BTreeSet<Finding> {
    let mut findings = BTreeSet::new();
    for set in entries(folder) {
        let mut command = Command::new(bed("PYDEPLOY_TEST_KUBE_SCORE"));
        // Policies and budgets count for the Deployment that they come with: one run a fixture.
        command.args(["score", "--kubernetes-version", "v1.34", "-o", "json"]).args(entries(&set));
        let report = json(command);
        let checks: Vec<_> = list(&report).iter().flat_map(|object| list(&object["checks"])).collect();
        assert!(!checks.is_empty(), "kube-score looked at nothing in {}", set.display());
        for check in checks.iter().filter(|c| c["grade"] == CRITICAL && c["skipped"] == false) {
            let comments = check["comments"].as_array().filter(|c| !c.is_empty());
            let says =
                comments.map_or(vec![&check["check"]["comment"]], |all| all.iter().map(|c| &c["summary"]).collect());
            for says in says {
                let text = format!("kube-score {}: {}", text(&check["check"]["id"]), text(says));
                findings.insert(Finding { text, manifests: name(&set) });
            }
        }
    }
    findings
}

/// What checkov's Kubernetes rules fail. All of them: which ones name a security context, a probe or an image needs no
/// list that way, and a rule that is new gets looked at.
pub(crate) fn checkov(folder: &Path) -> BTreeSet<Finding> {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(bed("PYDEPLOY_TEST_CHECKOV"));
    command.args(["--framework", "kubernetes", "-o", "json", "--quiet", "--compact", "--skip-download", "-d"]);
    command.arg(folder).env("CKV_SKIP_PACKAGE_UPDATE_CHECK", "true").env("HOME", home.path());
    let report = json(command);
    assert_eq!(report["summary"]["parsing_errors"], 0, "{report:#}");
    let looked_at = report["summary"]["resource_count"].as_u64().unwrap();
    assert!(looked_at >= entries(folder).len() as u64, "{:#}", report["summary"]);
    let finding = |check: &Value| {
        let text = format!("checkov {}: {}", text(&check["check_id"]), text(&check["check_name"]));
        Finding { text, manifests: name(Path::new(&self::text(&check["file_path"])).parent().unwrap()) }
    };
    list(&report["results"]["failed_checks"]).iter().map(finding).collect()
}

/// What kubeconform refuses, as `FIXTURE: MESSAGE`.
pub(crate) fn kubeconform(folder: &Path) -> Vec<String> {
    let schemas = format!("{}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json", bed("PYDEPLOY_TEST_SCHEMAS"));
    let mut command = Command::new(bed("PYDEPLOY_TEST_KUBECONFORM"));
    command.args(["-strict", "-summary", "-output", "json", "-schema-location", &schemas]).arg(folder);
    let report = json(command);
    let count = |key: &str| report["summary"][key].as_u64().unwrap();
    let files: usize = entries(folder).iter().map(|set| entries(set).len()).sum();
    assert!(count("valid") + count("invalid") + count("errors") >= files as u64, "{report:#}");
    assert_eq!(count("skipped"), 0, "{report:#}");
    let refused =
        |r: &Value| format!("{}: {}", name(Path::new(&text(&r["filename"])).parent().unwrap()), text(&r["msg"]));
    list(&report["resources"]).iter().map(refused).collect()
}

/// What it prints. They end with 1 both when they find something and when they fail; then this is no JSON.
fn json(mut command: Command) -> Value {
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        panic!("{command:?}: {e}\n{out}\n{err}")
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value:#}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value:#}")).to_owned()
}
