//! The findings about who an image runs as.

use super::{Code, Example, Severity};

/// All of them, sorted by id.
pub(super) const ALL: &[&Code] = &[&ROOT, &UNRESOLVED, &NO_GROUP, &ROOT_GROUP, &GROUP_UNKNOWN, &USER_OF_BASE];

/// It runs as root.
pub static ROOT: Code = Code {
    id: "PD101",
    severity: Severity::Error,
    title: "the image runs as root",
    why: "Under runAsNonRoot the kubelet refuses to start a container whose image has no USER, or one that is 0: \
          \"container has runAsNonRoot and image will run as root\". A restricted namespace refuses the Pod altogether.",
    mend: "end the Dockerfile's last stage with an account and `USER 1000:1000`, or let pydeploy write the Dockerfile \
           (--dockerfile generated)",
    example: Example::Dockerfile("FROM python:3.13-slim\nCMD [\"python\", \"-m\", \"http.server\"]\n"),
};

/// Its name leads to no number.
pub static UNRESOLVED: Code = Code {
    id: "PD102",
    severity: Severity::Error,
    title: "the image's USER is a name whose number is not known",
    why: "Under runAsNonRoot the kubelet can't verify a name (\"image has non-numeric user (app), cannot verify user is \
          non-root\"), so the manifest must state the number, and it must be the right one: files belong to it.",
    mend: "write the account's numbers, as `id` says them in the image: `USER 1000:1000`; of a built image, `pydeploy \
           contract IMAGE` reads them",
    example: Example::Dockerfile("FROM registry.example/base:1\nUSER app\n"),
};

/// A number without a group.
pub static NO_GROUP: Code = Code {
    id: "PD103",
    severity: Severity::Warning,
    title: "the image's USER is a number that has no account, so it runs with group 0",
    why: "Docker and containerd give a user id without an entry in /etc/passwd the group 0, root's, and what that group \
          may read or write it may.",
    mend: "write the group as well: `USER 1000:1000`",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 10001\n"),
};

/// Root's group.
pub static ROOT_GROUP: Code = Code {
    id: "PD104",
    severity: Severity::Warning,
    title: "the image runs with group 0, root's",
    why: "What root's group may read or write, the service may. OpenShift asks for this group on purpose; elsewhere it \
          is seldom meant.",
    mend: "give the account a group of its own: `USER 1000:1000`",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:0\n"),
};

/// A number whose group is not known.
pub static GROUP_UNKNOWN: Code = Code {
    id: "PD105",
    severity: Severity::Warning,
    title: "the group that the image's USER runs with is known only from the image",
    why: "A number without a group gets the group of its entry in /etc/passwd, or 0, root's, where it has none. A \
          Dockerfile alone does not say which accounts its base has.",
    mend: "write the group as well: `USER 1000:1000`",
    example: Example::Dockerfile("FROM registry.example/base:1\nUSER 10001\n"),
};

/// The base decides.
pub static USER_OF_BASE: Code = Code {
    id: "PD106",
    severity: Severity::Warning,
    title: "who the image runs as is its base's to say, and the base is not known from the Dockerfile alone",
    why: "USER is inherited through FROM; without one of its own, the image runs as whoever its base runs as, or as \
          root.",
    mend: "state it: `USER 1000:1000`, or ask the built image: pydeploy contract IMAGE",
    example: Example::Dockerfile("FROM registry.example/base:1\nCMD [\"/service\"]\n"),
};
