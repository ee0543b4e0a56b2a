//! A command that might start a project without a web framework: an example for a hint, never a decision.

use super::dependencies::Dependencies;
use super::scan::Sources;

/// Suggests a command from the dependencies, else from the only script that lends itself.
pub(crate) fn command(sources: &Sources, dependencies: &Dependencies) -> Option<Vec<String>> {
    let script = script(sources);
    let words: Vec<&str> = if dependencies.get("streamlit").is_some() {
        vec!["streamlit", "run", script?, "--server.address", "0.0.0.0", "--server.port", "8501"]
    } else if dependencies.get("celery").is_some() {
        let module = sources.modules.iter().find(|module| module.calls().any(|(_, call)| call.method() == "Celery"))?;
        let name = module.path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
        return Some(["celery", "-A", &name, "worker"].map(str::to_owned).to_vec());
    } else {
        vec!["python", script?]
    };
    Some(words.into_iter().map(str::to_owned).collect())
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
