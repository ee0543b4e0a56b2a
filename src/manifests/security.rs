//! The security contexts of a Pod that the restricted Pod Security Standard lets in.

use k8s_openapi::api::core::v1::{Capabilities, PodSecurityContext, SeccompProfile, SecurityContext, Sysctl};

use crate::image::contract::Port;
use crate::workload::Identity;

/// The restricted Pod Security Standard: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.
pub fn pod_security(identity: Identity, ports: &[Port]) -> PodSecurityContext {
    let low = ports.iter().any(|p| p.port < 1024);
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(i64::from(identity.uid)),
        run_as_group: Some(i64::from(identity.gid)),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        // containerd before 2.0 lets only root listen on these; the standard allows this sysctl.
        sysctls: low
            .then(|| vec![Sysctl { name: "net.ipv4.ip_unprivileged_port_start".to_owned(), value: "0".to_owned() }]),
        ..PodSecurityContext::default()
    }
}

/// The container's part of the same standard, and a root file system that nothing can write to.
pub fn container_security(identity: Identity) -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        privileged: Some(false),
        read_only_root_filesystem: Some(true),
        run_as_non_root: Some(true),
        run_as_user: Some(i64::from(identity.uid)),
        run_as_group: Some(i64::from(identity.gid)),
        ..SecurityContext::default()
    }
}
