//! A group: one entry of /etc/group.

use super::{Files, LARGEST_ID, LONGEST_GROUP_LINE, Unresolved, number};

/// An entry. Its number is as stored: it may be out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Group id.
    pub(crate) gid: i64,
    members: &'a str,
}

impl<'a> Group<'a> {
    /// Reads `name:password:gid:member,member`; empty lines and comments are no entries.
    pub(crate) fn read(line: &'a str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let mut fields = line.split(':');
        let name = fields.next().unwrap_or_default();
        let mut rest = fields.skip(1);
        Some(Self { name, gid: number::field(rest.next()), members: rest.next().unwrap_or_default() })
    }

    /// The names of its members, as written.
    pub(crate) fn members(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.members.split(',').filter(|name| !name.is_empty())
    }
}

/// The first entry of that name.
pub(super) fn by_name<'a>(files: &Files<'a>, name: &str) -> Result<Option<Group<'a>>, Unresolved> {
    let mut found = None;
    each(files, |group| {
        if found.is_none() && group.name == name {
            found = Some(group);
        }
    })?;
    Ok(found)
}

/// The ids of the groups that list that user, but for one, sorted. Ids that no runtime takes are left out.
pub(super) fn of_member(files: &Files, user: &str, but: u32) -> Result<Vec<u32>, Unresolved> {
    let mut found = std::collections::BTreeSet::new();
    each(files, |group| {
        let id = u32::try_from(group.gid).ok().filter(|gid| *gid <= LARGEST_ID && *gid != but);
        if let Some(gid) = id.filter(|_| group.members().any(|member| member == user)) {
            found.insert(gid);
        }
    })?;
    Ok(found.into_iter().collect())
}

fn each<'a>(files: &Files<'a>, mut visit: impl FnMut(Group<'a>)) -> Result<(), Unresolved> {
    for line in files.group.unwrap_or_default().split('\n') {
        if line.len() > LONGEST_GROUP_LINE {
            return Err(Unresolved::Line("/etc/group"));
        }
        if let Some(group) = Group::read(line) {
            visit(group);
        }
    }
    Ok(())
}
