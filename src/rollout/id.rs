//! An id: what programs know a cause by.

use super::cause::{Cause, Check, Crash, Denial, Gate, Pull, Shortage, Source, Start, User};

impl Cause {
    /// What programs know it by; stays as it is.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Deleted { .. } => "deleted",
            Self::Image { why, .. } => why.id(),
            Self::User { user: User::NoAccount, .. } => "user-unknown",
            Self::User { user: User::Named, .. } => "user-named",
            Self::User { .. } => "user-root",
            Self::Missing { source: Source::Secret, key: None, .. } => "secret-missing",
            Self::Missing { source: Source::Secret, .. } => "secret-key-missing",
            Self::Missing { source: Source::ConfigMap, key: None, .. } => "configmap-missing",
            Self::Missing { .. } => "configmap-key-missing",
            Self::Container { .. } => "container-not-created",
            Self::Program { why, .. } => match why {
                Start::NotFound => "command-not-found",
                Start::Denied => "command-permission-denied",
                Start::Format => "exec-format",
                Start::NoInterpreter => "interpreter-not-found",
                Start::Directory => "working-directory",
            },
            Self::Crash { why: Crash::Ended, .. } => "command-ends",
            Self::Crash { .. } => "crash-loop",
            Self::Memory { .. } => "out-of-memory",
            Self::Write { why: Denial::ReadOnly, .. } => "read-only-file-system",
            Self::Write { .. } => "write-permission-denied",
            Self::Check { check: Check::Startup, .. } => "startup-check",
            Self::Check { check: Check::Liveness, .. } => "liveness-check",
            Self::Check { .. } => "readiness-check",
            Self::CheckCannotRun { .. } => "check-cannot-run",
            Self::Hook { .. } => "hook-failed",
            Self::Unschedulable { why, .. } => why.id(),
            Self::Refused { by } => by.id(),
            Self::Volume { .. } => "volume-not-mounted",
            Self::Sandbox => "sandbox-not-created",
            Self::Ousted { reason } if reason == "Evicted" => "evicted",
            Self::Ousted { .. } => "pod-rejected",
            Self::Deadline { .. } => "progress-deadline",
        }
    }
}

impl Pull {
    fn id(&self) -> &'static str {
        match self {
            Self::NotFound => "image-not-found",
            Self::Name => "image-name",
            Self::NeverPulled => "image-never-pulled",
            Self::NoCredentials => "pull-credentials-missing",
            Self::NoPullSecret(_) => "pull-secret-missing",
            Self::WrongCredentials => "pull-credentials-wrong",
            Self::Refused => "pull-refused",
            Self::Unreachable => "registry-unreachable",
            Self::Untrusted => "registry-untrusted",
            Self::RateLimited => "registry-rate-limited",
            Self::Failing => "registry-failing",
            Self::Platform => "wrong-platform",
            Self::NodeFull => "node-full",
            Self::Other => "pull-failed",
        }
    }
}

impl Shortage {
    fn id(&self) -> &'static str {
        match self {
            Self::Resource(name) if name == "cpu" => "unschedulable-cpu",
            Self::Resource(name) if name == "memory" => "unschedulable-memory",
            Self::Resource(_) => "unschedulable-resource",
            Self::Pods => "unschedulable-pods",
            Self::Selector => "unschedulable-node-selector",
            Self::Affinity => "unschedulable-affinity",
            Self::Taint => "unschedulable-taint",
            Self::Cordoned => "unschedulable-cordoned",
            Self::HostPort => "unschedulable-host-port",
            Self::Spread => "unschedulable-spread",
            Self::NoClaim(_) => "claim-missing",
            Self::Unbound(_) => "claim-unbound",
            Self::VolumeElsewhere => "unschedulable-volume",
            Self::Other => "unschedulable",
        }
    }
}

impl Gate {
    fn id(&self) -> &'static str {
        match self {
            Self::Quota(_) => "quota-exceeded",
            Self::QuotaNeeds(_) => "quota-needs",
            Self::LimitRange => "limit-range",
            Self::PodSecurity(_) => "pod-security",
            Self::Webhook(_) => "webhook-denied",
            Self::WebhookDown(_) => "webhook-unreachable",
            Self::Policy(_) => "admission-policy",
            Self::NoServiceAccount(_) => "service-account-missing",
            Self::Other => "pods-refused",
        }
    }
}
