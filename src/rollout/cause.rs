//! A cause: what a rollout fails of.

use std::fmt::{self, Display};

/// What a rollout fails of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The Deployment was deleted while it was rolled out.
    Deleted {
        /// Its name.
        deployment: String,
    },
    /// An image can't be had.
    Image {
        /// As the Pod names it.
        image: String,
        /// Why.
        why: Pull,
    },
    /// A container may not run as the user that it would run as.
    User {
        /// Who that is.
        user: User,
        /// What it is called, where that is known.
        name: Option<String>,
    },
    /// A Secret or ConfigMap is missing, or a key of it.
    Missing {
        /// Which of the two.
        source: Source,
        /// Its name, where the message says it.
        name: String,
        /// The key that it lacks; the whole is missing without one.
        key: Option<String>,
        /// The volume that it should fill; else a variable.
        volume: Option<String>,
    },
    /// A container can't be made, for another reason.
    Container {
        /// The runtime's own words, shortened.
        why: String,
    },
    /// A program can't be started.
    Program {
        /// As it was named.
        program: String,
        /// Why.
        why: Start,
    },
    /// A process ends again and again.
    Crash {
        /// Its last exit code.
        exit: i32,
        /// What its log says of it.
        why: Crash,
        /// How often it has ended.
        times: i32,
    },
    /// A container needs more memory than it may have.
    Memory {
        /// Its limit.
        limit: Option<String>,
    },
    /// A process writes where it can't.
    Write {
        /// The path, where the log says it.
        path: Option<String>,
        /// Why.
        why: Denial,
    },
    /// A check fails, and more often than it may.
    Check {
        /// Which one.
        check: Check,
        /// Its own last words.
        output: String,
    },
    /// A check can't be run at all.
    CheckCannotRun {
        /// Which one.
        check: Check,
        /// The program that can't be started.
        program: String,
    },
    /// A hook that is run after a container's start fails.
    Hook {
        /// What it said.
        output: String,
    },
    /// No node takes a Pod.
    Unschedulable {
        /// Why, the first that the scheduler names.
        why: Shortage,
        /// What the Pod asks for of it, where that is a quantity.
        asked: Option<String>,
    },
    /// The API server does not let Pods be made.
    Refused {
        /// By what.
        by: Gate,
    },
    /// A volume can't be mounted.
    Volume {
        /// Its name in the Pod.
        volume: String,
        /// Why, in the node's words.
        why: String,
    },
    /// The Pod's sandbox (its network and cgroup) can't be made.
    Sandbox,
    /// A Pod was evicted, or refused by its node.
    Ousted {
        /// CamelCase, as the Pod's status has it.
        reason: String,
    },
    /// Nothing went forward for as long as the Deployment may take, and nothing says why.
    Deadline {
        /// What it was at, where that is known.
        at: Option<String>,
    },
}

/// Why an image can't be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pull {
    /// The registry has no such repository, tag or digest.
    NotFound,
    /// The name is none.
    Name,
    /// It is not on the node, and may not be pulled.
    NeverPulled,
    /// The registry asks for credentials, and the Pod has none.
    NoCredentials,
    /// The Pod's pull secret does not exist.
    NoPullSecret(String),
    /// The registry does not know the credentials that the Pod has.
    WrongCredentials,
    /// The registry knows who asks, and refuses.
    Refused,
    /// Nothing answers.
    Unreachable,
    /// The registry's certificate is from an authority that the node does not know.
    Untrusted,
    /// The registry has had enough requests for now.
    RateLimited,
    /// The registry answers with an error of its own.
    Failing,
    /// It is not there for the node's platform.
    Platform,
    /// The node has no room for it.
    NodeFull,
    /// Something else.
    Other,
}

/// A user that a container may not run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// The image states none, or root.
    Root,
    /// The image states a name, which nobody can tell from root.
    Named,
    /// The Pod itself states 0.
    RunAsRoot,
    /// The image states one that it has no account of.
    NoAccount,
}

/// What variables and volumes are filled from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A Secret.
    Secret,
    /// A ConfigMap.
    ConfigMap,
}

/// Why a program can't be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is not there.
    NotFound,
    /// It may not be executed, or is a directory.
    Denied,
    /// It is for another platform, or a script that does not say by what it is run.
    Format,
    /// The interpreter that its first line names is not there.
    NoInterpreter,
    /// The working directory can't be entered.
    Directory,
}

/// What a log says of a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Crash {
    /// A variable is not set.
    Variable(String),
    /// A Python module is not there.
    Module(String),
    /// The code can't be read.
    Syntax,
    /// It ended as if all was done.
    Ended,
    /// It was ended by a signal.
    Signal(i32),
    /// Something else: its last line.
    Said(String),
    /// There is no log.
    Silent,
}

/// Why a file can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The root file system is read-only.
    ReadOnly,
    /// The user may not.
    Permission,
}

/// One of a container's checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Whether it has started.
    Startup,
    /// Whether it is to be started anew.
    Liveness,
    /// Whether it takes requests.
    Readiness,
}

/// Why no node takes a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortage {
    /// Too little of a resource is free: `cpu`, `memory`, `nvidia.com/gpu`.
    Resource(String),
    /// Nodes have as many Pods as they may.
    Pods,
    /// The node selector or node affinity.
    Selector,
    /// The Pod's affinity or anti-affinity to other Pods.
    Affinity,
    /// A taint that it does not tolerate.
    Taint,
    /// All that would fit are cordoned.
    Cordoned,
    /// A port of the host that is taken.
    HostPort,
    /// How Pods are to be spread.
    Spread,
    /// A claim that does not exist.
    NoClaim(String),
    /// A claim that no volume is bound to.
    Unbound(Option<String>),
    /// A volume that is bound to other nodes.
    VolumeElsewhere,
    /// Something else.
    Other,
}

/// What does not let Pods be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// A ResourceQuota is used up.
    Quota(String),
    /// A ResourceQuota counts what the Pod does not state: `requests.memory`.
    QuotaNeeds(String),
    /// A LimitRange.
    LimitRange,
    /// A Pod Security Standard: `restricted:latest`.
    PodSecurity(String),
    /// An admission webhook says no.
    Webhook(String),
    /// An admission webhook does not answer.
    WebhookDown(String),
    /// A ValidatingAdmissionPolicy.
    Policy(String),
    /// The ServiceAccount does not exist.
    NoServiceAccount(String),
    /// Something else.
    Other,
}

impl Cause {
    /// Which of several causes is told: the lower, since the others may follow from it.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Deleted { .. } => 0,
            Self::Refused { .. } => 1,
            Self::Image { .. } | Self::User { .. } | Self::Missing { .. } | Self::Program { .. } => 2,
            Self::Memory { .. } | Self::Write { .. } | Self::Hook { .. } => 3,
            Self::CheckCannotRun { .. } => 4,
            Self::Check { .. } => 5,
            Self::Crash { .. } => 6,
            Self::Container { .. } | Self::Volume { .. } | Self::Ousted { .. } => 7,
            Self::Unschedulable { .. } => 8,
            Self::Sandbox => 9,
            Self::Deadline { .. } => 10,
        }
    }
}

impl Source {
    /// As kubectl calls it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::ConfigMap => "configmap",
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        })
    }
}

impl Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Startup => "startup",
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
        })
    }
}
