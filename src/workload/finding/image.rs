//! The findings about an image as a whole: its platforms, and what its Dockerfile alone can't tell.

use super::{Code, Example, Severity};

/// All of them, sorted by id.
pub(super) const ALL: &[&Code] =
    &[&PLATFORMS_CONTRADICT, &PLATFORMS_DIFFER, &BASE_UNKNOWN, &LEFT_BEHIND, &NO_VOLUME, &LIBRARY_MISSING];

/// Platforms that one manifest can't serve.
pub static PLATFORMS_CONTRADICT: Code = Code {
    id: "PD301",
    severity: Severity::Error,
    title: "the image's platforms run as different users, or are asked for health differently",
    why: "A Pod's manifest states one user, one group and one set of probes for every node that it may land on. Where \
          the platforms of one tag disagree in these, the manifest is wrong on some nodes.",
    mend: "build every platform from the same Dockerfile, or give each a tag and a Deployment of its own",
    example: Example::Words(
        "an index whose linux/amd64 image says `USER 1000:1000` and whose linux/arm64 image says `USER 1001:1001`",
    ),
};

/// Platforms that differ in what a manifest does not state.
pub static PLATFORMS_DIFFER: Code = Code {
    id: "PD302",
    severity: Severity::Warning,
    title: "the image's platforms differ in their ports or stop signal",
    why: "What is read of one platform then does not hold on the others: a Service may send requests to a port that \
          nobody listens on there.",
    mend: "build every platform from the same Dockerfile",
    example: Example::Words("an index whose linux/amd64 image has `EXPOSE 8000` and whose linux/arm64 image has none"),
};

/// What the base says is not known.
pub static BASE_UNKNOWN: Code = Code {
    id: "PD303",
    severity: Severity::Note,
    title: "what the base image says is not known from the Dockerfile alone",
    why: "HEALTHCHECK, USER, EXPOSE, ENV and STOPSIGNAL are inherited through FROM. A Dockerfile does not say what its \
          base has of them; the built image does.",
    mend: "ask the built image: pydeploy contract IMAGE, or docker:NAME for one in the engine",
    example: Example::Dockerfile("FROM registry.example/team/base:1\nUSER 1000:1000\n"),
};

/// A health check in a stage that is not the image's.
pub static LEFT_BEHIND: Code = Code {
    id: "PD304",
    severity: Severity::Warning,
    title: "a HEALTHCHECK stands in a stage that the image is not made from",
    why: "A health check is inherited through FROM, and never through COPY --from: what a builder stage says of its \
          health, the final stage does not have.",
    mend: "move the HEALTHCHECK into the last stage",
    example: Example::Dockerfile(
        "FROM python:3.13-slim AS build\nHEALTHCHECK CMD [\"/check\"]\nFROM python:3.13-slim\nCOPY --from=build /app \
         /app\nUSER 1000:1000\n",
    ),
};

/// A folder that is written to, on a read-only root.
pub static NO_VOLUME: Code = Code {
    id: "PD305",
    severity: Severity::Note,
    title: "the image declares a VOLUME, which Kubernetes does not keep",
    why: "Docker keeps a volume beyond its container. A container runtime under Kubernetes gives the folder fresh with \
          every container, so what is written there is lost with it.",
    mend: "state a volume for that folder, a table [tool.pydeploy.deploy.volumes.NAME], or drop the VOLUME",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:1000\nVOLUME /data\n"),
};

/// A shared library that a Python package needs and the image lacks.
pub static LIBRARY_MISSING: Code = Code {
    id: "PD306",
    severity: Severity::Error,
    title: "a Python package of the image needs a shared library that the image does not have",
    why: "What is compiled in a builder is linked with the libraries that are there; the last stage has others. Python \
          finds out when the package is imported (\"cannot open shared object file\", \"version `GLIBC_2.38' not \
          found\"), which may be long after the container has started. What each program and library of the packages \
          asks for is read from its file and looked for as the loader would. What a wheel leaves out on purpose, or \
          what comes with a device's driver, is not counted.",
    mend: "name the package that has it in system-packages, or install it in the Dockerfile's last stage",
    example: Example::Words(
        "psycopg2 compiled in a builder that has libpq-dev, and copied to a slim image that lacks libpq5",
    ),
};
