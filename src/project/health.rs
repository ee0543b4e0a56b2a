//! How it is told that a project is healthy.

use super::Decision;
use super::hosts::Hosts;
use super::scan::routes::Route;

/// What a probe checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// That a GET request on the path is answered with success.
    Http {
        /// The path, with its leading slash.
        path: String,
        /// The host that is asked for; `None` for `localhost`.
        host: Option<String>,
    },
    /// That the port is open.
    Tcp,
}

/// Paths that are made for probes, the likelier first.
const PATHS: &[&str] = &[
    "/health",
    "/healthz",
    "/health/",
    "/healthz/",
    "/livez",
    "/readyz",
    "/ready",
    "/ping",
    "/status",
    "/api/health",
    "/api/healthz",
    "/health/live",
    "/health/ready",
    "/health-check",
    "/healthcheck",
    "/_health",
    "/api/health/",
    "/api/v1/health",
    "/v1/health",
    "/live",
    "/alive",
    "/ping/",
    "/status/",
    "/ready/",
    "/livez/",
    "/readyz/",
];

/// Decides among the routes that were seen, of an application that answers these hosts.
pub(crate) fn decide(routes: &[Route], hosts: Hosts) -> Decision<Health> {
    let open = |path: &&str| routes.iter().find(|route| route.path == **path && !route.guarded);
    let found = PATHS.iter().find_map(open);
    match (found, hosts) {
        (Some(_), Hosts::Closed(at)) => Decision::seen(
            Health::Tcp,
            "only the port is checked: a request to localhost would get 400, since that is not among the allowed hosts",
            at,
        ),
        (Some(route), Hosts::Open) => Decision::seen(
            Health::Http { path: route.path.clone(), host: None },
            "a GET route made for it",
            route.at.clone(),
        ),
        (Some(route), Hosts::Named(host, at)) => Decision::seen(
            Health::Http { path: route.path.clone(), host: Some(host) },
            format!("a GET route made for it, for a host that is allowed ({at})"),
            route.at.clone(),
        ),
        (None, _) => match routes.iter().find(|route| PATHS.contains(&route.path.as_str())) {
            Some(route) => Decision::seen(
                Health::Tcp,
                format!("only the port is checked: {} seems to ask who is calling", route.path),
                route.at.clone(),
            ),
            None => Decision::assumed(Health::Tcp, "no health route was seen, so only the port is checked"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Evidence;

    fn route(path: &str, guarded: bool) -> Route {
        Route { path: path.to_owned(), at: Evidence::line("main.py", 1), guarded }
    }

    #[test]
    fn the_likeliest_open_route_is_taken() {
        let http = |path: &str| Health::Http { path: path.to_owned(), host: None };
        assert_eq!(decide(&[route("/ping", false), route("/health", false)], Hosts::Open).value, http("/health"));
        assert_eq!(decide(&[route("/ping", false), route("/health", true)], Hosts::Open).value, http("/ping"));
        assert!(decide(&[route("/health", true)], Hosts::Open).because.contains("who is calling"));
        assert!(decide(&[route("/items", false)], Hosts::Open).because.contains("no health route"));
        let closed = decide(&[route("/health/", false)], Hosts::Closed(Evidence::line("p/settings.py", 3)));
        assert_eq!((closed.value, closed.evidence), (Health::Tcp, Some(Evidence::line("p/settings.py", 3))));
        let named =
            decide(&[route("/health/", false)], Hosts::Named("a.example".into(), Evidence::line("p/settings.py", 3)));
        assert_eq!(named.value, Health::Http { path: "/health/".into(), host: Some("a.example".into()) });
        assert!(named.because.ends_with("for a host that is allowed (p/settings.py:3)"));
    }
}
