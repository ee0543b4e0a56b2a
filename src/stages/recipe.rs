//! A recipe: a Dockerfile that nobody has built yet, examined as far as it can be told.

use std::collections::BTreeMap;
use std::path::Path;

use super::examine::{Examined, Kind, Platform};
use crate::dockerfile::accounts::{self, Accounts};
use crate::dockerfile::bases::{Family, KnownBase};
use crate::dockerfile::{self, Action, Base, Dockerfile, Form, Image, Options, Origin, Step, Target, What};
use crate::fault::Fault;
use crate::image::config::ImageConfig;
use crate::image::contract::{ImageContract, User};
use crate::workload::finding::{self, Finding};
use crate::workload::known::{Known, Lines, Who};
use crate::workload::probes::{self, Assertions, Presence, Programs};

/// How a Dockerfile is to be read.
#[derive(Debug)]
pub struct Reading<'a> {
    /// Its stage; the last one where none is stated.
    pub target: Option<&'a str>,
    /// `--build-arg`s.
    pub build_args: BTreeMap<String, String>,
    /// The platform that it is built for.
    pub platform: dockerfile::Platform,
    /// What the user vouches for.
    pub stated: Assertions,
}

/// Examines a Dockerfile; `name` is what it is called in messages.
pub fn examine(text: &[u8], name: &str, reading: &Reading<'_>) -> Result<Examined, Fault> {
    let file = dockerfile::parse(text, name)?;
    let target = reading.target.map_or(Target::Last, |t| Target::Stage(t.to_owned()));
    let image = file.evaluate(&options(reading, target))?;
    let base = match &image.base {
        Base::Scratch => KnownBase::of("scratch"),
        Base::Image { name, .. } => KnownBase::of(name),
    };
    let mut config = ImageConfig { config: image.config.clone(), ..ImageConfig::default() };
    if let (Origin::Unknown, Some(base)) = (image.lines.user, &base) {
        base.user.clone_into(&mut config.config.user);
    }
    let contract = ImageContract::read(&config)?;
    let known = known(&image, base.as_ref(), &contract, reading.stated);
    let mut about = Vec::new();
    if let (None, Base::Image { name, line, .. }) = (&base, &image.base) {
        let message = format!("what the base {name} says of user, health, ports and environment is not known");
        about.push(Finding::of(&finding::BASE_UNKNOWN, message).at(Some(*line)));
    }
    if contract.healthcheck.is_none()
        && let Some(line) = left_behind(&file, &image)
    {
        let message = "this HEALTHCHECK stands in a stage that the image is not made from, so the image has none";
        about.push(Finding::of(&finding::LEFT_BEHIND, message).at(Some(line)));
    }
    let mut platform = Platform::new(reading.platform.to_string(), config, contract, known);
    if base.is_none() && image.lines.healthcheck == Origin::Unknown {
        // Whether there is a check is the base's to say.
        platform.compiled.findings.retain(|f| f.code != finding::NO_CHECK.id);
    }
    Ok(Examined::one(Kind::Dockerfile, name.to_owned(), platform, about))
}

fn options<'a>(reading: &Reading<'_>, target: Target) -> Options<'a> {
    let (build_args, platform) = (reading.build_args.clone(), reading.platform.clone());
    Options { target, build_args, platform, ..Options::new() }
}

/// The line of a health check in another stage than those that the image is made from: in those it would count.
fn left_behind(file: &Dockerfile, image: &Image) -> Option<usize> {
    let is_check = |text: &str| !text.trim().eq_ignore_ascii_case("none");
    let stated = |i: &dockerfile::Instruction<'_>| i.name.eq_ignore_ascii_case("healthcheck") && is_check(i.text);
    let none_is_stated = image.lines.healthcheck.line().is_some();
    file.instructions().find(stated).map(|i| i.line).filter(|_| !none_is_stated)
}

fn known(image: &Image, base: Option<&KnownBase>, contract: &ImageContract, stated: Assertions) -> Known {
    let lines = Lines { user: image.lines.user.line(), healthcheck: image.lines.healthcheck.line() };
    Known {
        who: who(image, base, contract),
        programs: programs(image, base, contract),
        base: environment(base, contract),
        args: arguments(image),
        env: Vec::new(),
        lines,
        stated,
    }
}

fn who(image: &Image, base: Option<&KnownBase>, contract: &ImageContract) -> Who {
    let user = base.filter(|_| image.lines.user == Origin::Unknown).map_or(image.config.user.as_str(), |b| b.user);
    match image.lines.user {
        Origin::Unknown if base.is_none() => return Who::OfBase,
        Origin::Line(line) => {
            let settled = |name: &str| base.is_some_and(|b| !b.env().contains(&name));
            let open = image.unknown_at(line).find_map(|u| match &u.what {
                What::Variable(name) if !settled(name) => Some(name.clone()),
                _ => None,
            });
            if let Some(name) = open {
                return Who::Unknown(format!("it uses ${name}, which the base image may set"));
            }
        }
        Origin::Unknown | Origin::Nowhere | Origin::Base => {}
    }
    match &contract.user {
        User::Root(_) | User::Numeric { gid: Some(_), .. } => Who::Unlooked,
        User::Named(_) | User::Numeric { gid: None, .. } => of_accounts(image, base, user),
    }
}

fn of_accounts(image: &Image, base: Option<&KnownBase>, user: &str) -> Who {
    let steps = Steps::of(image);
    match steps.accounts(base).resolve(user) {
        Ok(account) => Who::Is(account),
        Err(unknown) => {
            let line = unknown.line.map(|line| format!(" (line {line})")).unwrap_or_default();
            Who::Unknown(format!("{}{line}", unknown.why))
        }
    }
}

/// The steps of a Dockerfile, with the variables that each sees.
struct Steps<'a>(Vec<Seen<'a>>);

/// A step, the variables that it sees, and the texts of its heredocs.
struct Seen<'a> {
    step: &'a Step,
    env: BTreeMap<String, Option<String>>,
    heredocs: Vec<String>,
}

impl<'a> Steps<'a> {
    fn of(image: &'a Image) -> Self {
        let mut env = BTreeMap::new();
        let mut steps = Vec::new();
        for step in &image.steps {
            match &step.action {
                Action::Set(variable) => {
                    let value = variable.value.clone().filter(|_| variable.certain);
                    env.insert(variable.name.clone(), value);
                }
                Action::Run { heredocs, .. } => {
                    let heredocs = heredocs.iter().map(dockerfile::Heredoc::chomped).collect();
                    steps.push(Seen { step, env: env.clone(), heredocs });
                }
                Action::Copy(_) => {
                    steps.push(Seen { step, env: BTreeMap::new(), heredocs: Vec::new() });
                }
                _ => {}
            }
        }
        Self(steps)
    }

    fn accounts(&self, base: Option<&KnownBase>) -> Accounts {
        let texts: Vec<Vec<&str>> =
            self.0.iter().map(|seen| seen.heredocs.iter().map(String::as_str).collect()).collect();
        let steps: Vec<_> = self
            .0
            .iter()
            .zip(&texts)
            .filter_map(|(Seen { step, env, .. }, heredocs)| {
                let kind = match &step.action {
                    Action::Run { form, shell, .. } => {
                        let command = match (form, heredocs.split_first()) {
                            // `RUN <<EOF`: the heredoc is the script.
                            (Form::Shell(text), Some((script, rest))) if text.is_empty() => {
                                accounts::Command::Shell { shell, text: script, heredocs: rest }
                            }
                            (Form::Shell(text), _) => accounts::Command::Shell { shell, text, heredocs },
                            (Form::Exec(argv), _) => accounts::Command::Exec(argv),
                        };
                        accounts::Kind::Run { command, user: &step.user, env }
                    }
                    Action::Copy(copied) => {
                        accounts::Kind::Copy { sources: &copied.sources, destination: &copied.destination }
                    }
                    _ => return None,
                };
                Some(accounts::Step { line: step.line, kind })
            })
            .collect();
        accounts::accounts(base, &steps)
    }
}

/// Whether the environment is known whole: a well-known base's own variables, whose values are not, don't count where
/// the check uses none of them.
fn environment(base: Option<&KnownBase>, contract: &ImageContract) -> probes::Base {
    let text = contract.healthcheck.as_ref().map(|c| c.test.stored().join(" ")).unwrap_or_default();
    match base {
        Some(base) if base.env().iter().all(|name| *name == "PATH" || !text.contains(name)) => probes::Base::Known,
        _ => probes::Base::Unknown,
    }
}

/// The build arguments of the last stage, which nothing sets once the image is built.
fn arguments(image: &Image) -> Vec<String> {
    let last = image.steps.iter().rposition(|s| s.action == Action::From).unwrap_or_default();
    let names = image.steps.iter().skip(last).filter_map(|step| match &step.action {
        Action::Set(variable) if !image.lines.env.contains_key(&variable.name) => Some(variable.name.clone()),
        _ => None,
    });
    names.collect()
}

/// What is known of the programs that a check runs: what a step installs or copies in, and what a well-known base has
/// or lacks, as long as no step may change that.
fn programs(image: &Image, base: Option<&KnownBase>, contract: &ImageContract) -> Programs {
    let Some(check) = &contract.healthcheck else { return Programs::default() };
    let is_taken_away = image.steps.iter().any(removes);
    let may_come = image.steps.iter().any(may_bring);
    let found = probes::programs(&check.test).into_iter().filter_map(|name| {
        let plain = name.rsplit('/').next().unwrap_or_default();
        if let Some(path) = image.steps.iter().find_map(|step| brought(step, plain)).filter(|_| !is_taken_away) {
            return Some((name.clone(), Presence::At(path)));
        }
        let base = base?;
        let is_busybox = matches!(base.family, Family::Alpine | Family::Busybox);
        let presence = match base.has(plain)? {
            true if is_busybox && !plain.starts_with("python") => Presence::At("/bin/busybox".to_owned()),
            true => Presence::At(format!("/usr/bin/{plain}")),
            false if may_come => return None,
            false => Presence::Absent,
        };
        Some((name, presence))
    });
    Programs::new(found.collect::<Vec<_>>())
}

/// Programs that come in a package of another name, of Debian's or Alpine's.
const PACKAGES: &[(&str, &[&str])] = &[
    ("dig", &["dnsutils", "bind9-dnsutils", "bind-tools"]),
    ("mysqladmin", &["default-mysql-client", "mariadb-client", "mysql-client"]),
    ("nc", &["netcat-openbsd", "netcat-traditional", "netcat", "nmap-ncat"]),
    ("pg_isready", &["postgresql-client"]),
    ("pgrep", &["procps"]),
    ("pidof", &["procps", "sysvinit-utils"]),
    ("ping", &["iputils-ping", "iputils"]),
    ("ps", &["procps"]),
    ("psql", &["postgresql-client"]),
    ("redis-cli", &["redis-tools", "redis"]),
];

/// Where a step puts a program: it installs a package that has it, or copies a file of that name.
fn brought(step: &Step, program: &str) -> Option<String> {
    let packages = PACKAGES.iter().find(|(name, _)| *name == program).map_or(&[][..], |(_, packages)| packages);
    let is_it = |word: &str| {
        let name = word.split(['=', '/', ':']).next().unwrap_or_default();
        let versioned =
            |p: &&str| name.strip_prefix(*p).is_some_and(|v| v.is_empty() || v.starts_with(['-', '1', '2']));
        name == program && packages.is_empty() || packages.iter().any(versioned)
    };
    match &step.action {
        Action::Run { .. } => managed(step, &["install", "add"], |words| words.iter().any(|w| is_it(w)))
            .then(|| format!("/usr/bin/{program}")),
        Action::Copy(copied) => {
            let file = copied.destination.rsplit('/').next().unwrap_or_default();
            (file == program).then(|| copied.destination.clone())
        }
        _ => None,
    }
}

/// Whether a step takes packages away again: what it installed may be gone.
fn removes(step: &Step) -> bool {
    managed(step, &["purge", "remove", "autoremove", "del"], |_| true)
}

/// Whether a package manager is told one of these verbs, with words after it that satisfy `is_meant`.
fn managed(step: &Step, verbs: &[&str], is_meant: impl Fn(&[&str]) -> bool) -> bool {
    let Action::Run { form: Form::Shell(text), heredocs, .. } = &step.action else { return false };
    let texts = std::iter::once(text.as_str()).chain(heredocs.iter().map(|h| h.content.as_str()));
    texts.flat_map(|text| text.split(['&', ';', '\n', '|'])).any(|command| {
        let words: Vec<_> = command.split_whitespace().collect();
        let by_manager = words.iter().any(|w| ["apt-get", "apt", "apk"].contains(w));
        let verb = words.iter().position(|w| verbs.contains(w));
        by_manager && verb.is_some_and(|at| is_meant(words.get(at + 1..).unwrap_or_default()))
    })
}

/// Whether a step may put a program where a shell finds it: whatever runs may, and what is copied to such a folder.
fn may_bring(step: &Step) -> bool {
    match &step.action {
        Action::Run { .. } => true,
        Action::Copy(copied) => {
            let to = Path::new(&copied.destination);
            to == Path::new("/") || ["/bin", "/sbin", "/usr", "/opt"].iter().any(|folder| to.starts_with(folder))
        }
        _ => false,
    }
}
