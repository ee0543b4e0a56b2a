//! A choice: which engine builds.

use super::prepare::{Blueprint, Prepared};
use crate::engine::Engine;
use crate::fault::{Class, Fault};
use crate::image::native::Family;
use crate::image::plan::{ImagePlan, Strategy};
use crate::project::Decision;

/// Secrets that uv finds by its own settings; what it can't be handed, an installing step of BuildKit's can.
const FOR_PIP: &str = "pip.conf";

/// The engine that builds: the one that is stated, if it can, else the embedded one, wherever it can.
pub fn choose(prepared: &Prepared) -> Result<Decision<Engine>, Fault> {
    let stated = prepared.settings.engine.as_ref();
    let only = only(prepared);
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
    let compiled = match &prepared.blueprint {
        Blueprint::Generated { plan, .. } => {
            plan.build_packages.iter().find_map(|p| p.because.strip_prefix("compiles "))
        }
        Blueprint::Own(_) => None,
    };
    match compiled {
        None => "wheels on a base: nothing needs to run to build it".to_owned(),
        Some(names) => format!("wheels on a base; what has none is built once, by itself: {names}"),
    }
}

/// The engine that alone can build this, why, and what would make the other one do.
fn only(prepared: &Prepared) -> Option<(Engine, String, &'static str)> {
    match &prepared.blueprint {
        Blueprint::Own(path) => {
            let because = format!("{} is a Dockerfile of the project's own, to be followed step by step", path.value);
            Some((Engine::BuildKit, because, "let pydeploy decide what is built: --dockerfile generated"))
        }
        Blueprint::Generated { plan, .. } => of_plan(plan),
    }
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
        Strategy::MultiStage if plan.secrets.iter().any(|s| s == FOR_PIP) => {
            let because = format!("the secret {FOR_PIP} is for pip, which installs in a build step");
            Some((Engine::BuildKit, because, "give uv its settings: --build-secret id=uv.toml,src=FILE"))
        }
        Strategy::MultiStage => None,
    }
}
