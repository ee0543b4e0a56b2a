//! The kubelet: what it really does with checks, users and hooks, on which the compiled manifests rest.

mod checks;
mod claims;
mod timing;
