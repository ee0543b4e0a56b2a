//! Goldens: for each fixture project, its plan and its Dockerfile, byte for byte. `tests/run bless` writes them anew.

use std::path::Path;

use crate::sandbox::Sandbox;

/// Each fixture, with the words that its goldens are made with beside its name.
pub(crate) type Variants = &'static [(&'static str, &'static [&'static str])];

pub(crate) const FIXTURES: &[(&str, Variants)] = &[
    (
        "fastapi",
        &[
            ("", &[]),
            ("single-stage", &["--strategy", "single-stage"]),
            ("naive", &["--strategy", "naive"]),
            ("alpine", &["--strategy", "alpine"]),
        ],
    ),
    ("api", &[("", &[])]),
    ("flask", &[("", &[]), ("secret", &["--build-secret", "id=pip.conf,src=/dev/null"])]),
    ("aged", &[("", &[]), ("naive", &["--strategy", "naive"])]),
    ("django", &[("", &[])]),
    ("aiohttp", &[("", &[])]),
    ("celery", &[("", &[])]),
    ("dash", &[("", &[])]),
    ("gradio", &[("", &[])]),
    ("litestar", &[("", &[])]),
    ("nicegui", &[("", &[])]),
    ("procfile", &[("", &[])]),
    ("quart", &[("", &[])]),
    ("sanic", &[("", &[])]),
    ("starlette", &[("", &[])]),
    ("streamlit", &[("", &[])]),
    ("tornado", &[("", &[])]),
    ("pdm", &[("", &[])]),
    ("pipenv", &[("", &[])]),
    ("pylock", &[("", &[]), ("naive", &["--strategy", "naive"])]),
    ("processes", &[("", &[])]),
    ("rq", &[("", &[])]),
    ("poetry", &[("", &[]), ("naive", &["--strategy", "naive"])]),
    ("uv", &[("", &[]), ("alpine", &["--strategy", "alpine"])]),
    ("operator", &[("", &[]), ("production", &["--env", "production"])]),
    ("own-dockerfile", &[("", &[]), ("generated", &["--dockerfile", "generated"])]),
    (
        "workspace",
        &[
            ("", &["services/api"]),
            ("package", &["services/feed"]),
            ("single-stage", &["services/feed", "--strategy", "single-stage"]),
            ("naive", &["services/feed", "--strategy", "naive"]),
        ],
    ),
    ("settings", &[("", &[]), ("staging", &["--env", "staging"])]),
];

#[test]
fn every_fixture_has_its_plan_and_its_dockerfile() {
    for (name, variants) in FIXTURES {
        for (variant, args) in *variants {
            let golden = |kind: &str| {
                let dash = if variant.is_empty() { "" } else { "." };
                Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}{dash}{variant}.{kind}"))
            };
            let sandbox = Sandbox::project(name);
            let plan = sandbox.pydeploy(&[&["plan"], *args].concat()).ok().stdout;
            // The copy's folder has another name than the fixture's.
            snapbox::assert_data_eq!(plan, snapbox::Data::read_from(&golden("plan.txt"), None).raw());
            let dockerfile = sandbox.pydeploy(&[&["build", "--dockerfile-only"], *args].concat()).ok().stdout;
            let again = sandbox.pydeploy(&[&["build", "--dockerfile-only"], *args].concat()).ok().stdout;
            assert_eq!(dockerfile, again);
            snapbox::assert_data_eq!(dockerfile, snapbox::Data::read_from(&golden("Dockerfile"), None).raw());
        }
    }
}

#[test]
fn every_fixture_is_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| !n.starts_with('.'))
        .collect();
    found.sort();
    let mut known: Vec<_> = FIXTURES.iter().map(|(n, _)| (*n).to_owned()).collect();
    known.sort();
    assert_eq!(found, known);
}
