//! A world: an image at one point of its build, as it may be there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::table::{Reason, Table, join};

/// Whether a tool is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is.
    Yes,
    /// It isn't.
    No,
    /// That isn't known.
    Perhaps,
}

impl Presence {
    fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Perhaps }
    }
}

/// The state of an image. Cheap to copy: what doesn't change is shared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct World {
    /// Its accounts.
    pub(super) table: Arc<Table>,
    /// The shell's variables; `None` where the value isn't known. What isn't named is as the image's environment has it.
    pub(super) variables: Arc<BTreeMap<String, Option<String>>>,
    /// Whether shadow's useradd and its like are there.
    pub(super) shadow: Presence,
    /// Whether adduser and its like are there.
    pub(super) adduser: Presence,
    /// Whether the shell stops at the first command that fails.
    pub(super) errexit: Presence,
    /// Whether a pipe fails where a command before its last does.
    pub(super) pipefail: Presence,
}

impl World {
    /// The table, to be changed.
    pub(super) fn table_mut(&mut self) -> &mut Table {
        Arc::make_mut(&mut self.table)
    }

    /// Sets a variable.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        Arc::make_mut(&mut self.variables).insert(name.to_owned(), value);
    }

    /// No variable's value is known any more, be it set or not.
    pub(super) fn forget_variables(&mut self) {
        self.variables = Arc::new(BTreeMap::from([(String::new(), None)]));
    }

    /// What is known of a variable that the script may have set: nothing, that it has no known value, or its value.
    pub(super) fn variable(&self, name: &str) -> Option<&Option<String>> {
        self.variables.get(name).or_else(|| self.variables.get(""))
    }

    /// The world where either of two may be the one that is there.
    pub(super) fn or(self, other: &Self, reason: &Reason) -> Self {
        if self == *other {
            return self;
        }
        let table = if Arc::ptr_eq(&self.table, &other.table) || self.table == other.table {
            self.table
        } else {
            Arc::new(join(&self.table, &other.table, reason))
        };
        let variables = if Arc::ptr_eq(&self.variables, &other.variables) {
            self.variables
        } else {
            Arc::new(either(&self.variables, &other.variables))
        };
        Self {
            table,
            variables,
            shadow: self.shadow.or(other.shadow),
            adduser: self.adduser.or(other.adduser),
            errexit: self.errexit.or(other.errexit),
            pipefail: self.pipefail.or(other.pipefail),
        }
    }
}

/// A variable that only one of the two sets isn't known afterwards.
fn either(
    one: &BTreeMap<String, Option<String>>,
    other: &BTreeMap<String, Option<String>>,
) -> BTreeMap<String, Option<String>> {
    let names = one.keys().chain(other.keys());
    let value = |name: &String| match (one.get(name), other.get(name)) {
        (Some(Some(a)), Some(Some(b))) if a == b => Some(a.clone()),
        _ => None,
    };
    names.map(|name| (name.clone(), value(name))).collect()
}

/// What a command may leave behind, by how it ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// With exit status 0.
    pub(super) ok: Option<World>,
    /// With another one.
    pub(super) failed: Option<World>,
    /// With another one that `set -e` overlooks.
    pub(super) overlooked: Option<World>,
}

impl Outcome {
    pub(super) fn ok(world: World) -> Self {
        Self { ok: Some(world), ..Self::default() }
    }

    pub(super) fn failed(world: World) -> Self {
        Self { failed: Some(world), ..Self::default() }
    }

    /// It may end either way, and changes nothing.
    pub(super) fn either(world: World) -> Self {
        Self { ok: Some(world.clone()), failed: Some(world), overlooked: None }
    }

    /// All that failed.
    pub(super) fn not_ok(&mut self, reason: &Reason) -> Option<World> {
        merge(self.failed.take(), self.overlooked.take(), reason)
    }

    /// Either of two outcomes.
    pub(super) fn or(self, other: Self, reason: &Reason) -> Self {
        Self {
            ok: merge(self.ok, other.ok, reason),
            failed: merge(self.failed, other.failed, reason),
            overlooked: merge(self.overlooked, other.overlooked, reason),
        }
    }
}

/// Either of two worlds, where they are possible.
pub(super) fn merge(one: Option<World>, other: Option<World>, reason: &Reason) -> Option<World> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.or(&other, reason)),
        (one, other) => one.or(other),
    }
}
