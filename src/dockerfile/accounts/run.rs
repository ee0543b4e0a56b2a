//! A run: what a RUN instruction may leave behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::options::Arg;
use super::shell::{self, Join, Node, Redirect};
use super::table::{Id, Is, Others, Reason, Table};
use super::world::{Outcome, Presence, World, merge};
use super::{Command, Unknown, command, files, words};
use crate::dockerfile::bases::KnownBase;
use crate::image::account::{Number, number};

/// How deep `sh -c` and `$(…)` may be nested.
const DEEPEST: usize = 8;

/// A RUN that is followed.
pub(super) struct Run<'a> {
    pub(super) base: Option<&'a KnownBase>,
    pub(super) line: usize,
    pub(super) env: &'a BTreeMap<String, Option<String>>,
    /// What the shell that is followed leaves behind where it exits early: with success, and without.
    pub(super) exits: (Option<World>, Option<World>),
    /// Why the last command that must fail does.
    pub(super) failure: Option<String>,
    /// Whether `set -e` is out of force, as in a condition.
    unchecked: usize,
    depth: usize,
    commands: &'a mut usize,
}

/// Follows a RUN. Where it can't succeed, there is no image, and nothing to know.
pub(super) fn run(
    base: Option<&KnownBase>,
    line: usize,
    command: &Command,
    user: &str,
    env: &BTreeMap<String, Option<String>>,
    mut world: World,
    commands: &mut usize,
) -> World {
    let rooted = is_root(&world.table, user);
    if !rooted && !raises(command) {
        return world;
    }
    let mut run = Run { base, line, env, exits: (None, None), failure: None, unchecked: 0, depth: 0, commands };
    world.variables = Arc::new(BTreeMap::new());
    (world.errexit, world.pipefail) = (Presence::No, Presence::No);
    let outcome = if rooted {
        match command {
            Command::Exec(argv) => {
                let words: Vec<_> = argv.iter().map(|word| Arg::Known(word.clone())).collect();
                command::command(&mut run, &words, world)
            }
            Command::Shell { shell, text, heredocs } => run.shell(shell, text, heredocs, world),
        }
    } else {
        run.lost(world, "it may run something as root".to_owned())
    };
    let exits = run.exits.0.take();
    let reason = run.reason("how it ends isn't certain");
    if let Some(world) = merge(outcome.ok, exits, &reason) {
        return world;
    }
    let why = run.failure.take().unwrap_or_else(|| "it fails".to_owned());
    let why = format!("no image can come of this, since a command fails: {why}");
    World { table: Arc::new(Table::lost(Arc::new(Unknown { line: Some(line), why }))), ..super::start(base) }
}

/// Whether a RUN is run by root. A name whose number isn't known is taken for somebody else's.
fn is_root(table: &Table, user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default();
    match number(name) {
        Number::Is(uid) => uid == 0,
        Number::OutOfRange => false,
        Number::Name if name.is_empty() || name == "root" => true,
        Number::Name => match table.user(name) {
            Is::Yes(row) => row.uid == Id::Known(0),
            _ => false,
        },
    }
}

/// Whether somebody who isn't root may become it.
fn raises(command: &Command) -> bool {
    let raising = |text: &str| {
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .any(|w| matches!(w, "sudo" | "su" | "doas"))
    };
    match command {
        Command::Exec(argv) => argv.iter().any(|word| raising(word)),
        Command::Shell { text, heredocs, .. } => raising(text) || heredocs.iter().any(|text| raising(text)),
    }
}

impl Run<'_> {
    /// Why something isn't known after this.
    pub(super) fn reason(&self, why: &str) -> Reason {
        Arc::new(Unknown { line: Some(self.line), why: why.to_owned() })
    }

    /// Anything may have been done to accounts.
    pub(super) fn lost(&self, mut world: World, why: String) -> Outcome {
        world.table = Arc::new(Table::lost(Arc::new(Unknown { line: Some(self.line), why })));
        // It may be a function of the script's, or its own sourcing.
        world.forget_variables();
        Outcome::either(world)
    }

    /// Work has been done.
    pub(super) fn spend(&mut self, work: usize) {
        *self.commands = self.commands.saturating_sub(work);
    }

    /// Any account may have been added, but none that was there is changed.
    pub(super) fn more(&self, mut world: World, why: String) -> Outcome {
        world.table_mut().others = Others::Any(Arc::new(Unknown { line: Some(self.line), why }));
        Outcome::either(world)
    }

    fn shell(&mut self, shell: &[String], text: &str, heredocs: &[&str], mut world: World) -> Outcome {
        let name = shell.first().map(|path| path.rsplit('/').next().unwrap_or_default());
        if !matches!(name, Some("sh" | "bash" | "ash" | "dash")) {
            return self.lost(world, "its SHELL isn't one that is read here".to_owned());
        }
        let mut options = shell.iter().skip(1);
        while let Some(option) = options.next() {
            let letters = option.strip_prefix('-').unwrap_or_default();
            if letters.contains('e') && !option.starts_with("--") {
                world.errexit = Presence::Yes;
            }
            if letters.ends_with('o') && !option.starts_with("--") {
                match options.next().map(String::as_str) {
                    Some("pipefail") => world.pipefail = Presence::Yes,
                    Some("errexit") => world.errexit = Presence::Yes,
                    _ => {}
                }
            }
        }
        match heredocs {
            [script] if is_one_heredoc(text) => {
                let interpreter = script.lines().next().and_then(|line| line.strip_prefix("#!"));
                let known = interpreter.is_none_or(|path| {
                    let mut words = path.split_whitespace();
                    let program = words.next().and_then(|path| path.rsplit('/').next());
                    let program = if program == Some("env") { words.next() } else { program };
                    matches!(program, Some("sh" | "bash" | "ash" | "dash"))
                });
                if let Some(flags) =
                    interpreter.and_then(|path| path.split_whitespace().find(|word| word.starts_with('-')))
                {
                    // A script of its own has the options of its first line, not those of SHELL.
                    world.errexit = if flags.contains('e') { Presence::Yes } else { Presence::No };
                }
                if known {
                    self.script(script, world)
                } else {
                    self.lost(world, "its here-document is a script of another language".to_owned())
                }
            }
            _ => self.script(text, world),
        }
    }

    /// Follows a script in a shell of its own.
    pub(super) fn script(&mut self, text: &str, world: World) -> Outcome {
        if self.depth >= DEEPEST {
            return self.lost(world, "its scripts are nested too deep".to_owned());
        }
        let node = match shell::read(text) {
            Ok(node) => node,
            Err(shell::Unread(why)) => return self.lost(world, format!("its script isn't read here: {why}")),
        };
        self.depth += 1;
        let outcome = self.apart(|run| run.node(&node, world));
        self.depth -= 1;
        outcome
    }

    /// Follows what a shell of its own does: an exit ends no more than that.
    fn apart(&mut self, follow: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let outside = std::mem::take(&mut self.exits);
        let mut outcome = follow(self);
        let (ok, failed) = std::mem::replace(&mut self.exits, outside);
        let reason = self.reason("how a script ends isn't certain");
        outcome.ok = merge(outcome.ok, ok, &reason);
        let rest = outcome.not_ok(&reason);
        outcome.failed = merge(rest, failed, &reason);
        outcome
    }

    fn node(&mut self, node: &Node, world: World) -> Outcome {
        match node {
            Node::Simple { assignments, words, redirects } => {
                if *self.commands == 0 {
                    return self.lost(world, "the Dockerfile has too many commands".to_owned());
                }
                self.spend(1);
                self.simple(assignments, words, redirects, world)
            }
            Node::Chain(first, rest) => self.chain(first, rest, world),
            Node::Not(node) => {
                self.unchecked += 1;
                let mut outcome = self.node(node, world);
                self.unchecked -= 1;
                let reason = self.reason("how a command ends isn't certain");
                let failed = outcome.not_ok(&reason);
                Outcome { ok: failed, failed: None, overlooked: outcome.ok }
            }
            Node::Pipe(nodes) => self.pipe(nodes, world),
            Node::List(nodes) => self.list(nodes, world),
            Node::Group(node, redirects) => {
                let outcome = self.node(node, world);
                self.redirected(redirects, outcome)
            }
            Node::Subshell(node, redirects) => {
                let variables = Arc::clone(&world.variables);
                let options = (world.errexit, world.pipefail);
                let mut outcome = self.apart(|run| run.node(node, world));
                for world in [&mut outcome.ok, &mut outcome.failed, &mut outcome.overlooked].into_iter().flatten() {
                    world.variables = Arc::clone(&variables);
                    (world.errexit, world.pipefail) = options;
                }
                self.redirected(redirects, outcome)
            }
            Node::If(branches, last) => self.branches(branches, last.as_deref(), world),
            Node::Perhaps(nodes) => self.perhaps(nodes, &world),
            Node::Each(name, node) => {
                let world = command::forget(&[Arg::Known(name.clone())], world);
                self.perhaps(std::slice::from_ref(node), &world)
            }
            Node::Function(..) => Outcome::ok(world),
        }
    }

    fn list(&mut self, nodes: &[Node], world: World) -> Outcome {
        let Some((last, before)) = nodes.split_last() else { return Outcome::ok(world) };
        let mut world = world;
        for node in before {
            let Outcome { ok, failed, overlooked } = self.node(node, world);
            let reason = self.reason("how a command ends isn't certain");
            let (stays, exits) = match failed {
                Some(failed) if self.unchecked == 0 && failed.errexit != Presence::No => {
                    (Some(failed.clone()).filter(|world| world.errexit == Presence::Perhaps), Some(failed))
                }
                failed => (failed, None),
            };
            self.exits.1 = merge(self.exits.1.take(), exits, &reason);
            match merge(merge(ok, overlooked, &reason), stays, &reason) {
                Some(next) => world = next,
                None => return Outcome::default(),
            }
        }
        self.node(last, world)
    }

    fn chain(&mut self, first: &Node, rest: &[(Join, Node)], world: World) -> Outcome {
        let reason = self.reason("how a command ends isn't certain");
        self.unchecked += 1;
        let mut outcome = self.node(first, world);
        for (index, (join, node)) in rest.iter().enumerate() {
            // Only the last command of a chain is one that `set -e` looks at.
            if index + 1 == rest.len() {
                self.unchecked -= 1;
            }
            let skipped = outcome.not_ok(&reason);
            outcome = match join {
                Join::And => {
                    let next = outcome.ok.map(|world| self.node(node, world)).unwrap_or_default();
                    Outcome { overlooked: merge(next.overlooked, skipped, &reason), ..next }
                }
                Join::Or => {
                    let next = skipped.map(|world| self.node(node, world)).unwrap_or_default();
                    Outcome { ok: merge(outcome.ok, next.ok, &reason), ..next }
                }
            };
        }
        if rest.is_empty() {
            self.unchecked -= 1;
        }
        outcome
    }

    fn pipe(&mut self, nodes: &[Node], world: World) -> Outcome {
        let reason = self.reason("how a pipe ends isn't certain");
        let Some((last, before)) = nodes.split_last() else { return Outcome::ok(world) };
        let pipefail = world.pipefail;
        let (mut all_ok, mut any) = (Some(world.clone()), Some(world));
        for node in before {
            let follow = |run: &mut Self, world: World| run.apart(|run| run.node(node, world));
            all_ok = all_ok.and_then(|world| follow(self, world).ok);
            any = any.and_then(|world| {
                let mut outcome = follow(self, world);
                let rest = outcome.not_ok(&reason);
                merge(outcome.ok, rest, &reason)
            });
        }
        let mut outcome = any.map(|world| self.apart(|run| run.node(last, world))).unwrap_or_default();
        if pipefail == Presence::Yes {
            let failed = merge(outcome.not_ok(&reason), outcome.ok.take(), &reason);
            outcome.ok = all_ok.and_then(|world| self.apart(|run| run.node(last, world)).ok);
            outcome.failed = failed;
        }
        outcome
    }

    fn branches(&mut self, branches: &[(Node, Node)], last: Option<&Node>, world: World) -> Outcome {
        let reason = self.reason("which branch of an if is taken isn't certain");
        let (mut world, mut outcome) = (Some(world), Outcome::default());
        for (condition, branch) in branches {
            let Some(before) = world.take() else { break };
            self.unchecked += 1;
            let mut decided = self.node(condition, before);
            self.unchecked -= 1;
            world = decided.not_ok(&reason);
            if let Some(taken) = decided.ok {
                outcome = outcome.or(self.node(branch, taken), &reason);
            }
        }
        match (world, last) {
            (Some(world), Some(last)) => outcome.or(self.node(last, world), &reason),
            (Some(world), None) => outcome.or(Outcome::ok(world), &reason),
            (None, _) => outcome,
        }
    }

    /// What may be done any number of times: what it does once is no longer certain, and what it picks neither.
    fn perhaps(&mut self, nodes: &[Node], world: &World) -> Outcome {
        let reason = self.reason("whether and how often a command of a loop or a case is run isn't certain");
        let mut after = world.clone();
        for node in nodes {
            for _ in 0..2 {
                self.unchecked += 1;
                let mut outcome = self.node(node, after.clone());
                self.unchecked -= 1;
                let rest = outcome.not_ok(&reason);
                if let Some(done) = merge(outcome.ok, rest, &reason) {
                    after = after.or(&done, &reason);
                }
            }
        }
        if after.table != world.table {
            after.table_mut().others = Others::Any(reason);
        }
        Outcome::either(after)
    }

    fn simple(
        &mut self,
        assignments: &[(String, shell::Word)],
        words: &[shell::Word],
        redirects: &[Redirect],
        mut world: World,
    ) -> Outcome {
        let values = assignments.iter().map(|(_, value)| value);
        let targets = redirects.iter().map(|redirect| &redirect.target);
        let mut substituted = false;
        for piece in values.chain(words).chain(targets).flatten() {
            if let shell::Piece::Variable { after, .. } = piece
                && after.trim_start_matches(':').starts_with('=')
            {
                world.forget_variables();
            }
            if let shell::Piece::Command { script, .. } = piece {
                substituted = true;
                let mut outcome = self.script(script, world.clone());
                let reason = self.reason("what a substituted command does isn't certain");
                let rest = outcome.not_ok(&reason);
                let after = merge(outcome.ok, rest, &reason);
                world.table = after.map_or(world.table, |after| after.table);
            }
        }
        if words.is_empty() {
            for (name, value) in assignments {
                let value = words::text(value, &|name| self.variable(&world, name));
                world.set(name, value);
            }
            let outcome = if substituted { Outcome::either(world) } else { Outcome::ok(world) };
            return self.redirected(redirects, outcome);
        }
        // To some commands of the shell itself these stay set.
        for (name, _) in assignments {
            world.set(name, None);
        }
        let fields: Option<Vec<Vec<Arg>>> =
            words.iter().map(|word| words::fields(word, &|name| self.variable(&world, name))).collect();
        let outcome = match fields {
            Some(fields) => {
                let fields: Vec<_> = fields.into_iter().flatten().collect();
                if let Some(world) = files::appended(&fields, redirects, &world) {
                    return Outcome::ok(world);
                }
                command::command(self, &fields, world)
            }
            None => command::unsplit(self, words.first(), words, world),
        };
        self.redirected(redirects, outcome)
    }

    /// Output that goes into an account file makes nothing certain.
    fn redirected(&self, redirects: &[Redirect], outcome: Outcome) -> Outcome {
        let writes = |redirect: &Redirect| {
            redirect.operator.contains('>')
                && shell::literal(&redirect.target).is_some_and(|path| files::is_account_file(&path))
        };
        if !redirects.iter().any(writes) {
            return outcome;
        }
        let reason = self.reason("an account file is written");
        let lost = |world: Option<World>| {
            world.map(|mut world| {
                world.table = Arc::new(Table::lost(Arc::clone(&reason)));
                world
            })
        };
        Outcome { ok: lost(outcome.ok), failed: lost(outcome.failed), overlooked: lost(outcome.overlooked) }
    }

    /// What is known of a variable.
    fn variable(&self, world: &World, name: &str) -> words::Value {
        let known = |value: &Option<String>| value.clone().map_or(words::Value::Unknown, words::Value::Is);
        if let Some(value) = world.variable(name) {
            return known(value);
        }
        if let Some(value) = self.env.get(name) {
            return known(value);
        }
        // What the shell or the engine sets, and the build arguments that every Dockerfile has.
        let set =
            ["PWD", "OLDPWD", "HOME", "HOSTNAME", "IFS", "PPID", "OPTIND", "OPTARG", "UID", "EUID", "GROUPS", "RANDOM"];
        let set = set.contains(&name) || name.starts_with("BASH") || name.starts_with("PS");
        let proxied = name.to_ascii_lowercase().ends_with("_proxy");
        match self.base {
            Some(base) if !set && !proxied && !base.env().contains(&name) => words::Value::Unset,
            _ => words::Value::Unknown,
        }
    }
}

/// `<<EOF` and nothing else.
fn is_one_heredoc(text: &str) -> bool {
    let rest = text.trim().strip_prefix("<<").map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    rest.is_some_and(|end| !end.is_empty() && !end.contains([' ', '\t', '\n', '|', '&', ';', '<', '>']))
}
