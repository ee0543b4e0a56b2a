//! What is typed of a rollout: `diff`, `status`, `rollback`.

use clap::Args;

use super::{ClusterArgs, ProjectArg, SubjectArgs};
use crate::image::duration::GoDuration;

/// `diff`
#[derive(Debug, Args)]
pub struct DiffArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub subject: SubjectArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub cluster: ClusterArgs,
    /// Compare as if the namespace were made if it is missing
    #[arg(long)]
    pub create_namespace: bool,
    /// Compare with objects of the same names that pydeploy has not made, too
    #[arg(long)]
    pub adopt: bool,
    /// Show what `deploy --prune` would delete, too
    #[arg(long)]
    pub prune: bool,
}

/// Which Deployment.
#[derive(Debug, Args)]
pub struct WhichArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    /// The Deployment's name; by default the project's
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Namespace; by default `deploy.namespace`, then the context's
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub cluster: ClusterArgs,
}

/// `status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub which: WhichArgs,
    /// Wait for the verdict, where there is none yet
    #[arg(long)]
    pub wait: bool,
    /// How long to wait [default: 5m]
    #[arg(long, value_name = "DURATION", requires = "wait")]
    pub timeout: Option<GoDuration>,
}

/// `rollback`
#[derive(Debug, Args)]
pub struct RollbackArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub which: WhichArgs,
    /// The revision to go back to, as `status` shows them; by default the one before the present one
    #[arg(long = "to", value_name = "REVISION")]
    pub to: Option<u64>,
    /// Roll back a Deployment that pydeploy has not made, too, and take it over
    #[arg(long)]
    pub adopt: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not wait until the Pods are ready
    #[arg(long, conflicts_with = "timeout")]
    pub no_wait: bool,
    /// How long to wait until the Pods are ready [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<GoDuration>,
}
