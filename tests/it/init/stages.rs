//! The stages, byte for byte; and what their scripts do, with a pydeploy that only says what it was asked.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use pydeploy::init::ci::{File, Folder, Subject, System, file, gitlab_root};
use serde_json::Value;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/init").join(name)
}

/// Every file that a stage may be, by the name of its golden.
pub(super) fn all() -> Vec<(String, System, File)> {
    let folder = Subject::Folder(Folder::at("services/api").unwrap());
    let mut all = Vec::new();
    for system in System::ALL {
        for (variant, subject) in [("", &Subject::Whole), (".folder", &folder)] {
            let stage = file(system, subject);
            if system == System::GitLab {
                all.push((format!("gitlab-root{variant}.yaml"), system, gitlab_root(&stage)));
            }
            all.push((format!("{}{variant}.yaml", system.word()), system, stage));
        }
    }
    all
}

#[test]
fn every_golden_of_a_stage_is_what_is_written() {
    for (name, _, file) in all() {
        snapbox::assert_data_eq!(file.text, snapbox::Data::read_from(&golden(&name), None).raw());
    }
    let mut found: Vec<_> =
        std::fs::read_dir(golden("")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    let mut known: Vec<_> = all().into_iter().map(|(name, ..)| name).collect();
    known.sort();
    assert_eq!(found, known);
}

/// A folder of programs that stand in for what a runner has.
struct Runner {
    folder: tempfile::TempDir,
}

impl Runner {
    fn new() -> Self {
        let runner = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["bin", "home", "checkout/.git/info", "kept"] {
            std::fs::create_dir_all(runner.at(folder)).unwrap();
        }
        runner.program("bin/apt-get", "exit 0");
        runner.program("bin/rustup", "exit 0");
        // Installs a pydeploy where it was told, and says so.
        runner.program(
            "bin/cargo",
            "echo \"cargo $*\" >> \"$LOG\"\nfor root in \"$@\"; do [ \"$last\" != --root ] || break; last=$root; done\n\
             mkdir -p \"$root/bin\"\ncp \"$STAND_IN\" \"$root/bin/pydeploy\"",
        );
        runner.program(
            "stand-in",
            "echo \"pydeploy $*, tags ${PYDEPLOY_TAGS:-none}, by $PYDEPLOY_REGISTRY_USERNAME\" >> \"$LOG\"\n\
             [ -z \"${FAILS:-}\" ] || exit 6\n\
             for out in \"$@\"; do :; done\nmkdir -p \"$out\"\necho registry.example/team/api@sha256:0123",
        );
        runner
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    fn program(&self, path: &str, script: &str) {
        std::fs::write(self.at(path), format!("#!/bin/sh\nset -eu\nlast=\n{script}\n")).unwrap();
        std::fs::set_permissions(self.at(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a script as a runner does, and gives its exit code.
    fn run(&self, shell: &[&str], script: &str, variables: &[(&str, &str)]) -> i32 {
        std::fs::write(self.at("script"), script).unwrap();
        let path = format!("{}:{}:/usr/bin:/bin", self.at("home/.pydeploy/bin").display(), self.at("bin").display());
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg(self.at("script")).current_dir(self.at("checkout"));
        command.env_clear().env("PATH", path).env("HOME", self.at("home")).env("LOG", self.at("log"));
        command.env("STAND_IN", self.at("stand-in")).env("PYDEPLOY_REGISTRY_USERNAME", "ci");
        command.envs(variables.iter().copied());
        command.output().unwrap().status.code().unwrap_or(-1)
    }
}

fn yaml(system: System) -> Value {
    serde_yaml::from_str(&file(system, &Subject::Whole).text).unwrap()
}

const FROM: [(&str, &str); 2] = [("PYDEPLOY_SOURCE", "https://git.example/pydeploy"), ("PYDEPLOY_REVISION", "0123abc")];

#[test]
fn the_steps_of_github_install_once_and_ship() {
    let workflow = yaml(System::GitHub);
    let steps = workflow["jobs"]["ship"]["steps"].as_array().unwrap();
    let step = |name: &str| steps.iter().find(|step| step["name"] == name).unwrap()["run"].as_str().unwrap();
    let runner = Runner::new();
    let (output, path, temp) = (runner.at("output"), runner.at("path"), runner.at("temp"));
    let places = [("GITHUB_OUTPUT", &output), ("GITHUB_PATH", &path), ("RUNNER_TEMP", &temp)];
    let places: Vec<_> = places.iter().map(|(name, path)| (*name, path.to_str().unwrap())).collect();
    let run = |script: &str, more: &[(&str, &str)]| runner.run(&["bash", "-e"], script, &[&places, more].concat());
    assert_ne!(run(step("Install pydeploy"), &[]), 0, "a variable that is missing is told");
    assert_eq!(run(step("Install pydeploy"), &FROM), 0);
    assert_eq!(run(step("Install pydeploy"), &FROM), 0);
    assert_eq!(run(step("Ship"), &[("PYDEPLOY_TAGS", "v1.2.0")]), 0);
    let log = runner.text("log");
    assert_eq!(log.matches("cargo +").count(), 1, "{log}");
    assert!(log.contains("install --locked --git https://git.example/pydeploy --rev 0123abc --root "), "{log}");
    assert!(log.ends_with(&format!("pydeploy ship --out {}/manifests, tags v1.2.0, by ci\n", temp.display())), "{log}");
    assert_eq!(runner.text("output"), "image=registry.example/team/api@sha256:0123\n");
    assert_eq!(run(step("Ship"), &[("FAILS", "1")]), 6, "a failure fails the step");
}

#[test]
fn the_script_of_gitlab_installs_once_and_ships() {
    let stage = yaml(System::GitLab);
    let job = &stage["pydeploy"];
    let lines = ["before_script", "script"].map(|part| job[part].as_array().unwrap().clone()).concat();
    let script = lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n");
    let runner = Runner::new();
    let checkout = runner.at("checkout");
    let project = [("CI_PROJECT_DIR", checkout.to_str().unwrap())];
    let run = |more: &[(&str, &str)]| runner.run(&["bash", "-eo", "pipefail"], &script, &[&project, more].concat());
    assert_ne!(run(&[]), 0, "a variable that is missing is told");
    assert_eq!(run(&FROM), 0);
    assert_eq!(run(&[&FROM[..], &[("CI_COMMIT_TAG", "v1")]].concat()), 0);
    assert_eq!(run(&[&FROM[..], &[("FAILS", "1")]].concat()), 6, "a failure fails the job");
    let log = runner.text("log");
    assert_eq!(log.matches("cargo install").count(), 1, "{log}");
    assert!(log.contains("pydeploy ship --out .pydeploy, tags none, by ci\n"), "{log}");
    assert!(log.contains("pydeploy ship --out .pydeploy, tags v1, by ci\n"), "{log}");
    assert_eq!(runner.text("checkout/.pydeploy/image.env"), "SHIPPED_IMAGE=registry.example/team/api@sha256:0123\n");
    assert!(runner.text("checkout/.git/info/exclude").starts_with("/.cache/\n"));
}

#[test]
fn the_steps_of_tekton_install_once_and_ship() {
    let task = yaml(System::Tekton);
    let runner = Runner::new();
    let script = |step: usize| {
        let text = task["spec"]["steps"][step]["script"].as_str().unwrap();
        let text = text.replace("/work", runner.at("home").to_str().unwrap());
        text.replace("$(results.IMAGE_URL.path)", "../url").replace("$(results.IMAGE_DIGEST.path)", "../digest")
    };
    let kept = runner.at("kept");
    for (is_kept, installs) in [("false", 1), ("true", 2), ("true", 2)] {
        let kept = [("IS_KEPT", is_kept), ("KEPT", if is_kept == "true" { kept.to_str().unwrap() } else { "" })];
        assert_eq!(runner.run(&["sh"], &script(0), &[&FROM[..], &kept].concat()), 0);
        assert_eq!(runner.run(&["sh"], &script(1), &kept), 0);
        assert_eq!(runner.text("log").matches("cargo install").count(), installs);
        assert_eq!(runner.run(&["sh"], &script(1), &[&kept[..], &[("FAILS", "1")]].concat()), 6);
    }
    assert_eq!((runner.text("url"), runner.text("digest")), ("registry.example/team/api".into(), "sha256:0123".into()));
}
