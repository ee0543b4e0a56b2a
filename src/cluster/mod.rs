//! A cluster: the only room that speaks to an API server.
//!
//! ```text
//! Access (flags, KUBECONFIG, a mounted service account) ─find→ Way ─connect→ Cluster
//! Cluster + Order ─look, dry run, apply→ Applied
//! Cluster + Reach ─lists in pages→ Running, for an audit
//! Cluster + the Deployment ─watch, logs→ Observed ─verdict→ Ending
//! Cluster + a name ─look→ Look (verdict, revisions) ─plan→ Rollback
//! ```

mod apply;
mod connect;
#[cfg(test)]
mod conversations;
mod error;
mod follow;
mod kubeconfig;
mod list;
mod logs;
mod look;
mod notice;
mod object;
mod owned;
mod proxy;
mod prune;
mod refusal;
mod retry;
mod rollback;
mod token;
mod watch;

pub use apply::{Applied, Change, Conflicts, Foreign, Namespace, Order, Ownership, apply, dry_run};
pub use connect::Cluster;
pub use error::Error;
pub use follow::{Ending, Followed, News, follow};
pub use kubeconfig::{Access, Way, find};
pub use list::{Account, Reach, accounts, nodes, secret, workloads};
pub use look::{Look, look};
pub use notice::{Notice, Waiting};
pub use object::{Identity, Target};
pub use proxy::Proxies;

pub use prune::{Stale, prune, stale};
pub use refusal::{Action, FieldConflict, Reason, Refusal};
pub use rollback::{Goal, Rollback, plan};

/// Whose fields ours are, to the API server: <https://kubernetes.io/docs/reference/using-api/server-side-apply/>.
pub const MANAGER: &str = "pydeploy";
