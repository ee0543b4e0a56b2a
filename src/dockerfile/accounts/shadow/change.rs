//! A change: usermod, groupmod and gpasswd.

use super::super::options::{Arg, Spec, Style, Takes};
use super::super::table::{Id, Kind};
use super::super::tool::{Stop, Tool};
use super::{elsewhere, further, given};

const USERMOD: &[Spec] = &[
    ('a', &["append"], Takes::Nothing),
    ('b', &["badname", "badnames"], Takes::Nothing),
    ('c', &["comment"], Takes::Value),
    ('d', &["home"], Takes::Value),
    ('e', &["expiredate"], Takes::Value),
    ('f', &["inactive"], Takes::Value),
    ('g', &["gid"], Takes::Value),
    ('G', &["groups"], Takes::Value),
    ('l', &["login"], Takes::Value),
    ('L', &["lock"], Takes::Nothing),
    ('m', &["move-home"], Takes::Nothing),
    ('o', &["non-unique"], Takes::Nothing),
    ('p', &["password"], Takes::Value),
    ('r', &["remove"], Takes::Nothing),
    ('R', &["root"], Takes::Value),
    ('P', &["prefix"], Takes::Value),
    ('s', &["shell"], Takes::Value),
    ('u', &["uid"], Takes::Value),
    ('U', &["unlock"], Takes::Nothing),
    ('v', &["add-subuids"], Takes::Value),
    ('w', &["add-subgids"], Takes::Value),
    ('Z', &["selinux-user"], Takes::Value),
];

const GROUPMOD: &[Spec] = &[
    ('a', &["append"], Takes::Nothing),
    ('g', &["gid"], Takes::Value),
    ('n', &["new-name"], Takes::Value),
    ('o', &["non-unique"], Takes::Nothing),
    ('p', &["password"], Takes::Value),
    ('R', &["root"], Takes::Value),
    ('P', &["prefix"], Takes::Value),
    ('U', &["users"], Takes::Value),
];

const GPASSWD: &[Spec] = &[
    ('a', &["add"], Takes::Value),
    ('A', &["administrators"], Takes::Value),
    ('d', &["delete"], Takes::Value),
    ('M', &["members"], Takes::Value),
    ('r', &["delete-password", "remove-password"], Takes::Nothing),
    ('R', &["restrict"], Takes::Nothing),
    ('Q', &["root"], Takes::Value),
];

pub(in super::super) fn usermod(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(USERMOD, Style::Getopt, words)?;
    elsewhere(&options)?;
    let name = tool.only_name(&options)?;
    let given = given(tool, &options)?;
    let groups = further(tool, &options)?;
    tool.user_there(&name)?;
    let row = tool.world.table.users.iter().find(|row| row.name == name).cloned();
    let unknown = || Id::Unknown(tool.reason("the user that it changes isn't known"));
    let (before_uid, had_group) = row.map_or_else(|| (unknown(), unknown()), |row| (row.uid, row.gid));
    let new_name = match options.value('l') {
        Some(Arg::Known(new)) => {
            if *new != name {
                tool.check_name(new);
                tool.user_new(new)?;
            }
            new.clone()
        }
        Some(Arg::Unknown) => return Err(Stop::Unclear("the new name isn't known".to_owned())),
        None => name.clone(),
    };
    let uid = match options.value('u') {
        Some(arg) => {
            let uid = tool.id(arg)?;
            if !options.has('o') && uid != before_uid {
                tool.free(Kind::Users, &uid)?;
            }
            uid
        }
        None => before_uid,
    };
    let gid = given.unwrap_or(had_group);
    tool.add_user(&name, uid, gid);
    if options.has('G') && !options.has('a') && !options.has('r') {
        tool.leave_all(&name);
    }
    for group in groups {
        match tool.world.table_mut().group_mut(&group) {
            Some(row) if options.has('r') => {
                row.members.remove(&name);
            }
            _ => tool.add_member(&group, &name),
        }
    }
    if new_name != name {
        rename(tool, &name, &new_name);
    }
    Ok(())
}

/// In both files.
fn rename(tool: &mut Tool, name: &str, new: &str) {
    let table = tool.world.table_mut();
    table.users.retain(|row| row.name != new);
    if let Some(row) = table.user_mut(name) {
        new.clone_into(&mut row.name);
    }
    for row in &mut table.groups {
        if row.members.remove(name) {
            row.members.insert(new.to_owned());
        }
    }
}

pub(in super::super) fn groupmod(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(GROUPMOD, Style::Getopt, words)?;
    elsewhere(&options)?;
    let name = tool.only_name(&options)?;
    tool.group_there(&name)?;
    let row = tool.world.table.groups.iter().find(|row| row.name == name).cloned();
    if let Some(arg) = options.value('g') {
        let gid = tool.id(arg)?;
        let old = row.as_ref().map(|row| row.gid.clone());
        if !options.has('o') && old.as_ref() != Some(&gid) {
            tool.free(Kind::Groups, &gid)?;
        }
        let members = row.map(|row| row.members).unwrap_or_default();
        // Those whose primary group it was go with it.
        let doubt = tool.reason("whose primary group it was isn't known");
        for user in &mut tool.world.table_mut().users {
            match (&user.gid, &old) {
                (Id::Known(a), Some(Id::Known(b))) if a == b => user.gid = gid.clone(),
                (Id::Known(_), Some(Id::Known(_))) => {}
                _ => user.gid = Id::Unknown(doubt.clone()),
            }
        }
        tool.add_group(&name, gid);
        for member in members {
            tool.add_member(&name, &member);
        }
    }
    if let Some(users) = options.value('U') {
        let users = users.text().ok_or_else(|| Stop::Unclear("its members aren't known".to_owned()))?;
        if let Some(row) = tool.world.table_mut().group_mut(&name).filter(|_| !options.has('a')) {
            row.members.clear();
        }
        for user in users.split(',').filter(|user| !user.is_empty()) {
            tool.add_member(&name, user);
        }
    }
    match options.value('n') {
        Some(Arg::Known(new)) if *new != name => {
            tool.check_name(new);
            tool.group_new(new)?;
            let table = tool.world.table_mut();
            table.groups.retain(|row| row.name != *new);
            if let Some(row) = table.group_mut(&name) {
                new.clone_into(&mut row.name);
            } else {
                let gid = Id::Unknown(tool.reason("the group that it renames isn't known"));
                tool.add_group(new, gid);
            }
        }
        Some(Arg::Unknown) => return Err(Stop::Unclear("the new name isn't known".to_owned())),
        _ => {}
    }
    Ok(())
}

pub(in super::super) fn gpasswd(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(GPASSWD, Style::Getopt, words)?;
    if "adrR".chars().filter(|letter| options.has(*letter)).count() > 1 {
        return Err(Stop::Unclear("its options exclude each other".to_owned()));
    }
    let name = tool.only_name(&options)?;
    tool.group_there(&name)?;
    let text = |letter| match options.value(letter) {
        Some(Arg::Known(text)) => Ok(Some(text.clone())),
        Some(Arg::Unknown) => Err(Stop::Unclear("a member isn't known".to_owned())),
        None => Ok(None),
    };
    // The last counts, but each has to be there.
    for user in options.values('a').filter_map(Arg::text) {
        tool.user_there(user)?;
    }
    if let Some(user) = text('a')? {
        tool.add_member(&name, &user);
    }
    if let Some(user) = text('d')? {
        tool.doubt();
        if let Some(row) = tool.world.table_mut().group_mut(&name) {
            row.members.remove(&user);
        }
    }
    if let Some(users) = text('M')? {
        if let Some(row) = tool.world.table_mut().group_mut(&name) {
            row.members.clear();
        }
        for user in users.split(',').filter(|user| !user.is_empty()) {
            tool.user_there(user)?;
            tool.add_member(&name, user);
        }
    }
    if !options.any() {
        // It asks for a password.
        tool.doubt();
    }
    Ok(())
}
