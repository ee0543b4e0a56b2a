//! A headline: a cause in one line.

use std::fmt::{self, Display, Formatter};

use super::cause::{Cause, Crash, Denial, Gate, Pull, Shortage, Start, User};
use super::quoted::registry;

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleted { deployment } => write!(f, "Deployment {deployment} was deleted while it was rolled out"),
            Self::Image { image, why } => pull(f, image, why),
            Self::User { user, name } => write_user(f, *user, name.as_deref()),
            Self::Missing { source, name, key: Some(key), volume: Some(volume) } if name.is_empty() => {
                write!(f, "the {source} of volume {volume} has no key {key}")
            }
            Self::Missing { source, name, key: Some(key), .. } => write!(f, "{source} {name} has no key {key}"),
            Self::Missing { source, name, key: None, .. } => write!(f, "{source} {name} does not exist"),
            Self::Container { why } => write!(f, "the container can't be made: {why}"),
            Self::Program { program, why } => write_start(f, program, *why),
            Self::Crash { exit, why, times } => write_crash(f, *exit, why, *times),
            Self::Memory { limit: Some(limit) } => write!(f, "the container needs more memory than its limit, {limit}"),
            Self::Memory { limit: None } => write!(f, "the container was killed for want of memory"),
            Self::Write { path, why } => {
                let path = path.as_deref().unwrap_or("a file");
                match why {
                    Denial::ReadOnly => write!(f, "the process writes to {path}, and its file system is read-only"),
                    Denial::Permission => write!(f, "the process may not write to {path}"),
                }
            }
            Self::Check { check, output } => write!(f, "the {check} check fails: {}", first_line(output)),
            Self::CheckCannotRun { check, program } => {
                write!(f, "the {check} check can't run: {program} can't be started in the container")
            }
            Self::Hook { output } => write!(f, "the postStart hook fails: {}", first_line(output)),
            Self::Unschedulable { why, asked } => write_shortage(f, why, asked.as_deref()),
            Self::Refused { by } => write_gate(f, by),
            Self::Volume { volume, why } => write!(f, "volume {volume} can't be mounted: {}", first_line(why)),
            Self::Sandbox => f.write_str("the node can't set up the Pod's sandbox"),
            Self::Ousted { reason } if reason == "Evicted" => f.write_str("the Pod was evicted from its node"),
            Self::Ousted { reason } => write!(f, "the node refuses the Pod: {reason}"),
            Self::Deadline { at: Some(at) } => {
                write!(f, "the rollout came no further within its progress deadline: {at}")
            }
            Self::Deadline { at: None } => f.write_str("the rollout came no further within its progress deadline"),
        }
    }
}

/// The first line with something on it, without trailing punctuation that leads to more lines.
fn first_line(text: &str) -> &str {
    let line = text.lines().map(str::trim).find(|l| !l.is_empty());
    line.unwrap_or("it says nothing")
}

fn pull(f: &mut Formatter<'_>, image: &str, why: &Pull) -> fmt::Result {
    let registry = registry(image);
    match why {
        Pull::NotFound => write!(f, "image {image} does not exist"),
        Pull::Name => write!(f, "{image:?} is no image's name"),
        Pull::NeverPulled => write!(f, "image {image} is not on the node, and its pull policy is Never"),
        Pull::NoCredentials => {
            write!(f, "{registry} gives {image} to nobody without credentials, and the Pod has none")
        }
        Pull::NoPullSecret(secret) => {
            write!(f, "pull secret {secret} does not exist, and {registry} asks for credentials")
        }
        Pull::WrongCredentials => write!(f, "{registry} does not accept the Pod's credentials for {image}"),
        Pull::Refused => write!(f, "{registry} refuses to give {image} to the Pod"),
        Pull::Unreachable => write!(f, "the node can't reach {registry} for image {image}"),
        Pull::Untrusted => write!(f, "the node does not trust the certificate of {registry}"),
        Pull::RateLimited => write!(f, "{registry} limits how often the node may pull"),
        Pull::Failing => write!(f, "{registry} fails to give image {image}"),
        Pull::Platform => write!(f, "image {image} does not exist for the node's platform"),
        Pull::NodeFull => write!(f, "the node has no room for image {image}"),
        Pull::Other => write!(f, "image {image} can't be pulled"),
    }
}

fn write_user(f: &mut Formatter<'_>, user: User, name: Option<&str>) -> fmt::Result {
    match (user, name) {
        (User::Root, _) => f.write_str("the image runs as root, and the Pod may not (runAsNonRoot)"),
        (User::Named, Some(name)) => {
            write!(f, "the image's user is a name, {name}, which Kubernetes can't tell from root (runAsNonRoot)")
        }
        (User::Named, None) => f.write_str("the image's user is a name, which Kubernetes can't tell from root"),
        (User::RunAsRoot, _) => {
            f.write_str("the Pod asks for user 0 (runAsUser), and may not run as root (runAsNonRoot)")
        }
        (User::NoAccount, _) => f.write_str("the image's user has no account in the image"),
    }
}

fn write_start(f: &mut Formatter<'_>, program: &str, why: Start) -> fmt::Result {
    match why {
        Start::NotFound => write!(f, "the command {program} is not in the image"),
        Start::Denied => write!(f, "the command {program} may not be executed"),
        Start::Format => write!(f, "the command {program} is for another platform, or a script without #! line"),
        Start::NoInterpreter => write!(f, "{program} names an interpreter that is not in the image"),
        Start::Directory => write!(f, "the working directory {program} can't be entered"),
    }
}

fn write_crash(f: &mut Formatter<'_>, exit: i32, why: &Crash, times: i32) -> fmt::Result {
    let times = match times {
        0 | 1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    };
    match why {
        Crash::Variable(name) => write!(f, "the process needs the variable {name}, which is not set"),
        Crash::Module(name) => write!(f, "the process needs the module {name}, which is not in the image"),
        Crash::Syntax => write!(f, "the process's code can't be read: it ended {times} with exit code {exit}"),
        Crash::Ended => write!(f, "the command ends, {times} by now, instead of serving"),
        Crash::Signal(signal) => write!(f, "the process ended {times}, by signal {signal}"),
        Crash::Said(line) => write!(f, "the process ended {times}, with exit code {exit}: {line}"),
        Crash::Silent => write!(f, "the process ended {times}, with exit code {exit} and without a word"),
    }
}

fn write_shortage(f: &mut Formatter<'_>, why: &Shortage, asked: Option<&str>) -> fmt::Result {
    match (why, asked) {
        (Shortage::Resource(name), Some(asked)) => {
            write!(f, "no node has {asked} of {name} free, which the Pod asks for")
        }
        (Shortage::Resource(name), None) => write!(f, "no node has as much {name} free as the Pod asks for"),
        (Shortage::Pods, _) => f.write_str("every node has as many Pods as it may"),
        (Shortage::Selector, _) => f.write_str("no node has the labels that the Pod asks for"),
        (Shortage::Affinity, _) => f.write_str("no node fits the Pod's affinity to other Pods"),
        (Shortage::Taint, _) => f.write_str("every node that would fit has a taint that the Pod does not tolerate"),
        (Shortage::Cordoned, _) => f.write_str("every node that would fit is cordoned"),
        (Shortage::HostPort, _) => f.write_str("the host port that the Pod asks for is taken on every node"),
        (Shortage::Spread, _) => f.write_str("no node is left for how the Pods are to be spread"),
        (Shortage::NoClaim(name), _) => write!(f, "PersistentVolumeClaim {name} does not exist"),
        (Shortage::Unbound(Some(name)), _) => write!(f, "PersistentVolumeClaim {name} gets no volume"),
        (Shortage::Unbound(None), _) => f.write_str("a PersistentVolumeClaim of the Pod gets no volume"),
        (Shortage::VolumeElsewhere, _) => f.write_str("the Pod's volume is bound to nodes that don't take the Pod"),
        (Shortage::Other, _) => f.write_str("no node takes the Pod"),
    }
}

fn write_gate(f: &mut Formatter<'_>, by: &Gate) -> fmt::Result {
    match by {
        Gate::Quota(name) => write!(f, "the namespace's quota {name} is used up"),
        Gate::QuotaNeeds(what) => write!(f, "the namespace's quota asks for {what}, which the Pod does not state"),
        Gate::LimitRange => f.write_str("the namespace's LimitRange refuses the Pod"),
        Gate::PodSecurity(level) => write!(f, "the namespace refuses the Pod by its Pod Security level, {level}"),
        Gate::Webhook(name) => write!(f, "the admission webhook {name} refuses the Pod"),
        Gate::WebhookDown(name) => {
            write!(f, "the admission webhook {name}, which the Pod has to pass, does not answer")
        }
        Gate::Policy(name) => write!(f, "the admission policy {name} refuses the Pod"),
        Gate::NoServiceAccount(name) => write!(f, "ServiceAccount {name} does not exist"),
        Gate::Other => f.write_str("the API server refuses to make the Pods"),
    }
}
