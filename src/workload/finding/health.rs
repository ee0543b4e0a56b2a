//! The findings about how an image says that it is well.

use super::{Code, Example, Severity};

/// All of them, sorted by id.
pub(super) const ALL: &[&Code] = &[&NO_CHECK, &NEVER_FAILS, &NEVER_PASSES, &TOO_LONG];

/// No health check.
pub static NO_CHECK: Code = Code {
    id: "PD201",
    severity: Severity::Warning,
    title: "the image listens on a port but has no HEALTHCHECK",
    why: "Without a probe Kubernetes sends requests to a Pod as soon as its process runs, and keeps it however it fares.",
    mend: "add a HEALTHCHECK to the Dockerfile",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:1000\nEXPOSE 8000\n"),
};

/// A check that can't fail.
pub static NEVER_FAILS: Code = Code {
    id: "PD202",
    severity: Severity::Error,
    title: "the HEALTHCHECK can never fail",
    why: "A check whose outcome is always the same checks nothing: a dead service would be called ready.",
    mend: "let it ask the service something, or leave it out",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD exit 0\n"),
};

/// A check that can't pass.
pub static NEVER_PASSES: Code = Code {
    id: "PD203",
    severity: Severity::Error,
    title: "the HEALTHCHECK can never pass",
    why: "The startup probe would never succeed: the Pod is started again and again, and the rollout hangs.",
    mend: "let it ask the service something, or leave it out",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD [\"false\"]\n"),
};

/// Times that don't fit.
pub static TOO_LONG: Code = Code {
    id: "PD204",
    severity: Severity::Error,
    title: "the HEALTHCHECK's times are longer than Kubernetes can count",
    why: "Probes count in whole seconds up to 2147483647, and so do their thresholds.",
    mend: "shorten --interval, --timeout or --start-period, or lower --retries",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK --interval=1s --start-period=1000000h CMD [\"/check\"]\n",
    ),
};
