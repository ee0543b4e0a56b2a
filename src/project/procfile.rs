//! A Procfile: which processes a project has, a line each.
//! <https://devcenter.heroku.com/articles/procfile>

use super::launch::Launch;
use super::port;
use super::{Decision, Error, Evidence, Stated};
use crate::source::SourceTree;

/// A process of a Procfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// What it is called.
    pub(crate) name: String,
    /// The command, in exec form.
    pub(crate) command: Decision<Vec<String>>,
}

/// What a shell does with a line beyond splitting it into words.
const SHELL: &[char] = &['&', ';', '|', '<', '>', '`', '$', '*', '?', '(', ')', '~', '\\', '#'];
const FILE: &str = "Procfile";

/// The process that is to be started: `web`, or the only one there is.
pub(crate) fn process(tree: &SourceTree, stated: &Stated) -> Result<Option<Process>, Error> {
    let Some(text) = tree.text(FILE)? else { return Ok(None) };
    let lines: Vec<(usize, &str, &str)> = text.lines().enumerate().filter_map(|(n, line)| read(n + 1, line)).collect();
    let others = lines.iter().filter(|(_, name, _)| *name != "release");
    let web = lines.iter().find(|(_, name, _)| *name == "web");
    // One that has other lines as well is broken, and what it has of processes is chance.
    let written = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    if web.is_none() && written.count() != lines.len() {
        return Ok(None);
    }
    let Some((line, name, written)) = web.or_else(|| others.clone().next().filter(|_| others.count() == 1)) else {
        return Ok(None);
    };
    let others: Vec<&str> = lines.iter().map(|(_, other, _)| *other).filter(|other| other != name).collect();
    let because = match others.as_slice() {
        [] => format!("the process {name} of the {FILE}"),
        _ => format!("the process {name} of the {FILE}; of the others ({}) nothing is started", others.join(", ")),
    };
    let port = stated.port.as_ref().map_or(port::DEFAULT, |port| port.value);
    let Some(mut words) = words(written, port) else { return Ok(None) };
    let all = words.len();
    words.retain(|word| word != "--reload");
    let because = if words.len() < all { format!("{because}, without its --reload") } else { because };
    let command = Decision::seen(words, because, Evidence::line(FILE, *line));
    Ok(Some(Process { name: (*name).to_owned(), command }))
}

/// `name: command`
fn read(number: usize, line: &str) -> Option<(usize, &str, &str)> {
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
        let process = process(&tree, &Stated::default()).unwrap()?;
        Some((process.command.value.join(" "), process.command.because))
    }

    fn command(text: &str) -> String {
        started(text).unwrap().0
    }

    #[test]
    fn web_or_the_only_process_is_started() {
        let (command, because) =
            started("release: ./migrate\n# no\nworker: celery -A x worker\nweb: gunicorn -b :$PORT x:a").unwrap();
        assert_eq!(command, "gunicorn -b :8000 x:a");
        assert_eq!(because, "the process web of the Procfile; of the others (release, worker) nothing is started");
        assert_eq!(started("release: ./migrate\nbot: python bot.py\n").unwrap().0, "python bot.py");
        assert_eq!(started("a: python a.py\nb: python b.py\n"), None);
        assert_eq!(started("nothing here\nweb:\n"), None);
        assert_eq!(started("web: a 'b\n"), None);
        assert_eq!(started("web:\nuvicorn\nmain:app\n--port=8000\n"), None);
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
        assert_eq!(command("web: x $PORTAL $PORT"), "sh -c exec x $PORTAL 8000");
        assert_eq!(
            command("web: cd src && python manage.py migrate; gunicorn a:b -b :$PORT"),
            "sh -c cd src && python manage.py migrate; exec gunicorn a:b -b :8000"
        );
    }
}
