//! The linters and schemas of the CI systems themselves, on every stage that is written, and on some that are wrong.

use std::path::Path;
use std::process::Command;

use pydeploy::init::ci::System;

use super::stages::all;
use crate::sandbox::bed;

/// What a system's own checker says of a file; nothing where it is well.
fn says(system: System, file: &Path) -> String {
    let (program, args): (_, &[&str]) = match system {
        System::GitHub => ("PYDEPLOY_TEST_ACTIONLINT", &["-no-color"]),
        System::GitLab => ("PYDEPLOY_TEST_CHECK_JSONSCHEMA", &["--builtin-schema", "vendor.gitlab-ci"]),
        System::Tekton => ("PYDEPLOY_TEST_TEKTON_VALIDATE", &[]),
    };
    let output = Command::new(bed(program)).args(args).arg(file).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() || !text.is_empty(), "{program} ended with {} and says nothing", output.status);
    if output.status.success() { String::new() } else { text }
}

fn checked(system: System, path: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join(path);
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    std::fs::write(&at, text).unwrap();
    says(system, &at)
}

#[test]
#[ignore = "needs the bed: actionlint check-jsonschema tekton"]
fn every_stage_passes_its_systems_own_check() {
    for (name, system, file) in all() {
        assert_eq!(checked(system, &file.path, &file.text), "", "{name}");
    }
}

#[test]
#[ignore = "needs the bed: actionlint check-jsonschema tekton"]
fn what_is_wrong_with_a_stage_is_found() {
    for (system, from, to, says) in [
        (System::GitHub, "runs-on: ubuntu-24.04", "runs-on: ubuntu-1.04", "ubuntu-1.04"),
        (System::GitHub, "steps.ship.outputs.image", "steps.shop.outputs.image", "shop"),
        (System::GitHub, "contents: read", "contents: all", "contents"),
        (System::GitHub, "with:\n          path:", "with:\n          paths:", "paths"),
        // The shell of a step is checked as well.
        (System::GitHub, "echo \"image=$image\" >>", "echo image=$image >>", "SC2086"),
        (System::GitLab, "rules:", "roles:", "roles"),
        (System::GitLab, "timeout: 1 hour", "timeout: [1]", "timeout"),
        (System::GitLab, "dotenv:", "dotanv:", "dotanv"),
        (System::Tekton, "stepTemplate:", "stepTemplates:", "stepTemplates"),
        (System::Tekton, "$(params.tag)", "$(params.tags)", "params.tags"),
        (System::Tekton, "name: install", "name: ship", "spec.steps[1].name"),
        (System::Tekton, "name: IMAGE_URL", "name: IMAGE URL", "IMAGE URL"),
    ] {
        let (_, _, file) = all().into_iter().find(|(name, of, _)| *of == system && !name.contains("root")).unwrap();
        assert!(file.text.contains(from), "{system}: {from}");
        let found = checked(system, &file.path, &file.text.replacen(from, to, 1));
        assert!(found.contains(says), "{system}, {to}: {found}");
    }
}
