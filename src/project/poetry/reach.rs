//! The packages of a lock that are reached from what the project states.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::constraint::Constraint;
use super::format::{Edge, Lock};
use super::manifest::Stated;
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

/// Follows the dependencies from those of the project, by index into the lock's packages.
pub(super) fn from(lock: &Lock, stated: &Stated, target: Target) -> BTreeMap<usize, Reached> {
    let mut names: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, package) in lock.packages.iter().enumerate() {
        names.entry(requirement::normalise(&package.name)).or_default().push(index);
    }
    let mut walk = Walk { lock, names, reached: BTreeMap::new(), queue: VecDeque::new() };
    for main in &stated.main {
        for edge in main.edges.iter().filter(|edge| !edge.optional) {
            walk.follow(&main.name, edge, target, true);
        }
    }
    while let Some((index, extra)) = walk.queue.pop_front() {
        let Some(package) = lock.packages.get(index) else { continue };
        let asked = extra.as_ref().map(|extra| {
            let mut extras = package.extras.iter();
            let listed = extras.find(|(name, _)| requirement::normalise(name) == *extra).map(|(_, listed)| listed);
            listed.into_iter().flatten().filter_map(|text| requirement::name_of(text)).collect::<BTreeSet<_>>()
        });
        for (name, edges) in &package.dependencies {
            let name = requirement::normalise(name);
            for edge in edges.all() {
                // Without an extra what is not optional; with one what that names.
                if asked.as_ref().map_or(!edge.optional, |asked| asked.contains(&name)) {
                    let target = if extra.is_some() { target.for_extra() } else { target };
                    walk.follow(&name, &edge, target, false);
                }
            }
        }
    }
    walk.reached
}

struct Walk<'a> {
    lock: &'a Lock,
    names: HashMap<String, Vec<usize>>,
    reached: BTreeMap<usize, Reached>,
    /// A package is looked at once without extras, and once for each of its extras.
    queue: VecDeque<(usize, Option<String>)>,
}

impl Walk<'_> {
    fn follow(&mut self, name: &str, edge: &Edge, target: Target, direct: bool) {
        if !applies(edge, target) {
            return;
        }
        let all = self.names.get(name).cloned().unwrap_or_default();
        let allowed: Vec<usize> = all.iter().copied().filter(|index| self.allows(edge, *index)).collect();
        // A constraint that none of them meets can't be what chose between them.
        for index in if allowed.is_empty() { all } else { allowed } {
            let new = !self.reached.contains_key(&index);
            let entry = self.reached.entry(index).or_default();
            entry.direct |= direct;
            if new {
                self.queue.push_back((index, None));
            }
            for extra in edge.extras.iter().map(|extra| requirement::normalise(extra)) {
                if entry.extras.insert(extra.clone()) {
                    self.queue.push_back((index, Some(extra)));
                }
            }
        }
    }

    fn allows(&self, edge: &Edge, index: usize) -> bool {
        let version = self.lock.packages.get(index).and_then(|package| package.version.parse().ok());
        let constraint = edge.version.as_deref().and_then(Constraint::parse);
        version.zip(constraint).is_none_or(|(version, constraint)| constraint.allows(&version))
    }
}

/// What can't be judged keeps its package: too many is seen, too few is not.
fn applies(edge: &Edge, target: Target) -> bool {
    let python = edge.python.as_deref().and_then(Constraint::parse);
    edge.markers.as_deref().is_none_or(|marker| target.holds(marker).unwrap_or(true))
        && python.is_none_or(|python| python.allows(&target.full_version()))
}
