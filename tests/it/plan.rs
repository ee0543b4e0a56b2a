//! `plan` and its document; where settings come from.

use crate::sandbox::Sandbox;

#[test]
fn the_document_has_the_keys_that_were_promised() {
    let plan = Sandbox::project("fastapi").pydeploy(&["plan"]).json();
    assert_eq!(plan["schema"], "pydeploy.plan/1");
    for key in ["root", "name", "manager", "lock", "python", "framework", "kind"] {
        assert!(!plan["project"][key].is_null(), "project.{key}: {plan:#}");
    }
    assert_eq!(plan["project"]["python"]["version"], "3.13");
    for key in ["strategy", "engine", "engineReason", "base", "command", "ports", "user", "healthcheck"] {
        assert!(!plan["image"][key].is_null(), "image.{key}: {plan:#}");
    }
    assert_eq!(plan["image"]["systemPackages"][0]["name"], "libpq5");
    assert_eq!(plan["image"]["user"]["uid"], 1000);
    assert_eq!(plan["image"]["healthcheck"]["interval"], "30s");
    let decision = &plan["decisions"][0];
    for key in ["what", "value", "because", "evidence"] {
        assert!(decision.get(key).is_some(), "{decision}");
    }
}

#[test]
fn a_flag_beats_a_variable_beats_the_environment_beats_the_file() {
    let base = |run: crate::sandbox::Run| run.json()["image"]["base"].as_str().unwrap().to_owned();
    let sandbox = Sandbox::project("fastapi")
        .file("pydeploy.toml", "base = \"file\"\n[environments.staging]\nbase = \"environment\"\n");
    assert_eq!(base(sandbox.pydeploy(&["plan"])), "file");
    assert_eq!(base(sandbox.pydeploy(&["plan", "--env", "staging"])), "environment");
    let variable = |args: &[&str]| sandbox.pydeploy(args).env("PYDEPLOY_BASE", "variable");
    assert_eq!(base(variable(&["plan", "--env", "staging"])), "variable");
    assert_eq!(base(variable(&["plan", "--env", "staging", "--base", "flag"])), "flag");
    let shown = variable(&["plan"]).ok().stdout;
    assert!(shown.contains("stated by the variable PYDEPLOY_BASE"), "{shown}");
}

#[test]
fn a_variable_can_state_every_kind_of_setting() {
    let sandbox = Sandbox::project("fastapi");
    let run = sandbox.pydeploy(&["plan"]).env("PYDEPLOY_COMMAND", "uvicorn 'my app:app' --port 7000");
    let plan = run.env("PYDEPLOY_HEALTH_RETRIES", "9").json();
    assert_eq!(plan["image"]["command"][1], "my app:app");
    assert_eq!(plan["image"]["ports"][0]["port"], 7000);
    assert_eq!(plan["image"]["healthcheck"]["retries"], 9);
}

#[test]
fn what_stays_here_is_named() {
    let sandbox =
        Sandbox::project("fastapi").file(".env", "TOKEN=1\n").file("certs/a.pem", "-----BEGIN PRIVATE KEY-----\n");
    let shown = sandbox.pydeploy(&["plan"]).ok().stdout;
    assert!(shown.contains(".env") && shown.contains("may hold credentials"), "{shown}");
    assert!(shown.contains("certs/a.pem") && shown.contains("may be a private key"), "{shown}");
}

#[test]
fn a_dry_run_ships_nothing() {
    let sandbox = Sandbox::project("fastapi");
    let run = sandbox.pydeploy(&["ship", "--dry-run"]).env("DOCKER_HOST", "unix:///nonexistent");
    assert!(run.ok().stdout.contains("multi-stage"));
}

#[test]
fn two_settings_files_are_refused() {
    let sandbox = Sandbox::project("settings").file("pydeploy.toml", "port = 1\n");
    sandbox.pydeploy(&["plan"]).fails(3).says(&["pyproject.toml", "pydeploy.toml", "--config"]);
}

#[test]
fn what_a_plan_promises_is_written_into_its_dockerfile() {
    // The other end of this law, that the built image says the same, is in ship.rs.
    let sandbox = Sandbox::project("settings");
    let text = sandbox.pydeploy(&["build", "--dockerfile-only"]).ok().stdout;
    for line in ["USER 10001:10001", "EXPOSE 9000", "--interval=10s --timeout=5s --start-period=20s --retries=3"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains(r"'/it\\'s/well'"), "{text}");
}

#[test]
fn every_command_shows_an_example() {
    for command in
        ["init", "ship", "plan", "build", "push", "manifests", "diff", "status", "rollback", "cache", "doctor"]
    {
        let help = Sandbox::empty().pydeploy(&[command, "--help"]).ok().stdout;
        assert!(
            help.contains(&format!("Example: pydeploy {command}"))
                || help.contains(&format!("Examples: pydeploy {command}")),
            "{help}"
        );
    }
}

#[test]
fn credentials_of_an_index_are_a_secret_of_the_installing_step_alone() {
    let text = "--extra-index-url https://${INDEX_TOKEN}@index.example/simple\nfastapi\nuvicorn\n";
    let sandbox = Sandbox::project("fastapi").file("requirements.txt", text);
    let dockerfile = sandbox.pydeploy(&["build", "--dockerfile-only"]).env("INDEX_TOKEN", "t0ken-value").ok().stdout;
    assert!(dockerfile.contains("--mount=type=secret,id=INDEX_TOKEN,required=true"), "{dockerfile}");
    assert!(dockerfile.contains("export INDEX_TOKEN=\"$(cat /run/secrets/INDEX_TOKEN)\""), "{dockerfile}");
    assert!(!dockerfile.contains("t0ken-value") && !dockerfile.contains("ARG "), "{dockerfile}");
}

#[test]
fn what_is_installed_from_the_project_itself_is_there_when_it_is_installed() {
    let sandbox = Sandbox::project("fastapi")
        .file("requirements.txt", "fastapi\nuvicorn\n./libs/common\n./wheels/own-1.0-py3-none-any.whl\n")
        .file("libs/common/pyproject.toml", "[project]\nname = \"common\"\nversion = \"1\"\n")
        .file("wheels/own-1.0-py3-none-any.whl", "");
    let dockerfile = sandbox.pydeploy(&["build", "--dockerfile-only"]).ok().stdout;
    let at = |text: &str| dockerfile.find(text).unwrap_or_else(|| panic!("{text}: {dockerfile}"));
    assert!(at("COPY libs/common libs/common/") < at("install --disable-pip"));
    assert!(at("COPY wheels/own-1.0-py3-none-any.whl wheels/") < at("install --disable-pip"));
}

#[test]
fn two_ports_are_refused() {
    let settings = "port = 9000\ncommand = [\"uvicorn\", \"main:app\", \"--port\", \"9001\"]\n";
    let sandbox = Sandbox::project("fastapi").file("pydeploy.toml", settings);
    sandbox.pydeploy(&["plan"]).fails(3).says(&["`port` is 9000", "listens on 9001"]);
}

#[test]
fn the_dockerfile_can_be_kept_as_its_first_line_says() {
    let sandbox = Sandbox::project("fastapi").file("Dockerfile", "");
    let text = sandbox.pydeploy(&["build", "--dockerfile-only"]).ok().stdout;
    assert!(text.starts_with("# Made by pydeploy") && text.contains("FROM python:3.13-slim"), "{text}");
}

#[test]
fn a_large_folder_of_data_does_not_hide_the_project() {
    let sandbox = Sandbox::project("fastapi");
    let data = sandbox.root().join("data");
    std::fs::create_dir(&data).unwrap();
    for i in 0..20_001 {
        std::fs::File::create(data.join(i.to_string())).unwrap();
    }
    assert_eq!(sandbox.pydeploy(&["plan"]).json()["project"]["framework"], "fastapi");
}

#[test]
fn a_build_secret_in_the_project_stays_out_of_the_build() {
    let settings = "build-secrets = [\"id=netrc,src=conf/login\"]\n";
    let sandbox = Sandbox::project("fastapi").file("pydeploy.toml", settings).file("conf/login", "secret");
    let plan = sandbox.pydeploy(&["plan"]).json();
    let left: Vec<_> = plan["leftOut"].as_array().unwrap().iter().map(|l| l["path"].as_str().unwrap()).collect();
    assert!(left.contains(&"conf/login"), "{plan:#}");
}

#[test]
fn headers_go_to_the_builder_and_libraries_to_the_runtime() {
    let settings = "system-packages = [\"libfoo-dev\", \"libfoo1\"]\n";
    let plan = Sandbox::project("fastapi").file("pydeploy.toml", settings).pydeploy(&["plan"]).json();
    let names = |key: &str| plan["image"][key].to_string();
    assert!(names("buildPackages").contains("libfoo-dev") && !names("buildPackages").contains("libfoo1"), "{plan:#}");
    assert!(names("systemPackages").contains("libfoo1") && !names("systemPackages").contains("libfoo-dev"), "{plan:#}");
}
