//! A Procfile: which processes a project has, a line each.
//! <https://devcenter.heroku.com/articles/procfile>

use super::launch::Launch;
use super::process::writable;
use super::scan::Module;
use super::{Decision, Error, Evidence, Process, ProcessKind, Stated, is_process_name, port};
use crate::source::SourceTree;

/// What a Procfile says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Procfile {
    /// What the image starts: `web`, else the only process that goes on, else `worker`.
    pub(crate) main: Process,
    /// The others.
    pub(crate) others: Vec<Process>,
    /// The names of those of which no process could be made.
    pub(crate) unread: Vec<String>,
}

/// What a shell does with a line beyond splitting it into words.
const SHELL: &[char] = &['&', ';', '|', '<', '>', '`', '$', '*', '?', '(', ')', '~', '\\', '#'];
const FILE: &str = "Procfile";

/// Reads it, where the project has one that says what to start.
pub(crate) fn read(tree: &SourceTree, stated: &Stated) -> Result<Option<Procfile>, Error> {
    let Some(text) = tree.text(FILE)? else { return Ok(None) };
    let lines: Vec<(usize, &str, &str)> = text.lines().enumerate().filter_map(|(n, text)| line(n + 1, text)).collect();
    let find = |wanted: &str| lines.iter().find(|(_, name, _)| *name == wanted);
    let lasting = || lines.iter().filter(|(_, name, _)| *name != "release");
    let web = find("web");
    // One that has other lines as well is broken, and what it has of processes is chance.
    let written = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let is_broken = lines.iter().any(|(.., command)| holds_another(command));
    if is_broken || (web.is_none() && written.count() != lines.len()) {
        return Ok(None);
    }
    let only = lasting().next().filter(|_| lasting().count() == 1);
    let Some(first) = web.or(only).or_else(|| find("worker")) else { return Ok(None) };
    let port = stated.port.as_ref().map_or(port::DEFAULT, |port| port.value);
    let Some(main) = process(tree, first, port) else { return Ok(None) };
    let (mut others, mut unread) = (Vec::<Process>::new(), Vec::new());
    for line in lines.iter().filter(|line| line.1 != first.1) {
        let is_new = |process: &Process| others.iter().all(|other| other.name != process.name);
        match process(tree, line, port).filter(|process| is_process_name(&process.name) && is_new(process)) {
            Some(process) => others.push(process),
            None => unread.push(line.1.to_owned()),
        }
    }
    Ok(Some(Procfile { main, others, unread }))
}

/// The process of a line.
fn process(tree: &SourceTree, (line, name, written): &(usize, &str, &str), port: u16) -> Option<Process> {
    let mut words = words(written, port)?;
    let socket = socket(tree, &words);
    if let Some((at, _)) = &socket {
        words.splice(at..at, ["--bind".to_owned(), format!("0.0.0.0:{port}")]);
    }
    let all = words.len();
    words.retain(|word| word != "--reload");
    let mut because = format!("the process {name} of the {FILE}");
    if words.len() < all {
        because.push_str(", without its --reload");
    }
    if let Some((_, file)) = socket {
        because = format!("{because}, on a port instead of the socket that {file} names");
    }
    let name = name.to_ascii_lowercase().replace('_', "-");
    let kind = ProcessKind::guess(&name, &words);
    let (all, words) = (words.len(), writable(words));
    if words.len() > all {
        because.push_str(", with a file for its times that can be written");
    }
    let command = Decision::seen(words, because, Evidence::line(FILE, *line));
    Some(Process { name, kind, command, health: None })
}

/// Where gunicorn's configuration binds a socket, which no probe and no Service reaches: the place in the command behind the
/// program, and the file. <https://docs.gunicorn.org/en/stable/settings.html>
fn socket(tree: &SourceTree, words: &[String]) -> Option<(usize, String)> {
    let (at, program) = Launch::new(words).program().map(|(at, program)| (at, program.to_owned()))?;
    let named = words.iter().skip(at + 1).position(|word| matches!(word.as_str(), "-c" | "--config"));
    let attached = words.iter().find_map(|word| word.strip_prefix("--config="));
    let path = named.and_then(|n| words.get(at + n + 2)).map(String::as_str).or(attached)?;
    let path = path.trim_start_matches("file:").trim_start_matches("./");
    if program != "gunicorn" || words.iter().any(|word| word.starts_with("-b") || word.starts_with("--bind")) {
        return None;
    }
    let module = Module::new(path, &tree.text(path).ok()??);
    let mut bound = module.assigned().filter(|(_, target, _)| *target == "bind").flat_map(|(.., value)| value.texts());
    bound.any(|text| text.starts_with("unix:")).then(|| (at + 1, path.to_owned()))
}

/// `name: command`
fn line(number: usize, line: &str) -> Option<(usize, &str, &str)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (name, command) = line.split_once(':')?;
    let (name, command) = (name.trim(), command.trim());
    let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    (named && !command.is_empty()).then_some((number, name, command))
}

/// The words of a command, with a shell around it where it needs one. The platform's `$PORT` becomes the port.
fn words(written: &str, port: u16) -> Option<Vec<String>> {
    let number = port.to_string();
    let mut text = written.replace("${PORT}", &number);
    while let Some((before, rest)) = text.split_once("${PORT:-") {
        let (_, after) = rest.split_once('}')?;
        text = format!("{before}{number}{after}");
    }
    let text = bare(&text, &number);
    if text.contains(SHELL) {
        return Some(vec!["sh".to_owned(), "-c".to_owned(), in_place(text)]);
    }
    let mut words = shlex::split(&text).filter(|words| !words.is_empty())?;
    if assigns(&words[0]) {
        // What a shell would take for a variable, no runtime does.
        words.insert(0, "env".to_owned());
    }
    // gunicorn takes the platform's variable PORT by itself, and listens on loopback where there is none.
    let launch = Launch::new(&words);
    if let Some((at, "gunicorn")) = launch.program() {
        let bound = words.iter().any(|word| word.starts_with("-b") || word.starts_with("--bind") || configures(word));
        if !bound {
            words.splice(at + 1..=at, ["--bind".to_owned(), format!("0.0.0.0:{port}")]);
        }
    }
    Some(words)
}

/// Puts `exec` before the last of the joined commands, which then gets the signals that are meant for it.
fn in_place(text: String) -> String {
    let is_plain = !text.contains(['\'', '"', '|', '(', '`', '<', '>', '\\', '#']);
    let start =
        ["&&", ";"].iter().filter_map(|sign| text.rfind(sign).map(|at| at + sign.len())).max().unwrap_or_default();
    let (before, last) = text.split_at(start);
    let command = last.trim();
    let begins = command.split_whitespace().next().is_some_and(|word| word != "exec" && !word.contains('='));
    if is_plain && begins && !command.contains('&') {
        let before = before.trim_end();
        return if before.is_empty() { format!("exec {command}") } else { format!("{before} exec {command}") };
    }
    text
}

/// `NAME=value`
fn assigns(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Whether another line has run into a command: `manage.py migrateweb: gunicorn …`
fn holds_another(command: &str) -> bool {
    command.split_whitespace().any(|word| ["web:", "worker:", "release:"].iter().any(|name| word.ends_with(name)))
}

fn configures(word: &str) -> bool {
    word.starts_with("-c") || word.starts_with("--config")
}

/// Puts the port in the place of `$PORT`, but not of `$PORTAL`.
fn bare(text: &str, number: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$PORT") {
        let longer = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        out.push_str(before);
        out.push_str(if longer { "$PORT" } else { number });
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn started(text: &str) -> Option<(String, String)> {
        let tree = SourceTree::in_memory("p", [(FILE, text)]);
        let Procfile { main, .. } = read(&tree, &Stated::default()).unwrap()?;
        Some((main.command.value.join(" "), main.command.because))
    }

    fn others(text: &str) -> Vec<(String, ProcessKind, String)> {
        let tree = SourceTree::in_memory("p", [(FILE, text)]);
        let others = read(&tree, &Stated::default()).unwrap().unwrap().others;
        others.into_iter().map(|p| (p.name, p.kind, p.command.value.join(" "))).collect()
    }

    fn command(text: &str) -> String {
        started(text).unwrap().0
    }

    #[test]
    fn web_or_the_only_process_is_started() {
        let (command, because) =
            started("release: ./migrate\n# no\nworker: celery -A x worker\nweb: gunicorn -b :$PORT x:a").unwrap();
        assert_eq!(command, "gunicorn -b :8000 x:a");
        assert_eq!(because, "the process web of the Procfile");
        assert_eq!(started("beat: celery -A x beat\nworker: celery -A x worker").unwrap().0, "celery -A x worker");
        assert_eq!(started("release: ./migrate\nbot: python bot.py\n").unwrap().0, "python bot.py");
        assert_eq!(started("a: python a.py\nb: python b.py\n"), None);
        assert_eq!(started("nothing here\nweb:\n"), None);
        assert_eq!(started("web: a 'b\n"), None);
        assert_eq!(started("web:\nuvicorn\nmain:app\n--port=8000\n"), None);
    }

    #[test]
    fn a_socket_that_nothing_reaches_is_a_port() {
        let with = |config: &str, procfile: &str| {
            let tree = SourceTree::in_memory("p", [(FILE, procfile), ("deploy/gunicorn.py", config)]);
            read(&tree, &Stated::default()).unwrap().unwrap().main.command
        };
        let web = "web: gunicorn -c deploy/gunicorn.py x:a";
        let bound = with("bind = 'unix:/run/x.sock'\n", web);
        assert_eq!(bound.value.join(" "), "gunicorn --bind 0.0.0.0:8000 -c deploy/gunicorn.py x:a");
        assert!(bound.because.ends_with("on a port instead of the socket that deploy/gunicorn.py names"));
        for (config, procfile) in [
            ("bind = '0.0.0.0:9000'", web),
            ("workers = 2", web),
            ("bind = 'unix:/x'", "web: gunicorn --config=other.py x:a"),
            ("bind = 'unix:/x'", "web: gunicorn -b :$PORT -c deploy/gunicorn.py x:a"),
        ] {
            assert!(!with(config, procfile).because.contains("socket"), "{config}: {procfile}");
        }
    }

    #[test]
    fn the_others_run_beside_it() {
        let text = "release: python manage.py migrate\nMail_Worker: celery -A x worker\nbeat: celery -A x beat\n\
                    web: gunicorn x:a\nbad: 'a\n";
        let process = |name: &str, kind, command: &str| (name.to_owned(), kind, command.to_owned());
        assert_eq!(
            others(text),
            [
                process("release", ProcessKind::Release, "python manage.py migrate"),
                process("mail-worker", ProcessKind::Worker, "celery -A x worker"),
                process("beat", ProcessKind::Scheduler, "celery -A x beat --schedule /tmp/celerybeat-schedule"),
            ]
        );
        let tree = SourceTree::in_memory("p", [(FILE, "web: a\nA_b: c\na-b: d\n0: x\n")]);
        let Procfile { others, unread, .. } = read(&tree, &Stated::default()).unwrap().unwrap();
        assert_eq!((others.len(), unread), (1, vec!["a-b".to_owned(), "0".to_owned()]));
    }

    #[test]
    fn the_port_is_filled_in_and_a_shell_is_taken_where_it_is_needed() {
        assert_eq!(
            command("web: uvicorn a:b --host 0.0.0.0 --port ${PORT:-5000}"),
            "uvicorn a:b --host 0.0.0.0 --port 8000"
        );
        assert_eq!(command("web: uvicorn a:b --port=${PORT}"), "uvicorn a:b --port=8000");
        assert_eq!(command("web: gunicorn a:b --log-file -"), "gunicorn --bind 0.0.0.0:8000 a:b --log-file -");
        assert_eq!(command("web: gunicorn a:b -c gunicorn.conf.py"), "gunicorn a:b -c gunicorn.conf.py");
        assert_eq!(command("web: uvicorn --reload a:b"), "uvicorn a:b");
        assert_eq!(command("web: A_B=1 C= gunicorn x:a -b :$PORT"), "env A_B=1 C= gunicorn x:a -b :8000");
        assert_eq!(started("release: python manage.py migrateweb: gunicorn a:b\nbeat: celery -A a beat\n"), None);
        assert_eq!(command("web: x $PORTAL $PORT"), "sh -c exec x $PORTAL 8000");
        assert_eq!(
            command("web: cd src && python manage.py migrate; gunicorn a:b -b :$PORT"),
            "sh -c cd src && python manage.py migrate; exec gunicorn a:b -b :8000"
        );
    }
}
