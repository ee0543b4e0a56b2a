//! A health check: `HEALTHCHECK` with its flags.

use crate::dockerfile::chars::upper;
use crate::dockerfile::error::Trouble;
use crate::dockerfile::flags::{Flags, Takes};
use crate::dockerfile::problem::Problem;
use crate::dockerfile::statement::Arguments;
use crate::image::config::HealthConfig;
use crate::image::duration::GoDuration;

const FLAGS: &[(&str, Takes)] = &[
    ("interval", Takes::Text),
    ("timeout", Takes::Text),
    ("start-period", Takes::Text),
    ("start-interval", Takes::Text),
    ("retries", Takes::Text),
];

/// Checks a health check.
pub(super) fn parse(flags: &[String], arguments: Arguments) -> Result<HealthConfig, Trouble> {
    let Arguments::Health(written, command) = arguments else { return Err(missing("HEALTHCHECK", "CMD or NONE")) };
    let kind = upper(&written);
    if kind == "NONE" {
        return match *command {
            // The flags of NONE are never looked at.
            Arguments::Json(words) | Arguments::Words(words) if words.is_empty() => {
                Ok(HealthConfig { test: vec![kind], ..HealthConfig::default() })
            }
            _ => Err(missing("HEALTHCHECK NONE", "no arguments")),
        };
    }
    let flags = Flags::check(flags, FLAGS)?;
    if kind != "CMD" {
        return Err(Problem::HealthType(written).into());
    }
    let (first, words) = match *command {
        Arguments::Json(words) => ("CMD", words),
        Arguments::Words(words) => ("CMD-SHELL", words),
        _ => ("CMD", Vec::new()),
    };
    if words.is_empty() {
        return Err(missing("HEALTHCHECK CMD", "a command"));
    }
    Ok(HealthConfig {
        test: std::iter::once(first.to_owned()).chain(words).collect(),
        interval: duration(&flags, "interval", "--interval")?,
        timeout: duration(&flags, "timeout", "--timeout")?,
        start_period: duration(&flags, "start-period", "--start-period")?,
        start_interval: duration(&flags, "start-interval", "--start-interval")?,
        retries: retries(flags.text("retries"))?,
    })
}

fn missing(instruction: &'static str, takes: &'static str) -> Trouble {
    Problem::Arguments { instruction, takes }.into()
}

/// In nanoseconds; 0 where it isn't given, and where it is given as 0, which means the default as well.
fn duration(flags: &Flags, name: &str, flag: &'static str) -> Result<i64, Trouble> {
    let text = flags.text(name);
    if text.is_empty() {
        return Ok(0);
    }
    let wrong = |why: &str| Trouble::from(Problem::FlagValue { flag, value: text.to_owned(), why: why.to_owned() });
    let duration: GoDuration = text.parse().map_err(|_| wrong("it is not a duration such as 30s, 1m30s or 500ms"))?;
    match i64::try_from(duration.0.as_nanos()) {
        Ok(nanos) if nanos == 0 || nanos >= 1_000_000 => Ok(nanos),
        _ => Err(wrong("it is shorter than 1ms")),
    }
}

fn retries(text: &str) -> Result<i64, Trouble> {
    if text.is_empty() {
        return Ok(0);
    }
    let wrong = || Problem::FlagValue { flag: "--retries", value: text.to_owned(), why: "it is no count".to_owned() };
    text.parse::<i32>().ok().filter(|n| *n >= 0).map(i64::from).ok_or_else(wrong).map_err(Into::into)
}
