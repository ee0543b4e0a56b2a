//! Security: who a workload runs as, where the kubelet can hold it to that.

use super::finding::{Finding, Severity};
use crate::image::contract::User;

/// A user and group by number, neither of them root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// `runAsUser`.
    pub uid: u32,
    /// `runAsGroup`: without it the kubelet would run with group 0, whatever the image says.
    pub gid: u32,
}

/// Who it runs as, or the finding that says why that can't be said to a cluster.
///
/// The kubelet refuses a named user under `runAsNonRoot` and one that is 0:
/// kubernetes, pkg/kubelet/kuberuntime/security_context_others.go.
pub fn identity(user: &User, findings: &mut Vec<Finding>) -> Option<Identity> {
    let mut error = |code, message: String, hint: &str| {
        findings.push(Finding::new(code, Severity::Error, message, hint));
        None
    };
    match user {
        User::Root(text) => {
            let how = if text.is_empty() { "it has no USER".to_owned() } else { format!("its USER is {text:?}") };
            error(
                "PD101",
                format!("the image runs as root: {how}, and runAsNonRoot refuses that"),
                "end the Dockerfile's last stage with an account and `USER 1000:1000`, or let pydeploy write the \
                 Dockerfile (--dockerfile generated)",
            )
        }
        User::Named(name) => error(
            "PD102",
            format!("the image's USER is the name {name:?}, and under runAsNonRoot the kubelet can't verify a name"),
            "write the account's numbers: `USER 1000:1000`",
        ),
        User::Numeric { uid, gid: None } => error(
            "PD103",
            format!("the image's USER is {uid} without a group, which would become group 0 (root's) in a Pod"),
            "write the group as well: `USER 1000:1000`",
        ),
        User::Numeric { uid, gid: Some(0) } => error(
            "PD104",
            format!("the image's USER is {uid}:0, so it runs with root's group"),
            "give the account a group of its own: `USER 1000:1000`",
        ),
        User::Numeric { uid, gid: Some(gid) } => Some(Identity { uid: *uid, gid: *gid }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_are_not_roots_become_an_identity() {
        let run = |text: &str| {
            let mut findings = Vec::new();
            let identity = identity(&User::parse(text), &mut findings);
            (identity, findings.first().map(|f| f.code))
        };
        assert_eq!(run("1000:1000"), (Some(Identity { uid: 1000, gid: 1000 }), None));
        assert_eq!(run(""), (None, Some("PD101")));
        assert_eq!(run("root"), (None, Some("PD101")));
        assert_eq!(run("appuser"), (None, Some("PD102")));
        assert_eq!(run("10001"), (None, Some("PD103")));
        assert_eq!(run("1000:0"), (None, Some("PD104")));
    }
}
