//! Debian's adduser: adduser, addgroup, deluser and delgroup, Perl scripts over shadow's tools.
//!
//! The rules were read in adduser 3.134 (Debian 12) and 3.152 (Debian 13), with the ranges of their adduser.conf, and run
//! there: tests/it/accounts.rs does it on Debian 12, and its lists came out the same on Debian 13.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::options::{Arg, Options, Spec, Style, Takes};
use super::shadow::{remove_group, remove_user};
use super::table::{Id, Is, Kind, Picked};
use super::tool::{Stop, Tool, there};
use crate::dockerfile::bases::Release;

const ADD: &[Spec] = &[
    ('a', &["add-extra-groups", "add_extra_groups"], Takes::Nothing),
    ('b', &["allow-all-names", "allow-badname", "allow-bad-names", "force-badname"], Takes::Nothing),
    ('C', &["comment", "gecos"], Takes::Value),
    ('c', &["conf"], Takes::Value),
    ('d', &["debug", "quiet", "q", "verbose"], Takes::Nothing),
    ('D', &["disabled-login"], Takes::Nothing),
    ('P', &["disabled-password"], Takes::Nothing),
    ('1', &["firstgid"], Takes::Value),
    ('2', &["firstuid"], Takes::Value),
    ('8', &["lastgid"], Takes::Value),
    ('9', &["lastuid"], Takes::Value),
    ('g', &["gid"], Takes::Value),
    ('G', &["group"], Takes::Nothing),
    ('h', &["home"], Takes::Value),
    ('i', &["ingroup"], Takes::Value),
    ('H', &["no-create-home"], Takes::Nothing),
    ('s', &["shell"], Takes::Value),
    ('S', &["system"], Takes::Nothing),
    ('u', &["uid"], Takes::Value),
];

const DELETE: &[Spec] = &[
    ('d', &["debug", "quiet", "q", "verbose"], Takes::Nothing),
    ('G', &["group"], Takes::Nothing),
    ('c', &["conf"], Takes::Value),
    ('S', &["system"], Takes::Nothing),
    ('e', &["only-if-empty"], Takes::Nothing),
    ('r', &["remove-home", "remove-all-files", "backup"], Takes::Nothing),
    ('b', &["backup-to", "backup-suffix"], Takes::Value),
    ('n', &["no-preserve-root"], Takes::Nothing),
];

/// What makes an account a system account to these tools.
const SYSTEM: RangeInclusive<u32> = 100..=999;
const OTHERS: RangeInclusive<u32> = 1000..=59_999;
/// `nogroup`, of base-passwd.
const NOGROUP: u32 = 65_534;

pub(super) fn adduser(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = read(words)?;
    if let Some(names) = Tool::two_names(&options) {
        let (user, group) = names?;
        tool.user_there(&user)?;
        tool.group_there(&group)?;
        tool.add_member(&group, &user);
        return Ok(());
    }
    match (options.has('S'), options.has('G')) {
        (false, true) => group(tool, &options, false),
        (true, _) => system(tool, &options),
        (false, false) => ordinary(tool, &options),
    }
}

pub(super) fn addgroup(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = read(words)?;
    if let Some(names) = Tool::two_names(&options) {
        // Older ones add the user to the group, newer ones refuse.
        let (user, group) = names?;
        tool.doubt();
        tool.add_member(&group, &user);
        return Ok(());
    }
    let is_system = options.has('S');
    group(tool, &options, is_system)
}

fn read(words: &[Arg]) -> Result<Options, Stop> {
    let options = Tool::options(ADD, Style::Perl, words)?;
    if options.has('c') {
        return Err(Stop::Unclear("it has a configuration of its own".to_owned()));
    }
    Ok(options)
}

/// A group by itself.
fn group(tool: &mut Tool, options: &Options, system: bool) -> Result<(), Stop> {
    let name = tool.only_name(options)?;
    let stated = options.value('g').map(|arg| tool.id(arg)).transpose()?;
    if system {
        let gid = tool.table().groups.iter().find(|row| row.name == name).and_then(|row| row.gid.known());
        match there(tool.table().group(&name)) {
            Is::Yes(()) if gid.is_some_and(|gid| SYSTEM.contains(&gid)) => return Err(Stop::Same),
            Is::Yes(()) if gid.is_none() => tool.doubt(),
            Is::Yes(()) => return Err(Stop::Fails(format!("{name:?} is there, and is no system group"))),
            Is::Perhaps(reason) => {
                // Whether it makes one or finds one, it succeeds.
                tool.add_group(&name, Id::Unknown(reason));
                tool.doubt();
                return Ok(());
            }
            Is::No => {}
        }
    } else {
        tool.group_new(&name)?;
    }
    let gid = match stated {
        Some(gid) => {
            tool.free(Kind::Groups, &gid)?;
            gid
        }
        None => first(tool, options, &[Kind::Groups], system)?,
    };
    tool.add_group(&name, gid);
    Ok(())
}

/// `adduser --system`: content with a system user that is there.
fn system(tool: &mut Tool, options: &Options) -> Result<(), Stop> {
    let name = tool.only_name(options)?;
    exclusive(options)?;
    let stated = options.value('u').map(|arg| tool.id(arg)).transpose()?;
    let row = tool.table().users.iter().find(|row| row.name == name).cloned();
    match there(tool.table().user(&name)) {
        Is::Yes(()) => {
            let uid = row.and_then(|row| row.uid.known());
            let same = stated.is_none_or(|stated| stated.known() == uid && uid.is_some());
            return match uid {
                Some(uid) if same && SYSTEM.contains(&uid) => Err(Stop::Same),
                Some(_) => Err(Stop::Fails(format!("there is a user {name:?} already"))),
                None => Err(Stop::Unclear("the user's id isn't known".to_owned())),
            };
        }
        Is::Perhaps(reason) => {
            tool.doubt();
            let id = Id::Unknown(reason);
            tool.add_user(&name, id.clone(), id.clone());
            if options.has('G') {
                tool.add_group(&name, id);
            }
            return Ok(());
        }
        Is::No => {}
    }
    let uid = match &stated {
        Some(uid) => {
            tool.free(Kind::Users, uid)?;
            uid.clone()
        }
        None => first(tool, options, &[Kind::Users], true)?,
    };
    let gid = if options.has('G') {
        own_system_group(tool, options, &name, stated)?
    } else {
        chosen(tool, options)?.unwrap_or(Id::Known(NOGROUP))
    };
    tool.add_user(&name, uid, gid);
    Ok(())
}

/// The group of `adduser --system --group`: a system group of that name, or a new one.
fn own_system_group(tool: &mut Tool, options: &Options, name: &str, stated: Option<Id>) -> Result<Id, Stop> {
    let found = tool.table().groups.iter().find(|row| row.name == name).map(|row| row.gid.clone());
    match (there(tool.table().group(name)), found) {
        (Is::Yes(()), Some(Id::Known(gid))) if SYSTEM.contains(&gid) => return Ok(Id::Known(gid)),
        // Versions differ in what they make of a group that is there and no system group.
        (Is::Yes(()), Some(gid)) => {
            tool.doubt();
            return Ok(gid);
        }
        (Is::Perhaps(reason), _) => {
            tool.doubt();
            tool.add_group(name, Id::Unknown(reason.clone()));
            return Ok(Id::Unknown(reason));
        }
        _ => {}
    }
    let gid = match stated {
        Some(uid) => {
            tool.free(Kind::Groups, &uid)?;
            uid
        }
        None => first(tool, options, &[Kind::Groups], true)?,
    };
    tool.add_group(name, gid.clone());
    Ok(gid)
}

/// `adduser`: with a group of its own unless one is stated (`USERGROUPS=yes`).
fn ordinary(tool: &mut Tool, options: &Options) -> Result<(), Stop> {
    let name = tool.only_name(options)?;
    exclusive(options)?;
    let stated = options.value('u').map(|arg| tool.id(arg)).transpose()?;
    tool.user_new(&name)?;
    if let Some(uid) = &stated {
        tool.free(Kind::Users, uid)?;
    }
    let chosen = chosen(tool, options)?;
    if chosen.is_none() {
        tool.group_new(&name)?;
        if let Some(uid) = &stated {
            tool.free(Kind::Groups, uid)?;
        }
    }
    let uid = match stated {
        Some(uid) => uid,
        None if options.has('i') => first(tool, options, &[Kind::Users], false)?,
        None => first(tool, options, &[Kind::Users, Kind::Groups], false)?,
    };
    let gid = chosen.unwrap_or_else(|| {
        tool.add_group(&name, uid.clone());
        uid.clone()
    });
    tool.add_user(&name, uid, gid);
    if tool.base.is_some_and(|base| matches!(base.release, Release::Recent)) {
        // Since 3.129 every user is a member of `users`.
        tool.add_member("users", &name);
    }
    Ok(())
}

fn exclusive(options: &Options) -> Result<(), Stop> {
    let given = ['G', 'g', 'i'].into_iter().filter(|letter| options.has(*letter)).count();
    if given > 1 { Err(Stop::Fails("--group, --ingroup and --gid exclude each other".to_owned())) } else { Ok(()) }
}

/// The group that `--gid` or `--ingroup` states, which has to be there.
fn chosen(tool: &mut Tool, options: &Options) -> Result<Option<Id>, Stop> {
    if let Some(arg) = options.value('g') {
        let gid = tool.id(arg)?;
        if let Id::Known(gid) = gid {
            let taken = tool.table().taken(Kind::Groups, gid);
            tool.needs(taken, || format!("there is no group {gid}"))?;
        } else {
            tool.doubt();
        }
        return Ok(Some(gid));
    }
    match options.value('i') {
        Some(Arg::Known(name)) => tool.group_named(&name.clone()).map(Some),
        Some(Arg::Unknown) => Ok(Some(Id::Unknown(tool.reason("the group isn't known")))),
        None => Ok(None),
    }
}

/// The first id that is free.
fn first(tool: &mut Tool, options: &Options, kinds: &[Kind], system: bool) -> Result<Id, Stop> {
    if "1289".chars().any(|letter| options.has(letter)) {
        return Ok(Id::Unknown(tool.reason("ranges of its own aren't read here")));
    }
    let range = if system { SYSTEM } else { OTHERS };
    // Which range a version before Debian 11 has isn't known here.
    if tool.base.is_none() {
        return Ok(Id::Unknown(tool.reason("the ranges of an unknown base aren't known")));
    }
    let picked: Picked =
        tool.table().pick(kinds, &range, |taken: &BTreeSet<u32>| range.clone().find(|id| !taken.contains(id)));
    picked.id()
}

pub(super) fn deluser(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(DELETE, Style::Perl, words)?;
    if options.has('G') { delete_group(tool, &options) } else { delete_user(tool, &options) }
}

pub(super) fn delgroup(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(DELETE, Style::Perl, words)?;
    delete_group(tool, &options)
}

fn delete_user(tool: &mut Tool, options: &Options) -> Result<(), Stop> {
    if let Some(names) = Tool::two_names(options) {
        let (user, group) = names?;
        tool.user_there(&user)?;
        tool.group_there(&group)?;
        tool.doubt();
        if let Some(row) = tool.world.table_mut().group_mut(&group) {
            row.members.remove(&user);
        }
        return Ok(());
    }
    let name = tool.only_name(options)?;
    if options.has('S') || options.has('r') {
        // Both may end early, the second for want of Perl's modules.
        tool.doubt();
    }
    if name == "root" {
        return Err(Stop::Unclear("it removes root".to_owned()));
    }
    remove_user(tool, &name, false)
}

fn delete_group(tool: &mut Tool, options: &Options) -> Result<(), Stop> {
    if Tool::two_names(options).is_some() {
        return delete_user(tool, options);
    }
    let name = tool.only_name(options)?;
    if options.has('S') || options.has('e') {
        tool.doubt();
    }
    remove_group(tool, &name, false)
}

/// Whether a command line is one that only Debian's adduser takes.
pub(super) fn reads(words: &[Arg]) -> bool {
    let options = Options::read(ADD, Style::Perl, words);
    options.is_ok_and(|options| "PDCGi1289".chars().any(|letter| options.has(letter)))
}
