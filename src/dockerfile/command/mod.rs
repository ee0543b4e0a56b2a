//! A command: an instruction whose grammar has been checked, and whose variables are still to be expanded.

mod copy;
mod health;
mod mount;
#[cfg(test)]
mod tests;

pub(super) use copy::Copying;
pub(super) use mount::Mount;
use mount::check_device;

use crate::image::config::HealthConfig;

use super::error::Trouble;
use super::flags::{Flags, Takes};
use super::keyword::Keyword;
use super::problem::Problem;
use super::statement::{Arguments, Statement};

/// A command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// For a shell.
    Shell(String),
    /// A program and its arguments.
    Exec(Vec<String>),
}

/// `RUN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) form: Form,
    /// `--mount`, as written.
    pub(super) mounts: Vec<String>,
}

/// `FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct From {
    pub(super) base: String,
    /// In lower case.
    pub(super) name: Option<String>,
    pub(super) platform: String,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Add(Copying),
    Arg(Vec<(String, Option<String>)>),
    Cmd(Form),
    Copy(Copying),
    Entrypoint(Form),
    Env(Vec<(String, String)>),
    Expose(Vec<String>),
    From(From),
    Healthcheck(HealthConfig),
    Label(Vec<(String, String)>),
    Maintainer,
    Onbuild(String),
    Run(Running),
    Shell(Vec<String>),
    StopSignal(String),
    User(String),
    Volume(Vec<String>),
    Workdir(String),
}

impl Command {
    /// Checks a statement.
    pub(super) fn parse(statement: &Statement, escape: char) -> Result<Self, Trouble> {
        let name = &statement.name;
        let Some(keyword) = Keyword::of(name) else {
            return Err(Problem::UnknownInstruction { name: name.clone(), near: Keyword::near(name) }.into());
        };
        let arguments = statement.arguments(escape)?;
        // These look at no flags: whatever stands there is passed over.
        if !matches!(keyword, Keyword::Arg | Keyword::Stopsignal | Keyword::Healthcheck) {
            Flags::check(&statement.flags, known_flags(keyword))?;
        }
        Ok(match keyword {
            Keyword::Add => Self::Add(Copying::parse(statement, texts(arguments), keyword)?),
            Keyword::Copy => Self::Copy(Copying::parse(statement, texts(arguments), keyword)?),
            Keyword::Run => Self::Run(running(statement, form(arguments))?),
            Keyword::Cmd => Self::Cmd(form(arguments)),
            Keyword::Entrypoint => Self::Entrypoint(form(arguments)),
            Keyword::Shell => match arguments {
                Arguments::Json(words) if !words.is_empty() => Self::Shell(words),
                Arguments::Words(words) if !words.is_empty() => return Err(Problem::ShellForm.into()),
                _ => return Err(some(keyword)),
            },
            Keyword::Arg => Self::Arg(build_arguments(&texts(arguments))?),
            Keyword::Env => Self::Env(pairs(arguments, keyword)?),
            Keyword::Label => Self::Label(pairs(arguments, keyword)?),
            Keyword::Expose => Self::Expose(at_least_one(arguments, keyword)?),
            Keyword::Volume => Self::Volume(volumes(&at_least_one(arguments, keyword)?)?),
            Keyword::From => Self::From(from(statement, &texts(arguments))?),
            Keyword::Healthcheck => Self::Healthcheck(health::parse(&statement.flags, arguments)?),
            Keyword::Onbuild => Self::Onbuild(trigger(statement, &arguments)?),
            Keyword::Maintainer => exactly_one(arguments, keyword).map(|_| Self::Maintainer)?,
            Keyword::Stopsignal => Self::StopSignal(exactly_one(arguments, keyword)?),
            Keyword::User => Self::User(exactly_one(arguments, keyword)?),
            Keyword::Workdir => Self::Workdir(exactly_one(arguments, keyword)?),
        })
    }
}

fn known_flags(keyword: Keyword) -> &'static [(&'static str, Takes)] {
    match keyword {
        Keyword::Add => copy::ADD,
        Keyword::Copy => copy::COPY,
        Keyword::From => &[("platform", Takes::Text)],
        Keyword::Run => {
            &[("mount", Takes::Texts), ("network", Takes::Text), ("security", Takes::Text), ("device", Takes::Texts)]
        }
        _ => &[],
    }
}

fn some(keyword: Keyword) -> Trouble {
    Problem::Arguments { instruction: keyword.name(), takes: "at least one argument" }.into()
}

/// Arguments as words, of whatever form.
fn texts(arguments: Arguments) -> Vec<String> {
    match arguments {
        Arguments::Json(words) | Arguments::Words(words) => words,
        Arguments::Pairs(_) | Arguments::Health(..) | Arguments::Trigger(_) => Vec::new(),
    }
}

fn at_least_one(arguments: Arguments, keyword: Keyword) -> Result<Vec<String>, Trouble> {
    let words = texts(arguments);
    if words.is_empty() { Err(some(keyword)) } else { Ok(words) }
}

fn exactly_one(arguments: Arguments, keyword: Keyword) -> Result<String, Trouble> {
    let takes = "exactly one argument";
    let wrong = || Problem::Arguments { instruction: keyword.name(), takes };
    texts(arguments).pop().ok_or_else(wrong).map_err(Into::into)
}

fn form(arguments: Arguments) -> Form {
    match arguments {
        Arguments::Json(words) => Form::Exec(words),
        other => Form::Shell(texts(other).join(" ")),
    }
}

fn pairs(arguments: Arguments, keyword: Keyword) -> Result<Vec<(String, String)>, Trouble> {
    let Arguments::Pairs(pairs) = arguments else { return Err(some(keyword)) };
    if pairs.is_empty() {
        return Err(some(keyword));
    }
    match pairs.iter().find(|(name, _)| name.is_empty()) {
        Some((_, value)) => Err(Trouble::new(Problem::NoName, format!("={value}"))),
        None => Ok(pairs),
    }
}

fn build_arguments(words: &[String]) -> Result<Vec<(String, Option<String>)>, Trouble> {
    if words.is_empty() {
        return Err(some(Keyword::Arg));
    }
    let one = |word: &String| match word.split_once('=') {
        Some(("", _)) => Err(Trouble::new(Problem::NoName, word)),
        Some((name, value)) => Ok((name.to_owned(), Some(value.to_owned()))),
        None => Ok((word.clone(), None)),
    };
    words.iter().map(one).collect()
}

fn volumes(words: &[String]) -> Result<Vec<String>, Trouble> {
    let volumes: Vec<_> = words.iter().map(|word| word.trim().to_owned()).collect();
    if volumes.iter().any(String::is_empty) { Err(Problem::EmptyVolume.into()) } else { Ok(volumes) }
}

fn from(statement: &Statement, words: &[String]) -> Result<From, Trouble> {
    let flags = Flags::check(&statement.flags, known_flags(Keyword::From))?;
    let (base, name) = match words {
        [base] => (base, None),
        [base, word, name] if super::chars::lower(word) == "as" => (base, Some(stage_name(name)?)),
        _ => return Err(Problem::Arguments { instruction: "FROM", takes: "an image, and AS and a name" }.into()),
    };
    Ok(From { base: base.clone(), name, platform: flags.text("platform").to_owned() })
}

fn stage_name(text: &str) -> Result<String, Trouble> {
    let name = super::chars::lower(text);
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(valid) {
        Ok(name)
    } else {
        Err(Problem::StageName(text.to_owned()).into())
    }
}

fn running(statement: &Statement, form: Form) -> Result<Running, Trouble> {
    let flags = Flags::check(&statement.flags, known_flags(Keyword::Run))?;
    for mount in flags.texts("mount") {
        Mount::check(mount)?;
    }
    for device in flags.texts("device") {
        check_device(device)?;
    }
    one_of(&flags, "network", "--network", &["default", "none", "host"])?;
    one_of(&flags, "security", "--security", &["sandbox", "insecure"])?;
    Ok(Running { form, mounts: flags.texts("mount").to_vec() })
}

fn one_of(flags: &Flags, name: &str, flag: &'static str, allowed: &[&str]) -> Result<(), Trouble> {
    match flags.texts(name).first().filter(|value| !allowed.contains(&value.as_str())) {
        Some(value) => {
            let why = format!("it is one of {}", allowed.join(", "));
            Err(Problem::FlagValue { flag, value: value.clone(), why }.into())
        }
        None => Ok(()),
    }
}

/// The instruction that is stored for the images that are built on this one.
fn trigger(statement: &Statement, arguments: &Arguments) -> Result<String, Trouble> {
    let Arguments::Trigger(name) = arguments else { return Err(some(Keyword::Onbuild)) };
    if matches!(super::chars::upper(name.trim()).as_str(), "ONBUILD" | "MAINTAINER" | "FROM") {
        return Err(Problem::Trigger(name.clone()).into());
    }
    let space = |c: char| matches!(c, '\t' | '\n' | '\u{c}' | '\r' | ' ');
    let text = statement.text.trim_start_matches(space);
    let text = match text.get(.."ONBUILD".len()) {
        Some(word) if word.eq_ignore_ascii_case("ONBUILD") => text["ONBUILD".len()..].trim_start_matches(space),
        _ => &statement.text,
    };
    Ok(statement.heredocs.iter().fold(text.to_owned(), |text, heredoc| text + &heredoc.tail()))
}
