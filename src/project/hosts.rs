//! The hosts that an application answers: the health check runs beside it and names `localhost`.

use super::Evidence;
use super::scan::syntax::{Does, Expression, last};
use super::scan::{Module, Sources};

/// Where Django's settings name the hosts that are answered, if neither `*` nor `localhost` is among them.
/// <https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts>
pub(crate) fn closed_by_django(settings: &[&Module]) -> Option<Evidence> {
    let hosts = settings.iter().flat_map(|module| {
        module.statements.iter().filter_map(move |statement| match &statement.does {
            Does::Assign { target, value } | Does::Extend { target, value } => {
                (target == "ALLOWED_HOSTS").then(|| (module.line(statement.line), value))
            }
            _ => None,
        })
    });
    let hosts: Vec<_> = hosts.collect();
    let open = hosts.iter().any(|(_, value)| is_open(value));
    hosts.into_iter().next().filter(|_| !open).map(|(at, _)| at)
}

/// Where Starlette's middleware is given the hosts that are answered, if neither `*` nor `localhost` is among them.
/// <https://www.starlette.io/middleware/#trustedhostmiddleware>
pub(crate) fn closed_by_middleware(sources: &Sources) -> Option<Evidence> {
    sources.modules.iter().find_map(|module| {
        let mut calls = module.calls().filter(|(_, call)| matches!(call.method(), "add_middleware" | "Middleware"));
        let closed = calls.find(|(_, call)| {
            let names = call.positional.iter().flat_map(Expression::names);
            names.into_iter().any(|name| last(name) == "TrustedHostMiddleware") && !call.arguments().any(is_open)
        });
        closed.map(|(_, call)| module.line(call.line))
    })
}

/// Whether hosts that are written out have `*` or `localhost` among them.
fn is_open(hosts: &Expression) -> bool {
    hosts.texts().iter().any(|host| matches!(*host, "*" | "localhost"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::SourceTree;

    #[test]
    fn hosts_are_closed_unless_localhost_is_allowed() {
        let django = |text: &str| closed_by_django(&[&Module::new("p/settings.py", text)]).map(|at| at.line);
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
