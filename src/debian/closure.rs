//! A closure: packages with everything that they need.
//!
//! apt's answer on a system without a package is the measure: depth first, the first alternative that can be had, unless
//! another one is chosen already.

mod choice;
mod error;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::index::{Id, Index};
use super::package::Package;
use super::relation::Relation;

use self::choice::Choice;
pub use self::error::ClosureError;

/// Names of packages that are not followed although others depend on them, each with the reason.
pub type Excluded<'a> = BTreeMap<&'a str, &'a str>;

/// How often a choice may be taken back: what needs more is nothing that an archive has.
const PATIENCE: usize = 10_000;
/// How far from what was asked for a package may be.
const DEEPEST: usize = 3_000;

/// The packages that are asked for by name, and all that they need, by name.
pub fn closure<S: AsRef<str>>(
    index: &Index,
    roots: &[S],
    without: &Excluded<'_>,
) -> Result<Vec<Package>, ClosureError> {
    let mut search = Search {
        index,
        without,
        chosen: Vec::new(),
        has: HashSet::new(),
        opponents: HashMap::new(),
        hopeless: BTreeMap::new(),
        left: PATIENCE,
    };
    for root in roots {
        search.root(root.as_ref())?;
    }
    let mut packages: Vec<_> = search.chosen.iter().map(|id| index.describe(*id)).collect();
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(packages)
}

struct Search<'a> {
    index: &'a Index,
    without: &'a Excluded<'a>,
    /// In the order of choice, so that it can be taken back.
    chosen: Vec<Id>,
    has: HashSet<Id>,
    /// By the names that they conflict with.
    opponents: HashMap<&'a str, Vec<Id>>,
    /// What can't be had whatever else is chosen, and why.
    hopeless: BTreeMap<Id, ClosureError>,
    left: usize,
}

/// A package on the way, with what of it is still open.
struct Frame<'a> {
    id: Id,
    /// How many were chosen before it.
    before: usize,
    groups: Vec<&'a str>,
    at: usize,
    /// The alternatives for the group at hand that were not tried, in order.
    open: Option<Vec<Id>>,
    /// Why the first one that was tried can't be had.
    failed: Option<ClosureError>,
}

impl<'a> Search<'a> {
    fn root(&mut self, name: &str) -> Result<(), ClosureError> {
        let id = match self.index.find(name) {
            Some(id) => id,
            None => self.index.providers(name).map(|(id, _)| id).next().ok_or_else(|| ClosureError::Missing {
                name: name.to_owned(),
                nearest: self.index.nearest(name).map(str::to_owned),
            })?,
        };
        match self.opposed(id) {
            _ if self.has.contains(&id) => Ok(()),
            Some(error) => Err(error),
            None => self.take(id),
        }
    }

    /// Chooses a package with all that it needs. An own stack: an archive decides how deep this goes.
    fn take(&mut self, root: Id) -> Result<(), ClosureError> {
        let mut frames = vec![self.enter(root)];
        while let Some(frame) = frames.last_mut() {
            let Some(group) = frame.groups.get(frame.at).copied() else {
                frames.pop();
                if let Some(parent) = frames.last_mut() {
                    parent.next();
                }
                continue;
            };
            let mut open = match frame.open.take() {
                Some(open) => open,
                None => match self.alternatives(frame.id, group) {
                    Choice::Settled => {
                        frame.next();
                        continue;
                    }
                    Choice::Among(ids) => ids,
                },
            };
            let id = frame.id;
            let next = if open.is_empty() { None } else { Some(open.remove(0)) };
            frame.open = Some(open);
            let Some(next) = next else {
                let cause = frame.failed.take().map(Box::new);
                let error = ClosureError::unsatisfied(self.index.name(id), self.index.version(id), group, cause);
                self.retreat(&mut frames, error)?;
                continue;
            };
            if let Some(error) = self.hopeless.get(&next).cloned().or_else(|| self.opposed(next)) {
                frame.failed.get_or_insert(error);
            } else if frames.len() >= DEEPEST {
                return Err(ClosureError::TooDeep(self.index.name(next).to_owned()));
            } else {
                let frame = self.enter(next);
                frames.push(frame);
            }
        }
        Ok(())
    }

    fn enter(&mut self, id: Id) -> Frame<'a> {
        let before = self.chosen.len();
        self.chosen.push(id);
        self.has.insert(id);
        self.oppose(id);
        let groups = Relation::groups(self.index.depends(id)).collect();
        Frame { id, before, groups, at: 0, open: None, failed: None }
    }

    /// The last package on the way can't be had: what was chosen for it is taken back, and the next alternative is up.
    fn retreat(&mut self, frames: &mut Vec<Frame<'a>>, error: ClosureError) -> Result<(), ClosureError> {
        let Some(frame) = frames.pop() else { return Err(error) };
        for id in self.chosen.split_off(frame.before).into_iter().rev() {
            self.has.remove(&id);
            self.forget(id);
        }
        if error.is_lasting() {
            self.hopeless.insert(frame.id, error.clone());
        }
        self.left = self.left.saturating_sub(1);
        match frames.last_mut() {
            Some(parent) if self.left > 0 => {
                parent.failed.get_or_insert(error);
                Ok(())
            }
            _ => Err(error),
        }
    }
}

impl Frame<'_> {
    fn next(&mut self) {
        (self.at, self.open, self.failed) = (self.at + 1, None, None);
    }
}
