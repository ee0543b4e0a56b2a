//! A check's command, taken apart.

use std::collections::BTreeSet;

use super::client::{self, Call};
use super::outcome::{self, Outcome, World};
use super::shell::{
    self, Chain, Command, Dialect, Join, List, RedirectKind, Scope, Script, Sense, Simple, Word, expand,
};
use super::subject::{Environment, Programs, base_name};
use crate::image::contract::Test;

/// A check's command.
pub(super) struct Check<'a> {
    /// As people write it, on one line and not too long.
    pub(super) shown: String,
    /// What is run.
    pub(super) form: Form<'a>,
    /// Variables that the script sets itself.
    assigned: BTreeSet<String>,
}

/// How a check is run.
pub(super) enum Form<'a> {
    /// A program with its arguments.
    Program(&'a [String]),
    /// A shell with a text, and what was understood of that.
    Shell { text: &'a str, dialect: Dialect, script: Result<Script, shell::Unread> },
}

/// What the shell does itself.
const BUILTINS: &[&str] = &[
    ".", ":", "[", "[[", "alias", "break", "builtin", "cd", "command", "continue", "declare", "echo", "eval", "exec",
    "exit", "export", "false", "hash", "kill", "let", "local", "printf", "pwd", "read", "readonly", "return", "set",
    "shift", "source", "test", "times", "trap", "true", "type", "ulimit", "umask", "unset", "wait",
];
/// Commands that a check runs are looked at up to here.
const MOST: usize = 64;

impl<'a> Check<'a> {
    pub(super) fn read(test: &'a Test, programs: &Programs) -> Self {
        let form = match test {
            Test::Shell(line) => Form::shell(line, dialect("/bin/sh", programs)),
            Test::Exec(argv) => match argv.as_slice() {
                [name, flag, line, ..] if is_shell(name) && is_text_flag(flag) => {
                    Form::shell(line, dialect(name, programs))
                }
                argv => Form::Program(argv),
            },
        };
        let assigned = match &form {
            Form::Shell { script: Ok(script), .. } => shell::assigned(&script.list),
            _ => BTreeSet::new(),
        };
        let shown = match test {
            Test::Shell(line) => shown(line),
            Test::Exec(argv) => shown(&argv.join(" ")),
        };
        Self { shown, form, assigned }
    }

    fn scope<'s>(&'s self, env: &'s Environment) -> Scope<'s> {
        Scope { env, assigned: &self.assigned }
    }

    /// Every command that it may run, those of shells in it too.
    pub(super) fn commands(&self) -> Vec<Simple> {
        match &self.form {
            Form::Program(argv) => vec![literal(argv)],
            Form::Shell { script: Ok(script), .. } => nested(&script.list, 0),
            Form::Shell { script: Err(_), .. } => Vec::new(),
        }
    }

    /// What it asks, in the order of its text.
    pub(super) fn calls(&self, env: &Environment, programs: &Programs) -> Vec<Call> {
        let call = |simple: &Simple| call(simple, self.scope(env), programs).ok();
        self.commands().iter().filter_map(call).collect()
    }

    /// The one call that it is, or why it is more or less than that.
    pub(super) fn only_call(&self, env: &Environment, programs: &Programs) -> Result<Call, String> {
        match &self.form {
            Form::Program(argv) => call(&literal(argv), self.scope(env), programs),
            Form::Shell { script: Err(why), .. } => Err(format!("its text is not understood: {}", why.0)),
            Form::Shell { script: Ok(script), dialect, .. } => {
                let simple = single(&script.list)?;
                if simple.redirects.iter().any(|r| r.target.is_socket()) && *dialect != Dialect::Bash {
                    return Err("only bash knows /dev/tcp, and which shell runs it is not known".to_owned());
                }
                call(simple, self.scope(env), programs)
            }
        }
    }

    /// What it may come to, whatever the service does.
    pub(super) fn outcome(&self, env: &Environment, programs: &Programs) -> Outcome {
        match &self.form {
            Form::Program(argv) => {
                let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
                match argv.first() {
                    // These are the shell's own, and no files.
                    Some(&("exit" | ":" | "cd" | "export" | "exec" | "eval" | "source" | "." | "return" | "set")) => {
                        Outcome::FAILS
                    }
                    _ => outcome::program(&argv, programs),
                }
            }
            Form::Shell { script: Ok(script), dialect, .. } => {
                outcome::script(&script.list, World { scope: self.scope(env), programs, dialect: *dialect })
            }
            Form::Shell { script: Err(_), .. } => Outcome::EITHER,
        }
    }
}

impl<'a> Form<'a> {
    fn shell(text: &'a str, dialect: Dialect) -> Self {
        Self::Shell { text, dialect, script: shell::read(text, dialect) }
    }
}

/// The programs whose presence decides what comes of a check: whoever has the image looks exactly these up.
pub fn programs(test: &Test) -> Vec<String> {
    let check = Check::read(test, &Programs::default());
    let shell = match (test, &check.form) {
        (Test::Shell(_), _) => Some("/bin/sh".to_owned()),
        (Test::Exec(argv), Form::Shell { .. }) => argv.first().cloned(),
        _ => None,
    };
    let mut names: Vec<String> = shell.into_iter().collect();
    let script = matches!(check.form, Form::Shell { .. });
    for name in check.commands().iter().flat_map(names_of) {
        if !(names.contains(&name) || script && BUILTINS.contains(&name.as_str())) {
            names.push(name);
        }
    }
    names.truncate(MOST);
    names
}

/// The programs that a command needs: its own, and one that it is to run.
pub(super) fn names_of(simple: &Simple) -> Vec<String> {
    let mut names = Vec::new();
    let words: Vec<Option<String>> = simple.words.iter().map(Word::text).collect();
    let mut rest = words.as_slice();
    while let [Some(name), after @ ..] = rest {
        names.push(name.clone());
        rest = match (base_name(name), after) {
            ("exec" | "command" | "nohup" | "env", after) | ("timeout", [_, after @ ..]) => after,
            _ => break,
        };
    }
    names.retain(|n| !n.is_empty() && !n.starts_with('-'));
    names
}

/// Whether a program is the shell's own.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name)
}

/// Whether a name is a shell's.
pub(super) fn is_shell(name: &str) -> bool {
    matches!(base_name(name), "sh" | "bash" | "ash" | "dash")
}

fn is_text_flag(flag: &str) -> bool {
    matches!(flag, "-c" | "-ec" | "-lc" | "-euc")
}

fn dialect(name: &str, programs: &Programs) -> Dialect {
    match (base_name(name), programs.file(name)) {
        ("bash", _) | (_, Some("bash")) => Dialect::Bash,
        ("dash", _) | (_, Some("dash")) => Dialect::Dash,
        ("ash", _) | (_, Some("busybox" | "busybox.static")) => Dialect::Ash,
        _ => Dialect::Unknown,
    }
}

/// On one line, and no longer than a message can bear.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// A program with its arguments, as a script would have it in quotes.
fn literal(argv: &[String]) -> Simple {
    let word = |text: &String| Word(vec![shell::Part::Text(text.clone(), shell::Quoting::Quoted)]);
    Simple { words: argv.iter().map(word).collect(), ..Simple::default() }
}

fn nested(list: &List, depth: usize) -> Vec<Simple> {
    let mut found: Vec<Simple> = Vec::new();
    for simple in shell::commands(list) {
        if found.len() >= MOST {
            break;
        }
        found.push(simple.clone());
        let words: Vec<_> = simple.words.iter().map(Word::text).collect();
        if let [Some(name), Some(flag), Some(text), ..] = words.as_slice()
            && is_shell(name)
            && is_text_flag(flag)
            && depth < 2
            && let Ok(script) = shell::read(text, Dialect::Unknown)
        {
            found.extend(nested(&script.list, depth + 1));
        }
    }
    found.truncate(MOST);
    found
}

/// The one command of a list, whose outcome is the list's.
fn single(list: &List) -> Result<&Simple, String> {
    let several = || "it is more than one call of one client".to_owned();
    let [item] = list.0.as_slice() else { return Err(several()) };
    let Chain { first, rest } = &item.chain;
    if item.end != shell::End::Wait || first.sense != Sense::Plain || !rest.iter().all(|(j, p)| is_failure(*j, p)) {
        return Err(several());
    }
    match first.commands.as_slice() {
        [Command::Simple(simple)] => Ok(simple),
        [Command::Subshell(list) | Command::Group(list)] => single(list),
        [Command::Opaque(why)] => Err((*why).to_owned()),
        [_] => Err(several()),
        _ => Err("what comes out of it is read by another program".to_owned()),
    }
}

/// `|| exit 1`, `|| false`
fn is_failure(join: Join, pipeline: &shell::Pipeline) -> bool {
    let [Command::Simple(simple)] = pipeline.commands.as_slice() else { return false };
    let words: Vec<_> = simple.words.iter().map(Word::text).collect();
    let words: Vec<_> = words.iter().map(Option::as_deref).collect();
    let fails = match words.as_slice() {
        [Some("false" | "exit")] => true,
        [Some("exit"), Some(status)] => status.parse::<u8>().is_ok_and(|s| s != 0),
        _ => false,
    };
    join == Join::IfNot && pipeline.sense == Sense::Plain && simple.redirects.is_empty() && fails
}

/// What a command asks, or why that can't be told.
fn call(simple: &Simple, scope: Scope<'_>, programs: &Programs) -> Result<Call, String> {
    if !simple.assignments.is_empty() {
        return Err("it sets a variable for its client".to_owned());
    }
    let fields = expand(&simple.words, scope).map_err(|why| why.0)?;
    let mut sockets = simple.redirects.iter().filter(|r| r.target.is_socket());
    if let Some(socket) = sockets.next() {
        let opens = matches!(fields.first().map(|f| f.text.as_str()), None | Some("exec" | ":" | "true" | "echo"));
        let target = expand(std::slice::from_ref(&socket.target), scope).map_err(|why| why.0)?;
        return match target.first().and_then(client::dev_tcp) {
            Some(call) if opens && simple.redirects.len() == 1 => Ok(call),
            _ => Err("it does more than open a connection".to_owned()),
        };
    }
    let quiet = |r: &shell::Redirect| {
        let copies =
            r.kind == RedirectKind::Copy && r.target.bare().is_some_and(|t| t.bytes().all(|b| b.is_ascii_digit()));
        copies || r.target.bare() == Some("/dev/null")
    };
    if !simple.redirects.iter().all(quiet) {
        return Err("its output goes to a file".to_owned());
    }
    let [command, ..] = fields.as_slice() else { return Err("it runs no program".to_owned()) };
    let file = programs.file(&command.text);
    Ok(client::read(&fields, file))
}
