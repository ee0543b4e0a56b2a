//! A choice: which engine builds.

use super::prepare::{Blueprint, Prepared};
use crate::engine::Engine;
use crate::fault::{Class, Fault};
use crate::image::install::Install;
use crate::image::native::Family;
use crate::image::plan::{ImagePlan, Strategy};
use crate::project::Decision;

/// The engine that builds: the one that is stated, if it can, else the embedded one, wherever it can.
pub fn choose(prepared: &Prepared) -> Result<Decision<Engine>, Fault> {
    let stated = prepared.settings.engine.as_ref();
    let only = only(prepared);
    refuse_secrets(prepared)?;
    match (stated, only) {
        (Some(stated), Some((engine, because, mend))) if stated.value != engine => Err(Fault::new(
            Class::Usage,
            format!("the {} engine can't build this: {because}", stated.value),
            format!("use the {engine} engine, or {mend}"),
        )),
        (Some(stated), _) => Ok(stated.clone()),
        (None, Some((engine, because, _))) => Ok(Decision::assumed(engine, because)),
        (None, None) => Ok(Decision::assumed(Engine::Embedded, why_embedded(prepared))),
    }
}

/// Why nothing stands in the way of the embedded engine.
fn why_embedded(prepared: &Prepared) -> String {
    let Blueprint::Generated { plan, .. } = &prepared.blueprint else { return String::new() };
    let compiled = plan.build_packages.iter().find_map(|p| p.because.strip_prefix("compiles "));
    let compiled = compiled.map(|names| format!("; what has none is built once, by itself: {names}"));
    let gathered = plan.static_files.is_some().then_some("; the static files are gathered in a sandbox");
    match (compiled, gathered) {
        (None, None) => "wheels on a base: nothing needs to run to build it".to_owned(),
        (compiled, gathered) => {
            format!("wheels on a base{}{}", compiled.unwrap_or_default(), gathered.unwrap_or_default())
        }
    }
}

/// The engine that alone can build this, why, and what would make the other one do.
fn only(prepared: &Prepared) -> Option<(Engine, String, &'static str)> {
    match &prepared.blueprint {
        Blueprint::Own(path) => {
            let because = format!("{} is a Dockerfile of the project's own, to be followed step by step", path.value);
            Some((Engine::BuildKit, because, "let pydeploy decide what is built: --dockerfile generated"))
        }
        Blueprint::Generated { plan, .. } => of_plan(plan).or_else(|| of_secrets(prepared)),
    }
}

/// What is handed over as a secret is for a step that runs; uv has this machine's own settings.
fn of_secrets(prepared: &Prepared) -> Option<(Engine, String, &'static str)> {
    let secret = prepared.settings.secrets.keys().next()?;
    let because =
        format!("the secret {secret} is for an installing step, and here uv installs with this machine's settings");
    Some((Engine::BuildKit, because, ELSEWHERE))
}

/// Where uv finds credentials by itself.
const ELSEWHERE: &str = "give uv the credentials: ~/.netrc, its own uv.toml, UV_INDEX_URL, or the variable by its name";

/// The minimal strategy has no other engine, and takes no secret in silence.
fn refuse_secrets(prepared: &Prepared) -> Result<(), Fault> {
    let Blueprint::Generated { plan, .. } = &prepared.blueprint else { return Ok(()) };
    match prepared.settings.secrets.keys().next() {
        Some(secret) if plan.strategy.value == Strategy::Minimal => {
            let message = format!("the minimal strategy has no installing step that the secret {secret} could be for");
            Err(Fault::new(Class::Usage, message, ELSEWHERE.to_owned()))
        }
        _ => Ok(()),
    }
}

/// A package that a lock takes from a repository of source code.
fn from_repository(plan: &ImagePlan) -> Option<&str> {
    let Install::Lock { pins, .. } = &plan.install else { return None };
    pins.iter().find_map(|pin| pin.split_once(" @ git+")).map(|(name, _)| name)
}

fn of_plan(plan: &ImagePlan) -> Option<(Engine, String, &'static str)> {
    let strategy = plan.strategy.value;
    let others = "choose another strategy: --strategy multi-stage";
    match strategy {
        Strategy::Minimal => {
            let because = "the minimal strategy lays Debian packages together, which no Dockerfile does";
            Some((Engine::Embedded, because.to_owned(), others))
        }
        Strategy::Alpine => {
            Some((Engine::BuildKit, "Alpine's packages are installed by apk, in the image".to_owned(), others))
        }
        Strategy::SingleStage | Strategy::Naive => {
            Some((Engine::BuildKit, format!("the {strategy} strategy is a Dockerfile to compare with"), others))
        }
        Strategy::MultiStage if plan.family == Family::Alpine => Some((
            Engine::BuildKit,
            "Alpine's packages are installed by apk, in the image".to_owned(),
            "choose another base",
        )),
        Strategy::MultiStage => from_repository(plan).map(|name| {
            let because = format!("{name} comes from a repository, which is cloned and built in a step");
            (Engine::BuildKit, because, "depend on a release of it")
        }),
    }
}
