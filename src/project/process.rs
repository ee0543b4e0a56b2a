//! Processes: what a project runs beside the command that its image starts.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::launch::Launch;
use super::{Decision, Error, paths};

/// As long as a name may be. It is part of the names of objects, after the application's.
const LONGEST: usize = 30;

/// Whether a process may be called so: a DNS label that begins with a letter, and is not long.
pub fn is_process_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(inner)
        && !name.ends_with('-')
}

/// How often, and how long, a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProcessKind {
    /// As many as are asked for, until they are ended.
    Worker,
    /// Until it is ended, and never two at a time: each would start everything once more.
    Scheduler,
    /// To its end, before what answers requests is started: migrations.
    Release,
}

impl ProcessKind {
    /// The words for them.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("worker", Self::Worker), ("scheduler", Self::Scheduler), ("release", Self::Release)];

    /// What a process is by its name and its command.
    pub(crate) fn guess(name: &str, command: &[String]) -> Self {
        let is = |words: &[&str]| words.contains(&name);
        match name {
            "release" => Self::Release,
            _ if is(&["beat", "celerybeat", "clock", "cron", "scheduler"]) || schedules(command) => Self::Scheduler,
            _ => Self::Worker,
        }
    }
}

impl fmt::Display for ProcessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES.iter().find(|(_, kind)| kind == self).map_or("", |(name, _)| name))
    }
}

/// A process beside the one that the image starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its name: a DNS label.
    pub name: String,
    /// How often, and how long, it runs.
    pub kind: ProcessKind,
    /// The command, in exec form.
    pub command: Decision<Vec<String>>,
    /// The command that checks it, where one is stated.
    pub health: Option<Vec<String>>,
}

impl fmt::Display for Process {
    /// Its name, and what it is where that says more: `mail (worker)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        titled(f, &self.name, self.kind)
    }
}

/// The name of a process, and its kind where that is another word.
pub(crate) fn titled(f: &mut fmt::Formatter<'_>, name: &str, kind: ProcessKind) -> fmt::Result {
    if kind.to_string() == name { f.write_str(name) } else { write!(f, "{name} ({kind})") }
}

/// What is stated of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedProcess {
    /// It is not to be.
    Absent,
    /// It is; what is not stated is as it was found.
    Present {
        /// The command, in exec form.
        command: Option<Decision<Vec<String>>>,
        /// How often, and how long, it runs.
        kind: Option<ProcessKind>,
        /// The command that checks it.
        health: Option<Vec<String>>,
    },
}

/// What was found, changed by what is stated; by name.
pub fn stated(found: Vec<Process>, stated: &BTreeMap<String, StatedProcess>) -> Result<Vec<Process>, Error> {
    let mut all: BTreeMap<String, Process> = found.into_iter().map(|process| (process.name.clone(), process)).collect();
    for (name, stated) in stated {
        let StatedProcess::Present { command, kind, health } = stated else {
            all.remove(name);
            continue;
        };
        let known = all.remove(name);
        let found = known.as_ref().map(|process| process.command.clone());
        let Some(command) = command.clone().or(found) else {
            return Err(Error::ProcessCommand { name: name.clone(), known: all.into_keys().collect() });
        };
        let known_kind = known.map(|process| process.kind);
        let kind = kind.or(known_kind).unwrap_or_else(|| ProcessKind::guess(name, &command.value));
        all.insert(name.clone(), Process { name: name.clone(), kind, command, health: health.clone() });
    }
    Ok(all.into_values().collect())
}

/// Whether a command is one that gives out work by the clock.
fn schedules(command: &[String]) -> bool {
    let launch = Launch::new(command);
    match launch.program().map(|(_, program)| paths::file_name(program)) {
        Some("celery") => launch.words().iter().any(|word| beats(word)),
        Some("rqscheduler") => true,
        Some("manage.py") => launch.words().iter().any(|word| word == "rqscheduler"),
        Some("rq") => launch.words().iter().any(|word| word == "cron"),
        _ => false,
    }
}

/// Whether a word of Celery's makes it give out work by the clock.
fn beats(word: &str) -> bool {
    matches!(word, "beat" | "-B" | "--beat")
}

/// A command of Celery's that keeps its times in a file gets one that can be written: the root file system is read-only.
pub(crate) fn writable(mut command: Vec<String>) -> Vec<String> {
    let launch = Launch::new(&command);
    let is_celery = launch.program().is_some_and(|(_, program)| program == "celery");
    // By --schedule and its file, or --scheduler and what keeps them elsewhere.
    let keeps = |word: &String| matches!(word.as_str(), "-s" | "-S") || word.starts_with("--schedule");
    // In a shell's text, where the words end can't be told.
    let plain = launch.words() == command.as_slice();
    if is_celery && plain && command.iter().any(|word| beats(word)) && !command.iter().any(keeps) {
        command.extend(["--schedule", "/tmp/celerybeat-schedule"].map(str::to_owned));
    }
    command
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn words(text: &str) -> Vec<String> {
        shlex::split(text).unwrap()
    }

    fn process(name: &str, command: &str) -> Process {
        let command = words(command);
        let kind = ProcessKind::guess(name, &command);
        Process { name: name.to_owned(), kind, command: Decision::assumed(command, "found"), health: None }
    }

    #[test]
    fn kinds_are_told_by_name_and_command() {
        for (name, command, kind) in [
            ("release", "python manage.py migrate", ProcessKind::Release),
            ("worker", "celery -A a worker", ProcessKind::Worker),
            ("worker", "celery -A a worker -B", ProcessKind::Scheduler),
            ("times", "celery -A a beat", ProcessKind::Scheduler),
            ("times", "sh -c 'sleep 1 && exec celery -A a beat'", ProcessKind::Scheduler),
            ("clock", "python clock.py", ProcessKind::Scheduler),
            ("a", "rqscheduler", ProcessKind::Scheduler),
            ("a", "python manage.py rqscheduler", ProcessKind::Scheduler),
            ("a", "rq cron jobs.py", ProcessKind::Scheduler),
            ("bot", "python bot.py", ProcessKind::Worker),
        ] {
            assert_eq!(ProcessKind::guess(name, &words(command)), kind, "{name}: {command}");
        }
    }

    #[test]
    fn times_are_kept_where_they_can_be() {
        for (command, added) in [
            ("celery -A a beat", true),
            ("python -m celery -A a worker --beat", true),
            ("celery -A a worker", false),
            ("celery -A a beat -s /data/times", false),
            ("celery -A a beat --scheduler django_celery_beat.schedulers:DatabaseScheduler", false),
            ("python beat", false),
        ] {
            let became = writable(words(command));
            assert_eq!(became.len() > words(command).len(), added, "{became:?}");
        }
    }

    #[test]
    fn what_is_stated_beats_what_is_found() {
        let found = || vec![process("worker", "celery -A a worker"), process("clock", "python clock.py")];
        let present = |command: Option<&str>, kind| StatedProcess::Present {
            command: command.map(|text| Decision::assumed(words(text), "stated")),
            kind,
            health: None,
        };
        let with = |name: &str, of: StatedProcess| stated(found(), &BTreeMap::from([(name.to_owned(), of)]));
        let names = |all: &[Process]| all.iter().map(|process| process.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&with("worker", StatedProcess::Absent).unwrap()), ["clock"]);
        assert_eq!(names(&with("nobody", StatedProcess::Absent).unwrap()), ["clock", "worker"]);
        let more = with("mail", present(Some("python mail.py"), None)).unwrap();
        assert_eq!(names(&more), ["clock", "mail", "worker"]);
        let changed = with("clock", present(None, Some(ProcessKind::Worker))).unwrap();
        assert_eq!((changed[0].kind, changed[0].command.value.len()), (ProcessKind::Worker, 2));
        let error = with("wroker", present(None, None)).unwrap_err().to_string();
        assert_eq!(error, "the process wroker has no command");
    }
}
