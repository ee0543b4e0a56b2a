//! An account: the numbers that an image's USER leads to, by its /etc/passwd and /etc/group.
//!
//! The semantics are those of Docker (moby/sys/user, `GetExecUser`) and of containerd (pkg/oci, `WithUser`), which read
//! the files with the same parser. Where the two differ, [`resolve`] says which was chosen.

mod create;
mod group;
mod number;
mod passwd;
#[cfg(test)]
mod tests;

pub use create::{AccountFiles, CreateError, create};
pub(crate) use group::Group;
pub(crate) use number::{Number, number};
pub(crate) use passwd::User;

/// The longest line that the runtimes read in /etc/passwd, in bytes without its end: they give the whole file up over a
/// longer one (Go's `bufio.Scanner`).
pub const LONGEST_PASSWD_LINE: usize = 64 * 1024 - 1;
/// The same for /etc/group, whose lists of members may be long.
pub const LONGEST_GROUP_LINE: usize = 1024 * 1024 - 1;
/// The largest user or group id that a container runtime takes (runc's limit, which Docker and containerd share).
pub const LARGEST_ID: u32 = i32::MAX as u32;

/// An image's account files; `None` where the image has no such file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// What /etc/passwd holds.
    pub passwd: Option<&'a str>,
    /// What /etc/group holds.
    pub group: Option<&'a str>,
}

/// Who a container runs as, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name, where /etc/passwd has one.
    pub name: Option<String>,
    /// User id, 0 to [`LARGEST_ID`].
    pub uid: u32,
    /// Group id, 0 to [`LARGEST_ID`].
    pub gid: u32,
    /// The further groups that /etc/group makes it a member of, sorted and without `gid`; empty where `USER` states a
    /// group, since Docker drops them then (containerd keeps them).
    pub supplementary: Vec<u32>,
    /// Where the numbers come from.
    pub from: Source,
}

/// Where an account's two numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The user id's origin.
    pub uid: UidSource,
    /// The group id's origin.
    pub gid: GidSource,
}

/// Where a user id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UidSource {
    /// `USER` states no user: root.
    Unstated,
    /// `USER` states the number.
    Stated,
    /// A name's entry in /etc/passwd.
    Passwd,
}

/// Where a group id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GidSource {
    /// `USER` states the number.
    Stated,
    /// The user's entry in /etc/passwd.
    Passwd,
    /// A name's entry in /etc/group.
    Group,
    /// No entry in /etc/passwd has the number, so the group is 0, root's.
    NoEntry,
}

/// Why a USER leads to no account: a container of this image doesn't start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// No such name in /etc/passwd.
    #[error("the image's /etc/passwd has no user {0:?}")]
    NoUser(String),
    /// No such name in /etc/group.
    #[error("the image's /etc/group has no group {0:?}")]
    NoGroup(String),
    /// A number that no runtime takes.
    #[error("{0:?} is out of the range of user and group ids, 0 to 2147483647")]
    Range(String),
    /// A file that no runtime reads.
    #[error("the image's {0} has a line that is too long for a container runtime")]
    Line(&'static str),
}

/// Reads `USER` by an image's files: `""`, `user`, `uid`, `user:group`, `uid:gid` and the mixed forms.
///
/// What is before the first `:` is the user, the rest the group. A number is a number, even where an account has it for
/// a name (both runtimes today; Docker before moby/sys/user 0.4 took the first line that matched either way). An empty
/// group (`app:`) is none, as in Docker; containerd makes it 0, which nobody who writes it can mean. In an entry of
/// /etc/passwd, a number that isn't one is 0, as the runtimes have it.
pub fn resolve(user: &str, files: &Files) -> Result<Account, Unresolved> {
    let (user, group) = user.split_once(':').unwrap_or((user, ""));
    let entry = match number(user) {
        _ if user.is_empty() => passwd::by_id(files, 0)?,
        Number::Is(uid) => passwd::by_id(files, uid)?,
        Number::OutOfRange => return Err(Unresolved::Range(user.to_owned())),
        Number::Name => Some(passwd::by_name(files, user)?.ok_or_else(|| Unresolved::NoUser(user.to_owned()))?),
    };
    let (uid, uid_from) = match (&entry, number(user)) {
        (_, Number::Is(uid)) => (uid, UidSource::Stated),
        _ if user.is_empty() => (0, UidSource::Unstated),
        (Some(entry), _) => (id(entry.uid)?, UidSource::Passwd),
        (None, _) => return Err(Unresolved::NoUser(user.to_owned())),
    };
    let name = entry.as_ref().map(|e| e.name.to_owned()).filter(|n| !n.is_empty());
    let (gid, gid_from) = match number(group) {
        _ if group.is_empty() => match &entry {
            Some(entry) => (id(entry.gid)?, GidSource::Passwd),
            None => (0, GidSource::NoEntry),
        },
        Number::Is(gid) => (gid, GidSource::Stated),
        Number::OutOfRange => return Err(Unresolved::Range(group.to_owned())),
        Number::Name => {
            let found = group::by_name(files, group)?.ok_or_else(|| Unresolved::NoGroup(group.to_owned()))?;
            (id(found.gid)?, GidSource::Group)
        }
    };
    let supplementary = match &name {
        Some(name) if group.is_empty() => group::of_member(files, name, gid)?,
        _ => Vec::new(),
    };
    Ok(Account { name, uid, gid, supplementary, from: Source { uid: uid_from, gid: gid_from } })
}

/// An entry's number, where a runtime takes it.
fn id(stored: i64) -> Result<u32, Unresolved> {
    let fits = u32::try_from(stored).ok().filter(|n| *n <= LARGEST_ID);
    fits.ok_or_else(|| Unresolved::Range(stored.to_string()))
}
