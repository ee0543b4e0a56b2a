//! A command that might start a project without a web framework: an example for a hint, never a decision.

use super::dependencies::Dependencies;
use super::scan::syntax::Scope;
use super::scan::{Module, Sources};

/// Suggests a command from the dependencies, else from the only script that lends itself.
pub(crate) fn command(sources: &Sources, dependencies: &Dependencies) -> Option<Vec<String>> {
    let script = script(sources);
    let words: Vec<&str> = if dependencies.get("streamlit").is_some() {
        vec!["streamlit", "run", script?, "--server.address", "0.0.0.0", "--server.port", "8501"]
    } else if dependencies.get("celery").is_some() {
        let module = sources.modules.iter().find(|module| module.calls().any(|(_, call)| call.method() == "Celery"))?;
        let name = module.path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
        return Some(["celery", "-A", &name, "worker"].map(str::to_owned).to_vec());
    } else if let Some(package) = package(sources) {
        return Some(["python", "-m", &package].map(str::to_owned).to_vec());
    } else {
        vec!["python", script.or_else(|| guarded(sources))?]
    };
    Some(words.into_iter().map(str::to_owned).collect())
}

/// The only package that is made to be run: it has a `__main__.py`.
fn package(sources: &Sources) -> Option<String> {
    let mut all = sources.modules.iter().filter_map(|module| module.path.strip_suffix("/__main__.py"));
    let (only, more) = (all.next()?, all.next());
    let path = only.strip_prefix("src/").unwrap_or(only);
    more.is_none().then(|| path.replace('/', "."))
}

/// The only module that does something when it is the program.
fn guarded(sources: &Sources) -> Option<&str> {
    let is_guarded = |module: &&Module| module.statements.iter().any(|statement| statement.scope == Scope::Program);
    // What imports from beside itself can't be run by its path.
    let is_relative = |module: &&Module| module.imports.iter().any(|import| import.module.starts_with('.'));
    let mut all = sources.modules.iter().filter(is_guarded).filter(|module| !is_relative(module));
    let (only, more) = (all.next()?, all.next());
    more.is_none().then_some(only.path.as_str())
}

fn script(sources: &Sources) -> Option<&str> {
    const NAMES: [&str; 9] = [
        "main.py",
        "app.py",
        "bot.py",
        "run.py",
        "server.py",
        "worker.py",
        "streamlit_app.py",
        "src/main.py",
        "__main__.py",
    ];
    let named = NAMES.into_iter().find_map(|name| sources.get(name));
    let mut at_root = sources.modules.iter().filter(|module| !module.path.contains('/'));
    let only = match (at_root.next(), at_root.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    named.or(only).map(|module| module.path.as_str())
}
