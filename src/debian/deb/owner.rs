//! An owner: the numbers of the accounts that every Debian system has from the start.
//!
//! They are fixed, and never given to anything else.
//! <https://www.debian.org/doc/debian-policy/ch-opersys.html#uid-and-gid-classes>

use super::archive::Who;
use super::error::Fault;
use crate::image::layer::Owner;

/// Users: name, number, group, home, shell, as the package base-passwd has them.
pub(in crate::debian) const USERS: &[(&str, u32, u32, &str, &str)] = &[
    ("root", 0, 0, "/root", SHELL),
    ("daemon", 1, 1, "/usr/sbin", NONE),
    ("bin", 2, 2, "/bin", NONE),
    ("sys", 3, 3, "/dev", NONE),
    ("sync", 4, 65534, "/bin", "/bin/sync"),
    ("games", 5, 60, "/usr/games", NONE),
    ("man", 6, 12, "/var/cache/man", NONE),
    ("lp", 7, 7, "/var/spool/lpd", NONE),
    ("mail", 8, 8, "/var/mail", NONE),
    ("news", 9, 9, "/var/spool/news", NONE),
    ("uucp", 10, 10, "/var/spool/uucp", NONE),
    ("proxy", 13, 13, "/bin", NONE),
    ("www-data", 33, 33, "/var/www", NONE),
    ("backup", 34, 34, "/var/backups", NONE),
    ("list", 38, 38, "/var/list", NONE),
    ("irc", 39, 39, "/run/ircd", NONE),
    ("_apt", 42, 65534, "/nonexistent", NONE),
    ("nobody", 65534, 65534, "/nonexistent", NONE),
];

/// Groups: name, number.
pub(in crate::debian) const GROUPS: &[(&str, u32)] = &[
    ("root", 0),
    ("daemon", 1),
    ("bin", 2),
    ("sys", 3),
    ("adm", 4),
    ("tty", 5),
    ("disk", 6),
    ("lp", 7),
    ("mail", 8),
    ("news", 9),
    ("uucp", 10),
    ("man", 12),
    ("proxy", 13),
    ("kmem", 15),
    ("dialout", 20),
    ("fax", 21),
    ("voice", 22),
    ("cdrom", 24),
    ("floppy", 25),
    ("tape", 26),
    ("sudo", 27),
    ("audio", 29),
    ("dip", 30),
    ("www-data", 33),
    ("backup", 34),
    ("operator", 37),
    ("list", 38),
    ("irc", 39),
    ("src", 40),
    ("shadow", SHADOW),
    ("utmp", 43),
    ("video", 44),
    ("sasl", 45),
    ("plugdev", 46),
    ("staff", 50),
    ("games", 60),
    ("users", 100),
    ("nogroup", 65534),
];

/// The group that may read password files.
pub(in crate::debian) const SHADOW: u32 = 42;
const SHELL: &str = "/bin/bash";
const NONE: &str = "/usr/sbin/nologin";

/// Whose an entry is: by name where it has one, as dpkg does it.
pub(super) fn owner(path: &str, user: &Who, group: &Who) -> Result<Owner, Fault> {
    let users: Vec<_> = USERS.iter().map(|(name, id, ..)| (*name, *id)).collect();
    Ok(Owner { uid: number(path, user, &users)?, gid: number(path, group, GROUPS)? })
}

fn number(path: &str, who: &Who, known: &[(&str, u32)]) -> Result<u32, Fault> {
    let found = if who.name.is_empty() {
        known.iter().find(|(_, id)| u64::from(*id) == who.id)
    } else {
        known.iter().find(|(name, _)| *name == who.name)
    };
    found.map(|(_, id)| *id).ok_or_else(|| {
        let owner = if who.name.is_empty() { who.id.to_string() } else { who.name.clone() };
        Fault::Owner { path: path.to_owned(), owner: owner.chars().take(100).collect() }
    })
}
