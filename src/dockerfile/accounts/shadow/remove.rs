//! A removal: userdel and groupdel.

use std::sync::Arc;

use super::super::options::{Arg, Spec, Style, Takes};
use super::super::table::{Id, Is, Others, Sure};
use super::super::tool::{Stop, Tool};
use super::{elsewhere, user_groups};

const USERDEL: &[Spec] = &[
    ('f', &["force"], Takes::Nothing),
    ('r', &["remove"], Takes::Nothing),
    ('R', &["root"], Takes::Value),
    ('P', &["prefix"], Takes::Value),
    ('Z', &["selinux-user"], Takes::Nothing),
];

const GROUPDEL: &[Spec] =
    &[('f', &["force"], Takes::Nothing), ('R', &["root"], Takes::Value), ('P', &["prefix"], Takes::Value)];

pub(in super::super) fn userdel(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(USERDEL, Style::Getopt, words)?;
    elsewhere(&options)?;
    let name = tool.only_name(&options)?;
    remove_user(tool, &name, options.has('f'))?;
    if name == "root" {
        // There are processes of root's.
        return Err(Stop::Unclear("it removes root".to_owned()));
    }
    Ok(())
}

/// The user, its memberships, and the group of its name where nobody else has it (`USERGROUPS_ENAB`).
pub(in super::super) fn remove_user(tool: &mut Tool, name: &str, force: bool) -> Result<(), Stop> {
    tool.user_there(name)?;
    let row = tool.world.table.users.iter().find(|row| row.name == name).cloned();
    tool.world.table_mut().users.retain(|row| row.name != name);
    tool.leave_all(name);
    let others = match &tool.table().others {
        Others::Any(reason) | Others::System(reason) => Some(Arc::clone(reason)),
        Others::None => None,
    };
    let Some(group) = tool.world.table.groups.iter().find(|row| row.name == name).cloned() else { return Ok(()) };
    let own = match (&row.as_ref().map(|row| &row.gid), &group.gid) {
        (Some(Id::Known(a)), Id::Known(b)) => Some(a == b),
        _ => None,
    };
    if own == Some(false) || !group.members.is_empty() || user_groups(tool, &super::Keys::new()) == Some(false) {
        return Ok(());
    }
    let shared = match tool.table().users.iter().find(|row| row.gid == group.gid && group.gid.known().is_some()) {
        _ if force => Is::No,
        Some(row) if row.sure == Sure::Yes => Is::Yes(()),
        Some(_) => Is::Perhaps(tool.reason("whether it removes the group of that name isn't certain")),
        None => match others {
            Some(reason) => Is::Perhaps(reason),
            None if tool.table().users.iter().any(|row| row.gid.known().is_none()) => {
                Is::Perhaps(tool.reason("whether it removes the group of that name isn't certain"))
            }
            None => Is::No,
        },
    };
    let certain = own == Some(true) && user_groups(tool, &super::Keys::new()).is_some();
    match shared {
        Is::Yes(()) => {}
        Is::No if certain && group.sure == Sure::Yes => {
            tool.world.table_mut().groups.retain(|row| row.name != name);
        }
        _ => {
            let reason = tool.reason("whether it removes the group of that name isn't certain");
            if let Some(row) = tool.world.table_mut().group_mut(name) {
                row.sure = Sure::Perhaps(reason);
            }
        }
    }
    Ok(())
}

pub(in super::super) fn groupdel(tool: &mut Tool, words: &[Arg]) -> Result<(), Stop> {
    let options = Tool::options(GROUPDEL, Style::Getopt, words)?;
    elsewhere(&options)?;
    let name = tool.only_name(&options)?;
    remove_group(tool, &name, options.has('f'))
}

/// The group, unless it is a user's primary one.
pub(in super::super) fn remove_group(tool: &mut Tool, name: &str, force: bool) -> Result<(), Stop> {
    tool.group_there(name)?;
    let group = tool.world.table.groups.iter().find(|row| row.name == name).map(|row| row.gid.clone());
    if !force {
        let table = &tool.world.table;
        let primary = table.users.iter().find(|row| Some(&row.gid) == group.as_ref() && row.gid.known().is_some());
        let unknown = group.as_ref().is_none_or(|gid| gid.known().is_none())
            || table.users.iter().any(|row| row.gid.known().is_none())
            || table.others != Others::None;
        match primary.map(|row| (row.name.clone(), row.sure.clone())) {
            Some((user, Sure::Yes)) => return Err(Stop::Fails(format!("it is the primary group of {user:?}"))),
            Some(_) => tool.doubt(),
            None if unknown => tool.doubt(),
            None => {}
        }
    }
    tool.world.table_mut().groups.retain(|row| row.name != name);
    Ok(())
}
