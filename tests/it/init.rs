//! `init`: what it writes, what it leaves as it is, and what it asks.

mod linters;
mod stages;

use std::path::Path;
use std::process::{Command, Stdio};

use crate::golden::FIXTURES;
use crate::sandbox::{Done, PYDEPLOY, Sandbox};

const IMAGE: &str = "registry.example/team/api";

pub(super) fn read(sandbox: &Sandbox, path: &str) -> String {
    std::fs::read_to_string(sandbox.root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every file of the project, by its path, with what is in it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|(path, text)| (format!("{name}/{path}"), text)));
        } else {
            found.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    found.sort();
    found
}

/// The program at a terminal, with these answers typed.
fn at_a_terminal(sandbox: &Sandbox, args: &str, answers: &str) -> Done {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{PYDEPLOY} init {args}"), "/dev/null"]).current_dir(sandbox.root());
    command.env_remove("CI").env("NO_COLOR", "1").env("TERM", "dumb");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), answers.as_bytes()).unwrap();
    Done::of(child.wait_with_output().unwrap())
}

#[test]
fn a_project_gets_its_settings_and_its_dockerignore_and_nothing_else() {
    let sandbox = Sandbox::project("fastapi");
    let before = files(&sandbox.root());
    let done = sandbox.pydeploy(&["init", "--registry", IMAGE]).ok();
    assert_eq!(done.stdout, "created    pydeploy.toml\ncreated    .dockerignore\n");
    assert_eq!(done.stderr, "");
    let after: Vec<_> = files(&sandbox.root()).into_iter().filter(|file| !before.contains(file)).collect();
    assert_eq!(after.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), [".dockerignore", "pydeploy.toml"]);
    let settings = read(&sandbox, "pydeploy.toml");
    assert_eq!(
        settings,
        "image = \"registry.example/team/api\"\n\
         # What no file of the project says; what else was found, and where, `pydeploy plan` shows:\n\
         # python = \"3.13\"\n\
         # port = 8000\n\
         # health.no-redirects = true  # where GET /health is answered by itself\n"
    );
    let plan = sandbox.pydeploy(&["plan"]).ok().stdout;
    assert!(plan.contains("registry.example/team/api  stated in the settings (pydeploy.toml:1)"), "{plan}");
    // Each of the notes is a setting, once its mark is taken away.
    let stated = settings.replace("# What", "## What").replace("\n# ", "\n");
    let sandbox = sandbox.file("pydeploy.toml", stated);
    let plan = sandbox.pydeploy(&["plan"]).ok().stdout;
    assert!(plan.contains("stated in the settings (pydeploy.toml:4)"), "{plan}");
}

#[test]
fn a_second_run_changes_nothing() {
    for project in ["fastapi", "uv", "settings", "own-dockerfile"] {
        let sandbox = Sandbox::project(project);
        let args = ["init", "--registry", IMAGE, "--ci", "github,gitlab,tekton", "--force"];
        sandbox.pydeploy(&args).ok();
        let before = files(&sandbox.root());
        let done = sandbox.pydeploy(&args).ok();
        assert!(done.stdout.lines().all(|line| line.starts_with("unchanged")), "{project}: {done}");
        sandbox.pydeploy(&args[..5]).ok();
        assert_eq!(files(&sandbox.root()), before, "{project}");
    }
}

#[test]
fn a_pyproject_keeps_every_byte_of_its_own() {
    let text = "# Ours.\r\n[project]   # odd\r\nname = 'api'\r\nversion=\"1\"\r\ndependencies = [ \"fastapi\",\r\n  \"uvicorn\" ] # both\r\n\r\n[[tool.x.y]]\r\nz = 1";
    let main = "from fastapi import FastAPI\napp = FastAPI()\n";
    let sandbox = Sandbox::empty().file("pyproject.toml", text).file("main.py", main);
    let done = sandbox.pydeploy(&["init", "--registry", IMAGE]).ok();
    assert!(done.stdout.starts_with("edited     pyproject.toml\n"), "{done}");
    let after = read(&sandbox, "pyproject.toml");
    let added = after.strip_prefix(text).unwrap_or_else(|| panic!("{after}"));
    assert!(added.starts_with("\r\n\r\n[tool.pydeploy]\r\nimage = \"registry.example/team/api\"\r\n# "), "{added}");
    assert_eq!(added.matches('\n').count(), added.matches("\r\n").count());
    sandbox.pydeploy(&["plan"]).ok();
}

#[test]
fn nothing_is_overwritten_without_force() {
    let sandbox = Sandbox::project("fastapi")
        .file("pydeploy.toml", "port = 8000\nimage = \"registry.example/old\" # ours\n")
        .file(".dockerignore", "data\n")
        .file(".github/workflows/pydeploy.yml", "on: push\n");
    let before = files(&sandbox.root());
    let args = ["init", "--registry", IMAGE, "--ci", "github", "--dockerfile"];
    let done = sandbox.pydeploy(&args).fails(3).says(&[
        "init overwrites nothing that is there and says something else: `image = \"registry.example/old\"` \
         (pydeploy.toml:2), .github/workflows/pydeploy.yml",
        "--force",
    ]);
    assert_eq!(done.stdout, "");
    // Not even the Dockerfile, which was not there.
    assert_eq!(files(&sandbox.root()), before);
    let done = sandbox.pydeploy(&["init", "--ci", "gitlab"]).ok().says(&["the .dockerignore stays as it is"]);
    assert!(
        done.stdout.contains("kept       .dockerignore\n") && read(&sandbox, ".dockerignore") == "data\n",
        "{done}"
    );
    let done = sandbox.pydeploy(&[&args[..], &["--force"]].concat()).ok();
    assert_eq!(
        done.stdout,
        "replaced   pydeploy.toml\nreplaced   .dockerignore\ncreated    Dockerfile\n\
         replaced   .github/workflows/pydeploy.yml\n"
    );
    assert_eq!(read(&sandbox, "pydeploy.toml"), "port = 8000\nimage = \"registry.example/team/api\" # ours\n");
}

#[test]
fn the_dockerignore_leaves_out_what_is_left_out_without_it() {
    let extras = [
        (".env", "A=1"),
        ("tests/test_it.py", ""),
        ("docs/index.md", ""),
        ("NOTES.md", ""),
        ("certs/server.key", ""),
        (".git/config", ""),
        (".github/workflows/ci.yml", ""),
        ("compose.yaml", ""),
    ];
    for (project, variants) in FIXTURES {
        let sandbox = extras.iter().fold(Sandbox::project(project), |sandbox, (path, text)| sandbox.file(path, text));
        if sandbox.root().join(".dockerignore").exists() {
            continue;
        }
        // The root of a workspace is no project: its first variant names a member.
        let first = variants.first().map(|(_, args)| *args).unwrap_or_default();
        let member: Vec<&str> = first.iter().copied().take_while(|word| !word.starts_with('-')).collect();
        let left = |sandbox: &Sandbox| {
            let plan = sandbox.pydeploy(&[&["plan"], &*member].concat()).json();
            let left = plan["leftOut"].as_array().unwrap_or_else(|| panic!("{project} {variants:?}: {plan:#}")).iter();
            let mut left: Vec<_> = left.map(|l| l["path"].as_str().unwrap().to_owned()).collect();
            left.retain(|path| !path.ends_with(".dockerignore"));
            left.sort();
            left
        };
        let before = left(&sandbox);
        sandbox.pydeploy(&[&["init"], &*member].concat()).ok();
        assert_eq!(left(&sandbox), before, "{project}");
    }
}

#[test]
fn the_dockerfile_is_the_generated_one_and_is_built_from_then_on() {
    let sandbox = Sandbox::project("fastapi");
    let generated = sandbox.pydeploy(&["build", "--dockerfile-only"]).ok().stdout;
    sandbox.pydeploy(&["init", "--dockerfile"]).ok().says(&["BuildKit follows it"]);
    assert_eq!(read(&sandbox, "Dockerfile"), generated);
    let plan = sandbox.pydeploy(&["plan"]).ok().stdout;
    assert!(plan.contains("the project has a Dockerfile of its own"), "{plan}");
    // Ours from before is no reason to hide less.
    let before = read(&sandbox, ".dockerignore");
    sandbox.pydeploy(&["init", "--dockerfile", "--force"]).ok();
    assert_eq!(read(&sandbox, ".dockerignore"), before);
    let own = Sandbox::project("own-dockerfile");
    own.pydeploy(&["init", "--dockerfile"]).fails(3).says(&["Dockerfile", "--force"]);
    own.pydeploy(&["init", "--ci", "tekton"])
        .ok()
        .says(&["a Dockerfile takes BuildKit, which Tekton has not", "BUILDKIT_HOST"]);
    assert!(!read(&own, ".dockerignore").contains("\ntests\n"));
}

#[test]
fn a_stage_goes_to_the_root_of_the_repository() {
    let sandbox = Sandbox::empty().file(".git/HEAD", "").file(".gitlab-ci.yml", "lint:\n  script: [make]\n");
    let sandbox = sandbox.file("services/api/main.py", "from fastapi import FastAPI\napp = FastAPI()\n");
    let sandbox = sandbox.file("services/api/requirements.txt", "fastapi\nuvicorn\n");
    let done = sandbox.pydeploy(&["init", "services/api", "--ci", "github", "--ci", "gitlab,github"]).ok();
    assert_eq!(
        done.stdout,
        "created    pydeploy.toml\ncreated    .dockerignore\n\
         created    .github/workflows/pydeploy-services-api.yml\nkept       .gitlab-ci.yml\n\
         created    .gitlab/pydeploy-services-api.gitlab-ci.yml\n"
    );
    done.says(&["include: [{local: .gitlab/pydeploy-services-api.gitlab-ci.yml}]"]);
    assert!(
        read(&sandbox, ".github/workflows/pydeploy-services-api.yml").contains("(pydeploy ship services/api --out")
    );
    let strange = Sandbox::empty().file(".git/HEAD", "").file("a $(b)/main.py", "print(1)\n");
    strange.pydeploy(&["init", "a $(b)", "--ci", "github"]).fails(3).says(&["no stage can name", "--ci"]);
}

#[test]
fn what_is_wrong_is_told_before_anything_is_written() {
    let sandbox = Sandbox::project("fastapi");
    let before = files(&sandbox.root());
    sandbox.pydeploy(&["init", "--registry", "https://registry.example/a"]).fails(2).says(&["is not a repository"]);
    sandbox.pydeploy(&["init", "--ci", "jenkins"]).fails(2).says(&["github, gitlab, tekton"]);
    sandbox.pydeploy(&["init", "--config", "x.toml"]).fails(2).says(&["--config"]);
    sandbox.pydeploy(&["init", "nowhere"]).fails(3).says(&["there is no project directory at nowhere"]);
    assert_eq!(files(&sandbox.root()), before);
    let nothing = Sandbox::empty().file("README.md", "");
    nothing.pydeploy(&["init", "--registry", IMAGE]).fails(3).says(&["nothing that looks like a Python project"]);
    assert_eq!(files(&nothing.root()).len(), 1);
    let closed = Sandbox::project("fastapi").file("pyproject.toml", "tool = { x = 1 }\n");
    closed.pydeploy(&["init", "--registry", IMAGE]).fails(3).says(&[
        "could not put the settings into pyproject.toml",
        "write it by hand, in [tool.pydeploy]: image = \"registry.example/team/api\"",
    ]);
    assert!(!closed.root().join(".dockerignore").exists());
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_project_is_not_followed() {
    let sandbox = Sandbox::project("fastapi");
    std::fs::create_dir(sandbox.beside("elsewhere")).unwrap();
    std::os::unix::fs::symlink(sandbox.beside("elsewhere"), sandbox.root().join(".github")).unwrap();
    sandbox
        .pydeploy(&["init", "--ci", "github"])
        .fails(3)
        .says(&[".github/workflows/pydeploy.yml", "a link leads out"]);
    assert!(!sandbox.root().join("pydeploy.toml").exists());
    assert_eq!(std::fs::read_dir(sandbox.beside("elsewhere")).unwrap().count(), 0);
}

#[test]
fn what_is_not_decided_is_told_and_does_not_stand_in_the_way() {
    let application = "from fastapi import FastAPI\napp = FastAPI()\n";
    let sandbox = Sandbox::empty().file("requirements.txt", "fastapi\nuvicorn\n");
    let sandbox = sandbox.file("one.py", application).file("other.py", application);
    sandbox
        .pydeploy(&["init", "--registry", IMAGE])
        .ok()
        .says(&["can't be built yet: several applications", "command"]);
    let document = sandbox.pydeploy(&["init", "--registry", IMAGE]).json();
    assert!(document["undecided"]["hint"].as_str().unwrap().starts_with("state it: command = ["), "{document:#}");
    let done = at_a_terminal(&sandbox, "", "uvicorn other:app\n\n\n");
    assert_eq!(done.code, 0, "{done}");
    assert!(read(&sandbox, "pydeploy.toml").contains("command = [\"uvicorn\", \"other:app\"]\n"), "{done}");
}

#[test]
fn json_is_the_whole_answer() {
    let sandbox = Sandbox::project("fastapi");
    let document = sandbox.pydeploy(&["init", "--registry", IMAGE, "--ci", "tekton"]).json();
    assert_eq!(
        document,
        serde_json::json!({
            "schema": "pydeploy.init/1",
            "name": "project",
            "image": IMAGE,
            "files": [
                {"path": "pydeploy.toml", "what": "settings", "state": "created"},
                {"path": ".dockerignore", "what": "dockerignore", "state": "created"},
                {"path": ".tekton/pydeploy.yaml", "what": "ci", "state": "created"},
            ],
            "undecided": null,
        })
    );
    let refused = sandbox.pydeploy(&["init", "--registry", "registry.example/other"]).json();
    assert_eq!((&refused["schema"], &refused["code"]), (&"pydeploy.fault/1".into(), &3.into()), "{refused:#}");
}

#[test]
fn at_a_terminal_it_asks() {
    let sandbox = Sandbox::project("fastapi").file(".github/dependabot.yml", "version: 2\n");
    let done = at_a_terminal(&sandbox, "", "https://registry.example/a\nregistry.example/team/api\nvms\n\nwhat\ny\n");
    assert_eq!(done.code, 0, "{done}");
    for text in [
        "project: fastapi, Python 3.13, pip, port 8000",
        "Image, such as registry.example/team/project (empty: stated later): ",
        "is not a repository",
        "CI stage: github, gitlab, tekton or none [github]: ",
        "there is no stage for \"vms\"",
        "Keep the generated Dockerfile in the project, to change it: y or n [n]: ",
    ] {
        assert!(done.stdout.contains(text), "{text:?} is missing: {done}");
    }
    for path in ["pydeploy.toml", ".dockerignore", "Dockerfile", ".github/workflows/pydeploy.yml"] {
        assert!(sandbox.root().join(path).is_file(), "{path}: {done}");
    }
    assert!(read(&sandbox, "pydeploy.toml").starts_with("image = \"registry.example/team/api\"\n"));
}

#[test]
fn an_end_of_input_writes_nothing() {
    let sandbox = Sandbox::project("fastapi");
    let before = files(&sandbox.root());
    let done = at_a_terminal(&sandbox, "", "registry.example/a\n\u{4}");
    assert_eq!(done.code, 130, "{done}");
    assert!(done.stdout.contains("interrupted; nothing was left half-written"), "{done}");
    assert_eq!(files(&sandbox.root()), before);
}

#[test]
fn where_nobody_can_answer_nothing_is_asked() {
    for args in ["--yes", "--json", "--quiet"] {
        let sandbox = Sandbox::project("fastapi");
        let done = at_a_terminal(&sandbox, args, "");
        assert!(done.code == 0 && !done.stdout.contains("CI stage"), "{args}: {done}");
    }
    let sandbox = Sandbox::project("fastapi");
    let done = sandbox.pydeploy(&["init"]).env("CI", "true").ok().says(&["note: state where the image goes"]);
    assert!(!done.stderr.contains("CI stage"), "{done}");
    assert!(read(&sandbox, "pydeploy.toml").starts_with("# image = \"registry.example/team/project\""), "{done}");
}
