//! Shadow: useradd, groupadd and their like, of Debian, Ubuntu, Alpine's `shadow` package and most others.
//!
//! The rules were read in shadow 4.13 (Debian 12) and 4.17 (Debian 13), and run: tests/it/accounts.rs
//! does it on Debian 12, and its lists came out the same on Debian 13.

mod change;
mod remove;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

pub(super) use change::{gpasswd, groupmod, usermod};
pub(super) use remove::{groupdel, remove_group, remove_user, userdel};

use super::options::{Arg, Options, Spec, Style, Takes};
use super::table::{Id, Is, Kind};
use super::tool::{Stop, Tool};
use crate::dockerfile::bases::Family;

const USERADD: &[Spec] = &[
    ('b', &["base-dir"], Takes::Value),
    ('B', &["badname", "badnames"], Takes::Nothing),
    ('c', &["comment"], Takes::Value),
    ('d', &["home-dir", "home"], Takes::Value),
    ('D', &["defaults"], Takes::Nothing),
    ('e', &["expiredate"], Takes::Value),
    ('f', &["inactive"], Takes::Value),
    ('F', &["add-subids-for-system"], Takes::Nothing),
    ('g', &["gid"], Takes::Value),
    ('G', &["groups"], Takes::Value),
    ('k', &["skel"], Takes::Value),
    ('K', &["key"], Takes::Value),
    ('l', &["no-log-init"], Takes::Nothing),
    ('m', &["create-home"], Takes::Nothing),
    ('M', &["no-create-home"], Takes::Nothing),
    ('N', &["no-user-group"], Takes::Nothing),
    ('o', &["non-unique"], Takes::Nothing),
    ('p', &["password"], Takes::Value),
    ('r', &["system"], Takes::Nothing),
    ('R', &["root"], Takes::Value),
    ('P', &["prefix"], Takes::Value),
    ('s', &["shell"], Takes::Value),
    ('u', &["uid"], Takes::Value),
    ('U', &["user-group"], Takes::Nothing),
    ('Z', &["selinux-user"], Takes::Value),
];

const GROUPADD: &[Spec] = &[
    ('f', &["force"], Takes::Nothing),
    ('g', &["gid"], Takes::Value),
    ('K', &["key"], Takes::Value),
    ('o', &["non-unique"], Takes::Nothing),
    ('p', &["password"], Takes::Value),
    ('r', &["system"], Takes::Nothing),
    ('R', &["root"], Takes::Value),
    ('P', &["prefix"], Takes::Value),
    ('U', &["users"], Takes::Value),
];

/// What /etc/login.defs has, as `-K` overrides it.
type Keys = BTreeMap<String, String>;

/// The group that a new user gets.
enum Primary {
    /// One of its own.
    Own,
    /// This one.
    Given(Id),
}

pub(super) fn useradd(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(USERADD, Style::Getopt, words)?;
    elsewhere(&options)?;
    let keys = keys(&options)?;
    if options.has('D') {
        return if "gbefs".chars().any(|letter| options.has(letter)) {
            Err(Stop::Unclear("it changes the defaults of later ones".to_owned()))
        } else {
            Err(Stop::Same)
        };
    }
    let conflict = (options.has('o') && !options.has('u'))
        || (options.has('k') && !options.has('m'))
        || (options.has('U') && (options.has('g') || options.has('N')))
        || (options.has('m') && options.has('M'));
    if conflict {
        return Err(Stop::Fails("its options contradict each other".to_owned()));
    }
    let given = given(tool, &options)?;
    let further = further(tool, &options)?;
    let name = tool.only_name(&options)?;
    let primary = match given {
        Some(gid) => Primary::Given(gid),
        None if options.has('U') => Primary::Own,
        None if options.has('N') => Primary::Given(default_group(tool)),
        None => match user_groups(tool, &keys) {
            Some(true) => Primary::Own,
            Some(false) => Primary::Given(default_group(tool)),
            None => Primary::Given(Id::Unknown(tool.reason("whether it makes a group of its own isn't known here"))),
        },
    };
    tool.user_new(&name)?;
    if matches!(primary, Primary::Own) {
        tool.group_new(&name)?;
    }
    let system = options.has('r');
    let uid = match options.value('u') {
        Some(arg) => {
            let uid = tool.id(arg)?;
            if !options.has('o') {
                tool.free(Kind::Users, &uid)?;
            }
            uid
        }
        None => next(tool, Kind::Users, system, &keys)?,
    };
    let gid = match primary {
        Primary::Given(gid) => gid,
        Primary::Own => {
            let gid = preferred(tool, &uid, system, &keys)?;
            tool.add_group(&name, gid.clone());
            gid
        }
    };
    tool.add_user(&name, uid, gid);
    for group in further {
        tool.add_member(&group, &name);
    }
    Ok(())
}

pub(super) fn groupadd(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(GROUPADD, Style::Getopt, words)?;
    elsewhere(&options)?;
    let keys = keys(&options)?;
    let name = tool.only_name(&options)?;
    let system = options.has('r');
    if options.has('o') && !options.has('g') {
        return Err(Stop::Fails("its options contradict each other".to_owned()));
    }
    let stated = options.value('g').map(|arg| tool.id(arg)).transpose()?;
    let exists = super::tool::there(tool.table().group(&name));
    if options.has('f') {
        return forced(tool, &name, exists, stated, options.has('o'), system, &keys);
    }
    tool.group_new(&name)?;
    let gid = match stated {
        Some(gid) => {
            if !options.has('o') {
                tool.free(Kind::Groups, &gid)?;
            }
            gid
        }
        None => next(tool, Kind::Groups, system, &keys)?,
    };
    tool.add_group(&name, gid);
    if let Some(users) = options.value('U') {
        let users = users.text().ok_or_else(|| Stop::Unclear("its members aren't known".to_owned()))?;
        for user in users.split(',').filter(|user| !user.is_empty()) {
            tool.add_member(&name, user);
        }
    }
    Ok(())
}

/// `groupadd -f`: content with a group that is there, and with another id where the stated one is taken.
fn forced(
    tool: &mut Tool,
    name: &str,
    exists: Is<()>,
    stated: Option<Id>,
    twice: bool,
    system: bool,
    keys: &Keys,
) -> Result<(), Stop> {
    let gid = match (exists, stated) {
        (Is::Yes(()), _) => return Err(Stop::Same),
        (Is::Perhaps(reason), _) => Id::Unknown(reason),
        (Is::No, Some(Id::Known(gid))) if !twice => match tool.table().taken(Kind::Groups, gid) {
            Is::No => Id::Known(gid),
            Is::Perhaps(reason) => Id::Unknown(reason),
            Is::Yes(()) => next(tool, Kind::Groups, system, keys)?,
        },
        (Is::No, Some(gid)) => gid,
        (Is::No, None) => next(tool, Kind::Groups, system, keys)?,
    };
    tool.add_group(name, gid);
    Ok(())
}

/// Another root's accounts are no concern of this image's.
fn elsewhere(options: &Options) -> Result<(), Stop> {
    if options.has('R') || options.has('P') {
        return Err(Stop::Unclear("it works on another root".to_owned()));
    }
    Ok(())
}

fn keys(options: &Options) -> Result<Keys, Stop> {
    let pair = |arg: &Arg| {
        let text = arg.text().ok_or_else(|| Stop::Unclear("a key isn't known".to_owned()))?;
        let (key, value) = text.split_once('=').ok_or_else(|| Stop::Fails("-K takes KEY=VALUE".to_owned()))?;
        Ok((key.to_owned(), value.to_owned()))
    };
    options.values('K').map(pair).collect()
}

/// Whether a user gets a group of its own: `USERGROUPS_ENAB` of /etc/login.defs, which Debian, Ubuntu and Alpine have on.
fn user_groups(tool: &Tool, keys: &Keys) -> Option<bool> {
    match keys.get("USERGROUPS_ENAB") {
        Some(value) => Some(value.eq_ignore_ascii_case("yes")),
        None => tool.base.map(|_| true),
    }
}

/// The group of `-N`: 100 in Debian and Ubuntu (their patch 502_debian_useradd_defaults).
fn default_group(tool: &Tool) -> Id {
    match tool.base.map(|base| base.family) {
        Some(Family::Debian | Family::Ubuntu) => Id::Known(100),
        _ => Id::Unknown(tool.reason("the group that it gives without one of its own isn't known here")),
    }
}

/// The group of `-g`; the last counts, but each has to be there.
fn given(tool: &mut Tool, options: &Options) -> Result<Option<Id>, Stop> {
    options.values('g').map(|arg| tool.group_given(arg)).collect::<Result<Vec<_>, _>>().map(|mut gids| gids.pop())
}

/// The further groups of `-G`; the last counts, but all of each have to be there.
fn further(tool: &mut Tool, options: &Options) -> Result<Vec<String>, Stop> {
    let mut names = Vec::new();
    for arg in options.values('G') {
        let Some(text) = arg.text() else {
            tool.doubt();
            continue;
        };
        names = text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        for name in &names {
            if name.bytes().all(|b| b.is_ascii_digit()) {
                tool.group_given(&Arg::Known(name.clone()))?;
            } else {
                tool.group_there(name)?;
            }
        }
    }
    Ok(names)
}

fn range(kind: Kind, system: bool, keys: &Keys) -> Result<RangeInclusive<u32>, Stop> {
    let letter = if kind == Kind::Users { 'U' } else { 'G' };
    let key = |name: String, default: u32| match keys.get(&name) {
        Some(text) => text.parse().map_err(|_| Stop::Unclear(format!("{name}={text} isn't read here"))),
        None => Ok(default),
    };
    let (least, most) = (key(format!("{letter}ID_MIN"), 1000)?, key(format!("{letter}ID_MAX"), 60_000)?);
    let range = if system {
        let below = least.saturating_sub(1);
        key(format!("SYS_{letter}ID_MIN"), 101)?.max(1)..=key(format!("SYS_{letter}ID_MAX"), below)?
    } else {
        least..=most
    };
    if range.is_empty() { Err(Stop::Fails("its range of ids is empty".to_owned())) } else { Ok(range) }
}

/// The next id: above the highest in the range, or for a system account below the lowest; where that leaves the range,
/// the first free one from the range's other end (`find_new_uid`, `find_new_gid`).
fn next(tool: &mut Tool, kind: Kind, system: bool, keys: &Keys) -> Result<Id, Stop> {
    let range = range(kind, system, keys)?;
    let (least, most) = (*range.start(), *range.end());
    let picked = tool.table().pick(&[kind], &range, |taken: &BTreeSet<u32>| {
        if system {
            let below = taken.first().map_or(Some(most), |lowest| lowest.checked_sub(1));
            below.filter(|id| *id >= least).or_else(|| range.clone().rev().find(|id| !taken.contains(id)))
        } else {
            let above = taken.last().map_or(Some(least), |highest| highest.checked_add(1));
            above.filter(|id| *id <= most).or_else(|| range.clone().find(|id| !taken.contains(id)))
        }
    });
    picked.id()
}

/// The id of a user's own group: the user's, where it is free and in the range; a system group's may be below it.
fn preferred(tool: &mut Tool, uid: &Id, system: bool, keys: &Keys) -> Result<Id, Stop> {
    let range = range(Kind::Groups, system, keys)?;
    let Id::Known(uid) = uid else { return Ok(uid.clone()) };
    let least = if system { 1 } else { *range.start() };
    if (least..=*range.end()).contains(uid) {
        match tool.table().taken(Kind::Groups, *uid) {
            Is::No => return Ok(Id::Known(*uid)),
            Is::Perhaps(reason) => return Ok(Id::Unknown(reason)),
            Is::Yes(()) => {}
        }
    }
    next(tool, Kind::Groups, system, keys)
}
