//! The faults of a health check.

use super::check::{Check, Form, is_builtin, is_shell, names_of};
use super::client::{Call, Remark, is_python};
use super::listen;
use super::outcome::Outcome;
use super::shell::{Dialect, Simple, Word};
use super::subject::{Programs, Subject, base_name};
use super::url::Place;
use crate::image::contract::{Healthcheck, Protocol, Test};
use crate::image::duration::GoDuration;
use crate::workload::finding::{self, Code, Finding, Severity};

mod variables;

/// Everything that is wrong with a check, or worth knowing.
pub(super) fn find(check: &Healthcheck, read: &Check<'_>, subject: &Subject<'_>) -> Vec<Finding> {
    let mut faults = Faults { read, subject, found: Vec::new() };
    match &check.test {
        Test::Exec(argv) => faults.exec_form(argv),
        Test::Shell(text) => faults.shell_form(text),
    }
    let commands = read.commands();
    faults.kills(&commands);
    variables::find(&commands, &mut faults);
    faults.missing(&commands);
    if !faults.refuses() {
        faults.constant();
    }
    if !faults.refuses() {
        let calls = read.calls(subject.env, subject.programs);
        for call in &calls {
            faults.call(call);
        }
        if let Ok(call) = read.only_call(subject.env, subject.programs) {
            faults.errors_pass(&call);
        }
        faults.addresses(&calls);
    }
    faults.shell();
    faults.times(check);
    faults.found.dedup();
    faults.found
}

struct Faults<'a> {
    read: &'a Check<'a>,
    subject: &'a Subject<'a>,
    found: Vec<Finding>,
}

/// Clients that take every word for an address or an option of their own.
fn is_client(name: &str) -> bool {
    matches!(
        base_name(name),
        "curl" | "wget" | "nc" | "ncat" | "netcat" | "grpc_health_probe" | "pg_isready" | "redis-cli" | "mysqladmin"
    )
}

impl Faults<'_> {
    fn add(&mut self, code: &'static Code, message: String) {
        self.found.push(Finding::of(code, message).at(self.subject.line));
    }

    fn refuses(&self) -> bool {
        self.found.iter().any(|f| f.severity == Severity::Error)
    }

    /// The check as a message names it.
    fn check(&self) -> String {
        format!("the HEALTHCHECK `{}`", self.read.shown)
    }

    fn exec_form(&mut self, argv: &[String]) {
        let Some(name) = argv.first() else { return };
        let known = self.subject.programs.file(name).is_some();
        if matches!(name.as_str(), "CMD" | "CMD-SHELL" | "NONE") {
            let message = format!("{} has {name} in its brackets, so it starts a program of that name", self.check());
            return self.add(&finding::FORM_WORD, message);
        }
        if name.contains(char::is_whitespace) && !known {
            let message = format!("{} starts a program whose name is the whole of {name:?}", self.check());
            return self.add(&finding::ONE_WORD, message);
        }
        // The text for a shell is its third word; what follows is not run.
        let words = if is_shell(name) { argv.get(3..) } else { argv.get(1..) };
        let operator =
            |w: &&String| matches!(w.as_str(), "||" | "&&" | "|" | ">" | ">>" | "2>&1" | "2>/dev/null" | ">/dev/null");
        let Some(word) = words.unwrap_or_default().iter().find(operator) else { return };
        let message = format!("{} hands {word:?} to {name} as an argument: no shell reads it", self.check());
        let refused = is_client(name) || is_shell(name) || matches!(name.as_str(), "test" | "[");
        self.add(if refused { &finding::OPERATORS } else { &finding::OPERATORS_PASSED }, message);
    }

    fn shell_form(&mut self, text: &str) {
        let text = text.trim_start();
        let json = text.starts_with('[') && !text.starts_with("[ ") && !text.starts_with("[[");
        if json {
            let message =
                format!("{} is no JSON, so Docker gives it to a shell, which finds no such program", self.check());
            self.add(&finding::NOT_JSON, message);
        }
    }

    /// A check that ends the service by itself.
    fn kills(&mut self, commands: &[Simple]) {
        let kill = |simple: &Simple| {
            let words: Vec<String> = simple.words.iter().filter_map(Word::text).collect();
            let Some((name, arguments)) = words.split_first() else { return false };
            let asks = arguments.first().is_some_and(|a| matches!(a.as_str(), "-0" | "-l"));
            match base_name(name) {
                "kill" => {
                    !asks && arguments.iter().skip(1).chain(arguments.first()).any(|a| a == "1") || all(arguments)
                }
                "reboot" | "shutdown" | "halt" | "poweroff" => true,
                _ => false,
            }
        };
        let unread = match &self.read.form {
            Form::Shell { text, script: Err(_), .. } => {
                text.split_whitespace().collect::<Vec<_>>().windows(3).any(|w| {
                    w.first() == Some(&"kill")
                        && w.iter().skip(1).any(|w| w.trim_end_matches([';', ')', '\'', '"']) == "1")
                })
            }
            _ => false,
        };
        if unread || commands.iter().any(kill) {
            let message = format!("{} ends the container by itself", self.check());
            self.add(&finding::KILLS, message);
        }
    }

    /// Programs that are not there, and a shell that isn't.
    fn missing(&mut self, commands: &[Simple]) {
        let programs = self.subject.programs;
        let shell = match &self.read.form {
            Form::Shell { .. } => self.shell_name(),
            Form::Program(_) => None,
        };
        if let Some(shell) = shell.filter(|name| programs.lacks(name)) {
            let message = format!(
                "{} is run by {shell}, which the image does not have: Docker would call it unhealthy, and a kubelet \
                 throws the error away, so that it is never ready and never started anew",
                self.check()
            );
            return self.add(&finding::NO_SHELL, message);
        }
        let names: Vec<String> = commands.iter().flat_map(names_of).collect();
        let script = matches!(self.read.form, Form::Shell { .. });
        let lacking: Vec<&str> = names.iter().map(String::as_str).filter(|n| programs.lacks(n)).collect();
        if let Some(name) = lacking.first() {
            let without = self.read.outcome(self.subject.env, programs);
            let with = self.read.outcome(self.subject.env, &Programs::default());
            if without == Outcome::FAILS && with.passes {
                let what = if script {
                    "the shell does not find it, so the check always fails (status 127)".to_owned()
                } else {
                    "Docker would call it unhealthy, and a kubelet throws the error away, so that it is never ready \
                     and never started anew"
                        .to_owned()
                };
                let message = format!("{} needs {name}, which the image does not have: {what}", self.check());
                let mut found = Finding::of(&finding::NO_CLIENT, message).at(self.subject.line);
                if !matches!(base_name(name), "curl" | "wget") {
                    found = found.hint(format!("install {name}, or copy it into the image"));
                }
                self.found.push(found);
            }
        }
        self.unknown(&names, script);
    }

    fn unknown(&mut self, names: &[String], script: bool) {
        let programs = self.subject.programs;
        let open =
            |n: &&String| is_seldom(base_name(n)) && programs.presence(n).is_none() && !(script && is_builtin(n));
        let mut open: Vec<&str> = names.iter().filter(open).map(String::as_str).collect();
        open.dedup();
        if !open.is_empty() {
            let message = format!("{} needs {}, and slim images lack it", self.check(), open.join(" and "));
            self.add(&finding::CLIENT_UNKNOWN, message);
        }
    }

    fn shell_name(&self) -> Option<String> {
        match self.subject.check.map(|c| &c.test) {
            Some(Test::Exec(argv)) => argv.first().cloned(),
            Some(Test::Shell(_)) => Some("/bin/sh".to_owned()),
            None => None,
        }
    }

    /// A check whose outcome is always the same checks nothing.
    fn constant(&mut self) {
        match self.read.outcome(self.subject.env, self.subject.programs) {
            Outcome { passes: true, fails: false } => {
                let message = format!("{} can never fail", self.check());
                self.add(&finding::NEVER_FAILS, message);
            }
            Outcome { passes: false, fails: true } => {
                let calls = self.read.calls(self.subject.env, self.subject.programs);
                let why = calls.iter().flat_map(|c| &c.remarks).find_map(|r| match r {
                    Remark::Fails(why) => Some(format!(": {why}")),
                    _ => None,
                });
                let why = why.unwrap_or_else(|| ", so the service would never be ready".to_owned());
                let message = format!("{} can never pass{why}", self.check());
                self.add(&finding::NEVER_PASSES, message);
            }
            _ => {}
        }
    }

    /// What a call is worth a word for.
    fn call(&mut self, call: &Call) {
        let check = self.check();
        for remark in &call.remarks {
            let (code, what) = match remark {
                Remark::Fails(_) | Remark::ErrorsPass => continue,
                Remark::Writes(path) => {
                    (&finding::WRITES, format!("writes {path}, and the root file system is read-only"))
                }
                Remark::NoScheme => {
                    (&finding::NO_SCHEME, format!("leaves out http://, and {} guesses it", call.client))
                }
                Remark::Tls => {
                    (&finding::TLS, "asks over TLS, so that only its own command is the same check".to_owned())
                }
            };
            self.add(code, format!("{check} {what}"));
        }
        if call.addresses.len() > 1 && call.client.starts_with("curl") {
            let message =
                format!("{check} asks {} addresses, and curl's status is the last one's", call.addresses.len());
            self.add(&finding::SEVERAL_ADDRESSES, message);
        }
    }

    /// Only where its own status is the check's.
    fn errors_pass(&mut self, call: &Call) {
        if call.remarks.contains(&Remark::ErrorsPass) {
            let why = call.obstacles.first().map_or("", String::as_str);
            let message = format!("{} can't tell an error page: {why}", self.check());
            self.add(&finding::ERRORS_PASS, message);
        }
    }

    fn addresses(&mut self, calls: &[Call]) {
        let check = self.check();
        let started = listen::read(self.subject.entrypoint, self.subject.cmd, self.subject.env).port();
        let exposed: Vec<u16> =
            self.subject.ports.iter().filter(|p| p.protocol == Protocol::Tcp).map(|p| p.port).collect();
        for address in calls.iter().flat_map(|c| &c.addresses) {
            let port = address.effective_port();
            match address.place() {
                Place::Elsewhere => {
                    let message = format!("{check} asks {}, which is not the container itself", address.host);
                    self.add(&finding::ELSEWHERE, message);
                    continue;
                }
                Place::Any => {
                    let message =
                        format!("{check} asks {}, which only Linux takes for the container itself", address.host);
                    self.add(&finding::ANY_ADDRESS, message);
                }
                Place::Loopback | Place::Loopback6 => {}
            }
            let other = match started {
                Some(there) if there != port => Some(format!("the image's command listens on {there}")),
                None if !exposed.is_empty() && !exposed.contains(&port) => {
                    let list = exposed.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
                    Some(format!("the image exposes {list}"))
                }
                _ => None,
            };
            if let Some(other) = other {
                self.add(&finding::OTHER_PORT, format!("{check} asks port {port}, and {other}"));
            }
        }
    }

    /// Which shell reads it.
    fn shell(&mut self) {
        let Form::Shell { script, dialect, .. } = &self.read.form else { return };
        if let Ok(script) = script
            && *dialect == Dialect::Unknown
            && let Some(bashism) = script.bashisms.first()
        {
            let message = format!("{} has {bashism}, which not every /bin/sh knows", self.check());
            self.add(&finding::BASH_ONLY, message);
        }
        let stated = self.subject.shell;
        let other = !stated.is_empty() && stated != ["/bin/sh", "-c"];
        if other && matches!(self.subject.check.map(|c| &c.test), Some(Test::Shell(_))) {
            let message = format!("{} is run by /bin/sh, not by SHELL's {}", self.check(), stated.join(" "));
            self.add(&finding::OTHER_SHELL, message);
        }
    }

    fn times(&mut self, check: &Healthcheck) {
        if check.timeout > check.interval {
            let message = format!(
                "the HEALTHCHECK's timeout of {} is longer than its interval of {}",
                check.timeout, check.interval
            );
            self.add(&finding::LONGER_THAN_INTERVAL, message);
        }
        let all = [("interval", check.interval), ("timeout", check.timeout), ("start-interval", check.start_interval)];
        let odd = all.iter().filter(|(_, d)| d.0.subsec_nanos() > 0);
        let odd: Vec<String> = odd.map(|(n, d)| format!("{n} {d} as {}s", d.ceil_seconds())).collect();
        if !odd.is_empty() {
            let message = format!("Kubernetes counts whole seconds: it gets {}", odd.join(", "));
            self.add(&finding::ROUNDED, message);
        }
        // What it is where it isn't stated.
        if check.start_interval != GoDuration::seconds(5) {
            let message = if check.start_period == GoDuration::default() {
                format!("the HEALTHCHECK's start-interval of {} has no start-period", check.start_interval)
            } else {
                format!("Docker before 25 knows no start-interval, and asks every {} instead", check.interval)
            };
            self.add(&finding::START_INTERVAL, message);
        }
    }
}

/// `kill -9 -1`: every process.
fn all(arguments: &[String]) -> bool {
    arguments.len() > 1 && arguments.last().is_some_and(|a| a == "-1") && arguments.first().is_some_and(|a| a != "-0")
}

/// Programs that images lack more often than they have them.
fn is_seldom(name: &str) -> bool {
    !is_python(name)
        && matches!(
            name,
            "curl"
                | "wget"
                | "nc"
                | "ncat"
                | "netcat"
                | "jq"
                | "bash"
                | "http"
                | "xh"
                | "dig"
                | "nslookup"
                | "host"
                | "ping"
                | "pgrep"
                | "ps"
                | "pidof"
                | "ss"
                | "netstat"
                | "lsof"
                | "telnet"
                | "socat"
                | "openssl"
                | "grpc_health_probe"
                | "redis-cli"
                | "pg_isready"
                | "psql"
                | "mysqladmin"
        )
}
