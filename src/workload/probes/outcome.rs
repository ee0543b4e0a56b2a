//! An outcome: whether a check can pass, and whether it can fail.

use super::client;
use super::shell::{
    Chain, Command, Dialect, End, Join, List, Pipeline, RedirectKind, Scope, Sense, Simple, Word, expand,
};
use super::subject::{Programs, base_name};

/// The exit statuses that something may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Outcome {
    /// 0
    pub(super) passes: bool,
    /// Any other.
    pub(super) fails: bool,
}

impl Outcome {
    const NONE: Self = Self { passes: false, fails: false };
    pub(super) const PASSES: Self = Self { passes: true, fails: false };
    pub(super) const FAILS: Self = Self { passes: false, fails: true };
    pub(super) const EITHER: Self = Self { passes: true, fails: true };

    fn or(self, other: Self) -> Self {
        Self { passes: self.passes || other.passes, fails: self.fails || other.fails }
    }

    fn negated(self) -> Self {
        Self { passes: self.fails, fails: self.passes }
    }

    fn of(passes: bool) -> Self {
        if passes { Self::PASSES } else { Self::FAILS }
    }
}

/// Where a shell may be: going on with a status, or ended with one.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    on: Outcome,
    ended: Outcome,
}

impl State {
    fn on(on: Outcome) -> Self {
        Self { on, ended: Outcome::NONE }
    }

    fn or(self, other: Self) -> Self {
        Self { on: self.on.or(other.on), ended: self.ended.or(other.ended) }
    }

    fn all(self) -> Outcome {
        self.on.or(self.ended)
    }
}

/// What decides what a command comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) programs: &'a Programs,
    pub(super) dialect: Dialect,
}

/// What a script may come to.
pub(super) fn script(list: &List, world: World<'_>) -> Outcome {
    if super::shell::commands(list).iter().any(|c| changes_the_rules(c)) {
        return Outcome::EITHER;
    }
    run(list, Outcome::PASSES, world).all()
}

/// `set -e` and `trap` make every later command mean something else.
fn changes_the_rules(simple: &Simple) -> bool {
    matches!(simple.words.first().and_then(Word::bare), Some("set" | "trap" | "eval" | "." | "source" | "alias"))
}

fn run(list: &List, before: Outcome, world: World<'_>) -> State {
    let mut state = State::on(before);
    for item in &list.0 {
        if state.on == Outcome::NONE {
            break;
        }
        let next = match item.end {
            End::Wait => chain(&item.chain, state.on, world),
            End::Background => State::on(Outcome::PASSES),
        };
        state = State { on: next.on, ended: state.ended.or(next.ended) };
    }
    state
}

fn chain(chain: &Chain, before: Outcome, world: World<'_>) -> State {
    let mut state = pipeline(&chain.first, before, world);
    for (join, next) in &chain.rest {
        let (runs, skips) = match join {
            Join::IfWell => (Outcome { fails: false, ..state.on }, Outcome { passes: false, ..state.on }),
            Join::IfNot => (Outcome { passes: false, ..state.on }, Outcome { fails: false, ..state.on }),
        };
        let then = if runs == Outcome::NONE { State::default() } else { pipeline(next, runs, world) };
        state = State { on: skips, ended: state.ended }.or(then);
    }
    state
}

fn pipeline(pipeline: &Pipeline, before: Outcome, world: World<'_>) -> State {
    let Some(last) = pipeline.commands.last() else { return State::on(Outcome::EITHER) };
    let state = match pipeline.commands.len() {
        1 => command(last, before, world),
        // Each part is a shell of its own, and the last one's status counts.
        _ if swallows(last) => State::on(Outcome::PASSES),
        _ => State::on(command(last, before, world).all()),
    };
    match pipeline.sense {
        Sense::Plain => state,
        Sense::Negated => State { on: state.on.negated(), ..state },
    }
}

/// Programs that pass whatever they are given to read.
fn swallows(command: &Command) -> bool {
    let Command::Simple(simple) = command else { return false };
    let words: Vec<_> = simple.words.iter().map(Word::bare).collect();
    matches!(words.as_slice(), [Some("cat" | "head" | "tail" | "wc" | "sort" | "uniq" | "tee" | "nl" | "rev")])
}

fn command(command: &Command, before: Outcome, world: World<'_>) -> State {
    match command {
        Command::Simple(simple) => self::simple(simple, before, world),
        Command::Subshell(list) => State::on(run(list, before, world).all()),
        Command::Group(list) => run(list, before, world),
        Command::If(branches, otherwise) => condition(branches, otherwise.as_ref(), before, world),
        Command::Opaque(_) => State { on: Outcome::EITHER, ended: Outcome::EITHER },
    }
}

fn condition(branches: &[(List, List)], otherwise: Option<&List>, before: Outcome, world: World<'_>) -> State {
    let mut all = State::default();
    for (condition, branch) in branches {
        let asked = run(condition, before, world);
        all.ended = all.ended.or(asked.ended);
        if asked.on.passes {
            all = all.or(run(branch, Outcome::PASSES, world));
        }
        if !asked.on.fails {
            return all;
        }
    }
    let rest = otherwise.map_or(State::on(Outcome::PASSES), |list| run(list, Outcome::FAILS, world));
    all.or(rest)
}

fn simple(simple: &Simple, before: Outcome, world: World<'_>) -> State {
    let plain = matches!(world.dialect, Dialect::Dash | Dialect::Ash);
    if plain && simple.redirects.iter().any(|r| r.target.is_socket()) {
        return State::on(Outcome::FAILS);
    }
    if simple.redirects.iter().any(|r| may_fail(r.kind, &r.target)) {
        return State::on(Outcome::EITHER);
    }
    let Some(first) = simple.words.first() else {
        // An assignment has the status of the substitution in it.
        let plain = simple.assignments.iter().all(|(_, w)| expand(std::slice::from_ref(w), world.scope).is_ok());
        return State::on(if plain { Outcome::PASSES } else { Outcome::EITHER });
    };
    let Ok(fields) = expand(&simple.words, world.scope) else { return unclear(first, before, world) };
    let argv: Vec<&str> = fields.iter().map(|f| f.text.as_str()).collect();
    // A deployment may set a variable to something else: only literals are compared.
    if matches!(argv.first(), Some(&("test" | "[" | "[["))) && fields.iter().any(|f| !f.from.is_empty()) {
        return State::on(Outcome::EITHER);
    }
    match argv.as_slice() {
        [] | ["exec"] | [":" | "export" | "umask" | "unset" | "readonly", ..] => State::on(Outcome::PASSES),
        ["exit"] => State { on: Outcome::NONE, ended: before },
        ["exit", status, ..] => {
            let ended = status.parse::<u32>().map_or(Outcome::FAILS, |s| Outcome::of(s % 256 == 0));
            State { on: Outcome::NONE, ended }
        }
        ["exec", argv @ ..] => State { on: Outcome::NONE, ended: program(argv, world.programs) },
        ["cd", ..] => State::on(Outcome::EITHER),
        ["[[", ..] if world.dialect == Dialect::Dash => State::on(Outcome::FAILS),
        ["break" | "continue" | "return" | "eval" | "." | "source", ..] => {
            State { on: Outcome::EITHER, ended: Outcome::EITHER }
        }
        ["command" | "builtin", argv @ ..] | argv => State::on(program(argv, world.programs)),
    }
}

/// A command whose words can't all be told: its program may be known for all that.
fn unclear(first: &Word, before: Outcome, world: World<'_>) -> State {
    match first.bare() {
        Some("exit") => State { on: Outcome::NONE, ended: before.or(Outcome::EITHER) },
        Some("echo" | "printf" | ":") => State::on(Outcome::PASSES),
        Some(name) if world.programs.lacks(name) => State::on(Outcome::FAILS),
        _ => State::on(Outcome::EITHER),
    }
}

/// Opening a file may go wrong; these can't.
fn may_fail(kind: RedirectKind, target: &Word) -> bool {
    let known = matches!(target.bare(), Some("/dev/null" | "/dev/stdout" | "/dev/stderr" | "/proc/1/fd/1"));
    kind != RedirectKind::Copy && !known
}

/// What a program may come to.
pub(super) fn program(argv: &[&str], programs: &Programs) -> Outcome {
    let Some(name) = argv.first() else { return Outcome::FAILS };
    if programs.lacks(name) {
        return Outcome::FAILS;
    }
    let python = base_name(name).starts_with("python");
    match (base_name(name), argv.get(1..).unwrap_or_default()) {
        ("true" | "echo" | "printf" | "date" | "pwd" | "whoami" | "hostname" | "uname" | "uptime", _)
        | ("ps" | "env" | "id", [])
        | ("ps", ["aux" | "-ef" | "ax" | "-e" | "-A"])
        | ("curl" | "wget" | "celery" | "gunicorn" | "uvicorn" | "pip" | "node" | "java", ["--version" | "--help"]) => {
            Outcome::PASSES
        }
        (_, ["--version" | "--help" | "-V"]) if python => Outcome::PASSES,
        ("sleep", [seconds]) if seconds.parse::<u32>().is_ok() => Outcome::PASSES,
        ("false", _) => Outcome::FAILS,
        ("test", terms) | ("[", [terms @ .., "]"]) => compare(terms),
        _ => client::outcome(argv),
    }
}

/// A test of literals; anything else may come out either way.
fn compare(terms: &[&str]) -> Outcome {
    match terms {
        [] | [""] => Outcome::FAILS,
        [term] if !term.starts_with(['-', '!', '(']) => Outcome::PASSES,
        ["-z", text] => Outcome::of(text.is_empty()),
        ["-n", text] => Outcome::of(!text.is_empty()),
        [a, "=" | "==", b] => Outcome::of(a == b),
        [a, "!=", b] => Outcome::of(a != b),
        [a, operator @ ("-eq" | "-ne"), b] => match (a.parse::<i64>(), b.parse::<i64>()) {
            (Ok(a), Ok(b)) => Outcome::of((a == b) == (*operator == "-eq")),
            _ => Outcome::FAILS,
        },
        _ => Outcome::EITHER,
    }
}
