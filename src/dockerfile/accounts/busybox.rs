//! BusyBox: adduser, addgroup, deluser and delgroup, as Alpine has them.
//!
//! The rules were read in BusyBox 1.37 (loginutils/), with Alpine's LAST_ID (its busyboxconfig has 256000, BusyBox's
//! default is 60000), and run there: tests/it/accounts.rs.

use std::collections::BTreeSet;

use super::options::{Arg, Options, Spec, Style, Takes};
use super::shadow;
use super::table::{Id, Kind};
use super::tool::{Stop, Tool};

const ADDUSER: &[Spec] = &[
    ('h', &["home"], Takes::Value),
    ('g', &["gecos"], Takes::Value),
    ('s', &["shell"], Takes::Value),
    ('G', &["ingroup"], Takes::Value),
    ('D', &["disabled-password", "empty-password"], Takes::Nothing),
    ('S', &["system"], Takes::Nothing),
    ('H', &["no-create-home"], Takes::Nothing),
    ('u', &["uid"], Takes::Value),
    ('k', &["skel"], Takes::Value),
];
const ADDGROUP: &[Spec] = &[('g', &["gid"], Takes::Value), ('S', &["system"], Takes::Nothing)];
const DELUSER: &[Spec] = &[('r', &["remove-home"], Takes::Nothing)];

/// Ids that every build of BusyBox takes.
const SAFE: u32 = 60_000;

pub(super) fn adduser(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(ADDUSER, Style::Getopt, words)?;
    if let Some(names) = Tool::two_names(&options).filter(|_| !options.any()) {
        let (user, group) = names?;
        return join(tool, &user, &group);
    }
    // A second name is overlooked where there are options.
    let name = match options.operands.as_slice() {
        [Arg::Known(name)] | [Arg::Known(name), _] => name.clone(),
        [Arg::Unknown, ..] => return Err(Stop::Unclear("the name isn't known".to_owned())),
        _ => return Err(Stop::Fails("it takes a name".to_owned())),
    };
    tool.check_name(&name);
    let system = options.has('S');
    let group = match options.value('G') {
        Some(Arg::Known(group)) => Some(group.clone()),
        Some(Arg::Unknown) => return Err(Stop::Unclear("the group isn't known".to_owned())),
        None => system.then(|| "nogroup".to_owned()),
    };
    let given = group.as_deref().map(|group| tool.group_named(group)).transpose()?;
    tool.user_new(&name)?;
    let kinds: &[Kind] = if given.is_some() { &[Kind::Users] } else { &[Kind::Users, Kind::Groups] };
    let uid = match options.value('u') {
        Some(arg) => {
            let uid = stated(tool, arg)?;
            for kind in kinds {
                tool.free(*kind, &uid)?;
            }
            uid
        }
        None => next(tool, kinds, system)?,
    };
    if given.is_none() {
        tool.group_new(&name)?;
    }
    let gid = given.unwrap_or_else(|| uid.clone());
    tool.add_user(&name, uid, gid.clone());
    match group {
        Some(group) => tool.add_member(&group, &name),
        None => tool.add_group(&name, gid),
    }
    if !system && !options.has('D') {
        return Err(Stop::Broken("without -D it asks for a password, which a build can't give".to_owned()));
    }
    Ok(())
}

pub(super) fn addgroup(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(ADDGROUP, Style::Getopt, words)?;
    if let Some(names) = Tool::two_names(&options) {
        let (user, group) = names?;
        return if options.has('g') {
            Err(Stop::Fails("it takes no id with two names".to_owned()))
        } else {
            join(tool, &user, &group)
        };
    }
    let name = tool.only_name(&options)?;
    let stated = options.value('g').map(|arg| stated(tool, arg)).transpose()?;
    tool.group_new(&name)?;
    let gid = match stated {
        Some(gid) => {
            tool.free(Kind::Groups, &gid)?;
            gid
        }
        None => next(tool, &[Kind::Groups], options.has('S'))?,
    };
    tool.add_group(&name, gid);
    Ok(())
}

pub(super) fn deluser(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(DELUSER, Style::Getopt, words)?;
    if options.values('r').count() > 1 {
        // BusyBox counts its words wrongly then.
        return Err(Stop::Fails("an option is repeated".to_owned()));
    }
    let name = tool.only_name(&options)?;
    tool.user_there(&name)?;
    tool.world.table_mut().users.retain(|row| row.name != name);
    tool.leave_all(&name);
    // The group of that name goes too; where it can't, the command fails after the user is gone.
    let group = super::tool::there(tool.table().group(&name));
    match group {
        super::table::Is::No => Ok(()),
        super::table::Is::Yes(()) | super::table::Is::Perhaps(_) => match free_group(tool, &name) {
            Err(Stop::Fails(why)) => Err(Stop::Broken(why)),
            other => other,
        },
    }
}

pub(super) fn delgroup(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(&[], Style::Getopt, words)?;
    if let Some(names) = Tool::two_names(&options) {
        let (user, group) = names?;
        tool.group_there(&group)?;
        tool.doubt();
        if let Some(row) = tool.world.table_mut().group_mut(&group) {
            row.members.remove(&user);
        }
        return Ok(());
    }
    let name = tool.only_name(&options)?;
    free_group(tool, &name)
}

/// As shadow's groupdel does it: not where it is a user's primary group.
fn free_group(tool: &mut Tool, name: &str) -> Result<(), Stop> {
    shadow::remove_group(tool, name, false)
}

fn join(tool: &mut Tool, user: &str, group: &str) -> Result<(), Stop> {
    tool.user_there(user)?;
    tool.group_there(group)?;
    tool.add_member(group, user);
    Ok(())
}

fn stated(tool: &mut Tool, arg: &Arg) -> Result<Id, Stop> {
    let id = tool.id(arg)?;
    if id.known().is_none_or(|id| id > SAFE) {
        tool.doubt();
    }
    Ok(id)
}

/// The first that is free of 100 to 999 for a system account, of 1000 upward for others; a user that gets a group of its
/// own needs it to be free for both.
fn next(tool: &mut Tool, kinds: &[Kind], system: bool) -> Result<Id, Stop> {
    let range = if system { 100..=999 } else { 1000..=SAFE };
    let picked = tool.table().pick(kinds, &range, |taken: &BTreeSet<u32>| range.clone().find(|id| !taken.contains(id)));
    picked.id()
}

/// Whether a command line is one that BusyBox's addgroup takes.
pub(super) fn reads_group(words: &[Arg]) -> bool {
    Options::read(ADDGROUP, Style::Getopt, words).is_ok()
}

/// Whether a command line is one that only BusyBox's adduser takes.
pub(super) fn reads(words: &[Arg]) -> bool {
    let options = Options::read(ADDUSER, Style::Getopt, words);
    options.is_ok_and(|options| options.has('D') || options.has('S') || options.has('H'))
}
