//! A user: one entry of /etc/passwd.

use super::{Files, LONGEST_PASSWD_LINE, Unresolved, number};

/// An entry. Its numbers are as stored: they may be out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User<'a> {
    /// Login name; `+` and the like, of NIS, are names like any other to a container runtime.
    pub(crate) name: &'a str,
    /// User id.
    pub(crate) uid: i64,
    /// Group id.
    pub(crate) gid: i64,
}

impl<'a> User<'a> {
    /// Reads `name:password:uid:gid:…`; missing fields are empty, and a line of nothing but space is no entry.
    pub(crate) fn read(line: &'a str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        let mut fields = line.split(':');
        let name = fields.next().unwrap_or_default();
        let mut numbers = fields.skip(1);
        Some(Self { name, uid: number::field(numbers.next()), gid: number::field(numbers.next()) })
    }
}

/// The first entry of that name.
pub(super) fn by_name<'a>(files: &Files<'a>, name: &str) -> Result<Option<User<'a>>, Unresolved> {
    first(files, |user| user.name == name)
}

/// The first entry of that user id.
pub(super) fn by_id<'a>(files: &Files<'a>, uid: u32) -> Result<Option<User<'a>>, Unresolved> {
    first(files, |user| user.uid == i64::from(uid))
}

/// The whole file is read, as the runtimes do: a line that is too long spoils what comes before it as well.
fn first<'a>(files: &Files<'a>, is: impl Fn(&User) -> bool) -> Result<Option<User<'a>>, Unresolved> {
    let mut found = None;
    for line in files.passwd.unwrap_or_default().split('\n') {
        if line.len() > LONGEST_PASSWD_LINE {
            return Err(Unresolved::Line("/etc/passwd"));
        }
        if found.is_none() {
            found = User::read(line).filter(|user| is(user));
        }
    }
    Ok(found)
}
