//! The packages of a lock that are reached from the project itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::format::{Edge, Lock};
use crate::project::marker::Target;
use crate::project::requirement;

/// How a package is reached.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// The extras that are asked for.
    pub(super) extras: BTreeSet<String>,
    /// Whether the project itself asks for it.
    pub(super) direct: bool,
}

/// Follows the dependencies from `root`, by index into the lock's packages.
pub(super) fn from(lock: &Lock, root: usize, target: Target) -> BTreeMap<usize, Reached> {
    let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, package) in lock.packages.iter().enumerate() {
        names.entry(package.name.as_str()).or_default().push(index);
    }
    let mut reached = BTreeMap::from([(root, Reached::default())]);
    // A package is looked at once without extras, and once for each of its extras.
    let mut queue: VecDeque<(usize, Option<String>)> = VecDeque::from([(root, None)]);
    while let Some((index, extra)) = queue.pop_front() {
        let Some(package) = lock.packages.get(index) else { continue };
        let edges = match &extra {
            None => Some(&package.dependencies),
            Some(extra) => {
                let mut groups = package.optional_dependencies.iter();
                groups.find(|(name, _)| requirement::normalise(name) == *extra).map(|(_, edges)| edges)
            }
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
                    queue.push_back((to, None));
                }
                for extra in edge.extra.iter().map(|extra| requirement::normalise(extra)) {
                    if entry.extras.insert(extra.clone()) {
                        queue.push_back((to, Some(extra)));
                    }
                }
            }
        }
    }
    reached
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
