//! Security: who a workload runs as, where the kubelet can hold it to that.

use schemars::JsonSchema;
use serde::Serialize;

use super::finding::{self, Finding};
use super::known::{Known, Who};
use crate::image::account::{GidSource, LARGEST_ID};
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
/// The kubelet refuses a named user under `runAsNonRoot` and one that is 0, unless the manifest states a number:
/// kubernetes, pkg/kubelet/kuberuntime/security_context_others.go.
pub fn identity(user: &User, known: &Known, findings: &mut Vec<Finding>) -> Option<Identity> {
    let mut found = |code, message: String| findings.push(Finding::of(code, message).at(known.lines.user));
    match (user, &known.who) {
        (_, Who::OfBase) => {
            found(&finding::USER_OF_BASE, "the Dockerfile has no USER, and what its base says is not known".to_owned());
            None
        }
        (User::Root(_), Who::Unknown(why)) => {
            found(&finding::UNRESOLVED, format!("the image's USER can't be told: {why}"));
            None
        }
        (User::Numeric { uid, .. }, _) if *uid > LARGEST_ID => {
            let message = format!("the image's USER is {uid}, and no container runtime takes an id above {LARGEST_ID}");
            findings.push(
                Finding::of(&finding::UNRESOLVED, message)
                    .hint(format!("choose an id from 1 to {LARGEST_ID}"))
                    .at(known.lines.user),
            );
            None
        }
        (User::Root(text), _) => {
            let how = if text.is_empty() { "it has no USER".to_owned() } else { format!("its USER is {text:?}") };
            found(&finding::ROOT, format!("the image runs as root: {how}, and runAsNonRoot refuses that"));
            None
        }
        (User::Numeric { uid, gid: Some(gid) }, _) => {
            if *gid == 0 {
                found(&finding::ROOT_GROUP, format!("the image's USER is {uid}:0, so it runs with root's group"));
            }
            Some(Identity { uid: *uid, gid: *gid })
        }
        (_, Who::Is(account)) if account.uid == 0 => {
            found(&finding::ROOT, format!("the image runs as root: its USER {user} has the user id 0"));
            None
        }
        (_, Who::Is(account)) => {
            let (uid, gid) = (account.uid, account.gid);
            if account.from.gid == GidSource::NoEntry {
                let message = format!("the image's USER is {uid}, which has no account, so it runs with root's group");
                found(&finding::NO_GROUP, message);
            } else if gid == 0 {
                found(&finding::ROOT_GROUP, format!("the image's USER {user} runs with root's group"));
            }
            Some(Identity { uid, gid })
        }
        (User::Numeric { uid, gid: None }, who) => {
            found(&finding::GROUP_UNKNOWN, format!("the group of the image's USER {uid} is not known{}", who.why()));
            None
        }
        (User::Named(name), who) => {
            found(&finding::UNRESOLVED, format!("the number of the image's USER {name:?} is not known{}", who.why()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::account::{Files, resolve};

    #[test]
    fn only_numbers_that_are_not_roots_become_an_identity() {
        let files = Files {
            passwd: Some("root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n"),
            group: Some("app:x:1001:\n"),
        };
        let run = |text: &str| {
            let mut findings = Vec::new();
            let who = match resolve(text, &files) {
                Ok(account) => Who::Is(account),
                Err(error) => Who::Unknown(error.to_string()),
            };
            let known = Known { who, ..Known::default() };
            let identity = identity(&User::parse(text), &known, &mut findings);
            (identity.map(|i| (i.uid, i.gid)), findings.first().map(|f| f.code))
        };
        assert_eq!(run("1000:1000"), (Some((1000, 1000)), None));
        assert_eq!(run("1000"), (Some((1000, 1001)), None));
        assert_eq!(run("app"), (Some((1000, 1001)), None));
        assert_eq!(run("app:app"), (Some((1000, 1001)), None));
        assert_eq!(run(""), (None, Some("PD101")));
        assert_eq!(run("root"), (None, Some("PD101")));
        assert_eq!(run("toor"), (None, Some("PD101")));
        assert_eq!(run("other"), (None, Some("PD102")));
        assert_eq!(run("10001"), (Some((10001, 0)), Some("PD103")));
        assert_eq!(run("1000:0"), (Some((1000, 0)), Some("PD104")));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let run = |text: &str, who: Who| {
            let mut findings = Vec::new();
            let identity = identity(&User::parse(text), &Known { who, ..Known::default() }, &mut findings);
            (identity, findings.first().map(|f| f.code))
        };
        assert_eq!(run("app", Who::Unlooked), (None, Some("PD102")));
        assert_eq!(run("10001", Who::Unknown("x".into())), (None, Some("PD105")));
        assert_eq!(run("", Who::OfBase), (None, Some("PD106")));
        assert_eq!(run("1000:1000", Who::Unlooked), (Some(Identity { uid: 1000, gid: 1000 }), None));
    }
}
