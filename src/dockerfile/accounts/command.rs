//! A command: a program with its words, and what it may leave behind.

use super::options::Arg;
use super::run::Run;
use super::shell::{self, Word};
use super::table::{Is, Kind};
use super::tool::{Effect, Stop, Tool};
use super::world::{Outcome, Presence, World};
use super::{MOST_ACCOUNTS, TOOL_WORK, busybox, debian, files, packages, programs, shadow};
use crate::dockerfile::bases::Family;

/// Follows a command.
pub(super) fn command(run: &mut Run, words: &[Arg], world: World) -> Outcome {
    let Some((first, rest)) = words.split_first() else { return Outcome::ok(world) };
    let Some(path) = first.text() else { return run.lost(world, "which program it runs isn't known".to_owned()) };
    let name = path.rsplit('/').next().unwrap_or_default();
    if let Some(effect) = tool(run, name, rest, &world) {
        return follow(run, effect, world);
    }
    if packages::is_manager(name) {
        return packages::manage(run, name, rest, world);
    }
    match name {
        ":" | "true" | "cd" | "pushd" | "popd" | "shift" | "trap" | "alias" | "unalias" | "wait" | "ulimit"
        | "umask" | "echo" => Outcome::ok(world),
        "false" => {
            run.failure = Some("false".to_owned());
            Outcome::failed(world)
        }
        // What chroot changes is in another root.
        "test" | "[" | "[[" | "chroot" => Outcome::either(world),
        "set" => Outcome::ok(set(rest, world)),
        "export" | "readonly" | "local" | "declare" | "typeset" => Outcome::ok(declare(rest, world)),
        "read" | "unset" | "getopts" | "mapfile" | "readarray" => Outcome::either(forget(rest, world)),
        "exit" | "return" => exit(run, rest, world),
        "exec" if rest.is_empty() => Outcome::ok(world),
        "exec" => {
            let mut outcome = command(run, rest, world);
            let reason = run.reason("how a program ends isn't certain");
            run.exits.1 = super::world::merge(run.exits.1.take(), outcome.not_ok(&reason), &reason);
            run.exits.0 = super::world::merge(run.exits.0.take(), outcome.ok, &reason);
            Outcome::default()
        }
        "command" | "which" | "type" | "hash" if asks(name, rest) => presence(rest, world),
        "command" | "builtin" | "nohup" | "time" | "eatmydata" | "sudo" | "doas" | "env" | "nice" | "timeout"
        | "chronic" => wrapped(run, name, rest, world),
        "sh" | "bash" | "ash" | "dash" => inner(run, name, rest, world),
        "id" | "getent" | "grep" => query(name, rest, world),
        "find" | "xargs" => applied(run, name, rest, world),
        "su" | "runuser" | "gosu" | "su-exec" | "setpriv" => {
            run.lost(world, format!("{name} may run something as root"))
        }
        _ => other(run, name, rest, world),
    }
}

/// Follows a command some of whose words can't be told apart.
pub(super) fn unsplit(run: &mut Run, first: Option<&Word>, words: &[Word], world: World) -> Outcome {
    let name = first.and_then(shell::literal);
    let name = name.as_deref().map(|path| path.rsplit('/').next().unwrap_or_default());
    let args: Vec<_> = words.iter().skip(1).map(|word| shell::literal(word).map_or(Arg::Unknown, Arg::Known)).collect();
    match name {
        Some("echo" | "printf" | "test" | "[" | "[[" | "cd") => Outcome::either(world),
        Some("export" | "local" | "declare" | "read" | "unset" | "set") => {
            Outcome::either(forget(&[Arg::Unknown], world))
        }
        Some("exit" | "return") => exit(run, &[Arg::Unknown], world),
        Some(name) if packages::is_manager(name) => packages::manage(run, name, &args, world),
        Some(name) if programs::is_inert(name) => other(run, name, &args, world),
        Some("find") => applied(run, "find", &args, world),
        Some(name) if super::tool::adds(name) => run.more(world, format!("the words of {name} aren't known")),
        Some(name) => run.lost(world, format!("the words of {name} aren't known")),
        None => run.lost(world, "which program it runs isn't known".to_owned()),
    }
}

/// What one of the tools that change accounts does.
fn tool(run: &Run, name: &str, words: &[Arg], world: &World) -> Option<Effect> {
    type Work = fn(&mut Tool, &[Arg]) -> Result<(), Stop>;
    let shadow: Option<Work> = match name {
        "useradd" => Some(shadow::useradd),
        "usermod" => Some(shadow::usermod),
        "userdel" => Some(shadow::userdel),
        "groupadd" => Some(shadow::groupadd),
        "groupmod" => Some(shadow::groupmod),
        "groupdel" => Some(shadow::groupdel),
        "gpasswd" => Some(shadow::gpasswd),
        _ => None,
    };
    let perl: Option<(Work, Work)> = match name {
        "adduser" => Some((debian::adduser, busybox::adduser)),
        "addgroup" => Some((debian::addgroup, busybox::addgroup)),
        "deluser" => Some((debian::deluser, busybox::deluser)),
        "delgroup" => Some((debian::delgroup, busybox::delgroup)),
        _ => None,
    };
    let family = run.base.map(|base| base.family);
    let (work, presence) = match (shadow, perl) {
        (Some(work), _) => (work, world.shadow),
        (None, Some((debian, busybox))) => match family {
            Some(Family::Debian | Family::Ubuntu) => (debian, world.adduser),
            Some(Family::Alpine | Family::Busybox) => (busybox, world.adduser),
            // -g and --gid are the same to all that have addgroup.
            _ if name == "addgroup" && busybox::reads_group(words) => (busybox, world.adduser),
            _ if busybox::reads(words) => (busybox, world.adduser),
            _ if debian::reads(words) => (debian, world.adduser),
            _ => (unknown_kind as Work, world.adduser),
        },
        (None, None) => return None,
    };
    Some(Tool::new(name, run.line, run.base, world.clone()).run(|tool| {
        tool.present(presence)?;
        work(tool, words)
    }))
}

fn unknown_kind(_: &mut Tool, _: &[Arg]) -> Result<(), Stop> {
    Err(Stop::Unclear("of which kind it is depends on the base image".to_owned()))
}

fn follow(run: &mut Run, effect: Effect, before: World) -> Outcome {
    run.spend(TOOL_WORK);
    if before.table.users.len() + before.table.groups.len() > MOST_ACCOUNTS {
        return run.lost(before, format!("it makes more than {MOST_ACCOUNTS} accounts"));
    }
    match effect {
        Effect::Done(after) => Outcome::ok(after),
        Effect::Perhaps(after) => Outcome { ok: Some(after), failed: Some(before), overlooked: None },
        Effect::Fails(why) => {
            run.failure = Some(why);
            Outcome::failed(before)
        }
        Effect::Broken(after, why) => {
            run.failure = Some(why);
            Outcome::failed(after)
        }
        Effect::Adds(why) => run.more(before, why),
        Effect::Unclear(why) => run.lost(before, why),
    }
}

/// A program that changes no accounts, unless its words tell otherwise, or one that isn't known.
fn other(run: &Run, name: &str, words: &[Arg], world: World) -> Outcome {
    if !programs::is_inert(name) {
        return run.lost(world, format!("{name} is run as root, and may change accounts"));
    }
    if name == "printf" && words.first().and_then(Arg::text) == Some("-v") {
        return Outcome::either(forget(&[Arg::Unknown], world));
    }
    if name != "printf" && words.iter().filter_map(Arg::text).any(programs::tells) {
        return run.lost(world, format!("{name} may change accounts: its words tell of them"));
    }
    // What is copied is only read.
    let plain_copy = name == "cp" && words.iter().all(|word| word.text().is_some_and(|text| !text.starts_with("-t")));
    let written = if plain_copy { words.get(words.len().saturating_sub(1)..).unwrap_or_default() } else { words };
    if name != "printf" && !programs::only_reads(name, words) && written.iter().any(files::mentions) {
        return run.lost(world, format!("{name} may change an account file"));
    }
    let folder = |word: &Arg| {
        let text = word.text().unwrap_or_default();
        let text = text.strip_prefix("-C").or_else(|| text.strip_prefix("--directory=")).unwrap_or(text);
        files::is_account_folder(text.strip_prefix("-d").unwrap_or(text))
    };
    if programs::fills_folders(name) && words.iter().any(folder) {
        return run.lost(world, format!("what {name} puts into a folder may be an /etc/passwd"));
    }
    Outcome::either(world)
}

fn set(words: &[Arg], mut world: World) -> World {
    let mut texts = words.iter().map(Arg::text);
    while let Some(text) = texts.next() {
        let Some(text) = text else {
            (world.errexit, world.pipefail) = (Presence::Perhaps, Presence::Perhaps);
            return forget(&[Arg::Unknown], world);
        };
        let on = match text.chars().next() {
            Some('-') => Presence::Yes,
            Some('+') => Presence::No,
            _ => break,
        };
        if text == "--" {
            break;
        }
        if text.contains('e') {
            world.errexit = on;
        }
        if text.ends_with('o') {
            match texts.next().flatten() {
                Some("pipefail") => world.pipefail = on,
                Some("errexit") => world.errexit = on,
                _ => {}
            }
        }
    }
    world
}

fn declare(words: &[Arg], mut world: World) -> World {
    for word in words {
        match word.text().map(|text| text.split_once('=')) {
            Some(Some((name, value))) => world.set(name, Some(value.to_owned())),
            Some(None) => {}
            None => return forget(&[Arg::Unknown], world),
        }
    }
    world
}

/// Variables whose values aren't known any more; all of them where their names aren't.
pub(super) fn forget(names: &[Arg], mut world: World) -> World {
    for name in names {
        match name.text() {
            Some(name) => world.set(name, None),
            None => world.forget_variables(),
        }
    }
    world
}

fn exit(run: &mut Run, words: &[Arg], world: World) -> Outcome {
    let reason = run.reason("how a script ends isn't certain");
    let code = words.first().map(Arg::text);
    if code != Some(Some("0")) {
        run.exits.1 = super::world::merge(run.exits.1.take(), Some(world.clone()), &reason);
        run.failure.get_or_insert_with(|| "it exits".to_owned());
    }
    if matches!(code, None | Some(None | Some("0"))) {
        run.exits.0 = super::world::merge(run.exits.0.take(), Some(world), &reason);
    }
    Outcome::default()
}

/// Whether it is a question where a program is.
fn asks(name: &str, words: &[Arg]) -> bool {
    name != "command" || words.first().and_then(Arg::text).is_some_and(|text| matches!(text, "-v" | "-V"))
}

fn presence(words: &[Arg], world: World) -> Outcome {
    let name = words.iter().rev().find_map(Arg::text).unwrap_or_default();
    let presence = match name {
        "useradd" | "usermod" | "userdel" | "groupadd" | "groupmod" | "groupdel" => world.shadow,
        "adduser" | "addgroup" | "deluser" => world.adduser,
        _ => Presence::Perhaps,
    };
    match presence {
        Presence::Yes => Outcome::ok(world),
        Presence::No => Outcome::failed(world),
        Presence::Perhaps => Outcome::either(world),
    }
}

/// A program that runs the program that follows it.
fn wrapped(run: &mut Run, name: &str, words: &[Arg], world: World) -> Outcome {
    let mut rest = words;
    let mut number = name == "timeout";
    while let Some((Arg::Known(text), after)) = rest.split_first() {
        let takes_value = match name {
            "sudo" | "doas" if text == "-u" || text == "--user" => {
                let root = after.first().and_then(Arg::text) == Some("root");
                if !root {
                    return Outcome::either(world);
                }
                true
            }
            "sudo" => matches!(text.as_str(), "-g" | "-h" | "-p"),
            "env" => text == "-u",
            "nice" => text == "-n",
            "timeout" => matches!(text.as_str(), "-k" | "-s"),
            _ => false,
        };
        if takes_value {
            rest = after.get(1..).unwrap_or_default();
        } else if text.starts_with('-') || (matches!(name, "env" | "sudo") && text.contains('=')) {
            rest = after;
        } else if number {
            number = false;
            rest = after;
        } else {
            break;
        }
    }
    let mut outcome = command(run, rest, world);
    if matches!(name, "sudo" | "doas" | "timeout" | "eatmydata" | "chronic") {
        // It may not be there, or may end the program.
        let ok = outcome.ok.clone();
        let reason = run.reason(&format!("whether {name} runs it isn't certain"));
        outcome.failed = super::world::merge(outcome.failed, ok, &reason);
    }
    outcome
}

/// `sh -c TEXT`.
fn inner(run: &mut Run, name: &str, words: &[Arg], world: World) -> Outcome {
    let lost = |run: &Run, world| run.lost(world, format!("{name} runs a script that isn't read here"));
    let mut inside = world.clone();
    (inside.errexit, inside.pipefail) = (Presence::No, Presence::No);
    let mut rest = words;
    while let Some((Arg::Known(option), after)) = rest.split_first() {
        let Some(letters) = option.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        rest = after;
        if letters.starts_with('-') {
            continue;
        }
        if letters.contains('e') {
            inside.errexit = Presence::Yes;
        }
        if letters.ends_with('o') {
            if after.first().and_then(Arg::text) == Some("pipefail") {
                inside.pipefail = Presence::Yes;
            }
            rest = after.get(1..).unwrap_or_default();
        }
        if letters.contains('c') {
            let Some(text) = rest.first().and_then(Arg::text) else { return lost(run, world) };
            let mut outcome = run.script(text, inside);
            for after in [&mut outcome.ok, &mut outcome.failed].into_iter().flatten() {
                after.variables = std::sync::Arc::clone(&world.variables);
                (after.errexit, after.pipefail) = (world.errexit, world.pipefail);
            }
            return outcome;
        }
    }
    lost(run, world)
}

/// Whether somebody is there, where that is what is asked.
fn query(name: &str, words: &[Arg], world: World) -> Outcome {
    let Some(texts) = words.iter().map(Arg::text).collect::<Option<Vec<_>>>() else { return Outcome::either(world) };
    let (flags, operands): (Vec<&str>, Vec<&str>) = texts.into_iter().partition(|text| text.starts_with('-'));
    let user = |name: &str| super::tool::there(world.table.user(name));
    let group = |name: &str| super::tool::there(world.table.group(name));
    let is = match (name, operands.as_slice()) {
        ("id", [name]) if name.parse::<u32>().is_err() => user(name),
        ("getent", ["passwd", key]) => key.parse().map_or_else(|_| user(key), |id| world.table.taken(Kind::Users, id)),
        ("getent", ["group", key]) => key.parse().map_or_else(|_| group(key), |id| world.table.taken(Kind::Groups, id)),
        ("grep", [pattern, file])
            if flags.iter().all(|flag| matches!(*flag, "-q" | "-E" | "-qE" | "-Eq" | "-s" | "-qs")) =>
        {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            let name = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix(':'));
            match (name.filter(|name| name.chars().all(plain)), *file) {
                (Some(name), "/etc/passwd") => user(name),
                (Some(name), "/etc/group") => group(name),
                _ => return Outcome::either(world),
            }
        }
        _ => return Outcome::either(world),
    };
    match is {
        Is::Yes(()) => Outcome::ok(world),
        Is::No => Outcome::failed(world),
        Is::Perhaps(_) => Outcome::either(world),
    }
}

/// `find … -exec PROGRAM` and `xargs PROGRAM`.
fn applied(run: &Run, name: &str, words: &[Arg], world: World) -> Outcome {
    if words.iter().filter_map(Arg::text).any(programs::tells) {
        return run.lost(world, format!("{name} may change accounts: its words tell of them"));
    }
    let inert = |word: Option<&Arg>| {
        word.and_then(Arg::text).is_some_and(|path| programs::is_inert(path.rsplit('/').next().unwrap_or_default()))
    };
    let fine = match name {
        "find" => words.iter().enumerate().all(|(at, word)| match word.text() {
            Some("-exec" | "-execdir" | "-ok" | "-okdir") => inert(words.get(at + 1)),
            _ => true,
        }),
        _ => words.iter().any(|word| inert(Some(word))),
    };
    if fine { Outcome::either(world) } else { run.lost(world, format!("{name} runs a program that isn't known here")) }
}
