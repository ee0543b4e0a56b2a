//! Companions: what has to be installed beside an old release, since the newest of what it uses has left it behind.
//!
//! Nothing says so but the code of both: its metadata asks for any version, or for none. Where a lock stands, it has what
//! was there then; this is for requirements that are resolved as of today.

use super::era::Release;
use super::{Dependencies, DependencySource, requirement};

/// A package, the release before which this is so, what goes with it, and why. Read off the wheels of these releases.
const ALL: &[(&str, &str, &[&str], &str)] = &[
    ("gunicorn", "21", PKG_RESOURCES, IMPORTS),
    ("apscheduler", "3.10.4", PKG_RESOURCES, IMPORTS),
    ("dash", "2.14", PKG_RESOURCES, IMPORTS),
    ("djangorestframework-simplejwt", "5.3.1", PKG_RESOURCES, IMPORTS),
    ("drf-yasg", "1.21.8", PKG_RESOURCES, IMPORTS),
    ("gevent", "23", PKG_RESOURCES, IMPORTS),
    ("opentelemetry-instrumentation", "0.49", PKG_RESOURCES, IMPORTS),
    ("razorpay", "1.4.3", PKG_RESOURCES, IMPORTS),
    ("flask", "1.1.4", &["werkzeug<2", "jinja2<3", "itsdangerous<2", "markupsafe<2.1"], NAMES),
    ("flask", "2", &["markupsafe<2.1"], NAMES),
    ("flask", "2.3", &["werkzeug<3"], NAMES),
    ("jinja2", "3", &["markupsafe<2.1"], NAMES),
];

/// Setuptools warns of it since 80, and has it no longer: <https://setuptools.pypa.io/en/latest/pkg_resources.html>
const PKG_RESOURCES: &[&str] = &["setuptools<81"];
const IMPORTS: &str = "imports pkg_resources, which later ones have not";
const NAMES: &str = "imports names that later ones have not";

/// What is installed beside a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The requirement.
    pub requirement: String,
    /// What for, as a phrase.
    pub because: String,
}

/// What has to be installed beside dependencies that nothing locks, each once; what is pinned or bounded among them is left
/// as it is. Where one hash is stated, pip wants one for each, and nothing can be added.
pub fn companions(dependencies: &Dependencies) -> Vec<Companion> {
    use DependencySource::{Pyproject, Requirements};
    let mut found: Vec<Companion> = Vec::new();
    if !matches!(dependencies.source, Requirements { hashes: false, .. } | Pyproject { .. }) {
        return found;
    }
    let packages = &dependencies.packages;
    for (name, before, requirements, why) in ALL {
        let Some(package) = packages.iter().find(|package| package.name == *name) else { continue };
        let Some(release) = Release::of(package).filter(|release| release.is_before(before)) else { continue };
        for requirement in *requirements {
            let wanted = requirement::name_of(requirement).unwrap_or_default();
            let is_stated = packages.iter().any(|p| p.name == wanted && Release::of(p).is_some());
            let is_there = found.iter().any(|c| requirement::name_of(&c.requirement).as_ref() == Some(&wanted));
            if !is_stated && !is_there {
                let because = format!("{name} {release} {why}");
                found.push(Companion { requirement: (*requirement).to_owned(), because });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::project::{Project, Stated};
    use crate::source::SourceTree;

    fn beside(requirements: &str) -> Vec<String> {
        let main = "from flask import Flask\napp = Flask('x')\n";
        let tree = SourceTree::in_memory("p", [("requirements.txt", requirements), ("main.py", main)]);
        let project = Project::read(&tree, &Stated::default()).unwrap();
        companions(&project.dependencies).into_iter().map(|companion| companion.requirement).collect()
    }

    #[test]
    fn what_is_old_has_what_was_there_then() {
        for (requirements, expected) in [
            ("flask\ngunicorn==20.1.0", vec!["setuptools<81"]),
            ("flask\ngunicorn==20.1.0\nsetuptools>=65", vec!["setuptools<81"]),
            ("flask\ngunicorn==20.1.0\nsetuptools==65.1", vec![]),
            ("flask\ngunicorn<21", vec!["setuptools<81"]),
            ("flask\ngunicorn>=20", vec![]),
            ("flask==2.2.2", vec!["werkzeug<3"]),
            ("flask==2.2.2\nwerkzeug==2.2.2", vec![]),
            ("flask==2.3.3", vec![]),
            ("flask==1.1.2", vec!["werkzeug<2", "jinja2<3", "itsdangerous<2", "markupsafe<2.1"]),
            ("flask==1.1.4", vec!["markupsafe<2.1", "werkzeug<3"]),
            ("flask==2.2.2 --hash=sha256:00", vec![]),
        ] {
            assert_eq!(beside(requirements), expected, "{requirements}");
        }
    }
}
