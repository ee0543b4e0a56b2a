//! A subject: what is known of an image when its health check is compiled.

use std::collections::BTreeMap;

use crate::image::contract::{Healthcheck, Port};

/// An image as far as its health check is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The check, Docker's defaults filled in; `None` where the image has none, or says NONE.
    pub check: Option<&'a Healthcheck>,
    /// The ports that it exposes.
    pub ports: &'a [Port],
    /// The folder that its commands start in.
    pub working_dir: &'a str,
    /// What its commands find in their environment.
    pub env: &'a Environment,
    /// The names that the Dockerfile's last stage declares with ARG: nothing sets them once the image is built.
    pub args: &'a [String],
    /// `SHELL`, empty where it is not stated.
    pub shell: &'a [String],
    /// `ENTRYPOINT`: with `CMD` what is started, which decides on which addresses there is a server.
    pub entrypoint: &'a [String],
    /// `CMD`.
    pub cmd: &'a [String],
    /// The line of the HEALTHCHECK in its Dockerfile, from 1, where one was read.
    pub line: Option<usize>,
    /// What is known of the programs that the check needs: [`super::programs`] names them.
    pub programs: &'a Programs,
    /// What the user vouches for.
    pub stated: Assertions,
}

/// What only the user can know of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Assertions {
    /// Whether the address that is asked may answer with a redirect.
    pub redirects: Redirects,
    /// On which addresses the server listens.
    pub listens: Listens,
    /// Which handler is wanted.
    pub handler: Prefer,
}

/// Whether the address that a check asks may redirect: a kubelet follows, and calls a redirect to another host well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirects {
    /// It may.
    #[default]
    Possible,
    /// The user says that it never does.
    Never,
}

/// On which addresses a server listens: a kubelet comes in by the Pod's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listens {
    /// What the image's command says, where that can be told.
    #[default]
    AsStarted,
    /// The user says that it does on all of them.
    Everywhere,
}

/// Which handler is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prefer {
    /// The lightest that is the same check.
    #[default]
    Lightest,
    /// The image's command, whatever it is.
    Exec,
}

/// The environment of an image's commands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    base: Base,
}

/// Whether there may be variables beside the known ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Base {
    /// The base image's variables are not known: only a Dockerfile was read.
    #[default]
    Unknown,
    /// All are known: the image's config was read.
    Known,
}

/// What is known of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// It is this.
    Set(&'a str),
    /// Nothing sets it.
    Unset,
    /// The base image may set it.
    OfBase,
    /// The runtime, the shell or the cluster sets it.
    OfRuntime,
}

/// Variables that no image needs to state: the container's runtime, the shell or the cluster has values for them.
const OF_RUNTIME: &[&str] = &[
    "HOME", "HOSTNAME", "IFS", "LINENO", "LOGNAME", "OLDPWD", "OPTARG", "OPTIND", "PATH", "PPID", "PS1", "PS2", "PS4",
    "PWD", "RANDOM", "SECONDS", "SHELL", "SHLVL", "TERM", "UID", "EUID", "USER", "_",
];

impl Environment {
    /// From `NAME=value` texts as an image config has them; what the cluster adds may follow. The last one wins.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>, base: Base) -> Self {
        let pair = |text: &'t str| text.split_once('=').unwrap_or((text, ""));
        let variables = texts.into_iter().map(pair).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        Self { variables, base }
    }

    /// What is known of a variable.
    pub fn value(&self, name: &str) -> Value<'_> {
        match (self.variables.get(name), self.base) {
            (Some(value), _) => Value::Set(value),
            (None, _) if OF_RUNTIME.contains(&name) || name.starts_with("KUBERNETES_") => Value::OfRuntime,
            (None, Base::Known) => Value::Unset,
            (None, Base::Unknown) => Value::OfBase,
        }
    }

    /// Why a client that reads one of these for a proxy may not go straight to its address.
    pub(super) fn proxied(&self, names: &[&str]) -> Option<String> {
        let set = |name: &&&str| matches!(self.value(name), Value::Set(value) if !value.is_empty());
        if let Some(name) = names.iter().find(set) {
            return Some(format!(
                "the image sets {name}, so the client may go through a proxy and a kubelet would not"
            ));
        }
        let may = names.iter().any(|name| self.value(name) == Value::OfBase);
        may.then(|| "whether the base image sets a proxy for the client is not known".to_owned())
    }
}

/// What is known of programs, by the name that a check calls them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Programs(BTreeMap<String, Presence>);

/// Whether a program is in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there, at this path when all symbolic links are followed: `/bin/busybox`.
    At(String),
    /// It is not there, or can't be run.
    Absent,
}

impl Programs {
    /// From names (`curl`, `/bin/sh`, `./check`) and what was found.
    pub fn new(found: impl IntoIterator<Item = (String, Presence)>) -> Self {
        Self(found.into_iter().collect())
    }

    /// `None` where nobody looked.
    pub fn presence(&self, name: &str) -> Option<&Presence> {
        self.0.get(name)
    }

    /// It was looked for in vain.
    pub(super) fn lacks(&self, name: &str) -> bool {
        self.presence(name) == Some(&Presence::Absent)
    }

    /// The file that a name leads to, without its folder: `busybox` for a link to it.
    pub(super) fn file(&self, name: &str) -> Option<&str> {
        match self.presence(name)? {
            Presence::At(path) => Some(base_name(path)),
            Presence::Absent => None,
        }
    }
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
