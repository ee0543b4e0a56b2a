//! A contract: what an image promises of its user, its health, its ports and its stop signal.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::config::{HealthConfig, ImageConfig, RunConfig};
use super::duration::GoDuration;
use super::process::{self, Process};

/// Docker's defaults, where an image states 0 or nothing: <https://docs.docker.com/reference/dockerfile/#healthcheck>.
const INTERVAL: GoDuration = GoDuration::seconds(30);
const TIMEOUT: GoDuration = GoDuration::seconds(30);
const START_INTERVAL: GoDuration = GoDuration::seconds(5);
const RETRIES: u32 = 3;

/// What an image promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageContract {
    /// Who it runs as.
    pub user: User,
    /// The ports that it listens on, sorted.
    pub ports: Vec<Port>,
    /// How it says that it is well.
    pub healthcheck: Option<Healthcheck>,
    /// The signal that asks it to stop, as written.
    pub stop_signal: String,
    /// The folder that its commands start in.
    pub working_dir: String,
    /// What its commands find in their environment, as `NAME=value`.
    pub env: Vec<String>,
    /// `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// `CMD`.
    pub cmd: Vec<String>,
    /// `SHELL`, empty where it is not stated.
    pub shell: Vec<String>,
    /// Folders that it declares to be written to, sorted.
    pub volumes: Vec<String>,
    /// What it is started for beside its own command.
    pub processes: Vec<Process>,
}

/// Who an image runs as, as far as its config says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum User {
    /// Root; the text is what `USER` says, empty where there is none.
    Root(String),
    /// By number.
    Numeric {
        /// User id.
        uid: u32,
        /// Group id, where stated.
        gid: Option<u32>,
    },
    /// By name, which only the image's /etc/passwd can resolve.
    Named(String),
}

impl User {
    /// Reads `USER` as a container runtime does: what is before the first `:` is the user, the rest its group.
    pub fn parse(text: &str) -> Self {
        let (user, group) = text.split_once(':').map_or((text, None), |(u, g)| (u, Some(g)));
        match (user.parse::<u32>(), group.map(str::parse::<u32>)) {
            _ if user.is_empty() || user == "root" => Self::Root(text.to_owned()),
            (Ok(0), _) => Self::Root(text.to_owned()),
            (Ok(uid), None) => Self::Numeric { uid, gid: None },
            (Ok(uid), Some(Ok(gid))) => Self::Numeric { uid, gid: Some(gid) },
            _ => Self::Named(text.to_owned()),
        }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(text) if text.is_empty() => f.write_str("root (no USER)"),
            Self::Root(text) => write!(f, "root (USER {text})"),
            Self::Numeric { uid, gid: Some(gid) } => write!(f, "{uid}:{gid}"),
            Self::Numeric { uid, gid: None } => write!(f, "{uid}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// A port that an image listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Port {
    /// Its number, 1 to 65535.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Over what.
    pub protocol: Protocol,
}

/// What a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A health check with Docker's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Healthcheck {
    /// The command.
    #[serde(serialize_with = "as_test")]
    pub test: Test,
    /// Between checks.
    pub interval: GoDuration,
    /// For one check.
    pub timeout: GoDuration,
    /// In which failures don't count.
    pub start_period: GoDuration,
    /// Between checks during the start period.
    pub start_interval: GoDuration,
    /// Failures in a row until unhealthy.
    pub retries: u32,
}

/// The command of a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// A program and its arguments.
    Exec(Vec<String>),
    /// A text for `/bin/sh -c`.
    Shell(String),
}

impl Test {
    /// As Docker stores it.
    pub fn stored(&self) -> Vec<String> {
        match self {
            Self::Exec(argv) => std::iter::once("CMD".to_owned()).chain(argv.iter().cloned()).collect(),
            Self::Shell(text) => vec!["CMD-SHELL".to_owned(), text.clone()],
        }
    }
}

fn as_test<S: serde::Serializer>(test: &Test, serializer: S) -> Result<S::Ok, S::Error> {
    test.stored().serialize(serializer)
}

/// Why a config makes no contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// The health check isn't one of Docker's forms.
    #[error("the image's HEALTHCHECK is stored as {0:?}, which is none of Docker's forms")]
    Test(Vec<String>),
    /// A number is out of its range.
    #[error("the image's HEALTHCHECK has {what} {value}, which is out of range")]
    Range {
        /// The field.
        what: &'static str,
        /// Its value.
        value: i64,
    },
    /// A port can't be read.
    #[error("the image exposes {0:?}, which is not a port")]
    Port(String),
    /// Its processes can't be read.
    #[error("the image states processes that can't be read (the label {label}): {0}", label = process::LABEL)]
    Processes(String),
}

impl ImageContract {
    /// Reads it from an image's config.
    pub fn read(config: &ImageConfig) -> Result<Self, ContractError> {
        let run = &config.config;
        Ok(Self {
            user: User::parse(&run.user),
            ports: ports(run)?,
            healthcheck: run.healthcheck.as_ref().map(Healthcheck::read).transpose()?.flatten(),
            stop_signal: if run.stop_signal.is_empty() { "SIGTERM".to_owned() } else { run.stop_signal.clone() },
            working_dir: if run.working_dir.is_empty() { "/".to_owned() } else { run.working_dir.clone() },
            env: run.env.clone(),
            entrypoint: run.entrypoint.clone(),
            cmd: run.cmd.clone(),
            shell: run.shell.clone(),
            volumes: run.volumes.keys().cloned().collect(),
            processes: match run.labels.get(process::LABEL) {
                Some(text) => process::read(text).map_err(ContractError::Processes)?,
                None => Vec::new(),
            },
        })
    }

    /// The contract of one of its processes: the same image, with that one's command and check, and no port.
    #[must_use]
    pub fn of(&self, process: &Process) -> Self {
        Self {
            ports: Vec::new(),
            healthcheck: process.healthcheck.clone(),
            cmd: process.command.clone(),
            processes: Vec::new(),
            ..self.clone()
        }
    }
}

impl Healthcheck {
    /// `None` where the image states that there is no check.
    pub fn read(stored: &HealthConfig) -> Result<Option<Self>, ContractError> {
        let test = match stored.test.as_slice() {
            [] => return Ok(None),
            [none] if none == "NONE" => return Ok(None),
            [kind, argv @ ..] if kind == "CMD" && !argv.is_empty() => Test::Exec(argv.to_vec()),
            [kind, text] if kind == "CMD-SHELL" => Test::Shell(text.clone()),
            other => return Err(ContractError::Test(other.to_vec())),
        };
        let duration = |what, nanos: i64, default: GoDuration| match GoDuration::from_nanos(nanos) {
            Some(d) if d == GoDuration::default() => Ok(default),
            Some(d) => Ok(d),
            None => Err(ContractError::Range { what, value: nanos }),
        };
        let retries = u32::try_from(stored.retries);
        let retries = retries.map_err(|_| ContractError::Range { what: "retries", value: stored.retries })?;
        Ok(Some(Self {
            test,
            interval: duration("interval", stored.interval, INTERVAL)?,
            timeout: duration("timeout", stored.timeout, TIMEOUT)?,
            start_period: duration("start-period", stored.start_period, GoDuration::default())?,
            start_interval: duration("start-interval", stored.start_interval, START_INTERVAL)?,
            retries: if retries == 0 { RETRIES } else { retries },
        }))
    }
}

fn ports(run: &RunConfig) -> Result<Vec<Port>, ContractError> {
    let mut ports = run.exposed_ports.keys().map(|text| port(text)).collect::<Result<Vec<_>, _>>()?;
    ports.sort();
    Ok(ports)
}

fn port(text: &str) -> Result<Port, ContractError> {
    let wrong = || ContractError::Port(text.to_owned());
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        _ => return Err(wrong()),
    };
    let port = number.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(wrong)?;
    Ok(Port { port, protocol })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn users() {
        for root in ["", "root", "0", "0:0", ":1000", "root:app"] {
            assert_eq!(User::parse(root), User::Root(root.into()), "{root}");
        }
        assert_eq!(User::parse("1000:1000"), User::Numeric { uid: 1000, gid: Some(1000) });
        assert_eq!(User::parse("10001"), User::Numeric { uid: 10001, gid: None });
        for named in ["appuser", "1000:staff", "app:1000"] {
            assert_eq!(User::parse(named), User::Named(named.into()));
        }
    }

    #[test]
    fn zeros_are_dockers_defaults() {
        let stored = HealthConfig { test: vec!["CMD".into(), "x".into()], ..HealthConfig::default() };
        let check = Healthcheck::read(&stored).unwrap().unwrap();
        assert_eq!((check.interval, check.timeout, check.retries), (INTERVAL, TIMEOUT, 3));
        let none = HealthConfig { test: vec!["NONE".into()], ..HealthConfig::default() };
        assert_eq!(Healthcheck::read(&none).unwrap(), None);
        let odd = HealthConfig { test: vec!["CMD".into()], ..HealthConfig::default() };
        assert!(Healthcheck::read(&odd).is_err());
    }

    #[test]
    fn ports_are_read_with_their_protocol() {
        assert_eq!(port("53/udp").unwrap(), Port { port: 53, protocol: Protocol::Udp });
        assert!(port("0/tcp").is_err() && port("x").is_err() && port("80/http").is_err());
    }
}
