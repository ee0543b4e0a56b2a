//! A Deployment that is meant: its name, and the cluster that it is in.

use super::Context;
use crate::cli::{ClusterArgs, ImageArgs, OutArgs, WhichArgs};
use crate::cluster::{self, Cluster};
use crate::fault::Fault;
use crate::settings::Settings;
use crate::source::SourceTree;

/// The Deployment's name, and its cluster once that has answered.
pub(super) async fn which(context: &Context<'_>, args: &WhichArgs) -> Result<(String, Cluster), Fault> {
    let out = OutArgs { out: None, format: None, namespace: args.namespace.clone() };
    let settings = context.settings(&args.project, &ImageArgs::default(), Some(&out))?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => crate::project::name(&SourceTree::open(&settings.project)?, &settings.stated)?.value,
    };
    let cluster = reach(context, &args.cluster, &settings).await?;
    Ok((name, cluster))
}

/// The cluster that is meant, once it has answered.
pub(super) async fn reach(context: &Context<'_>, args: &ClusterArgs, settings: &Settings) -> Result<Cluster, Fault> {
    let access = cluster::Access {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        namespace: settings.deploy.namespace.clone(),
        ..context.machine.cluster()
    };
    Ok(Cluster::connect(cluster::find(&access).await?).await?)
}
