//! A tool at work: a command that changes accounts, and whether it succeeds.

use std::sync::Arc;

use super::options::{Arg, Options, Spec, Style, Wrong};
use super::table::{Group, Id, Is, Kind, Picked, Reason, Sure, Table, User};
use super::world::{Presence, World};
use super::{Unknown, table};
use crate::dockerfile::bases::KnownBase;

/// What a tool does.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// It succeeds, and leaves this.
    Done(World),
    /// If it succeeds, it leaves this; otherwise nothing is changed.
    Perhaps(World),
    /// It fails, and why.
    Fails(String),
    /// It fails, and why, but leaves this behind.
    Broken(World, String),
    /// Which account it adds isn't known, and why; it changes none that is there.
    Adds(String),
    /// What it does to accounts can't be said, and why.
    Unclear(String),
}

/// Why a tool's work ends early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// It fails.
    Fails(String),
    /// What it does can't be said.
    Unclear(String),
    /// It fails, but keeps what it did so far.
    Broken(String),
    /// It succeeds without doing anything.
    Same,
}

/// A tool at work.
#[derive(Debug, Clone)]
pub(super) struct Tool<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// The line of the Dockerfile.
    pub(super) line: usize,
    /// What it works on.
    pub(super) world: World,
    /// The base image, where it is known.
    pub(super) base: Option<&'a KnownBase>,
    doubt: bool,
}

impl<'a> Tool<'a> {
    /// A tool that starts its work.
    pub(super) fn new(name: &'a str, line: usize, base: Option<&'a KnownBase>, world: World) -> Self {
        Self { name, line, world, base, doubt: false }
    }

    /// Does the work.
    pub(super) fn run(mut self, work: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Effect {
        let before = self.world.clone();
        match work(&mut self) {
            Ok(()) if self.doubt => Effect::Perhaps(self.world),
            Ok(()) => Effect::Done(self.world),
            Err(Stop::Same) if self.doubt => Effect::Perhaps(before),
            Err(Stop::Same) => Effect::Done(before),
            Err(Stop::Fails(why)) => Effect::Fails(format!("{}: {why}", self.name)),
            // What may not have been done before it fails makes it unclear what is left.
            Err(Stop::Broken(why)) if self.doubt => Effect::Unclear(format!("{}: {why}", self.name)),
            Err(Stop::Broken(why)) => Effect::Broken(self.world, format!("{}: {why}", self.name)),
            Err(Stop::Unclear(why)) if adds(self.name) => Effect::Adds(format!("{}: {why}", self.name)),
            Err(Stop::Unclear(why)) => Effect::Unclear(format!("{}: {why}", self.name)),
        }
    }

    /// Its options and operands.
    pub(super) fn options(specs: &[Spec], style: Style, words: &[Arg]) -> Result<Options, Stop> {
        Options::read(specs, style, words).map_err(|wrong| match wrong {
            Wrong::Option(option) => Stop::Unclear(format!("the option {option} isn't known here")),
            Wrong::Word => Stop::Unclear("one of its words isn't known".to_owned()),
        })
    }

    /// It may fail, for a reason that can't be seen from here.
    pub(super) fn doubt(&mut self) {
        self.doubt = true;
    }

    /// The tool has to be there.
    pub(super) fn present(&mut self, presence: Presence) -> Result<(), Stop> {
        match presence {
            Presence::Yes => {}
            Presence::No => return Err(Stop::Fails("it isn't in the image".to_owned())),
            Presence::Perhaps => self.doubt = true,
        }
        Ok(())
    }

    pub(super) fn table(&self) -> &Table {
        &self.world.table
    }

    /// Why something isn't known.
    pub(super) fn reason(&self, why: &str) -> Reason {
        Arc::new(Unknown { line: Some(self.line), why: format!("{}: {why}", self.name) })
    }

    /// Something has to be so.
    pub(super) fn needs<T>(&mut self, is: Is<T>, else_: impl FnOnce() -> String) -> Result<Option<T>, Stop> {
        match is {
            Is::Yes(value) => Ok(Some(value)),
            Is::No => Err(Stop::Fails(else_())),
            Is::Perhaps(_) => {
                self.doubt = true;
                Ok(None)
            }
        }
    }

    /// Something must not be so.
    pub(super) fn refuses<T>(&mut self, is: &Is<T>, because: impl FnOnce() -> String) -> Result<(), Stop> {
        match is {
            Is::Yes(_) => return Err(Stop::Fails(because())),
            Is::No => {}
            Is::Perhaps(_) => self.doubt = true,
        }
        Ok(())
    }

    /// The one operand, a name. One that isn't plain may be refused or not, by the tool's version.
    pub(super) fn only_name(&mut self, options: &Options) -> Result<String, Stop> {
        match options.operands.as_slice() {
            [Arg::Known(name)] => {
                self.check_name(name);
                Ok(name.clone())
            }
            [Arg::Unknown] => Err(Stop::Unclear("the name isn't known".to_owned())),
            _ => Err(Stop::Fails("it takes one name".to_owned())),
        }
    }

    /// Two names, those of a user and a group.
    pub(super) fn two_names(options: &Options) -> Option<Result<(String, String), Stop>> {
        match options.operands.as_slice() {
            [Arg::Known(user), Arg::Known(group)] => Some(Ok((user.clone(), group.clone()))),
            [_, _] => Some(Err(Stop::Unclear("a name isn't known".to_owned()))),
            _ => None,
        }
    }

    /// Every tool of every version takes a plain name: lower case, digits, `_` and `-`, up to 32 of them.
    pub(super) fn check_name(&mut self, name: &str) {
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
        if !(starts && rest && name.len() <= 32) {
            self.doubt = true;
        }
    }

    /// An id that an option states. What is out of the range that runtimes take is for the runtime to refuse.
    pub(super) fn id(&self, arg: &Arg) -> Result<Id, Stop> {
        let Some(text) = arg.text() else { return Ok(Id::Unknown(self.reason("the number isn't known"))) };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u32>().ok().filter(|n| digits && *n < u32::MAX) {
            Some(id) => Ok(Id::Known(id)),
            None => Err(Stop::Fails(format!("{text:?} is no id"))),
        }
    }

    /// The id of a group that is there, by its name.
    pub(super) fn group_named(&mut self, name: &str) -> Result<Id, Stop> {
        let known = self.table().groups.iter().find(|row| row.name == name).map(|row| row.gid.clone());
        let is = match self.table().group(name) {
            Is::Yes(_) => Is::Yes(()),
            Is::No => Is::No,
            Is::Perhaps(reason) => Is::Perhaps(reason),
        };
        let reason = if let Is::Perhaps(reason) = &is { Some(Arc::clone(reason)) } else { None };
        self.needs(is, || format!("there is no group {name:?}"))?;
        // It succeeds only if the group is there, so the row, where there is one, is it.
        Ok(known.unwrap_or_else(|| Id::Unknown(reason.unwrap_or_else(|| self.reason("the group's id isn't known")))))
    }

    /// The id of a group that is there, by its id or name, as shadow reads it.
    pub(super) fn group_given(&mut self, arg: &Arg) -> Result<Id, Stop> {
        let Some(text) = arg.text() else { return Ok(Id::Unknown(self.reason("the group isn't known"))) };
        let Some(gid) = text.parse::<u32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())) else {
            return self.group_named(text);
        };
        match self.table().taken(Kind::Groups, gid) {
            Is::Yes(()) => Ok(Id::Known(gid)),
            Is::Perhaps(_) => {
                self.doubt = true;
                Ok(Id::Known(gid))
            }
            Is::No => self.group_named(text),
        }
    }

    /// An id has to be free.
    pub(super) fn free(&mut self, kind: Kind, id: &Id) -> Result<(), Stop> {
        match id {
            Id::Known(id) => {
                let taken = self.table().taken(kind, *id);
                self.refuses(&taken, || format!("the id {id} is taken"))
            }
            Id::Unknown(_) => {
                self.doubt = true;
                Ok(())
            }
        }
    }

    /// Adds a user, or takes it for there.
    pub(super) fn add_user(&mut self, name: &str, uid: Id, gid: Id) {
        let row = User { name: name.to_owned(), uid, gid, sure: Sure::Yes };
        let table = self.world.table_mut();
        match table.user_mut(name) {
            Some(old) => *old = row,
            None => table.users.push(row),
        }
    }

    /// Adds a group, or takes it for there.
    pub(super) fn add_group(&mut self, name: &str, gid: Id) {
        let row = Group { name: name.to_owned(), gid, members: std::collections::BTreeSet::new(), sure: Sure::Yes };
        let table = self.world.table_mut();
        match table.group_mut(name) {
            Some(old) => *old = row,
            None => table.groups.push(row),
        }
    }

    /// Makes a user a member of a group, where the group's row is known.
    pub(super) fn add_member(&mut self, group: &str, user: &str) {
        if let Some(row) = self.world.table_mut().group_mut(group) {
            row.members.insert(user.to_owned());
            row.sure = Sure::Yes;
        }
    }

    /// Takes a user out of all groups.
    pub(super) fn leave_all(&mut self, user: &str) {
        for row in &mut self.world.table_mut().groups {
            row.members.remove(user);
        }
    }

    /// A user that is there, or may be.
    pub(super) fn user_there(&mut self, name: &str) -> Result<(), Stop> {
        let is = there(self.table().user(name));
        self.needs(is, || format!("there is no user {name:?}")).map(|_| ())
    }

    /// A group that is there, or may be.
    pub(super) fn group_there(&mut self, name: &str) -> Result<(), Stop> {
        let is = there(self.table().group(name));
        self.needs(is, || format!("there is no group {name:?}")).map(|_| ())
    }

    /// No user of that name is there.
    pub(super) fn user_new(&mut self, name: &str) -> Result<(), Stop> {
        let is = there(self.table().user(name));
        self.refuses(&is, || format!("there is a user {name:?} already"))
    }

    /// No group of that name is there.
    pub(super) fn group_new(&mut self, name: &str) -> Result<(), Stop> {
        let is = there(self.table().group(name));
        self.refuses(&is, || format!("there is a group {name:?} already"))
    }
}

impl Picked {
    /// The id, without which a tool fails.
    pub(super) fn id(self) -> Result<Id, Stop> {
        match self {
            Self::Some(id) => Ok(id),
            Self::Full => Err(Stop::Fails("its range has no id left".to_owned())),
        }
    }
}

/// Whether a tool adds accounts, and changes none.
pub(super) fn adds(name: &str) -> bool {
    matches!(name, "useradd" | "adduser" | "groupadd" | "addgroup")
}

/// Whether, without what.
pub(super) fn there<T>(is: table::Is<T>) -> Is<()> {
    match is {
        Is::Yes(_) => Is::Yes(()),
        Is::No => Is::No,
        Is::Perhaps(reason) => Is::Perhaps(reason),
    }
}
