//! Helm: what it renders of the chart is what the typed objects are.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pydeploy::manifests::chart;
use pydeploy::stages::write;
use pydeploy::workload::Workload;
use pydeploy::workload::deploy::Everywhere;
use serde_json::Value;

use super::{assert_same, everything, example, objects, subject, typed};
use crate::sandbox::bed;

fn helm(args: &[&str], paths: &[&Path]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(bed("PYDEPLOY_TEST_HELM"));
    // A helm that its own Makefile has not built takes itself to be of Kubernetes 1.20's time.
    command.args(args).args(["--kube-version", "1.33.0"]).args(paths).env("HOME", home.path()).env_remove("KUBECONFIG");
    command.output().unwrap()
}

fn stdout(output: Output) -> String {
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}{err}");
    // A value that it could not lay over another would be reported here, and ignored.
    assert!(!err.to_lowercase().contains("warning"), "{err}");
    out
}

fn written(everywhere: &Everywhere<Workload>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("python-app");
    write::write(&chart, &chart::files(everywhere).unwrap()).unwrap();
    (folder, chart)
}

#[test]
#[ignore = "needs the bed: helm"]
fn helm_renders_every_environment_of_every_fixture() {
    for (name, everywhere) in everything() {
        let (_folder, chart) = written(&everywhere);
        let lint = stdout(helm(&["lint", "--strict"], &[&chart]));
        assert!(!lint.contains("[WARNING]") && !lint.contains("[ERROR]"), "{name}: {lint}");
        let rendered = objects(&stdout(helm(&["template", "release"], &[&chart])));
        assert_same(&name, &rendered, &typed(&everywhere.base));
        for (environment, workload) in &everywhere.each {
            let values = chart.join(format!("values-{environment}.yaml"));
            let rendered = objects(&stdout(helm(&["template", "release"], &[&chart, Path::new("-f"), &values])));
            assert_same(&format!("{name}, {environment}"), &rendered, &typed(workload));
        }
    }
}

#[test]
#[ignore = "needs the bed: helm"]
fn helm_refuses_values_that_are_none() {
    let (_folder, chart) = written(&everything().remove(0).1);
    for (set, says) in [("replicaz=3", "replicaz"), ("replicas=many", "replicas"), ("image.digest=latest", "digest")] {
        let output = helm(&["template", "release", "--set", set], &[&chart]);
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && err.contains(says), "{set}: {err}");
    }
    assert!(helm(&["template", "release", "--set", "replicas=3,global.x=1"], &[&chart]).status.success());
}

#[test]
fn the_charts_own_values_are_the_examples_byte_for_byte() {
    let folder = subject::root().join("charts/python-app");
    let text = chart::commented(&chart::values(&example()).unwrap()).unwrap();
    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&folder.join("values.yaml"), None).raw());
    let text = chart::schema().unwrap();
    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&folder.join("values.schema.json"), None).raw());
}

#[test]
fn the_schema_accepts_what_we_write_and_no_unknown_value() {
    let schema: Value = serde_json::from_str(&chart::schema().unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, everywhere) in everything() {
        let mut values = Value::Object(chart::values(&everywhere.base).unwrap());
        let errors: Vec<_> = validator.iter_errors(&values).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
        values["identity"]["uidd"] = Value::from(1);
        assert!(!validator.is_valid(&values));
    }
}

#[test]
fn the_whole_chart_is_compiled_in() {
    let folder = subject::root().join("charts/python-app");
    let mut on_disk = Vec::new();
    for (prefix, folder) in [("", folder.clone()), ("templates/", folder.join("templates"))] {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                on_disk.push(format!("{prefix}{}", entry.file_name().to_str().unwrap()));
            }
        }
    }
    let files = chart::files(&Everywhere { base: example(), each: std::collections::BTreeMap::new() }).unwrap();
    let mut written: Vec<_> = files.into_iter().map(|f| f.name).collect();
    on_disk.sort();
    written.sort();
    assert_eq!(on_disk, written);
}
