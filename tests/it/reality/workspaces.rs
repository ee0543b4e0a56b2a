//! Line 6: a workspace whose lock lies above, and what the lock above says nothing of.

use serde_json::Value;

use super::{FASTAPI, UV_LOCK, because, refuses, sandbox, says};

/// A workspace: its lock, and the root that says which folders are its members.
const WORKSPACE: [(&str, &str); 4] = [
    ("pyproject.toml", "[tool.uv.workspace]\nmembers = [\"services/*\", \"libs/*\"]\n"),
    (".python-version", "3.12\n"),
    (
        "services/api/pyproject.toml",
        "[project]\nname = \"api\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = [\"fastapi\", \"uvicorn\", \"shared\"]\n[tool.uv.sources]\nshared = { workspace = true }\n",
    ),
    ("libs/shared/pyproject.toml", "[project]\nname = \"shared\"\nversion = \"1\"\ndependencies = []\n"),
];

#[test]
fn line_06_a_workspace_whose_lock_lies_above() {
    let shared = "dependencies = [{ name = \"shared\" }, ";
    let lock = UV_LOCK
        .replace("name = \"demo\"", "name = \"api\"")
        .replace("virtual = \".\"", "virtual = \"services/api\"")
        .replace("requires-dist = [", "requires-dist = [{ name = \"shared\", editable = \"libs/shared\" }, ")
        .replace("dependencies = [", shared)
        + "\n[[package]]\nname = \"shared\"\nversion = \"1\"\nsource = { editable = \"libs/shared\" }\n";
    let main = ("services/api/main.py", FASTAPI.1);
    let with = |more: &[(&str, &str)]| sandbox(&[&WORKSPACE[..], &[("uv.lock", lock.as_str()), main], more].concat());
    // Named, or the only member that can be started.
    for args in [&["plan", "services/api"][..], &["plan"]] {
        let plan = with(&[]).pydeploy(args).json();
        let project = &plan["project"];
        assert_eq!((&project["name"], &project["lock"]), (&"api".into(), &"../../uv.lock".into()), "{plan:#}");
        assert_eq!(because(&plan, "python"), "3.12: stated in .python-version");
    }
    let two = with(&[
        (
            "services/web/pyproject.toml",
            "[project]\nname = \"web\"\nversion = \"1\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n",
        ),
        ("services/web/main.py", FASTAPI.1),
    ]);
    two.pydeploy(&["plan"]).ok();
    let lock_of_two = format!(
        "{lock}\n[[package]]\nname = \"web\"\nversion = \"1\"\nsource = {{ virtual = \"services/web\" }}\ndependencies = [{{ name = \"fastapi\" }}, {{ name = \"uvicorn\" }}]\n"
    );
    two.file("uv.lock", lock_of_two)
        .pydeploy(&["plan"])
        .fails(3)
        .says(&["several of its members can be started (services/api, services/web)", "pydeploy ship services/api"]);
    // What a member states of itself counts where pydeploy is run on it.
    with(&[("services/api/pydeploy.toml", "port = 9000\n")])
        .pydeploy(&["plan"])
        .fails(3)
        .says(&["settings of its own"]);
    // The context is the root, and only what is needed of it is sent.
    let plan = with(&[("services/jobs/jobs.py", ""), ("README.md", "")]).pydeploy(&["plan", "services/api"]).json();
    let left: Vec<_> = plan["leftOut"].as_array().unwrap().iter().map(|left| left["path"].as_str().unwrap()).collect();
    assert_eq!(left, [".python-version", "README.md", "services/jobs"], "{plan:#}");
    let text = with(&[]).pydeploy(&["build", "services/api", "--dockerfile-only"]).ok().stdout;
    says(
        &text,
        &[
            "COPY pyproject.toml uv.lock ./\nCOPY services/api/pyproject.toml services/api/\n",
            "uv sync --frozen --package api --no-default-groups --no-install-workspace",
            "COPY libs/shared libs/shared/\n",
            "uv sync --frozen --package api --no-default-groups --no-editable",
            "WORKDIR /app\nCOPY services/api/ ./\n",
        ],
    );
}

#[test]
fn line_06_what_the_lock_above_says_nothing_of() {
    // Without its root, and without a lock, what a member depends on is known to nobody.
    let member = WORKSPACE[2].1;
    says(
        &refuses(&[("pyproject.toml", member), FASTAPI]),
        &["only honoured by uv", "run: uv lock", "the lock of a workspace lies at its root"],
    );
    let stated = "[project]\nname = \"api\"\nversion = \"1\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n";
    let api = [("services/api/pyproject.toml", stated), ("services/api/main.py", FASTAPI.1)];
    let unlocked = sandbox(&[&WORKSPACE[..1], &api[..]].concat());
    unlocked.pydeploy(&["plan", "services/api"]).fails(3).says(&["a member of the workspace", "run: uv lock"]);
    // An example in the folder of a library: the lock is the library's own.
    let library = [
        ("pyproject.toml", "[project]\nname = \"library\"\nversion = \"1\"\ndependencies = []\n"),
        (
            "uv.lock",
            "version = 1\nrequires-python = \">=3.12\"\n[[package]]\nname = \"library\"\nversion = \"1\"\nsource = { editable = \".\" }\n",
        ),
    ];
    let example = sandbox(&[&library[..], &api[..]].concat());
    let plan = example.pydeploy(&["plan", "services/api"]).json();
    assert_eq!((&plan["project"]["manager"], &plan["project"]["lock"]), (&"pip".into(), &Value::Null), "{plan:#}");
    // A member whose own dependencies have changed since.
    let stale = sandbox(
        &[
            &WORKSPACE[..2],
            &api[..],
            &[(
                "uv.lock",
                &UV_LOCK
                    .replace("virtual = \".\"", "virtual = \"services/api\"")
                    .replace("requires-dist = [{ name = \"fastapi\" }, ", "requires-dist = [")[..],
            )],
        ]
        .concat(),
    );
    stale.pydeploy(&["plan", "services/api"]).fails(3).says(&["uv.lock does not match", "fastapi is not locked"]);
}
