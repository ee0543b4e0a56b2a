//! The hosts that an application answers: the health check runs beside it, and must name one of them.

use super::Evidence;
use super::scan::syntax::{Does, Expression, Scope, last};
use super::scan::{Module, Sources};

/// Which hosts an application answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Every one, or `localhost` among others.
    Open,
    /// Others than `localhost`: one of them, and where it is named.
    Named(String, Evidence),
    /// Others than `localhost`, which can't be told.
    Closed(Evidence),
}

/// The hosts that Django's settings name: <https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts>
/// Of several ways in which the settings may come about, the one that is answered least.
pub(crate) fn of_django(ways: &[Vec<&Module>]) -> Hosts {
    ways.iter().map(|way| of_settings(way)).find(|hosts| *hosts != Hosts::Open).unwrap_or(Hosts::Open)
}

fn of_settings(modules: &[&Module]) -> Hosts {
    let statements = modules.iter().flat_map(|module| module.statements.iter().map(move |line| (*module, line)));
    let (mut named, mut debugs) = (Vec::new(), false);
    for (module, statement) in statements {
        match &statement.does {
            Does::Assign { target, value } if target == "ALLOWED_HOSTS" => {
                // A branch may not be taken: what was before it may hold.
                named.retain(|_| statement.scope != Scope::Module);
                named.push((module.line(statement.line), value));
            }
            Does::Extend { target, value } if target == "ALLOWED_HOSTS" => {
                named.push((module.line(statement.line), value));
            }
            Does::Assign { target, value } if target == "DEBUG" => debugs = *value == Expression::Flag(true),
            _ => {}
        }
    }
    match (named.is_empty(), modules.last()) {
        // Where it debugs and names none, Django answers the machine's own names.
        _ if debugs && named.iter().all(|(_, value)| matches!(value, Expression::List(hosts) if hosts.is_empty())) => {
            Hosts::Open
        }
        (true, Some(module)) => Hosts::Closed(Evidence::file(&module.path)),
        _ => of(&named),
    }
}

/// The hosts that Starlette's middleware is given: <https://www.starlette.io/middleware/#trustedhostmiddleware>
pub(crate) fn of_middleware(sources: &Sources) -> Hosts {
    let calls = sources.modules.iter().flat_map(|module| module.calls().map(move |(_, call)| (module, call)));
    let trusted = calls.filter(|(_, call)| {
        let mut names = call.positional.iter().flat_map(Expression::names);
        matches!(call.method(), "add_middleware" | "Middleware")
            && names.any(|name| last(name) == "TrustedHostMiddleware")
    });
    let none = Expression::Other(Vec::new());
    let given = trusted.map(|(module, call)| {
        let hosts = call.keyword("allowed_hosts").map_or(&none, |keyword| &keyword.value);
        (module.line(call.line), hosts)
    });
    of(&given.collect::<Vec<_>>())
}

fn of(named: &[(Evidence, &Expression)]) -> Hosts {
    let texts = || named.iter().flat_map(|(at, value)| value.texts().into_iter().map(move |text| (at, text)));
    let Some((first, _)) = named.first() else { return Hosts::Open };
    if texts().any(|(_, host)| matches!(host, "*" | "localhost")) {
        return Hosts::Open;
    }
    // A host that begins with a dot stands for itself, too. What is worked out may be anything: a variable's name.
    let mut hosts = named.iter().flat_map(|(at, value)| {
        let listed = if let Expression::List(hosts) = value { hosts.as_slice() } else { &[] };
        listed.iter().filter_map(Expression::text).map(move |text| (at, text))
    });
    let literal = hosts.find_map(|(at, host)| {
        let host = host.trim_start_matches('.');
        let plain = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
        plain.then(|| (host.to_owned(), at.clone()))
    });
    literal.map_or_else(|| Hosts::Closed(first.clone()), |(host, at)| Hosts::Named(host, at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::SourceTree;

    #[test]
    fn hosts_are_closed_unless_localhost_is_allowed() {
        let django = |text: &str| of_django(&[vec![&Module::new("p/settings.py", text)]]);
        let at = |line| Evidence::line("p/settings.py", line);
        assert_eq!(django("DEBUG = False\nALLOWED_HOSTS = []\n"), Hosts::Closed(at(2)));
        assert_eq!(django("ALLOWED_HOSTS = env.list('HOSTS')\n"), Hosts::Closed(at(1)));
        assert_eq!(django("ALLOWED_HOSTS = [\n  '*',\n]\n"), Hosts::Open);
        assert_eq!(django("ALLOWED_HOSTS = ['shop.example', 'localhost']\n"), Hosts::Open);
        assert_eq!(
            django("ALLOWED_HOSTS = [env('HOST'), '.shop.example']\n"),
            Hosts::Named("shop.example".into(), at(1))
        );
        assert_eq!(django("ALLOWED_HOSTS = ['.shop.example']\n"), Hosts::Named("shop.example".into(), at(1)));
        assert_eq!(django("DEBUG = True\nALLOWED_HOSTS = []\n"), Hosts::Open);
        assert_eq!(django("DEBUG = True\n"), Hosts::Open);
        assert_eq!(django("DEBUG = env('DEBUG')\n"), Hosts::Closed(Evidence::file("p/settings.py")));
        let twice = "ALLOWED_HOSTS = ['*']\nALLOWED_HOSTS = ['a.example']\n";
        assert_eq!(django(twice), Hosts::Named("a.example".into(), at(2)));
        let middleware =
            |text: &str| of_middleware(&Sources::read(&SourceTree::in_memory("p", [("main.py", text)])).unwrap());
        let named = Hosts::Named("a.example".into(), Evidence::line("main.py", 1));
        assert_eq!(middleware("app.add_middleware(TrustedHostMiddleware, allowed_hosts=['a.example'])"), named);
        assert_eq!(middleware("app.add_middleware(TrustedHostMiddleware, allowed_hosts=['*'])"), Hosts::Open);
        assert_eq!(middleware("app.add_middleware(CORSMiddleware)"), Hosts::Open);
    }
}
