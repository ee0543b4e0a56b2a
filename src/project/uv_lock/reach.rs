//! The packages of a lock that are reached from the project itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::format::{Edge, Lock};
use crate::project::marker::Target;
use crate::project::{Parts, requirement};

/// Which of a package's dependencies are followed.
#[derive(Debug)]
enum Of {
    /// Those that it always has.
    All,
    /// Those of an extra.
    Extra(String),
    /// Those of a group.
    Group(String),
}

/// How a package is reached.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// The extras that are asked for.
    pub(super) extras: BTreeSet<String>,
    /// Whether the project itself asks for it.
    pub(super) direct: bool,
}

/// Follows the dependencies from `root`, with those of the parts of it that were chosen, by index into the lock's packages.
pub(super) fn from(lock: &Lock, root: usize, parts: &Parts, target: Target) -> BTreeMap<usize, Reached> {
    let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, package) in lock.packages.iter().enumerate() {
        names.entry(package.name.as_str()).or_default().push(index);
    }
    let mut reached = BTreeMap::from([(root, Reached::default())]);
    // A package is looked at once without extras, and once for each of its extras.
    let extras = parts.extras.iter().map(|extra| Of::Extra(requirement::normalise(extra)));
    let groups = parts.groups.iter().map(|group| Of::Group(requirement::normalise(group)));
    let mut queue: VecDeque<(usize, Of)> =
        std::iter::once(Of::All).chain(extras).chain(groups).map(|of| (root, of)).collect();
    while let Some((index, of)) = queue.pop_front() {
        let Some(package) = lock.packages.get(index) else { continue };
        let edges = match &of {
            Of::All => Some(&package.dependencies),
            Of::Extra(extra) => part(&package.optional_dependencies, extra),
            Of::Group(group) => part(&package.dev_dependencies, group),
        };
        for edge in edges.into_iter().flatten().filter(|edge| applies(edge, target)) {
            for &to in names.get(edge.name.as_str()).into_iter().flatten() {
                if !leads_to(lock, edge, to) {
                    continue;
                }
                let new = !reached.contains_key(&to);
                let entry = reached.entry(to).or_default();
                entry.direct |= index == root;
                if new {
                    queue.push_back((to, Of::All));
                }
                for extra in edge.extra.iter().map(|extra| requirement::normalise(extra)) {
                    if entry.extras.insert(extra.clone()) {
                        queue.push_back((to, Of::Extra(extra)));
                    }
                }
            }
        }
    }
    reached
}

/// The dependencies of a part by its normalised name.
fn part<'p>(parts: &'p BTreeMap<String, Vec<Edge>>, wanted: &str) -> Option<&'p Vec<Edge>> {
    parts.iter().find(|(name, _)| requirement::normalise(name) == wanted).map(|(_, edges)| edges)
}

/// A marker that can't be judged keeps its package: too many is seen, too few is not.
fn applies(edge: &Edge, target: Target) -> bool {
    edge.marker.as_deref().is_none_or(|marker| target.holds(marker).unwrap_or(true))
}

fn leads_to(lock: &Lock, edge: &Edge, to: usize) -> bool {
    lock.packages.get(to).is_some_and(|package| {
        edge.version.as_ref().is_none_or(|version| package.version.as_ref() == Some(version))
            && edge.source.as_ref().is_none_or(|source| package.source == *source)
    })
}
