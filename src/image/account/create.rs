//! A created account: the files of a base with one account more, as its own tools would leave them.
//!
//! On Debian that is what `groupadd --gid G NAME && useradd --uid U --gid G --create-home --shell /usr/sbin/nologin NAME`
//! does, on Alpine `addgroup` and `adduser`, with two differences: the skeleton of a home (.bashrc and the like) is left
//! out, and the day of the last change of the password, which is today's, is empty.

use super::{Group, User};
use crate::image::layer::{Node, Owner, Tree, TreeError};
use crate::image::native::Family;
use crate::image::plan::Account;

/// The subordinate ids that an account gets: the first there are, and how many (`SUB_UID_MIN`, `SUB_UID_COUNT`).
const SUBORDINATE: (u64, u64) = (100_000, 65_536);

/// What a base has of the files that accounts are in; `None` where it has no such file.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountFiles<'a> {
    /// /etc/passwd
    pub passwd: Option<&'a str>,
    /// /etc/group
    pub group: Option<&'a str>,
    /// /etc/shadow
    pub shadow: Option<&'a str>,
    /// /etc/gshadow
    pub gshadow: Option<&'a str>,
    /// /etc/subuid
    pub subuid: Option<&'a str>,
    /// /etc/subgid
    pub subgid: Option<&'a str>,
    /// /etc/login.defs, which says the mode of a home.
    pub login_defs: Option<&'a str>,
}

impl AccountFiles<'_> {
    /// Where the files are, in the order of the fields.
    pub const PATHS: [&'static str; 7] =
        ["etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/subuid", "etc/subgid", "etc/login.defs"];
}

/// Why an account can't be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The name is an account's or a group's already.
    #[error("the base image has a {kind} {name} already")]
    Name {
        /// `user` or `group`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// The number is.
    #[error("the base image has the {kind} {id} already: {name}")]
    Number {
        /// `user` or `group`.
        kind: &'static str,
        /// The number.
        id: u32,
        /// Who has it.
        name: String,
    },
    /// No name that an account can have.
    #[error("{0:?} is no name for an account")]
    NoName(String),
    /// The files can't be part of a layer.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// The files with that account, and its home.
pub fn create(files: &AccountFiles<'_>, account: &Account, family: Family) -> Result<Tree, CreateError> {
    let Account { name, uid, gid } = account;
    free(files, account)?;
    let shell = if family == Family::Debian { "/usr/sbin/nologin" } else { "/sbin/nologin" };
    let gecos = if family == Family::Debian { "" } else { "Linux User,,," };
    let mut tree = Tree::default();
    // With no shadow file the password is here; none is good.
    let password = if files.shadow.is_some() { "x" } else { "!" };
    let mut put = |path, old: Option<&str>, line: String, node: &dyn Fn(String) -> Node| {
        tree.insert(path, node(with(old.unwrap_or_default(), &line)))
    };
    let open = |text| Node::file(0o644, text);
    let shadow = files.group.and_then(|group| group.lines().filter_map(Group::read).find(|g| g.name == "shadow"));
    let shadow = shadow.and_then(|group| u32::try_from(group.gid).ok()).unwrap_or_default();
    let private = |text| Node { owner: Owner { uid: 0, gid: shadow }, ..Node::file(0o640, text) };
    put("etc/passwd", files.passwd, format!("{name}:{password}:{uid}:{gid}:{gecos}:/home/{name}:{shell}"), &open)?;
    put("etc/group", files.group, format!("{name}:x:{gid}:"), &open)?;
    if files.shadow.is_some() {
        put("etc/shadow", files.shadow, format!("{name}:!::0:99999:7:::"), &private)?;
    }
    if files.gshadow.is_some() {
        put("etc/gshadow", files.gshadow, format!("{name}:!::"), &private)?;
    }
    for (path, old) in [("etc/subuid", files.subuid), ("etc/subgid", files.subgid)] {
        if let Some(line) = old.map(|old| format!("{name}:{}:{}", after(old), SUBORDINATE.1)) {
            put(path, old, line, &open)?;
        }
    }
    let home = Node { mode: mode(files, family), owner: Owner { uid: *uid, gid: *gid }, ..Node::directory() };
    tree.insert(&format!("home/{name}"), home)?;
    Ok(tree)
}

/// Neither the name nor the numbers are anybody's.
fn free(files: &AccountFiles<'_>, account: &Account) -> Result<(), CreateError> {
    let Account { name, uid, gid } = account;
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !name.bytes().all(good) || name.len() > 32 {
        return Err(CreateError::NoName(name.clone()));
    }
    for group in files.group.unwrap_or_default().lines().filter_map(Group::read) {
        taken("group", (group.name, group.gid), name, *gid)?;
    }
    for user in files.passwd.unwrap_or_default().lines().filter_map(User::read) {
        taken("user", (user.name, user.uid), name, *uid)?;
    }
    Ok(())
}

fn taken(kind: &'static str, (other, number): (&str, i64), name: &str, id: u32) -> Result<(), CreateError> {
    if other == name {
        return Err(CreateError::Name { kind, name: name.to_owned() });
    }
    if number == i64::from(id) {
        return Err(CreateError::Number { kind, id, name: other.to_owned() });
    }
    Ok(())
}

/// A file with a line more.
fn with(old: &str, line: &str) -> String {
    let end = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    format!("{old}{end}{line}\n")
}

/// The first subordinate id after all that are given.
fn after(old: &str) -> u64 {
    let end = |line: &str| {
        let mut fields = line.split(':').skip(1).map(|field| field.trim().parse::<u64>().ok());
        fields.next()??.checked_add(fields.next()??)
    };
    old.lines().filter_map(end).max().unwrap_or_default().max(SUBORDINATE.0)
}

/// A home's mode: `HOME_MODE`, or what `UMASK` leaves, as Debian's useradd has it; 0700 without that file, as it is
/// since Debian 13.
fn mode(files: &AccountFiles<'_>, family: Family) -> u32 {
    let Some(text) = files.login_defs else {
        return if family == Family::Debian { 0o700 } else { 0o755 };
    };
    let value = |key: &str| {
        let mut lines = text.lines().map(|line| line.split_whitespace());
        let found = lines.find_map(|mut words| (words.next() == Some(key)).then(|| words.next()).flatten());
        found.and_then(|digits| u32::from_str_radix(digits, 8).ok())
    };
    let mode = value("HOME_MODE").or_else(|| value("UMASK").map(|mask| 0o777 & !mask)).unwrap_or(0o755);
    mode & 0o777
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read;

    use super::*;
    use crate::image::layer::Kind;

    const FILES: AccountFiles<'_> = AccountFiles {
        passwd: Some("root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"),
        group: Some("root:x:0:\nshadow:x:42:\nusers:x:100:\n"),
        shadow: Some("root:*:20781:0:99999:7:::\n"),
        gshadow: Some("root:*::\n"),
        subuid: Some(""),
        subgid: Some("other:100000:65536\n"),
        login_defs: Some("# HOME_MODE 0700\nUMASK\t\t022\n"),
    };

    fn account() -> Account {
        Account { name: "appuser".to_owned(), uid: 1000, gid: 1000 }
    }

    fn text(tree: &Tree, path: &str) -> String {
        let Kind::File(content) = &tree.get(path).unwrap().kind else { return String::new() };
        let mut text = String::new();
        content.open().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn last(tree: &Tree, path: &str) -> String {
        text(tree, path).lines().last().unwrap().to_owned()
    }

    #[test]
    fn it_is_what_useradd_leaves() {
        let tree = create(&FILES, &account(), Family::Debian).unwrap();
        assert_eq!(last(&tree, "etc/passwd"), "appuser:x:1000:1000::/home/appuser:/usr/sbin/nologin");
        assert_eq!(text(&tree, "etc/passwd").lines().count(), 3, "the last line had no end");
        assert_eq!(last(&tree, "etc/group"), "appuser:x:1000:");
        assert_eq!(last(&tree, "etc/shadow"), "appuser:!::0:99999:7:::");
        assert_eq!(last(&tree, "etc/gshadow"), "appuser:!::");
        assert_eq!(last(&tree, "etc/subuid"), "appuser:100000:65536");
        assert_eq!(last(&tree, "etc/subgid"), "appuser:165536:65536");
        let shadow = tree.get("etc/shadow").unwrap();
        assert_eq!((shadow.mode, shadow.owner), (0o640, Owner { uid: 0, gid: 42 }));
        let home = tree.get("home/appuser").unwrap();
        assert_eq!((home.mode, home.owner), (0o755, Owner { uid: 1000, gid: 1000 }));
    }

    #[test]
    fn files_that_a_base_has_not_stay_away() {
        let bare = AccountFiles { passwd: FILES.passwd, ..AccountFiles::default() };
        let tree = create(&bare, &account(), Family::Alpine).unwrap();
        let paths: Vec<_> = tree.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["etc/group", "etc/passwd", "home/appuser"]);
        assert_eq!(last(&tree, "etc/passwd"), "appuser:!:1000:1000:Linux User,,,:/home/appuser:/sbin/nologin");
    }

    #[test]
    fn a_homes_mode_is_what_login_defs_says() {
        for (text, mode) in
            [("HOME_MODE\t0700\nUMASK 022", 0o700), ("UMASK 027", 0o750), ("", 0o755), ("HOME_MODE x", 0o755)]
        {
            let files = AccountFiles { login_defs: Some(text), ..FILES };
            assert_eq!(create(&files, &account(), Family::Debian).unwrap().get("home/appuser").unwrap().mode, mode);
        }
    }

    #[test]
    fn what_is_taken_is_refused() {
        let of = |name: &str, uid, gid| {
            create(&FILES, &Account { name: name.to_owned(), uid, gid }, Family::Debian).unwrap_err()
        };
        assert!(matches!(of("nobody", 1000, 1000), CreateError::Name { kind: "user", .. }));
        assert!(matches!(of("users", 1000, 1000), CreateError::Name { kind: "group", .. }));
        assert!(matches!(of("a", 65534, 1000), CreateError::Number { kind: "user", id: 65534, .. }));
        assert!(matches!(of("a", 1000, 100), CreateError::Number { kind: "group", id: 100, .. }));
        for name in ["", "a:b", "a\nb", "../a", "-a", "1a", &"a".repeat(33)] {
            assert_eq!(of(name, 1000, 1000), CreateError::NoName(name.to_owned()));
        }
    }
}
