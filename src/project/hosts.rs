//! The hosts that an application answers: the health check runs beside it and names `localhost`.

use super::Evidence;
use super::scan::{Module, Sources};

/// Where Django's settings name the hosts that are answered, if neither `*` nor `localhost` is among them.
/// <https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts>
pub(crate) fn closed_by_django(settings: &[&Module]) -> Option<Evidence> {
    let lines = settings.iter().flat_map(|module| module.lines().map(move |(offset, line)| (*module, offset, line)));
    let hosts: Vec<_> = lines.filter(|(.., line)| line.trim_start().starts_with("ALLOWED_HOSTS")).collect();
    let open = hosts.iter().any(|(module, offset, line)| any(module, *offset, line.len()));
    let (module, offset, _) = hosts.first().filter(|_| !open)?;
    Some(module.at(*offset))
}

/// Where Starlette's middleware is given the hosts that are answered, if neither `*` nor `localhost` is among them.
/// <https://www.starlette.io/middleware/#trustedhostmiddleware>
pub(crate) fn closed_by_middleware(sources: &Sources) -> Option<Evidence> {
    sources.modules.iter().find_map(|module| {
        let calls = ["add_middleware", "Middleware"].into_iter().flat_map(|name| module.calls(name));
        let mut closed = calls.filter(|(_, open)| {
            let arguments = module.arguments(*open);
            let names = module.code.get(arguments.clone()).is_some_and(|text| text.contains("TrustedHostMiddleware"));
            names && !any(module, arguments.start, arguments.len())
        });
        closed.next().map(|(at, _)| module.at(at))
    })
}

/// Whether a text names `*` or `localhost`.
fn any(module: &Module, offset: usize, length: usize) -> bool {
    let raw = module.raw.get(offset..offset + length).unwrap_or_default();
    ["*", "localhost"].iter().any(|host| raw.contains(&format!("\"{host}\"")) || raw.contains(&format!("'{host}'")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::SourceTree;

    #[test]
    fn hosts_are_closed_unless_localhost_is_allowed() {
        let django = |text: &str| closed_by_django(&[&Module::new("p/settings.py", text.to_owned())]).map(|at| at.line);
        assert_eq!(django("DEBUG = False\nALLOWED_HOSTS = []\n"), Some(Some(2)));
        assert_eq!(django("ALLOWED_HOSTS = env.list('HOSTS')\n"), Some(Some(1)));
        assert_eq!(django("ALLOWED_HOSTS = [\n  '*',\n]\n"), None);
        assert_eq!(django("ALLOWED_HOSTS = ['shop.example', 'localhost']\n"), None);
        assert_eq!(django("DEBUG = True\n"), None);
        let middleware = |text: &str| {
            let sources = Sources::read(&SourceTree::in_memory("p", [("main.py", text)])).unwrap();
            closed_by_middleware(&sources).map(|at| at.line)
        };
        assert_eq!(middleware("app.add_middleware(TrustedHostMiddleware, allowed_hosts=['a.example'])"), Some(Some(1)));
        assert_eq!(middleware("app.add_middleware(TrustedHostMiddleware, allowed_hosts=['*'])"), None);
        assert_eq!(middleware("app.add_middleware(CORSMiddleware)"), None);
    }
}
