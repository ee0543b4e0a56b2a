//! A choice among the packages that can meet a dependency.

use super::super::index::{Id, Index};
use super::super::relation::Relation;
use super::{ClosureError, Search};

/// What meets a dependency.
pub(super) enum Choice {
    /// Something that is chosen already, or that is not followed.
    Settled,
    /// One of these, the best one first.
    Among(Vec<Id>),
}

impl Search<'_> {
    /// What meets a dependency of a package: alternatives in the archive's order, and for each the package of that name
    /// before those that provide it.
    pub(super) fn alternatives(&self, of: Id, group: &str) -> Choice {
        let mut ids = Vec::new();
        for relation in Relation::alternatives(group).filter(|relation| relation.concerns(self.index.architecture())) {
            let meeting = meeting(self.index, &relation);
            let is_out = self.without.contains_key(relation.name) && !self.asked(relation.name);
            if is_out || meeting.iter().any(|id| self.is_out(*id)) {
                if ids.is_empty() {
                    return Choice::Settled;
                }
                // What comes before it can be had.
                continue;
            }
            ids.extend(meeting);
        }
        if ids.iter().any(|id| self.has.contains(id)) || ids.contains(&of) {
            return Choice::Settled;
        }
        Choice::Among(ids)
    }

    /// Whether a package is not followed. One that is asked for by name, and so chosen, is.
    fn is_out(&self, id: Id) -> bool {
        self.without.contains_key(self.index.name(id)) && !self.has.contains(&id)
    }

    fn asked(&self, name: &str) -> bool {
        self.index.find(name).is_some_and(|id| self.has.contains(&id))
    }

    /// Why a package can't be beside those that are chosen.
    pub(super) fn opposed(&self, id: Id) -> Option<ClosureError> {
        let index = self.index;
        let against = Relation::groups(index.conflicts(id)).filter_map(Relation::parse).flat_map(|relation| {
            let providers = index.providers(relation.name).map(|(provider, _)| provider);
            index.find(relation.name).into_iter().chain(providers).collect::<Vec<_>>()
        });
        let mine = against.filter(|other| self.has.contains(other)).find_map(|other| clash(index, id, other));
        let provided = Relation::groups(index.provides(id)).filter_map(Relation::parse).map(|relation| relation.name);
        let names = std::iter::once(index.name(id)).chain(provided);
        let those = || names.filter_map(|name| self.opponents.get(name)).flatten();
        mine.or_else(|| those().find_map(|other| clash(index, *other, id)))
    }

    /// Remembers whom a package can't be beside.
    pub(super) fn oppose(&mut self, id: Id) {
        for relation in Relation::groups(self.index.conflicts(id)).filter_map(Relation::parse) {
            self.opponents.entry(relation.name).or_default().push(id);
        }
    }

    /// Forgets the last that was remembered.
    pub(super) fn forget(&mut self, id: Id) {
        for relation in Relation::groups(self.index.conflicts(id)).filter_map(Relation::parse) {
            if let Some(opponents) = self.opponents.get_mut(relation.name) {
                opponents.pop();
            }
        }
    }
}

/// The packages that meet a relation, the best one first.
fn meeting(index: &Index, relation: &Relation<'_>) -> Vec<Id> {
    let own = index.find(relation.name).filter(|id| relation.admits(index.version(*id)));
    let mut others: Vec<_> = index
        .providers(relation.name)
        // What is provided without a version meets no demand for one.
        .filter(|(_, provided)| match provided.version {
            Some((_, version)) => relation.admits(version),
            None => relation.version.is_none(),
        })
        .map(|(id, _)| id)
        .filter(|id| Some(*id) != own)
        .collect();
    others.sort_by_key(|id| (index.priority(*id), *id));
    own.into_iter().chain(others).collect()
}

/// Whether `one` says that it can't be beside `other`.
fn clash(index: &Index, one: Id, other: Id) -> Option<ClosureError> {
    if one == other || index.conflicts(one).is_empty() {
        return None;
    }
    let relations = Relation::groups(index.conflicts(one)).filter_map(Relation::parse);
    let hit = relations.filter(|relation| relation.concerns(index.architecture())).find(|relation| {
        let by_name = relation.name == index.name(other) && relation.admits(index.version(other));
        by_name
            || Relation::groups(index.provides(other)).filter_map(Relation::parse).any(|provided| {
                provided.name == relation.name
                    && match provided.version {
                        Some((_, version)) => relation.admits(version),
                        None => relation.version.is_none(),
                    }
            })
    })?;
    Some(ClosureError::Conflict {
        one: format!("{} {}", index.name(one), index.version(one)),
        other: format!("{} {}", index.name(other), index.version(other)),
        relation: hit.to_string(),
    })
}
