//! Accounts: the users and groups of an image, as far as its Dockerfile alone says.
//!
//! What is certain is a number; everything else is an [`Unknown`] that says why, and at which line. The rules:
//!
//! - An image that is built means that what it was built by succeeded: `a && b` were both done, a command that must fail
//!   before the last one makes no image. So a stated number is certain on any base, whatever was run before.
//! - A number that a tool picks by itself is certain on a known base ([`bases`](super::bases)) by the tool's rule, as
//!   long as no account may be there that isn't known.
//! - A package may make accounts outside of 1000 to 59999, so after its installation those that tools pick there aren't
//!   certain, unless it is one of those that are known to make none; it changes no account that is there.
//! - Compilers, interpreters, and package managers of languages leave accounts alone. Scripts (`./setup.sh`, `make`,
//!   `curl … | sh`) and programs that aren't known here may do anything when root runs them: nothing that was there
//!   before is certain afterwards.
//! - A file that is copied over /etc/passwd or /etc/group, or a folder over `/` or `/etc`, does so too.
//! - Who isn't root changes nothing, unless by sudo.

mod busybox;
mod command;
mod debian;
mod files;
mod options;
mod packages;
mod programs;
mod run;
mod shadow;
pub(crate) mod shell;
mod table;
#[cfg(test)]
mod tests;
mod tool;
mod words;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bases::KnownBase;
use crate::image::account::{Account, GidSource, LARGEST_ID, Number, Source, UidSource, number};
use table::{Id, Is, Others, Sure, Table};
use world::{Presence, World};

/// An instruction that can have to do with accounts. Those of the stages that a stage is built from come first.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Its line in the Dockerfile, from 1.
    pub line: usize,
    /// What it is.
    pub kind: Kind<'a>,
}

/// What an instruction is.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    /// `RUN`.
    Run {
        /// What is run.
        command: Command<'a>,
        /// The `USER` in force; empty where there is none.
        user: &'a str,
        /// The environment: ENV and ARG as they are in force here. `None` is one that is declared, but whose value isn't
        /// known, as that of an ARG without a default; what isn't there isn't set by the Dockerfile.
        env: &'a BTreeMap<String, Option<String>>,
    },
    /// `COPY` or `ADD`.
    Copy {
        /// What is copied, as written; with `--from`, paths in that image.
        sources: &'a [String],
        /// Where to: absolute and cleaned, but for a `/` at its end where one is written.
        destination: &'a str,
    },
}

/// What a `RUN` runs.
#[derive(Debug, Clone, Copy)]
pub enum Command<'a> {
    /// By a shell.
    Shell {
        /// `SHELL`, or `/bin/sh -c`.
        shell: &'a [String],
        /// The text, without `RUN` and its flags.
        text: &'a str,
        /// The texts of its here-documents.
        heredocs: &'a [&'a str],
    },
    /// By itself.
    Exec(&'a [String]),
}

/// Why a number isn't known without the image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unknown {
    /// The line of the Dockerfile that makes it so, where one does.
    pub line: Option<usize>,
    /// The reason, in words that go on after "the number is known only from the image: ".
    pub why: String,
}

/// The users and groups of an image at the end of its Dockerfile.
#[derive(Debug, Clone)]
pub struct Accounts {
    table: Arc<Table>,
}

/// As much work is done: a command counts 1, one that changes accounts [`TOOL_WORK`].
const MOST_WORK: usize = 20_000;
const TOOL_WORK: usize = 20;
/// As many accounts are kept: no image has as many, and what is done for each command grows with them.
const MOST_ACCOUNTS: usize = 500;

/// Follows the instructions of a Dockerfile from a base image, of which nothing is known where it is `None`.
pub fn accounts(base: Option<&KnownBase>, steps: &[Step]) -> Accounts {
    let mut world = start(base);
    let mut commands = MOST_WORK;
    for step in steps {
        match step.kind {
            Kind::Copy { sources, destination } => {
                if let Some(why) = files::copied(sources, destination) {
                    world.table = Arc::new(Table::lost(Arc::new(Unknown { line: Some(step.line), why })));
                }
            }
            Kind::Run { command, user, env } => {
                world = run::run(base, step.line, &command, user, env, world, &mut commands);
            }
        }
    }
    Accounts { table: world.table }
}

fn start(base: Option<&KnownBase>) -> World {
    let unknown = |why: &str| Arc::new(Unknown { line: None, why: why.to_owned() });
    let (table, shadow, adduser) = match base {
        None => (
            Table::lost(unknown("the base image isn't one whose accounts are known")),
            Presence::Perhaps,
            Presence::Perhaps,
        ),
        Some(base) => {
            let mut table = Table::default();
            table.read(base.passwd(), base.group(), &Sure::Yes);
            let release = unknown("it depends on the release of the base image");
            table.read(base.perhaps_passwd(), base.perhaps_group(), &Sure::Perhaps(Arc::clone(&release)));
            if base.has_more_accounts() {
                table.others = Others::System(unknown("packages of the base image may have made accounts"));
            }
            let presence = |is: Option<bool>| match is {
                Some(true) => Presence::Yes,
                Some(false) => Presence::No,
                None => Presence::Perhaps,
            };
            (table, presence(base.has("useradd")), presence(base.has("adduser")))
        }
    };
    World {
        table: Arc::new(table),
        variables: Arc::new(BTreeMap::new()),
        shadow,
        adduser,
        errexit: Presence::No,
        pipefail: Presence::No,
    }
}

impl Accounts {
    /// Reads a `USER` as [`image::account::resolve`](crate::image::account::resolve) does by an image's files.
    ///
    /// Stated numbers are themselves on any base. The further groups are those that are known.
    pub fn resolve(&self, user: &str) -> Result<Account, Unknown> {
        let (user, group) = user.split_once(':').unwrap_or((user, ""));
        let (row, uid, from) = match number(user) {
            _ if user.is_empty() => (self.root(), 0, UidSource::Unstated),
            Number::Is(0) => (self.root(), 0, UidSource::Stated),
            Number::Is(uid) => (self.numbered(uid), uid, UidSource::Stated),
            Number::OutOfRange => return Err(out_of_range(user)),
            Number::Name => {
                let row = self.named(user)?;
                (Is::Yes(row), known(&row.uid)?, UidSource::Passwd)
            }
        };
        let name = match &row {
            Is::Yes(row) => Some(row.name.clone()),
            _ => None,
        };
        let (gid, gid_from) = match (number(group), &row) {
            (Number::Is(gid), _) => (gid, GidSource::Stated),
            (Number::OutOfRange, _) => return Err(out_of_range(group)),
            (Number::Name, _) if !group.is_empty() => (self.group(group)?, GidSource::Group),
            (_, Is::Yes(row)) => (known(&row.gid)?, GidSource::Passwd),
            (_, Is::No) => (0, GidSource::NoEntry),
            (_, Is::Perhaps(reason)) => return Err((**reason).clone()),
        };
        let supplementary = match &name {
            Some(name) if group.is_empty() => self.supplementary(name, gid),
            _ => Vec::new(),
        };
        Ok(Account { name, uid, gid, supplementary, from: Source { uid: from, gid: gid_from } })
    }

    /// Root is what it is on every image that isn't made to confuse.
    fn root(&self) -> Is<&table::User> {
        static ROOT: std::sync::LazyLock<table::User> = std::sync::LazyLock::new(|| table::User {
            name: "root".to_owned(),
            uid: Id::Known(0),
            gid: Id::Known(0),
            sure: Sure::Yes,
        });
        Is::Yes(self.table.users.iter().find(|row| row.uid == Id::Known(0)).unwrap_or(&ROOT))
    }

    fn named(&self, name: &str) -> Result<&table::User, Unknown> {
        if name == "root"
            && !self.table.users.iter().any(|row| row.name == name)
            && let Is::Yes(row) = self.root()
        {
            return Ok(row);
        }
        match self.table.user(name) {
            Is::Yes(row) => Ok(row),
            Is::No => {
                let why = format!("neither the base image nor the Dockerfile has a user {name:?}");
                Err(Unknown { line: None, why })
            }
            Is::Perhaps(reason) => Err((*reason).clone()),
        }
    }

    /// The first entry with that number.
    fn numbered(&self, uid: u32) -> Is<&table::User> {
        for row in &self.table.users {
            match (&row.uid, &row.sure) {
                (Id::Known(known), _) if *known != uid => {}
                (Id::Known(_), Sure::Yes) => return Is::Yes(row),
                (Id::Known(_), Sure::Perhaps(reason)) | (Id::Unknown(reason), _) => return Is::Perhaps(reason.clone()),
            }
        }
        match self.table.taken(table::Kind::Users, uid) {
            Is::Perhaps(reason) => Is::Perhaps(reason),
            _ => Is::No,
        }
    }

    fn group(&self, name: &str) -> Result<u32, Unknown> {
        if name == "root" && !self.table.groups.iter().any(|row| row.name == name) {
            return Ok(0);
        }
        match self.table.group(name) {
            Is::Yes(row) => known(&row.gid),
            Is::No => {
                let why = format!("neither the base image nor the Dockerfile has a group {name:?}");
                Err(Unknown { line: None, why })
            }
            Is::Perhaps(reason) => Err((*reason).clone()),
        }
    }

    fn supplementary(&self, user: &str, but: u32) -> Vec<u32> {
        let groups = self.table.groups.iter().filter(|row| row.members.contains(user) && row.sure == Sure::Yes);
        let mut gids: Vec<_> = groups.filter_map(|row| row.gid.known()).filter(|gid| *gid != but).collect();
        gids.sort_unstable();
        gids.dedup();
        gids
    }
}

/// An id that is known, and that a runtime takes.
fn known(id: &Id) -> Result<u32, Unknown> {
    match id {
        Id::Known(id) if *id <= LARGEST_ID => Ok(*id),
        Id::Known(id) => Err(out_of_range(&id.to_string())),
        Id::Unknown(reason) => Err((**reason).clone()),
    }
}

fn out_of_range(text: &str) -> Unknown {
    Unknown { line: None, why: format!("{text:?} is out of the range of user and group ids, 0 to 2147483647") }
}
