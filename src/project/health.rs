//! How it is told that a project is healthy.

use super::scan::routes::Route;
use super::{Decision, Evidence};

/// What a probe checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// That a GET request on the path is answered with success.
    Http {
        /// The path, with its leading slash.
        path: String,
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

/// Decides among the routes that were seen. `closed` is where a framework refuses the host that a probe names.
pub(crate) fn decide(routes: &[Route], closed: Option<Evidence>) -> Decision<Health> {
    let open = |path: &&str| routes.iter().find(|route| route.path == **path && !route.guarded);
    let found = PATHS.iter().find_map(open);
    match (found, closed) {
        (Some(_), Some(at)) => Decision::seen(
            Health::Tcp,
            "only the port is checked: a request to localhost would get 400, since that is not among the allowed hosts",
            at,
        ),
        (Some(route), None) => {
            Decision::seen(Health::Http { path: route.path.clone() }, "a GET route made for it", route.at.clone())
        }
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

    fn route(path: &str, guarded: bool) -> Route {
        Route { path: path.to_owned(), at: Evidence::line("main.py", 1), guarded }
    }

    #[test]
    fn the_likeliest_open_route_is_taken() {
        let http = |path: &str| Health::Http { path: path.to_owned() };
        assert_eq!(decide(&[route("/ping", false), route("/health", false)], None).value, http("/health"));
        assert_eq!(decide(&[route("/ping", false), route("/health", true)], None).value, http("/ping"));
        assert!(decide(&[route("/health", true)], None).because.contains("who is calling"));
        assert!(decide(&[route("/items", false)], None).because.contains("no health route"));
        let closed = decide(&[route("/health/", false)], Some(Evidence::line("p/settings.py", 3)));
        assert_eq!((closed.value, closed.evidence), (Health::Tcp, Some(Evidence::line("p/settings.py", 3))));
    }
}
