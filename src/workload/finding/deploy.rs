//! The findings about what an operator decides.

use super::{Code, Example, Severity};

/// All of them, sorted by id.
pub(super) const ALL: &[&Code] = &[&NO_PORT, &NO_DISRUPTION, &ONE_NODE];

/// An ingress to nothing.
pub static NO_PORT: Code = Code {
    id: "PD501",
    severity: Severity::Error,
    title: "an ingress is stated for an image that exposes no TCP port",
    why: "An Ingress sends requests to a Service, and a Service to a port of the Pods: there is none to send them to.",
    mend: "add `EXPOSE 8000` (the port that the service listens on) to the Dockerfile, or leave deploy.ingress out",
    example: Example::Words(
        "An image without EXPOSE, deployed with `ingress = { host = \"api.example.com\" }` under [tool.pydeploy.deploy].",
    ),
};

/// A budget that lets no Pod go.
pub static NO_DISRUPTION: Code = Code {
    id: "PD502",
    severity: Severity::Warning,
    title: "the disruption budget lets no Pod go",
    why: "When a node is drained for maintenance, the eviction API refuses to take a Pod that the budget does not let go, \
          and the drain hangs until someone deletes the budget.",
    mend: "raise replicas (or the autoscaler's min), or lower min-available: `max-unavailable = 1` fits any number",
    example: Example::Words("`replicas = 2` with `disruption-budget = { min-available = 2 }`."),
};

/// One claim, several nodes.
pub static ONE_NODE: Code = Code {
    id: "PD503",
    severity: Severity::Warning,
    title: "several Pods share a claim that one node at a time can mount",
    why: "A ReadWriteOnce volume is attached to one node; a Pod that is placed on another waits for it for ever. \
          ReadWriteOncePod gives it to one Pod alone.",
    mend: "set access-mode = \"ReadWriteMany\" with a storage class that has it, or run one replica",
    example: Example::Words("`replicas = 2` with `volumes.data = { path = \"/data\", size = \"1Gi\" }`."),
};
