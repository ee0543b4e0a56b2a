//! A table: the users and groups that an image has at one point of its build, as far as they are known.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Unknown;
use crate::image::account::{Group as GroupEntry, User as UserEntry};

/// Why something isn't known.
pub(super) type Reason = Arc<Unknown>;

/// A user or group id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Id {
    /// This one.
    Known(u32),
    /// Some number.
    Unknown(Reason),
}

impl Id {
    pub(super) fn known(&self) -> Option<u32> {
        match self {
            Self::Known(id) => Some(*id),
            Self::Unknown(_) => None,
        }
    }
}

/// Whether a row is in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sure {
    /// It is.
    Yes,
    /// It may be.
    Perhaps(Reason),
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: Id,
    pub(super) gid: Id,
    pub(super) sure: Sure,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) gid: Id,
    pub(super) members: BTreeSet<String>,
    pub(super) sure: Sure,
}

/// What may be there besides the rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Others {
    /// Nothing.
    #[default]
    None,
    /// Accounts outside of [`ORDINARY`], the range that packages leave to people.
    System(Reason),
    /// Anything.
    Any(Reason),
}

/// The ids that no package takes, in Debian (policy 9.2.2) as in Alpine.
pub(super) const ORDINARY: RangeInclusive<u32> = 1000..=59_999;

/// Whether something is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Is<T> {
    /// It is.
    Yes(T),
    /// It isn't.
    No,
    /// That isn't known.
    Perhaps(Reason),
}

/// The users and groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Table {
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<Group>,
    pub(super) others: Others,
}

/// Which of the two files a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Users,
    Groups,
}

impl Table {
    /// A table of which nothing is known, and why.
    pub(super) fn lost(reason: Reason) -> Self {
        Self { others: Others::Any(reason), ..Self::default() }
    }

    /// Adds what the text of /etc/passwd and /etc/group says.
    pub(super) fn read(&mut self, passwd: &str, group: &str, sure: &Sure) {
        let id = |stored: i64| u32::try_from(stored).unwrap_or(u32::MAX);
        for entry in passwd.lines().filter_map(UserEntry::read) {
            let (uid, gid) = (Id::Known(id(entry.uid)), Id::Known(id(entry.gid)));
            self.users.push(User { name: entry.name.to_owned(), uid, gid, sure: sure.clone() });
        }
        for entry in group.lines().filter_map(GroupEntry::read) {
            let members = entry.members().map(str::to_owned).collect();
            let gid = Id::Known(id(entry.gid));
            self.groups.push(Group { name: entry.name.to_owned(), gid, members, sure: sure.clone() });
        }
    }

    /// The user of that name.
    pub(super) fn user(&self, name: &str) -> Is<&User> {
        let row = self.users.iter().find(|row| row.name == name);
        self.found(row.map(|row| (row, &row.sure)))
    }

    /// The group of that name.
    pub(super) fn group(&self, name: &str) -> Is<&Group> {
        let row = self.groups.iter().find(|row| row.name == name);
        self.found(row.map(|row| (row, &row.sure)))
    }

    fn found<'a, T>(&self, row: Option<(&'a T, &Sure)>) -> Is<&'a T> {
        match (row, &self.others) {
            (Some((row, Sure::Yes)), _) => Is::Yes(row),
            (Some((_, Sure::Perhaps(reason))), _) | (None, Others::System(reason) | Others::Any(reason)) => {
                Is::Perhaps(Arc::clone(reason))
            }
            (None, Others::None) => Is::No,
        }
    }

    /// The row that a name has, be it sure or not, to change it.
    pub(super) fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|row| row.name == name)
    }

    /// The same for a group.
    pub(super) fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.groups.iter_mut().find(|row| row.name == name)
    }

    /// Whether an id is taken.
    pub(super) fn taken(&self, kind: Kind, id: u32) -> Is<()> {
        let mut perhaps = match &self.others {
            Others::Any(reason) => Some(reason),
            Others::System(reason) if !ORDINARY.contains(&id) => Some(reason),
            _ => None,
        };
        for (row, sure) in self.ids(kind) {
            match (row, sure) {
                (Id::Known(known), Sure::Yes) if *known == id => return Is::Yes(()),
                (Id::Known(known), Sure::Perhaps(reason)) if *known == id => perhaps = Some(reason),
                (Id::Known(_), _) => {}
                (Id::Unknown(reason), _) => perhaps = Some(reason),
            }
        }
        perhaps.map_or(Is::No, |reason| Is::Perhaps(Arc::clone(reason)))
    }

    fn ids(&self, kind: Kind) -> Box<dyn Iterator<Item = (&Id, &Sure)> + '_> {
        match kind {
            Kind::Users => Box::new(self.users.iter().map(|row| (&row.uid, &row.sure))),
            Kind::Groups => Box::new(self.groups.iter().map(|row| (&row.gid, &row.sure))),
        }
    }

    /// The id that a tool takes by itself: `pick` is its rule, given the ids that are taken.
    ///
    /// Certain only where the rule gives the same id with and without what may be there.
    pub(super) fn pick(
        &self,
        kinds: &[Kind],
        range: &RangeInclusive<u32>,
        pick: impl Fn(&BTreeSet<u32>) -> Option<u32>,
    ) -> Picked {
        let ordinary = ORDINARY.contains(range.start());
        match &self.others {
            Others::Any(reason) => return Picked::Some(Id::Unknown(Arc::clone(reason))),
            Others::System(reason) if !ordinary => return Picked::Some(Id::Unknown(Arc::clone(reason))),
            _ => {}
        }
        let (mut certain, mut perhaps, mut doubt) = (BTreeSet::new(), BTreeSet::new(), None);
        for (id, sure) in kinds.iter().flat_map(|kind| self.ids(*kind)) {
            match (id, sure) {
                (Id::Unknown(reason), _) => return Picked::Some(Id::Unknown(Arc::clone(reason))),
                (Id::Known(id), _) if !range.contains(id) => {}
                (Id::Known(id), Sure::Yes) => {
                    certain.insert(*id);
                }
                (Id::Known(id), Sure::Perhaps(reason)) => {
                    perhaps.insert(*id);
                    doubt = Some(reason);
                }
            }
        }
        perhaps.extend(&certain);
        match (pick(&certain), pick(&perhaps), doubt) {
            (Some(one), Some(other), _) if one == other => Picked::Some(Id::Known(one)),
            (_, _, Some(reason)) => Picked::Some(Id::Unknown(Arc::clone(reason))),
            _ => Picked::Full,
        }
    }

    /// From now on, packages may have made accounts.
    pub(super) fn add_others(&mut self, reason: Reason) {
        if self.others == Others::None {
            self.others = Others::System(reason);
        }
    }
}

/// What a tool's rule came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Picked {
    /// An id.
    Some(Id),
    /// Its range has none left.
    Full,
}

/// The table where either of two may be the one that is there.
pub(super) fn join(one: &Table, other: &Table, reason: &Reason) -> Table {
    let others = match (&one.others, &other.others) {
        (Others::Any(reason), _) | (_, Others::Any(reason)) => Others::Any(Arc::clone(reason)),
        (Others::System(reason), _) | (_, Others::System(reason)) => Others::System(Arc::clone(reason)),
        (Others::None, Others::None) => Others::None,
    };
    let id = |one: &Id, other: &Id| if one == other { one.clone() } else { Id::Unknown(Arc::clone(reason)) };
    let sure = |one: &Sure, other: Option<&Sure>| match (one, other) {
        (Sure::Perhaps(reason), _) | (_, Some(Sure::Perhaps(reason))) => Sure::Perhaps(Arc::clone(reason)),
        (Sure::Yes, Some(Sure::Yes)) => Sure::Yes,
        (Sure::Yes, None) => Sure::Perhaps(Arc::clone(reason)),
    };
    let mut users = Vec::new();
    for row in &one.users {
        let twin = other.users.iter().find(|twin| twin.name == row.name);
        let (uid, gid) =
            twin.map_or((row.uid.clone(), row.gid.clone()), |t| (id(&row.uid, &t.uid), id(&row.gid, &t.gid)));
        users.push(User { name: row.name.clone(), uid, gid, sure: sure(&row.sure, twin.map(|t| &t.sure)) });
    }
    for row in other.users.iter().filter(|row| one.users.iter().all(|twin| twin.name != row.name)) {
        users.push(User { sure: sure(&row.sure, None), ..row.clone() });
    }
    let mut groups = Vec::new();
    for row in &one.groups {
        let twin = other.groups.iter().find(|twin| twin.name == row.name);
        let members = twin.map_or(&row.members, |t| &t.members) | &row.members;
        let gid = twin.map_or(row.gid.clone(), |t| id(&row.gid, &t.gid));
        groups.push(Group { name: row.name.clone(), gid, members, sure: sure(&row.sure, twin.map(|t| &t.sure)) });
    }
    for row in other.groups.iter().filter(|row| one.groups.iter().all(|twin| twin.name != row.name)) {
        groups.push(Group { sure: sure(&row.sure, None), ..row.clone() });
    }
    Table { users, groups, others }
}
