//! Security: who a workload runs as, where the kubelet can hold it to that.

use schemars::JsonSchema;
use serde::Serialize;

use super::finding::{self, Finding};
use crate::image::contract::User;

/// A user and group by number; the user is not root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Identity {
    /// `runAsUser`.
    #[schemars(range(min = 1))]
    pub uid: u32,
    /// `runAsGroup`: without it the kubelet would run with group 0, whatever the image says.
    pub gid: u32,
}

/// Who it runs as, or the finding that says why that can't be said to a cluster.
///
/// The kubelet refuses a named user under `runAsNonRoot` and one that is 0:
/// kubernetes, pkg/kubelet/kuberuntime/security_context_others.go.
pub fn identity(user: &User, findings: &mut Vec<Finding>) -> Option<Identity> {
    let mut found = |code, message: String| findings.push(Finding::of(code, message));
    match user {
        User::Root(text) => {
            let how = if text.is_empty() { "it has no USER".to_owned() } else { format!("its USER is {text:?}") };
            found(&finding::ROOT, format!("the image runs as root: {how}, and runAsNonRoot refuses that"));
            None
        }
        User::Named(name) => {
            let message = format!(
                "the image's USER is the name {name:?}, and under runAsNonRoot the kubelet can't verify a name"
            );
            found(&finding::UNRESOLVED, message);
            None
        }
        User::Numeric { uid, gid: None } => {
            found(&finding::NO_GROUP, format!("the image's USER is {uid} without a group, so it runs with root's"));
            Some(Identity { uid: *uid, gid: 0 })
        }
        User::Numeric { uid, gid: Some(gid) } => {
            if *gid == 0 {
                found(&finding::ROOT_GROUP, format!("the image's USER is {uid}:0, so it runs with root's group"));
            }
            Some(Identity { uid: *uid, gid: *gid })
        }
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
        assert_eq!(run("10001"), (Some(Identity { uid: 10001, gid: 0 }), Some("PD103")));
        assert_eq!(run("1000:0"), (Some(Identity { uid: 1000, gid: 0 }), Some("PD104")));
    }
}
